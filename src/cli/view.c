#include "cli/view.h"

#include <stdio.h>
#include <string.h>

#include "cli/server.h"
#include "cli/tty.h"

void view_init(struct view *v, struct pump *pump, const json_t *pane, bool ignores_size)
{
	memset(v, 0, sizeof(*v));
	v->pump = pump;
	v->ignores_size = ignores_size;
	v->last = '\n';
	(void)snprintf(v->pane, sizeof(v->pane), "%s", server_str(pane, "id"));
	passthru_init(&v->pass);
	v->pass.wants_no_questions = true;
}

/* What restores the terminal, kept ready for signals and crashes. */
static void keep_undo(struct view *v)
{
	struct buf b = BUF_INIT;

	passthru_undo(&v->pass, &b);
	if (v->pass.has_moved)
		buf_put_str(&b, "\033[999B");
	if (v->pass.has_moved || v->last != '\n')
		buf_put_str(&b, "\r\n");
	buf_put_str(&b, "\033[23;0t"); /* title from the stack */
	tty_set_undo(buf_data(&b), buf_len(&b));
	buf_fini(&b);
}

int view_enter(struct view *v)
{
	int r = tty_raw();

	if (r)
		return r;
	buf_put_str(&v->pump->out[0], "\033[22;0t"); /* title to the stack */
	keep_undo(v);
	return 0;
}

void view_leave(struct view *v)
{
	(void)v;
	tty_restore();
}

void view_tell_size(struct view *v)
{
	int cols, rows;

	(void)tty_size(&cols, &rows);
	/* A failure shows in the connection's next use. */
	(void)!client_attach(v->pump->client, v->pane, cols, rows, v->ignores_size);
}

/* Bytes to skip when we came in in the middle of things. */
static size_t partial(struct view *v, const char *data, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (data[i] == '\033') {
			v->is_partial = false;
			return i;
		}
		if (data[i] == '\n') {
			v->is_partial = false;
			return i + 1;
		}
	}
	return n;
}

void view_output(struct view *v, const char *data, size_t n)
{
	size_t skip = v->is_partial ? partial(v, data, n) : 0;

	if (skip >= n)
		return;
	passthru_feed(&v->pass, data + skip, n - skip, &v->pump->out[0]);
	v->last = data[n - 1];
	keep_undo(v);
}

void view_gap(struct view *v)
{
	passthru_cut(&v->pass);
	v->is_partial = true;
}

void view_type(struct view *v, const char *data, size_t n)
{
	if (client_input(v->pump->client, v->pane, data, n))
		buf_put_char(&v->pump->out[0], '\a');
}

void view_resumed(struct view *v, uint64_t down_ns)
{
	if (down_ns > 1000000000) {
		buf_printf(&v->pump->out[1], "\r\n[reconnected after %.1f s]\r\n",
			   (double)down_ns / 1e9);
	}
}
