/*
 * Does a program want input?  Asked of the terminal and of the kernel, only while
 * somebody wants to know, and only 30, 120 and 480 ms after output stopped.
 *
 *   line      the terminal edits lines and echoes, and a process in front is blocked
 *             reading it
 *   password  the same without echo
 *   raw       no lines, and quiet: inferred (an editor, a pager, a menu)
 *
 * A shell that tells of its prompt and stands there wants a command, not input.
 * Evidence: `syscall` (it is in read() of this terminal), `wchan` (it sleeps where
 * that read sleeps), `termios` (only the terminal's state; raw is never more).
 */
#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"
#include "core/state.h"

#define PROCESSES_MAX 32u /* of the foreground group that are looked at */

static const uint16_t steps_ms[] = { 30, 120, 480 };

/* ---- one look ---- */

static bool read_proc(uint32_t pid, const char *what, char *out, size_t size)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof path, "/proc/%u/%s", pid, what);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, out, size - 1);
	close(fd);
	out[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* Is @fd of @pid this terminal?  @name: "/dev/pts/7", or /dev/tty by another name. */
static bool is_terminal(uint32_t pid, unsigned long fd, const char *name)
{
	char path[64], link[64];
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%u/fd/%lu", pid, fd);
	n = readlink(path, link, sizeof link - 1);
	if (n <= 0)
		return false;
	link[n] = '\0';
	return strcmp(link, name) == 0 || strcmp(link, "/dev/tty") == 0;
}

enum blocked { BLOCKED_NOT, BLOCKED_MAYBE, BLOCKED_BY_WCHAN, BLOCKED_BY_SYSCALL };

/* Is it in a read() of that terminal? */
static enum blocked blocked_in_read(uint32_t pid, const char *terminal)
{
	char text[128], *end;
	unsigned long number, fd;

	if (read_proc(pid, "syscall", text, sizeof text) && isdigit((unsigned char)text[0])) {
		number = strtoul(text, &end, 10);
		fd = strtoul(end, NULL, 16);
		return number == SYS_read && is_terminal(pid, fd, terminal) ? BLOCKED_BY_SYSCALL
									    : BLOCKED_NOT;
	}
	/* Another user's, or the system forbids the look. */
	if (read_proc(pid, "wchan", text, sizeof text) && strcmp(text, "0") != 0) {
		return strstr(text, "tty_read") || strcmp(text, "wait_woken") == 0
			       ? BLOCKED_BY_WCHAN
			       : BLOCKED_NOT;
	}
	return BLOCKED_MAYBE;
}

struct group {
	uint32_t id;
	uint32_t pids[PROCESSES_MAX];
	uint32_t n;
};

static void add_children(struct group *g, uint32_t pid)
{
	char what[32], text[512];
	struct core_process process;

	snprintf(what, sizeof what, "task/%u/children", pid);
	if (!read_proc(pid, what, text, sizeof text))
		return;
	for (char *at = text, *end; g->n < PROCESSES_MAX; at = end) {
		uint32_t child = (uint32_t)strtoul(at, &end, 10);

		if (end == at)
			return;
		if (census_read_stat(child, &process) && process.pgid == g->id)
			g->pids[g->n++] = child;
	}
}

/* The group's leader and what it started that is in the group still. */
static void find_group(const struct pane *p, struct group *g)
{
	struct core_process process;

	if (census_read_stat(g->id, &process) && process.pgid == g->id) {
		g->pids[g->n++] = g->id;
	} else {
		add_children(g, p->pid);
	}
	for (uint32_t i = 0; i < g->n; i++)
		add_children(g, g->pids[i]);
}

static bool look_at_group(const struct pane *p, struct core_wanted *ret)
{
	enum blocked best = BLOCKED_NOT;
	struct group g = { 0 };
	char terminal[64];
	pid_t group = 0;
	int fd = p->streams[CORE_OUT].fd;
	unsigned number;

	if (ioctl(fd, TIOCGPGRP, &group) < 0 || group <= 0 || ioctl(fd, TIOCGPTN, &number) < 0)
		return false;
	snprintf(terminal, sizeof terminal, "/dev/pts/%u", number);
	g.id = (uint32_t)group;
	find_group(p, &g);
	for (uint32_t i = 0; i < g.n; i++) {
		enum blocked b = blocked_in_read(g.pids[i], terminal);

		if (b > best) {
			best = b;
			ret->pid = g.pids[i];
		}
	}
	ret->evidence = best == BLOCKED_BY_SYSCALL ? "syscall"
			: best == BLOCKED_BY_WCHAN ? "wchan"
						   : "termios";
	return best != BLOCKED_NOT;
}

/* @is_last: it has been quiet for long. */
static enum core_wanted_kind look(const struct pane *p, bool is_last, struct core_wanted *ret)
{
	struct termios t;
	pid_t group = 0;

	*ret = (struct core_wanted){ .evidence = "termios",
				     .seq = stream_head(&p->streams[CORE_OUT]) };
	if (p->state != PANE_RUNNING || !p->is_pty || !p->streams[CORE_OUT].is_open ||
	    tcgetattr(p->streams[CORE_OUT].fd, &t) < 0 ||
	    (p->shell && (p->shell->state == SHELL_PROMPT || p->shell->state == SHELL_BETWEEN)))
		return CORE_WANTED_NOTHING;
	if (!(t.c_lflag & ICANON)) {
		if (ioctl(p->streams[CORE_OUT].fd, TIOCGPGRP, &group) == 0 && group > 0)
			ret->pid = (uint32_t)group;
		return is_last ? CORE_WANTED_RAW : CORE_WANTED_NOTHING;
	}
	if (!look_at_group(p, ret) || (strcmp(ret->evidence, "termios") == 0 && !is_last))
		return CORE_WANTED_NOTHING;
	return t.c_lflag & ECHO ? CORE_WANTED_LINE : CORE_WANTED_PASSWORD;
}

/* ---- when ---- */

static bool is_anybody_asking(const struct pane *p)
{
	return p->n_input_waits > 0 || p->core->wants_input_events;
}

static void arm(struct core *c);

/* To what is known: who waits is answered, who watches is told once. */
static void tell(struct pane *p, enum core_wanted_kind kind, const struct core_wanted *w)
{
	struct core_process process;
	bool is_new = p->wanted.kind != kind || p->wanted.seq != w->seq;

	p->wanted = *w;
	p->wanted.kind = kind;
	if (w->pid && census_read_stat(w->pid, &process))
		snprintf(p->wanted.command, sizeof p->wanted.command, "%.63s", process.command);
	if (is_new)
		core_event(p->core, CORE_PANE_INPUT_WANTED, p, p->session);
	wait_on_input_wanted(p);
}

/* True: there are more looks to come. */
static bool sample(struct pane *p)
{
	bool is_last = p->sample_step + 1u == ARRAY_LEN(steps_ms);
	struct core_wanted w;
	enum core_wanted_kind kind = look(p, is_last, &w);

	if (kind != CORE_WANTED_NOTHING) {
		tell(p, kind, &w);
		return false;
	}
	p->sample_step++;
	return !is_last;
}

static uint64_t due_of(const struct pane *p)
{
	return p->sample_since_ns + steps_ms[p->sample_step] * 1000000ull;
}

static void on_timer(uv_timer_t *t)
{
	struct core *c = t->data;
	uint64_t now = clock_mono_ns();
	struct list again;

	list_init(&again);
	while (!list_is_empty(&c->sampling)) {
		struct pane *p = list_entry(c->sampling.next, struct pane, sampling);

		list_remove(&p->sampling);
		pane_hold(p);
		if (is_anybody_asking(p) && !p->is_deleted && (due_of(p) > now || sample(p)) &&
		    list_is_empty(&p->sampling))
			list_append(&again, &p->sampling);
		pane_let_go(p);
	}
	while (!list_is_empty(&again)) {
		struct list *l = again.next;

		list_remove(l);
		list_append(&c->sampling, l);
	}
	arm(c);
}

static void arm(struct core *c)
{
	uint64_t due = UINT64_MAX, now = clock_mono_ns();

	list_for_each (l, &c->sampling) {
		uint64_t d = due_of(list_entry(l, struct pane, sampling));

		due = d < due ? d : due;
	}
	if (due == UINT64_MAX || c->has_quit)
		return;
	uv_update_time(c->loop);
	uv_timer_start(&c->sample_timer, on_timer, due <= now ? 0 : (due - now) / 1000000 + 1, 0);
}

static void begin(struct pane *p, uint64_t now)
{
	bool was_idle = list_is_empty(&p->sampling);

	p->sample_since_ns = now;
	p->sample_step = 0;
	if (!was_idle)
		return; /* the timer looks when it fires, and goes on from there */
	list_append(&p->core->sampling, &p->sampling);
	if (!uv_is_active((uv_handle_t *)&p->core->sample_timer))
		arm(p->core);
}

void wanted_on_output(struct pane *p, uint64_t now)
{
	p->wanted.kind = CORE_WANTED_NOTHING;
	if (is_anybody_asking(p))
		begin(p, now);
}

void wanted_ask(struct pane *p)
{
	begin(p, clock_mono_ns());
}

void core_watch_input(struct core *c, bool on)
{
	c->wants_input_events = on;
}

const struct core_wanted *core_pane_wanted(const struct pane *p)
{
	return &p->wanted;
}
