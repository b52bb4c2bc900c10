#include "vt/mode.h"

#include "vt/cursor.h"
#include "vt/edit.h"
#include "vt/report.h"

/* How DECRQM answers for what is not a plain switch. */
enum { REPORT_UNKNOWN = 0, REPORT_SET = 1, REPORT_RESET = 2, REPORT_ALWAYS = 3, REPORT_NEVER = 4 };

static const struct vt_mode_info infos[VT_N_MODES] = {
#define X(id, is_private_, number_, default_, name_)  \
	[VT_MODE_##id] = { .number = number_,         \
			   .is_private = is_private_, \
			   .is_default = default_,    \
			   .name = name_ },
	VT_MODE_LIST(X)
#undef X
};

const struct vt_mode_info *vt_mode_info(enum vt_mode m)
{
	return &infos[m];
}

enum vt_mode mode_find(bool is_private, int number)
{
	int m = 0;

	while (m < VT_N_MODES && (infos[m].number != number || infos[m].is_private != is_private))
		m++;
	return (enum vt_mode)m;
}

uint64_t modes_default(const struct vt *vt)
{
	uint64_t modes = 0;

	for (int m = 0; m < VT_N_MODES; m++) {
		if (infos[m].is_default)
			modes |= 1ull << m;
	}
	if (vt->opts.is_legacy_width)
		modes &= ~(1ull << VT_MODE_GRAPHEME);
	return modes;
}

void mode_put(struct vt *vt, enum vt_mode m, bool is_set)
{
	uint64_t bit = 1ull << m;

	if (!(vt->modes & bit) == !is_set)
		return;
	vt->modes ^= bit;
	vt->state_age = vt->age;
	term_update_simple(vt);
	if (vt->cbs.mode && !vt->is_replay)
		vt->cbs.mode(vt->user, m, is_set);
}

void margins_reset(struct vt *vt)
{
	vt->top = 0;
	vt->bottom = vt->rows - 1;
	vt->left = 0;
	vt->right = vt->cols - 1;
}

/* --- the alternate screen --- */

void screen_switch(struct vt *vt, bool is_alternate)
{
	struct screen *to = is_alternate ? &vt->alternate : &vt->primary;

	if (vt->is_alternate == is_alternate)
		return;
	if (!to->grid.slab && !grid_init(&to->grid, vt->cols, vt->rows))
		return; /* out of memory: the program paints over the primary screen */
	vt->is_alternate = is_alternate;
	vt->grid = &to->grid;
	vt->grid->scroll_age = vt->age;
	vt->state_age = vt->age;
	term_forget_last(vt);
}

static void put_alternate(struct vt *vt, bool is_set)
{
	mode_put(vt, VT_MODE_ALT_47, is_set);
	mode_put(vt, VT_MODE_ALT_1047, is_set);
	mode_put(vt, VT_MODE_ALT_1049, is_set);
}

/* 47, 1047 and 1049 are one switch that differs in what else is done. */
static void mode_alternate(struct vt *vt, enum vt_mode m, bool is_set)
{
	if (!term_mode(vt, VT_MODE_ALT_ALLOWED))
		return;
	if (is_set) {
		if (m == VT_MODE_ALT_1049) {
			cursor_save(vt);
			screen_switch(vt, true);
			edit_clear_screen(vt);
		} else {
			screen_switch(vt, true);
		}
	} else {
		if (m == VT_MODE_ALT_1047 && vt->is_alternate)
			edit_clear_screen(vt);
		screen_switch(vt, false);
		if (m == VT_MODE_ALT_1049)
			cursor_restore(vt);
	}
	put_alternate(vt, is_set);
}

/* --- modes with effects --- */

/* DECCOLM: the width itself is the owner's to change. */
static void mode_columns(struct vt *vt, bool is_set)
{
	if (!term_mode(vt, VT_MODE_ALLOW_80_132))
		return;
	mode_put(vt, VT_MODE_DECCOLM, is_set);
	if (!term_mode(vt, VT_MODE_DECNCSM))
		edit_clear_screen(vt);
	mode_put(vt, VT_MODE_DECLRMM, false);
	margins_reset(vt);
	cursor_set(vt, 0, 0);
	term_ask_size(vt, is_set ? 132 : 80, vt->rows);
}

/* Double-width lines and margins do not go together. */
static void make_single(const struct vt *vt, struct grid *g)
{
	for (int y = 0; y < g->n_rows; y++) {
		struct row *r = g->rows[y];

		if (r->flags & LINE_DOUBLE) {
			r->flags &= LINE_WRAPPED;
			r->age = vt->age;
		}
	}
}

static void mode_left_right(struct vt *vt, bool is_set)
{
	if (vt->level < 4)
		return;
	mode_put(vt, VT_MODE_DECLRMM, is_set);
	if (is_set) {
		make_single(vt, &vt->primary.grid);
		make_single(vt, &vt->alternate.grid);
	}
	vt->left = 0;
	vt->right = vt->cols - 1;
}

/* One mouse protocol at a time, and one encoding. */
static void mode_exclusive(struct vt *vt, enum vt_mode m, bool is_set, uint64_t group)
{
	for (int other = 0; is_set && other < VT_N_MODES; other++) {
		if (other != (int)m && group >> other & 1)
			mode_put(vt, (enum vt_mode)other, false);
	}
	mode_put(vt, m, is_set);
}

#define BIT(m) (1ull << VT_MODE_##m)
#define MOUSE_EVENTS \
	(BIT(MOUSE_X10) | BIT(MOUSE_NORMAL) | BIT(MOUSE_HILITE) | BIT(MOUSE_DRAG) | BIT(MOUSE_ANY))
#define MOUSE_CODING (BIT(MOUSE_UTF8) | BIT(MOUSE_SGR) | BIT(MOUSE_URXVT) | BIT(MOUSE_PIXELS))

/* False: the bit is all there is to it. */
static bool mode_special(struct vt *vt, enum vt_mode m, bool is_set)
{
	if (BIT(ALT_47) >> m & 1 || m == VT_MODE_ALT_1047 || m == VT_MODE_ALT_1049) {
		mode_alternate(vt, m, is_set);
	} else if (MOUSE_EVENTS >> m & 1) {
		mode_exclusive(vt, m, is_set, MOUSE_EVENTS);
	} else if (MOUSE_CODING >> m & 1) {
		mode_exclusive(vt, m, is_set, MOUSE_CODING);
	} else if (m == VT_MODE_DECCOLM) {
		mode_columns(vt, is_set);
	} else if (m == VT_MODE_DECLRMM) {
		mode_left_right(vt, is_set);
	} else {
		return false;
	}
	return true;
}

void mode_set(struct vt *vt, enum vt_mode m, bool is_set)
{
	if (mode_special(vt, m, is_set))
		return;
	if (m == VT_MODE_DECNCSM && vt->level < 5)
		return;
	if (m == VT_MODE_CURSOR_1048) {
		if (is_set) {
			cursor_save(vt);
		} else {
			cursor_restore(vt);
		}
	}
	if (m == VT_MODE_ALT_ALLOWED && !is_set) {
		screen_switch(vt, false);
		put_alternate(vt, false);
	}
	mode_put(vt, m, is_set);
	if (m == VT_MODE_DECOM) {
		cursor_set(vt, 0, 0);
	} else if (m == VT_MODE_DECSCNM) {
		vt->grid->scroll_age = vt->age;
	} else if (m == VT_MODE_RESIZE_EVENTS && is_set) {
		report_resize(vt);
	} else if (m == VT_MODE_CURSOR_BLINK || m == VT_MODE_DECTCEM) {
		vt->cursor_age = vt->age;
	}
}

void mode_set_params(struct vt *vt, bool is_private, bool is_set)
{
	const struct params *p = &vt->parser.params;

	for (unsigned i = 0; i < p->n; i++) {
		enum vt_mode m = mode_find(is_private, param(p, i, 0));

		if (m != VT_N_MODES)
			mode_set(vt, m, is_set);
	}
}

void mode_save_params(struct vt *vt)
{
	const struct params *p = &vt->parser.params;

	for (unsigned i = 0; i < p->n; i++) {
		enum vt_mode m = mode_find(true, param(p, i, 0));

		if (m == VT_N_MODES)
			continue;
		vt->has_saved_modes |= 1ull << m;
		vt->saved_modes &= ~(1ull << m);
		vt->saved_modes |= vt->modes & 1ull << m;
		if (m == VT_MODE_CURSOR_1048)
			cursor_save(vt);
	}
}

void mode_restore_params(struct vt *vt)
{
	const struct params *p = &vt->parser.params;

	for (unsigned i = 0; i < p->n; i++) {
		enum vt_mode m = mode_find(true, param(p, i, 0));

		if (m == VT_MODE_CURSOR_1048) {
			cursor_restore(vt);
		} else if (m != VT_N_MODES && vt->has_saved_modes >> m & 1) {
			mode_set(vt, m, vt->saved_modes >> m & 1);
		}
	}
}

/* Modes that DEC terminals know and this one has for good in one position. */
static int mode_fixed(bool is_private, int number)
{
	static const uint8_t ansi_never[] = { 1, 3, 5, 7, 10, 11, 13, 14, 15, 16, 17, 18, 19 };
	static const uint8_t private_never[] = { 27, 29, 34, 35, 36, 57,  60,  61,  64,  68,  73,
						 81, 96, 97, 98, 99, 100, 101, 102, 103, 104, 106 };
	const uint8_t *list = is_private ? private_never : ansi_never;
	size_t n = is_private ? ARRAY_LEN(private_never) : ARRAY_LEN(ansi_never);

	for (size_t i = 0; i < n; i++) {
		if (list[i] == number)
			return REPORT_NEVER;
	}
	return REPORT_UNKNOWN;
}

void mode_report(struct vt *vt, bool is_private)
{
	int number = param(&vt->parser.params, 0, 0);
	enum vt_mode m = mode_find(is_private, number);
	int answer;

	if (vt->level < 3)
		return;
	if (m == VT_N_MODES) {
		answer = mode_fixed(is_private, number);
	} else {
		answer = term_mode(vt, m) ? REPORT_SET : REPORT_RESET;
	}
	term_replyf(vt, "\033[%s%d;%d$y", is_private ? "?" : "", number, answer);
}
