#include "vt/action.h"
#include "vt/cursor.h"
#include "vt/edit.h"
#include "vt/kitty.h"
#include "vt/mode.h"
#include "vt/rect.h"
#include "vt/report.h"
#include "vt/reset.h"
#include "vt/scroll.h"
#include "vt/sgr.h"

typedef void (*csi_fn)(struct vt *vt);

static int count(const struct vt *vt)
{
	return param_count(&vt->parser.params, 0);
}

static int first(const struct vt *vt)
{
	return param(&vt->parser.params, 0, 0);
}

/* --- the cursor --- */

static void cuu(struct vt *vt)
{
	cursor_up(vt, count(vt));
}

static void cud(struct vt *vt)
{
	cursor_down(vt, count(vt));
}

static void cuf(struct vt *vt)
{
	cursor_forward(vt, count(vt));
}

static void cub(struct vt *vt)
{
	cursor_back(vt, count(vt));
}

static void cnl(struct vt *vt)
{
	cursor_down(vt, count(vt));
	cursor_return(vt);
}

static void cpl(struct vt *vt)
{
	cursor_up(vt, count(vt));
	cursor_return(vt);
}

/* The cursor's place as CUP would name it, from 0. */
static int row_now(const struct vt *vt)
{
	return vt->cur.y - (term_mode(vt, VT_MODE_DECOM) ? vt->top : 0);
}

static int col_now(const struct vt *vt)
{
	return vt->cur.x - (term_mode(vt, VT_MODE_DECOM) ? vt->left : 0);
}

static void cup(struct vt *vt)
{
	cursor_set(vt, count(vt) - 1, param_count(&vt->parser.params, 1) - 1);
}

static void cha(struct vt *vt)
{
	cursor_set(vt, row_now(vt), count(vt) - 1);
}

static void hpr(struct vt *vt)
{
	cursor_set(vt, row_now(vt), col_now(vt) + count(vt));
}

static void vpa(struct vt *vt)
{
	cursor_set(vt, count(vt) - 1, col_now(vt));
}

static void vpr(struct vt *vt)
{
	cursor_set(vt, row_now(vt) + count(vt), col_now(vt));
}

static void cht(struct vt *vt)
{
	cursor_tab(vt, count(vt));
}

static void cbt(struct vt *vt)
{
	cursor_back_tab(vt, count(vt));
}

static void tbc(struct vt *vt)
{
	if (first(vt) == 0) {
		tab_set(vt, vt->cur.x, false);
	} else if (first(vt) == 3) {
		tabs_clear(vt);
	}
}

static void decst8c(struct vt *vt)
{
	if (param(&vt->parser.params, 0, 5) == 5)
		tabs_reset(vt);
}

/* --- editing --- */

static void ich(struct vt *vt)
{
	edit_insert_chars(vt, count(vt));
}

static void dch(struct vt *vt)
{
	edit_delete_chars(vt, count(vt));
}

static void ech(struct vt *vt)
{
	edit_erase_chars(vt, count(vt));
}

static void ed(struct vt *vt)
{
	edit_erase_display(vt, first(vt), false);
}

static void el(struct vt *vt)
{
	edit_erase_line(vt, first(vt), false);
}

static void decsed(struct vt *vt)
{
	edit_erase_display(vt, first(vt), true);
}

static void decsel(struct vt *vt)
{
	edit_erase_line(vt, first(vt), true);
}

static void il(struct vt *vt)
{
	edit_insert_lines(vt, count(vt));
}

static void dl(struct vt *vt)
{
	edit_delete_lines(vt, count(vt));
}

static void decic(struct vt *vt)
{
	edit_insert_columns(vt, count(vt));
}

static void decdc(struct vt *vt)
{
	edit_delete_columns(vt, count(vt));
}

static void su(struct vt *vt)
{
	scroll_up(vt, vt->top, count(vt), true);
}

/* With more parameters it would be highlight mouse tracking, which is not had. */
static void sd(struct vt *vt)
{
	if (vt->parser.params.n <= 1)
		scroll_down(vt, vt->top, count(vt));
}

static bool is_in_margins(const struct vt *vt)
{
	return vt->cur.y >= vt->top && vt->cur.y <= vt->bottom && vt->cur.x >= vt->left &&
	       vt->cur.x <= vt->right;
}

static void sl(struct vt *vt)
{
	if (is_in_margins(vt))
		scroll_left(vt, vt->left, count(vt));
}

static void sr(struct vt *vt)
{
	if (is_in_margins(vt))
		scroll_right(vt, vt->left, count(vt));
}

static void rep(struct vt *vt)
{
	print_repeat(vt, count(vt));
}

/* --- margins, looks --- */

static void decstbm(struct vt *vt)
{
	int top = count(vt), bottom = param(&vt->parser.params, 1, 0);

	if (bottom <= 0 || bottom > vt->rows)
		bottom = vt->rows;
	if (bottom <= top)
		return;
	vt->top = top - 1;
	vt->bottom = bottom - 1;
	cursor_set(vt, 0, 0);
}

static void decslrm(struct vt *vt)
{
	int left = count(vt), right = param(&vt->parser.params, 1, 0);

	if (right <= 0 || right > vt->cols)
		right = vt->cols;
	if (right <= left)
		return;
	vt->left = left - 1;
	vt->right = right - 1;
	cursor_set(vt, 0, 0);
}

/* CSI s is two things: SCOSC without left and right margins. */
static void scosc(struct vt *vt)
{
	if (term_mode(vt, VT_MODE_DECLRMM)) {
		decslrm(vt);
	} else if (vt->parser.params.n == 0) {
		cursor_save(vt);
	}
}

static void sgr(struct vt *vt)
{
	const struct params *p = &vt->parser.params;
	struct style *pen = &vt->cur.pen;
	bool is_reset = p->n == 0 || (p->n == 1 && p->v[0] <= 0);

	/* Half of all are a plain reset. */
	if (is_reset && !(pen->attrs & STYLE_PROTECTED) && !pen->link) {
		*pen = style_default;
		vt->pen_id = vt->blank_id = 0;
		return;
	}
	sgr_apply(pen, p, 0);
	term_pen_changed(vt);
}

/* Of the pen what SGR sets: not the link, and not the protection. */
static void push_sgr(struct vt *vt)
{
	struct style s = vt->cur.pen;

	s.link = 0;
	s.attrs &= (uint16_t)~STYLE_PROTECTED;
	if (vt->n_sgr < ARRAY_LEN(vt->sgr_stack))
		vt->sgr_stack[vt->n_sgr++] = s;
}

static void pop_sgr(struct vt *vt)
{
	struct style old = vt->cur.pen;

	if (!vt->n_sgr)
		return;
	vt->cur.pen = vt->sgr_stack[--vt->n_sgr];
	vt->cur.pen.link = old.link;
	vt->cur.pen.attrs |= old.attrs & STYLE_PROTECTED;
	term_pen_changed(vt);
}

static void decsca(struct vt *vt)
{
	vt->protect = PROTECT_DEC;
	if (first(vt) == 1) {
		vt->cur.pen.attrs |= STYLE_PROTECTED;
	} else if (first(vt) == 0 || first(vt) == 2) {
		vt->cur.pen.attrs &= (uint16_t)~STYLE_PROTECTED;
	}
	term_pen_changed(vt);
}

/* Shapes come in pairs, blinking first; 0 is the default, 1. */
static void decscusr(struct vt *vt)
{
	if (first(vt) > 6)
		return;
	vt->cursor_style = (uint8_t)first(vt);
	mode_put(vt, VT_MODE_CURSOR_BLINK, vt->cursor_style % 2 || !vt->cursor_style);
	vt->cursor_age = vt->age;
}

/* --- modes and reports --- */

static void sm(struct vt *vt)
{
	mode_set_params(vt, false, true);
}

static void rm(struct vt *vt)
{
	mode_set_params(vt, false, false);
}

static void decset(struct vt *vt)
{
	mode_set_params(vt, true, true);
}

static void decrst(struct vt *vt)
{
	mode_set_params(vt, true, false);
}

static void decrqm_ansi(struct vt *vt)
{
	mode_report(vt, false);
}

static void decrqm(struct vt *vt)
{
	mode_report(vt, true);
}

static void da1(struct vt *vt)
{
	if (first(vt) == 0)
		report_da1(vt);
}

static void da2(struct vt *vt)
{
	if (first(vt) == 0)
		report_da2(vt);
}

static void da3(struct vt *vt)
{
	if (first(vt) == 0)
		report_da3(vt);
}

static void dsr(struct vt *vt)
{
	report_status(vt, false);
}

static void dsr_private(struct vt *vt)
{
	report_status(vt, true);
}

static void decscl(struct vt *vt)
{
	int level = first(vt) - 60;

	if (level < 1 || level > 4) /* a VT420 has no more */
		return;
	reset_soft(vt);
	vt->level = (uint8_t)level;
	vt->is_8bit = level > 1 && param(&vt->parser.params, 1, 0) != 1;
}

/* DECSCPP, DECSNLS: columns or lines per page. */
static void decscpp(struct vt *vt)
{
	term_ask_size(vt, first(vt) ? first(vt) : 80, vt->rows);
}

static void decsnls(struct vt *vt)
{
	if (first(vt))
		term_ask_size(vt, vt->cols, first(vt));
}

static void decera(struct vt *vt)
{
	rect_erase(vt, false);
}

static void decsera(struct vt *vt)
{
	rect_erase(vt, true);
}

static void deccara(struct vt *vt)
{
	rect_attributes(vt, false);
}

static void decrara(struct vt *vt)
{
	rect_attributes(vt, true);
}

static void decsace(struct vt *vt)
{
	if (first(vt) <= 2)
		vt->change_extent = (uint8_t)first(vt);
}

static void xtchecksum(struct vt *vt)
{
	vt->checksum_flags = (uint8_t)(first(vt) & 31);
}

static void title_modes(struct vt *vt, bool is_set)
{
	const struct params *p = &vt->parser.params;

	if (!p->n)
		vt->title_modes = 0;
	for (unsigned i = 0; i < p->n; i++) {
		int v = param(p, i, 0);

		if (v < 4 && is_set) {
			vt->title_modes |= (uint8_t)(1 << v);
		} else if (v < 4) {
			vt->title_modes &= (uint8_t) ~(1 << v);
		}
	}
}

static void xtsmtitle(struct vt *vt)
{
	title_modes(vt, true);
}

static void xtrmtitle(struct vt *vt)
{
	title_modes(vt, false);
}

/* XTSMGRAPHICS: nothing is drawn, so there is nothing to set. */
static void xtsmgraphics(struct vt *vt)
{
	term_replyf(vt, "\033[?%d;3S", first(vt));
}

/* --- dispatch --- */

static const csi_fn plain[0x40] = {
	['@' - '@'] = ich,
	['A' - '@'] = cuu,
	['B' - '@'] = cud,
	['C' - '@'] = cuf,
	['D' - '@'] = cub,
	['E' - '@'] = cnl,
	['F' - '@'] = cpl,
	['G' - '@'] = cha,
	['H' - '@'] = cup,
	['I' - '@'] = cht,
	['J' - '@'] = ed,
	['K' - '@'] = el,
	['L' - '@'] = il,
	['M' - '@'] = dl,
	['P' - '@'] = dch,
	['S' - '@'] = su,
	['T' - '@'] = sd,
	['X' - '@'] = ech,
	['Z' - '@'] = cbt,
	['^' - '@'] = sd,
	['`' - '@'] = cha,
	['a' - '@'] = hpr,
	['b' - '@'] = rep,
	['c' - '@'] = da1,
	['d' - '@'] = vpa,
	['e' - '@'] = vpr,
	['f' - '@'] = cup,
	['g' - '@'] = tbc,
	['h' - '@'] = sm,
	['l' - '@'] = rm,
	['m' - '@'] = sgr,
	['n' - '@'] = dsr,
	['r' - '@'] = decstbm,
	['s' - '@'] = scosc,
	['t' - '@'] = window_operation,
	['u' - '@'] = cursor_restore,
	['x' - '@'] = report_terminal,
};

/* What has a private marker or an intermediate: marker, intermediate, final. */
static const struct {
	char key[3];
	csi_fn fn;
} others[] = {
	{ { '?', 0, 'h' }, decset },
	{ { '?', 0, 'l' }, decrst },
	{ { '?', '$', 'p' }, decrqm },
	{ { 0, '$', 'p' }, decrqm_ansi },
	{ { '?', 0, 'n' }, dsr_private },
	{ { 0, ' ', 'q' }, decscusr },
	{ { '?', 0, 'J' }, decsed },
	{ { '?', 0, 'K' }, decsel },
	{ { '?', 0, 's' }, mode_save_params },
	{ { '?', 0, 'r' }, mode_restore_params },
	{ { '?', 0, 'W' }, decst8c },
	{ { '?', 0, 'S' }, xtsmgraphics },
	{ { '?', 0, 'u' }, kitty_query },
	{ { '>', 0, 'u' }, kitty_push },
	{ { '<', 0, 'u' }, kitty_pop },
	{ { '=', 0, 'u' }, kitty_set },
	{ { '>', 0, 'm' }, keys_set_modify },
	{ { '?', 0, 'm' }, keys_query_modify },
	{ { '>', 0, 'n' }, keys_off },
	{ { '>', 0, 'f' }, keys_set_format },
	{ { '?', 0, 'g' }, keys_query_format },
	{ { '>', 0, 'c' }, da2 },
	{ { '=', 0, 'c' }, da3 },
	{ { '>', 0, 'q' }, report_version },
	{ { '>', 0, 't' }, xtsmtitle },
	{ { '>', 0, 'T' }, xtrmtitle },
	{ { 0, '!', 'p' }, reset_soft },
	{ { 0, '"', 'p' }, decscl },
	{ { 0, '"', 'q' }, decsca },
	{ { 0, '"', 'v' }, report_displayed_extent },
	{ { 0, ' ', '@' }, sl },
	{ { 0, ' ', 'A' }, sr },
	{ { 0, '\'', '}' }, decic },
	{ { 0, '\'', '~' }, decdc },
	{ { 0, '$', 'r' }, deccara },
	{ { 0, '$', 't' }, decrara },
	{ { 0, '$', 'v' }, rect_copy },
	{ { 0, '$', 'w' }, report_presentation },
	{ { 0, '$', 'x' }, rect_fill },
	{ { 0, '$', 'z' }, decera },
	{ { 0, '$', '|' }, decscpp },
	{ { 0, '*', '|' }, decsnls },
	{ { 0, '$', '{' }, decsera },
	{ { 0, '*', 'x' }, decsace },
	{ { 0, '*', 'y' }, rect_checksum },
	{ { 0, '#', 'y' }, xtchecksum },
	{ { 0, '#', '|' }, rect_report_sgr },
	{ { 0, '#', '{' }, push_sgr },
	{ { 0, '#', 'p' }, push_sgr },
	{ { 0, '#', '}' }, pop_sgr },
	{ { 0, '#', 'q' }, pop_sgr },
};

void csi_dispatch(struct vt *vt, char final)
{
	const struct params *p = &vt->parser.params;

	if (!p->prefix && !p->n_inter) {
		csi_fn fn = plain[final - '@'];

		if (final != 'm' && final != 'b')
			term_forget_last(vt);
		if (fn)
			fn(vt);
		return;
	}
	if (p->n_inter > 1)
		return;
	term_forget_last(vt);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		const char *key = others[i].key;

		if (key[0] == p->prefix && key[1] == p->inter[0] && key[2] == final) {
			others[i].fn(vt);
			return;
		}
	}
}
