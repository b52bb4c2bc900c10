#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "bench.h"

#define PATIENCE_S 60
#define HEAD_BYTES 64 /* an event says so at its beginning */

void conn_open(struct conn *c)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	const char *path = getenv("ORCHFLOW_SOCKET");

	if (!path || strlen(path) >= sizeof addr.sun_path)
		die("ORCHFLOW_SOCKET is not set, or too long");
	memcpy(addr.sun_path, path, strlen(path) + 1);
	*c = (struct conn){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), .size = 1 << 20 };
	c->buf = malloc(c->size);
	if (!c->buf || connect(c->fd, (struct sockaddr *)&addr, sizeof addr) != 0)
		die("%s: %s", path, strerror(errno));
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
}

void conn_close(struct conn *c)
{
	close(c->fd);
	free(c->buf);
}

static void send_all(struct conn *c, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(c->fd, p, n);

		if (w < 0)
			die("write: %s", strerror(errno));
		p += w;
		n -= (size_t)w;
	}
}

void conn_send(struct conn *c, const char *method, const char *params, ...)
{
	char text[8192];
	va_list ap;
	int n = snprintf(text, sizeof text,
			 "{\"jsonrpc\":\"2.0\",\"id\":%u,\"method\":\"%s\",\"params\":",
			 ++c->n_sent, method);

	va_start(ap, params);
	n += vsnprintf(text + n, sizeof text - (size_t)n, params, ap);
	va_end(ap);
	if ((size_t)n + 3 > sizeof text)
		die("request too long");
	text[n++] = '}';
	text[n++] = '\n';
	send_all(c, text, (size_t)n);
}

static void fill(struct conn *c)
{
	if (c->start > 0) {
		memmove(c->buf, c->buf + c->start, c->end - c->start);
		c->end -= c->start;
		c->start = 0;
	}
	if (c->end == c->size) {
		c->size *= 2;
		c->buf = realloc(c->buf, c->size);
		if (!c->buf)
			die("out of memory");
	}
	ssize_t n = read(c->fd, c->buf + c->end, c->size - c->end);
	if (n <= 0)
		die("no answer: %s", n == 0 ? "closed" : strerror(errno));
	c->end += (size_t)n;
}

char *conn_line(struct conn *c)
{
	size_t searched = 0;

	for (;;) {
		char *line = c->buf + c->start;
		size_t have = c->end - c->start;
		char *nl = memchr(line + searched, '\n', have - searched);

		if (nl) {
			*nl = '\0';
			c->start += (size_t)(nl - line) + 1;
			return line;
		}
		searched = have;
		fill(c);
	}
}

bool conn_is_event(const char *line, const char *kind)
{
	char head[HEAD_BYTES + 1];

	snprintf(head, sizeof head, "%s", line);
	const char *method = strstr(head, "\"method\":\"");
	if (!method)
		return false;
	method += strlen("\"method\":\"");
	return !kind || strncmp(method, kind, strlen(kind)) == 0;
}

char *conn_answer(struct conn *c)
{
	char *line = conn_line(c);

	while (conn_is_event(line, NULL))
		line = conn_line(c);
	if (strstr(line, "\"error\":{"))
		die("refused: %s", line);
	return line;
}

static const char *value_of(const char *line, const char *name)
{
	char key[64];

	snprintf(key, sizeof key, "\"%s\":", name);
	const char *at = strstr(line, key);
	if (!at)
		die("no %s in %s", name, line);
	return at + strlen(key);
}

void conn_text(const char *line, const char *name, char *ret, size_t size)
{
	const char *at = value_of(line, name) + 1;
	size_t n = strcspn(at, "\"");

	if (n >= size)
		die("%s is too long in %s", name, line);
	memcpy(ret, at, n);
	ret[n] = '\0';
}

uint64_t conn_number(const char *line, const char *name)
{
	return strtoull(value_of(line, name), NULL, 10);
}

void conn_pane(struct conn *c, const char *command, char ret[24])
{
	conn_send(c, "pane.create",
		  "{\"session\":\"bench\",\"cols\":150,\"rows\":50,\"command\":[\"sh\",\"-c\",\"%"
		  "s\"]}",
		  command);
	const char *result = strstr(conn_answer(c), "\"result\":");

	if (!result)
		die("no result");
	conn_text(result, "id", ret, 24);
}

void conn_end_pane(struct conn *c, const char *pane)
{
	conn_send(c, "pane.kill", "{\"pane\":\"%s\",\"grace_ms\":0}", pane);
	conn_answer(c);
	conn_send(c, "pane.delete", "{\"pane\":\"%s\"}", pane);
	conn_answer(c);
}
