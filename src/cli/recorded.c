#include "cli/recorded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "cli/out.h"
#include "cli/server.h"
#include "vt/image.h"

#define PAGE_BYTES (1 << 20)
#define PAGE_RECORDS 2000

bool recorded_is(const json_t *record, const char *kind)
{
	return strcmp(server_str(record, "kind"), kind) == 0;
}

uint64_t recorded_time(const json_t *record)
{
	return (uint64_t)server_int(record, "time_us");
}

const char *recorded_data(const json_t *record, size_t *ret_n)
{
	const json_t *data = json_object_get(record, "data");

	*ret_n = json_string_length(data);
	return *ret_n > 0 ? json_string_value(data) : "";
}

/* "14:05" and "14:05:09" are of that day. */
static bool parse_clock(const char *s, uint64_t last_us, struct tm *ret)
{
	static const char *const forms[] = {
		"%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M",
		"%Y-%m-%d",          "%H:%M:%S",          "%H:%M"
	};
	time_t last = (time_t)(last_us / 1000000);
	struct tm day = { 0 };

	(void)localtime_r(&last, &day);
	for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
		struct tm t = { .tm_year = day.tm_year,
				.tm_mon = day.tm_mon,
				.tm_mday = day.tm_mday };
		const char *end = strptime(s, forms[i], &t);

		t.tm_isdst = -1;
		*ret = t;
		if (end && *end == '\0')
			return true;
	}
	return false;
}

bool recorded_parse_time(const char *s, uint64_t first_us, uint64_t last_us, uint64_t *ret)
{
	bool is_back = s[0] == '-';
	uint64_t ns;
	struct tm tm;
	char *end;

	if (s[0] == '@') {
		double seconds = strtod(s + 1, &end);

		*ret = (uint64_t)(seconds * 1e6);
		return s[1] >= '0' && s[1] <= '9' && *end == '\0' && seconds < 1e10;
	}
	if (clock_parse_duration(s + is_back, &ns) == 0) {
		uint64_t us = ns / 1000;

		*ret = is_back ? last_us - (us < last_us ? us : last_us) : first_us + us;
		return true;
	}
	err_clear();
	if (is_back || !parse_clock(s, last_us, &tm))
		return false;
	*ret = (uint64_t)mktime(&tm) * 1000000;
	return true;
}

/* ---- pages ---- */

static json_t *ask(struct recorded *r, const char *cursor)
{
	json_t *params = server_pack("{s:s, s:b, s:i, s:i}", "pane", r->pane, "checkpoint", 1,
				     "limit", PAGE_RECORDS, "max", PAGE_BYTES);

	if (cursor) {
		json_object_set_new(params, "cursor", json_string(cursor));
	} else if (r->from_us > 0) {
		json_object_set_new(params, "from_us", json_integer((json_int_t)r->from_us));
	}
	return server_call(r->client, "pane.records", params);
}

/* What there is, before --from and --to can be understood. */
static int find_bounds(struct recorded *r, uint64_t *ret_last)
{
	json_auto_t *page = server_call(r->client, "pane.records",
					server_pack("{s:s, s:i}", "pane", r->pane, "limit", 1));

	if (!page)
		return EXIT_ERROR;
	r->first_us = (uint64_t)server_int(page, "first_us");
	*ret_last = (uint64_t)server_int(page, "last_us");
	r->cols = (uint16_t)server_int(page, "cols");
	r->rows = (uint16_t)server_int(page, "rows");
	return 0;
}

static int parse_limit(const struct recorded *r, const struct cli_args *a, const char *name,
		       uint64_t last_us, uint64_t *ret)
{
	const char *s = args_value(a, name);

	if (s && !recorded_parse_time(s, r->first_us, last_us, ret)) {
		return out_usage(a->command,
				 "--%s %s: not a duration (90s), nor a time (14:05, 2026-11-23 "
				 "14:05, @SECONDS)",
				 name, s);
	}
	return 0;
}

int recorded_open(struct recorded *r, const struct cli_args *a, const struct vt_opts *opts)
{
	const char *target = server_target(a, 0);
	uint64_t last_us = 0;
	int k;

	*r = (struct recorded){ .to_us = UINT64_MAX, .opts = *opts };
	if (!target)
		return EXIT_USAGE;
	r->client = server_open(a, SERVER_START | SERVER_STREAM, NULL);
	if (!r->client)
		return EXIT_ERROR;
	json_auto_t *pane =
		server_call(r->client, "pane.get", server_pack("{s:s}", "pane", target));
	if (!pane)
		return EXIT_ERROR;
	(void)snprintf(r->pane, sizeof r->pane, "%s", server_str(pane, "id"));
	k = find_bounds(r, &last_us);
	if (k == 0)
		k = parse_limit(r, a, "from", last_us, &r->from_us);
	if (k == 0)
		k = parse_limit(r, a, "to", last_us, &r->to_us);
	if (k)
		return k;
	r->page = ask(r, NULL);
	return r->page ? 0 : EXIT_ERROR;
}

void recorded_close(struct recorded *r)
{
	json_decref(r->page);
	r->page = NULL;
	r->vt = vt_free(r->vt);
	r->client = client_close(r->client);
}

const json_t *recorded_next(struct recorded *r, int *ret_exit)
{
	const json_t *record;

	*ret_exit = EXIT_OK;
	while (r->at >= json_array_size(json_object_get(r->page, "records"))) {
		json_t *cursor = json_object_get(r->page, "next"), *next;

		if (json_is_true(json_object_get(r->page, "end")) || !json_is_string(cursor))
			return NULL;
		next = ask(r, json_string_value(cursor));
		json_decref(r->page);
		r->page = next;
		r->at = 0;
		if (!next) {
			*ret_exit = EXIT_ERROR;
			return NULL;
		}
	}
	record = json_array_get(json_object_get(r->page, "records"), r->at++);
	return recorded_time(record) > r->to_us ? NULL : record;
}

/* ---- the emulator ---- */

static int make_vt(struct recorded *r)
{
	if (!r->vt) {
		r->vt = vt_new(r->cols ? r->cols : 80, r->rows ? r->rows : 24, &r->opts, NULL,
			       NULL);
	}
	return r->vt ? 0 : err_origin(-ENOMEM);
}

static int set_size(struct recorded *r, const json_t *record)
{
	int cols = (int)server_int(record, "cols"), rows = (int)server_int(record, "rows");

	if (cols < 1 || rows < 1)
		return 0;
	r->cols = (uint16_t)cols;
	r->rows = (uint16_t)rows;
	return r->vt ? err_trace(vt_resize(r->vt, cols, rows)) : make_vt(r);
}

/* An image of another version tells nothing: then it begins with an empty screen. */
static int load(struct recorded *r, const json_t *record)
{
	struct vt *vt = NULL;
	size_t n;
	const char *image = recorded_data(record, &n);
	int k = n > 0 ? vt_load(image, n, &r->opts, NULL, NULL, &vt) : VT_E_IMAGE;

	if (k < 0)
		return err_trace(k);
	if (k == 0) {
		vt_free(r->vt);
		r->vt = vt;
	}
	return make_vt(r);
}

int recorded_feed(struct recorded *r, const json_t *record)
{
	size_t n;
	const char *data;
	int k = 0;

	if (recorded_is(record, "checkpoint"))
		return err_trace(load(r, record));
	if (recorded_is(record, "spawn") || recorded_is(record, "resize"))
		return err_trace(set_size(r, record));
	if (!recorded_is(record, "output"))
		return 0;
	data = recorded_data(record, &n);
	k = make_vt(r);
	if (k == 0)
		vt_feed(r->vt, data, n);
	return err_trace(k);
}
