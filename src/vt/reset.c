#include "vt/reset.h"

#include "base/mem.h"
#include "vt/cursor.h"
#include "vt/edit.h"
#include "vt/mode.h"

static void set_modes(struct vt *vt, uint64_t to)
{
	for (int m = 0; m < VT_N_MODES; m++)
		mode_put(vt, (enum vt_mode)m, to >> m & 1);
}

static void reset_pen(struct vt *vt)
{
	int x = vt->cur.x, y = vt->cur.y;

	vt->cur = (struct cursor){ .x = x, .y = y, .gr = 2 };
	vt->protect = PROTECT_OFF;
	term_pen_changed(vt);
	term_update_simple(vt);
}

/* VT510 manual, table 5-9, with xterm's additions. */
void reset_soft(struct vt *vt)
{
	static const enum vt_mode off[] = { VT_MODE_IRM,          VT_MODE_DECOM,
					    VT_MODE_DECCKM,       VT_MODE_DECNKM,
					    VT_MODE_REVERSE_WRAP, VT_MODE_EXT_REVERSE_WRAP,
					    VT_MODE_KAM,          VT_MODE_DECNRCM,
					    VT_MODE_DECLRMM,      VT_MODE_SYNC };

	for (size_t i = 0; i < ARRAY_LEN(off); i++)
		mode_put(vt, off[i], false);
	mode_put(vt, VT_MODE_DECTCEM, true);
	mode_put(vt, VT_MODE_DECAWM, true);
	margins_reset(vt);
	reset_pen(vt);
	vt->primary.has_saved = vt->alternate.has_saved = false;
	vt->primary.n_kitty = vt->alternate.n_kitty = 0;
	vt->cursor_style = 0;
	vt->cursor_age = vt->state_age = vt->age;
}

static void reset_titles(struct vt *vt)
{
	for (int i = 0; i < vt->n_titles; i++) {
		mem_free(vt->title_stack[i][0]);
		mem_free(vt->title_stack[i][1]);
		vt->title_stack[i][0] = vt->title_stack[i][1] = NULL;
	}
	vt->n_titles = 0;
	vt->title_modes = 0;
}

void reset_full(struct vt *vt)
{
	bool is_132 = term_mode(vt, VT_MODE_DECCOLM);

	screen_switch(vt, false);
	reset_soft(vt);
	set_modes(vt, modes_default(vt));
	grid_fini(&vt->alternate.grid);
	reset_titles(vt);
	mem_free(vt->palette);
	vt->palette = NULL;
	vt->is_utf8 = true;
	vt->is_8bit = false;
	vt->level = 4;
	vt->change_extent = 0;
	vt->checksum_flags = 0;
	vt->has_saved_modes = 0;
	vt->n_sgr = 0;
	vt->last_cp = 0;
	for (size_t i = 0; i < ARRAY_LEN(vt->mod_keys); i++)
		vt->mod_keys[i] = vt->fmt_keys[i] = 0;
	tabs_reset(vt);
	if (is_132)
		term_ask_size(vt, 80, vt->rows);
	cursor_place(vt, 0, 0);
	edit_clear_screen(vt);
	term_forget_last(vt);
	term_update_simple(vt);
}
