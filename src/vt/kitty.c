#include "vt/kitty.h"

#include <string.h>

#include "vt/key.h"

#define KITTY_FLAGS 31

static struct screen *shown(struct vt *vt)
{
	return vt->is_alternate ? &vt->alternate : &vt->primary;
}

unsigned vt_kitty_flags(const struct vt *vt)
{
	const struct screen *s = vt->is_alternate ? &vt->alternate : &vt->primary;

	return s->n_kitty ? s->kitty[s->n_kitty - 1] : 0;
}

void kitty_query(struct vt *vt)
{
	term_replyf(vt, "\033[?%uu", vt_kitty_flags(vt));
}

void kitty_set(struct vt *vt)
{
	const struct params *p = &vt->parser.params;
	struct screen *s = shown(vt);
	unsigned flags = (unsigned)param(p, 0, 0) & KITTY_FLAGS;
	unsigned old = vt_kitty_flags(vt);
	int how = param(p, 1, 1);

	if (how == 2) {
		flags |= old;
	} else if (how == 3) {
		flags = old & ~flags;
	} else if (how != 1) {
		return;
	}
	if (!s->n_kitty)
		s->n_kitty = 1;
	s->kitty[s->n_kitty - 1] = (uint8_t)flags;
	vt->state_age = vt->age;
}

/* A full stack loses its oldest entry, as the protocol says. */
void kitty_push(struct vt *vt)
{
	struct screen *s = shown(vt);
	unsigned flags = (unsigned)param(&vt->parser.params, 0, 0) & KITTY_FLAGS;

	if (!s->n_kitty)
		s->kitty[s->n_kitty++] = 0;
	if (s->n_kitty == ARRAY_LEN(s->kitty)) {
		memmove(s->kitty, s->kitty + 1, sizeof s->kitty - 1);
		s->n_kitty--;
	}
	s->kitty[s->n_kitty++] = (uint8_t)flags;
	vt->state_age = vt->age;
}

void kitty_pop(struct vt *vt)
{
	struct screen *s = shown(vt);
	int n = param_count(&vt->parser.params, 0);

	s->n_kitty = (uint8_t)(n < s->n_kitty ? s->n_kitty - n : 0);
	vt->state_age = vt->age;
}

/* --- xterm's --- */

static void keys_set(struct vt *vt, uint8_t *options)
{
	const struct params *p = &vt->parser.params;
	int which = param(p, 0, -1);

	if (which < 0) {
		memset(options, 0, sizeof vt->mod_keys);
	} else if (which < (int)ARRAY_LEN(vt->mod_keys)) {
		options[which] = (uint8_t)(param(p, 1, 0) & 0xff);
	}
	vt->state_age = vt->age;
}

void keys_set_modify(struct vt *vt)
{
	keys_set(vt, vt->mod_keys);
}

void keys_set_format(struct vt *vt)
{
	keys_set(vt, vt->fmt_keys);
}

void keys_off(struct vt *vt)
{
	int which = param(&vt->parser.params, 0, 2);

	if (which < (int)ARRAY_LEN(vt->mod_keys))
		vt->mod_keys[which] = 0;
	vt->state_age = vt->age;
}

void keys_query_modify(struct vt *vt)
{
	int which = param(&vt->parser.params, 0, -1);

	if (which >= 0 && which < (int)ARRAY_LEN(vt->mod_keys))
		term_replyf(vt, "\033[>%d;%dm", which, vt->mod_keys[which]);
}

void keys_query_format(struct vt *vt)
{
	int which = param(&vt->parser.params, 0, -1);

	if (which >= 0 && which < (int)ARRAY_LEN(vt->fmt_keys))
		term_replyf(vt, "\033[>%d;%df", which, vt->fmt_keys[which]);
}

int vt_modify_other_keys(const struct vt *vt)
{
	return vt->mod_keys[4];
}

bool vt_format_other_keys(const struct vt *vt)
{
	return vt->fmt_keys[4] != 0;
}

struct key_modes vt_key_modes(const struct vt *vt)
{
	return (struct key_modes){
		.is_vt52 = !vt_mode(vt, VT_MODE_DECANM),
		.is_app_cursor = vt_mode(vt, VT_MODE_DECCKM),
		.is_app_keypad = vt_mode(vt, VT_MODE_DECNKM),
		.is_backarrow_bs = vt_mode(vt, VT_MODE_DECBKM),
		.is_newline = vt_mode(vt, VT_MODE_LNM),
		.is_other_keys_csi_u = vt_format_other_keys(vt),
		.modify_other_keys = (uint8_t)vt_modify_other_keys(vt),
		.kitty_flags = (uint8_t)vt_kitty_flags(vt),
	};
}
