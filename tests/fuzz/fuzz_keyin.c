/*
 * What is typed: the same events however the bytes are cut; detach keys lose and
 * reorder nothing; and what is encoded for a pane in any modes is bounded.
 *
 * Input: how to cut, the pane's modes, then bytes.
 */
#include "cli/keyin.h"
#include "cli/keyin_detach.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len); /* NOLINT: its name is given */

struct sink {
	struct keyin_detach detach;
	struct vt *vt;
	struct buf events; /* all that came */
	struct buf passed; /* what the detach keys let by */
	struct buf pane;
};

static void put_event(const struct keyin_event *ev, struct buf *out)
{
	buf_put_char(out, (char)ev->type);
	buf_put(out, &ev->is_focused, sizeof(ev->is_focused));
	buf_put(out, &ev->key, sizeof(ev->key));
	buf_put(out, &ev->mouse, sizeof(ev->mouse));
	buf_put(out, &ev->answer.kind, sizeof(ev->answer.kind));
	buf_put(out, ev->answer.params, sizeof(ev->answer.params));
	buf_put(out, ev->answer.text, ev->answer.n_text);
	buf_put(out, ev->text, ev->n_text);
}

static void on_passed(const struct keyin_event *ev, void *user)
{
	struct sink *s = user;
	size_t before = buf_len(&s->pane);

	if (ev->type == KEYIN_KEY)
		put_event(ev, &s->passed);
	keyin_encode(ev, s->vt, 3, 5, &s->pane);
	assert(buf_len(&s->pane) - before <= KEY_ENCODE_MAX + ev->n_text);
}

static void on_event(const struct keyin_event *ev, void *user)
{
	struct sink *s = user;

	assert(ev->key.code < KEY_CODE_END && ev->key.n_text <= KEY_TEXT_MAX);
	assert(ev->mouse.button < MOUSE_N_BUTTONS);
	assert(ev->answer.n_params <= TERMCAPS_PARAMS_MAX);
	assert(ev->n_text <= KEYIN_PASTE_MAX);
	put_event(ev, &s->events);
	if (keyin_detach_feed(&s->detach, ev, on_passed, s))
		buf_clear(&s->passed);
}

static void run(struct sink *s, const uint8_t *data, size_t len, size_t step)
{
	struct keyin k;

	keyin_init(&k, on_event, s);
	for (size_t i = 0; i < len; i += step) {
		if (keyin_feed(&k, (const char *)data + i, len - i < step ? len - i : step))
			abort();
	}
	assert(len == 0 || k.is_paste || keyin_patience_ms(&k) > 0 || buf_len(&k.held) == 0);
	keyin_flush(&k);
	assert(keyin_patience_ms(&k) == 0);
	keyin_detach_give_up(&s->detach, on_passed, s);
	keyin_fini(&k);
}

static void sink_init(struct sink *s, struct vt *vt)
{
	memset(s, 0, sizeof(*s));
	s->vt = vt;
	if (keyin_detach_init(&s->detach, "^\\,^\\,C-a"))
		abort();
}

static void sink_fini(struct sink *s)
{
	buf_fini(&s->events);
	buf_fini(&s->passed);
	buf_fini(&s->pane);
}

static void check_same(const struct buf *a, const struct buf *b)
{
	assert(buf_len(a) == buf_len(b) && !memcmp(buf_data(a), buf_data(b), buf_len(a)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const modes[] = { "\033[?1h\033=",    "\033[?1000;1006h",
					     "\033[?1003;1016h", "\033[>31u",
					     "\033[>4;2m",       "\033[?2004;1004h",
					     "\033[20h",         "\033[?2l" };
	const struct vt_opts opts = { .has_no_history = true };
	struct vt *vt = vt_new(20, 10, &opts, NULL, NULL);
	struct sink whole, cut;

	if (!vt)
		abort();
	for (size_t i = 0; len >= 2 && i < ARRAY_LEN(modes); i++) {
		if (data[1] >> i & 1)
			vt_feed(vt, modes[i], strlen(modes[i]));
	}
	sink_init(&whole, vt);
	sink_init(&cut, vt);
	if (len > 2) {
		run(&whole, data + 2, len - 2, len);
		run(&cut, data + 2, len - 2, 1u + data[0]);
		check_same(&whole.events, &cut.events);
		check_same(&whole.passed, &cut.passed);
		check_same(&whole.pane, &cut.pane);
	}
	sink_fini(&whole);
	sink_fini(&cut);
	vt_free(vt);
	return 0;
}
