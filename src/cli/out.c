#include "cli/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/utf8.h"

static void out_v(const char *before, const char *after, const char *fmt, va_list ap)
{
	/* What is printed already comes first, also when both go to one place. */
	(void)fflush(stdout);
	(void)fputs(before, stderr);
	(void)vfprintf(stderr, fmt, ap);
	(void)fputs(after, stderr);
}

void out_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	out_v("orchflow: ", "\n", fmt, ap);
	va_end(ap);
}

void out_note(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	out_v("[", "]\n", fmt, ap);
	va_end(ap);
}

int out_usage(const struct cli_command *command, const char *fmt, ...)
{
	const char *name = command ? command->name : "";
	va_list ap;

	(void)fprintf(stderr, "orchflow%s%s: ", command ? " " : "", name);
	va_start(ap, fmt);
	out_v("", "\n", fmt, ap);
	va_end(ap);
	(void)fprintf(stderr, "Try `orchflow help%s%s`.\n", command ? " " : "", name);
	return EXIT_USAGE;
}

/* What to do next, where the server did not say. */
static const char *default_hint(enum fail_code code)
{
	static const struct {
		enum fail_code code;
		const char *hint;
	} hints[] = {
		{ FAIL_PANE_NOT_FOUND, "`orchflow ls` lists them" },
		{ FAIL_SESSION_NOT_FOUND, "`orchflow ls` lists them" },
		{ FAIL_SESSION_EXISTS, "choose another name" },
		{ FAIL_PANE_EXITED, "`orchflow respawn` starts it again" },
		{ FAIL_PANE_RUNNING, "`orchflow kill` ends it" },
		{ FAIL_DAEMON_DOWN,
		  "`orchflow log --keeper` tells why, `orchflow reload` starts it again" },
		{ FAIL_NO_PTY, "`orchflow doctor` shows the limit" },
		{ FAIL_NO_DESCRIPTORS, "`orchflow doctor` shows the limits" },
		{ FAIL_LIMIT_PANES, "`orchflow ls` lists them, `orchflow delete` makes room" },
		{ FAIL_UNKNOWN_KEY, "keys are called Enter, C-c, M-x, Up, F5, ..." },
		{ FAIL_VERSION_UNSUPPORTED,
		  "this orchflow and the running server are of different releases" },
	};

	for (size_t i = 0; i < ARRAY_LEN(hints); i++) {
		if (hints[i].code == code)
			return hints[i].hint;
	}
	return NULL;
}

/* The detail, where there is one, names what it is about, save of a parameter at times. */
static void put_about(const struct fail *f, struct buf *out)
{
	const char *text = fail_kind(f->code)->text;
	bool is_parameter = f->code == FAIL_INVALID_PARAMS && !strstr(f->detail, f->ref);

	buf_put_str(out, text);
	if (f->ref[0] && (is_parameter || !f->detail[0])) {
		buf_put_str(out, strncmp(text, "no such", 7) == 0 ? " " : ": ");
		out_put_safe(out, f->ref, strlen(f->ref));
	}
	if (f->detail[0]) {
		buf_put_str(out, ": ");
		out_put_safe(out, f->detail, strlen(f->detail));
	}
}

void out_failure_text(const struct fail *f, struct buf *out)
{
	const char *hint = f->hint[0] ? f->hint : default_hint(f->code);

	if (f->code == FAIL_NONE) {
		out_put_safe(out, f->detail, strlen(f->detail));
	} else {
		put_about(f, out);
	}
	if (hint) {
		buf_put_str(out, "; ");
		out_put_safe(out, hint, strlen(hint));
	}
}

int out_failure(int r, const struct fail *f)
{
	struct buf b = BUF_INIT;

	if (r < 0) {
		out_error("%s", strerror(-r));
		return EXIT_ERROR;
	}
	out_failure_text(f, &b);
	out_error("%.*s", (int)buf_len(&b), buf_data(&b));
	buf_fini(&b);
	return EXIT_ERROR;
}

int out_json(const json_t *v)
{
	size_t flags = isatty(1) ? JSON_INDENT(2) : JSON_COMPACT;

	(void)json_dumpf(v, stdout, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(12));
	(void)putchar('\n');
	return out_finish();
}

int out_finish(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return EXIT_OK;
	if (errno != EPIPE)
		out_error("cannot write: %s", strerror(errno));
	return EXIT_ERROR;
}

bool out_wants_color(void)
{
	static int wants = -1;

	if (wants < 0) {
		const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

		wants = isatty(1) && !(no && no[0]) && term && strcmp(term, "dumb") != 0;
	}
	return wants;
}

int out_width(void)
{
	struct winsize ws;

	if (!isatty(1) || ioctl(1, TIOCGWINSZ, &ws) < 0)
		return 0;
	return ws.ws_col;
}

/* ---- text ---- */

void out_put_safe(struct buf *b, const char *s, size_t n)
{
	while (n) {
		uint32_t cp;
		size_t used = utf8_decode(s, n, &cp);
		char out[4];

		if (cp == '\n') {
			buf_put_str(b, "\\n");
		} else if (cp == '\t') {
			buf_put_str(b, "\\t");
		} else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
			buf_printf(b, "\\x%02x", (unsigned)cp);
		} else {
			buf_put(b, out, utf8_encode(cp, out));
		}
		s += used;
		n -= used;
	}
}

void out_put_bytes(struct buf *b, uint64_t n)
{
	static const char units[] = "KMGTPE";
	double v = (double)n;
	int unit = -1;

	while (v >= 999.5 && unit < 5) {
		v /= 1024;
		unit++;
	}
	if (unit < 0) {
		buf_printf(b, "%llu", (unsigned long long)n);
	} else {
		buf_printf(b, v < 9.95 ? "%.1f%c" : "%.0f%c", v, units[unit]);
	}
}

void out_put_age(struct buf *b, uint64_t us)
{
	unsigned long long s = us / 1000000;

	if (s < 60) {
		buf_printf(b, "%llus", s);
	} else if (s < 3600) {
		buf_printf(b, "%llum", s / 60);
	} else if (s < 86400) {
		buf_printf(b, "%lluh", s / 3600);
	} else {
		buf_printf(b, "%llud", s / 86400);
	}
}

void out_put_ns(struct buf *b, uint64_t ns)
{
	double v = (double)ns;

	if (ns < 1000) {
		buf_printf(b, "%lluns", (unsigned long long)ns);
	} else if (ns < 1000000) {
		buf_printf(b, v < 9950 ? "%.1fus" : "%.0fus", v / 1e3);
	} else if (ns < 1000000000) {
		buf_printf(b, v < 9.95e6 ? "%.1fms" : "%.0fms", v / 1e6);
	} else {
		buf_printf(b, "%.1fs", v / 1e9);
	}
}

/* ---- tables ---- */

void out_table_init(struct out_table *t, const char *titles, unsigned is_right)
{
	memset(t, 0, sizeof(*t));
	t->is_right = is_right;
	for (const char *s = titles; *s;) {
		size_t n = strcspn(s, " ");

		out_table_addf(t, OUT_DIM, "%.*s", (int)n, s);
		t->n_columns++;
		s += n;
		s += *s == ' ';
	}
}

void out_table_fini(struct out_table *t)
{
	buf_fini(&t->text);
	buf_fini(&t->colors);
}

void out_table_add(struct out_table *t, enum out_color color, const char *s)
{
	out_put_safe(&t->text, s, strlen(s));
	buf_put_char(&t->text, '\0');
	buf_put_char(&t->colors, (char)color);
	t->n_cells++;
}

void out_table_addf(struct out_table *t, enum out_color color, const char *fmt, ...)
{
	char s[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(s, sizeof(s), fmt, ap);
	va_end(ap);
	out_table_add(t, color, s);
}

void out_table_add_buf(struct out_table *t, enum out_color color, struct buf *b)
{
	buf_put_char(b, '\0');
	out_table_add(t, color, buf_data(b));
	buf_clear(b);
}

/* Columns that a cell takes, near enough for names and numbers. */
static size_t width_of(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

static const char *color_code(enum out_color c)
{
	switch (c) {
	case OUT_PLAIN:
		return "";
	case OUT_BOLD:
		return "\033[1m";
	case OUT_DIM:
		return "\033[2m";
	case OUT_RED:
		return "\033[31m";
	case OUT_GREEN:
		return "\033[32m";
	case OUT_YELLOW:
		return "\033[33m";
	}
	return "";
}

static void print_cell(const char *s, enum out_color color, int before, int after)
{
	bool has_color = color != OUT_PLAIN && out_wants_color();

	(void)printf("%*s%s%s%s%*s", before, "", has_color ? color_code(color) : "", s,
		     has_color ? "\033[0m" : "", after, "");
}

/* The last cell of a row, in what is left of the line. */
static void print_last(const char *s, enum out_color color, size_t used)
{
	int width = out_width();
	size_t room = width > 0 && (size_t)width > used ? (size_t)width - used : SIZE_MAX;
	struct buf b = BUF_INIT;

	if (width_of(s) <= room) {
		print_cell(s, color, 0, 0);
		return;
	}
	for (; *s; s++) {
		if (((unsigned char)*s & 0xc0) != 0x80 && room-- <= 1)
			break;
		buf_put_char(&b, *s);
	}
	buf_put_str(&b, "…");
	buf_put_char(&b, '\0');
	print_cell(buf_data(&b), color, 0, 0);
	buf_fini(&b);
}

void out_table_print(const struct out_table *t)
{
	size_t widths[OUT_TABLE_COLUMNS] = { 0 }, used = 0;
	const char *s = buf_data(&t->text);

	for (size_t i = 0; i < t->n_cells; i++, s += strlen(s) + 1) {
		size_t w = width_of(s), column = i % t->n_columns;

		widths[column] = w > widths[column] ? w : widths[column];
	}
	s = buf_data(&t->text);
	for (size_t i = 0; i < t->n_cells; i++, s += strlen(s) + 1) {
		size_t column = i % t->n_columns, pad = widths[column] - width_of(s);
		bool is_right = t->is_right >> column & 1;
		enum out_color color = (enum out_color)buf_data(&t->colors)[i];

		if (column + 1 == t->n_columns) {
			print_last(s, color, used);
			(void)putchar('\n');
			used = 0;
			continue;
		}
		print_cell(s, color, is_right ? (int)pad : 0, (is_right ? 0 : (int)pad) + 2);
		used += widths[column] + 2;
	}
}
