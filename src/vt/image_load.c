#include "vt/image.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "vt/color.h"
#include "vt/cursor.h"
#include "vt/history.h"
#include "vt/image_io.h"
#include "vt/mode.h"
#include "vt/scan.h"
#include "vt/title.h"
#include "vt/unicode.h"

#include <errno.h>

/*
 * Nothing of an image is believed: each number is checked where it is read, and
 * what numbers have to do with each other once all are there.  A first fault
 * sticks in .error; from there on nothing but zeros is read.
 */
struct reader {
	const uint8_t *at, *end;
	int error; /* 0, -ENOMEM, VT_E_IMAGE */
	struct vt *vt;
	uint32_t n_styles, n_clusters, n_links; /* so far; ids in the new tables are just so */
};

#define AGE_LEAP (1ull << 32) /* more calls than come between two images */

/* --- numbers --- */

static void fail(struct reader *r)
{
	if (!r->error)
		r->error = VT_E_IMAGE;
	r->at = r->end;
}

static void fail_memory(struct reader *r)
{
	r->error = -ENOMEM;
	r->at = r->end;
}

static uint64_t get(struct reader *r)
{
	uint64_t v = 0;

	for (unsigned shift = 0; r->at < r->end && shift < 64; shift += 7) {
		uint8_t c = *r->at++;

		v |= (uint64_t)(c & 0x7f) << shift;
		if (c < 0x80)
			return v;
	}
	fail(r);
	return 0;
}

static int64_t unzigzag(uint64_t v)
{
	return (int64_t)(v >> 1 ^ -(v & 1));
}

/* A number of [0, max]; 0 if it is not. */
static uint64_t get_max(struct reader *r, uint64_t max)
{
	uint64_t v = get(r);

	if (v > max) {
		fail(r);
		return 0;
	}
	return v;
}

/* That many bytes; NULL if they are not there. */
static const char *get_bytes(struct reader *r, size_t n)
{
	const uint8_t *at = r->at;

	if (n > (size_t)(r->end - at)) {
		fail(r);
		return NULL;
	}
	r->at += n;
	return (const char *)at;
}

/* A copy with a NUL behind it, without controls; NULL: an error was set. */
static char *get_string(struct reader *r, size_t n)
{
	const char *bytes = get_bytes(r, n);
	char *copy = bytes ? mem_zalloc(n + 1, 1) : NULL;

	if (!copy) {
		if (bytes)
			fail_memory(r);
		return NULL;
	}
	memcpy(copy, bytes, n);
	for (size_t i = 0; i < n; i++) {
		if ((uint8_t)copy[i] < 0x20)
			fail(r);
	}
	return copy;
}

/* --- looks --- */

/* One of those before, or, one more, a new one: true. */
static bool get_ref(struct reader *r, uint32_t n_known, uint32_t *ret_ref)
{
	*ret_ref = (uint32_t)get_max(r, (uint64_t)n_known + 1);
	return *ret_ref > n_known;
}

/* What a table answered for something that it did not hold: the next number. */
static void check_ref(struct reader *r, uint32_t got, uint32_t want, uint32_t none)
{
	if (got == none) {
		fail_memory(r);
	} else if (got != want) {
		fail(r);
	}
}

static uint16_t get_link(struct reader *r)
{
	uint32_t ref;

	if (get_ref(r, r->n_links, &ref)) {
		char *uri = get_string(r, get_max(r, LINK_BYTES_MAX));
		char *id = uri ? get_string(r, get_max(r, LINK_ID_BYTES_MAX)) : NULL;

		if (r->n_links == LINKS_MAX)
			fail(r);
		if (id && !r->error)
			check_ref(r, link_intern(&r->vt->links, uri, id), ref, 0);
		mem_free(uri);
		mem_free(id);
		r->n_links++;
	}
	return r->error ? 0 : (uint16_t)ref;
}

static uint32_t get_color(struct reader *r)
{
	static const uint32_t max[] = { 0, 255, COLOR_VALUE };
	uint64_t v = get_max(r, UINT32_MAX);
	uint32_t kind = v & 3, value = (uint32_t)(v >> 2);

	if (kind >= ARRAY_LEN(max) || value > max[kind]) {
		fail(r);
		return COLOR_DEFAULT;
	}
	return kind << 24 | value;
}

static struct style get_pen(struct reader *r)
{
	const uint32_t flags = (STYLE_PROTECTED << 1) - 1;
	struct style s = { .fg = get_color(r), .bg = get_color(r), .underline = get_color(r) };

	s.attrs = (uint16_t)get_max(r, UINT16_MAX);
	if ((s.attrs & ~(flags | STYLE_UNDERLINE_MASK)) || style_underline(&s) > UNDERLINE_DASHED)
		fail(r);
	s.link = get_link(r);
	return s;
}

static uint32_t get_style(struct reader *r)
{
	uint32_t ref;

	if (get_ref(r, r->n_styles, &ref)) {
		struct style s = get_pen(r);

		if (style_is_default(&s))
			fail(r);
		if (!r->error)
			check_ref(r, style_intern(&r->vt->styles, &s), ref, 0);
		r->n_styles++;
	}
	return r->error ? 0 : ref;
}

/* --- rows --- */

static bool is_cluster(const char *text, size_t n)
{
	size_t n_chars = 0, i = 0;
	uint32_t cp;

	if (n > CLUSTER_BYTES_MAX || utf8_valid_prefix(text, n) != n)
		return false;
	for (; i < n; n_chars++) {
		i += utf8_decode(text + i, n - i, &cp);
		if (!image_is_text(cp))
			return false;
	}
	return n_chars >= 1;
}

static uint32_t get_cluster(struct reader *r, uint32_t ref)
{
	if (!ref || ref > r->n_clusters + 1) {
		fail(r);
	} else if (ref > r->n_clusters) {
		size_t n = get_max(r, CLUSTER_BYTES_MAX);
		const char *text = get_bytes(r, n);

		if (!text || !is_cluster(text, n)) {
			fail(r);
			return 0;
		}
		check_ref(r, cluster_intern(&r->vt->clusters, text, (uint32_t)n), ref - 1,
			  CLUSTER_NONE);
		r->n_clusters++;
	}
	return r->error ? 0 : CELL_CLUSTER | (ref - 1);
}

/* A character: what its cell holds. */
static uint32_t get_char(struct reader *r)
{
	uint64_t v = get_max(r, (uint64_t)CELL_VALUE << 2);
	uint32_t value = (uint32_t)(v >> 1);
	uint32_t wide = v & 1 ? CELL_WIDE : 0;

	if (value >= IMAGE_CLUSTER)
		return get_cluster(r, value - IMAGE_CLUSTER) | wide;
	if (!image_is_text(value))
		fail(r);
	return value | wide;
}

static void get_any(struct reader *r, struct cell *cells, int n, uint32_t style)
{
	for (int i = 0; i < n && !r->error; i++) {
		uint32_t text = get_char(r);

		if (text & CELL_WIDE && i + 1 == n) {
			fail(r);
			return;
		}
		cells[i] = (struct cell){ text, style };
		if (text & CELL_WIDE)
			cells[++i] = (struct cell){ CELL_SPACER, style };
	}
}

static void get_ascii(struct reader *r, struct cell *cells, int n, uint32_t style)
{
	enum scan_isa isa = (enum scan_isa)r->vt->isa;
	const uint8_t *text = (const uint8_t *)get_bytes(r, (size_t)n);

	if (!text)
		return;
	if (scan_printable(isa, text, (size_t)n) != (size_t)n) {
		fail(r);
	} else {
		scan_widen(isa, cells, text, (size_t)n, style);
	}
}

/* The next run of at most @room cells; how many it has. */
static int get_run(struct reader *r, struct row *row, int x, int room, uint32_t *style)
{
	struct cell *cells = row->cells + x;
	uint64_t head = get(r);
	int n = (int)(head >> RUN_SHIFT < UINT16_MAX ? head >> RUN_SHIFT : 0);

	if (n < 1 || n > room) {
		fail(r);
		return room;
	}
	if (!(head & RUN_SAME))
		*style = get_style(r);
	if (x && row->cells[0].style != *style)
		row->is_mono = false;
	switch (head & RUN_KIND) {
	case RUN_ASCII:
		get_ascii(r, cells, n, *style);
		break;
	case RUN_BLANK:
		row->is_solid = false;
		for (int i = 0; i < n; i++)
			cells[i] = (struct cell){ 0, *style };
		break;
	case RUN_ANY:
		row->is_ascii = false;
		get_any(r, cells, n, *style);
		break;
	default:
		fail(r);
		break;
	}
	return n;
}

static void get_cells(struct reader *r, struct row *row)
{
	int n = (int)get_max(r, (uint64_t)term_width(r->vt, row));
	uint32_t style = 0;

	if (!row_open(row, r->vt->cols)) {
		fail_memory(r);
		return;
	}
	for (int x = 0; x < n && !r->error;) {
		x += get_run(r, row, x, n - x, &style);
	}
	row->n = r->error ? 0 : (uint16_t)n;
}

static void get_marks(struct reader *r, struct row *row)
{
	unsigned n = (unsigned)get_max(r, LINE_MARKS_MAX);

	for (unsigned i = 0; i < n; i++) {
		struct mark m = { .id = get_max(r, r->vt->next_mark) };
		int64_t status;

		m.col = (uint32_t)get_max(r, VT_COLS_MAX);
		status = unzigzag(get(r));
		m.kind = (uint8_t)get_max(r, MARK_USER);
		if (status < -1 || status > INT32_MAX)
			fail(r);
		m.status = (int32_t)status;
		row_add_mark(row, &m);
	}
	if (row->n_marks != n)
		fail_memory(r);
}

static void get_row(struct reader *r, struct row *row)
{
	const unsigned flags = LINE_WRAPPED | LINE_DOUBLE | LINE_DHL_TOP | LINE_DHL_BOTTOM;
	unsigned head = (unsigned)get_max(r, flags | ROW_HAS_MARKS | ROW_HAS_CELLS);

	row->flags = (uint8_t)(head & flags);
	if (head & LINE_DOUBLE && term_mode(r->vt, VT_MODE_DECLRMM))
		fail(r);
	row->age = r->vt->age;
	if (head & ROW_HAS_MARKS)
		get_marks(r, row);
	if (head & ROW_HAS_CELLS)
		get_cells(r, row);
}

static void get_grid(struct reader *r, struct grid *g)
{
	if (!get_max(r, 1))
		return;
	if (!g->slab && !grid_init(g, r->vt->cols, r->vt->rows)) {
		fail_memory(r);
		return;
	}
	g->scroll_age = r->vt->age;
	for (int y = 0; y < g->n_rows && !r->error; y++)
		get_row(r, g->rows[y]);
}

/* --- the rest --- */

/* Modes that are no more are left out. */
static uint64_t get_modes(struct reader *r)
{
	uint64_t modes = 0;

	for (uint64_t n = get_max(r, VT_N_MODES); n > 0; n--) {
		uint64_t v = get_max(r, 2 * UINT16_MAX + 1);
		enum vt_mode m = mode_find(v & 1, (int)(v >> 1));

		if (m != VT_N_MODES)
			modes |= 1ull << m;
	}
	return modes;
}

static void get_fields(struct reader *r)
{
	for (unsigned i = 0; i < image_n_fields; i++) {
		const struct image_field *f = &image_fields[i];
		uint64_t v = get(r);
		int64_t value = f->min < 0 ? unzigzag(v) : (int64_t)v;

		if (value < f->min || value > f->max) {
			fail(r);
			return;
		}
		image_put_le((uint8_t *)r->vt + f->offset, (uint64_t)value, f->size);
	}
}

static void get_pens(struct reader *r)
{
	struct vt *vt = r->vt;

	vt->cur.pen = get_pen(r);
	vt->primary.saved.pen = get_pen(r);
	vt->alternate.saved.pen = get_pen(r);
	for (unsigned i = 0; i < vt->n_sgr; i++)
		vt->sgr_stack[i] = get_pen(r);
	term_pen_changed(vt);
}

static void get_tabs(struct reader *r)
{
	int col = 0;

	tabs_reset(r->vt);
	for (uint64_t n = get_max(r, VT_COLS_MAX); n > 0 && !r->error; n--) {
		col += (int)get_max(r, VT_COLS_MAX);
		if (col < VT_COLS_MAX) {
			tab_set(r->vt, col, !tab_is_set(r->vt, col));
		} else {
			fail(r);
		}
	}
}

static void get_title(struct reader *r, char **title)
{
	uint64_t n = get_max(r, TITLE_BYTES_MAX + 1);

	mem_free(*title);
	*title = n ? get_string(r, (size_t)n - 1) : NULL;
}

static void get_titles(struct reader *r)
{
	for (int k = 0; k < 2; k++) {
		get_title(r, &r->vt->titles[k]);
		for (int i = 0; i < r->vt->n_titles; i++)
			get_title(r, &r->vt->title_stack[i][k]);
	}
}

static void get_palette(struct reader *r)
{
	uint32_t *colors;

	if (!get_max(r, 1))
		return;
	r->vt->palette = mem_new(struct palette);
	if (!r->vt->palette) {
		fail_memory(r);
		return;
	}
	colors = (uint32_t *)r->vt->palette;
	for (unsigned i = 0; i < sizeof *r->vt->palette / sizeof *colors; i++) {
		uint64_t v = get_max(r, COLOR_VALUE + 1);

		colors[i] = v ? (uint32_t)v - 1 : i < 256 ? color_default(i) : 0;
	}
}

/* A string under way, as far as the limits of now allow. */
static void get_payload(struct reader *r)
{
	const struct vt_opts *o = &r->vt->opts;
	size_t max = o->image_bytes > o->string_bytes ? o->image_bytes : o->string_bytes;
	struct parser *p = &r->vt->parser;
	uint64_t n = get_max(r, (uint64_t)(r->end - r->at));
	const char *bytes = get_bytes(r, (size_t)n);

	p->max_string = p->max_string < max ? p->max_string : max;
	if (!bytes || !n)
		return;
	if (p->is_void) {
		fail(r);
	} else if (n > p->max_string) {
		p->is_void = true;
	} else if (!parser_restore(p, bytes, (size_t)n)) {
		fail_memory(r);
	}
}

static void get_params(struct reader *r, struct params *p, uint8_t state)
{
	unsigned n;

	p->n = (uint8_t)get_max(r, PARAMS_MAX + 1);
	p->is_sub = (uint32_t)get_max(r, UINT32_MAX);
	p->prefix = (char)get_max(r, 0x7f);
	p->n_inter = (uint8_t)get_max(r, INTERMEDIATES_MAX + 1);
	p->inter[0] = (char)get_max(r, 0x7f);
	p->inter[1] = (char)get_max(r, 0x7f);
	n = image_n_params(state, p->n);
	for (unsigned i = 0; i < n; i++) {
		int64_t v = unzigzag(get(r));

		if (v < -1 || v > PARAM_MAX)
			fail(r);
		p->v[i] = r->error ? 0 : (int32_t)v;
	}
}

static void get_parser(struct reader *r)
{
	struct parser *p = &r->vt->parser;
	uint8_t state = (uint8_t)get_max(r, STATE_N - 1);

	p->state = state;
	p->outer = (uint8_t)get_max(r, STATE_N - 1);
	if (state == STATE_STRING_ESC ? !image_has_string(p->outer) : p->outer != state)
		fail(r);
	p->utf8_need = (uint8_t)get_max(r, 3);
	if (p->utf8_need) {
		p->utf8_low = (uint8_t)get_max(r, UINT8_MAX);
		p->utf8_high = (uint8_t)get_max(r, UINT8_MAX);
		p->utf8_cp = (uint32_t)get_max(r, 0x10ffff);
	}
	if (p->outer == STATE_GROUND)
		return;
	p->is_c2 = get_max(r, 1);
	if (image_has_params(p->outer))
		get_params(r, &p->params, p->outer);
	if (image_has_string(p->outer)) {
		p->introducer = (char)get_max(r, 0x7f);
		p->final = (char)get_max(r, 0x7f);
		p->is_void = get_max(r, 1);
		p->max_string = get_max(r, SIZE_MAX / 2);
		get_payload(r);
	}
}

static void get_last(struct reader *r)
{
	struct vt *vt = r->vt;

	vt->last_x = (int)get_max(r, (uint64_t)vt->cols) - 1;
	if (vt->last_x < 0)
		return;
	vt->last_y = (int)get_max(r, (uint64_t)vt->rows - 1);
	vt->break_state = (uint8_t)get_max(r, UNICODE_STATE_MAX);
	vt->last_props = (uint8_t)get_max(r, UINT8_MAX);
}

/* --- what must fit together --- */

/* Whatever completes the code point begun, it is one. */
static bool is_utf8_sound(const struct parser *p)
{
	unsigned shift = 6u * p->utf8_need;
	uint32_t low, high;

	if (!p->utf8_need)
		return true;
	if (p->utf8_low < 0x80 || p->utf8_high > 0xbf || p->utf8_low > p->utf8_high ||
	    p->utf8_cp >> 15 || p->utf8_cp << shift >= 0x110000)
		return false;
	low = p->utf8_cp << shift | (p->utf8_low & 0x3fu) << (shift - 6);
	high = p->utf8_cp << shift | (p->utf8_high & 0x3fu) << (shift - 6) |
	       ((1u << (shift - 6)) - 1);
	return low >= 0x80 && high < 0x110000 && (high < 0xd800 || low >= 0xe000);
}

/* The cell that a combining mark may join is there and no right half. */
static bool is_last_sound(const struct vt *vt)
{
	return vt->last_x < 0 ||
	       !(row_cell(vt->grid->rows[vt->last_y], vt->last_x).text & CELL_SPACER);
}

static bool is_sound(const struct vt *vt)
{
	return vt->cur.x < vt->cols && vt->cur.y < vt->rows && vt->top <= vt->bottom &&
	       vt->bottom < vt->rows && vt->left <= vt->right && vt->right < vt->cols &&
	       vt->reflow_age <= vt->age && (!vt->last_cp || image_is_text(vt->last_cp)) &&
	       unicode_class(vt->last_props) < UNICODE_N_CLASSES && is_utf8_sound(&vt->parser) &&
	       (!vt->is_alternate || vt->alternate.grid.slab) && is_last_sound(vt);
}

/* What goes without saying. */
static void complete(struct vt *vt)
{
	vt->grid = vt->is_alternate ? &vt->alternate.grid : &vt->primary.grid;
	vt->cursor_age = vt->state_age = vt->age;
	term_update_simple(vt);
}

static void get_all(struct reader *r, uint64_t n_pushed)
{
	struct vt *vt = r->vt;

	if (vt->history)
		history_begin(vt->history, n_pushed);
	vt->modes = get_modes(r);
	vt->has_saved_modes = get_modes(r);
	vt->saved_modes = get_modes(r);
	get_fields(r);
	if (r->error)
		return;
	vt->age += AGE_LEAP;
	get_pens(r);
	get_tabs(r);
	get_titles(r);
	get_palette(r);
	get_last(r);
	get_parser(r);
	get_grid(r, &vt->primary.grid);
	get_grid(r, &vt->alternate.grid);
	if (r->at != r->end)
		fail(r);
	if (r->error)
		return;
	if (vt->is_alternate && !vt->alternate.grid.slab) {
		fail(r);
		return;
	}
	complete(vt);
	if (!is_sound(vt))
		fail(r);
}

static bool is_image(const uint8_t *p, size_t n)
{
	return n >= IMAGE_HEAD_BYTES && !memcmp(p, IMAGE_MAGIC, 4) &&
	       image_get_le(p + 4, 4) == n - IMAGE_HEAD_BYTES &&
	       image_get_le(p + 8, 8) == image_checksum(p + IMAGE_HEAD_BYTES, n - IMAGE_HEAD_BYTES);
}

int vt_load(const void *image, size_t n, const struct vt_opts *opts, const struct vt_callbacks *cbs,
	    void *user, struct vt **ret)
{
	const uint8_t *bytes = image;
	struct reader r = { 0 };
	uint64_t cols, rows, n_pushed;

	if (!is_image(bytes, n))
		return VT_E_IMAGE;
	r.at = bytes + IMAGE_HEAD_BYTES;
	r.end = bytes + n;
	cols = get_max(&r, VT_COLS_MAX);
	rows = get_max(&r, VT_ROWS_MAX);
	n_pushed = get_max(&r, INT64_MAX / 2);
	if (r.error || !cols || !rows)
		return VT_E_IMAGE;
	r.vt = vt_new((int)cols, (int)rows, opts, cbs, user);
	if (!r.vt)
		return -ENOMEM;
	get_all(&r, n_pushed);
	if (r.error) {
		vt_free(r.vt);
		return r.error;
	}
	*ret = r.vt;
	return 0;
}
