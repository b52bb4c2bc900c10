#include "cli/keyin_detach.h"

#include <string.h>

#define MODS (KEY_SHIFT | KEY_ALT | KEY_CTRL | KEY_SUPER | KEY_HYPER | KEY_META)

int keyin_detach_init(struct keyin_detach *d, const char *spec)
{
	memset(d, 0, sizeof(*d));
	if (strcmp(spec, "none") == 0)
		return 0;
	for (;;) {
		size_t n = strcspn(spec, ",");
		char name[KEY_NAME_MAX];

		if (n == 0 || n >= sizeof(name) || d->n_keys == KEYIN_DETACH_KEYS_MAX)
			return KEYIN_DETACH_E_BAD;
		memcpy(name, spec, n);
		name[n] = '\0';
		if (key_parse(name, &d->keys[d->n_keys++]))
			return KEYIN_DETACH_E_BAD;
		if (!spec[n])
			return 0;
		spec += n + 1;
	}
}

/* The same key on any layout, and a character however it was reached. */
static bool is_key(const struct key *typed, const struct key *want)
{
	unsigned mods = typed->mods & MODS, want_mods = want->mods & MODS;

	if (typed->code == want->code || (typed->base_layout && typed->base_layout == want->code))
		return mods == want_mods;
	return typed->shifted && typed->shifted == want->code &&
	       (mods & ~(unsigned)KEY_SHIFT) == want_mods;
}

/* Shift, Control, ... by themselves, which are told of in some modes. */
static bool is_modifier(uint32_t code)
{
	return (code >= KEY_CAPS_LOCK && code <= KEY_NUM_LOCK) ||
	       (code >= KEY_LEFT_SHIFT && code < KEY_CODE_END);
}

bool keyin_detach_is_waiting(const struct keyin_detach *d)
{
	return d->n_seen > 0;
}

void keyin_detach_give_up(struct keyin_detach *d, keyin_event_fn *fn, void *user)
{
	unsigned n = d->n_held;

	d->n_held = 0;
	d->n_seen = 0;
	for (unsigned i = 0; i < n; i++) {
		struct keyin_event ev = { .type = KEYIN_KEY, .key = d->held[i] };

		fn(&ev, user);
	}
}

static bool hold(struct keyin_detach *d, const struct key *key)
{
	if (d->n_held == KEYIN_DETACH_HELD_MAX)
		return false;
	d->held[d->n_held++] = *key;
	return true;
}

/* Amid the keys: what neither is the next one nor means that it will not come. */
static bool is_neutral(const struct keyin_event *ev)
{
	return ev->key.event == KEY_RELEASE || is_modifier(ev->key.code);
}

bool keyin_detach_feed(struct keyin_detach *d, const struct keyin_event *ev, keyin_event_fn *fn,
		       void *user)
{
	/* What the terminal tells by itself is no key. */
	if (ev->type != KEYIN_KEY && ev->type != KEYIN_PASTE && ev->type != KEYIN_BYTES) {
		fn(ev, user);
		return false;
	}
	if (ev->type == KEYIN_KEY && d->n_seen && is_neutral(ev) && hold(d, &ev->key))
		return false;
	for (;;) {
		bool is_press = ev->type == KEYIN_KEY && ev->key.event != KEY_RELEASE;

		if (is_press && d->n_keys && is_key(&ev->key, &d->keys[d->n_seen]) &&
		    hold(d, &ev->key)) {
			if (++d->n_seen < d->n_keys)
				return false;
			d->n_held = 0;
			d->n_seen = 0;
			return true;
		}
		if (!d->n_seen)
			break;
		/* It may itself be the first key; then it is looked at again. */
		keyin_detach_give_up(d, fn, user);
	}
	fn(ev, user);
	return false;
}
