/* `orchflow vt`: bytes on stdin, the screen they paint on stdout. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/args.h"
#include "cli/help.h"
#include "cli/out.h"
#include "rpc/base64.h"
#include "vt/snapshot.h"

#define CHUNK 65536

struct request {
	int cols, rows;
	bool wants_replies;
	struct snapshot_opts snapshot;
};

/* False after a message. */
static bool parse_size(const struct cli_args *a, struct request *rq)
{
	const char *s = args_value(a, "size");
	int64_t cols = 80, rows = 24;

	if (s && (!args_parse_size(s, &cols, &rows) || cols < 1 || cols > VT_COLS_MAX || rows < 1 ||
		  rows > VT_ROWS_MAX)) {
		out_usage(a->command, "--size %s: not COLSxROWS of at most %dx%d", s, VT_COLS_MAX,
			  VT_ROWS_MAX);
		return false;
	}
	rq->cols = (int)cols;
	rq->rows = (int)rows;
	return true;
}

static bool parse_history(const struct cli_args *a, struct request *rq)
{
	const char *s = args_value(a, "history");
	int64_t n = 0;

	if (s && strcmp(s, "all") == 0) {
		n = SNAPSHOT_ALL;
	} else if (args_number(a, "history", 0, SNAPSHOT_ALL, &n) == ARGS_E_BAD) {
		return false;
	}
	rq->snapshot.n_history = (int32_t)n;
	return true;
}

static bool parse_format(const struct cli_args *a, struct request *rq)
{
	const char *s = args_value(a, "format");

	rq->wants_replies = args_has(a, "replies");
	rq->snapshot.format = rq->wants_replies ? SNAPSHOT_JSON : SNAPSHOT_TEXT;
	if (s && !snapshot_format_find(s, &rq->snapshot.format)) {
		out_usage(a->command, "--format %s: there are text, ansi, json, html and svg", s);
		return false;
	}
	if (rq->wants_replies && rq->snapshot.format != SNAPSHOT_JSON) {
		out_usage(a->command, "--replies is a part of --format json");
		return false;
	}
	return true;
}

static void on_reply(void *user, const char *bytes, size_t n)
{
	buf_put(user, bytes, n);
}

/* Everything on stdin; false after a message. */
static bool feed_stdin(struct vt *vt)
{
	static char chunk[CHUNK];
	ssize_t n;

	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) != 0) {
		if (n > 0) {
			vt_feed(vt, chunk, (size_t)n);
		} else if (errno != EINTR) {
			out_error("reading stdin: %s", strerror(errno));
			return false;
		}
	}
	return true;
}

/* "replies" becomes the last member of the object in @out. */
static void add_replies(struct buf *out, const struct buf *replies)
{
	buf_truncate(out, buf_len(out) - 1);
	buf_put_str(out, ",\"replies\":\"");
	base64_encode(buf_data(replies), buf_len(replies), out);
	buf_put_str(out, "\"}");
}

static int print(const struct vt *vt, const struct request *rq, const struct buf *replies)
{
	struct buf out = BUF_INIT;
	int r = snapshot_write(vt, &rq->snapshot, &out);

	if (!r && rq->wants_replies)
		add_replies(&out, replies);
	if (!r && rq->snapshot.format == SNAPSHOT_JSON)
		buf_put_char(&out, '\n');
	if (!r)
		r = buf_check(&out);
	if (!r)
		(void)fwrite(buf_data(&out), 1, buf_len(&out), stdout);
	buf_fini(&out);
	return r ? out_failure(r, NULL) : out_finish();
}

static int run(const struct request *rq)
{
	struct buf replies = BUF_INIT;
	const struct vt_callbacks cbs = { .reply = on_reply };
	/* What was asked for must have been kept. */
	const bool wants_all = rq->snapshot.n_history > 10000;
	const struct vt_opts opts = { .history_lines =
					      wants_all ? (uint32_t)rq->snapshot.n_history : 0,
				      .history_bytes = wants_all ? SIZE_MAX / 2 : 0 };
	struct vt *vt = vt_new(rq->cols, rq->rows, &opts, &cbs, &replies);
	int r;

	if (!vt)
		return out_failure(-ENOMEM, NULL);
	if (!feed_stdin(vt)) {
		r = EXIT_ERROR;
	} else if (buf_check(&replies)) {
		r = out_failure(-ENOMEM, NULL);
	} else {
		r = print(vt, rq, &replies);
	}
	vt_free(vt);
	buf_fini(&replies);
	return r;
}

int cmd_vt(int argc, char **argv)
{
	const struct cli_command *command = cli_find_command("vt");
	struct buf err = BUF_INIT;
	struct request rq = { 0 };
	struct cli_args a;
	int r = args_parse(command, argc, argv, &a, &err);

	if (r == ARGS_E_USAGE) {
		r = out_usage(command, "%.*s", (int)buf_len(&err), buf_data(&err));
	} else if (r < 0) {
		r = out_failure(r, NULL);
	} else {
		if (a.wants_help) {
			r = help_command(command);
		} else if (!parse_size(&a, &rq) || !parse_history(&a, &rq) ||
			   !parse_format(&a, &rq)) {
			r = EXIT_USAGE;
		} else {
			r = run(&rq);
		}
		args_fini(&a);
	}
	buf_fini(&err);
	return r;
}
