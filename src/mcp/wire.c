#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "mcp/mcp.h"

#define READ_BYTES (64u << 10)

void wire_read(struct mcp *m)
{
	char *p = rpc_framer_reserve(&m->framer, READ_BYTES);
	const char *line;
	ssize_t n;
	size_t len;
	int r;

	if (!p)
		mcp_die("out of memory");
	n = read(m->in, p, READ_BYTES);
	if (n <= 0) {
		if (n == 0 || (errno != EINTR && errno != EAGAIN))
			m->is_eof = true;
		return;
	}
	rpc_framer_commit(&m->framer, (size_t)n);
	while ((r = rpc_framer_next(&m->framer, &line, &len)) != RPC_FRAME_E_MORE) {
		if (r == RPC_FRAME_E_OVERSIZED) {
			protocol_oversized(m);
		} else {
			protocol_line(m, line, len);
		}
	}
}

/* The descriptors are the client's too and stay blocking; what fits PIPE_BUF is
 * taken at once by a pipe that poll() called writable. */
bool wire_write(struct mcp *m)
{
	size_t len = buf_len(&m->queue);
	ssize_t n = write(m->out, buf_data(&m->queue), len < PIPE_BUF ? len : PIPE_BUF);

	if (n < 0)
		return errno == EINTR || errno == EAGAIN;
	buf_consume(&m->queue, (size_t)n);
	if (!buf_len(&m->queue))
		buf_shrink(&m->queue);
	return true;
}

static int put(const char *p, size_t n, void *queue)
{
	buf_put(queue, p, n);
	return 0;
}

void wire_send(struct mcp *m, json_t *message)
{
	if (json_dump_callback(message, put, &m->queue, JSON_COMPACT | JSON_REAL_PRECISION(6)))
		mcp_die("out of memory");
	buf_put_char(&m->queue, '\n');
	if (buf_check(&m->queue))
		mcp_die("out of memory");
	json_decref(message);
}

void wire_notify(struct mcp *m, const char *method, json_t *params)
{
	json_t *message = mcp_pack("{s:s, s:s}", "jsonrpc", "2.0", "method", method);

	if (params)
		(void)json_object_set_new(message, "params", params);
	wire_send(m, message);
}
