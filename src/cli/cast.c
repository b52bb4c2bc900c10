#include "cli/cast.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "rpc/writer.h"

#define MAX_HELD 3 /* bytes of a UTF-8 character but its last */

/* A command line as one would type it. */
static void put_command(struct buf *b, const json_t *command)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_./:=,@%+";

	for (size_t i = 0; i < json_array_size(command); i++) {
		const char *s = json_string_value(json_array_get(command, i));

		buf_put_str(b, i > 0 ? " " : "");
		if (s[0] && s[strspn(s, plain)] == '\0') {
			buf_put_str(b, s);
			continue;
		}
		buf_put_char(b, '\'');
		for (; *s; s++)
			buf_put(b, *s == '\'' ? "'\\''" : s, *s == '\'' ? 4 : 1);
		buf_put_char(b, '\'');
	}
}

static void put_size(struct rpc_writer *w, int version, const struct cast_head *head)
{
	if (version == 2) {
		rpc_kv_int(w, "width", head->cols);
		rpc_kv_int(w, "height", head->rows);
		return;
	}
	rpc_key(w, "term");
	rpc_map_begin(w);
	rpc_kv_int(w, "cols", head->cols);
	rpc_kv_int(w, "rows", head->rows);
	rpc_kv_str(w, "type", "xterm-256color");
	rpc_map_end(w);
}

void cast_begin(struct cast *c, struct buf *out, int version, const struct cast_head *head)
{
	CLEANUP(buf_fini) struct buf command = BUF_INIT;
	struct rpc_writer w;

	*c = (struct cast){ .out = out,
			    .version = version,
			    .first_us = head->first_us,
			    .last_us = head->first_us };
	rpc_writer_init(&w, RPC_JSON, out);
	rpc_map_begin(&w);
	rpc_kv_int(&w, "version", version);
	put_size(&w, version, head);
	rpc_kv_uint(&w, "timestamp", head->first_us / 1000000);
	if (head->title && head->title[0])
		rpc_kv_str(&w, "title", head->title);
	put_command(&command, head->command);
	if (buf_len(&command) > 0) {
		rpc_key(&w, "command");
		rpc_strn(&w, buf_data(&command), buf_len(&command));
	}
	if (version == 2) {
		rpc_key(&w, "env");
		rpc_map_begin(&w);
		rpc_kv_str(&w, "TERM", "xterm-256color");
		rpc_map_end(&w);
	}
	rpc_map_end(&w);
	buf_put_char(out, '\n');
}

static void put_event(struct cast *c, uint64_t time_us, char code, const char *p, size_t n)
{
	uint64_t since, t = time_us > c->last_us ? time_us : c->last_us;
	struct rpc_writer w;

	since = t - (c->version == 2 ? c->first_us : c->last_us);
	c->last_us = t;
	buf_printf(c->out, "[%" PRIu64 ".%06" PRIu64 ", \"%c\", ", since / 1000000, since % 1000000,
		   code);
	rpc_writer_init(&w, RPC_JSON, c->out);
	rpc_strn(&w, p, n);
	buf_put_str(c->out, "]\n");
}

/* Bytes at the end of @p that begin a character whose rest may follow. */
static size_t unfinished(const char *p, size_t n)
{
	for (size_t k = 1; k <= MAX_HELD && k <= n; k++) {
		uint8_t b = (uint8_t)p[n - k];

		if (b >= 0xc0) {
			size_t want = b >= 0xf0 ? 4 : b >= 0xe0 ? 3 : 2;

			return k < want ? k : 0;
		}
		if (b < 0x80)
			return 0;
	}
	return 0;
}

static void flush_held(struct cast *c)
{
	size_t n = c->n_held;

	c->n_held = 0;
	if (n > 0)
		put_event(c, c->held_us, 'o', c->held, n);
}

void cast_output(struct cast *c, uint64_t time_us, const char *p, size_t n)
{
	CLEANUP(buf_fini) struct buf whole = BUF_INIT;

	if (c->n_held > 0) {
		buf_put(&whole, c->held, c->n_held);
		buf_put(&whole, p, n);
		p = buf_data(&whole);
		n = buf_len(&whole);
	}
	c->n_held = unfinished(p, n);
	c->held_us = time_us;
	n -= c->n_held;
	memcpy(c->held, p + n, c->n_held);
	if (n > 0)
		put_event(c, time_us, 'o', p, n);
}

void cast_resize(struct cast *c, uint64_t time_us, int cols, int rows)
{
	char size[32];
	int n = snprintf(size, sizeof size, "%dx%d", cols, rows);

	flush_held(c);
	put_event(c, time_us, 'r', size, (size_t)n);
}

void cast_marker(struct cast *c, uint64_t time_us, const char *label, size_t n)
{
	flush_held(c);
	put_event(c, time_us, 'm', label, n);
}

void cast_input(struct cast *c, uint64_t time_us, const char *p, size_t n)
{
	flush_held(c);
	put_event(c, time_us, 'i', p, n);
}

void cast_exit(struct cast *c, uint64_t time_us, int status)
{
	char text[16];
	int n = snprintf(text, sizeof text, "%d", status);

	flush_held(c);
	if (c->version >= 3)
		put_event(c, time_us, 'x', text, (size_t)n);
}

void cast_end(struct cast *c)
{
	flush_held(c);
}
