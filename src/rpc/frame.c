#include "rpc/frame.h"

#include <string.h>

#define LENGTH_BYTES 4
/* An idle connection that once sent a large message gives its buffer back. */
#define KEEP_BYTES (64u << 10)

void rpc_framer_init(struct rpc_framer *f, enum rpc_encoding enc, size_t max_bytes)
{
	buf_init(&f->in);
	f->enc = enc;
	f->max_bytes = max_bytes;
	f->scanned = 0;
	f->skipping = 0;
}

void rpc_framer_fini(struct rpc_framer *f)
{
	buf_fini(&f->in);
}

void rpc_framer_set_encoding(struct rpc_framer *f, enum rpc_encoding enc)
{
	f->enc = enc;
	f->scanned = 0;
	f->skipping = 0;
}

char *rpc_framer_reserve(struct rpc_framer *f, size_t n)
{
	return buf_reserve(&f->in, n);
}

void rpc_framer_commit(struct rpc_framer *f, size_t n)
{
	buf_commit(&f->in, n);
}

static int more(struct rpc_framer *f)
{
	if (buf_len(&f->in) == 0 && f->in.size > KEEP_BYTES)
		buf_shrink(&f->in);
	return RPC_FRAME_E_MORE;
}

/* No newline among what is there. */
static int line_is_open(struct rpc_framer *f)
{
	size_t len = buf_len(&f->in);

	if (f->skipping) {
		buf_consume(&f->in, len);
		return more(f);
	}
	f->scanned = len;
	/* One more than allowed may still be the `\r` that does not count. */
	if (len <= f->max_bytes + 1)
		return more(f);
	buf_consume(&f->in, len);
	f->scanned = 0;
	f->skipping = 1;
	return RPC_FRAME_E_OVERSIZED;
}

static int next_line(struct rpc_framer *f, const char **ret_p, size_t *ret_n)
{
	for (;;) {
		const char *p = buf_data(&f->in);
		size_t len = buf_len(&f->in), n;
		const char *newline = memchr(p + f->scanned, '\n', len - f->scanned);
		bool is_tail = f->skipping;

		if (!newline)
			return line_is_open(f);
		n = (size_t)(newline - p);
		/* Consuming moves no byte: @p stays good until the next call. */
		buf_consume(&f->in, n + 1);
		f->scanned = 0;
		f->skipping = 0;
		if (n && p[n - 1] == '\r')
			n--;
		if (is_tail || n == 0)
			continue;
		if (n > f->max_bytes)
			return RPC_FRAME_E_OVERSIZED;
		*ret_p = p;
		*ret_n = n;
		return 0;
	}
}

static size_t read_length(const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static int next_packet(struct rpc_framer *f, const char **ret_p, size_t *ret_n)
{
	size_t len = buf_len(&f->in), n;
	const char *p = buf_data(&f->in);

	if (f->skipping) {
		size_t gone = len < f->skipping ? len : f->skipping;

		buf_consume(&f->in, gone);
		f->skipping -= gone;
		len -= gone;
		p += gone;
	}
	if (len < LENGTH_BYTES)
		return more(f);
	n = read_length(p);
	if (n > f->max_bytes) {
		buf_consume(&f->in, LENGTH_BYTES);
		f->skipping = n;
		return RPC_FRAME_E_OVERSIZED;
	}
	if (len - LENGTH_BYTES < n)
		return more(f);
	buf_consume(&f->in, LENGTH_BYTES + n);
	*ret_p = p + LENGTH_BYTES;
	*ret_n = n;
	return 0;
}

int rpc_framer_next(struct rpc_framer *f, const char **ret_p, size_t *ret_n)
{
	switch (f->enc) {
	case RPC_JSON:
		return next_line(f, ret_p, ret_n);
	case RPC_MSGPACK:
		return next_packet(f, ret_p, ret_n);
	}
	return RPC_FRAME_E_MORE;
}

size_t rpc_frame_begin(enum rpc_encoding enc, struct buf *out)
{
	static const char no_length_yet[LENGTH_BYTES];
	size_t mark = buf_len(out);

	if (enc == RPC_MSGPACK)
		buf_put(out, no_length_yet, LENGTH_BYTES);
	return mark;
}

void rpc_frame_end(enum rpc_encoding enc, struct buf *out, size_t mark)
{
	size_t n;
	char *p;

	if (enc == RPC_JSON) {
		buf_put_char(out, '\n');
		return;
	}
	if (out->is_broken)
		return;
	n = buf_len(out) - mark - LENGTH_BYTES;
	if (n > UINT32_MAX) {
		out->is_broken = true;
		return;
	}
	p = out->data + out->start + mark;
	p[0] = (char)(n >> 24);
	p[1] = (char)(n >> 16);
	p[2] = (char)(n >> 8);
	p[3] = (char)n;
}
