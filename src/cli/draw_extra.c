/* What programs ask for besides the screen: bell, clipboard, notifications. */
#include <string.h>

#include "base/utf8.h"
#include "cli/draw_state.h"
#include "rpc/base64.h"

#define CLIPBOARD_MAX ((size_t)100000) /* bytes; what xterm and others take at most */
#define NOTICE_MAX 512u                /* bytes */
#define EXTRA_MAX (4 * CLIPBOARD_MAX)

void draw_bell(struct draw *d)
{
	d->wants_bell = true;
}

/* A new text replaces one that did not go out yet: but others may wait too, so
 * only their sum is bounded. */
void draw_clipboard(struct draw *d, const char *selection, const char *data, size_t n)
{
	if (!draw_has(d, TERMCAPS_CLIPBOARD) || n > CLIPBOARD_MAX ||
	    buf_len(&d->extra) > EXTRA_MAX ||
	    strspn(selection, "cpqs01234567") != strlen(selection))
		return;
	buf_printf(&d->extra, "\033]52;%s;", selection);
	base64_encode(data, n, &d->extra);
	buf_put_str(&d->extra, "\033\\");
}

/* @is_field: a semicolon would end it. */
static void put_text(struct buf *out, const char *text, bool is_field)
{
	size_t n = strlen(text);
	char utf8[4];
	uint32_t cp;

	n = n < NOTICE_MAX ? n : NOTICE_MAX;
	for (size_t i = 0; i < n;) {
		i += utf8_decode(text + i, n - i, &cp);
		if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0) || (is_field && cp == ';'))
			cp = ' ';
		buf_put(out, utf8, utf8_encode(cp, utf8));
	}
}

void draw_notify(struct draw *d, const char *title, const char *body)
{
	bool has_777 = draw_has(d, TERMCAPS_NOTIFY_777);

	if ((!has_777 && !draw_has(d, TERMCAPS_NOTIFY_9)) || buf_len(&d->extra) > EXTRA_MAX)
		return;
	buf_put_str(&d->extra, has_777 ? "\033]777;notify;" : "\033]9;");
	put_text(&d->extra, title, true);
	/* A body that begins with a number would be another command to some. */
	buf_put_str(&d->extra, has_777 ? ";" : *title ? ": " : " ");
	put_text(&d->extra, body, false);
	buf_put_str(&d->extra, "\033\\");
}
