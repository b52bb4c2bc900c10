#include "vt/title.h"

#include "base/mem.h"

#include <string.h>

enum title_mode { SET_HEX = 1, QUERY_HEX = 2 };

char *text_copy(const char *text, size_t n)
{
	char *copy = mem_zalloc(n + 1, 1);
	size_t k = 0;

	if (!copy)
		return NULL;
	for (size_t i = 0; i < n && text[i]; i++) {
		uint8_t c = (uint8_t)text[i];

		/* A C1 control in UTF-8, also one that leaving out another would make. */
		if (c >= 0x80 && c < 0xa0 && k && (uint8_t)copy[k - 1] == 0xc2) {
			k--;
		} else if (c >= 0x20 && c != 0x7f) {
			copy[k++] = (char)c;
		}
	}
	copy[k] = '\0';
	return copy;
}

static int hex_value(char c)
{
	const char *digits = "0123456789abcdef", *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* In place; false if it is not hex throughout. */
static bool hex_decode(char *s)
{
	size_t n = strlen(s);

	for (size_t i = 0; i + 1 < n; i += 2) {
		int hi = hex_value(s[i]), lo = hex_value(s[i + 1]);

		if (hi < 0 || lo < 0)
			return false;
		s[i / 2] = (char)(hi << 4 | lo);
	}
	s[n / 2] = '\0';
	return n % 2 == 0;
}

static void title_take(struct vt *vt, enum vt_title which, char *text)
{
	mem_free(vt->titles[which]);
	vt->titles[which] = text;
	vt->state_age = vt->age;
	if (vt->cbs.title && !vt->is_replay)
		vt->cbs.title(vt->user, which, text ? text : "");
}

void title_set(struct vt *vt, enum vt_title which, const char *text)
{
	size_t n = strnlen(text, TITLE_BYTES_MAX);
	char *copy;

	/* Not in the middle of a character. */
	while (n == TITLE_BYTES_MAX && n > 0 && ((uint8_t)text[n] & 0xc0) == 0x80)
		n--;
	copy = text_copy(text, n);
	if (copy && vt->title_modes & SET_HEX && hex_decode(copy)) {
		char *clean = text_copy(copy, strlen(copy));

		mem_free(copy);
		copy = clean;
	}
	if (copy)
		title_take(vt, which, copy);
}

const char *vt_title(const struct vt *vt, enum vt_title which)
{
	return vt->titles[which] ? vt->titles[which] : "";
}

void title_report(struct vt *vt, enum vt_title which)
{
	const char *text = vt->opts.has_title_report ? vt_title(vt, which) : "";

	term_replyf(vt, "\033]%c", which == VT_TITLE_ICON ? 'L' : 'l');
	if (vt->title_modes & QUERY_HEX) {
		for (; *text; text++)
			term_replyf(vt, "%02X", (unsigned)(uint8_t)*text);
	} else {
		term_reply(vt, text, strlen(text));
	}
	term_replyf(vt, "\033\\");
}

static bool concerns(int what, enum vt_title which)
{
	return what == 0 || what == (which == VT_TITLE_ICON ? 1 : 2);
}

/* Both are saved whatever was asked for, as xterm does: the choice is made when
 * they come back. */
static void slot_fill(struct vt *vt, int slot)
{
	for (int which = 0; which < 2; which++) {
		const char *text = vt_title(vt, (enum vt_title)which);

		mem_free(vt->title_stack[slot][which]);
		vt->title_stack[slot][which] = text_copy(text, strlen(text));
	}
}

void title_push(struct vt *vt, int what, int slot)
{
	if (slot > TITLES_MAX || what > 2)
		return;
	if (slot > 0) {
		slot_fill(vt, slot - 1);
		return;
	}
	if (vt->n_titles == TITLES_MAX) {
		mem_free(vt->title_stack[0][0]);
		mem_free(vt->title_stack[0][1]);
		memmove(vt->title_stack[0], vt->title_stack[1],
			(TITLES_MAX - 1) * sizeof vt->title_stack[0]);
		memset(vt->title_stack[--vt->n_titles], 0, sizeof vt->title_stack[0]);
	}
	slot_fill(vt, vt->n_titles++);
}

void title_pop(struct vt *vt, int what, int slot)
{
	if (slot > TITLES_MAX || what > 2 || (slot == 0 && !vt->n_titles))
		return;

	int from = slot ? slot - 1 : vt->n_titles - 1;

	for (int which = 0; which < 2; which++) {
		char *text = vt->title_stack[from][which];

		if (concerns(what, (enum vt_title)which) && text) {
			size_t n = strlen(text);

			title_take(vt, (enum vt_title)which, text_copy(text, n));
		}
		if (slot == 0) {
			mem_free(text);
			vt->title_stack[from][which] = NULL;
		}
	}
	if (slot == 0)
		vt->n_titles--;
}
