/*
 * The registry's log: what the store is not known to have yet.  JSON lines, the last line
 * of an object wins:
 *
 *   {"t":"next","session":N,"pane":N}
 *   {"t":"env","id":N,"vars":["K=V",...]}
 *   {"t":"session","id":N,"name":...,"cwd":...,"env":N,"created":us}
 *   {"t":"pane","id":N,...}
 *   {"t":"-session","id":N}  {"t":"-pane","id":N}
 *   {"t":"command","pane":N,"number":N,"text":...,...}     each stands for itself
 *
 * It is a beginning of what happened since it was last empty, in order: to play it over
 * a store that has some of it already changes nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/registry.h"

#define REWRITE_SLACK_BYTES (8u << 20)

static int write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t r = write(fd, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return r < 0 ? -errno : -EIO;
		p += r;
		n -= (size_t)r;
	}
	return 0;
}

void registry_log_open(struct registry *g, const char *state_dir)
{
	struct stat st;

	snprintf(g->path, sizeof g->path, "%s/registry.log", state_dir);
	g->fd = open(g->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (g->fd < 0)
		log_error("cannot open %s: %s", g->path, strerror(errno));
	if (g->fd >= 0 && fstat(g->fd, &st) == 0)
		g->bytes = (uint64_t)st.st_size;
	g->rewrite_at = 2 * g->bytes + REWRITE_SLACK_BYTES;
	g->is_log_broken = g->fd < 0;
}

void registry_log_close(struct registry *g)
{
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
}

int registry_log_append(struct registry *g, const char *text)
{
	size_t n = strlen(text);
	struct buf b = BUF_INIT;
	int r;

	if (g->bytes > REGISTRY_LOG_MAX_BYTES)
		return -EFBIG;
	buf_put(&b, text, n);
	buf_put_char(&b, '\n');
	r = buf_check(&b);
	if (r == 0)
		r = write_all(g->fd, buf_data(&b), n + 1);
	buf_fini(&b);
	if (r == 0) {
		g->bytes += n + 1;
	} else if (ftruncate(g->fd, (off_t)g->bytes) < 0) {
		log_error("a broken line is left in the registry: %s", strerror(errno));
	}
	return r;
}

int registry_log_put(struct buf *b, json_t *v)
{
	char *text = v ? json_dumps(v, JSON_COMPACT) : NULL;

	json_decref(v);
	if (!text)
		return -ENOMEM;
	buf_put_str(b, text);
	buf_put_char(b, '\n');
	mem_free(text);
	return buf_check(b);
}

int registry_log_replace(struct registry *g, const struct buf *b)
{
	char tmp[sizeof g->path + 8];
	int fd, r;

	snprintf(tmp, sizeof tmp, "%s.new", g->path);
	fd = open(tmp, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	r = fd < 0 ? -errno : write_all(fd, buf_data(b), buf_len(b));
	if (r == 0 && rename(tmp, g->path) < 0)
		r = -errno;
	if (r < 0 && fd >= 0) {
		close(fd);
		unlink(tmp); /* it is in the way on a full disk */
	}
	if (r < 0)
		return r;
	registry_log_close(g);
	g->fd = fd;
	g->bytes = buf_len(b);
	g->rewrite_at = 2 * g->bytes + REWRITE_SLACK_BYTES;
	g->is_log_broken = false;
	return 0;
}

void registry_log_empty(struct registry *g)
{
	if (g->fd < 0 || ftruncate(g->fd, 0) < 0) {
		log_error("cannot empty %s", g->path);
		return;
	}
	g->bytes = 0;
	g->is_log_broken = g->wants_empty = false;
}
