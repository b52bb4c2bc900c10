/*
 * Programs that the daemon runs for itself: started by the keeper like any child
 * (only it starts children), but no panes.  What they print fits into a pipe, so
 * that nobody need read while they run: more makes them wait until time is over.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/state.h"

#define HELPER_OUT_MAX (64u << 10) /* what a pipe holds */

struct helper {
	struct list link; /* core.helpers */
	struct core *core;
	uint64_t number; /* with KEEPER_HELPER_BIT */
	int fds[2];      /* what it prints; -1 until it runs */
	bool was_late;
	uv_timer_t timer;
	core_ran_fn *on_done;
	void *user;
};

static struct helper *find(struct core *c, uint64_t number)
{
	list_for_each (l, &c->helpers) {
		struct helper *h = list_entry(l, struct helper, link);

		if (h->number == number)
			return h;
	}
	return NULL;
}

static void on_timer_closed(uv_handle_t *t)
{
	struct helper *h = t->data;

	h->core->n_handles--;
	mem_free(h);
}

static void drop(struct helper *h)
{
	list_remove(&h->link);
	for (int i = 0; i < 2; i++) {
		if (h->fds[i] >= 0)
			close(h->fds[i]);
	}
	uv_close((uv_handle_t *)&h->timer, on_timer_closed);
}

static void read_out(int fd, struct buf *out)
{
	char piece[4096];
	ssize_t n = 1;

	while (n > 0 && buf_len(out) < HELPER_OUT_MAX) {
		n = fd >= 0 ? read(fd, piece, sizeof piece) : 0;
		if (n > 0)
			buf_put(out, piece, (size_t)n);
	}
	buf_put_char(out, '\0');
}

static void finish(struct helper *h, int status)
{
	struct buf out = BUF_INIT, err = BUF_INIT;
	struct core_ran ran = { .status = status, .was_late = h->was_late };
	core_ran_fn *done = h->on_done;
	void *user = h->user;
	struct fail f;

	read_out(h->fds[0], &out);
	read_out(h->fds[1], &err);
	drop(h);
	if (buf_check(&out) < 0 || buf_check(&err) < 0) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, &f, user);
	} else {
		ran.out = buf_data(&out);
		ran.n_out = buf_len(&out) - 1;
		ran.err = buf_data(&err);
		ran.n_err = buf_len(&err) - 1;
		done(&ran, NULL, user);
	}
	buf_fini(&out);
	buf_fini(&err);
}

static void finish_failed(struct helper *h, const struct keeper_spawned *m)
{
	core_ran_fn *done = h->on_done;
	void *user = h->user;
	struct fail f;

	fail_setf(&f, FAIL_SPAWN_FAILED, NULL, "%s", strerror(m->error));
	drop(h);
	done(NULL, &f, user);
}

bool helper_on_spawned(struct core *c, const struct keeper_spawned *m, const int *fds, size_t n_fds)
{
	struct helper *h = find(c, m->pane);

	if (!h)
		return false;
	if (m->step != KEEPER_STEP_NONE) {
		finish_failed(h, m);
		return true;
	}
	for (size_t i = 0; i < n_fds && i < 2; i++)
		h->fds[i] = fds[i];
	return true;
}

void helper_on_exited(struct core *c, const struct keeper_exited *m)
{
	struct helper *h = find(c, m->pane);

	link_forget(c, m->pane);
	if (h)
		finish(h, m->status);
}

/* Its exit follows. */
static void on_late(uv_timer_t *t)
{
	struct helper *h = t->data;

	h->was_late = true;
	link_signal(h->core, h->number, SIGKILL, KEEPER_TO_SESSION);
}

static int make_spec(const char *const *argv, int *ret_fd)
{
	CLEANUP(buf_fini) struct buf text = BUF_INIT;
	uint32_t n_argv = 0, n_env = 0;

	for (; argv[n_argv]; n_argv++)
		buf_put(&text, argv[n_argv], strlen(argv[n_argv]) + 1);
	for (; environ[n_env]; n_env++)
		buf_put(&text, environ[n_env], strlen(environ[n_env]) + 1);
	buf_put(&text, "/", sizeof "/");
	return spawn_make_spec(&text, n_argv, n_env, ret_fd);
}

static int send_spawn(const struct helper *h, const char *const *argv)
{
	struct keeper_spawn m = { .token = h->number, .pane = h->number, .umask = 077 };
	int fd, r = make_spec(argv, &fd);

	if (r < 0)
		return err_trace(r);
	KEEPER_MSG(&m, KEEPER_SPAWN);
	r = link_send(h->core, &m, sizeof m, &fd, 1);
	close(fd);
	return err_trace(r);
}

static int start(struct core *c, const char *const *argv, uint32_t timeout_ms, core_ran_fn *done,
		 void *user)
{
	struct helper *h = mem_new(struct helper);
	int r;

	if (!h)
		return err_origin(-ENOMEM);
	h->core = c;
	h->number = KEEPER_HELPER_BIT | ++c->next_helper;
	h->fds[0] = h->fds[1] = -1;
	h->on_done = done;
	h->user = user;
	r = send_spawn(h, argv);
	if (r < 0) {
		mem_free(h);
		return r;
	}
	uv_timer_init(c->loop, &h->timer);
	h->timer.data = h;
	c->n_handles++;
	list_append(&c->helpers, &h->link);
	return err_origin(uv_timer_start(&h->timer, on_late, timeout_ms, 0));
}

void core_run_program(struct core *c, const char *const *argv, uint32_t timeout_ms,
		      core_ran_fn *done, void *user)
{
	int r = start(c, argv, timeout_ms, done, user);
	struct fail f;

	if (r == 0)
		return;
	log_fault(r, "%s is not run", argv[0]);
	fail_setf(&f, c->is_keeper_gone ? FAIL_KEEPER_GONE : FAIL_SPAWN_FAILED, NULL, "%s",
		  strerror(-r));
	done(NULL, &f, user);
}

/* Nobody is there to be told. */
void helper_drop_all(struct core *c)
{
	list_for_each_safe (l, &c->helpers)
		drop(list_entry(l, struct helper, link));
}
