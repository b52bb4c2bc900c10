/* `orchflow replay`: what happened in a pane, again, on this terminal. */
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "cli/draw.h"
#include "cli/out.h"
#include "cli/recorded.h"
#include "cli/server.h"
#include "cli/tty.h"

#define FRAME_NS 16000000ull
#define MAX_SPEED 1000.0
#define MAX_WAIT_MS 100 /* so often the size of the terminal is looked at */

struct replay {
	struct recorded recorded;
	struct draw *draw;
	struct vt *drawn; /* what the last frame showed */
	struct buf out;
	int cols, rows; /* of the user's terminal */
	double speed;
	uint64_t idle_us;  /* longest pause; UINT64_MAX: any */
	uint64_t last_us;  /* time of the last record that was played; 0: none */
	uint64_t due_ns;   /* when the next one is, on our clock */
	uint64_t frame_ns; /* when the last frame was drawn */
	bool is_dirty, is_paused, wants_stop, wants_next;
};

static int write_all(const char *p, size_t n)
{
	while (n > 0) {
		ssize_t k = write(STDOUT_FILENO, p, n);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return err_origin(-errno);
		p += k;
		n -= (size_t)k;
	}
	return 0;
}

/* What gives the terminal back, kept ready for signals and crashes. */
static int flush(struct replay *p)
{
	struct buf undo = BUF_INIT;
	int k;

	draw_undo(p->draw, &undo);
	tty_set_undo(buf_data(&undo), buf_len(&undo));
	buf_fini(&undo);
	k = write_all(buf_data(&p->out), buf_len(&p->out));
	buf_clear(&p->out);
	return k;
}

static int draw(struct replay *p)
{
	int cols, rows, k = 0;

	(void)tty_size(&cols, &rows);
	if (cols != p->cols || rows != p->rows) {
		k = draw_resize(p->draw, cols, rows);
		p->cols = cols;
		p->rows = rows;
		p->is_dirty = true;
	}
	if (k < 0 || !p->is_dirty || !p->recorded.vt)
		return err_trace(k);
	if (p->drawn != p->recorded.vt)
		draw_restart(p->draw);
	p->drawn = p->recorded.vt;
	k = draw_frame(p->draw, p->recorded.vt, &p->out);
	if (k < 0)
		return err_trace(k);
	p->frame_ns = clock_mono_ns();
	p->is_dirty = k == DRAW_E_SYNCED;
	return flush(p);
}

/* ---- keys ---- */

static void change_speed(struct replay *p, double factor)
{
	double speed = p->speed * factor;

	if (speed >= 1 / MAX_SPEED && speed <= MAX_SPEED)
		p->speed = speed;
}

static void on_key(struct replay *p, char key)
{
	switch (key) {
	case 'q':
	case 3:  /* Ctrl-C */
	case 4:  /* Ctrl-D */
	case 28: /* Ctrl-\ */
		p->wants_stop = true;
		break;
	case ' ':
		p->is_paused = !p->is_paused;
		break;
	case '.':
	case 'n':
		p->wants_next = true;
		break;
	case '+':
		change_speed(p, 2);
		break;
	case '-':
		change_speed(p, 0.5);
		break;
	}
}

/* Wait for keys, at most @ns. */
static void wait_keys(struct replay *p, uint64_t ns)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };
	uint64_t ms = (ns + 999999) / 1000000;
	char keys[64];
	ssize_t n;

	if (poll(&fd, 1, ms < MAX_WAIT_MS ? (int)ms : MAX_WAIT_MS) <= 0)
		return;
	n = read(STDIN_FILENO, keys, sizeof keys);
	if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
		p->wants_stop = true; /* the terminal is gone */
	/* Arrow keys and the like begin with ESC: none of ours. */
	for (ssize_t i = 0; i < n && keys[0] != '\033'; i++)
		on_key(p, keys[i]);
}

/* ---- time ---- */

/* When the record that happened at @time_us is to be shown. */
static void set_due(struct replay *p, uint64_t time_us)
{
	uint64_t pause = time_us - p->last_us, now = clock_mono_ns();

	if (p->last_us == 0 || time_us < p->recorded.from_us || time_us <= p->last_us)
		pause = 0;
	if (pause > p->idle_us)
		pause = p->idle_us;
	/* What took longer than it should is made good, but not all at once. */
	if (p->due_ns == 0 || p->due_ns + 1000000000 < now)
		p->due_ns = now;
	p->due_ns += (uint64_t)((double)pause * 1000 / p->speed);
	p->last_us = time_us;
}

static int wait_until_due(struct replay *p)
{
	int k = 0;

	p->wants_next = false;
	while (k == 0 && !p->wants_stop && !p->wants_next) {
		uint64_t now = clock_mono_ns();

		if (now >= p->due_ns && !p->is_paused)
			break;
		if (now - p->frame_ns >= FRAME_NS)
			k = draw(p);
		wait_keys(p, p->is_paused ? UINT64_MAX / 2 : p->due_ns - now);
		if (p->is_paused)
			p->due_ns = clock_mono_ns();
	}
	return err_trace(k);
}

static int play(struct replay *p, int *ret_exit)
{
	const json_t *record;
	int k = 0;

	while (k == 0 && !p->wants_stop &&
	       (record = recorded_next(&p->recorded, ret_exit)) != NULL) {
		set_due(p, recorded_time(record));
		k = wait_until_due(p);
		if (k == 0)
			k = recorded_feed(&p->recorded, record);
		p->is_dirty = true;
		/* When it goes fast nobody is asked for keys but with the frames. */
		if (k == 0 && clock_mono_ns() - p->frame_ns >= FRAME_NS &&
		    recorded_time(record) >= p->recorded.from_us) {
			k = draw(p);
			wait_keys(p, 0);
		}
	}
	if (k == 0 && !p->wants_stop) {
		if (p->recorded.vt)
			vt_sync_end(p->recorded.vt);
		k = draw(p);
	}
	return err_trace(k);
}

/* The last screen stays until a key is typed. */
static void linger(struct replay *p)
{
	p->is_paused = p->wants_next = false;
	while (!p->wants_stop && !p->wants_next) {
		bool was_paused = p->is_paused;

		wait_keys(p, UINT64_MAX / 2);
		if (draw(p) < 0 || was_paused != p->is_paused)
			break;
	}
}

static int replay(struct replay *p, const struct cli_args *a)
{
	struct termcaps caps;
	int status = EXIT_OK, k;

	(void)tty_size(&p->cols, &p->rows);
	termcaps_init(&caps, getenv);
	p->draw = draw_new(p->cols, p->rows, &caps);
	k = p->draw ? tty_raw() : err_origin(-ENOMEM);
	if (k == 0) {
		draw_enter(p->draw, &p->out);
		draw_forget(p->draw);
		k = flush(p);
	}
	if (k == 0)
		k = play(p, &status);
	if (k == 0 && status == EXIT_OK && args_has(a, "wait"))
		linger(p);
	tty_restore();
	if (k < 0)
		out_error("%s", strerror(-k));
	return k < 0 ? EXIT_ERROR : status;
}

static int parse(struct replay *p, const struct cli_args *a)
{
	const char *speed = args_value(a, "speed");
	int64_t idle_ms = 0;
	char *end = NULL;
	int k = args_duration_ms(a, "idle-limit", &idle_ms);

	if (k == ARGS_E_BAD)
		return EXIT_USAGE;
	p->idle_us = k == 0 ? (uint64_t)idle_ms * 1000 : UINT64_MAX;
	p->speed = speed ? strtod(speed, &end) : 1;
	if (speed && (end == speed || *end || !(p->speed >= 1 / MAX_SPEED) || p->speed > MAX_SPEED))
		return out_usage(a->command, "--speed %s: not a number from 0.001 to 1000", speed);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return out_usage(a->command, "it needs a terminal; elsewhere: orchflow export");
	return 0;
}

int cmd_replay(const struct cli_args *a)
{
	struct vt_opts opts = { .has_no_history = true };
	struct replay p = { .speed = 1 };
	int r = parse(&p, a);

	if (r)
		return r;
	r = recorded_open(&p.recorded, a, &opts);
	if (r == 0)
		r = replay(&p, a);
	p.draw = draw_free(p.draw);
	recorded_close(&p.recorded);
	buf_fini(&p.out);
	return r;
}
