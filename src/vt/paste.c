#include "vt/paste.h"

#include "base/utf8.h"

#include <string.h>

/* Bytes of an end marker at @p, with its introducer in any of three spellings. */
static size_t end_marker(const char *p, size_t n)
{
	static const char *const markers[] = { "\033[201~",
					       "\xc2\x9b"
					       "201~",
					       "\x9b"
					       "201~" };

	for (size_t i = 0; i < ARRAY_LEN(markers); i++) {
		size_t len = strlen(markers[i]);

		if (n >= len && !memcmp(p, markers[i], len))
			return len;
	}
	return 0;
}

static bool is_unsafe(uint32_t cp)
{
	return (cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r') || (cp >= 0x7f && cp < 0xa0);
}

/* Bytes at the start of @p that must not be sent, or 0. */
static size_t unsafe_bytes(const char *p, size_t n, size_t *ret_safe)
{
	size_t len = end_marker(p, n);
	uint8_t c = (uint8_t)*p;
	uint32_t cp;

	if (len)
		return len;
	len = utf8_decode(p, n, &cp);
	*ret_safe = len;
	/* A lone byte of the C1 range is a control character to some. */
	if (is_unsafe(cp) || (c >= 0x80 && c < 0xa0))
		return len;
	return 0;
}

static void put_bracketed(const char *text, size_t n, struct buf *out)
{
	size_t from = 0;

	buf_put_str(out, "\033[200~");
	for (size_t i = 0; i < n;) {
		size_t safe = 1, unsafe = unsafe_bytes(text + i, n - i, &safe);

		if (unsafe) {
			buf_put(out, text + from, i - from);
			from = i + unsafe;
		}
		i += unsafe ? unsafe : safe;
	}
	buf_put(out, text + from, n - from);
	buf_put_str(out, "\033[201~");
}

static void put_typed(const char *text, size_t n, struct buf *out)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		if (text[i] != '\n')
			continue;
		/* CR LF is one line end, and its CR is there already. */
		buf_put(out, text + from, i - from);
		if (!i || text[i - 1] != '\r')
			buf_put_char(out, '\r');
		from = i + 1;
	}
	buf_put(out, text + from, n - from);
}

void paste_encode(const char *text, size_t n, bool is_bracketed, struct buf *out)
{
	if (is_bracketed) {
		put_bracketed(text, n, out);
	} else {
		put_typed(text, n, out);
	}
}
