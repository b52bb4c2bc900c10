/*
 * The census: every process that descends from the keeper.  The keeper is the
 * subreaper of all that its children start, so none of ours can be elsewhere:
 * whoever daemonises becomes the keeper's child.  A process belongs to a pane
 *
 *   by ancestry     an ancestor is the leader of a living pane (no stray),
 *   by session      its session was made by a pane's leader,
 *   by environment  ORCHFLOW_PANE was there when it was exec'd.
 *
 * One scan of /proc in a worker thread serves all who asked before it began.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/state.h"

#define ENVIRON_MAX (256u << 10)
#define DEPTH_MAX 512

struct leader {
	uint32_t pid;
	uint64_t pane;
	bool is_live;
};

/* One at a time; kept, so that asking cannot fail. */
struct census_job {
	uv_work_t work;
	struct core *core;
	uint32_t daemon_pid;
	struct leader *leaders; /* by pid */
	uint32_t n_leaders;
	struct core_process *all; /* by pid, as scanned; then ours only */
	uint32_t n_all, max_all;
	bool has_leaders;
	int error;           /* of struct census */
	struct list waiting; /* struct census_request */
};

static long ticks_per_s(void)
{
	static long n; /* the same for every thread */

	if (!n)
		n = sysconf(_SC_CLK_TCK);
	return n > 0 ? n : 100;
}

uint64_t census_boot_us(void)
{
	struct timespec boot, wall;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	clock_gettime(CLOCK_REALTIME, &wall);
	return ((uint64_t)wall.tv_sec * 1000000 + (uint64_t)wall.tv_nsec / 1000) -
	       ((uint64_t)boot.tv_sec * 1000000 + (uint64_t)boot.tv_nsec / 1000);
}

static ssize_t read_proc(uint32_t pid, const char *name, char *out, size_t size)
{
	char path[64];
	ssize_t n;
	int fd, e;

	snprintf(path, sizeof path, "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, out, size - 1);
	e = errno;
	close(fd);
	if (n < 0)
		return -e;
	out[n] = 0;
	return n;
}

/* /proc/PID/stat, proc(5).  The command may hold anything: the fields begin
 * behind its last parenthesis.  started_us is in clock ticks here. */
bool census_read_stat(uint32_t pid, struct core_process *ret)
{
	unsigned long long utime, stime, start;
	long long cutime, cstime;
	long rss;
	char buf[1024], *open, *close;
	int ppid, pgid, sid;
	ssize_t n = read_proc(pid, "stat", buf, sizeof buf);

	errno = n < 0 ? (int)-n : ENOENT;
	if (n <= 0)
		return false;
	open = strchr(buf, '(');
	close = strrchr(buf, ')');
	*ret = (struct core_process){ .pid = pid };
	if (!open || !close ||
	    sscanf(close + 1,
		   " %c %d %d %d %*d %*d %*u %*u %*u %*u %*u %llu %llu %lld %lld %*d %*d %*d %*d "
		   "%llu %*u %ld",
		   &ret->state, &ppid, &pgid, &sid, &utime, &stime, &cutime, &cstime, &start,
		   &rss) != 10)
		return false;
	ret->ppid = (uint32_t)ppid;
	ret->pgid = (uint32_t)pgid;
	ret->sid = (uint32_t)sid;
	ret->cpu_ms = (utime + stime) * 1000 / (unsigned long)ticks_per_s();
	ret->ended_cpu_ms =
		(unsigned long long)(cutime + cstime) * 1000 / (unsigned long)ticks_per_s();
	ret->started_us = start;
	ret->rss_bytes = rss > 0 ? (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
	snprintf(ret->command, sizeof ret->command, "[%.*s]", (int)(close - open - 1), open + 1);
	return true;
}

static int compare_pids(const void *a, const void *b)
{
	const struct core_process *p = a, *q = b;

	return p->pid < q->pid ? -1 : p->pid > q->pid;
}

static int compare_leaders(const void *a, const void *b)
{
	const struct leader *p = a, *q = b;

	if (p->pid != q->pid)
		return p->pid < q->pid ? -1 : 1;
	/* A pid that was used again: the living pane's, then the newest's. */
	if (p->is_live != q->is_live)
		return p->is_live ? -1 : 1;
	return p->pane > q->pane ? -1 : p->pane < q->pane;
}

static void drop_doubles(struct census_job *j)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < j->n_leaders; i++) {
		if (n == 0 || j->leaders[n - 1].pid != j->leaders[i].pid)
			j->leaders[n++] = j->leaders[i];
	}
	j->n_leaders = n;
}

static struct core_process *find(struct census_job *j, uint32_t pid)
{
	struct core_process key = { .pid = pid };

	return j->all ? bsearch(&key, j->all, j->n_all, sizeof key, compare_pids) : NULL;
}

static const struct leader *find_leader(const struct census_job *j, uint32_t pid)
{
	uint32_t lo = 0, hi = j->n_leaders;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (j->leaders[mid].pid == pid)
			return &j->leaders[mid];
		if (j->leaders[mid].pid < pid) {
			lo = mid + 1;
		} else {
			hi = mid;
		}
	}
	return NULL;
}

static void scan(struct census_job *j)
{
	DIR *d = opendir("/proc");
	struct dirent *e;

	j->error = d ? 0 : errno;
	while (d && (e = readdir(d))) {
		struct core_process p;

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		if (!census_read_stat((uint32_t)strtoul(e->d_name, NULL, 10), &p)) {
			/* It went, or is not for us to see; or is it us who cannot look? */
			if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
				j->error = errno;
			continue;
		}
		if (j->n_all == j->max_all) {
			uint32_t max = j->max_all ? 2 * j->max_all : 256;
			void *grown = mem_realloc(j->all, max * sizeof p);

			if (!grown) {
				j->error = ENOMEM;
				break;
			}
			j->all = grown;
			j->max_all = max;
		}
		j->all[j->n_all++] = p;
	}
	if (d)
		closedir(d);
	if (j->n_all)
		qsort(j->all, j->n_all, sizeof *j->all, compare_pids);
}

/* Walks up to the keeper.  The first leader of a living pane on the way owns it. */
static bool is_ours(struct census_job *j, struct core_process *p)
{
	struct core_process *at = p;

	p->is_stray = true;
	for (int depth = 0; at && depth < DEPTH_MAX; depth++) {
		const struct leader *l = find_leader(j, at->pid);

		if (l && l->is_live && p->is_stray) {
			p->pane = l->pane;
			p->is_stray = false;
		}
		if (at->ppid == j->core->status.keeper_pid)
			return at->pid != j->daemon_pid;
		at = find(j, at->ppid);
	}
	return false;
}

static void tell_pane_of_stray(struct census_job *j, struct core_process *p, char *scratch)
{
	const struct leader *l = find_leader(j, p->sid);
	ssize_t n;

	if (l) {
		p->pane = l->pane;
		return;
	}
	n = read_proc(p->pid, "environ", scratch, ENVIRON_MAX);
	for (const char *s = scratch; n > 0 && s < scratch + n; s += strlen(s) + 1) {
		if (strncmp(s, "ORCHFLOW_PANE=p", 15) == 0) {
			p->pane = strtoull(s + 15, NULL, 10);
			return;
		}
	}
}

static void read_command(struct core_process *p)
{
	char line[sizeof p->command] = "";
	ssize_t n = read_proc(p->pid, "cmdline", line, sizeof line);

	if (n <= 0)
		return;
	for (ssize_t i = 0; i < n; i++) {
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' ';
	}
	while (n > 0 && line[n - 1] == ' ')
		line[--n] = 0;
	memcpy(p->command, line, (size_t)n + 1);
}

static void on_work(uv_work_t *w)
{
	struct census_job *j = w->data;
	char *scratch = mem_zalloc(1, ENVIRON_MAX);
	uint64_t boot = j->core->boot_us;
	bool *ours;

	scan(j);
	ours = mem_zalloc(j->n_all + 1, sizeof *ours);
	if (!scratch || !ours || !j->has_leaders)
		j->error = ENOMEM;
	for (uint32_t i = 0; ours && i < j->n_all; i++)
		ours[i] = is_ours(j, &j->all[i]);
	uint32_t n = 0;
	for (uint32_t i = 0; ours && i < j->n_all; i++) {
		if (!ours[i])
			continue;
		struct core_process p = j->all[i];

		p.started_us = boot + p.started_us * 1000000 / (unsigned long)ticks_per_s();
		if (p.is_stray && scratch)
			tell_pane_of_stray(j, &p, scratch);
		read_command(&p);
		j->all[n++] = p;
	}
	j->n_all = n;
	mem_free(ours);
	mem_free(scratch);
}

static void start(struct core *c);

static void on_worked(uv_work_t *w, int status)
{
	struct census_job *j = w->data;
	struct core *c = j->core;
	struct census census = { .processes = j->all,
				 .n = j->n_all,
				 .error = status < 0 ? ENOMEM : j->error };

	while (!list_is_empty(&j->waiting)) {
		struct census_request *r = list_entry(j->waiting.next, struct census_request, link);

		list_remove(&r->link);
		r->on_done(&census, r->user);
	}
	mem_free(j->all);
	mem_free(j->leaders);
	c->is_census_running = false;
	if (!list_is_empty(&c->census_waiting))
		start(c);
}

/* False: no memory. */
static bool note_leaders(struct census_job *j, struct core *c)
{
	j->leaders = mem_zalloc(c->n_panes + 1, sizeof *j->leaders);
	j->n_leaders = 0;
	for (uint32_t i = 0; j->leaders && i < c->n_panes; i++) {
		const struct pane *p = c->panes[i];

		if (p->pid) {
			j->leaders[j->n_leaders++] =
				(struct leader){ .pid = p->pid,
						 .pane = p->number,
						 .is_live = p->state <= PANE_RUNNING };
		}
	}
	if (!j->leaders)
		return false;
	qsort(j->leaders, j->n_leaders, sizeof *j->leaders, compare_leaders);
	drop_doubles(j);
	return true;
}

static void start(struct core *c)
{
	struct census_job *j = c->census;

	j->all = NULL;
	j->n_all = j->max_all = 0;
	list_for_each_safe (l, &c->census_waiting) {
		list_remove(l);
		list_append(&j->waiting, l);
	}
	j->has_leaders = note_leaders(j, c);
	c->is_census_running = true;
	if (uv_queue_work(c->loop, &j->work, on_work, on_worked) < 0)
		abort(); /* only without a function to call */
}

int census_open(struct core *c)
{
	struct census_job *j = mem_new(struct census_job);

	if (!j)
		return err_origin(-ENOMEM);
	j->work.data = j;
	j->core = c;
	j->daemon_pid = (uint32_t)getpid();
	list_init(&j->waiting);
	c->census = j;
	return 0;
}

void census_close(struct core *c)
{
	mem_free(c->census);
}

void census_request(struct core *c, struct census_request *r)
{
	list_append(&c->census_waiting, &r->link);
	if (!c->is_census_running)
		start(c);
}

/* ---- for the API ---- */

struct listing {
	struct census_request request;
	struct core *core;
	uint64_t pane;
	core_processes_fn *on_done;
	void *user;
};

static void on_listed(const struct census *census, void *user)
{
	struct listing *l = user;
	struct core_process *mine = NULL;
	size_t n = 0;
	struct fail f;

	if (l->core->has_quit) {
		mem_free(l); /* nobody is left to be told */
		return;
	}
	if (l->pane)
		mine = mem_zalloc(census->n + 1, sizeof *mine);
	for (size_t i = 0; mine && i < census->n; i++) {
		if (census->processes[i].pane == l->pane)
			mine[n++] = census->processes[i];
	}
	if (census->error || (l->pane && !mine)) {
		fail_set(&f,
			 census->error == 0 || census->error == ENOMEM ? FAIL_NO_MEMORY
								       : FAIL_NO_DESCRIPTORS,
			 NULL);
		l->on_done(NULL, 0, &f, l->user);
	} else {
		l->on_done(l->pane ? mine : census->processes, l->pane ? n : census->n, NULL,
			   l->user);
	}
	mem_free(mine);
	mem_free(l);
}

void core_processes(struct core *c, struct pane *p, core_processes_fn *done, void *user)
{
	struct listing *l = mem_new(struct listing);
	struct fail f;

	if (!l) {
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		done(NULL, 0, &f, user);
		return;
	}
	*l = (struct listing){
		.core = c, .pane = p ? p->number : 0, .on_done = done, .user = user
	};
	l->request = (struct census_request){ .on_done = on_listed, .user = l };
	census_request(c, &l->request);
}
