/* `orchflow export`: what a pane's journal kept, as a recording or as a document. */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "cli/cast.h"
#include "cli/out.h"
#include "cli/recorded.h"
#include "cli/server.h"
#include "vt/snapshot.h"

/* A document is made in memory. */
#define MAX_LINES 2000000u
#define MAX_TEXT (512u << 20)

enum format { FORMAT_CAST3, FORMAT_CAST2, FORMAT_TEXT, FORMAT_HTML, FORMAT_N };

static const char *const format_names[] = { "asciicast", "asciicast2", "text", "html" };

struct export
{
	struct recorded recorded;
	enum format format;
	struct cast cast;
	struct buf out;
	bool has_begun;    /* the recording's head is written */
	bool has_screen;   /* something was shown before it begins */
	json_t *command;   /* of the last spawn */
	uint64_t n_gaps;   /* bytes that are missing */
	uint64_t first_us; /* of the first record */
};

static void write_out(struct export *e)
{
	(void)fwrite(buf_data(&e->out), 1, buf_len(&e->out), stdout);
	buf_clear(&e->out);
}

static int put_snapshot(struct export *e, enum snapshot_format format, int32_t n_history,
			struct buf *out)
{
	struct snapshot_opts opts = { .format = format, .n_history = n_history, .is_joined = true };

	return err_trace(snapshot_write(e->recorded.vt, &opts, out));
}

/* The head, when the size is known; what was on the screen before is the first event. */
static int begin(struct export *e, uint64_t time_us)
{
	struct recorded *r = &e->recorded;
	CLEANUP(buf_fini) struct buf screen = BUF_INIT;
	uint64_t first = r->from_us > e->first_us ? r->from_us : e->first_us;
	struct cast_head head = { .cols = r->vt ? vt_cols(r->vt) : 80,
				  .rows = r->vt ? vt_rows(r->vt) : 24,
				  .first_us = first < time_us ? first : time_us,
				  .command = e->command };
	int k = 0;

	cast_begin(&e->cast, &e->out, e->format == FORMAT_CAST3 ? 3 : 2, &head);
	e->has_begun = true;
	/* Whoever comes in later finds the screen as it was then. */
	if (r->vt && e->has_screen) {
		k = put_snapshot(e, SNAPSHOT_ANSI, 0, &screen);
		if (k == 0)
			cast_output(&e->cast, head.first_us, buf_data(&screen), buf_len(&screen));
	}
	return err_trace(k);
}

static void put_mark(struct export *e, const json_t *record)
{
	const json_t *text = json_object_get(record, "text");

	if (strcmp(server_str(record, "what"), "command-line") == 0) {
		cast_marker(&e->cast, recorded_time(record), json_string_value(text),
			    json_string_length(text));
	}
}

static void put_record(struct export *e, const json_t *record)
{
	uint64_t t = recorded_time(record);
	size_t n;
	const char *data = recorded_data(record, &n);

	if (recorded_is(record, "output")) {
		cast_output(&e->cast, t, data, n);
	} else if (recorded_is(record, "input")) {
		cast_input(&e->cast, t, data, n);
	} else if (recorded_is(record, "resize")) {
		cast_resize(&e->cast, t, (int)server_int(record, "cols"),
			    (int)server_int(record, "rows"));
	} else if (recorded_is(record, "mark")) {
		put_mark(e, record);
	} else if (recorded_is(record, "exit")) {
		int64_t signal = server_int(record, "signal");

		cast_exit(&e->cast, t,
			  (int)(signal ? EXIT_SIGNAL + signal : server_int(record, "code")));
	}
}

/* Of a recording: before --from things only happen in the emulator, then they are told. */
static int put_cast(struct export *e, const json_t *record)
{
	struct recorded *r = &e->recorded;
	bool is_setup = recorded_is(record, "spawn") || recorded_is(record, "checkpoint");
	int k = 0;

	if (recorded_is(record, "spawn")) {
		json_decref(e->command);
		e->command = json_incref(json_object_get(record, "command"));
	}
	/* A size that comes before all output is the one to begin with. */
	if (!e->has_begun &&
	    (is_setup || recorded_is(record, "resize") || recorded_time(record) < r->from_us)) {
		e->has_screen |= recorded_is(record, "checkpoint") || recorded_is(record, "output");
		return err_trace(recorded_feed(r, record));
	}
	if (!e->has_begun)
		k = begin(e, recorded_time(record));
	if (k == 0 && recorded_is(record, "spawn")) {
		cast_resize(&e->cast, recorded_time(record), (int)server_int(record, "cols"),
			    (int)server_int(record, "rows"));
	} else if (k == 0) {
		put_record(e, record);
	}
	if (buf_len(&e->out) > 65536)
		write_out(e);
	return k == 0 ? err_trace(buf_check(&e->out)) : err_trace(k);
}

static int put_end(struct export *e)
{
	struct recorded *r = &e->recorded;
	int k = 0;

	if (e->format == FORMAT_CAST3 || e->format == FORMAT_CAST2) {
		if (!e->has_begun)
			k = begin(e, e->first_us);
		cast_end(&e->cast);
	} else if (r->vt) {
		k = put_snapshot(e, e->format == FORMAT_HTML ? SNAPSHOT_HTML : SNAPSHOT_TEXT,
				 SNAPSHOT_ALL, &e->out);
	}
	write_out(e);
	return err_trace(k);
}

static int export_all(struct export *e)
{
	bool is_cast = e->format == FORMAT_CAST3 || e->format == FORMAT_CAST2;
	const json_t *record;
	int status = EXIT_OK, k = 0;

	while (k == 0 && (record = recorded_next(&e->recorded, &status)) != NULL) {
		if (e->first_us == 0)
			e->first_us = recorded_time(record);
		if (recorded_is(record, "gap")) {
			e->n_gaps +=
				(uint64_t)(server_int(record, "to") - server_int(record, "seq"));
		}
		k = is_cast ? put_cast(e, record) : recorded_feed(&e->recorded, record);
	}
	if (k == 0 && status == EXIT_OK)
		k = put_end(e);
	if (k < 0) {
		out_error("%s", strerror(-k));
		return EXIT_ERROR;
	}
	if (e->n_gaps > 0)
		out_error("%llu bytes were not kept", (unsigned long long)e->n_gaps);
	return status ? status : out_finish();
}

int cmd_export(const struct cli_args *a)
{
	struct vt_opts opts = { .history_lines = MAX_LINES, .history_bytes = MAX_TEXT };
	const char *name = args_value(a, "format");
	struct export e = { .format = FORMAT_CAST3 };
	int r;

	while (name && e.format < FORMAT_N && strcmp(name, format_names[e.format]) != 0)
		e.format++;
	assert(e.format < FORMAT_N);
	opts.has_no_history = e.format == FORMAT_CAST3 || e.format == FORMAT_CAST2;
	r = recorded_open(&e.recorded, a, &opts);
	if (r == 0)
		r = export_all(&e);
	recorded_close(&e.recorded);
	json_decref(e.command);
	buf_fini(&e.out);
	return r;
}
