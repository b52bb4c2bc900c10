#include "vt/action.h"
#include "vt/report.h"

#include "vt/cursor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Sequences by marker, intermediate and final: only these are kept at all. */
enum dcs { DCS_NONE, DCS_SIXEL, DCS_DECRQSS, DCS_XTGETTCAP, DCS_DECRSPS };

static enum dcs dcs_kind(const struct vt *vt)
{
	const struct parser *p = &vt->parser;
	char inter = p->params.inter[0];

	if (p->params.prefix || p->params.n_inter > 1)
		return DCS_NONE;
	if (p->final == 'q' && !inter)
		return DCS_SIXEL;
	if (p->final == 'q' && inter == '$')
		return DCS_DECRQSS;
	if (p->final == 'q' && inter == '+')
		return DCS_XTGETTCAP;
	if (p->final == 't' && inter == '$')
		return DCS_DECRSPS;
	return DCS_NONE;
}

#define QUERY_BYTES_MAX 4096

size_t dcs_limit(const struct vt *vt)
{
	switch (dcs_kind(vt)) {
	case DCS_NONE:
		return 0;
	case DCS_SIXEL:
		return vt->cbs.image ? vt->opts.image_bytes : 0;
	case DCS_DECRQSS:
	case DCS_XTGETTCAP:
	case DCS_DECRSPS:
		return QUERY_BYTES_MAX;
	}
	return 0;
}

static void dcs_sixel(struct vt *vt)
{
	const struct params *p = &vt->parser.params;
	char params[PARAMS_MAX * 6 + 1] = "";
	size_t n = 0;

	if (!vt->cbs.image || vt->is_replay)
		return;
	for (unsigned i = 0; i < p->n; i++) {
		n += (size_t)snprintf(params + n, sizeof params - n, "%s%d", i ? ";" : "",
				      param(p, i, 0));
	}
	vt->cbs.image(vt->user, VT_IMAGE_SIXEL, params, vt->parser.string, vt->parser.n_string);
}

/* DECTABSR given back: columns with slashes between. */
static void restore_tabs(struct vt *vt, const char *s)
{
	tabs_clear(vt);
	while (*s) {
		char *end;
		long col = strtol(s, &end, 10);

		if (end == s)
			return;
		if (col >= 1 && col <= VT_COLS_MAX)
			tab_set(vt, (int)col - 1, true);
		s = *end ? end + 1 : end;
	}
}

void dcs_dispatch(struct vt *vt)
{
	struct parser *p = &vt->parser;

	term_forget_last(vt);
	if (strlen(p->string) != p->n_string && dcs_kind(vt) != DCS_SIXEL)
		return;
	switch (dcs_kind(vt)) {
	case DCS_NONE:
		break;
	case DCS_SIXEL:
		dcs_sixel(vt);
		break;
	case DCS_DECRQSS:
		report_setting(vt, p->string);
		break;
	case DCS_XTGETTCAP:
		report_termcap(vt, p->string);
		break;
	case DCS_DECRSPS:
		if (param(&p->params, 0, 0) == 2)
			restore_tabs(vt, p->string);
		break;
	}
}

/* kitty graphics: "Gkey=value,...;payload".  Programs ask with a=q whether they
 * are had: they are not, and silence is the answer. */
void apc_dispatch(struct vt *vt)
{
	char *s = vt->parser.string;
	char *data;

	if (s[0] != 'G' || !vt->cbs.image || vt->is_replay)
		return;
	data = strchr(s, ';');
	if (data) {
		*data++ = '\0';
	} else {
		data = s + strlen(s);
	}
	vt->cbs.image(vt->user, VT_IMAGE_KITTY, s + 1, data, strlen(data));
}
