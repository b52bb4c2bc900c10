#include "vt/osc.h"

#include "base/mem.h"
#include "vt/action.h"
#include "vt/color.h"
#include "vt/history.h"
#include "vt/mark.h"
#include "vt/title.h"

#include <stdlib.h>
#include <string.h>

/* --- working directory --- */

void osc_cwd(struct vt *vt, const char *host, const char *path)
{
	char *h, *p;

	if (!vt->cbs.cwd || vt->is_replay)
		return;
	h = text_copy(host, strlen(host));
	p = text_copy(path, strlen(path));
	if (h && p)
		vt->cbs.cwd(vt->user, h, p);
	mem_free(h);
	mem_free(p);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void percent_decode(char *s)
{
	char *to = s;

	for (; *s; s++) {
		if (s[0] == '%' && hex_value(s[1]) >= 0 && hex_value(s[2]) >= 0) {
			char c = (char)(hex_value(s[1]) << 4 | hex_value(s[2]));

			s += 2;
			if (c)
				*to++ = c;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

/* "file://host/path" (or kitty-shell-cwd://, which is not percent-coded). */
static void osc_cwd_url(struct vt *vt, char *url)
{
	char *host = strstr(url, "://"), *path;

	if (!host) {
		if (url[0] == '/')
			osc_cwd(vt, "", url);
		return;
	}
	path = strchr(host + 3, '/');
	if (!path)
		return;

	char *decoded = mem_zalloc(strlen(path) + 1, 1);

	if (!decoded)
		return;
	memcpy(decoded, path, strlen(path) + 1);
	*path = '\0';
	if (strncmp(url, "kitty", 5) != 0)
		percent_decode(decoded);
	osc_cwd(vt, host + 3, decoded);
	mem_free(decoded);
}

/* --- hyperlinks --- */

/* "id=x:other=y;URI" */
static void osc_link(struct vt *vt, char *args)
{
	char *uri = strchr(args, ';');
	char id[LINK_ID_BYTES_MAX + 1] = "";
	uint16_t n = 0;

	if (!uri)
		return;
	*uri++ = '\0';
	for (char *at = args; at; at = strchr(at, ':')) {
		at += *at == ':';
		if (!strncmp(at, "id=", 3)) {
			size_t len = strcspn(at + 3, ":");

			if (len <= LINK_ID_BYTES_MAX) {
				memcpy(id, at + 3, len);
				id[len] = '\0';
			}
			break;
		}
	}
	if (*uri) {
		if (link_table_is_full(&vt->links))
			term_sweep_links(vt);
		n = link_intern(&vt->links, uri, id);
	}
	vt->cur.pen.link = n;
	term_pen_changed(vt);
}

/* --- notifications --- */

static void osc_notify(struct vt *vt, const char *title, size_t n_title, const char *body)
{
	char *t, *b;

	if (!vt->cbs.notify || vt->is_replay)
		return;
	t = text_copy(title, n_title);
	b = text_copy(body, strlen(body));
	if (t && b)
		vt->cbs.notify(vt->user, t, b);
	mem_free(t);
	mem_free(b);
}

/* OSC 9 is iTerm2's notification, unless it is one of ConEmu's commands: a
 * number up to 12, alone or with a semicolon behind it. */
static void osc_nine(struct vt *vt, char *args)
{
	char *end;
	long command = strtol(args, &end, 10);

	if (end == args || args[0] < '0' || args[0] > '9' || (*end && *end != ';') ||
	    command > 12) {
		osc_notify(vt, "", 0, args);
		return;
	}
	if (command == 9 && *end == ';') {
		char *path = end + 1;
		size_t n = strlen(path);

		if (n >= 2 && path[0] == '"' && path[n - 1] == '"') {
			path[n - 1] = '\0';
			path++;
		}
		osc_cwd(vt, "", path);
	} else if (command == 4 && *end == ';') {
		long state = strtol(end + 1, &end, 10);
		long percent = *end == ';' ? strtol(end + 1, NULL, 10) : 0;

		if (state >= 0 && state <= 4 && vt->cbs.progress && !vt->is_replay) {
			vt->cbs.progress(vt->user, (int)state,
					 (int)(percent < 0     ? 0
					       : percent > 100 ? 100
							       : percent));
		}
	}
}

/* "notify;title;body" */
static void osc_777(struct vt *vt, const char *args)
{
	if (strncmp(args, "notify;", 7) != 0)
		return;
	args += 7;

	size_t n = strcspn(args, ";");

	osc_notify(vt, args, n, args[n] ? args + n + 1 : "");
}

/* --- clipboard --- */

long osc_decode_base64(char *s, size_t n)
{
	uint32_t bits = 0;
	int n_bits = 0;
	size_t k = 0;

	for (size_t i = 0; i < n && s[i] != '='; i++) {
		char c = s[i];
		uint32_t v;

		if (c >= 'A' && c <= 'Z') {
			v = (uint32_t)(c - 'A');
		} else if (c >= 'a' && c <= 'z') {
			v = (uint32_t)(c - 'a' + 26);
		} else if (c >= '0' && c <= '9') {
			v = (uint32_t)(c - '0' + 52);
		} else if (c == '+' || c == '-') {
			v = 62;
		} else if (c == '/' || c == '_') {
			v = 63;
		} else {
			return -1;
		}
		bits = bits << 6 | v;
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			s[k++] = (char)(bits >> n_bits);
		}
	}
	s[k] = '\0';
	return (long)k;
}

#define SELECTION_MAX 16

/* "selection;base64", "selection;?" */
static void osc_clipboard(struct vt *vt, char *args)
{
	char *data = strchr(args, ';');
	const char *selection = args;

	if (!data || data - args >= SELECTION_MAX || vt->opts.clipboard == VT_CLIPBOARD_OFF ||
	    vt->is_replay)
		return;
	*data++ = '\0';
	if (strspn(selection, "cpqs01234567") != strlen(selection))
		return;
	if (!*selection)
		selection = "s0";
	if (!strcmp(data, "?")) {
		if (vt->opts.clipboard == VT_CLIPBOARD_READ_WRITE && vt->cbs.clipboard_query)
			vt->cbs.clipboard_query(vt->user, selection);
		return;
	}

	long n = osc_decode_base64(data, strlen(data));

	/* What is no base64 clears the selection, says xterm. */
	if (vt->cbs.clipboard)
		vt->cbs.clipboard(vt->user, selection, n < 0 ? "" : data, n < 0 ? 0 : (size_t)n);
}

void vt_clipboard_reply(struct vt *vt, const char *selection, const char *data, size_t n)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n_text = (n + 2) / 3 * 4;
	char *text;

	if (vt->opts.clipboard != VT_CLIPBOARD_READ_WRITE ||
	    strspn(selection, "cpqs01234567") != strlen(selection))
		return;
	text = mem_zalloc(n_text + 1, 1);
	if (!text)
		return;
	for (size_t i = 0, k = 0; i < n; i += 3, k += 4) {
		uint32_t v = (uint32_t)(uint8_t)data[i] << 16;

		v |= i + 1 < n ? (uint32_t)(uint8_t)data[i + 1] << 8 : 0;
		v |= i + 2 < n ? (uint32_t)(uint8_t)data[i + 2] : 0;
		text[k] = digits[v >> 18];
		text[k + 1] = digits[v >> 12 & 63];
		text[k + 2] = (char)(i + 1 < n ? digits[v >> 6 & 63] : '=');
		text[k + 3] = (char)(i + 2 < n ? digits[v & 63] : '=');
	}
	term_replyf(vt, "\033]52;%s;", selection);
	term_reply(vt, text, n_text);
	term_replyf(vt, "\033\\");
	mem_free(text);
}

/* --- iTerm2 --- */

static void osc_user_var(struct vt *vt, char *args)
{
	char *value = strchr(args, '=');
	char *clean;

	if (!value || !vt->cbs.user_var || vt->is_replay)
		return;
	*value++ = '\0';
	if (osc_decode_base64(value, strlen(value)) < 0)
		return;
	clean = text_copy(value, strlen(value));
	if (clean)
		vt->cbs.user_var(vt->user, args, clean);
	mem_free(clean);
}

static void osc_iterm(struct vt *vt, char *args)
{
	if (!strncmp(args, "SetUserVar=", 11)) {
		osc_user_var(vt, args + 11);
	} else if (!strncmp(args, "CurrentDir=", 11)) {
		osc_cwd(vt, "", args + 11);
	} else if (!strcmp(args, "SetMark")) {
		mark_add(vt, MARK_USER, -1, "", false);
	} else if (!strcmp(args, "ClearScrollback")) {
		if (vt->history)
			history_clear(vt->history);
	} else if (!strncmp(args, "File=", 5)) {
		char *data = strchr(args, ':');

		if (data && vt->cbs.image && !vt->is_replay) {
			*data++ = '\0';
			vt->cbs.image(vt->user, VT_IMAGE_ITERM, args + 5, data, strlen(data));
		}
	}
}

/* --- dispatch --- */

void osc_dispatch(struct vt *vt)
{
	char *s = vt->parser.string, *args = s;
	int number = 0;

	/* A NUL inside would hide the rest: controls were not taken in, so the
	 * string is one. */
	for (; *args >= '0' && *args <= '9' && number < 10000; args++)
		number = number * 10 + (*args - '0');
	if (args == s || (*args && *args != ';'))
		return;
	args += *args == ';';
	term_forget_last(vt);
	switch (number) {
	case 0:
		title_set(vt, VT_TITLE_ICON, args);
		title_set(vt, VT_TITLE_WINDOW, args);
		break;
	case 1:
		title_set(vt, VT_TITLE_ICON, args);
		break;
	case 2:
		title_set(vt, VT_TITLE_WINDOW, args);
		break;
	case 7:
		osc_cwd_url(vt, args);
		break;
	case 8:
		osc_link(vt, args);
		break;
	case 9:
		osc_nine(vt, args);
		break;
	case 52:
		osc_clipboard(vt, args);
		break;
	case 133:
		mark_osc133(vt, args);
		break;
	case 633:
		mark_osc633(vt, args);
		break;
	case 777:
		osc_777(vt, args);
		break;
	case 1337:
		osc_iterm(vt, args);
		break;
	default:
		color_osc(vt, number, args);
		break;
	}
}
