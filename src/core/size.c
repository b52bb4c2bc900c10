/* Sizes: of a pane, and of those who look at it.  The smallest viewer wins. */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "base/log.h"
#include "base/mem.h"
#include "core/layout.h"
#include "core/state.h"

#define COLS_MAX 2000
#define ROWS_MAX 1000

int size_check(int64_t cols, int64_t rows, const char *ref, struct fail *reterr)
{
	if (cols >= 1 && cols <= COLS_MAX && rows >= 1 && rows <= ROWS_MAX)
		return 0;
	return fail_setf(reterr, FAIL_INVALID_SIZE, ref,
			 "%lld x %lld; columns are 1..%d, rows 1..%d", (long long)cols,
			 (long long)rows, COLS_MAX, ROWS_MAX);
}

void size_push(const struct pane *p)
{
	const struct stream *out = &p->streams[CORE_OUT];
	struct winsize w = { .ws_col = p->cols, .ws_row = p->rows };

	if (p->is_pty && out->is_open && ioctl(out->fd, TIOCSWINSZ, &w) < 0)
		log_warn("pane p%llu: its size cannot be set", (unsigned long long)p->number);
}

void size_apply(struct pane *p, uint16_t cols, uint16_t rows)
{
	struct stream *out = &p->streams[CORE_OUT];

	if (p->cols == cols && p->rows == rows)
		return;
	/* What was printed for the old size is with the subscribers before they hear of
	 * the new one. */
	fanout_flush(&p->streams[CORE_OUT]);
	p->cols = cols;
	p->rows = rows;
	term_resize(p); /* before the program hears of it */
	size_push(p);
	if (out->has_slot)
		arena_slot_note_resize(&p->core->arena, out->slot, cols, rows);
	record_resize(p);
	registry_put_pane(p);
	core_event(p->core, CORE_PANE_RESIZED, p, p->session);
}

int core_pane_resize(struct core *c, struct pane *p, int64_t cols, int64_t rows,
		     struct fail *reterr)
{
	(void)c;
	if (size_check(cols, rows, "cols", reterr))
		return FAIL_E_FAILED;
	if (p->layout) {
		fail_set(reterr, FAIL_IN_LAYOUT, p->layout->name);
		fail_hint(reterr, "`orchflow layout resize` moves its borders");
		return FAIL_E_FAILED;
	}
	size_apply(p, (uint16_t)cols, (uint16_t)rows);
	return 0;
}

static struct viewer *find(struct pane *p, const void *owner)
{
	list_for_each (l, &p->viewers) {
		struct viewer *v = list_entry(l, struct viewer, link);

		if (v->owner == owner)
			return v;
	}
	return NULL;
}

bool viewers_smallest(const struct pane *p, uint16_t *ret_cols, uint16_t *ret_rows)
{
	uint16_t cols = UINT16_MAX, rows = UINT16_MAX;

	list_for_each (l, &p->viewers) {
		const struct viewer *v = list_entry(l, struct viewer, link);

		if (v->is_ignored)
			continue;
		cols = v->cols < cols ? v->cols : cols;
		rows = v->rows < rows ? v->rows : rows;
	}
	*ret_cols = cols;
	*ret_rows = rows;
	return cols != UINT16_MAX;
}

/* Nobody who counts is left, and no layout: the size stays what it was. */
void size_settle(struct pane *p)
{
	uint16_t cols, rows;

	if (viewers_smallest(p, &cols, &rows) || layout_place_of(p, &cols, &rows))
		size_apply(p, cols, rows);
}

static void viewers_changed(struct pane *p)
{
	layout_on_viewers(p);
	size_settle(p);
}

int core_pane_attach(struct pane *p, void *viewer, int64_t cols, int64_t rows, bool ignore_size,
		     struct fail *reterr)
{
	struct viewer *v = find(p, viewer);

	if (size_check(cols, rows, "cols", reterr))
		return FAIL_E_FAILED;
	if (!v) {
		v = mem_new(struct viewer);
		if (!v)
			return fail_set(reterr, FAIL_NO_MEMORY, NULL);
		v->owner = viewer;
		v->pane = p;
		list_append(&p->viewers, &v->link);
		list_append(&p->core->viewers, &v->core_link);
		p->session->active = p->number;
		if (p->layout)
			core_layout_select(p->layout, p);
	}
	v->cols = (uint16_t)cols;
	v->rows = (uint16_t)rows;
	v->is_ignored = ignore_size;
	viewers_changed(p);
	return 0;
}

static void drop(struct viewer *v)
{
	list_remove(&v->link);
	list_remove(&v->core_link);
	mem_free(v);
}

void core_pane_detach(struct core *c, struct pane *p, void *viewer)
{
	struct viewer *v = find(p, viewer);

	(void)c;
	if (!v)
		return;
	drop(v);
	viewers_changed(p);
}

void core_viewer_gone(struct core *c, void *viewer)
{
	list_for_each_safe (l, &c->viewers) {
		struct viewer *v = list_entry(l, struct viewer, core_link);

		if (v->owner == viewer)
			core_pane_detach(c, v->pane, viewer);
	}
	layout_viewer_gone(c, viewer);
}

void viewers_drop_all(struct pane *p)
{
	list_for_each_safe (l, &p->viewers)
		drop(list_entry(l, struct viewer, link));
}
