#include "vt/mark.h"

#include "base/mem.h"
#include "vt/history.h"
#include "vt/osc.h"
#include "vt/title.h"

#include <stdlib.h>
#include <string.h>

void mark_add(struct vt *vt, enum mark_kind kind, int status, const char *text, bool is_633)
{
	struct vt_mark_event ev = {
		.mark = { .id = ++vt->next_mark,
			  .col = (uint32_t)vt->cur.x,
			  .status = status,
			  .kind = (uint8_t)kind },
		.is_633 = is_633,
	};
	char *clean;

	if (!vt->is_alternate)
		row_add_mark(term_row(vt, vt->cur.y), &ev.mark);
	if (!vt->cbs.mark || vt->is_replay)
		return;
	clean = text_copy(text, strlen(text));
	ev.text = clean ? clean : "";
	vt->cbs.mark(vt->user, &ev);
	mem_free(clean);
}

static int mark_status(const char *args)
{
	char *end;
	long v = strtol(args, &end, 10);

	return end == args || v < 0 || v > INT32_MAX ? -1 : (int)v;
}

/* "A;k=s": one of the fields is @field. */
static bool has_field(const char *args, const char *field)
{
	size_t n = strlen(field);

	while ((args = strchr(args, ';'))) {
		args++;
		if (!strncmp(args, field, n) && (args[n] == ';' || !args[n]))
			return true;
	}
	return false;
}

static void mark_letter(struct vt *vt, const char *args, bool is_633)
{
	const char *rest = args[0] && args[1] == ';' ? args + 2 : "";
	bool is_second = has_field(args, "k=s") || has_field(args, "k=c");

	if (args[0] && args[1] && args[1] != ';')
		return;
	switch (args[0]) {
	case 'A':
	case 'N':
		mark_add(vt, is_second ? MARK_CONTINUATION : MARK_PROMPT, -1, rest, is_633);
		break;
	case 'P':
		if (!is_633)
			mark_add(vt, is_second ? MARK_CONTINUATION : MARK_PROMPT, -1, rest, is_633);
		break;
	case 'F':
		mark_add(vt, MARK_CONTINUATION, -1, rest, is_633);
		break;
	case 'B':
	case 'I':
		mark_add(vt, MARK_COMMAND, -1, rest, is_633);
		break;
	case 'C':
		mark_add(vt, MARK_OUTPUT, -1, rest, is_633);
		break;
	case 'D':
		mark_add(vt, MARK_DONE, mark_status(rest), rest, is_633);
		break;
	default:
		break;
	}
}

void mark_osc133(struct vt *vt, const char *args)
{
	mark_letter(vt, args, false);
}

/* 633 codes ";", "\" and controls in its values as \xHH. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] == '\\') {
			*to++ = '\\';
			s += 2;
		} else if (s[0] == '\\' && s[1] == 'x' && s[2] && s[3]) {
			char hex[3] = { s[2], s[3], '\0' };
			char c = (char)strtol(hex, NULL, 16);

			if (c)
				*to++ = c;
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

/* "E;command line[;nonce]" */
static void command_line(struct vt *vt, const char *args)
{
	size_t n = strcspn(args, ";");
	char *text = mem_zalloc(n + 1, 1);
	char *nonce = args[n] ? text_copy(args + n + 1, strlen(args + n + 1)) : NULL;

	if (text && vt->cbs.command_line && !vt->is_replay) {
		memcpy(text, args, n);
		unescape(text);
		vt->cbs.command_line(vt->user, text, nonce ? nonce : "");
	}
	mem_free(text);
	mem_free(nonce);
}

/* "P;Name=value" */
static void property(struct vt *vt, const char *args)
{
	const char *value = strchr(args, '=');
	char *copy = value ? text_copy(args, strlen(args)) : NULL;
	char *at = copy ? strchr(copy, '=') : NULL;

	if (at) {
		*at++ = '\0';
		unescape(at);
		if (!strcmp(copy, "Cwd")) {
			osc_cwd(vt, "", at);
		} else if (vt->cbs.user_var && !vt->is_replay) {
			vt->cbs.user_var(vt->user, copy, at);
		}
	}
	mem_free(copy);
}

void mark_osc633(struct vt *vt, const char *args)
{
	if (args[0] == 'E' && args[1] == ';') {
		command_line(vt, args + 2);
	} else if (args[0] == 'P' && args[1] == ';') {
		property(vt, args + 2);
	} else {
		mark_letter(vt, args, true);
	}
}

int vt_mark_find(const struct vt *vt, uint64_t id, int *ret_row, int *ret_col)
{
	const struct grid *g = &vt->primary.grid;
	struct mark m;
	uint32_t index;

	for (int y = 0; y < g->n_rows; y++) {
		const struct row *r = g->rows[y];

		for (int i = 0; i < r->n_marks; i++) {
			if (r->marks[i].id == id) {
				*ret_row = y;
				*ret_col = (int)r->marks[i].col;
				return 0;
			}
		}
	}
	if (!vt->history || history_find_mark(vt->history, id, &index, &m) != 0)
		return VT_E_GONE;
	*ret_row = (int)index - (int)history_count(vt->history);
	*ret_col = (int)m.col;
	return 0;
}
