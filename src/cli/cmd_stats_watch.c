/* orchflow stats --watch: rates and values with what they were in the last minute. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/out.h"
#include "cli/server.h"
#include "cli/stats.h"

#define SAMPLES 60 /* one a second */

enum unit { PLAIN, BYTES };

static struct series {
	const char *title, *group, *name;
	bool is_rate; /* of a counter; else a gauge */
	enum unit unit;
	uint64_t last; /* of the counter */
	double values[SAMPLES];
} table[] = {
	{ .title = "output",
	  .group = "counters",
	  .name = "read_bytes",
	  .is_rate = true,
	  .unit = BYTES },
	{ .title = "input",
	  .group = "counters",
	  .name = "written_bytes",
	  .is_rate = true,
	  .unit = BYTES },
	{ .title = "to subscribers",
	  .group = "counters",
	  .name = "fanned_bytes",
	  .is_rate = true,
	  .unit = BYTES },
	{ .title = "requests", .group = "counters", .name = "requests", .is_rate = true },
	{ .title = "errors", .group = "counters", .name = "request_errors", .is_rate = true },
	{ .title = "events", .group = "counters", .name = "events", .is_rate = true },
	{ .title = "started", .group = "counters", .name = "spawns", .is_rate = true },
	{ .title = "resyncs", .group = "counters", .name = "resyncs", .is_rate = true },
	{ .title = "panes running", .group = "gauges", .name = "panes_running" },
	{ .title = "clients", .group = "gauges", .name = "clients" },
	{ .title = "queued", .group = "gauges", .name = "queue_bytes", .unit = BYTES },
	{ .title = "memory", .group = "gauges", .name = "resident_bytes", .unit = BYTES },
};

static volatile sig_atomic_t is_over;

static void on_signal(int signo)
{
	(void)signo;
	is_over = 1;
}

static void take(struct series *s, const json_t *metrics, double seconds, bool is_first)
{
	uint64_t now = (uint64_t)server_int(json_object_get(metrics, s->group), s->name);
	double value = (double)now;

	/* A new daemon counts from 0. */
	if (s->is_rate) {
		value = is_first || now < s->last || seconds <= 0
				? 0
				: (double)(now - s->last) / seconds;
	}
	s->last = now;
	memmove(s->values, s->values + 1, sizeof(s->values) - sizeof(s->values[0]));
	s->values[SAMPLES - 1] = value;
}

/* Eighths of a line's height; nothing for nothing. */
static void put_sparkline(const struct series *s, struct buf *b)
{
	static const char *const bars[] = { " ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	double top = 0;

	for (int i = 0; i < SAMPLES; i++)
		top = s->values[i] > top ? s->values[i] : top;
	for (int i = 0; i < SAMPLES; i++) {
		int bar = top > 0 ? (int)(s->values[i] / top * 8 + 0.5) : 0;

		if (bar == 0 && s->values[i] > 0)
			bar = 1;
		buf_put_str(b, bars[bar]);
	}
}

static void print_series(const struct series *s)
{
	struct buf value = BUF_INIT, line = BUF_INIT;
	double now = s->values[SAMPLES - 1];

	if (s->unit == BYTES) {
		out_put_bytes(&value, (uint64_t)now);
	} else {
		buf_printf(&value, "%.0f", now);
	}
	if (s->is_rate)
		buf_put_str(&value, "/s");
	put_sparkline(s, &line);
	(void)printf("%-15s %12.*s  %.*s\n", s->title, (int)buf_len(&value), buf_data(&value),
		     (int)buf_len(&line), buf_data(&line));
	buf_fini(&value);
	buf_fini(&line);
}

static bool turn(struct client *c, bool is_screen, uint64_t *last_ns)
{
	json_auto_t *metrics =
		server_call(c, "server.metrics", server_pack("{s:s}", "format", "json"));
	uint64_t now = clock_mono_ns();
	double seconds = (double)(now - *last_ns) / 1e9;

	if (!metrics)
		return false;
	if (is_screen)
		(void)fputs("\033[H\033[J", stdout);
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		take(&table[i], metrics, seconds, *last_ns == 0);
		print_series(&table[i]);
	}
	if (!is_screen)
		(void)putchar('\n');
	*last_ns = now;
	return fflush(stdout) == 0;
}

/* Until interrupted, or until nobody reads. */
int stats_watch(struct client *c)
{
	struct sigaction sa = { .sa_handler = on_signal };
	bool is_screen = isatty(STDOUT_FILENO);
	uint64_t last_ns = 0;

	(void)sigaction(SIGINT, &sa, NULL);
	(void)sigaction(SIGTERM, &sa, NULL);
	if (is_screen)
		(void)fputs("\033[?1049h\033[?25l", stdout);
	while (!is_over && turn(c, is_screen, &last_ns))
		(void)poll(NULL, 0, 1000);
	if (is_screen)
		(void)fputs("\033[?25h\033[?1049l", stdout);
	(void)fflush(stdout);
	return is_over ? EXIT_OK : EXIT_ERROR;
}
