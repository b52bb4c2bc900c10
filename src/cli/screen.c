#include "cli/screen.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "cli/server.h"
#include "cli/tty.h"

#define MS 1000000ull
#define ASK_NS (200 * MS)    /* how long the terminal has for its answers */
#define DETACH_NS (500 * MS) /* how long the first detach key waits for the second */
#define SYNC_NS (150 * MS)   /* longest update that is waited for (mode 2026) */
#define NOTE_FROM_NS (1000 * MS)
#define NOTE_NS (2000 * MS)
#define PROMPT_NS (50 * MS) /* output so soon after a key is drawn at once */

/* ---- the emulator's callbacks ---- */

static void on_bell(void *user)
{
	screen_bell(user);
}

static void on_clipboard(void *user, const char *selection, const char *data, size_t n)
{
	struct screen *s = user;

	draw_clipboard(s->draw, selection, data, n);
	s->is_dirty = true;
}

static void on_notify(void *user, const char *title, const char *body)
{
	struct screen *s = user;

	draw_notify(s->draw, title, body);
	s->is_dirty = true;
}

/* No replies: the server has answered the program already. */
static struct vt *new_vt(struct screen *s, int cols, int rows)
{
	static const struct vt_callbacks callbacks = { .bell = on_bell,
						       .clipboard = on_clipboard,
						       .notify = on_notify };
	struct vt_opts opts = { .has_no_history = true, .clipboard = VT_CLIPBOARD_WRITE };

	return vt_new(cols, rows, &opts, &callbacks, s);
}

/* ---- life ---- */

static void on_event(const struct keyin_event *ev, void *user);

int screen_init(struct screen *s, struct pump *pump, const json_t *pane)
{
	int cols, rows;

	memset(s, 0, sizeof(*s));
	s->pump = pump;
	(void)snprintf(s->pane, sizeof(s->pane), "%s", server_str(pane, "id"));
	(void)tty_size(&cols, &rows);
	keyin_init(&s->keys, on_event, s);
	termcaps_init(&s->caps, getenv);
	s->vt = new_vt(s, (int)server_int(pane, "cols"), (int)server_int(pane, "rows"));
	s->draw = draw_new(cols, rows, &s->caps);
	return s->vt && s->draw ? 0 : err_origin(-ENOMEM);
}

void screen_fini(struct screen *s)
{
	keyin_fini(&s->keys);
	buf_fini(&s->typed);
	s->vt = vt_free(s->vt);
	s->draw = draw_free(s->draw);
}

/* What gives the terminal back, kept ready for signals and crashes. */
static void keep_undo(const struct screen *s)
{
	struct buf b = BUF_INIT;

	draw_undo(s->draw, &b);
	tty_set_undo(buf_data(&b), buf_len(&b));
	buf_fini(&b);
}

int screen_enter(struct screen *s)
{
	int r = tty_raw();

	if (r)
		return r;
	draw_enter(s->draw, &s->pump->out[0]);
	termcaps_ask(&s->caps, &s->pump->out[0]);
	if (s->caps.is_asking)
		s->ask_until_ns = clock_mono_ns() + ASK_NS;
	draw_forget(s->draw);
	s->is_dirty = true;
	keep_undo(s);
	return 0;
}

void screen_leave(struct screen *s)
{
	/* What was not written yet is not to be: the undo follows what was. */
	keep_undo(s);
	tty_restore();
}

void screen_tell_size(struct screen *s)
{
	int cols, rows;

	(void)tty_size(&cols, &rows);
	if (draw_resize(s->draw, cols, rows) < 0)
		err_clear(); /* drawn as for the old size */
	s->is_dirty = true;
	/* A failure shows in the connection's next use. */
	(void)!client_attach(s->pump->client, s->pane, cols, rows, s->ignores_size);
}

/* ---- what the server says ---- */

void screen_output(struct screen *s, const char *data, size_t n)
{
	vt_feed(s->vt, data, n);
	s->is_dirty = true;
}

void screen_reset(struct screen *s, const struct client_screen *to)
{
	struct vt *vt = new_vt(s, to->cols, to->rows);

	if (!vt)
		return; /* the old one goes on */
	vt_free(s->vt);
	s->vt = vt;
	vt_replay(vt, true);
	vt_feed(vt, to->data, to->n);
	vt_replay(vt, false);
	draw_restart(s->draw);
	s->is_dirty = true;
}

/* Bytes are missing: whatever sequence was under way has been cut. */
void screen_gap(struct screen *s)
{
	screen_output(s, "\030", 1);
}

void screen_resized(struct screen *s, int cols, int rows)
{
	if (cols < 1 || rows < 1 || (cols == vt_cols(s->vt) && rows == vt_rows(s->vt)))
		return;
	if (vt_resize(s->vt, cols, rows) < 0)
		err_clear(); /* shown in its old size until there is memory */
	s->is_dirty = true;
}

void screen_bell(struct screen *s)
{
	draw_bell(s->draw);
	s->is_dirty = true;
}

/* Over the last line, for a moment: then it is drawn again. */
void screen_resumed(struct screen *s, uint64_t down_ns)
{
	int cols, rows;

	if (down_ns < NOTE_FROM_NS)
		return;
	(void)tty_size(&cols, &rows);
	buf_printf(&s->pump->out[0], "\0337\033[%d;1H\033[7m[reconnected after %.1f s]\033[m\0338",
		   rows, (double)down_ns / 1e9);
	s->note_until_ns = clock_mono_ns() + NOTE_NS;
}

/* ---- what the user does ---- */

static void on_passed(const struct keyin_event *ev, void *user)
{
	struct screen *s = user;
	int top, left;

	draw_offset(s->draw, &top, &left);
	keyin_encode(ev, s->vt, top, left, &s->typed);
}

static void on_event(const struct keyin_event *ev, void *user)
{
	struct screen *s = user;

	if (ev->type == KEYIN_ANSWER) {
		if (termcaps_answer(&s->caps, &ev->answer))
			s->ask_until_ns = 0;
		draw_set_caps(s->draw, &s->caps);
		s->is_dirty = true;
		return;
	}
	if (!s->is_detached && keyin_detach_feed(&s->detach, ev, on_passed, s))
		s->is_detached = true;
}

static void send_typed(struct screen *s)
{
	size_t n = buf_len(&s->typed);

	if (n > 0 && !s->is_read_only &&
	    client_input(s->pump->client, s->pane, buf_data(&s->typed), n))
		screen_bell(s);
	buf_clear(&s->typed);
}

void screen_input(struct screen *s, const char *data, size_t n)
{
	uint64_t now = clock_mono_ns();
	int patience_ms;

	if (keyin_feed(&s->keys, data, n) < 0)
		err_clear();
	patience_ms = keyin_patience_ms(&s->keys);
	s->escape_at_ns = patience_ms ? now + (uint64_t)patience_ms * MS : 0;
	s->detach_at_ns = keyin_detach_is_waiting(&s->detach) ? now + DETACH_NS : 0;
	s->last_typed_ns = now;
	send_typed(s);
	if (s->is_detached)
		s->pump->wants_stop = s->pump->is_hurried = true;
}

/* ---- time ---- */

static bool is_due(uint64_t *at_ns, uint64_t now)
{
	if (!*at_ns || now < *at_ns)
		return false;
	*at_ns = 0;
	return true;
}

static void check_times(struct screen *s, uint64_t now)
{
	if (is_due(&s->ask_until_ns, now)) {
		termcaps_give_up(&s->caps);
		draw_set_caps(s->draw, &s->caps);
	}
	if (is_due(&s->note_until_ns, now)) {
		draw_forget(s->draw);
		s->is_dirty = true;
	}
	if (is_due(&s->escape_at_ns, now)) {
		keyin_flush(&s->keys);
		s->detach_at_ns = keyin_detach_is_waiting(&s->detach) ? now + DETACH_NS : 0;
	}
	if (is_due(&s->detach_at_ns, now))
		keyin_detach_give_up(&s->detach, on_passed, s);
	send_typed(s);
}

/* Draws; 0, or when to look again. */
static uint64_t draw_when_due(struct screen *s, uint64_t now)
{
	uint64_t due = s->last_frame_ns + SCREEN_FRAME_NS;
	int r;

	if (!s->is_dirty || buf_len(&s->pump->out[0]) > 0)
		return 0; /* the write that makes room brings the next turn */
	if (now < due && now - s->last_typed_ns > PROMPT_NS)
		return due;
	if (s->synced_since_ns && now - s->synced_since_ns > SYNC_NS)
		vt_sync_end(s->vt);
	r = draw_frame(s->draw, s->vt, &s->pump->out[0]);
	if (r == DRAW_E_SYNCED) {
		if (!s->synced_since_ns)
			s->synced_since_ns = now;
		return s->synced_since_ns + SYNC_NS + 1;
	}
	if (r < 0) {
		buf_clear(&s->pump->out[0]);
		err_clear();
	}
	s->synced_since_ns = 0;
	s->is_dirty = false;
	s->last_frame_ns = now;
	keep_undo(s);
	return 0;
}

void screen_turn(struct screen *s)
{
	uint64_t now = clock_mono_ns(), next;
	const uint64_t *times[] = { &s->ask_until_ns, &s->escape_at_ns, &s->detach_at_ns,
				    &s->note_until_ns };

	check_times(s, now);
	next = draw_when_due(s, now);
	for (size_t i = 0; i < ARRAY_LEN(times); i++) {
		if (*times[i] && (!next || *times[i] < next))
			next = *times[i];
	}
	s->pump->deadline_ns = next;
}
