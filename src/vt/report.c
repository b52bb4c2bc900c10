#include "vt/report.h"

#include "vt/charset.h"
#include "vt/cursor.h"
#include "vt/edit.h"
#include "vt/sgr.h"

#include <stdio.h>
#include <string.h>

/* Above level 1 the features, so that programs find what they look for: 132
 * columns, printer (none attached), selective erase, NRCS, technical set,
 * locator, state reports, windows, horizontal scrolling, colour, rectangles,
 * locator port; 52 says that OSC 52 works. */
void report_da1(struct vt *vt)
{
	bool has_clipboard = vt->opts.clipboard != VT_CLIPBOARD_OFF;

	if (vt->level <= 1) {
		term_replyf(vt, "\033[?1;2c");
	} else if (vt->level <= 3) {
		term_replyf(vt, "\033[?%d;1;2;6;9;15;22;29c", 60 + vt->level);
	} else {
		term_replyf(vt, "\033[?%d;1;2;6;9;15;16;17;18;21;22;28;29%sc", 60 + vt->level,
			    has_clipboard ? ";52" : "");
	}
}

/* As the xterm that this one follows would: VT420, patch 390. */
void report_da2(struct vt *vt)
{
	static const uint8_t types[] = { 0, 0, 1, 24, 41, 64 };

	term_replyf(vt, "\033[>%d;390;0c", types[vt->level]);
}

void report_da3(struct vt *vt)
{
	if (vt->level >= 4)
		term_replyf(vt, "\033P!|00000000\033\\");
}

void report_terminal(struct vt *vt)
{
	int v = param(&vt->parser.params, 0, 0);

	if (v <= 1)
		term_replyf(vt, "\033[%d;1;1;128;128;1;0x", v + 2);
}

void report_version(struct vt *vt)
{
	if (param(&vt->parser.params, 0, 0) == 0)
		term_replyf(vt, "\033P>|%s\033\\", vt->opts.version);
}

void report_color_scheme(struct vt *vt)
{
	term_replyf(vt, "\033[?997;%dn", vt->is_light ? 2 : 1);
}

void report_resize(struct vt *vt)
{
	term_replyf(vt, "\033[48;%d;%d;%d;%dt", vt->rows, vt->cols, vt->rows * vt->opts.cell_height,
		    vt->cols * vt->opts.cell_width);
}

static void report_cursor(struct vt *vt, bool is_private)
{
	bool is_origin = term_mode(vt, VT_MODE_DECOM);
	int row = vt->cur.y + 1 - (is_origin ? vt->top : 0);
	int col = vt->cur.x + 1 - (is_origin ? vt->left : 0);

	if (is_private) {
		term_replyf(vt, "\033[?%d;%d%sR", row, col, vt->level >= 4 ? ";1" : "");
	} else {
		term_replyf(vt, "\033[%d;%dR", row, col);
	}
}

static const struct {
	int number;
	const char *answer;
} statuses[] = {
	{ 15, "\033[?13n" },       /* no printer */
	{ 25, "\033[?20n" },       /* user-defined keys unlocked (there are none) */
	{ 26, "\033[?27;1;0;0n" }, /* keyboard: North American, ready, LK201 */
	{ 53, "\033[?53n" },       /* no locator */
	{ 55, "\033[?53n" },       { 56, "\033[?57;0n" },
	{ 62, "\033[0000*{" }, /* no macro space */
	{ 75, "\033[?70n" },   /* data integrity: no errors */
	{ 85, "\033[?83n" },   /* multiple sessions: not configured */
};

static void report_private_status(struct vt *vt, int v)
{
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		if (statuses[i].number == v)
			term_replyf(vt, "%s", statuses[i].answer);
	}
	if (v == 6) {
		report_cursor(vt, true);
	} else if (v == 63) {
		term_replyf(vt, "\033P%d!~0000\033\\", param(&vt->parser.params, 1, 0));
	} else if (v == 996) {
		report_color_scheme(vt);
	}
}

void report_status(struct vt *vt, bool is_private)
{
	int v = param(&vt->parser.params, 0, 0);

	if (is_private) {
		report_private_status(vt, v);
	} else if (v == 5) {
		term_replyf(vt, "\033[0n");
	} else if (v == 6) {
		report_cursor(vt, false);
	}
}

void report_displayed_extent(struct vt *vt)
{
	term_replyf(vt, "\033[%d;%d;1;1;1\"w", vt->rows, vt->cols);
}

/* --- DECRQSS --- */

static void setting_sgr(struct vt *vt, char *out, size_t size)
{
	char sgr[SGR_TEXT_MAX];

	sgr_format(&vt->cur.pen, sgr);
	snprintf(out, size, "%sm", sgr);
}

/* The answer's text, or "" for what is not known. */
static void setting_text(struct vt *vt, const char *what, char *out, size_t size)
{
	bool is_protected = vt->cur.pen.attrs & STYLE_PROTECTED && vt->protect == PROTECT_DEC;

	out[0] = '\0';
	if (!strcmp(what, "m")) {
		setting_sgr(vt, out, size);
	} else if (!strcmp(what, "r")) {
		snprintf(out, size, "%d;%dr", vt->top + 1, vt->bottom + 1);
	} else if (!strcmp(what, "s")) {
		snprintf(out, size, "%d;%ds", vt->left + 1, vt->right + 1);
	} else if (!strcmp(what, "t")) {
		snprintf(out, size, "%dt", vt->rows < 24 ? 24 : vt->rows);
	} else if (!strcmp(what, "\"p")) {
		snprintf(out, size, "%d;%d\"p", 60 + vt->level, vt->is_8bit ? 0 : 1);
	} else if (!strcmp(what, "\"q")) {
		snprintf(out, size, "%d\"q", is_protected);
	} else if (!strcmp(what, " q")) {
		snprintf(out, size, "%d q", vt->cursor_style ? vt->cursor_style : 1);
	} else if (!strcmp(what, "*x")) {
		snprintf(out, size, "%d*x", vt->change_extent);
	} else if (!strcmp(what, "$|")) {
		snprintf(out, size, "%d$|", vt->cols);
	} else if (!strcmp(what, "*|")) {
		snprintf(out, size, "%d*|", vt->rows);
	} else if (!strcmp(what, "$~") || !strcmp(what, "$}")) {
		snprintf(out, size, "0%s", what);
	}
}

void report_setting(struct vt *vt, const char *what)
{
	char text[SGR_TEXT_MAX + 8];

	setting_text(vt, what, text, sizeof text);
	term_replyf(vt, "\033P%d$r%s\033\\", text[0] != '\0', text);
}

/* --- DECRQPSR --- */

static void report_cursor_information(struct vt *vt)
{
	const struct cursor *c = &vt->cur;
	const struct style *s = &c->pen;
	bool is_origin = term_mode(vt, VT_MODE_DECOM);
	int look = 0x40, shifts = 0x40, sizes = 0x40;

	look |= s->attrs & STYLE_BOLD ? 1 : 0;
	look |= style_underline(s) != UNDERLINE_NONE ? 2 : 0;
	look |= s->attrs & STYLE_BLINK ? 4 : 0;
	look |= s->attrs & STYLE_INVERSE ? 8 : 0;
	shifts |= is_origin ? 1 : 0;
	shifts |= c->single == 2 ? 2 : c->single == 3 ? 4 : 0;
	shifts |= c->is_last ? 8 : 0;
	for (int i = 0; i < 4; i++)
		sizes |= charset_is_96(c->g[i]) ? 1 << i : 0;
	term_replyf(vt, "\033P1$u%d;%d;1;%c;%c;%c;%d;%d;%c;%s%s%s%s\033\\",
		    c->y + 1 - (is_origin ? vt->top : 0), c->x + 1 - (is_origin ? vt->left : 0),
		    look, 0x40 | !!(s->attrs & STYLE_PROTECTED), shifts, c->gl, c->gr, sizes,
		    charset_name(c->g[0]), charset_name(c->g[1]), charset_name(c->g[2]),
		    charset_name(c->g[3]));
}

static void report_tabs(struct vt *vt)
{
	char text[VT_COLS_MAX * 5];
	size_t n = 0;

	for (int x = 0; x < vt->cols; x++) {
		if (tab_is_set(vt, x)) {
			n += (size_t)snprintf(text + n, sizeof text - n, "%s%d", n ? "/" : "",
					      x + 1);
		}
	}
	text[n] = '\0';
	term_reply(vt, "\033P2$u", 5);
	term_reply(vt, text, n);
	term_reply(vt, "\033\\", 2);
}

void report_presentation(struct vt *vt)
{
	int v = param(&vt->parser.params, 0, 0);

	if (v == 1) {
		report_cursor_information(vt);
	} else if (v == 2) {
		report_tabs(vt);
	}
}

/* --- XTGETTCAP --- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

#define CAP_NAME_MAX 32

/* One hex-coded name; bytes used, 0 if it is none. */
static size_t cap_decode(const char *hex, char *name)
{
	size_t n = 0;

	while (hex[n * 2] && hex[n * 2] != ';') {
		int hi = hex_value(hex[n * 2]), lo = hi < 0 ? -1 : hex_value(hex[n * 2 + 1]);

		if (lo < 0 || n + 1 >= CAP_NAME_MAX)
			return 0;
		name[n++] = (char)(hi << 4 | lo);
	}
	name[n] = '\0';
	return n * 2;
}

static const struct {
	const char *name, *value; /* value NULL: a flag */
} caps[] = {
	{ "TN", "xterm-256color" },
	{ "name", "xterm-256color" },
	{ "Co", "256" },
	{ "colors", "256" },
	{ "RGB", "8/8/8" },
	{ "Tc", NULL },
	{ "Su", NULL },
	{ "Smulx", "\033[4:%p1%dm" },
	{ "Setulc", "\033[58:2::%p1%{65536}%/%d:%p1%{256}%/%{255}%&%d:%p1%{255}%&%dm" },
	{ "Ss", "\033[%p1%d q" },
	{ "Se", "\033[ q" },
	{ "Ms", "\033]52;%p1%s;%p2%s\a" },
	{ "kcuu1", "\033OA" },
	{ "kcud1", "\033OB" },
	{ "kcuf1", "\033OC" },
	{ "kcub1", "\033OD" },
	{ "khome", "\033OH" },
	{ "kend", "\033OF" },
	{ "kpp", "\033[5~" },
	{ "knp", "\033[6~" },
	{ "kich1", "\033[2~" },
	{ "kdch1", "\033[3~" },
	{ "kbs", "\177" },
	{ "kf1", "\033OP" },
	{ "kf2", "\033OQ" },
	{ "kf3", "\033OR" },
	{ "kf4", "\033OS" },
	{ "kf5", "\033[15~" },
};

static void cap_answer(struct vt *vt, const char *hex, size_t n_hex, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(caps); i++) {
		if (strcmp(caps[i].name, name) != 0)
			continue;
		term_replyf(vt, "\033P1+r%.*s%s", (int)n_hex, hex, caps[i].value ? "=" : "");
		for (const char *v = caps[i].value; v && *v; v++)
			term_replyf(vt, "%02X", (unsigned)(uint8_t)*v);
		term_replyf(vt, "\033\\");
		return;
	}
	term_replyf(vt, "\033P0+r%.*s\033\\", (int)n_hex, hex);
}

void report_termcap(struct vt *vt, const char *names)
{
	char name[CAP_NAME_MAX];

	/* A name that is no hex ends the list, as in xterm. */
	for (int i = 0; i < PARAMS_MAX && *names; i++) {
		size_t n = cap_decode(names, name);

		if (!n) {
			term_replyf(vt, "\033P0+r\033\\");
			return;
		}
		cap_answer(vt, names, n, name);
		names += n;
		if (*names == ';')
			names++;
	}
}
