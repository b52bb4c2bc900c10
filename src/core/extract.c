/*
 * A range of a pane's output as text, within a budget: what a terminal shows that
 * was switched on where the range begins.  Bytes that left the ring come from the
 * journal, a piece at a time, so that nobody waits for a long range.
 */
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/capture.h"
#include "core/state.h"

#define PIECE_BYTES (256u << 10)
#define RANGE_MAX (64u << 20)
#define DEFAULT_BYTES (256u << 10) /* looked at when no position is given */

struct extract {
	struct core *core;
	uint64_t pane;
	enum core_stream stream;
	struct capture capture;
	uint64_t from, at, to, gap;
	core_text_fn *on_done;
	void *user;
};

static void end(struct extract *x, const struct fail *f)
{
	struct buf text = BUF_INIT;
	struct core_text t = { .from = x->from, .to = x->at, .gap = x->gap };
	struct fail no_memory;

	if (!f && capture_read(&x->capture, &text, &t.extract) < 0) {
		err_clear();
		fail_set(&no_memory, FAIL_NO_MEMORY, NULL);
		f = &no_memory;
	}
	t.text = buf_data(&text);
	t.n = buf_len(&text);
	x->on_done(f ? NULL : &t, f, x->user);
	buf_fini(&text);
	capture_fini(&x->capture);
	mem_free(x);
}

static void take(struct extract *x, const struct core_bytes *b)
{
	uint64_t left = x->to - x->at;

	if (b->from > x->at)
		x->gap += b->from - x->at;
	for (int i = 0; i < 2; i++) {
		size_t n = b->n[i] < left ? b->n[i] : (size_t)left;

		if (n > 0)
			capture_feed(&x->capture, b->p[i], n);
		left -= n;
	}
	/* Nothing more is to be had: the range ends here. */
	if (b->to <= x->at) {
		x->to = x->at;
	} else {
		x->at = b->to < x->to ? b->to : x->to;
	}
}

static void go_on(struct extract *x);

static void on_old(const struct core_bytes *b, const struct fail *f, void *user)
{
	struct extract *x = user;

	if (f) {
		end(x, f);
		return;
	}
	take(x, b);
	go_on(x);
}

static void go_on(struct extract *x)
{
	struct pane *p = pane_by_number(x->core, x->pane);
	struct core_bytes b;
	struct fail f;

	if (!p) {
		fail_set(&f, FAIL_PANE_NOT_FOUND, NULL);
		end(x, &f);
		return;
	}
	while (x->at < x->to) {
		size_t max = x->to - x->at < PIECE_BYTES ? (size_t)(x->to - x->at) : PIECE_BYTES;
		int r = core_pane_read(p, x->stream, x->at, max, &b, &f);

		if (r == CORE_READ_E_OLD) {
			core_pane_read_old(p, x->stream, x->at, max, on_old, x);
			return;
		}
		if (r) {
			if (r < 0)
				fail_set(&f, FAIL_INTERNAL_ERROR, NULL);
			end(x, &f);
			return;
		}
		take(x, &b);
	}
	end(x, NULL);
}

static int choose_range(struct extract *x, const struct core_text_spec *spec, uint64_t head,
			struct fail *reterr)
{
	x->to = spec->is_to_set && spec->to < head ? spec->to : head;
	x->from = spec->is_from_set       ? spec->from
		  : x->to < DEFAULT_BYTES ? 0
					  : x->to - DEFAULT_BYTES;
	if (x->from > head)
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "from", "beyond the end");
	if (x->from > x->to)
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "to", "before from");
	if (x->to - x->from > RANGE_MAX) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "from", "a range of more than %u MiB",
				 RANGE_MAX >> 20);
	}
	x->at = x->from;
	return 0;
}

void core_pane_text(struct core *c, struct pane *p, const struct core_text_spec *spec,
		    core_text_fn *done, void *user)
{
	struct extract *x = mem_new(struct extract);
	struct fail f;

	if (x && choose_range(x, spec, stream_head(&p->streams[spec->stream]), &f)) {
		mem_free(x);
		done(NULL, &f, user);
		return;
	}
	if (x && capture_init(&x->capture, p, &spec->budget) < 0) {
		err_clear();
		mem_free(x);
		x = NULL;
	}
	if (!x) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, &f, user);
		return;
	}
	x->core = c;
	x->pane = p->number;
	x->stream = spec->stream;
	x->on_done = done;
	x->user = user;
	go_on(x);
}
