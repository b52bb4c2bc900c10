#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "cli/out.h"
#include "cli/server.h"

#define STDIN_PIECE 65536u

struct sending {
	struct client *client;
	char pane[32];
	struct fail f;
	bool is_lost;
};

static void on_input_lost(const char *pane, size_t n, const struct fail *f, void *user)
{
	struct sending *s = user;

	(void)pane;
	(void)n;
	if (!s->is_lost)
		s->f = *f;
	s->is_lost = true;
}

static int wait_until(struct sending *s, size_t n_waiting)
{
	while (!s->is_lost && client_input_waiting(s->client, s->pane) > n_waiting) {
		struct fail f;
		int r = client_poll(s->client, -1, &f);

		if (r)
			return out_failure(r, &f);
	}
	return s->is_lost ? out_failure(FAIL_E_FAILED, &s->f) : EXIT_OK;
}

static int type(struct sending *s, const char *p, size_t n)
{
	/* Half the bound: a piece then always fits. */
	int r = wait_until(s, CLIENT_INPUT_MAX / 2);

	while (!r && n) {
		size_t piece = n < CLIENT_INPUT_MAX / 4 ? n : CLIENT_INPUT_MAX / 4;
		int e = client_input(s->client, s->pane, p, piece);

		if (e < 0)
			return out_failure(e, NULL);
		p += piece;
		n -= piece;
		r = wait_until(s, CLIENT_INPUT_MAX / 2);
	}
	return r;
}

static int type_stdin(struct sending *s)
{
	static char piece[STDIN_PIECE];

	for (;;) {
		ssize_t n = read(0, piece, sizeof(piece));
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return out_failure(-errno, NULL);
		if (n == 0)
			return EXIT_OK;
		r = type(s, piece, (size_t)n);
		if (r)
			return r;
	}
}

static int begin(struct sending *s, const char *target)
{
	json_auto_t *pane =
		server_call(s->client, "pane.get", server_pack("{s:s}", "pane", target));
	const char *id = server_str(pane, "id");

	if (!pane)
		return EXIT_ERROR;
	(void)strncpy(s->pane, id, sizeof(s->pane) - 1);
	if (client_input_begin(s->client, s->pane, (uint64_t)server_int(pane, "input_seq")))
		return EXIT_ERROR;
	return EXIT_OK;
}

static int send_text(struct sending *s, const struct cli_args *a)
{
	struct buf b = BUF_INIT;
	bool has_stdin = a->n_operands == 2 && strcmp(a->operands[1], "-") == 0;
	int r = EXIT_OK;

	if (has_stdin) {
		r = type_stdin(s);
	} else {
		for (int i = 1; i < a->n_operands; i++) {
			if (i > 1)
				buf_put_char(&b, ' ');
			buf_put_str(&b, a->operands[i]);
		}
	}
	if (args_has(a, "enter"))
		buf_put_char(&b, '\r');
	if (!r)
		r = type(s, buf_data(&b), buf_len(&b));
	if (!r)
		r = wait_until(s, 0);
	buf_fini(&b);
	return r;
}

static int send_keys(struct client *c, const struct cli_args *a)
{
	json_auto_t *result = NULL;
	json_t *keys = json_array();

	for (int i = 1; i < a->n_operands; i++) {
		if (json_array_append_new(keys, json_string(a->operands[i])) < 0) {
			json_decref(keys);
			out_error("argument %d is not UTF-8 text", i);
			return EXIT_ERROR;
		}
	}
	if (args_has(a, "enter"))
		(void)json_array_append_new(keys, json_string("Enter"));
	result = server_call(c, "pane.send_keys",
			     server_pack("{s:s, s:o}", "pane", a->operands[0], "keys", keys));
	return result ? EXIT_OK : EXIT_ERROR;
}

int cmd_send(const struct cli_args *a)
{
	struct sending s = { .client = NULL };
	struct client_ops ops = { .on_input_lost = on_input_lost, .user = &s };
	CLEANUP(client_closep) struct client *c = NULL;

	if (a->n_operands < 2 && !args_has(a, "enter"))
		return out_usage(a->command, "what shall be sent to %s?", a->operands[0]);
	c = server_open(a, SERVER_START, &ops);
	if (!c)
		return EXIT_ERROR;
	if (args_has(a, "keys"))
		return send_keys(c, a);
	s.client = c;
	if (begin(&s, a->operands[0]))
		return EXIT_ERROR;
	return send_text(&s, a);
}
