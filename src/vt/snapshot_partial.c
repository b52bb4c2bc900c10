/*
 * The bytes of a sequence that has begun and not ended, from what the parser
 * has kept of them: whoever goes on with the stream behind a snapshot begins
 * in its middle.
 */
#include "vt/snapshot_out.h"
#include "vt/term.h"

#include "base/utf8.h"

/* The bytes of a character so far.  How many there are follows from the bits
 * and from how many are missing, since no form is longer than it must be. */
static void put_utf8(struct buf *out, const struct parser *p)
{
	unsigned n_have, n;
	uint32_t cp = p->utf8_cp;

	if (!p->utf8_need)
		return;
	if (p->utf8_need == 3) {
		n_have = 1;
	} else if (p->utf8_need == 2) {
		n_have = cp < 0x10 ? 1 : 2;
	} else {
		n_have = cp < 0x20 ? 1 : cp < 0x400 ? 2 : 3;
	}
	n = n_have + p->utf8_need;
	for (unsigned i = 0; i < n_have; i++) {
		uint32_t bits = cp >> 6 * (n_have - 1 - i) & 0x3f;
		uint32_t lead = n == 2 ? 0xc0 : n == 3 ? 0xe0 : 0xf0;

		buf_put_char(out, (char)(i ? 0x80 | bits : lead | bits));
	}
}

/* In VT52 mode such a sequence can only have come by its 8-bit control. */
static void put_intro(struct buf *out, const struct vt *vt, char c)
{
	if (term_mode(vt, VT_MODE_DECANM)) {
		buf_printf(out, "\033%c", c);
	} else {
		buf_printf(out, "%s%c", vt->is_utf8 ? "\xc2" : "", c + 0x40);
	}
}

static void put_params(struct buf *out, const struct params *p)
{
	if (p->prefix)
		buf_put_char(out, p->prefix);
	for (unsigned i = 0; i < p->n; i++) {
		bool is_sub = i < PARAMS_MAX && p->is_sub >> i & 1;

		if (i)
			buf_put_char(out, is_sub ? ':' : ';');
		if (i < PARAMS_MAX && p->v[i] >= 0)
			buf_printf(out, "%d", (int)p->v[i]);
	}
}

static void put_intermediates(struct buf *out, const struct params *p)
{
	for (unsigned i = 0; i < p->n_inter; i++)
		buf_put_char(out, (char)(i < INTERMEDIATES_MAX ? p->inter[i] : ' '));
}

/* What a string has kept of itself.  The two bytes of a C1 control in UTF-8 may
 * be apart only because of a control between them that was ignored: there must
 * be one again, or the string would end there. */
static void put_payload(struct buf *out, const struct vt *vt)
{
	const struct parser *p = &vt->parser;
	size_t from = 0, n = p->n_string;

	for (size_t i = 1; vt->is_utf8 && i < n; i++) {
		if (p->string[i - 1] != '\xc2' || ((uint8_t)p->string[i] & 0xe0) != 0x80)
			continue;
		buf_put(out, p->string + from, i - from);
		buf_put_char(out, '\037');
		from = i;
	}
	if (!n)
		return;
	buf_put(out, p->string + from, n - from);
	if (vt->is_utf8 && p->string[n - 1] == '\xc2' && !p->is_c2)
		buf_put_char(out, '\037');
}

/* A string; if it is void already, an introduction that nobody knows. */
static void put_string(struct buf *out, const struct vt *vt, enum parser_state state)
{
	const struct parser *p = &vt->parser;

	if (p->is_void && state != STATE_OSC) {
		put_intro(out, vt, 'X');
		return;
	}
	if (state == STATE_STRING) {
		put_intro(out, vt, p->introducer);
	} else if (state == STATE_OSC) {
		put_intro(out, vt, ']');
		buf_put_str(out, p->is_void ? "65535;" : "");
	} else {
		put_intro(out, vt, 'P');
		put_params(out, &p->params);
		put_intermediates(out, &p->params);
		buf_put_char(out, p->final);
	}
	if (!p->is_void)
		put_payload(out, vt);
}

static void put_sequence(struct buf *out, const struct vt *vt, enum parser_state state)
{
	const struct params *params = &vt->parser.params;

	switch (state) {
	case STATE_GROUND:
	case STATE_N:
		break;
	case STATE_ESCAPE:
	case STATE_ESCAPE_INTER:
	case STATE_VT52:
		buf_put_char(out, '\033');
		put_intermediates(out, params);
		break;
	case STATE_CSI_ENTRY:
	case STATE_CSI_PARAM:
	case STATE_CSI_INTER:
	case STATE_DCS_ENTRY:
	case STATE_DCS_PARAM:
	case STATE_DCS_INTER:
		put_intro(out, vt, state <= STATE_CSI_INTER ? '[' : 'P');
		put_params(out, params);
		put_intermediates(out, params);
		break;
	case STATE_CSI_IGNORE:
	case STATE_DCS_IGNORE:
		put_intro(out, vt, state == STATE_CSI_IGNORE ? '[' : 'P');
		buf_put_str(out, "0<");
		break;
	case STATE_DCS_PASS:
	case STATE_OSC:
	case STATE_STRING:
		put_string(out, vt, state);
		break;
	case STATE_STRING_ESC:
		put_sequence(out, vt, (enum parser_state)vt->parser.outer);
		buf_put_char(out, '\033');
		break;
	case STATE_VT52_ROW:
		buf_put_str(out, "\033Y");
		break;
	case STATE_VT52_COL:
		buf_printf(out, "\033Y%c", (char)(params->v[0] + 0x20));
		break;
	}
}

void snapshot_partial(struct snapshot *s)
{
	const struct parser *p = &s->vt->parser;

	put_sequence(s->out, s->vt, (enum parser_state)p->state);
	put_utf8(s->out, p);
	if (p->state != STATE_GROUND && p->is_c2 && !(p->n_string && p->string))
		buf_put_char(s->out, '\xc2');
}
