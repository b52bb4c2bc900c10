#include "keeper/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "keeper/keeper.h"

#define MAX_ARGS 64

/* Who keeps it there, who has it here: used both ways. */
#define HEAD_FIELDS(X)                                \
	X(lock_fd, place.lock_fd)                     \
	X(listen_fd, place.listen_fd)                 \
	X(is_foreign_socket, place.is_foreign_socket) \
	X(socket_dev, place.socket_dev)               \
	X(socket_ino, place.socket_ino)               \
	X(link_fd, link.fd)                           \
	X(has_reply, link.has_reply)                  \
	X(owes_listening, link.owes_listening)        \
	X(is_closed, link.is_closed)                  \
	X(reply, link.reply)                          \
	X(daemon_pid, daemon.pid)                     \
	X(program_fd, daemon.program_fd)              \
	X(last_status, daemon.last_status)            \
	X(is_broken, daemon.is_broken)                \
	X(n_starts, daemon.n_starts)                  \
	X(n_failures, daemon.n_failures)              \
	X(n_never_ready, daemon.n_never_ready)        \
	X(started_ms, daemon.started_ms)              \
	X(kill_ms, daemon.kill_ms)                    \
	X(oom_kills, daemon.oom_kills)                \
	X(arena_fd, arena_fd)                         \
	X(is_foreground, is_foreground)               \
	X(look_ms, look_ms)                           \
	X(daemon_oom, daemon_oom_score_adj)           \
	X(child_oom, original.oom_score_adj)          \
	X(nofile_soft, original.nofile.rlim_cur)      \
	X(nofile_hard, original.nofile.rlim_max)      \
	X(started_wall_us, started_wall_us)           \
	X(highest_pane, table.highest_pane)           \
	X(upgrade_begun_ms, upgrade.begun_ms)         \
	X(upgrade, upgrade.result)

/* Of a child: the same names in both. */
#define CHILD_FIELDS(X)    \
	X(is_past_setup)   \
	X(n_fds)           \
	X(report_fd)       \
	X(pid)             \
	X(status)          \
	X(step)            \
	X(error)           \
	X(generation)      \
	X(flags)           \
	X(token)           \
	X(pane)            \
	X(started_wall_us) \
	X(exited_wall_us)

/* ---- writing ---- */

static void put_head(const struct keeper *k, struct image_head *h)
{
	*h = (struct image_head){ .magic = IMAGE_MAGIC,
				  .version = IMAGE_VERSION,
				  .head_bytes = sizeof *h,
				  .child_bytes = sizeof(struct image_child) };
#define X(theirs, ours) h->theirs = k->ours;
	HEAD_FIELDS(X)
#undef X
	snprintf(h->state, sizeof h->state, "%s", k->place.state);
	snprintf(h->socket, sizeof h->socket, "%s", k->place.socket);
}

static struct image_child child_to_image(const struct child *c)
{
	struct image_child m = { .state = c->state,
				 .owes = c->owes,
				 .is_forgotten = c->is_forgotten };

#define X(name) m.name = c->name;
	CHILD_FIELDS(X)
#undef X
	memcpy(m.fds, c->fds, sizeof m.fds);
	memcpy(m.key, c->key, sizeof m.key);
	return m;
}

static int put(int fd, const void *p, size_t n)
{
	ssize_t done = write(fd, p, n);

	return done == (ssize_t)n ? 0 : err_origin(done < 0 ? -errno : -ENOSPC);
}

static int put_children(const struct keeper *k, int fd, uint32_t *ret_n)
{
	int r = 0;

	*ret_n = 0;
	for (uint32_t i = 0; i < k->table.n_high && r == 0; i++) {
		struct image_child m = child_to_image(&k->table.children[i]);

		if (m.state == CHILD_FREE)
			continue;
		r = put(fd, &m, sizeof m);
		(*ret_n)++;
	}
	return r;
}

int image_write(const struct keeper *k, int *ret_fd)
{
	int fd = memfd_create("orchflow-keeper", MFD_CLOEXEC);
	struct image_head h;

	if (fd < 0)
		return err_origin(-errno);
	put_head(k, &h);
	int r = put(fd, &h, sizeof h);
	if (r == 0)
		r = put_children(k, fd, &h.n_children);
	for (const char *const *a = k->daemon.argv; *a && r == 0; a++, h.n_args++) {
		h.args_bytes += (uint32_t)strlen(*a) + 1;
		r = put(fd, *a, strlen(*a) + 1);
	}
	if (r == 0 && pwrite(fd, &h, sizeof h, 0) != sizeof h)
		r = err_origin(-EIO);
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* ---- reading ---- */

static const char *get_place(struct keeper *k, const struct image_head *h)
{
	if (!memchr(h->state, 0, sizeof h->state) || !memchr(h->socket, 0, sizeof h->socket) ||
	    strlen(h->state) >= sizeof k->place.state ||
	    strlen(h->socket) >= sizeof k->place.socket)
		return "its paths are too long";
	memcpy(k->place.state, h->state, strlen(h->state) + 1);
	memcpy(k->place.socket, h->socket, strlen(h->socket) + 1);
	return NULL;
}

static void get_head(struct keeper *k, const struct image_head *h)
{
#define X(theirs, ours) k->ours = h->theirs;
	HEAD_FIELDS(X)
#undef X
	k->link.phase = LINK_LIVE;
	k->daemon.state = DAEMON_READY;
	k->daemon.trial_fd = k->upgrade.keeper_fd = -1;
}

static const char *get_child(struct keeper *k, const struct image_child *m)
{
	struct child *c = table_take(&k->table);

	if (!c || m->state <= CHILD_FREE || m->state > CHILD_FAILED || m->n_fds > 2 ||
	    !memchr(m->key, 0, sizeof m->key))
		return "a child is damaged";
	c->state = (enum child_state)m->state;
#define X(name) c->name = m->name;
	CHILD_FIELDS(X)
#undef X
	memcpy(c->fds, m->fds, sizeof c->fds);
	memcpy(c->key, m->key, sizeof c->key);
	if (m->owes)
		table_owe(&k->table, c, m->owes);
	c->is_forgotten = m->is_forgotten;
	return NULL;
}

/* A struct of @bytes, of which the writer may have known only the beginning. */
static bool get(int fd, off_t at, void *to, size_t size, size_t bytes)
{
	memset(to, 0, size);
	return bytes <= size && pread(fd, to, bytes, at) == (ssize_t)bytes;
}

static const char *get_args(struct keeper *k, const struct image_head *h, int fd, off_t at)
{
	static char text[IMAGE_ARGS_MAX];
	static const char *argv[MAX_ARGS];
	uint32_t n = 0, n_bytes = 0;

	if (h->n_args == 0 || h->n_args >= MAX_ARGS || h->args_bytes > sizeof text ||
	    !get(fd, at, text, sizeof text, h->args_bytes))
		return "the daemon's arguments are damaged";
	for (; n < h->n_args && n_bytes < h->args_bytes; n++) {
		argv[n] = text + n_bytes;
		n_bytes += (uint32_t)strnlen(argv[n], h->args_bytes - n_bytes) + 1;
	}
	if (n != h->n_args || n_bytes != h->args_bytes)
		return "the daemon's arguments are damaged";
	argv[n] = NULL;
	k->daemon.argv = argv;
	return NULL;
}

static const char *read_all(struct keeper *k, int fd)
{
	uint32_t first[3]; /* magic, version, head_bytes */
	struct image_child child;
	struct image_head h;
	off_t at;

	if (!get(fd, 0, first, sizeof first, sizeof first) || first[0] != IMAGE_MAGIC)
		return "it is no keeper's state";
	if (first[1] != IMAGE_VERSION || first[2] < sizeof first || first[2] > sizeof h ||
	    !get(fd, 0, &h, sizeof h, first[2]) || h.child_bytes > sizeof child)
		return "it is of a version that this keeper does not understand";
	const char *why = get_place(k, &h);
	if (!why)
		get_head(k, &h);
	at = h.head_bytes;
	for (uint32_t i = 0; !why && i < h.n_children; i++, at += h.child_bytes) {
		why = get(fd, at, &child, sizeof child, h.child_bytes) ? get_child(k, &child)
								       : "it is cut off";
	}
	return why ? why : get_args(k, &h, fd, at);
}

int image_read(struct keeper *k, int fd, const char **why)
{
	*why = read_all(k, fd);
	return *why ? IMAGE_E_UNKNOWN : 0;
}

/* ---- descriptors ---- */

static void keep_fd(int fd, bool keep)
{
	if (fd >= 0)
		(void)fcntl(fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
}

void image_keep_fds(const struct keeper *k, bool keep)
{
	keep_fd(k->place.lock_fd, keep);
	keep_fd(k->place.listen_fd, keep);
	keep_fd(k->link.fd, keep);
	keep_fd(k->daemon.program_fd, keep);
	keep_fd(k->arena_fd, keep);
	for (uint32_t i = 0; i < k->table.n_high; i++) {
		const struct child *c = &k->table.children[i];

		if (c->state == CHILD_FREE)
			continue;
		keep_fd(c->fds[0], keep);
		keep_fd(c->fds[1], keep);
		keep_fd(c->report_fd, keep);
	}
}
