#include "cli/draw.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "cli/draw_state.h"

#define DEFAULT_FG 0xe5e5e5 /* of a struct vt without opts */
#define DEFAULT_BG 0x000000
#define SWEEP_MIN 1024u /* table entries */
#define HIDE_MIN 64u    /* bytes of a frame: less is there in a blink */
#define SYNC_MIN 128u

/* --- life --- */

static struct draw_row *rows_new(int cols, int rows, struct cell **ret_slab)
{
	struct draw_row *r = mem_zalloc((size_t)rows, sizeof(*r));
	struct cell *slab = mem_zalloc((size_t)rows * (size_t)cols, sizeof(*slab));

	if (!r || !slab) {
		mem_free(r);
		mem_free(slab);
		return NULL;
	}
	for (int y = 0; y < rows; y++) {
		r[y].cells = slab + (size_t)y * (size_t)cols;
		r[y].hash = draw_hash(r[y].cells, cols);
	}
	*ret_slab = slab;
	return r;
}

static int clamp(int v, int max)
{
	return v < 1 ? 1 : v > max ? max : v;
}

static void grids_free(struct draw *d)
{
	mem_free(d->shown);
	mem_free(d->shown_slab);
	mem_free(d->next);
	mem_free(d->next_slab);
}

int draw_resize(struct draw *d, int cols, int rows)
{
	struct draw fresh = *d;

	fresh.cols = clamp(cols, VT_COLS_MAX);
	fresh.rows = clamp(rows, VT_ROWS_MAX);
	fresh.shown = rows_new(fresh.cols, fresh.rows, &fresh.shown_slab);
	fresh.next = rows_new(fresh.cols, fresh.rows, &fresh.next_slab);
	if (!fresh.shown || !fresh.next) {
		if (fresh.shown) {
			mem_free(fresh.shown);
			mem_free(fresh.shown_slab);
		}
		if (fresh.next) {
			mem_free(fresh.next);
			mem_free(fresh.next_slab);
		}
		return err_origin(-ENOMEM);
	}
	grids_free(d);
	*d = fresh;
	draw_forget(d);
	return 0;
}

struct draw *draw_new(int cols, int rows, const struct termcaps *caps)
{
	struct draw *d = mem_new(struct draw);

	if (!d)
		return NULL;
	d->default_fg = DEFAULT_FG;
	d->default_bg = DEFAULT_BG;
	d->sweep_at = SWEEP_MIN;
	d->caps = *caps;
	d->prev_props = 1;
	if (draw_resize(d, cols, rows))
		return draw_free(d);
	return d;
}

struct draw *draw_free(struct draw *d)
{
	if (!d)
		return NULL;
	grids_free(d);
	style_table_fini(&d->styles);
	cluster_table_fini(&d->clusters);
	link_table_fini(&d->links);
	line_buf_fini(&d->line);
	buf_fini(&d->extra);
	buf_fini(&d->body);
	mem_free(d->titles[0]);
	mem_free(d->titles[1]);
	mem_free(d);
	return NULL;
}

void draw_set_defaults(struct draw *d, uint32_t fg, uint32_t bg)
{
	d->default_fg = fg;
	d->default_bg = bg;
	d->seen_age = 0;
}

void draw_restart(struct draw *d)
{
	d->seen_age = 0;
}

void draw_forget(struct draw *d)
{
	d->is_unknown = true;
	d->seen_age = 0;
}

void draw_offset(const struct draw *d, int *ret_row, int *ret_col)
{
	*ret_row = d->top;
	*ret_col = d->left;
}

/* --- entering and leaving --- */

void draw_enter(struct draw *d, struct buf *out)
{
	d->is_alternate = draw_has(d, TERMCAPS_ALTERNATE);
	if (d->is_alternate)
		buf_put_str(out, "\033[?1049h");
	/* Without wrapping, the last cell of the screen is one like the others. */
	buf_put_str(out, "\033[?7l");
	d->is_entered = true;
	draw_forget(d);
}

void draw_undo(const struct draw *d, struct buf *out)
{
	if (!d->is_entered)
		return;
	/* We may be amid a string, and amid an update. */
	if (draw_has(d, TERMCAPS_TITLE))
		buf_put_str(out, "\033\\");
	if (draw_has(d, TERMCAPS_LINKS))
		buf_put_str(out, "\033]8;;\033\\");
	if (draw_has(d, TERMCAPS_SCROLL))
		buf_put_str(out, "\033[r");
	draw_modes_undo(d, out);
	buf_put_str(out, "\033[m\033[?7h");
	if (d->is_alternate) {
		buf_put_str(out, "\033[?1049l");
	} else {
		buf_printf(out, "\033[%d;1H\r\n", d->rows);
	}
	if (draw_has(d, TERMCAPS_SYNC))
		buf_put_str(out, "\033[?2026l");
	if (d->has_pushed_titles)
		buf_put_str(out, "\033[23;0t");
}

void draw_leave(struct draw *d, struct buf *out)
{
	draw_undo(d, out);
	d->is_entered = false;
	d->has_pushed_titles = false;
	memset(&d->modes, 0, sizeof(d->modes));
	d->modes.set = draw_initial_modes(d);
	for (size_t i = 0; i < ARRAY_LEN(d->titles); i++) {
		mem_free(d->titles[i]);
		d->titles[i] = NULL;
	}
	buf_clear(&d->extra);
	draw_forget(d);
}

/* --- tables --- */

struct live {
	uint8_t *styles, *clusters, *links;
};

static void mark(const struct draw *d, struct live *l, const struct draw_row *rows)
{
	for (int y = 0; y < d->rows; y++) {
		for (int x = 0; x < d->cols; x++) {
			struct cell c = rows[y].cells[x];

			if (c.text == DRAW_UNKNOWN.text)
				continue;
			l->styles[c.style] = 1;
			if (c.text & CELL_CLUSTER)
				l->clusters[c.text & CELL_VALUE] = 1;
		}
	}
}

/* Let go of what no cell shows any more; without memory, another time. */
static void sweep(struct draw *d)
{
	struct live l = { .styles = mem_zalloc(d->styles.n + 1u, 1),
			  .clusters = mem_zalloc(d->clusters.n + 1u, 1),
			  .links = mem_zalloc(d->links.n + 1u, 1) };
	uint32_t n_styles = 0, n_clusters = 0;

	if (l.styles && l.clusters && l.links) {
		mark(d, &l, d->shown);
		mark(d, &l, d->next);
		for (uint32_t i = 1; i < d->styles.n; i++) {
			n_styles += l.styles[i];
			if (l.styles[i])
				l.links[style_get(&d->styles, i)->link] = 1;
		}
		for (uint32_t i = 0; i < d->clusters.n; i++)
			n_clusters += l.clusters[i];
		l.links[d->pen.link] = 1;
		style_table_sweep(&d->styles, l.styles);
		cluster_table_sweep(&d->clusters, l.clusters);
		link_table_sweep(&d->links, l.links);
		d->sweep_at = SWEEP_MIN + 2 * (n_styles > n_clusters ? n_styles : n_clusters);
	}
	mem_free(l.styles);
	mem_free(l.clusters);
	mem_free(l.links);
}

static bool wants_sweep(const struct draw *d)
{
	return (d->styles.n >= d->sweep_at && !d->styles.free_id) ||
	       (d->clusters.n >= d->sweep_at && d->clusters.free_id == CLUSTER_NONE) ||
	       (d->links.n >= SWEEP_MIN && link_table_is_full(&d->links));
}

/* --- what shall be shown --- */

/* The window on a pane that is larger than the terminal follows the cursor: by
 * lines as little as possible, sideways by half a screen, since text that is
 * typed would move the view with each character. */
static bool place_view(struct draw *d, const struct vt *vt)
{
	struct vt_cursor c = vt_cursor(vt);
	int max_top = vt_rows(vt) > d->rows ? vt_rows(vt) - d->rows : 0;
	int max_left = vt_cols(vt) > d->cols ? vt_cols(vt) - d->cols : 0;
	int top = d->top, left = d->left;

	if (c.row < top)
		top = c.row;
	if (c.row >= top + d->rows)
		top = c.row - d->rows + 1;
	if (c.col < left || c.col >= left + d->cols)
		left = c.col - d->cols / 2;
	top = top > max_top ? max_top : top;
	left = left > max_left ? max_left : left < 0 ? 0 : left;
	if (top == d->top && left == d->left)
		return false;
	d->top = top;
	d->left = left;
	return true;
}

/* All rows may have changed, whatever their age says. */
static bool wants_all(struct draw *d, const struct vt *vt)
{
	bool has_moved = place_view(d, vt);
	bool is_other = d->was_alternate != vt_is_alternate(vt) || d->pane_cols != vt_cols(vt) ||
			d->pane_rows != vt_rows(vt);

	d->was_alternate = vt_is_alternate(vt);
	d->pane_cols = vt_cols(vt);
	d->pane_rows = vt_rows(vt);
	return has_moved || is_other || !d->seen_age || vt_age(vt) < d->seen_age ||
	       vt_state_age(vt) > d->seen_age;
}

static int read_rows(struct draw *d, const struct vt *vt)
{
	bool is_all = wants_all(d, vt);

	for (int y = 0; y < d->rows; y++) {
		int row = d->top + y, r;

		if (!is_all && (row >= vt_rows(vt) || vt_row_age(vt, row) <= d->seen_age))
			continue;
		r = draw_read_row(d, vt, row, y);
		if (r)
			return err_trace(r);
	}
	d->seen_age = vt_age(vt);
	return 0;
}

/* --- frames --- */

static void start_anew(struct draw *d, struct buf *out)
{
	if (draw_has(d, TERMCAPS_LINKS))
		buf_put_str(out, "\033]8;;\033\\");
	if (draw_has(d, TERMCAPS_SCROLL))
		buf_put_str(out, "\033[r");
	buf_put_str(out, "\033[m\033[H\033[2J");
	memset(d->shown_slab, 0, (size_t)d->cols * (size_t)d->rows * sizeof(struct cell));
	for (int y = 0; y < d->rows; y++)
		d->shown[y].hash = draw_hash(d->shown[y].cells, d->cols);
	d->pen = style_default;
	d->at = (struct draw_cursor){ 0, 0 };
	d->prev_props = 1;
	d->is_unknown = false;
}

static void paint(struct draw *d, struct buf *out)
{
	size_t bytes = (size_t)d->cols * sizeof(struct cell);

	if (d->is_unknown)
		start_anew(d, out);
	draw_scroll(d, out);
	draw_blank_end(d, out);
	for (int y = 0; y < d->rows; y++) {
		if (memcmp(d->next[y].cells, d->shown[y].cells, bytes) != 0)
			draw_row(d, y, out);
		d->shown[y].hash = d->next[y].hash;
	}
}

/* Where the cursor is on the user's terminal; false if it is not in view. */
static bool find_cursor(const struct draw *d, const struct vt *vt, struct draw_cursor *ret)
{
	struct vt_cursor c = vt_cursor(vt);
	int y = c.row - d->top, x;

	if (y < 0 || y >= d->rows)
		return false;
	x = (d->next[y].is_double ? 2 * c.col : c.col) - d->left;
	*ret = (struct draw_cursor){ y, x };
	return x >= 0 && x < d->cols;
}

static void put_cursor(struct draw *d, const struct vt *vt, struct buf *out)
{
	struct vt_cursor c = vt_cursor(vt);
	struct draw_cursor to;
	bool is_seen = find_cursor(d, vt, &to);

	if (is_seen)
		draw_move(d, to.row, to.col, out);
	draw_shape(d, &c, out);
	is_seen &= c.is_visible;
	if (is_seen == d->modes.is_hidden)
		buf_put_str(out, is_seen ? "\033[?25h" : "\033[?25l");
	d->modes.is_hidden = !is_seen;
}

static void put_extra(struct draw *d, struct buf *out)
{
	if (d->wants_bell)
		buf_put_char(out, '\a');
	d->wants_bell = false;
	buf_put(out, buf_data(&d->extra), buf_len(&d->extra));
	buf_clear(&d->extra);
}

/* The pieces in order; the cursor is not to be seen running about. */
static void put_frame(struct draw *d, const struct vt *vt, struct buf *out)
{
	bool is_synced = draw_has(d, TERMCAPS_SYNC) && buf_len(&d->body) > SYNC_MIN;

	if (is_synced)
		buf_put_str(out, "\033[?2026h");
	if (buf_len(&d->body) > HIDE_MIN && !d->modes.is_hidden) {
		buf_put_str(out, "\033[?25l");
		d->modes.is_hidden = true;
	}
	buf_put(out, buf_data(&d->body), buf_len(&d->body));
	put_cursor(d, vt, out);
	if (is_synced)
		buf_put_str(out, "\033[?2026l");
}

static int finish(struct draw *d, const struct buf *out, int r)
{
	if (!r)
		r = buf_check(&d->body);
	if (!r)
		r = buf_check(out);
	if (r)
		draw_forget(d);
	return r;
}

int draw_frame(struct draw *d, struct vt *vt, struct buf *out)
{
	struct draw_modes before = d->modes;
	int r;

	if (vt_is_synced(vt))
		return DRAW_E_SYNCED;
	if (wants_sweep(d))
		sweep(d);
	r = read_rows(d, vt);
	if (r)
		return err_trace(finish(d, out, r));
	buf_clear(&d->body);
	paint(d, &d->body);
	draw_modes_sync(d, vt, out);
	draw_titles(d, vt, out);
	put_extra(d, out);
	put_frame(d, vt, out);
	r = finish(d, out, 0);
	if (r)
		d->modes = before; /* none of it was sent */
	return err_trace(r);
}
