/*
 * Runs transcripts: tests/vt/README says how they read.
 *
 * usage: vtt_test FILE...
 *
 * Each transcript drives two terminals: one gets the bytes of a `feed` in one
 * piece, the other one by one.  Whatever is expected must hold for both.
 */
#include "vt/vt.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 65536
#define N_TERMS 2

struct term {
	struct vt *vt;
	char replies[TEXT_MAX]; /* not yet expected */
	size_t n_replies;
	char events[TEXT_MAX]; /* lines, not yet expected */
	size_t n_events;
};

struct run {
	const char *path;
	FILE *file;
	int line;
	int n_failed;
	struct term terms[N_TERMS];
	struct vt_opts opts;
};

/* --- what the terminal says --- */

static void add_event(struct term *t, const char *name, const char *a, const char *b)
{
	size_t left = sizeof t->events - t->n_events;
	int n = snprintf(t->events + t->n_events, left, "%s%s%s%s%s\n", name, *a ? " " : "", a,
			 *b ? " " : "", b);

	if (n > 0 && (size_t)n < left)
		t->n_events += (size_t)n;
}

static void on_reply(void *user, const char *bytes, size_t n)
{
	struct term *t = user;

	if (n > sizeof t->replies - t->n_replies)
		n = sizeof t->replies - t->n_replies;
	memcpy(t->replies + t->n_replies, bytes, n);
	t->n_replies += n;
}

static void on_title(void *user, enum vt_title which, const char *text)
{
	add_event(user, which == VT_TITLE_ICON ? "icon" : "title", text, "");
}

static void on_bell(void *user)
{
	add_event(user, "bell", "", "");
}

static void on_cwd(void *user, const char *host, const char *path)
{
	add_event(user, "cwd", *host ? host : "-", path);
}

static void on_clipboard(void *user, const char *selection, const char *data, size_t n)
{
	char text[256];

	snprintf(text, sizeof text, "%.*s", (int)n, data);
	add_event(user, "clipboard", selection, text);
}

static void on_clipboard_query(void *user, const char *selection)
{
	add_event(user, "clipboard-query", selection, "");
}

static void on_notify(void *user, const char *title, const char *body)
{
	add_event(user, "notify", *title ? title : "-", body);
}

static void on_progress(void *user, int state, int percent)
{
	char text[32];

	snprintf(text, sizeof text, "%d %d", state, percent);
	add_event(user, "progress", text, "");
}

static void on_mark(void *user, const struct vt_mark_event *ev)
{
	static const char *const kinds[] = { "prompt", "command",      "output",
					     "done",   "continuation", "user" };
	char text[64];

	snprintf(text, sizeof text, "%s %d", kinds[ev->mark.kind], ev->mark.status);
	add_event(user, "mark", text, ev->text);
}

static void on_command_line(void *user, const char *text, const char *nonce)
{
	add_event(user, "command-line", text, nonce);
}

static void on_user_var(void *user, const char *name, const char *value)
{
	add_event(user, "var", name, value);
}

static void on_image(void *user, enum vt_image kind, const char *params, const char *data, size_t n)
{
	static const char *const kinds[] = { "sixel", "kitty", "iterm" };
	char text[128];

	(void)data;
	snprintf(text, sizeof text, "%s %s %zu", kinds[kind], *params ? params : "-", n);
	add_event(user, "image", text, "");
}

static bool on_resize(void *user, int cols, int rows)
{
	char text[32];

	snprintf(text, sizeof text, "%d %d", cols, rows);
	add_event(user, "resize", text, "");
	return true;
}

static const struct vt_callbacks callbacks = {
	.reply = on_reply,
	.title = on_title,
	.bell = on_bell,
	.cwd = on_cwd,
	.clipboard = on_clipboard,
	.clipboard_query = on_clipboard_query,
	.notify = on_notify,
	.progress = on_progress,
	.mark = on_mark,
	.command_line = on_command_line,
	.user_var = on_user_var,
	.image = on_image,
	.resize = on_resize,
};

/* --- words --- */

static int hex(char c)
{
	const char *digits = "0123456789abcdef", *at = c ? strchr(digits, c | 0x20) : NULL;

	if (c >= '0' && c <= '9')
		return c - '0';
	return at ? (int)(at - digits) : 0;
}

static size_t put_code_point(unsigned long cp, char *out)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 63));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 63));
		out[2] = (char)(0x80 | (cp & 63));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 63));
	out[2] = (char)(0x80 | (cp >> 6 & 63));
	out[3] = (char)(0x80 | (cp & 63));
	return 4;
}

/* One escape behind the backslash. */
static size_t unescape(const char **s, char *out)
{
	char c = *(*s)++;

	switch (c) {
	case 'e':
		*out = '\033';
		return 1;
	case 'n':
		*out = '\n';
		return 1;
	case 'r':
		*out = '\r';
		return 1;
	case 't':
		*out = '\t';
		return 1;
	case 'a':
		*out = '\a';
		return 1;
	case 'b':
		*out = '\b';
		return 1;
	case 'x':
		*out = (char)(hex((*s)[0]) << 4 | hex((*s)[1]));
		*s += 2;
		return 1;
	case 'u':
		if (**s == '{') {
			char *end;
			unsigned long cp = strtoul(*s + 1, &end, 16);

			*s = end + 1;
			return put_code_point(cp, out);
		}
		return 0;
	default:
		*out = c;
		return 1;
	}
}

/* "..." at @s, unescaped into @out; its length. */
static size_t quoted(const char *s, char *out)
{
	size_t n = 0;

	s += strcspn(s, "\"");
	if (*s)
		s++;
	while (*s && *s != '"' && n + 4 < TEXT_MAX) {
		if (*s == '\\') {
			s++;
			n += unescape(&s, out + n);
		} else {
			out[n++] = *s++;
		}
	}
	out[n] = '\0';
	return n;
}

/* --- checks --- */

static void fail(struct run *run, int which, const char *what, const char *want, const char *got)
{
	fprintf(stderr, "%s:%d: %s (%s)\n  expected: %s\n  got:      %s\n", run->path, run->line,
		what, which ? "byte by byte" : "at once", want, got);
	run->n_failed++;
}

static void check_int(struct run *run, int which, const char *what, int want, int got)
{
	char a[16], b[16];

	snprintf(a, sizeof a, "%d", want);
	snprintf(b, sizeof b, "%d", got);
	if (want != got)
		fail(run, which, what, a, b);
}

/* Printable form, for messages. */
static void escape(const char *s, size_t n, char *out, size_t size)
{
	size_t k = 0;

	for (size_t i = 0; i < n && k + 5 < size; i++) {
		if (s[i] == '\033') {
			k += (size_t)snprintf(out + k, size - k, "\\e");
		} else if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f) {
			k += (size_t)snprintf(out + k, size - k, "\\x%02x", s[i]);
		} else {
			out[k++] = s[i];
		}
	}
	out[k] = '\0';
}

static void row_text(const struct vt *vt, int row, char *out, size_t size)
{
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view v;

	out[0] = '\0';
	if (vt_line(vt, row, &buf, &v) == 0) {
		snprintf(out, size, "%.*s", (int)v.n_bytes, v.n_bytes ? v.text : "");
	} else {
		snprintf(out, size, "(no such line)");
	}
	line_buf_fini(&buf);
}

static void check_row(struct run *run, int row, const char *want)
{
	char got[TEXT_MAX];

	for (int i = 0; i < N_TERMS; i++) {
		row_text(run->terms[i].vt, row, got, sizeof got);
		if (strcmp(want, got) != 0)
			fail(run, i, "row", want, got);
	}
}

static const char *const attr_names[] = { "bold",    "faint",  "italic", "blink",    "rapid",
					  "inverse", "hidden", "strike", "overline", "protected" };
static const char *const underline_names[] = { "",      "underline", "double",
					       "curly", "dotted",    "dashed" };

static void put_color(char *out, size_t size, const char *name, uint32_t c)
{
	size_t n = strlen(out);

	if ((c & COLOR_KIND) == COLOR_INDEXED) {
		snprintf(out + n, size - n, " %s=%u", name, c & COLOR_VALUE);
	} else if ((c & COLOR_KIND) == COLOR_RGB) {
		snprintf(out + n, size - n, " %s=#%06x", name, c & COLOR_VALUE);
	}
}

static void put_word(char *out, size_t size, const char *word)
{
	size_t n = strlen(out);

	snprintf(out + n, size - n, " %s", word);
}

/* " bold fg=1 link=uri" of the run that covers a column. */
static void style_text(const struct vt *vt, int row, unsigned col, char *out, size_t size)
{
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view v;
	unsigned end = 0;

	out[0] = '\0';
	if (vt_line(vt, row, &buf, &v) != 0)
		return;
	for (uint32_t i = 0; i < v.n_runs; i++) {
		const struct line_run *r = &v.runs[i];

		end += r->n_cols;
		if (col >= end)
			continue;
		for (size_t k = 0; k < ARRAY_LEN(attr_names); k++) {
			if (r->style.attrs >> k & 1)
				put_word(out, size, attr_names[k]);
		}
		if (style_underline(&r->style) != UNDERLINE_NONE)
			put_word(out, size, underline_names[style_underline(&r->style)]);
		put_color(out, size, "fg", r->style.fg);
		put_color(out, size, "bg", r->style.bg);
		put_color(out, size, "ul", r->style.underline);
		if (r->link) {
			put_word(out, size, "link=");
			snprintf(out + strlen(out), size - strlen(out), "%s", r->link->uri);
		}
		break;
	}
	line_buf_fini(&buf);
}

/* --- commands --- */

static void do_size(struct run *run, const char *args)
{
	int cols = 80, rows = 24;

	if (sscanf(args, "%d %d", &cols, &rows) != 2)
		fail(run, 0, "size COLS ROWS", "two numbers", args);
	for (int i = 0; i < N_TERMS; i++) {
		struct term *t = &run->terms[i];

		vt_free(t->vt);
		t->n_replies = t->n_events = 0;
		t->vt = vt_new(cols, rows, &run->opts, &callbacks, t);
		if (!t->vt)
			exit(EXIT_FAILURE);
	}
}

static void do_feed(struct run *run, const char *args)
{
	char bytes[TEXT_MAX];
	size_t n = quoted(args, bytes);

	vt_feed(run->terms[0].vt, bytes, n);
	for (size_t i = 0; i < n; i++)
		vt_feed(run->terms[1].vt, bytes + i, 1);
}

static void do_resize(struct run *run, const char *args)
{
	int cols, rows;

	if (sscanf(args, "%d %d", &cols, &rows) != 2)
		fail(run, 0, "resize COLS ROWS", "two numbers", args);
	for (int i = 0; i < N_TERMS; i++) {
		if (vt_resize(run->terms[i].vt, cols, rows) < 0)
			exit(EXIT_FAILURE);
	}
}

/* The lines up to "end", each behind a '|', are the first rows; the rest is blank. */
static void do_screen(struct run *run, const char *args)
{
	char line[TEXT_MAX];
	int row = 0;

	(void)args;
	while (fgets(line, sizeof line, run->file)) {
		run->line++;
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(line, "end"))
			break;
		check_row(run, row++, line[0] == '|' ? line + 1 : line);
	}
	for (; row < vt_rows(run->terms[0].vt); row++)
		check_row(run, row, "");
}

static void do_row(struct run *run, const char *args)
{
	char want[TEXT_MAX];

	quoted(args, want);
	check_row(run, atoi(args), want);
}

static void do_cursor(struct run *run, const char *args)
{
	int row = 0, col = 0;
	bool wants_wrap = strstr(args, "wrap") != NULL;

	if (sscanf(args, "%d %d", &row, &col) != 2)
		fail(run, 0, "cursor ROW COL [wrap]", "two numbers", args);
	for (int i = 0; i < N_TERMS; i++) {
		struct vt_cursor c = vt_cursor(run->terms[i].vt);

		check_int(run, i, "cursor's row", row, c.row);
		check_int(run, i, "cursor's column", col, c.col);
		check_int(run, i, "wrap pending", wants_wrap, c.is_wrap_pending);
	}
}

static void do_reply(struct run *run, const char *args)
{
	char want[TEXT_MAX], a[1024], b[1024];
	size_t n = quoted(args, want);

	for (int i = 0; i < N_TERMS; i++) {
		struct term *t = &run->terms[i];

		if (n != t->n_replies || memcmp(want, t->replies, n) != 0) {
			escape(want, n, a, sizeof a);
			escape(t->replies, t->n_replies, b, sizeof b);
			fail(run, i, "reply", a, b);
		}
		t->n_replies = 0;
	}
}

/* The oldest event not yet expected. */
static void do_event(struct run *run, const char *args)
{
	char want[TEXT_MAX], quote[TEXT_MAX];

	snprintf(quote, sizeof quote, "\"%s\"", args);
	quoted(quote, want);
	for (int i = 0; i < N_TERMS; i++) {
		struct term *t = &run->terms[i];
		char got[1024];
		size_t n = (size_t)(t->n_events ? strcspn(t->events, "\n") : 0);

		snprintf(got, sizeof got, "%.*s", (int)n, t->events);
		if (strcmp(want, t->n_events ? got : "none") != 0)
			fail(run, i, "event", want, t->n_events ? got : "none");
		if (t->n_events) {
			memmove(t->events, t->events + n + 1, t->n_events - n - 1);
			t->n_events -= n + 1;
		}
	}
}

static void do_style(struct run *run, const char *args)
{
	int row = 0, col = 0, n = 0;
	char want[1024], got[1024];

	if (sscanf(args, "%d %d%n", &row, &col, &n) < 2)
		fail(run, 0, "style ROW COL WORDS...", "two numbers", args);
	snprintf(want, sizeof want, "%s", args + n);
	for (int i = 0; i < N_TERMS; i++) {
		style_text(run->terms[i].vt, row, (unsigned)col, got, sizeof got);
		if (strcmp(want, got) != 0)
			fail(run, i, "style", want, got);
	}
}

/* "flags ROW [wrapped] [double] [top] [bottom]" */
static void do_flags(struct run *run, const char *args)
{
	static const char *const names[] = { "wrapped", "double", "top", "bottom" };
	struct line_buf buf = LINE_BUF_INIT;
	struct line_view v;
	int want = 0;

	for (size_t k = 0; k < ARRAY_LEN(names); k++)
		want |= strstr(args, names[k]) ? 1 << k : 0;
	for (int i = 0; i < N_TERMS; i++) {
		if (vt_line(run->terms[i].vt, atoi(args), &buf, &v) == 0)
			check_int(run, i, "flags", want, v.flags);
	}
	line_buf_fini(&buf);
}

static void do_mode(struct run *run, const char *args)
{
	char name[64] = "", value[8] = "";

	sscanf(args, "%63s %7s", name, value);
	for (int m = 0; m < VT_N_MODES; m++) {
		if (strcmp(vt_mode_info((enum vt_mode)m)->name, name) != 0)
			continue;
		for (int i = 0; i < N_TERMS; i++) {
			check_int(run, i, name, !strcmp(value, "on"),
				  vt_mode(run->terms[i].vt, (enum vt_mode)m));
		}
		return;
	}
	fail(run, 0, "mode", "a name of modes.h", name);
}

static void do_history(struct run *run, const char *args)
{
	for (int i = 0; i < N_TERMS; i++)
		check_int(run, i, "history", atoi(args), vt_history_lines(run->terms[i].vt));
}

static void do_title(struct run *run, const char *args)
{
	char want[TEXT_MAX];

	quoted(args, want);
	for (int i = 0; i < N_TERMS; i++) {
		if (strcmp(want, vt_title(run->terms[i].vt, VT_TITLE_WINDOW)) != 0)
			fail(run, i, "title", want, vt_title(run->terms[i].vt, VT_TITLE_WINDOW));
	}
}

static void do_kitty(struct run *run, const char *args)
{
	for (int i = 0; i < N_TERMS; i++)
		check_int(run, i, "kitty flags", atoi(args), (int)vt_kitty_flags(run->terms[i].vt));
}

/* "option clipboard read-write": for the terminals made from now on. */
static void do_option(struct run *run, const char *args)
{
	run->opts.clipboard = strstr(args, "clipboard read-write") ? VT_CLIPBOARD_READ_WRITE
			      : strstr(args, "clipboard write")    ? VT_CLIPBOARD_WRITE
								   : run->opts.clipboard;
	if (strstr(args, "title-report"))
		run->opts.has_title_report = true;
	if (strstr(args, "legacy-width"))
		run->opts.is_legacy_width = true;
	if (strstr(args, "history"))
		run->opts.history_lines = (uint32_t)atoi(strstr(args, "history") + 7);
}

static const struct {
	const char *name;
	void (*fn)(struct run *run, const char *args);
} commands[] = {
	{ "size", do_size },     { "feed", do_feed },   { "resize", do_resize },
	{ "screen", do_screen }, { "row", do_row },     { "cursor", do_cursor },
	{ "reply", do_reply },   { "event", do_event }, { "style", do_style },
	{ "flags", do_flags },   { "mode", do_mode },   { "history", do_history },
	{ "title", do_title },   { "kitty", do_kitty }, { "option", do_option },
};

static void run_line(struct run *run, char *line)
{
	size_t n = strcspn(line, " \t\n");

	line[strcspn(line, "\n")] = '\0';
	if (!n || line[0] == '#')
		return;
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		if (strlen(commands[i].name) == n && !strncmp(commands[i].name, line, n)) {
			commands[i].fn(run, line[n] ? line + n + 1 : line + n);
			return;
		}
	}
	fail(run, 0, "command", "one of README.md", line);
}

static int run_file(const char *path)
{
	static struct run run;
	static char line[TEXT_MAX];

	memset(&run, 0, sizeof run);
	run.path = path;
	run.file = fopen(path, "r");
	if (!run.file) {
		fprintf(stderr, "%s: cannot be read\n", path);
		return 1;
	}
	do_size(&run, "80 24");
	while (fgets(line, sizeof line, run.file)) {
		run.line++;
		run_line(&run, line);
	}
	fclose(run.file);
	for (int i = 0; i < N_TERMS; i++) {
		if (run.terms[i].n_replies)
			fail(&run, i, "a reply that nobody expected", "", run.terms[i].replies);
		vt_free(run.terms[i].vt);
	}
	return run.n_failed;
}

int main(int argc, char **argv)
{
	int n_failed = 0;

	for (int i = 1; i < argc; i++)
		n_failed += run_file(argv[i]);
	printf("%d transcripts, %d failures\n", argc - 1, n_failed);
	return n_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
