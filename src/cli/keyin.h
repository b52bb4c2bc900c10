/*
 * What the user's terminal sends, decoded: keys in every encoding that we may
 * have switched on there (legacy, modifyOtherKeys, kitty), the mouse (SGR),
 * focus, pastes, and answers to our questions.  And the way back: encoded again
 * for a pane, in that pane's modes.
 *
 * What comes does not depend on how bytes were cut into calls, as long as
 * keyin_flush() is not called in between.  What is not understood is handed on
 * as bytes: nothing that was typed is lost.
 *
 * Pure: knows no file descriptors and no clock.
 */
#ifndef CLI_KEYIN_H
#define CLI_KEYIN_H

#include "base/buf.h"
#include "cli/termcaps.h"
#include "vt/key.h"
#include "vt/mouse.h"
#include "vt/vt.h"

enum keyin_type {
	KEYIN_KEY,
	KEYIN_MOUSE,
	KEYIN_FOCUS,
	KEYIN_PASTE,
	KEYIN_ANSWER,
	KEYIN_BYTES,
};

struct keyin_event {
	enum keyin_type type;
	bool is_focused;               /* FOCUS */
	struct key key;                /* KEY */
	bool is_prefixed;              /* KEY: its Alt came as an Escape before it */
	struct mouse_event mouse;      /* MOUSE: row and col on the user's terminal */
	struct termcaps_answer answer; /* ANSWER */
	const char *text;              /* PASTE, BYTES: valid during the call, not terminated */
	size_t n_text;
};

typedef void keyin_event_fn(const struct keyin_event *ev, void *user);

#define KEYIN_CSI_MAX 256u         /* bytes of a sequence; longer ones are bytes */
#define KEYIN_STRING_MAX 4096u     /* bytes of an answer in a string, likewise */
#define KEYIN_PASTE_MAX (1u << 20) /* bytes of a paste; a longer one comes in pieces */

struct keyin {
	keyin_event_fn *on_event;
	void *user;
	struct buf held;      /* bytes of what is not complete */
	size_t n_searched;    /* of held, amid a paste: no end marker begins there */
	bool is_prefixed;     /* the key being told had an Escape before it */
	bool is_paste;        /* between CSI 200 ~ and CSI 201 ~ */
	bool is_backspace_bs; /* Backspace sends BS: the terminal's VERASE is 8 */
};

/* Events go to @on_event, which must not feed. */
void keyin_init(struct keyin *k, keyin_event_fn *on_event, void *user);
void keyin_fini(struct keyin *k);

/* 0 or -ENOMEM. */
NODISCARD int keyin_feed(struct keyin *k, const char *bytes, size_t n);

/*
 * How long to wait for more before keyin_flush(), in ms: a short while when an
 * Escape may be the key or the beginning of something, longer amid a sequence
 * or a paste; 0: nothing is held.
 */
int keyin_patience_ms(const struct keyin *k);

/* No more came: an Escape was the key; a sequence that was cut is bytes, an
 * answer that was cut is dropped, a paste that was cut ends. */
void keyin_flush(struct keyin *k);

/*
 * Append what a program in @vt's modes reads for that event; often nothing.
 * Positions of the mouse are shifted by @top and @left, the part of the pane
 * that is shown (draw_offset()); presses outside of the pane are dropped.
 * Answers were for us.  Check @out with buf_check().
 */
void keyin_encode(const struct keyin_event *ev, const struct vt *vt, int top, int left,
		  struct buf *out);

#endif
