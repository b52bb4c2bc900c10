/*
 * The emulator of a pane.
 *
 * It is made when it is first needed: a pane that printed nothing has none, and
 * after a crash of the daemon it is rebuilt from the ring when the pane prints
 * again or somebody looks at it.  Rebuilding is a replay: nothing up to fed_seq
 * is answered or told a second time.
 *
 * Replies (to DA, DSR, ...) go to the terminal at most once: the position is
 * written down as answered before they are.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/recall.h"
#include "core/state.h"
#include "vt/image.h"
#include "vt/snapshot.h"
#include "vt/vt.h"

#define REPLIES_MAX (64u << 10) /* bytes waiting for a program that asks and never reads */

void term_set_title(struct pane *p, const char *title)
{
	char *copy = mem_strdup(title);

	if (!copy)
		return;
	mem_free(p->title);
	p->title = copy;
}

/* With raw output there is no terminal at the other end but a file or a pipe: what
 * looks like a question is data, and the answer would be echoed into it. */
static void on_reply(void *user, const char *bytes, size_t n)
{
	struct pane *p = user;

	if (!p->is_replaying && !p->wants_raw_output && buf_len(&p->replies) + n <= REPLIES_MAX)
		buf_put(&p->replies, bytes, n);
}

static void on_title(void *user, enum vt_title which, const char *text)
{
	struct pane *p = user;

	if (which != VT_TITLE_WINDOW || (p->title && strcmp(p->title, text) == 0))
		return;
	term_set_title(p, text);
	p->has_new_title = !p->is_replaying;
}

static void on_bell(void *user)
{
	struct pane *p = user;

	p->has_bell = !p->is_replaying;
}

void term_set_cwd(struct pane *p, const char *path)
{
	char *copy;

	if (path[0] != '/' || (p->cwd_now && strcmp(p->cwd_now, path) == 0))
		return;
	copy = mem_strdup(path);
	if (!copy)
		return;
	mem_free(p->cwd_now);
	p->cwd_now = copy;
	p->has_new_cwd = !p->is_replaying;
}

static void on_cwd(void *user, const char *host, const char *path)
{
	(void)host; /* where a shell on another machine is, it says in its prompt */
	term_set_cwd(user, path);
}

/* DECCOLM and the like.  A program may choose its size while nobody looks: who
 * looks has a window of a certain size, and so has a place in a layout. */
static bool on_size_wanted(void *user, int cols, int rows)
{
	struct pane *p = user;

	if (p->is_replaying)
		return cols == p->replay_cols && rows == p->replay_rows;
	if (p->layout || !list_is_empty(&p->viewers) || cols < 1 || rows < 1 ||
	    cols > VT_COLS_MAX || rows > VT_ROWS_MAX)
		return false;
	p->wanted_cols = (uint16_t)cols;
	p->wanted_rows = (uint16_t)rows;
	return true;
}

/* Marks of the shell stand in the journal too, so that commands are found there. */
static void record_shell_mark(struct pane *p, uint64_t seq, const struct vt_mark_event *ev)
{
	static const enum journal_mark kinds[] = {
		[MARK_PROMPT] = JOURNAL_MARK_PROMPT,
		[MARK_COMMAND] = JOURNAL_MARK_INPUT,
		[MARK_OUTPUT] = JOURNAL_MARK_COMMAND,
		[MARK_DONE] = JOURNAL_MARK_DONE,
	};
	size_t kind = ev->mark.kind;

	if (kind < ARRAY_LEN(kinds) && kinds[kind])
		record_mark(p, seq, kinds[kind], kind == MARK_DONE ? ev->mark.status : 0, "");
}

static void on_mark(void *user, const struct vt_mark_event *ev)
{
	struct pane *p = user;
	size_t n;
	uint64_t end;

	if (p->is_replaying)
		return;
	end = p->feeding + vt_taken(p->vt, &n);
	record_shell_mark(p, end, ev);
	command_note_mark(p, ev, end - n, end);
}

static void on_command_line(void *user, const char *text, const char *nonce)
{
	if (!((struct pane *)user)->is_replaying)
		command_note_line(user, text, nonce);
}

static void on_user_var(void *user, const char *name, const char *value)
{
	if (!((struct pane *)user)->is_replaying)
		command_note_var(user, name, value);
}

static const struct vt_callbacks callbacks = { .reply = on_reply,
					       .title = on_title,
					       .bell = on_bell,
					       .cwd = on_cwd,
					       .mark = on_mark,
					       .command_line = on_command_line,
					       .user_var = on_user_var,
					       .resize = on_size_wanted };

static void feed_range(struct pane *p, uint64_t from, uint64_t to)
{
	struct core *c = p->core;
	struct arena_view v =
		arena_slot_view(&c->arena, p->streams[CORE_OUT].slot, from, to - from);

	for (int i = 0; i < 2; i++) {
		if (v.n[i] == 0)
			continue;
		p->feeding = from;
		vt_feed(p->vt, v.p[i], v.n[i]);
		from += v.n[i];
	}
}

static struct vt_opts options(const struct pane *p)
{
	const struct core_config *cfg = &p->core->config;

	return (struct vt_opts){ .history_lines = cfg->history_lines,
				 .history_bytes = cfg->history_bytes,
				 .has_no_history = cfg->history_lines == 0,
				 .has_title_report = cfg->has_title_report,
				 .version = "OrchFlow",
				 .compress = &p->core->compress };
}

int term_make(struct pane *p, uint16_t cols, uint16_t rows)
{
	struct vt_opts opts = options(p);

	p->vt = vt_new(cols, rows, &opts, &callbacks, p);
	return p->vt ? 0 : err_origin(-ENOMEM);
}

struct vt *term_load(struct pane *p, const void *image, size_t n)
{
	struct vt_opts opts = options(p);
	struct vt *vt;

	return vt_load(image, n, &opts, &callbacks, p, &vt) == 0 ? vt : NULL;
}

/* Something of it is kept: its ring, or its journal. */
static bool has_output(struct pane *p)
{
	return p->streams[CORE_OUT].has_slot || (p->state > PANE_STARTING && recall_has_journal(p));
}

struct vt *term_get(struct pane *p)
{
	if (p->vt || p->is_quarantined || !p->is_pty || !has_output(p))
		return p->vt;
	if (recall_screen(p) < 0)
		log_error("pane p%llu: no memory for its screen", (unsigned long long)p->number);
	return p->vt;
}

void term_drop(struct pane *p)
{
	p->vt = vt_free(p->vt);
	line_clock_drop(p);
	line_command_drop(p);
	buf_fini(&p->replies);
}

/* What came up while feeding, told once however often it came up. */
static void tell(struct pane *p)
{
	struct core *c = p->core;
	uint64_t fed = stream_head(&p->streams[CORE_OUT]);

	if (p->wanted_cols) {
		uint16_t cols = p->wanted_cols;

		p->wanted_cols = 0;
		size_apply(p, cols, p->wanted_rows);
	}
	if (p->has_new_title) {
		record_mark(p, fed, JOURNAL_MARK_TITLE, 0, p->title);
		core_event(c, CORE_PANE_TITLE, p, p->session);
	}
	if (p->has_new_cwd) {
		record_mark(p, fed, JOURNAL_MARK_CWD, 0, p->cwd_now);
		core_event(c, CORE_PANE_CWD, p, p->session);
	}
	p->is_record_stale = p->is_record_stale || p->has_new_title || p->has_new_cwd;
	if (p->has_bell)
		core_event(c, CORE_PANE_BELL, p, p->session);
	p->has_new_title = p->has_new_cwd = p->has_bell = false;
	if (buf_len(&p->replies) > 0) {
		input_reply(p, buf_data(&p->replies), buf_len(&p->replies));
		buf_clear(&p->replies);
	}
}

void term_feed(struct pane *p)
{
	struct core *c = p->core;
	struct stream *s = &p->streams[CORE_OUT];
	struct arena_slot *slot = &c->arena.slots[s->slot];
	uint64_t from, to = stream_head(s);
	bool has_vt = term_get(p);

	from = slot->fed_seq < stream_tail(s) ? stream_tail(s) : slot->fed_seq;
	if (has_vt && to > from) {
		core_feed_enter(c, p->number, from);
		feed_range(p, from, to);
		core_feed_leave(c);
	}
	slot->fed_seq = to;
	slot->replied_seq = to;
	line_clock_note(p);
	tell(p);
	command_turn(p);
	run_on_output(p, to, false);
}

void term_resize(struct pane *p)
{
	if (p->vt && vt_resize(p->vt, p->cols, p->rows) < 0) {
		log_error("pane p%llu: no memory to resize its screen",
			  (unsigned long long)p->number);
	}
	if (p->vt)
		tell(p); /* mode 2048 */
}

static int write_raw(struct pane *p, const struct core_snapshot *spec, struct buf *out,
		     struct fail *reterr)
{
	struct stream *s = &p->streams[CORE_OUT];
	struct arena_view v;

	if (spec->format != SNAPSHOT_TEXT) {
		return fail_setf(reterr, FAIL_QUARANTINED, NULL,
				 "this pane has no screen; only its output as text");
	}
	if (!s->has_slot)
		return 0;
	v = arena_slot_view(&p->core->arena, s->slot, stream_tail(s),
			    stream_head(s) - stream_tail(s));
	for (int i = 0; i < 2; i++)
		buf_put(out, v.p[i], v.n[i]);
	return buf_check(out) < 0 ? fail_set(reterr, FAIL_NO_MEMORY, NULL) : 0;
}

int core_pane_snapshot(struct pane *p, const struct core_snapshot *spec, struct buf *out,
		       struct core_snapshot_info *ret, struct fail *reterr)
{
	struct snapshot_opts opts = { .format = spec->format,
				      .n_history = spec->n_history,
				      .has_no_screen = spec->has_no_screen,
				      .is_joined = spec->is_joined };
	const struct vt *vt = term_get(p);

	*ret = (struct core_snapshot_info){ .seq = stream_head(&p->streams[CORE_OUT]),
					    .cols = p->cols,
					    .rows = p->rows };
	if (!vt)
		return write_raw(p, spec, out, reterr);
	ret->n_history = (uint32_t)vt_history_lines(vt);
	ret->is_alternate = vt_is_alternate(vt);
	if (snapshot_write(vt, &opts, out) < 0)
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	return 0;
}
