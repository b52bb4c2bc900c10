#include "vt/image.h"

#include "base/buf.h"
#include "base/mem.h"
#include "vt/color.h"
#include "vt/cursor.h"
#include "vt/history.h"
#include "vt/image_io.h"
#include "vt/scan.h"

#include <errno.h>

/* Numbers that ids get in the order in which they appear. */
struct refs {
	uint32_t *of; /* by id: 0 = not yet */
	uint32_t n;
};

struct writer {
	const struct vt *vt;
	struct buf *out;
	struct refs styles, clusters, links;
};

/* --- numbers --- */

static uint8_t *put_number(uint8_t *to, uint64_t v)
{
	for (; v >= 0x80; v >>= 7)
		*to++ = (uint8_t)(v | 0x80);
	*to++ = (uint8_t)v;
	return to;
}

static void put(struct writer *w, uint64_t v)
{
	uint8_t bytes[IMAGE_NUMBER_MAX];

	buf_put(w->out, bytes, (size_t)(put_number(bytes, v) - bytes));
}

static void put_text(struct writer *w, const char *text, size_t n)
{
	put(w, n);
	buf_put(w->out, text, n);
}

/* Where a value's number stands; 0 in there: it is new. */
static bool put_ref(struct writer *w, struct refs *refs, uint32_t id)
{
	bool is_new = !refs->of[id];

	if (is_new)
		refs->of[id] = ++refs->n;
	put(w, refs->of[id]);
	return is_new;
}

/* --- looks --- */

static void put_link(struct writer *w, uint16_t id)
{
	const struct link *l = link_get(&w->vt->links, id);

	if (!l) {
		put(w, 0);
	} else if (put_ref(w, &w->links, id)) {
		put_text(w, l->uri, strlen(l->uri));
		put_text(w, l->id, strlen(l->id));
	}
}

static uint64_t color_number(uint32_t c)
{
	return (uint64_t)(c & COLOR_VALUE) << 2 | c >> 24;
}

static void put_pen(struct writer *w, const struct style *s)
{
	put(w, color_number(s->fg));
	put(w, color_number(s->bg));
	put(w, color_number(s->underline));
	put(w, s->attrs);
	put_link(w, s->link);
}

static void put_style(struct writer *w, uint32_t id)
{
	if (!id) {
		put(w, 0);
	} else if (put_ref(w, &w->styles, id)) {
		put_pen(w, &w->vt->styles.styles[id]);
	}
}

/* --- rows --- */

static inline enum run_kind kind_of(uint32_t text)
{
	return text - 0x20 < 0x5f ? RUN_ASCII : text ? RUN_ANY : RUN_BLANK;
}

static int run_end(const struct row *r, int x)
{
	uint32_t style = r->cells[x].style;
	enum run_kind kind = kind_of(r->cells[x].text);

	while (++x < r->n && r->cells[x].style == style && kind_of(r->cells[x].text) == kind)
		;
	return x;
}

static void put_ascii(struct writer *w, const struct cell *cells, int n)
{
	char *to = buf_reserve(w->out, (size_t)n + SCAN_NARROW_SLACK);

	if (!to) {
		w->out->is_broken = true;
		return;
	}
	scan_narrow((enum scan_isa)w->vt->isa, to, cells, (size_t)n);
	buf_commit(w->out, (size_t)n);
}

static void put_cluster(struct writer *w, uint32_t id, unsigned is_wide)
{
	bool is_new = !w->clusters.of[id];

	if (is_new)
		w->clusters.of[id] = ++w->clusters.n;
	put(w, (uint64_t)(IMAGE_CLUSTER + w->clusters.of[id]) << 1 | is_wide);
	if (is_new) {
		uint32_t n;
		const char *text = cluster_text(&w->vt->clusters, id, &n);

		put_text(w, text, n);
	}
}

static void put_any(struct writer *w, const struct cell *cells, int n)
{
	uint8_t bytes[64 + IMAGE_NUMBER_MAX], *to = bytes;

	for (int i = 0; i < n; i++) {
		uint32_t text = cells[i].text;
		unsigned is_wide = text & CELL_WIDE ? 1 : 0;

		if (text & CELL_SPACER)
			continue;
		if (text & CELL_CLUSTER || to - bytes > 64) {
			buf_put(w->out, bytes, (size_t)(to - bytes));
			to = bytes;
		}
		if (text & CELL_CLUSTER) {
			put_cluster(w, text & CELL_VALUE, is_wide);
		} else {
			to = put_number(to, (uint64_t)(text & CELL_VALUE) << 1 | is_wide);
		}
	}
	buf_put(w->out, bytes, (size_t)(to - bytes));
}

static void put_cells(struct writer *w, const struct row *r)
{
	uint32_t style = 0;

	for (int x = 0, to; x < r->n; x = to) {
		enum run_kind kind = kind_of(r->cells[x].text);
		bool is_same = r->cells[x].style == style;

		to = run_end(r, x);
		style = r->cells[x].style;
		put(w, (uint64_t)(to - x) << RUN_SHIFT | (is_same ? RUN_SAME : 0) | (unsigned)kind);
		if (!is_same)
			put_style(w, style);
		if (kind == RUN_ASCII) {
			put_ascii(w, &r->cells[x], to - x);
		} else if (kind == RUN_ANY) {
			put_any(w, &r->cells[x], to - x);
		}
	}
}

static uint64_t zigzag(int64_t v)
{
	return (uint64_t)v << 1 ^ (uint64_t)(v >> 63);
}

static void put_row(struct writer *w, const struct row *r)
{
	put(w, r->flags | (r->n_marks ? ROW_HAS_MARKS : 0u) | (r->n ? ROW_HAS_CELLS : 0u));
	if (r->n_marks)
		put(w, r->n_marks);
	for (unsigned i = 0; i < r->n_marks; i++) {
		put(w, r->marks[i].id);
		put(w, r->marks[i].col);
		put(w, zigzag(r->marks[i].status));
		put(w, r->marks[i].kind);
	}
	if (r->n) {
		put(w, r->n);
		put_cells(w, r);
	}
}

static void put_grid(struct writer *w, const struct grid *g)
{
	put(w, g->slab != NULL);
	for (int y = 0; g->slab && y < g->n_rows; y++)
		put_row(w, g->rows[y]);
}

/* --- the rest --- */

/* Those that are set, by their numbers, which do not change as the list does. */
static void put_modes(struct writer *w, uint64_t modes)
{
	put(w, (uint64_t)__builtin_popcountll(modes));
	for (int m = 0; m < VT_N_MODES; m++) {
		const struct vt_mode_info *info = vt_mode_info((enum vt_mode)m);

		if (modes >> m & 1)
			put(w, (uint64_t)info->number << 1 | info->is_private);
	}
}

static void put_fields(struct writer *w)
{
	for (unsigned i = 0; i < image_n_fields; i++) {
		const struct image_field *f = &image_fields[i];
		uint64_t v = image_get_le((const uint8_t *)w->vt + f->offset, f->size);
		uint64_t sign = 1ull << ((8 * f->size - 1) & 63);

		put(w, f->min < 0 ? zigzag((int64_t)((v ^ sign) - sign)) : v);
	}
}

static void put_pens(struct writer *w)
{
	const struct vt *vt = w->vt;

	put_pen(w, &vt->cur.pen);
	put_pen(w, &vt->primary.saved.pen);
	put_pen(w, &vt->alternate.saved.pen);
	for (unsigned i = 0; i < vt->n_sgr; i++)
		put_pen(w, &vt->sgr_stack[i]);
}

/* Few change them: the columns where they are not as after a reset. */
static void put_tabs(struct writer *w)
{
	unsigned n = 0;

	for (int col = 0; col < VT_COLS_MAX; col++)
		n += tab_is_set(w->vt, col) != (col % 8 == 0);
	put(w, n);
	for (int col = 0, last = 0; n && col < VT_COLS_MAX; col++) {
		if (tab_is_set(w->vt, col) != (col % 8 == 0)) {
			put(w, (uint64_t)(col - last));
			last = col;
			n--;
		}
	}
}

/* Length and one; 0: none was ever set. */
static void put_title(struct writer *w, const char *title)
{
	put(w, title ? strlen(title) + 1 : 0);
	if (title)
		buf_put_str(w->out, title);
}

static void put_titles(struct writer *w)
{
	for (int k = 0; k < 2; k++) {
		put_title(w, w->vt->titles[k]);
		for (int i = 0; i < w->vt->n_titles; i++)
			put_title(w, w->vt->title_stack[i][k]);
	}
}

/* A byte says whether a colour is what it is without a palette: most are. */
static void put_palette(struct writer *w)
{
	const struct palette *p = w->vt->palette;
	const uint32_t *colors = (const uint32_t *)p;

	put(w, p != NULL);
	for (unsigned i = 0; p && i < sizeof *p / sizeof *colors; i++) {
		bool is_default = i < 256 && colors[i] == color_default(i);

		put(w, is_default ? 0 : (uint64_t)colors[i] + 1);
	}
}

/* The cell that a combining mark would join, if there is one. */
static void put_last(struct writer *w)
{
	const struct vt *vt = w->vt;

	put(w, (unsigned)(vt->last_x + 1));
	if (vt->last_x < 0)
		return;
	put(w, (uint64_t)vt->last_y);
	put(w, vt->break_state);
	put(w, vt->last_props);
}

static void put_params(struct writer *w, const struct params *p, uint8_t state)
{
	unsigned n = image_n_params(state, p->n);

	put(w, p->n);
	put(w, p->is_sub);
	put(w, (uint8_t)p->prefix);
	put(w, p->n_inter);
	put(w, (uint8_t)p->inter[0]);
	put(w, (uint8_t)p->inter[1]);
	for (unsigned i = 0; i < n; i++)
		put(w, zigzag(p->v[i]));
}

/* What the state needs, and not what the last sequence left behind. */
static void put_parser(struct writer *w)
{
	const struct parser *p = &w->vt->parser;
	uint8_t state = p->state == STATE_STRING_ESC ? p->outer : p->state;

	put(w, p->state);
	put(w, state);
	put(w, p->utf8_need);
	if (p->utf8_need) {
		put(w, p->utf8_low);
		put(w, p->utf8_high);
		put(w, p->utf8_cp);
	}
	if (state == STATE_GROUND)
		return;
	put(w, p->is_c2);
	if (image_has_params(state))
		put_params(w, &p->params, state);
	if (image_has_string(state)) {
		put(w, state == STATE_STRING ? (uint8_t)p->introducer : 0);
		put(w, state == STATE_DCS_PASS ? (uint8_t)p->final : 0);
		put(w, p->is_void);
		put(w, p->max_string);
		put_text(w, p->string, p->n_string);
	}
}

static bool open_refs(struct refs *refs, uint32_t n)
{
	refs->of = n ? mem_zalloc(n, sizeof *refs->of) : NULL;
	return refs->of || !n;
}

static void put_all(struct writer *w)
{
	put(w, (uint64_t)w->vt->cols);
	put(w, (uint64_t)w->vt->rows);
	put(w, vt_lines_pushed(w->vt));
	put_modes(w, w->vt->modes);
	put_modes(w, w->vt->has_saved_modes);
	put_modes(w, w->vt->has_saved_modes & w->vt->saved_modes);
	put_fields(w);
	put_pens(w);
	put_tabs(w);
	put_titles(w);
	put_palette(w);
	put_last(w);
	put_parser(w);
	put_grid(w, &w->vt->primary.grid);
	put_grid(w, &w->vt->alternate.grid);
}

int vt_save(const struct vt *vt, struct buf *out)
{
	struct writer w = { .vt = vt, .out = out };
	size_t start = buf_len(out), n;
	uint8_t head[IMAGE_HEAD_BYTES] = IMAGE_MAGIC;

	buf_put(out, head, sizeof head);
	if (open_refs(&w.styles, vt->styles.n) && open_refs(&w.clusters, vt->clusters.n) &&
	    open_refs(&w.links, vt->links.n + 1)) {
		put_all(&w);
	} else {
		out->is_broken = true;
	}
	mem_free(w.styles.of);
	mem_free(w.clusters.of);
	mem_free(w.links.of);
	if (buf_check(out))
		return -ENOMEM;
	n = buf_len(out) - start - sizeof head;
	if (n > UINT32_MAX)
		return -ENOMEM;

	uint8_t *at = (uint8_t *)out->data + out->start + start;

	image_put_le(at + 4, n, 4);
	image_put_le(at + 8, image_checksum(at + sizeof head, n), 8);
	return 0;
}
