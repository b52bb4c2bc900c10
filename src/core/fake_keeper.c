#include "core/fake_keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena/arena.h"
#include "core/state.h"

static void on_event(enum core_event e, struct pane *p, struct session *s, void *user)
{
	struct fake_keeper *k = user;
	struct pane_info info;

	(void)s;
	k->n_events[e]++;
	if (e == CORE_PANE_EXIT) {
		pane_get_info(p, &info);
		k->last_exit_seq = info.seq;
		k->last_exit_err_seq = info.err_seq;
	}
}

static void on_gone(void *user)
{
	((struct fake_keeper *)user)->n_gone++;
}

static int on_serving(int fd, void *user)
{
	close(fd);
	((struct fake_keeper *)user)->n_serving++;
	return 0;
}

void fake_keeper_init(struct fake_keeper *k)
{
	memset(k, 0, sizeof *k);
	snprintf(k->dir, sizeof k->dir, "/tmp/orchflow-core-XXXXXX");
	assert_non_null(mkdtemp(k->dir));
	assert_int_equal(arena_create(0, &k->arena_fd), 0);
	k->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(k->listen_fd >= 0);
	k->ours = k->theirs = -1;
}

static void send_adopt(struct fake_keeper *k)
{
	_Alignas(
		8) char buf[sizeof(struct keeper_adopt) + FAKE_PANES * sizeof(struct keeper_child)];
	struct keeper_adopt *a = (void *)buf;
	size_t n = 0, n_fds = 0;
	int fds[2 * FAKE_PANES];

	for (unsigned i = 0; i < k->n_panes; i++) {
		struct fake_pane *p = &k->panes[i];

		if (!p->child.pane)
			continue;
		a->children[n] = p->child;
		if (p->child.state == KEEPER_CHILD_STARTING)
			a->children[n].pid = a->children[n].n_fds = 0;
		for (unsigned f = 0; f < a->children[n].n_fds; f++)
			fds[n_fds++] = p->fds[f];
		n++;
	}
	if (n == 0)
		return;
	a->n = (uint32_t)n;
	a->h.type = KEEPER_ADOPT;
	a->h.bytes = (uint32_t)(sizeof *a + n * sizeof a->children[0]);
	assert_int_equal(keeper_proto_send(k->ours, a, a->h.bytes, fds, n_fds), 0);
}

void fake_keeper_start(struct fake_keeper *k, const struct core_config *config)
{
	struct core_ops ops = {
		.on_event = on_event, .on_keeper_gone = on_gone, .on_serving = on_serving, .user = k
	};
	struct keeper_welcome w = { .version = KEEPER_PROTO_VERSION,
				    .keeper_pid = (uint32_t)getpid(),
				    .n_children = k->n_panes,
				    .n_restarts = k->n_restarts };
	struct keeper_plain end;
	struct core_config c;
	int pair[2], fds[2] = { k->arena_fd, k->listen_fd };
	int small = 4096; /* soon full: what the daemon sends must not depend on room */

	core_config_init(&c);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	k->ours = pair[0];
	k->theirs = pair[1];
	fcntl(k->ours, F_SETFL, O_NONBLOCK);
	setsockopt(k->theirs, SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
	KEEPER_MSG(&w, KEEPER_WELCOME);
	assert_int_equal(keeper_proto_send(k->ours, &w, sizeof w, fds, 2), 0);
	send_adopt(k);
	KEEPER_MSG(&end, KEEPER_ADOPT_END);
	assert_int_equal(keeper_proto_send(k->ours, &end, sizeof end, NULL, 0), 0);
	assert_int_equal(uv_loop_init(&k->loop), 0);
	assert_int_equal(core_new(&k->loop, k->theirs, k->dir, config ? config : &c, &ops,
				  &k->core),
			 0);
}

void fake_keeper_crash(struct fake_keeper *k)
{
	k->core = core_free(k->core);
	assert_int_equal(uv_loop_close(&k->loop), 0);
	close(k->ours);
	k->ours = -1;
	k->n_restarts++;
}

static void close_if(int fd)
{
	if (fd >= 0)
		close(fd);
}

static void free_pane(struct fake_pane *p)
{
	close_if(p->fds[0]);
	close_if(p->fds[1]);
	close_if(p->slave);
	close_if(p->out);
	close_if(p->err);
	memset(p, 0, sizeof *p);
}

void fake_keeper_fini(struct fake_keeper *k)
{
	char command[128];

	if (k->core)
		fake_keeper_crash(k);
	for (unsigned i = 0; i < k->n_panes; i++) {
		if (k->panes[i].child.pane)
			free_pane(&k->panes[i]);
	}
	close(k->arena_fd);
	close(k->listen_fd);
	snprintf(command, sizeof command, "rm -rf %s", k->dir);
	assert_int_equal(system(command), 0);
}

static void open_terminal(struct fake_pane *p)
{
	struct termios t;
	int on = 1;

	assert_int_equal(openpty(&p->fds[0], &p->slave, NULL, NULL, NULL), 0);
	tcgetattr(p->slave, &t);
	cfmakeraw(&t);
	tcsetattr(p->slave, TCSANOW, &t);
	ioctl(p->fds[0], TIOCPKT, &on);
	fcntl(p->fds[0], F_SETFL, O_NONBLOCK);
	p->fds[1] = p->out = p->err = -1;
	p->child.n_fds = 1;
}

static void open_pipes(struct fake_pane *p)
{
	int a[2], b[2];

	assert_int_equal(pipe2(a, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(pipe2(b, O_CLOEXEC | O_NONBLOCK), 0);
	p->fds[0] = a[0];
	p->out = a[1];
	p->fds[1] = b[0];
	p->err = b[1];
	p->slave = -1;
	p->child.n_fds = 2;
}

static void on_spawn(struct fake_keeper *k, const struct keeper_spawn *m)
{
	struct keeper_spawned r = { .token = m->token,
				    .pane = m->pane,
				    .generation = m->generation };
	struct fake_pane *p = fake_pane_of(k, m->pane);

	KEEPER_MSG(&r, KEEPER_SPAWNED);
	if (k->is_silent)
		return;
	if (k->fail_step) {
		r.step = k->fail_step;
		r.error = k->fail_error;
		k->fail_step = 0;
		assert_int_equal(keeper_proto_send(k->ours, &r, sizeof r, NULL, 0), 0);
		return;
	}
	if (!p) {
		assert_true(k->n_panes < FAKE_PANES);
		p = &k->panes[k->n_panes++];
	} else {
		free_pane(p);
	}
	p->child = (struct keeper_child){ .pane = m->pane,
					  .generation = m->generation,
					  .pid = 4000000 + (uint32_t)m->pane,
					  .state = KEEPER_CHILD_RUNNING,
					  .flags = m->flags };
	memcpy(p->child.key, m->key, sizeof p->child.key);
	if (m->flags & KEEPER_SPAWN_PTY) {
		open_terminal(p);
	} else {
		open_pipes(p);
	}
	if (k->is_slow) {
		p->child.state = KEEPER_CHILD_STARTING;
		return;
	}
	r.pid = p->child.pid;
	assert_int_equal(keeper_proto_send(k->ours, &r, sizeof r, p->fds, p->child.n_fds), 0);
}

static void serve(struct fake_keeper *k)
{
	static _Alignas(8) char buf[KEEPER_MAX_PACKET];
	const struct keeper_header *h = (const void *)buf;
	int fds[KEEPER_MAX_FDS];
	size_t n, n_fds;

	while (keeper_proto_recv(k->ours, buf, &n, fds, &n_fds) == 0) {
		for (size_t i = 0; i < n_fds; i++)
			close(fds[i]);
		if (h->type == KEEPER_SPAWN) {
			on_spawn(k, (const void *)buf);
		} else if (h->type == KEEPER_SIGNAL) {
			memcpy(&k->last_signal, buf, sizeof k->last_signal);
			k->n_signals++;
		} else if (h->type == KEEPER_STOP) {
			k->is_stopped = true;
		} else if (h->type == KEEPER_FORGET && !k->is_deaf) {
			k->n_forgotten++;
			struct fake_pane *p =
				fake_pane_of(k, ((const struct keeper_forget *)(const void *)buf)
							->pane);

			if (p && p->child.state == KEEPER_CHILD_EXITED)
				free_pane(p);
		}
	}
}

void fake_keeper_turn(struct fake_keeper *k, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		serve(k);
		uv_run(&k->loop, UV_RUN_NOWAIT);
		serve(k);
	}
}

void fake_keeper_until(struct fake_keeper *k, const bool *flag)
{
	for (int i = 0; i < 5000 && !*flag; i++) {
		fake_keeper_turn(k, 1);
		if (!*flag)
			poll(NULL, 0, 1);
	}
	assert_true(*flag);
}

void fake_keeper_until_count(struct fake_keeper *k, const unsigned *count, unsigned n)
{
	bool is_reached = false;

	for (int i = 0; i < 5000 && !is_reached; i++) {
		fake_keeper_turn(k, 1);
		is_reached = *count >= n;
		if (!is_reached)
			poll(NULL, 0, 1);
	}
	assert_int_equal(*count, n);
}

void fake_until_seq(struct fake_keeper *k, struct pane *p, uint64_t seq)
{
	struct pane_info info;

	pane_get_info(p, &info);
	for (int i = 0; i < 5000 && info.seq < seq; i++) {
		fake_keeper_turn(k, 1);
		pane_get_info(p, &info);
		if (info.seq < seq)
			poll(NULL, 0, 1);
	}
	assert_int_equal(info.seq, seq);
}

void fake_print(struct fake_keeper *k, struct pane *p, const char *text)
{
	struct fake_pane *fp = fake_pane_of(k, pane_number(p));
	int fd = fp->slave >= 0 ? fp->slave : fp->out;
	struct pane_info info;

	pane_get_info(p, &info);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	fake_until_seq(k, p, info.seq + strlen(text));
}

struct fake_pane *fake_pane_of(struct fake_keeper *k, uint64_t number)
{
	for (unsigned i = 0; i < k->n_panes; i++) {
		if (k->panes[i].child.pane == number)
			return &k->panes[i];
	}
	return NULL;
}

void fake_pane_exit(struct fake_keeper *k, uint64_t number, int status, bool closes)
{
	struct fake_pane *p = fake_pane_of(k, number);
	struct keeper_exited m = { .pane = number,
				   .generation = p->child.generation,
				   .pid = p->child.pid,
				   .status = status,
				   .wall_us = 1 };

	p->child.state = KEEPER_CHILD_EXITED;
	p->child.status = status;
	if (closes) {
		close_if(p->slave);
		close_if(p->out);
		close_if(p->err);
		p->slave = p->out = p->err = -1;
	}
	KEEPER_MSG(&m, KEEPER_EXITED);
	if (k->ours >= 0)
		assert_int_equal(keeper_proto_send(k->ours, &m, sizeof m, NULL, 0), 0);
}

void fake_spawned(struct fake_keeper *k, uint64_t number, uint32_t generation, int step)
{
	struct fake_pane *p = fake_pane_of(k, number);
	struct keeper_spawned m = { .pane = number, .generation = generation, .step = step };

	KEEPER_MSG(&m, KEEPER_SPAWNED);
	if (step == KEEPER_STEP_NONE)
		m.pid = p->child.pid;
	assert_int_equal(keeper_proto_send(k->ours, &m, sizeof m, p ? p->fds : NULL,
					   step == KEEPER_STEP_NONE ? p->child.n_fds : 0),
			 0);
}

void fake_keeper_lose(struct fake_keeper *k, uint64_t number)
{
	free_pane(fake_pane_of(k, number));
}

struct pane *fake_pane(struct fake_keeper *k, uint64_t number)
{
	struct pane *p = core_pane_next(k->core, number - 1);

	return p && pane_number(p) == number ? p : NULL;
}

void fake_on_created(struct pane *p, const struct fail *f, void *user)
{
	struct fake_created *r = user;

	r->is_done = true;
	r->pane = p ? pane_number(p) : 0;
	if (f)
		r->fail = *f;
}

struct pane_spec fake_spec(void)
{
	return (struct pane_spec){
		.cwd = "/", .cols = 80, .rows = 24, .stdin_fd = -1, .wants_pty = true
	};
}

struct pane *fake_create(struct fake_keeper *k, const struct pane_spec *spec,
			 struct fake_created *ret)
{
	char id[24];
	struct pane *p = NULL;
	struct fail f;

	memset(ret, 0, sizeof *ret);
	core_pane_create(k->core, spec, fake_on_created, ret);
	fake_keeper_until(k, &ret->is_done);
	snprintf(id, sizeof id, "p%llu", (unsigned long long)ret->pane);
	if (ret->pane)
		assert_int_equal(core_pane_find(k->core, id, &p, &f), 0);
	return p;
}

struct fake_old {
	struct buf *out;
	uint64_t from;
	bool is_done;
};

static void on_old(const struct core_bytes *b, const struct fail *f, void *user)
{
	struct fake_old *o = user;

	assert_null(f);
	buf_put(o->out, b->p[0], b->n[0]);
	o->from = b->from;
	o->is_done = true;
}

uint64_t fake_read(struct fake_keeper *k, struct pane *p, enum core_stream which, uint64_t from,
		   size_t max, struct buf *out)
{
	struct fake_old o = { .out = out };
	struct core_bytes b;
	struct fail f;
	int r = core_pane_read(p, which, from, max, &b, &f);

	if (r == 0) {
		buf_put(out, b.p[0], b.n[0]);
		buf_put(out, b.p[1], b.n[1]);
		return b.from;
	}
	assert_int_equal(r, CORE_READ_E_OLD);
	core_pane_read_old(p, which, from, max, on_old, &o);
	fake_keeper_until(k, &o.is_done);
	return o.from;
}

void fake_journal(struct fake_keeper *k)
{
	assert_true(record_drain(k->core));
	fake_keeper_turn(k, 3);
}

int fake_keeper_setup(void **state)
{
	struct fake_keeper *k = calloc(1, sizeof *k);

	fake_keeper_init(k);
	fake_keeper_start(k, NULL);
	*state = k;
	return 0;
}

int fake_keeper_teardown(void **state)
{
	fake_keeper_fini(*state);
	free(*state);
	return 0;
}
