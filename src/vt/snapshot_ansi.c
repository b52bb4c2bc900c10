/*
 * The terminal as bytes.  Order matters, because much of what sets one thing
 * resets another:
 *
 *   1. reset, then what itself resets (level, 132 columns)
 *   2. history, primary screen, alternate screen: on full margins, with all
 *      modes at their defaults but 2027
 *   3. titles, colours, tab stops, key options: they touch nothing else
 *   4. saved modes, then the modes
 *   5. saved cursors, which need origin mode and free movement
 *   6. margins, origin mode, the cursor, the pen, character sets
 *   7. modes that would disturb 6
 *   8. the sequence that the terminal is in the middle of
 *
 * Not restored: marks, a hidden alternate screen's text, the character that
 * REP repeats when the cursor has moved since, a single shift in a saved cursor,
 * text beyond the middle of a double-width line, that a last row of a screen
 * below 4 x 3 is wrapped, and where a cursor is that origin mode holds outside
 * of the margins of the alternate screen.
 */
#include "vt/charset.h"
#include "vt/cursor.h"
#include "vt/edit.h"
#include "vt/scroll.h"
#include "vt/snapshot_out.h"
#include "vt/snapshot_paint.h"
#include "vt/term.h"

#include <string.h>

#define BIT(m) (1ull << VT_MODE_##m)

/* Modes that are more than a bit: set elsewhere or by what they stand for. */
#define MODES_ALTERNATE (BIT(ALT_47) | BIT(ALT_1047) | BIT(ALT_1049))
#define MODES_EARLY (BIT(DECCOLM) | MODES_ALTERNATE | BIT(CURSOR_1048))
#define MODES_LATE                                                                        \
	(BIT(IRM) | BIT(DECOM) | BIT(DECLRMM) | BIT(GRAPHEME) | BIT(DECANM) | BIT(SYNC) | \
	 BIT(ALT_ALLOWED))
#define MODES_SAVABLE (~(MODES_EARLY | BIT(DECLRMM) | BIT(DECANM) | BIT(SYNC) | BIT(ALT_ALLOWED)))

struct ansi {
	struct snapshot *s;
	const struct vt *vt;
	struct buf *out;
	struct painter paint;
	struct cursor sets;     /* the receiver's character sets */
	uint64_t touched_modes; /* set for XTSAVE: to be set again */
	bool is_alternate;      /* the receiver shows the alternate screen */
};

static void put_mode(struct ansi *a, enum vt_mode m, bool is_set)
{
	const struct vt_mode_info *info = vt_mode_info(m);

	buf_printf(a->out, "\033[%s%u%c", info->is_private ? "?" : "", info->number,
		   is_set ? 'h' : 'l');
}

/* What the receiver's cursor does is not followed: the next move is absolute. */
static void lose_cursor(struct ansi *a)
{
	a->paint.x = a->paint.y = -1;
	a->paint.is_pending = a->paint.is_joining = false;
}

static void put_reset(struct ansi *a)
{
	/* Out of any sequence, out of VT52 mode, RIS. */
	buf_put_str(a->out, "\030\033<\033c");
	if (a->vt->level != 4)
		buf_printf(a->out, "\033[6%d;1\"p", a->vt->level);
	/* The mode says that a cursor was saved once; a soft reset forgets which. */
	if (term_mode(a->vt, VT_MODE_CURSOR_1048))
		buf_put_str(a->out, "\033[?1048h\033[!p");
	if (term_mode(a->vt, VT_MODE_DECCOLM)) {
		buf_put_str(a->out, "\033[?40h\033[?3h");
		a->touched_modes |= BIT(ALLOW_80_132);
	}
	buf_put_str(a->out, "\033[?2027h");
}

/* --- lines --- */

/* Lines of the history one below the other, so that they leave the top of the
 * screen and it is blank again. */
static void put_history(struct ansi *a)
{
	struct snapshot *s = a->s;
	int last = a->vt->rows - 1, n = -s->from;
	int left = n < last ? n : last;

	if (s->opts->n_history > 0)
		buf_put_str(a->out, "\033[3J"); /* what the receiver had is not of this terminal */
	if (n <= 0)
		return;
	a->paint.y = 0;
	for (int row = s->from; row < 0 && snapshot_read(s, row); row++) {
		paint_line(&a->paint, a->paint.y, &s->line);
		if (s->line.flags & LINE_WRAPPED) {
			paint_wrap(&a->paint, &s->line);
			continue;
		}
		paint_pen(&a->paint, &style_default, NULL);
		buf_put_str(a->out, "\r\n");
		a->paint.y += a->paint.y < last;
		a->paint.x = 0;
		a->paint.is_pending = false;
	}
	buf_printf(a->out, "\033[%d;1H", last + 1);
	for (; left > 0; left--)
		buf_put_char(a->out, '\n');
	lose_cursor(a);
}

static bool read_row(struct ansi *a, const struct screen *screen, int y)
{
	struct snapshot *s = a->s;

	if (!s->err)
		s->err = scroll_row_view(a->vt, screen->grid.rows[y], &s->buf, &s->line);
	return !s->err;
}

static void put_screen(struct ansi *a, const struct screen *screen)
{
	int last = a->vt->rows - 1;

	lose_cursor(a);
	for (int y = 0; y <= last && read_row(a, screen, y); y++) {
		const struct line_view *v = &a->s->line;

		if (!v->n_runs && !v->flags)
			continue;
		paint_line(&a->paint, y, v);
		if (v->flags & LINE_WRAPPED && y < last) {
			paint_wrap(&a->paint, v);
		} else if (v->flags & LINE_WRAPPED) {
			paint_wrap_last_row(&a->paint, v);
		}
	}
	paint_pen(&a->paint, &style_default, NULL);
}

static void show_screen(struct ansi *a, bool is_alternate)
{
	if (a->is_alternate == is_alternate)
		return;
	a->is_alternate = is_alternate;
	buf_put_str(a->out, is_alternate ? "\033[?47h" : "\033[?47l");
}

static void put_sgr_stack(struct ansi *a)
{
	for (unsigned i = 0; i < a->vt->n_sgr; i++) {
		paint_pen(&a->paint, &a->vt->sgr_stack[i], NULL);
		buf_put_str(a->out, "\033[#{");
	}
}

static void put_screens(struct ansi *a)
{
	put_screen(a, &a->vt->primary);
	if (a->vt->is_alternate) {
		show_screen(a, true);
		put_screen(a, &a->vt->alternate);
	}
	/* A soft reset is the one way back to "nobody protects". */
	if (a->paint.has_protected && a->vt->protect == PROTECT_OFF)
		buf_put_str(a->out, "\033[!p");
	lose_cursor(a);
}

/* --- what stands alone --- */

static void put_title(struct ansi *a, enum vt_title which, const char *text)
{
	buf_printf(a->out, "\033]%d;%s\033\\", which == VT_TITLE_WINDOW ? 2 : 1, text ? text : "");
}

static void put_titles(struct ansi *a)
{
	const struct vt *vt = a->vt;

	for (int i = 0; i < vt->n_titles; i++) {
		int what = !vt->title_stack[i][VT_TITLE_ICON]     ? 2
			   : !vt->title_stack[i][VT_TITLE_WINDOW] ? 1
								  : 0;

		for (int which = 0; which < 2; which++) {
			if (vt->title_stack[i][which])
				put_title(a, (enum vt_title)which, vt->title_stack[i][which]);
		}
		buf_printf(a->out, "\033[22;%dt", what);
	}
	for (int which = 0; which < 2; which++) {
		if (vt->n_titles || *vt_title(vt, (enum vt_title)which))
			put_title(a, (enum vt_title)which, vt_title(vt, (enum vt_title)which));
	}
	for (int i = 0; i < 4; i++) {
		if (vt->title_modes >> i & 1)
			buf_printf(a->out, "\033[>%dt", i);
	}
}

static void put_palette(struct ansi *a)
{
	const struct palette *p = a->vt->palette;

	if (!p)
		return;
	buf_put_str(a->out, "\033]4");
	for (unsigned i = 0; i < ARRAY_LEN(p->indexed); i++)
		buf_printf(a->out, ";%u;#%06x", i, (unsigned)p->indexed[i]);
	buf_put_str(a->out, "\033\\\033]5");
	for (unsigned i = 0; i < ARRAY_LEN(p->special); i++)
		buf_printf(a->out, ";%u;#%06x", i, (unsigned)p->special[i]);
	buf_put_str(a->out, "\033\\\033]10");
	for (unsigned i = 0; i < ARRAY_LEN(p->dynamic); i++)
		buf_printf(a->out, ";#%06x", (unsigned)p->dynamic[i]);
	buf_put_str(a->out, "\033\\");
}

static void put_tabs(struct ansi *a)
{
	for (int x = 0; x < a->vt->cols; x++) {
		bool is_set = tab_is_set(a->vt, x);

		if (is_set == (x % 8 == 0))
			continue;
		buf_printf(a->out, "\033[%dG%s", x + 1, is_set ? "\033H" : "\033[g");
	}
}

static void put_options(struct ansi *a)
{
	const struct vt *vt = a->vt;

	for (unsigned i = 0; i < ARRAY_LEN(vt->mod_keys); i++) {
		if (vt->mod_keys[i])
			buf_printf(a->out, "\033[>%u;%um", i, vt->mod_keys[i]);
		if (vt->fmt_keys[i])
			buf_printf(a->out, "\033[>%u;%uf", i, vt->fmt_keys[i]);
	}
	if (vt->change_extent)
		buf_printf(a->out, "\033[%u*x", vt->change_extent);
	if (vt->checksum_flags)
		buf_printf(a->out, "\033[%u#y", vt->checksum_flags);
	if (vt->cursor_style)
		buf_printf(a->out, "\033[%u q", vt->cursor_style);
}

/* --- modes --- */

static void put_saved_modes(struct ansi *a)
{
	uint64_t saved = a->vt->has_saved_modes & MODES_SAVABLE;

	for (int m = 0; m < VT_N_MODES; m++) {
		if (!(saved >> m & 1) || !vt_mode_info((enum vt_mode)m)->is_private)
			continue;
		put_mode(a, (enum vt_mode)m, a->vt->saved_modes >> m & 1);
		buf_printf(a->out, "\033[?%us", vt_mode_info((enum vt_mode)m)->number);
		a->touched_modes |= 1ull << m;
	}
	/* Origin mode must be off for what follows. */
	if (saved & BIT(DECOM))
		buf_put_str(a->out, "\033[?6l");
}

/* Reset ones first: of the mouse's, setting one resets the others. */
static void put_modes(struct ansi *a)
{
	uint64_t todo = 0;

	for (int m = 0; m < VT_N_MODES; m++) {
		if (vt_mode_info((enum vt_mode)m)->is_default)
			todo |= 1ull << m;
	}
	todo = (todo ^ a->vt->modes) | a->touched_modes;
	/* DECSCUSR sets it. */
	if (a->vt->cursor_style)
		todo |= BIT(CURSOR_BLINK);
	todo &= ~(MODES_EARLY | MODES_LATE);
	for (int is_set = 0; is_set < 2; is_set++) {
		for (int m = 0; m < VT_N_MODES; m++) {
			if (todo >> m & 1 && (a->vt->modes >> m & 1) == (unsigned)is_set)
				put_mode(a, (enum vt_mode)m, is_set);
		}
	}
}

/* Forbidding the alternate screen leaves it, but not the modes that showed it. */
static void put_alternate_allowed(struct ansi *a)
{
	bool is_left = !a->vt->is_alternate && a->vt->modes & MODES_ALTERNATE;
	bool is_allowed = term_mode(a->vt, VT_MODE_ALT_ALLOWED);

	if (is_left)
		put_mode(a, VT_MODE_ALT_47, true);
	if (is_left || !is_allowed)
		put_mode(a, VT_MODE_ALT_ALLOWED, false);
	if (is_left && is_allowed)
		put_mode(a, VT_MODE_ALT_ALLOWED, true);
}

static void put_late_modes(struct ansi *a)
{
	put_alternate_allowed(a);
	if (term_mode(a->vt, VT_MODE_IRM))
		put_mode(a, VT_MODE_IRM, true);
	if (!term_mode(a->vt, VT_MODE_GRAPHEME))
		put_mode(a, VT_MODE_GRAPHEME, false);
	if (a->vt->is_8bit)
		buf_put_str(a->out, "\033 G");
	if (!a->vt->is_utf8)
		buf_put_str(a->out, "\033%@");
	if (term_mode(a->vt, VT_MODE_SYNC))
		put_mode(a, VT_MODE_SYNC, true);
	if (!term_mode(a->vt, VT_MODE_DECANM))
		put_mode(a, VT_MODE_DECANM, false);
}

/* --- cursors --- */

static void put_sets(struct ansi *a, const struct cursor *c)
{
	static const char *const left[] = { "\017", "\016", "\033n", "\033o" };
	static const char *const right[] = { "", "\033~", "\033}", "\033|" };

	for (unsigned i = 0; i < ARRAY_LEN(c->g); i++) {
		bool is_96 = charset_is_96(c->g[i]);

		if (c->g[i] != a->sets.g[i] && !(is_96 && !i)) {
			buf_printf(a->out, "\033%c%s", is_96 ? ",-./"[i] : "()*+"[i],
				   charset_name(c->g[i]));
		}
	}
	if (c->gl != a->sets.gl)
		buf_put_str(a->out, left[c->gl & 3]);
	if (c->gr != a->sets.gr)
		buf_put_str(a->out, right[c->gr & 3]);
	a->sets = *c;
}

/* Cells are painted with these. */
static const struct cursor plain_sets = { .gr = 2 };

static void put_origin_mode(struct ansi *a, bool is_on)
{
	put_mode(a, VT_MODE_DECOM, is_on);
	lose_cursor(a);
}

/* Column behind the last one that is printed to from the cursor. */
static int limit_of(const struct vt *vt, const struct cursor *c)
{
	return c->x <= vt->right ? vt->right + 1 : vt->cols;
}

/* Where the cursor is, and the wrap that is pending there.  The pen and the
 * like come behind: they leave both alone. */
static void put_place(struct ansi *a, const struct screen *screen, const struct cursor *c)
{
	struct painter *p = &a->paint;
	int width = a->vt->cols;

	if (!read_row(a, screen, c->y))
		return;
	if (a->s->line.flags & LINE_DOUBLE)
		width = (width + 1) / 2;
	width = width < p->limit ? width : p->limit;
	if (!c->is_last || c->x != width - 1 || !paint_pending(p, c->y, c->x, &a->s->line))
		paint_goto(p, c->y, c->x);
}

static void put_saved(struct ansi *a, const struct screen *screen)
{
	const struct cursor *c = &screen->saved;

	if (screen->n_kitty)
		buf_printf(a->out, "\033[=%u;1u", screen->kitty[0]);
	for (unsigned i = 1; i < screen->n_kitty; i++)
		buf_printf(a->out, "\033[>%uu", screen->kitty[i]);
	if (!screen->has_saved || c->y >= a->vt->rows || c->x >= a->vt->cols)
		return;
	if (c->is_origin)
		put_origin_mode(a, true);
	lose_cursor(a);
	put_sets(a, &plain_sets);
	put_place(a, screen, c);
	paint_pen(&a->paint, &c->pen, link_get(&a->vt->links, c->pen.link));
	put_sets(a, c);
	buf_put_str(a->out, "\0337");
	if (c->is_origin)
		put_origin_mode(a, false);
}

static void put_all_saved(struct ansi *a)
{
	const struct vt *vt = a->vt;
	const struct screen *hidden = vt->is_alternate ? &vt->primary : &vt->alternate;

	if ((hidden->has_saved || hidden->n_kitty) && hidden->grid.slab) {
		show_screen(a, !vt->is_alternate);
		put_saved(a, hidden);
	}
	show_screen(a, vt->is_alternate);
	put_saved(a, vt->is_alternate ? &vt->alternate : &vt->primary);
}

static void put_margins(struct ansi *a)
{
	const struct vt *vt = a->vt;

	if (vt->top != 0 || vt->bottom != vt->rows - 1)
		buf_printf(a->out, "\033[%d;%dr", vt->top + 1, vt->bottom + 1);
	if (term_mode(vt, VT_MODE_DECLRMM)) {
		put_mode(a, VT_MODE_DECLRMM, true);
		if (vt->left != 0 || vt->right != vt->cols - 1)
			buf_printf(a->out, "\033[%d;%ds", vt->left + 1, vt->right + 1);
	}
	a->paint.has_margins = true;
	lose_cursor(a);
}

/* Origin mode keeps the cursor inside the margins, but one that was restored
 * may be outside.  The other screen's DECSC slot, of which nothing is seen,
 * brings it there.  False: not needed, or not to be had. */
static bool put_outside(struct ansi *a)
{
	const struct vt *vt = a->vt;
	const struct cursor *c = &vt->cur;
	bool is_inside =
		c->y >= vt->top && c->y <= vt->bottom && c->x >= vt->left && c->x <= vt->right;

	if (is_inside || !term_mode(vt, VT_MODE_DECOM) || vt->is_alternate)
		return false;
	show_screen(a, true);
	put_origin_mode(a, true);
	paint_goto(&a->paint, c->y, c->x);
	buf_put_str(a->out, "\0337");
	put_margins(a);
	buf_put_str(a->out, "\0338");
	show_screen(a, false);
	/* DECRC brought these along. */
	a->paint.x = c->x;
	a->paint.y = c->y;
	return true;
}

/* Nothing comes behind the last character that would make the receiver forget
 * it. */
static bool keeps_last(const struct vt *vt)
{
	const struct cursor *c = &vt->cur;

	return !memcmp(c->g, plain_sets.g, sizeof(c->g)) && c->gl == plain_sets.gl &&
	       c->gr == plain_sets.gr && !c->single && vt->protect == PROTECT_OFF && !vt->is_8bit &&
	       vt->is_utf8 &&
	       (vt->modes & (MODES_LATE & ~(BIT(DECOM) | BIT(DECLRMM)))) ==
		       (BIT(GRAPHEME) | BIT(DECANM) | BIT(ALT_ALLOWED)) &&
	       (vt->is_alternate || !(vt->modes & MODES_ALTERNATE));
}

/* The character that was printed last is printed again if what follows in the
 * stream could join or repeat it. */
static bool put_again(struct ansi *a, const struct screen *screen)
{
	const struct vt *vt = a->vt;
	const struct cursor *c = &vt->cur;

	if (!keeps_last(vt))
		return false;
	if (vt->last_x < 0 || vt->last_y != c->y || c->is_last || vt->last_x >= c->x)
		return false;
	if (!read_row(a, screen, c->y))
		return false;
	/* keeps_last() wants nobody to protect, and to print it would. */
	if (paint_is_protected(&a->s->line, vt->last_x))
		return false;
	if (!paint_cell(&a->paint, c->y, vt->last_x, &a->s->line))
		return false;
	return a->paint.x == c->x && !a->paint.is_pending;
}

static void put_cursor(struct ansi *a)
{
	const struct vt *vt = a->vt;
	const struct screen *screen = vt->is_alternate ? &vt->alternate : &vt->primary;
	const struct cursor *c = &vt->cur;

	put_sets(a, &plain_sets);
	if (!put_outside(a)) {
		put_margins(a);
		if (term_mode(vt, VT_MODE_DECOM)) {
			put_origin_mode(a, true);
			a->paint.top = vt->top;
			a->paint.left = vt->left;
		}
		a->paint.limit = limit_of(vt, c);
		if (!put_again(a, screen))
			put_place(a, screen, c);
	}
	paint_pen(&a->paint, &c->pen, link_get(&vt->links, c->pen.link));
	if (vt->protect == PROTECT_ISO) {
		buf_put_str(a->out, c->pen.attrs & STYLE_PROTECTED ? "\033V" : "\033W");
	} else if (vt->protect == PROTECT_DEC) {
		buf_printf(a->out, "\033[%d\"q", !!(c->pen.attrs & STYLE_PROTECTED));
	}
	put_sets(a, c);
	if (c->single)
		buf_put_str(a->out, c->single == 2 ? "\033N" : "\033O");
}

static void put_terminal(struct ansi *a)
{
	put_reset(a);
	put_history(a);
	put_sgr_stack(a);
	put_screens(a);
	put_titles(a);
	put_palette(a);
	put_tabs(a);
	put_options(a);
	put_saved_modes(a);
	put_modes(a);
	put_all_saved(a);
	put_cursor(a);
	put_late_modes(a);
	snapshot_partial(a->s);
}

/* Lines alone, for whoever reads the history page by page. */
static void put_lines(struct ansi *a)
{
	struct snapshot *s = a->s;

	a->paint.is_flowing = true;
	for (int row = s->from; row < s->to && snapshot_read(s, row); row++) {
		a->paint.y = 0;
		a->paint.x = 0;
		a->paint.is_pending = a->paint.is_joining = false;
		paint_line(&a->paint, 0, &s->line);
		paint_pen(&a->paint, &style_default, NULL);
		buf_put_str(s->out, "\r\n");
	}
}

void snapshot_ansi(struct snapshot *s)
{
	const struct vt *vt = s->vt;
	struct ansi a = { .s = s, .vt = vt, .out = s->out, .sets = plain_sets };

	a.paint = (struct painter){ .out = s->out,
				    .cols = vt->cols,
				    .rows = vt->rows,
				    .limit = vt->cols,
				    .is_grapheme = true };
	if (s->opts->has_no_screen) {
		put_lines(&a);
	} else {
		put_terminal(&a);
	}
}
