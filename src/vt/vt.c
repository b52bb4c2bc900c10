#include "vt/vt.h"

#include "base/mem.h"
#include "vt/cursor.h"
#include "vt/feed.h"
#include "vt/history.h"
#include "vt/mode.h"
#include "vt/report.h"
#include "vt/reset.h"
#include "vt/scan.h"
#include "vt/scroll.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HISTORY_LINES 10000
#define HISTORY_BYTES (10u << 20)
#define STRING_BYTES (1u << 20)
#define IMAGE_BYTES (4u << 20)

static int clamp(int v, int low, int high)
{
	return v < low ? low : v > high ? high : v;
}

/* --- life --- */

static void opts_complete(struct vt_opts *o)
{
	o->history_lines = o->history_lines ? o->history_lines : HISTORY_LINES;
	o->history_bytes = o->history_bytes ? o->history_bytes : HISTORY_BYTES;
	o->string_bytes = o->string_bytes ? o->string_bytes : STRING_BYTES;
	o->image_bytes = o->image_bytes ? o->image_bytes : IMAGE_BYTES;
	o->cell_width = o->cell_width ? o->cell_width : 8;
	o->cell_height = o->cell_height ? o->cell_height : 16;
	o->version = o->version ? o->version : "OrchFlow";
	if (!(o->fg | o->bg | o->cursor)) {
		o->fg = o->is_light ? 0x000000 : 0xe5e5e5;
		o->bg = o->is_light ? 0xffffff : 0x000000;
		o->cursor = o->fg;
	}
}

struct vt *vt_new(int cols, int rows, const struct vt_opts *opts, const struct vt_callbacks *cbs,
		  void *user)
{
	struct vt *vt = mem_new(struct vt);

	if (!vt)
		return NULL;
	if (opts)
		vt->opts = *opts;
	if (cbs)
		vt->cbs = *cbs;
	opts_complete(&vt->opts);
	vt->user = user;
	vt->cols = clamp(cols, 1, VT_COLS_MAX);
	vt->rows = clamp(rows, 1, VT_ROWS_MAX);
	vt->isa = (uint8_t)scan_isa_best();
	vt->is_focused = true;
	vt->is_light = vt->opts.is_light;
	vt->grid = &vt->primary.grid;
	vt->tabs = mem_zalloc((VT_COLS_MAX + 7) / 8, 1);
	vt->age = 1;
	if (!vt->opts.has_no_history) {
		vt->history = history_new(vt->opts.history_lines, vt->opts.history_bytes,
					  vt->opts.compress);
	}
	if (!vt->tabs || (!vt->history && !vt->opts.has_no_history) ||
	    !grid_init(vt->grid, vt->cols, vt->rows))
		return vt_free(vt);

	bool was_replay = vt->is_replay;

	vt->is_replay = true; /* nobody is told of the modes that a terminal starts with */
	reset_full(vt);
	vt->is_replay = was_replay;
	return vt;
}

struct vt *vt_free(struct vt *vt)
{
	if (!vt)
		return NULL;
	for (int i = 0; i < vt->n_titles; i++) {
		mem_free(vt->title_stack[i][0]);
		mem_free(vt->title_stack[i][1]);
	}
	for (int i = vt->n_titles; i < TITLES_MAX; i++) {
		mem_free(vt->title_stack[i][0]);
		mem_free(vt->title_stack[i][1]);
	}
	mem_free(vt->titles[0]);
	mem_free(vt->titles[1]);
	mem_free(vt->palette);
	mem_free(vt->tabs);
	history_free(vt->history);
	grid_fini(&vt->primary.grid);
	grid_fini(&vt->alternate.grid);
	style_table_fini(&vt->styles);
	cluster_table_fini(&vt->clusters);
	link_table_fini(&vt->links);
	parser_fini(&vt->parser);
	line_buf_fini(&vt->scratch);
	mem_free(vt);
	return NULL;
}

static bool cursor_differs(const struct cursor *a, const struct cursor *b)
{
	return a->x != b->x || a->y != b->y || a->is_last != b->is_last;
}

void vt_feed(struct vt *vt, const void *bytes, size_t n)
{
	struct cursor old = vt->cur;

	vt->age++;
	parser_feed(vt, bytes, n);
	if (cursor_differs(&old, &vt->cur))
		vt->cursor_age = vt->age;
}

void vt_clear_history(struct vt *vt)
{
	if (vt->history)
		history_clear(vt->history);
}

void vt_reset(struct vt *vt, bool wants_history_cleared)
{
	vt->age++;
	vt->parser.state = STATE_GROUND;
	vt->parser.utf8_need = 0;
	reset_full(vt);
	if (wants_history_cleared && vt->history)
		history_clear(vt->history);
}

void vt_replay(struct vt *vt, bool is_on)
{
	vt->is_replay = is_on;
}

/* --- what the owner tells --- */

void vt_set_cell_pixels(struct vt *vt, int width, int height)
{
	vt->opts.cell_width = (uint16_t)clamp(width, 1, 1000);
	vt->opts.cell_height = (uint16_t)clamp(height, 1, 1000);
}

bool vt_is_synced(const struct vt *vt)
{
	return term_mode(vt, VT_MODE_SYNC);
}

void vt_sync_end(struct vt *vt)
{
	mode_put(vt, VT_MODE_SYNC, false);
}

void vt_focus(struct vt *vt, bool is_focused)
{
	if (vt->is_focused == is_focused)
		return;
	vt->is_focused = is_focused;
	if (term_mode(vt, VT_MODE_FOCUS))
		term_replyf(vt, "\033[%c", is_focused ? 'I' : 'O');
}

void vt_color_scheme(struct vt *vt, bool is_light)
{
	if (vt->is_light == is_light)
		return;
	vt->is_light = is_light;
	if (term_mode(vt, VT_MODE_COLOR_SCHEME))
		report_color_scheme(vt);
}

/* --- replies --- */

/* With 8-bit controls on, ESC and a byte of 40 .. 5f are one byte. */
static void reply_8bit(struct vt *vt, const char *bytes, size_t n)
{
	size_t i = 0, from = 0;
	char c1;

	while (i + 1 < n) {
		if (bytes[i] != '\033' || bytes[i + 1] < 0x40 || bytes[i + 1] > 0x5f) {
			i++;
			continue;
		}
		if (i > from)
			vt->cbs.reply(vt->user, bytes + from, i - from);
		c1 = (char)(bytes[i + 1] + 0x40);
		vt->cbs.reply(vt->user, &c1, 1);
		i += 2;
		from = i;
	}
	if (from < n)
		vt->cbs.reply(vt->user, bytes + from, n - from);
}

void term_reply(struct vt *vt, const char *bytes, size_t n)
{
	if (vt->is_replay || !vt->cbs.reply || !n)
		return;
	if (vt->is_8bit) {
		reply_8bit(vt, bytes, n);
	} else {
		vt->cbs.reply(vt->user, bytes, n);
	}
}

void term_replyf(struct vt *vt, const char *fmt, ...)
{
	char text[512];
	__builtin_va_list ap; /* <stdarg.h> without the header: this module is pure */
	int n;

	__builtin_va_start(ap, fmt);
	n = vsnprintf(text, sizeof text, fmt, ap);
	__builtin_va_end(ap);
	if (n > 0)
		term_reply(vt, text, (size_t)n < sizeof text ? (size_t)n : sizeof text - 1);
}

/* --- reading --- */

int vt_cols(const struct vt *vt)
{
	return vt->cols;
}

int vt_rows(const struct vt *vt)
{
	return vt->rows;
}

struct vt_cursor vt_cursor(const struct vt *vt)
{
	static const enum vt_cursor_shape shapes[] = { VT_CURSOR_BLOCK,     VT_CURSOR_BLOCK,
						       VT_CURSOR_BLOCK,     VT_CURSOR_UNDERLINE,
						       VT_CURSOR_UNDERLINE, VT_CURSOR_BAR,
						       VT_CURSOR_BAR };

	return (struct vt_cursor){ .row = vt->cur.y,
				   .col = vt->cur.x,
				   .is_visible = term_mode(vt, VT_MODE_DECTCEM),
				   .is_blinking = term_mode(vt, VT_MODE_CURSOR_BLINK),
				   .is_wrap_pending = vt->cur.is_last,
				   .shape = shapes[vt->cursor_style] };
}

bool vt_mode(const struct vt *vt, enum vt_mode m)
{
	return term_mode(vt, m);
}

bool vt_is_alternate(const struct vt *vt)
{
	return vt->is_alternate;
}

int vt_history_lines(const struct vt *vt)
{
	return vt->history ? (int)history_count(vt->history) : 0;
}

int vt_line(const struct vt *vt, int row, struct line_buf *buf, struct line_view *ret_view)
{
	int n = vt_history_lines(vt);

	if (row >= vt->rows || row < -n)
		return -ERANGE;
	if (row < 0)
		return history_read(vt->history, (uint32_t)(n + row), buf, ret_view);
	return scroll_row_view(vt, vt->grid->rows[row], buf, ret_view);
}

uint64_t vt_age(const struct vt *vt)
{
	return vt->age;
}

uint64_t vt_row_age(const struct vt *vt, int row)
{
	uint64_t scroll = vt->grid->scroll_age, age;

	if (row < 0 || row >= vt->rows)
		return 0;
	age = vt->grid->rows[row]->age;
	return age > scroll ? age : scroll;
}

uint64_t vt_cursor_age(const struct vt *vt)
{
	return vt->cursor_age;
}

uint64_t vt_state_age(const struct vt *vt)
{
	return vt->state_age;
}

uint64_t vt_lines_pushed(const struct vt *vt)
{
	return vt->history ? history_dropped(vt->history) + history_count(vt->history) : 0;
}

uint64_t vt_lines_dropped(const struct vt *vt)
{
	return vt->history ? history_dropped(vt->history) : 0;
}

uint64_t vt_reflow_age(const struct vt *vt)
{
	return vt->reflow_age;
}

bool vt_idle(struct vt *vt)
{
	return vt->history && history_idle(vt->history);
}

static size_t grid_memory(const struct grid *g)
{
	size_t n = 0;

	for (int y = 0; y < g->n_rows; y++) {
		const struct row *r = g->rows[y];

		/* NOLINTNEXTLINE(bugprone-sizeof-expression): two pointers lead to it */
		n += sizeof *r + 2 * sizeof r + r->size * sizeof *r->cells;
		n += r->marks ? LINE_MARKS_MAX * sizeof *r->marks : 0;
	}
	return n;
}

size_t vt_history_memory(const struct vt *vt)
{
	return vt->history ? history_memory(vt->history) : 0;
}

size_t vt_memory(const struct vt *vt)
{
	size_t n = sizeof *vt + (VT_COLS_MAX + 7) / 8;

	n += grid_memory(&vt->primary.grid) + grid_memory(&vt->alternate.grid);
	n += vt_history_memory(vt);
	n += vt->palette ? sizeof *vt->palette : 0;
	n += vt->styles.size * (sizeof *vt->styles.styles + 2 * sizeof *vt->styles.hash);
	n += vt->clusters.size * (sizeof *vt->clusters.clusters + 2 * sizeof *vt->clusters.hash);
	n += vt->clusters.size_bytes + vt->parser.size_string;
	n += vt->scratch.size_bytes + vt->scratch.size_runs * sizeof *vt->scratch.runs;
	return n;
}
