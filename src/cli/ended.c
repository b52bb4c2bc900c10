#include "cli/ended.h"

#include <stdio.h>
#include <string.h>

#include "cli/out.h"
#include "cli/server.h"

static const char *name_of(int signo)
{
	const char *name = sigabbrev_np(signo);

	return name ? name : "?";
}

/* Servers tell a signal by number or by name. */
static void put_signal(struct buf *b, const json_t *process)
{
	const json_t *s = json_object_get(process, "signal");

	if (json_is_string(s)) {
		buf_printf(b, " (%s)", json_string_value(s));
	} else if (json_integer_value(s) > 0) {
		buf_printf(b, " (SIG%s)", name_of((int)json_integer_value(s)));
	}
}

static void put_command(struct buf *b, const json_t *p)
{
	const char *command = server_str(p, "command");

	out_put_safe(b, command, strlen(command));
}

static void print_ended(const json_t *p)
{
	const char *pane = server_str(p, "pane");
	struct buf b = BUF_INIT;

	buf_put_str(&b, "ended ");
	if (*pane)
		buf_printf(&b, "%s: ", pane);
	buf_printf(&b, "process %d ", (int)server_int(p, "pid"));
	put_command(&b, p);
	put_signal(&b, p);
	if (json_is_true(json_object_get(p, "stray")))
		buf_put_str(&b, ", a stray");
	(void)printf("%.*s\n", (int)buf_len(&b), buf_data(&b));
	buf_fini(&b);
}

static void print_left(const json_t *p)
{
	struct buf b = BUF_INIT;

	put_command(&b, p);
	out_error("process %d (%.*s) is still there", (int)server_int(p, "pid"), (int)buf_len(&b),
		  buf_data(&b));
	buf_fini(&b);
}

int ended_report(const json_t *result, size_t *ret_n)
{
	const json_t *ended = json_object_get(result, "ended");
	const json_t *left = json_object_get(result, "left");
	size_t i;
	json_t *p;

	json_array_foreach(ended, i, p) print_ended(p);
	json_array_foreach(left, i, p) print_left(p);
	*ret_n = json_array_size(ended);
	return json_array_size(left) ? EXIT_ERROR : EXIT_OK;
}
