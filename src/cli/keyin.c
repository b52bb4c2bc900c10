#include "cli/keyin.h"

#include <string.h>

#include "base/err.h"
#include "base/utf8.h"
#include "cli/keyin_csi.h"

#define ESC '\033'
#define PASTE_END "\033[201~"
#define PASTE_END_LEN (sizeof(PASTE_END) - 1)

#define PATIENCE_ESCAPE_MS 40 /* Escape, or the beginning of a sequence */
#define PATIENCE_CUT_MS 500   /* amid one: the link is slow */
#define PATIENCE_PASTE_MS 5000

void keyin_init(struct keyin *k, keyin_event_fn *on_event, void *user)
{
	memset(k, 0, sizeof(*k));
	k->on_event = on_event;
	k->user = user;
}

void keyin_fini(struct keyin *k)
{
	buf_fini(&k->held);
}

/* --- telling --- */

static void tell_text(struct keyin *k, enum keyin_type type, const char *p, size_t n)
{
	struct keyin_event ev = { .type = type, .text = p, .n_text = n };

	k->on_event(&ev, k->user);
}

static void tell_key(struct keyin *k, uint32_t code, uint8_t mods)
{
	struct keyin_event ev = { .type = KEYIN_KEY,
				  .key = { .code = code, .mods = mods },
				  .is_prefixed = k->is_prefixed };

	k->on_event(&ev, k->user);
}

/* A character that was typed as itself.  With Alt it is a key, not a text. */
static void tell_char(struct keyin *k, uint32_t cp, uint8_t mods)
{
	struct keyin_event ev = { .type = KEYIN_KEY,
				  .key = { .mods = mods },
				  .is_prefixed = k->is_prefixed };

	keyin_set_char(&ev.key, cp);
	if (!mods)
		ev.key.n_text = (uint8_t)utf8_encode(cp, ev.key.text);
	k->on_event(&ev, k->user);
}

static void tell_control(struct keyin *k, unsigned char c, uint8_t mods)
{
	uint8_t ctrl = mods | KEY_CTRL;

	if (c == '\r') {
		tell_key(k, KEY_ENTER, mods);
	} else if (c == '\t') {
		tell_key(k, KEY_TAB, mods);
	} else if (c == ESC) {
		tell_key(k, KEY_ESCAPE, mods);
	} else if (c == (k->is_backspace_bs ? '\b' : 0x7f)) {
		tell_key(k, KEY_BACKSPACE, mods);
	} else if (c == 0x7f) {
		tell_key(k, KEY_BACKSPACE, ctrl);
	} else if (c == 0) {
		tell_key(k, ' ', ctrl);
	} else if (c <= 26) {
		tell_key(k, (uint32_t)(c - 1 + 'a'), ctrl);
	} else {
		tell_key(k, (uint32_t)(c + '@'), ctrl);
	}
}

/* --- taking: each returns the bytes used, 0 when it needs more --- */

/* Bytes of the character at @p; 0: it is not complete; negative: that many bytes
 * that are none. */
static int whole_char(const char *p, size_t n, uint32_t *ret_cp)
{
	unsigned char c = (unsigned char)p[0];
	size_t want = c < 0xc2 || c > 0xf4 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	size_t len = utf8_decode(p, n, ret_cp);

	if (len == n && n < want)
		return 0;
	return len < want || want == 1 || *ret_cp < 0xa0 ? -(int)len : (int)len;
}

static size_t take_utf8(struct keyin *k, const char *p, size_t n)
{
	uint32_t cp;
	int len = whole_char(p, n, &cp);

	if (len < 0) {
		tell_text(k, KEYIN_BYTES, p, (size_t)-len);
	} else if (len > 0) {
		tell_char(k, cp, 0);
	}
	return (size_t)(len < 0 ? -len : len);
}

static void tell_ascii(struct keyin *k, unsigned char c, uint8_t mods)
{
	if (c < 0x20 || c == 0x7f) {
		tell_control(k, c, mods);
	} else {
		tell_char(k, c, mods);
	}
}

/* One that does not begin with an Escape. */
static size_t take_char(struct keyin *k, const char *p, size_t n)
{
	if ((unsigned char)p[0] >= 0x80)
		return take_utf8(k, p, n);
	tell_ascii(k, (unsigned char)p[0], 0);
	return 1;
}

static size_t take_alt(struct keyin *k, const char *p, size_t n)
{
	uint32_t cp;
	int len;

	if ((unsigned char)p[1] < 0x80) {
		k->is_prefixed = true;
		tell_ascii(k, (unsigned char)p[1], KEY_ALT);
		k->is_prefixed = false;
		return 2;
	}
	len = whole_char(p + 1, n - 1, &cp);
	if (len > 0) {
		k->is_prefixed = true;
		tell_char(k, cp, KEY_ALT);
		k->is_prefixed = false;
	} else if (len < 0) {
		tell_key(k, KEY_ESCAPE, 0); /* by itself, before something else */
	}
	return len > 0 ? (size_t)len + 1 : len < 0;
}

static void tell_csi(struct keyin *k, const char *p, size_t n)
{
	struct keyin_csi c;
	struct keyin_event ev;
	int r = keyin_csi_parse(p + 2, n - 2, &c) ? keyin_csi_event(&c, &ev) : KEYIN_E_UNKNOWN;

	if (!r) {
		k->on_event(&ev, k->user);
	} else if (r == KEYIN_E_PASTE) {
		k->is_paste = true;
	} else if (r != KEYIN_E_NOTHING) {
		tell_text(k, KEYIN_BYTES, p, n);
	}
}

/* CSI M and three bytes: what a terminal sends that does not know ?1006. */
static size_t take_old_mouse(struct keyin *k, const char *p, size_t n)
{
	struct keyin_event ev = { .type = KEYIN_MOUSE };
	struct keyin_csi c = { .final = 'M', .n = 3, .fields = { 0, 1, 2 } };

	if (n < 6)
		return 0;
	for (unsigned i = 0; i < 3; i++)
		c.values[i] = (uint32_t)((unsigned char)p[3 + i] - 32) & 255;
	c.prefix = '<';
	/* It does not say which button was let go. */
	if ((c.values[0] & 0xe3) == 3) {
		c.final = 'm';
		c.values[0] &= ~3u;
	}
	if (keyin_csi_event(&c, &ev)) {
		tell_text(k, KEYIN_BYTES, p, 6);
	} else {
		k->on_event(&ev, k->user);
	}
	return 6;
}

static size_t take_csi(struct keyin *k, const char *p, size_t n)
{
	size_t i = 2;

	if (n > 2 && p[2] == '[') { /* Linux's F1 to F5 */
		if (n < 4)
			return 0;
		if (p[3] < 'A' || p[3] > 'E') {
			tell_text(k, KEYIN_BYTES, p, 3);
		} else {
			tell_key(k, KEY_F1 + (uint32_t)(p[3] - 'A'), 0);
		}
		return p[3] < 'A' || p[3] > 'E' ? 3 : 4;
	}
	while (i < n && i < KEYIN_CSI_MAX && p[i] >= 0x20 && p[i] < 0x40)
		i++;
	if (i == n && n < KEYIN_CSI_MAX)
		return 0;
	if (i == KEYIN_CSI_MAX || p[i] < 0x40 || p[i] == 0x7f) {
		tell_text(k, KEYIN_BYTES, p, i);
		return i;
	}
	if (p[i] == 'M' && i == 2)
		return take_old_mouse(k, p, n);
	tell_csi(k, p, i + 1);
	return i + 1;
}

static size_t take_ss3(struct keyin *k, const char *p, size_t n)
{
	uint32_t code;

	if (n < 3)
		return 0;
	code = keyin_ss3_code(p[2]);
	if (!code)
		return take_alt(k, p, 2);
	tell_key(k, code, 0);
	return 3;
}

/* A string of ours begins like this; else Alt was held. */
static bool begins_answer(const char *p)
{
	bool is_digit = p[2] >= '0' && p[2] <= '9';

	return p[1] == ']' ? is_digit : is_digit || p[2] == '>' || p[2] == '!';
}

static void tell_string(struct keyin *k, const char *p, size_t n)
{
	struct keyin_event ev = { .type = KEYIN_ANSWER };

	ev.answer.kind = TERMCAPS_OTHER;
	if (n >= 4 && memcmp(p, "\033P>|", 4) == 0) {
		ev.answer.kind = TERMCAPS_VERSION;
		ev.answer.text = p + 4;
		ev.answer.n_text = n - 4;
	}
	k->on_event(&ev, k->user);
}

static size_t take_string(struct keyin *k, const char *p, size_t n)
{
	size_t i = 2;

	if (n < 3)
		return 0;
	if (!begins_answer(p))
		return take_alt(k, p, 2);
	while (i < n && i < KEYIN_STRING_MAX && (unsigned char)p[i] >= 0x20)
		i++;
	if (i < n && p[i] == '\a' && i < KEYIN_STRING_MAX) {
		tell_string(k, p, i);
		return i + 1;
	}
	if (i < KEYIN_STRING_MAX && (i == n || (p[i] == ESC && i + 1 == n)))
		return 0;
	if (i < KEYIN_STRING_MAX && p[i] == ESC && p[i + 1] == '\\') {
		tell_string(k, p, i);
		return i + 2;
	}
	tell_text(k, KEYIN_BYTES, p, i);
	return i;
}

static size_t take_escape(struct keyin *k, const char *p, size_t n)
{
	if (n < 2)
		return 0;
	switch (p[1]) {
	case '[':
		return take_csi(k, p, n);
	case 'O':
		return take_ss3(k, p, n);
	case 'P':
	case ']':
		return take_string(k, p, n);
	case ESC:
		/* The key, and then something: passed on one after the other they
		 * are the same bytes again. */
		tell_key(k, KEY_ESCAPE, 0);
		return 1;
	default:
		return take_alt(k, p, n);
	}
}

/* --- pastes --- */

/* No more than that, and no part of a character. */
static size_t piece_of_paste(const char *p)
{
	size_t n = KEYIN_PASTE_MAX;

	while (n > KEYIN_PASTE_MAX - 4 && ((unsigned char)p[n] & 0xc0) == 0x80)
		n--;
	return n;
}

static size_t take_paste(struct keyin *k, const char *p, size_t n)
{
	size_t max = KEYIN_PASTE_MAX + PASTE_END_LEN, len = n < max ? n : max;
	size_t from = k->n_searched < len ? k->n_searched : len;
	const char *end = memmem(p + from, len - from, PASTE_END, PASTE_END_LEN);

	k->n_searched = 0;
	if (end) {
		tell_text(k, KEYIN_PASTE, p, (size_t)(end - p));
		k->is_paste = false;
		return (size_t)(end - p) + PASTE_END_LEN;
	}
	if (n >= max) {
		len = piece_of_paste(p);
		tell_text(k, KEYIN_PASTE, p, len);
		return len;
	}
	k->n_searched = n < PASTE_END_LEN ? 0 : n - PASTE_END_LEN + 1;
	return 0;
}

/* --- all of it --- */

static size_t take(struct keyin *k)
{
	const char *p = buf_data(&k->held);
	size_t n = buf_len(&k->held);

	if (!n)
		return 0;
	if (k->is_paste)
		return take_paste(k, p, n);
	return p[0] == ESC ? take_escape(k, p, n) : take_char(k, p, n);
}

int keyin_feed(struct keyin *k, const char *bytes, size_t n)
{
	size_t used;
	int r;

	buf_put(&k->held, bytes, n);
	r = buf_check(&k->held);
	if (r) {
		buf_clear(&k->held);
		return err_trace(r);
	}
	while ((used = take(k)) > 0)
		buf_consume(&k->held, used);
	return 0;
}

int keyin_patience_ms(const struct keyin *k)
{
	size_t n = buf_len(&k->held);

	if (k->is_paste)
		return PATIENCE_PASTE_MS;
	if (!n)
		return 0;
	return n <= 2 ? PATIENCE_ESCAPE_MS : PATIENCE_CUT_MS;
}

static void flush_sequence(struct keyin *k, const char *p, size_t n)
{
	bool is_string = n > 2 && p[0] == ESC && (p[1] == 'P' || p[1] == ']');

	if (p[0] == ESC && n == 1) {
		tell_key(k, KEY_ESCAPE, 0);
	} else if (p[0] == ESC && n == 2 && (unsigned char)p[1] < 0x80) {
		(void)take_alt(k, p, 2);
	} else if (!is_string) {
		tell_text(k, KEYIN_BYTES, p, n);
	}
}

void keyin_flush(struct keyin *k)
{
	const char *p = buf_data(&k->held);
	size_t n = buf_len(&k->held);

	if (k->is_paste && n) {
		tell_text(k, KEYIN_PASTE, p, n);
	} else if (n) {
		flush_sequence(k, p, n);
	}
	k->is_paste = false;
	k->n_searched = 0;
	buf_clear(&k->held);
}
