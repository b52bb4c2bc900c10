#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cli/draw_rig.h"

static void on_bell(void *user)
{
	((struct rig *)user)->n_bells++;
}

static void on_clipboard(void *user, const char *selection, const char *data, size_t n)
{
	struct rig *r = user;

	(void)snprintf(r->clipboard, sizeof(r->clipboard), "%s:%.*s", selection, (int)n, data);
}

static void on_notify(void *user, const char *title, const char *body)
{
	struct rig *r = user;

	(void)snprintf(r->notice, sizeof(r->notice), "%s|%s", title, body);
}

void rig_give(struct rig *r)
{
	r->n_frame = buf_len(&r->out);
	assert_int_equal(buf_check(&r->out), 0);
	vt_feed(r->user, buf_data(&r->out), buf_len(&r->out));
	buf_clear(&r->out);
}

void rig_init_sizes(struct rig *r, const int pane[2], const int user[2])
{
	static const struct vt_callbacks cbs = { .bell = on_bell,
						 .clipboard = on_clipboard,
						 .notify = on_notify };
	static const struct vt_opts opts = { .clipboard = VT_CLIPBOARD_WRITE };

	memset(r, 0, sizeof(*r));
	r->caps = (struct termcaps){ .colors = TERMCAPS_RGB,
				     .features = TERMCAPS_ALL,
				     .was_grapheme = true };
	r->pane = vt_new(pane[0], pane[1], NULL, NULL, NULL);
	r->user = vt_new(user[0], user[1], &opts, &cbs, r);
	r->draw = draw_new(user[0], user[1], &r->caps);
	assert_true(r->pane && r->user && r->draw);
	vt_feed(r->user, ENTERED, strlen(ENTERED));
	draw_enter(r->draw, &r->out);
	rig_give(r);
}

void rig_init(struct rig *r, int cols, int rows)
{
	const int size[2] = { cols, rows };

	rig_init_sizes(r, size, size);
}

void rig_fini(struct rig *r)
{
	draw_free(r->draw);
	vt_free(r->pane);
	vt_free(r->user);
	buf_fini(&r->out);
}

/* --- what is seen --- */

static uint32_t seen_color(const struct vt *vt, uint32_t color, enum vt_dynamic_color which)
{
	if ((color & COLOR_KIND) == COLOR_INDEXED)
		return vt_palette(vt, color & 255);
	if ((color & COLOR_KIND) == COLOR_RGB)
		return color & COLOR_VALUE;
	return vt_dynamic_color(vt, which);
}

/* What does not show does not count: the text colour of a space, ... */
static struct seen see(const struct vt *vt, const struct line_run *r, const char *text, size_t n)
{
	const uint16_t on_space = STYLE_UNDERLINE_MASK | STYLE_STRIKE | STYLE_OVERLINE;
	struct seen s;
	uint32_t fg = seen_color(vt, r->style.fg, VT_COLOR_FG);
	uint32_t bg = seen_color(vt, r->style.bg, VT_COLOR_BG);
	bool is_inverse = r->style.attrs & STYLE_INVERSE;

	memset(&s, 0, sizeof(s));
	if (vt_mode(vt, VT_MODE_DECSCNM))
		is_inverse = !is_inverse;
	memcpy(s.text, text, n < sizeof(s.text) - 1 ? n : sizeof(s.text) - 1);
	s.attrs = r->style.attrs & (uint16_t) ~(STYLE_PROTECTED | STYLE_INVERSE);
	s.fg = is_inverse ? bg : fg;
	s.bg = is_inverse ? fg : bg;
	if (s.attrs & STYLE_UNDERLINE_MASK && r->style.underline != COLOR_DEFAULT)
		s.underline = 1 + seen_color(vt, r->style.underline, VT_COLOR_FG);
	if (r->link) {
		(void)snprintf(s.uri, sizeof(s.uri), "%s", r->link->uri);
	} else if (n == 1 && *text == ' ' && !(s.attrs & on_space)) {
		s.fg = 0;
		s.attrs = 0;
	}
	return s;
}

/* Columns [from, from + n) of a line, blank behind its end. */
void seen_line(const struct vt *vt, int row, int from, struct seen *out, int n)
{
	const struct line_run blank = { .form = LINE_BLANK };
	struct line_buf buf = LINE_BUF_INIT, part = LINE_BUF_INIT;
	struct line_view v;
	const char *text;
	int x = 0;

	for (int i = 0; i < n; i++)
		out[i] = see(vt, &blank, " ", 1);
	if (row >= vt_rows(vt))
		return;
	assert_int_equal(vt_line(vt, row, &buf, &v), 0);
	line_buf_add_slice(&part, &v, (unsigned)from, (unsigned)(from + n));
	assert_int_equal(line_buf_view(&part, &v), 0);
	text = v.text;
	for (uint32_t i = 0; i < v.n_runs; i++) {
		const struct line_run *r = &v.runs[i];
		int width = r->form == LINE_WIDE ? 2 : r->form == LINE_CLUSTER ? r->n_cols : 1;

		for (int k = 0; k < r->n_cols; k += width) {
			size_t len = 1;

			while (r->form != LINE_BLANK && r->form != LINE_CLUSTER &&
			       ((unsigned char)text[len] & 0xc0) == 0x80)
				len++;
			if (r->form == LINE_CLUSTER)
				len = r->n_bytes;
			out[x] = see(vt, r, text, len);
			if (width == 2)
				out[x + 1] = see(vt, r, "", 0);
			x += width;
			text += len;
		}
	}
	line_buf_fini(&buf);
	line_buf_fini(&part);
}

bool seen_is_same(const struct seen *a, const struct seen *b)
{
	return strcmp(a->text, b->text) == 0 && strcmp(a->uri, b->uri) == 0 && a->fg == b->fg &&
	       a->bg == b->bg && a->underline == b->underline && a->attrs == b->attrs;
}

void rig_check_row(const struct rig *r, int y, int top, int left)
{
	static struct seen want[VT_COLS_MAX], got[VT_COLS_MAX];
	int cols = vt_cols(r->user);
	int inside = vt_cols(r->pane) - left < cols ? vt_cols(r->pane) - left : cols;
	const struct line_run blank = { .form = LINE_BLANK };

	seen_line(r->pane, top + y, left, want, inside);
	for (int x = inside; x < cols; x++)
		want[x] = see(r->user, &blank, " ", 1);
	if (top + y >= vt_rows(r->pane))
		seen_line(r->user, vt_rows(r->user), 0, want, cols);
	seen_line(r->user, y, 0, got, cols);
	for (int x = 0; x < cols; x++) {
		if (!seen_is_same(&want[x], &got[x])) {
			fail_msg("row %d column %d: \"%s\" %06x on %06x, %x, %s; "
				 "drawn \"%s\" %06x on %06x, %x, %s",
				 y, x, want[x].text, want[x].fg, want[x].bg, want[x].attrs,
				 want[x].uri, got[x].text, got[x].fg, got[x].bg, got[x].attrs,
				 got[x].uri);
		}
	}
}

static void check_cursor(const struct rig *r, int top, int left)
{
	struct vt_cursor want = vt_cursor(r->pane), got = vt_cursor(r->user);

	assert_int_equal(got.row, want.row - top);
	assert_int_equal(got.col, want.col - left);
	assert_int_equal(got.is_visible, want.is_visible);
	assert_int_equal(got.shape, want.shape);
	assert_string_equal(vt_title(r->user, VT_TITLE_WINDOW), vt_title(r->pane, VT_TITLE_WINDOW));
	assert_string_equal(vt_title(r->user, VT_TITLE_ICON), vt_title(r->pane, VT_TITLE_ICON));
}

void rig_check(const struct rig *r)
{
	int top, left;

	draw_offset(r->draw, &top, &left);
	for (int y = 0; y < vt_rows(r->user); y++)
		rig_check_row(r, y, top, left);
	check_cursor(r, top, left);
}

void rig_feed(struct vt *vt, const char *bytes)
{
	vt_feed(vt, bytes, strlen(bytes));
}

void rig_frame(struct rig *r)
{
	if (vt_is_synced(r->pane))
		vt_sync_end(r->pane);
	assert_int_equal(draw_frame(r->draw, r->pane, &r->out), 0);
	rig_give(r);
}

void rig_show(struct rig *r, const char *bytes)
{
	rig_feed(r->pane, bytes);
	rig_frame(r);
	rig_check(r);
}
