#include "vt/snapshot_out.h"

/* Bytes of the line's text without the blanks at its end. */
static size_t visible_bytes(const struct line_view *v)
{
	size_t n = v->n_bytes;

	for (uint32_t i = v->n_runs; i > 0 && v->runs[i - 1].form == LINE_BLANK; i--)
		n -= v->runs[i - 1].n_bytes;
	return n;
}

static void put_newlines(struct buf *out, int n)
{
	while (n-- > 0)
		buf_put_char(out, '\n');
}

void snapshot_text(struct snapshot *s)
{
	int n_owed = 0; /* line ends: not written before something follows */

	for (int row = s->from; row < s->to && snapshot_read(s, row); row++) {
		bool is_continued = s->opts->is_joined && s->line.flags & LINE_WRAPPED;
		/* Where the next line goes on, blanks before it are part of the text. */
		size_t n = is_continued ? s->line.n_bytes : visible_bytes(&s->line);

		if (n) {
			put_newlines(s->out, n_owed);
			n_owed = 0;
			buf_put(s->out, s->line.text, n);
		}
		n_owed += !is_continued;
	}
	/* The line that has text ends, in any case; blank ones behind it do not. */
	if (s->opts->wants_blank_lines) {
		put_newlines(s->out, n_owed);
	} else if (n_owed && buf_len(s->out)) {
		buf_put_char(s->out, '\n');
	}
}
