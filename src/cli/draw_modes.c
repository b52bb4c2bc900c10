/* What is switched at the user's terminal for the pane: keyboard, mouse, titles. */
#include <string.h>

#include "base/mem.h"
#include "base/utf8.h"
#include "cli/draw_state.h"
#include "vt/key.h"

#define TITLE_BYTES_MAX 256

#define BIT(m) (1u << (m))

static const uint16_t mode_numbers[DRAW_N_MODES] = {
	[DRAW_MOUSE_BUTTON] = 1000, [DRAW_MOUSE_DRAG] = 1002, [DRAW_MOUSE_ANY] = 1003,
	[DRAW_MOUSE_SGR] = 1006,    [DRAW_FOCUS] = 1004,      [DRAW_PASTE] = 2004,
	[DRAW_ALT_SCROLL] = 1007,   [DRAW_GRAPHEME] = 2027,
};

/* --- what is wanted --- */

static uint32_t wanted_mouse(const struct vt *vt)
{
	if (vt_mode(vt, VT_MODE_MOUSE_ANY))
		return BIT(DRAW_MOUSE_ANY) | BIT(DRAW_MOUSE_SGR);
	if (vt_mode(vt, VT_MODE_MOUSE_DRAG))
		return BIT(DRAW_MOUSE_DRAG) | BIT(DRAW_MOUSE_SGR);
	if (vt_mode(vt, VT_MODE_MOUSE_NORMAL) || vt_mode(vt, VT_MODE_MOUSE_X10) ||
	    vt_mode(vt, VT_MODE_MOUSE_HILITE))
		return BIT(DRAW_MOUSE_BUTTON) | BIT(DRAW_MOUSE_SGR);
	return 0;
}

static uint32_t wanted_modes(const struct draw *d, const struct vt *vt)
{
	uint32_t want = 0;

	if (draw_has(d, TERMCAPS_MOUSE))
		want |= wanted_mouse(vt);
	if (draw_has(d, TERMCAPS_FOCUS) && vt_mode(vt, VT_MODE_FOCUS))
		want |= BIT(DRAW_FOCUS);
	if (draw_has(d, TERMCAPS_PASTE) && vt_mode(vt, VT_MODE_PASTE))
		want |= BIT(DRAW_PASTE);
	/* We are always on the alternate screen: the wheel must not become arrow
	 * keys for a pane that is not. */
	if (draw_has(d, TERMCAPS_ALT_SCROLL) && vt_is_alternate(vt) && !wanted_mouse(vt))
		want |= BIT(DRAW_ALT_SCROLL);
	if (draw_has(d, TERMCAPS_GRAPHEME))
		want |= BIT(DRAW_GRAPHEME);
	return want;
}

/* As the terminal had them. */
uint32_t draw_initial_modes(const struct draw *d)
{
	return (draw_has(d, TERMCAPS_ALT_SCROLL) && d->caps.was_alt_scroll ? BIT(DRAW_ALT_SCROLL)
									   : 0) |
	       (draw_has(d, TERMCAPS_GRAPHEME) && d->caps.was_grapheme ? BIT(DRAW_GRAPHEME) : 0);
}

/* Either protocol is good enough to tell keys apart that the other one was asked
 * to tell apart. */
static uint8_t wanted_kitty(const struct draw *d, const struct vt *vt)
{
	unsigned flags = vt_kitty_flags(vt);

	if (!draw_has(d, TERMCAPS_KITTY_KEYS))
		return 0;
	if (!flags && vt_modify_other_keys(vt) && !draw_has(d, TERMCAPS_OTHER_KEYS))
		flags = KEY_KITTY_DISAMBIGUATE;
	return (uint8_t)flags;
}

static uint8_t wanted_other_keys(const struct draw *d, const struct vt *vt)
{
	int level = vt_modify_other_keys(vt);

	if (!draw_has(d, TERMCAPS_OTHER_KEYS) || wanted_kitty(d, vt))
		return 0;
	if (!level && vt_kitty_flags(vt))
		level = 2;
	return (uint8_t)(level > 2 ? 2 : level);
}

/* --- switching --- */

static void put_modes(uint32_t modes, char final, struct buf *out)
{
	const char *sep = "\033[?";

	for (unsigned m = 0; m < DRAW_N_MODES; m++) {
		if (!(modes & BIT(m)))
			continue;
		buf_printf(out, "%s%u", sep, (unsigned)mode_numbers[m]);
		sep = ";";
	}
	if (modes)
		buf_put_char(out, final);
}

/* First what goes: resetting one mouse mode ends them all in some terminals. */
static void switch_modes(uint32_t from, uint32_t to, struct buf *out)
{
	put_modes(from & ~to, 'l', out);
	put_modes(to & ~from, 'h', out);
}

static void sync_kitty(struct draw *d, uint8_t flags, struct buf *out)
{
	struct draw_modes *m = &d->modes;

	if (flags == (m->has_kitty ? m->kitty : 0))
		return;
	if (!flags) {
		buf_put_str(out, "\033[<u");
	} else if (m->has_kitty) {
		buf_printf(out, "\033[=%u;1u", (unsigned)flags);
	} else {
		buf_printf(out, "\033[>%uu", (unsigned)flags);
	}
	m->has_kitty = flags != 0;
	m->kitty = flags;
}

static void put_other_keys(uint8_t level, struct buf *out)
{
	if (level) {
		buf_printf(out, "\033[>4;%um", (unsigned)level);
	} else {
		buf_put_str(out, "\033[>4m"); /* as the user has it */
	}
}

void draw_modes_sync(struct draw *d, const struct vt *vt, struct buf *out)
{
	uint32_t modes = wanted_modes(d, vt);
	uint8_t other = wanted_other_keys(d, vt);
	bool is_keypad = draw_has(d, TERMCAPS_KEYPAD) && vt_mode(vt, VT_MODE_DECNKM);

	switch_modes(d->modes.set, modes, out);
	d->modes.set = modes;
	sync_kitty(d, wanted_kitty(d, vt), out);
	if (other != d->modes.other_keys)
		put_other_keys(other, out);
	d->modes.other_keys = other;
	if (is_keypad != d->modes.is_keypad)
		buf_put_str(out, is_keypad ? "\033=" : "\033>");
	d->modes.is_keypad = is_keypad;
}

void draw_modes_undo(const struct draw *d, struct buf *out)
{
	const struct draw_modes *m = &d->modes;

	switch_modes(m->set, draw_initial_modes(d), out);
	if (m->has_kitty)
		buf_put_str(out, "\033[<u");
	if (m->other_keys)
		put_other_keys(0, out);
	if (m->is_keypad)
		buf_put_str(out, "\033>");
	if (m->shape)
		buf_put_str(out, "\033[0 q");
	if (m->is_hidden)
		buf_put_str(out, "\033[?25h");
}

/* What is newly known of the terminal was not touched until now. */
void draw_set_caps(struct draw *d, const struct termcaps *caps)
{
	uint32_t had = d->caps.features;
	bool is_other = had != caps->features || d->caps.colors != caps->colors;

	d->caps = *caps;
	d->modes.set |=
		draw_initial_modes(d) & ((had & TERMCAPS_ALT_SCROLL ? 0 : BIT(DRAW_ALT_SCROLL)) |
					 (had & TERMCAPS_GRAPHEME ? 0 : BIT(DRAW_GRAPHEME)));
	if (is_other)
		draw_forget(d);
}

/* A shape that no program chose stays the user's.  The terminal cannot tell
 * DECSCUSR 1 from 0, "as at the start"; the latter is what programs mean. */
void draw_shape(struct draw *d, const struct vt_cursor *c, struct buf *out)
{
	uint8_t shape = 0;

	switch (c->shape) {
	case VT_CURSOR_BLOCK:
		shape = c->is_blinking || !d->modes.shape ? 0 : 2;
		break;
	case VT_CURSOR_UNDERLINE:
		shape = c->is_blinking ? 3 : 4;
		break;
	case VT_CURSOR_BAR:
		shape = c->is_blinking ? 5 : 6;
		break;
	}
	if (shape == d->modes.shape || !draw_has(d, TERMCAPS_SHAPE))
		return;
	buf_printf(out, "\033[%u q", (unsigned)shape);
	d->modes.shape = shape;
}

/* --- titles --- */

/* Text without control characters, and not of any length. */
static void clean(const char *text, struct buf *out)
{
	size_t n = strlen(text);
	char utf8[4];
	uint32_t cp;

	for (size_t i = 0; i < n && buf_len(out) + 4 <= TITLE_BYTES_MAX;) {
		i += utf8_decode(text + i, n - i, &cp);
		if (cp >= 0x20 && !(cp >= 0x7f && cp < 0xa0))
			buf_put(out, utf8, utf8_encode(cp, utf8));
	}
}

/* True if the one sent last is another. */
static bool take_title(struct draw *d, const struct vt *vt, enum vt_title which)
{
	struct buf text = BUF_INIT;
	const char *old = d->titles[which] ? d->titles[which] : "";
	char *title;

	clean(vt_title(vt, which), &text);
	title = buf_steal_str(&text);
	buf_fini(&text);
	if (!title || strcmp(title, old) == 0) {
		mem_free(title);
		return false;
	}
	mem_free(d->titles[which]);
	d->titles[which] = title;
	return true;
}

void draw_titles(struct draw *d, const struct vt *vt, struct buf *out)
{
	bool has_window, has_icon;

	if (!draw_has(d, TERMCAPS_TITLE))
		return;
	has_window = take_title(d, vt, VT_TITLE_WINDOW);
	has_icon = take_title(d, vt, VT_TITLE_ICON);
	if ((has_window || has_icon) && draw_has(d, TERMCAPS_TITLE_STACK) &&
	    !d->has_pushed_titles) {
		buf_put_str(out, "\033[22;0t");
		d->has_pushed_titles = true;
	}
	if (has_window && has_icon &&
	    strcmp(d->titles[VT_TITLE_WINDOW], d->titles[VT_TITLE_ICON]) == 0) {
		buf_printf(out, "\033]0;%s\a", d->titles[VT_TITLE_WINDOW]);
		return;
	}
	if (has_window)
		buf_printf(out, "\033]2;%s\a", d->titles[VT_TITLE_WINDOW]);
	if (has_icon)
		buf_printf(out, "\033]1;%s\a", d->titles[VT_TITLE_ICON]);
}
