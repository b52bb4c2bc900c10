#include "core/fake_shell.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/shell.h"

struct pane *fake_shell(struct fake_keeper *k, const char *program)
{
	struct pane_spec spec = fake_spec();
	json_t *command = json_pack("[s]", program);
	struct fake_created made;
	struct pane *p;

	spec.command = command;
	p = fake_create(k, &spec, &made);
	assert_non_null(p);
	assert_int_not_equal(shell_of_pane(p), SHELL_NONE);
	json_decref(command);
	return p;
}

/* "{text}" behind a letter; returns behind it. */
static const char *braces(const char *at, struct buf *out)
{
	const char *end = strchr(at, '}');

	assert_true(*at == '{' && end);
	buf_put(out, at + 1, (size_t)(end - at - 1));
	return end + 1;
}

static const char *put_mark(const char *at, const char *nonce, struct buf *out)
{
	char letter = *at++, text[64];

	if (letter == 'E') {
		buf_put_str(out, "\033]633;E;");
		at = braces(at, out);
		snprintf(text, sizeof text, ";%s\a", nonce);
	} else if (letter == 'P') {
		snprintf(text, sizeof text, "\033]633;P;OrchflowCwd=%s;", nonce);
		buf_put_str(out, text);
		at = braces(at, out);
		snprintf(text, sizeof text, "\a");
	} else if (letter == 'K') {
		snprintf(text, sizeof text, "\033]133;A;k=s;o=%s\a", nonce);
	} else if (letter >= '0' && letter <= '9') {
		snprintf(text, sizeof text, "\033]133;D;%c;o=%s\a", letter, nonce);
	} else {
		snprintf(text, sizeof text, "\033]133;%c;o=%s\a", letter, nonce);
	}
	buf_put_str(out, text);
	return at;
}

char *fake_format(const struct pane *p, const char *format)
{
	char nonce[SHELL_NONCE_BYTES];
	struct buf all = BUF_INIT;
	char *text;

	shell_nonce(p, nonce);
	while (*format) {
		if (*format == '$') {
			format = put_mark(format + 1, nonce, &all);
		} else {
			buf_put_char(&all, *format++);
		}
	}
	text = buf_steal_str(&all);
	assert_non_null(text);
	return text;
}

void fake_say(struct fake_keeper *k, struct pane *p, const char *format)
{
	char *text = fake_format(p, format);

	fake_print(k, p, text);
	mem_free(text);
}

void fake_command(struct fake_keeper *k, struct pane *p, const char *text, const char *output,
		  int status)
{
	char format[512];

	snprintf(format, sizeof format, "%s\r\n$E{%s}$C%s$%d$A> $B", text, text, output, status);
	fake_say(k, p, format);
}

const char *fake_typed(struct fake_keeper *k, struct pane *p, size_t n)
{
	static char typed[65536];
	struct pollfd fd = { .fd = fake_pane_of(k, pane_number(p))->slave, .events = POLLIN };
	size_t got = 0;

	for (int i = 0; i < 5000 && got < n; i++) {
		fake_keeper_turn(k, 1);
		if (poll(&fd, 1, 1) > 0) {
			ssize_t r = read(fd.fd, typed + got, sizeof typed - 1 - got);

			assert_true(r > 0);
			got += (size_t)r;
		}
	}
	assert_true(got >= n);
	typed[got] = '\0';
	return typed;
}
