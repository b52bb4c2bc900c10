#include "mcp/text.h"

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum text_keep text_keep(const char *name)
{
	if (name && strcmp(name, "head") == 0)
		return TEXT_HEAD;
	if (name && strcmp(name, "tail") == 0)
		return TEXT_TAIL;
	return TEXT_BOTH;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* At most @max bytes from the front, cut well. */
static size_t head_len(const char *s, size_t n, size_t max)
{
	size_t len = max < n ? max : n;

	if (len == n)
		return n;
	for (size_t i = len; i > len - len / 4; i--) {
		if (s[i - 1] == '\n')
			return i;
	}
	while (len && is_continuation(s[len]))
		len--;
	return len;
}

/* The same from the back; bytes. */
static size_t tail_len(const char *s, size_t n, size_t max)
{
	size_t len = max < n ? max : n, from = n - len;

	if (len == n)
		return n;
	for (size_t i = from; i <= from + len / 4; i++) {
		if (i == 0 || s[i - 1] == '\n')
			return n - i;
	}
	while (from < n && is_continuation(s[from]))
		from++;
	return n - from;
}

static size_t count_lines(const char *s, size_t n)
{
	size_t lines = 0;

	for (const char *p = s; (p = memchr(p, '\n', (size_t)(s + n - p))) != NULL; p++)
		lines++;
	return lines;
}

void text_count(uint64_t n, struct buf *out)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n);

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			buf_put_char(out, ',');
		buf_put_char(out, digits[i]);
	}
}

static void put_omission(const struct text_cut *cut, struct buf *out)
{
	buf_put_str(out, "[... ");
	text_count(cut->omitted, out);
	buf_put_str(out, " bytes, ");
	text_count(cut->omitted_lines, out);
	buf_put_str(out, " lines left out ...]\n");
}

void text_cut(const char *s, size_t n, size_t max, enum text_keep keep, struct buf *out,
	      struct text_cut *ret)
{
	size_t head = 0, tail = 0;

	if (n <= max) {
		head = n;
	} else {
		if (keep != TEXT_TAIL)
			head = head_len(s, n, keep == TEXT_BOTH ? max / 2 : max);
		if (keep != TEXT_HEAD)
			tail = tail_len(s, n, keep == TEXT_BOTH ? max - max / 2 : max);
	}
	ret->kept = head + tail;
	ret->omitted = n - head - tail;
	ret->omitted_lines = count_lines(s + head, ret->omitted);
	buf_put(out, s, head);
	if (ret->omitted) {
		if (head && s[head - 1] != '\n')
			buf_put_char(out, '\n');
		put_omission(ret, out);
	}
	buf_put(out, s + n - tail, tail);
}

size_t text_trim(const char *s, size_t n)
{
	while (n && (s[n - 1] == '\n' || s[n - 1] == ' ' || s[n - 1] == '\r'))
		n--;
	return n;
}

json_t *text_json(const char *s, size_t n)
{
	struct buf valid = BUF_INIT;
	json_t *v = NULL;

	if (utf8_valid_prefix(s, n) == n)
		return json_stringn(s, n);
	while (n) {
		size_t good = utf8_valid_prefix(s, n);
		uint32_t ignored;

		buf_put(&valid, s, good);
		s += good;
		n -= good;
		if (n) {
			size_t bad = utf8_decode(s, n, &ignored);

			buf_put_str(&valid, "\xef\xbf\xbd");
			s += bad;
			n -= bad;
		}
	}
	if (buf_check(&valid) == 0)
		v = json_stringn(buf_data(&valid), buf_len(&valid));
	buf_fini(&valid);
	return v;
}

/* What a model can do about it, in terms of our tools; NULL: no more than the daemon says. */
static const char *advice(enum fail_code code)
{
	static const struct {
		enum fail_code code;
		const char *text;
	} table[] = {
		{ FAIL_PANE_NOT_FOUND, "the tool `list` tells which panes there are" },
		{ FAIL_SESSION_NOT_FOUND, "the tool `list` tells which sessions there are" },
		{ FAIL_PANE_EXITED, "its output can still be read; start a new one to go on" },
		{ FAIL_PANE_BUSY,
		  "wait for it with until=command, give queue=true, or run it without pane" },
		{ FAIL_NO_INTEGRATION, "run it without pane, or use send, wait and read" },
		{ FAIL_COMMAND_NOT_KNOWN, "`run` with this pane has typed nothing yet" },
		{ FAIL_LIMIT_INPUT, "the program does not read its input just now" },
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (table[i].code == code)
			return table[i].text;
	}
	return NULL;
}

void text_failure(const struct fail *f, struct buf *out)
{
	const char *ours = advice(f->code), *hint = ours ? ours : f->hint;

	if (f->code == FAIL_NONE) {
		buf_put_str(out, f->detail);
	} else {
		buf_put_str(out, fail_kind(f->code)->text);
		if (f->detail[0]) {
			buf_printf(out, ": %s", f->detail);
		} else if (f->ref[0]) {
			buf_printf(out, ": %s", f->ref);
		}
	}
	if (*hint)
		buf_printf(out, "; %s", hint);
}

void text_status(const json_t *status, struct buf *out)
{
	const json_t *code = json_object_get(status, "code");
	const char *name = json_string_value(json_object_get(status, "name"));

	if (json_is_integer(code)) {
		buf_printf(out, "exited with status %lld", (long long)json_integer_value(code));
	} else if (json_is_object(status)) {
		buf_printf(out, "killed by %s (%lld)", name ? name : "a signal",
			   (long long)json_integer_value(json_object_get(status, "signal")));
	} else {
		buf_put_str(out, "still running");
	}
}
