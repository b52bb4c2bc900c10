/* Typing a command, and what is special in each shell. */
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "base/clock.h"
#include "core/run.h"
#include "core/state.h"
#include "vt/vt.h"

#define EDITOR_LOOKS 50u /* a millisecond apart, for the line editor to be ready */
#define PASTE_BEGIN "\033[200~"
#define PASTE_END "\033[201~"

/* ---- who is busy ---- */

static uint32_t foreground(const struct pane *p)
{
	pid_t group = 0;

	if (!p->streams[CORE_OUT].is_open ||
	    ioctl(p->streams[CORE_OUT].fd, TIOCGPGRP, &group) < 0 || group < 0)
		return 0;
	return (uint32_t)group;
}

static void put_foreground(const struct pane *p, char *out, size_t size)
{
	uint32_t pid = foreground(p);
	struct core_process process;

	out[0] = '\0';
	if (pid && pid != p->pid && census_read_stat(pid, &process))
		snprintf(out, size, "; in front: %.32s (%u)", process.command, pid);
}

void run_fail_busy(struct pane *p, struct fail *reterr)
{
	const struct shell *s = p->shell;
	const struct core_command *c = core_pane_command(p);
	char front[64];

	put_foreground(p, front, sizeof front);
	if (s && s->state == SHELL_RUNNING && c) {
		fail_setf(reterr, FAIL_PANE_BUSY, NULL, "it runs `%.80s` for %llu s%s",
			  c->text ? c->text : "(unknown)",
			  (unsigned long long)((clock_mono_ns() - c->started_ns) / 1000000000),
			  front);
	} else if (s && s->state == SHELL_CONTINUED) {
		fail_setf(reterr, FAIL_PANE_BUSY, NULL,
			  "its shell waits for the rest of a command");
	} else if (s && s->state == SHELL_PROMPT && list_is_empty(&p->runs)) {
		fail_setf(reterr, FAIL_PANE_BUSY, NULL, "something is typed at its prompt");
	} else {
		fail_setf(reterr, FAIL_PANE_BUSY, NULL, "another command is being run%s", front);
	}
	fail_hint(reterr, "queue it, or wait for the prompt; nothing was typed");
}

/* ---- typing ---- */

/* Canonical: nobody edits a line there (yet). */
static bool is_canonical(const struct pane *p)
{
	struct termios t;

	return tcgetattr(p->streams[CORE_OUT].fd, &t) == 0 && (t.c_lflag & ICANON);
}

/*
 * As a paste where the shell takes pastes (all three do unless told otherwise):
 * nothing in it is a key then.  Else newlines and tabs are quoted with Ctrl-V, as
 * line editors understand it.
 */
static void put_keys(const struct run *r, struct buf *out)
{
	const struct vt *vt = term_get(r->pane);
	bool is_paste = vt && vt_mode(vt, VT_MODE_PASTE);
	bool is_line = is_canonical(r->pane);
	const char *s = r->typed;

	/* fish drops blanks at the beginning of a paste. */
	for (; is_paste && *s == ' '; s++)
		buf_put_char(out, ' ');
	if (is_paste)
		buf_put_str(out, PASTE_BEGIN);
	for (; *s; s++) {
		if ((*s == '\n' || *s == '\t') && !is_paste && !is_line)
			buf_put_char(out, '\x16');
		buf_put_char(out, *s);
	}
	if (is_paste)
		buf_put_str(out, PASTE_END);
	buf_put_char(out, is_line ? '\n' : '\r');
}

int run_type(struct run *r, struct fail *reterr)
{
	struct pane *p = r->pane;
	struct buf keys = BUF_INIT;
	uint64_t taken;
	bool is_taken;

	if (p->state != PANE_RUNNING)
		return fail_set(reterr, FAIL_PANE_EXITED, NULL);
	if (!r->is_blind && is_canonical(p) && r->n_looks++ < EDITOR_LOOKS)
		return RUN_E_NOT_READY;
	put_keys(r, &keys);
	if (buf_check(&keys) < 0 ||
	    buf_len(&keys) + p->write_bytes > p->core->config.input_queue_bytes) {
		int code = buf_check(&keys) < 0 ? FAIL_NO_MEMORY : FAIL_LIMIT_INPUT;

		buf_fini(&keys);
		return fail_set(reterr, (enum fail_code)code, NULL);
	}
	r->typed_at = stream_head(&p->streams[CORE_OUT]);
	r->typed_ns = clock_mono_ns();
	r->n_looks = 0;
	r->phase = RUN_TYPED;
	command_log_put(p); /* before it can begin */
	taken = input_taken(p);
	core_pane_write(p->core, p, buf_data(&keys), buf_len(&keys), NULL, NULL);
	is_taken = input_taken(p) == taken + buf_len(&keys);
	buf_fini(&keys);
	return is_taken ? 0 : fail_set(reterr, FAIL_NO_MEMORY, NULL);
}

/* Enter was pressed, the editor took it and asks for more without saying so (fish): it
 * sleeps in front of its terminal. */
bool run_is_stuck(const struct run *r)
{
	const struct pane *p = r->pane;
	struct core_process process;

	return p->shell && p->shell->kind == SHELL_FISH && list_is_empty(&p->writes) &&
	       foreground(p) == p->pid && !is_canonical(p) && census_read_stat(p->pid, &process) &&
	       process.state == 'S';
}

/* ---- what is not the command's ---- */

static bool may_begin(const char *at, size_t n, const char *what)
{
	size_t k = strlen(what);

	return memcmp(at, what, n < k ? n : k) == 0;
}

/* A mark of ours, or what zsh shows behind output without an end of line. */
static bool may_be_foreign(const struct pane *p, const char *at, size_t n)
{
	if (may_begin(at, n, "\033]133;D;") || may_begin(at, n, "\033]633;"))
		return true;
	return p->shell->kind == SHELL_ZSH && (may_begin(at, n, "\033[1m\033[7m%\033[27m") ||
					       may_begin(at, n, "\033[1m\033[7m#\033[27m"));
}

/* zsh with another mark, or none: many blanks and a CR. */
static size_t blanks_at_end(const char *s, size_t n)
{
	size_t k = 0;

	while (k < n && (s[n - 1 - k] == ' ' || s[n - 1 - k] == '\r'))
		k++;
	return k > 8 ? k : 0;
}

uint64_t run_held_back(const struct pane *p, uint64_t from, uint64_t to)
{
	size_t n, max = 64 + (p->shell && p->shell->kind == SHELL_ZSH ? p->cols + 64u : 0);
	char tail[VT_COLS_MAX + 128];
	struct arena_view v;

	if (!p->shell)
		return 0;
	n = to - from < max ? (size_t)(to - from) : max;
	v = arena_slot_view(&p->core->arena, p->streams[CORE_OUT].slot, to - n, n);
	memcpy(tail, v.p[0], v.n[0]);
	if (v.n[1] > 0)
		memcpy(tail + v.n[0], v.p[1], v.n[1]);
	for (size_t i = 0; i < n; i++) {
		if (tail[i] == '\033' && may_be_foreign(p, tail + i, n - i))
			return n - i;
	}
	return p->shell->kind == SHELL_ZSH ? blanks_at_end(tail, n) : 0;
}

/* Sequences that carry the pane's secret: bash's marks between lines of a paste. */
static void drop_own_marks(const char *nonce, struct buf *b)
{
	struct buf kept = BUF_INIT;
	const char *s = buf_data(b), *end = s + buf_len(b), *esc, *bel;

	while ((esc = memmem(s, (size_t)(end - s), "\033]", 2))) {
		bel = memchr(esc, '\a', (size_t)(end - esc));
		if (!bel)
			break;
		if (memmem(esc, (size_t)(bel - esc), nonce, strlen(nonce))) {
			buf_put(&kept, s, (size_t)(esc - s));
			s = bel + 1;
		} else {
			buf_put(&kept, s, (size_t)(esc + 2 - s));
			s = esc + 2;
		}
	}
	buf_put(&kept, s, (size_t)(end - s));
	if (buf_check(&kept) == 0) {
		buf_fini(b);
		*b = kept;
	} else {
		buf_fini(&kept);
	}
}

static void drop_prefix(struct buf *b, const char *what)
{
	size_t n = strlen(what);

	if (buf_len(b) >= n && memcmp(buf_data(b), what, n) == 0)
		buf_consume(b, n);
}

/* fish, when it has told of the command: no more pastes, a title, attributes off. */
static void drop_fish_prelude(struct buf *b)
{
	const char *bel;

	drop_prefix(b, "\033[?2004l");
	if (buf_len(b) > 4 && memcmp(buf_data(b), "\033]0;", 4) == 0 &&
	    (bel = memchr(buf_data(b), '\a', buf_len(b))))
		buf_consume(b, (size_t)(bel + 1 - buf_data(b)));
	drop_prefix(b, "\033[30m\033(B\033[m\r");
}

void run_clean_raw(const struct run *r, struct buf *b)
{
	const struct shell *s = r->pane->shell;

	if (!s || r->is_blind)
		return;
	drop_own_marks(s->nonce, b);
	if (s->kind == SHELL_FISH)
		drop_fish_prelude(b);
}
