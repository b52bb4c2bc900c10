#include "api/records.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/wait.h>

#define SIGNAL_NAME_BYTES 16

void record_session(struct rpc_writer *w, const struct session *s)
{
	const struct pane *active = session_active(s), *p;
	struct session_info info;
	struct pane_info pane;

	session_get_info(s, &info);
	rpc_map_begin(w);
	rpc_kv_str(w, "id", info.id);
	rpc_kv_str(w, "name", info.name);
	rpc_kv_str(w, "cwd", info.cwd);
	rpc_kv_uint(w, "created_us", info.created_us);
	rpc_key(w, "panes");
	rpc_array_begin(w);
	for (uint32_t i = 0; (p = session_pane_at(s, i)); i++) {
		pane_get_info(p, &pane);
		rpc_str(w, pane.id);
	}
	rpc_array_end(w);
	if (active)
		pane_get_info(active, &pane);
	rpc_kv_str(w, "active", active ? pane.id : NULL);
	rpc_kv_uint(w, "running", info.n_running);
	rpc_map_end(w);
}

static void put_time_or_null(struct rpc_writer *w, const char *key, uint64_t us)
{
	rpc_key(w, key);
	if (us) {
		rpc_uint(w, us);
	} else {
		rpc_null(w);
	}
}

static void put_child(struct rpc_writer *w, const struct pane_info *i)
{
	rpc_kv_str(w, "state", pane_state_name(i->state));
	put_time_or_null(w, "pid", i->pid);
	rpc_key(w, "command");
	rpc_json(w, i->command);
	rpc_kv_str(w, "cwd", i->cwd);
	rpc_kv_str(w, "title", i->title);
	rpc_kv_str(w, "kind", i->kind);
	rpc_key(w, "metadata");
	if (i->metadata) {
		rpc_json(w, i->metadata);
	} else {
		rpc_map_begin(w);
		rpc_map_end(w);
	}
}

static void put_streams(struct rpc_writer *w, const struct pane_info *i)
{
	rpc_kv_uint(w, "seq", i->seq);
	rpc_kv_uint(w, "tail_seq", i->tail_seq);
	if (!i->is_pty) {
		rpc_kv_uint(w, "err_seq", i->err_seq);
		rpc_kv_uint(w, "err_tail_seq", i->err_tail_seq);
	}
	rpc_kv_uint(w, "input_seq", i->input_seq);
	rpc_kv_uint(w, "input_unsure", i->input_unsure);
	rpc_kv_uint(w, "input_at", i->input_at);
}

static void put_times(struct rpc_writer *w, const struct pane_info *i)
{
	rpc_kv_uint(w, "created_us", i->created_us);
	put_time_or_null(w, "started_us", i->started_us);
	put_time_or_null(w, "exited_us", i->exited_us);
}

void record_pane_begin(struct rpc_writer *w, const struct pane *p)
{
	struct pane_info i;

	pane_get_info(p, &i);
	rpc_map_begin(w);
	rpc_kv_str(w, "id", i.id);
	rpc_kv_str(w, "session", i.session_id);
	rpc_kv_str(w, "session_name", i.session_name);
	put_child(w, &i);
	rpc_kv_uint(w, "cols", i.cols);
	rpc_kv_uint(w, "rows", i.rows);
	rpc_kv_bool(w, "pty", i.is_pty);
	rpc_kv_bool(w, "private", i.is_private);
	rpc_kv_bool(w, "active", i.is_active);
	put_streams(w, &i);
	rpc_key(w, "status");
	record_status(w, i.has_status, i.status);
	put_times(w, &i);
	rpc_kv_uint(w, "generation", i.generation);
	rpc_kv_bool(w, "closed", i.is_closed);
	rpc_kv_bool(w, "quarantined", i.is_quarantined);
	rpc_kv_uint(w, "viewers", i.n_viewers);
	rpc_key(w, "journal");
	record_journal(w, &i.journal);
}

void record_pane(struct rpc_writer *w, const struct pane *p)
{
	record_pane_begin(w, p);
	rpc_map_end(w);
}

void record_journal(struct rpc_writer *w, const struct pane_journal_info *j)
{
	rpc_map_begin(w);
	rpc_kv_str(w, "state", record_state_name(j->state));
	rpc_kv_str(w, "error", j->state == RECORD_FAILING ? strerror(j->error) : NULL);
	rpc_kv_uint(w, "seq", j->seq);
	rpc_map_end(w);
}

void record_status(struct rpc_writer *w, bool has_status, int status)
{
	char name[SIGNAL_NAME_BYTES];

	if (!has_status) {
		rpc_null(w);
		return;
	}
	rpc_map_begin(w);
	if (WIFSIGNALED(status)) {
		rpc_kv_int(w, "signal", WTERMSIG(status));
		rpc_kv_str(w, "name", signal_name(WTERMSIG(status), name));
	} else {
		rpc_kv_int(w, "code", WEXITSTATUS(status));
	}
	rpc_map_end(w);
}

void record_id(struct rpc_writer *w, char letter, uint64_t number)
{
	char id[24];

	(void)snprintf(id, sizeof id, "%c%" PRIu64, letter, number);
	rpc_str(w, id);
}

static void put_pane_id(struct rpc_writer *w, uint64_t number)
{
	rpc_key(w, "pane");
	if (number) {
		record_id(w, 'p', number);
	} else {
		rpc_null(w);
	}
}

void record_process(struct rpc_writer *w, const struct core_process *p)
{
	const char state[2] = { p->state, '\0' };

	rpc_map_begin(w);
	rpc_kv_uint(w, "pid", p->pid);
	rpc_kv_uint(w, "ppid", p->ppid);
	rpc_kv_uint(w, "pgid", p->pgid);
	rpc_kv_uint(w, "sid", p->sid);
	rpc_kv_str(w, "state", state);
	rpc_kv_str(w, "command", p->command);
	rpc_kv_uint(w, "cpu_ms", p->cpu_ms);
	rpc_kv_uint(w, "rss_bytes", p->rss_bytes);
	rpc_kv_uint(w, "started_us", p->started_us);
	rpc_kv_bool(w, "stray", p->is_stray);
	put_pane_id(w, p->pane);
	rpc_map_end(w);
}

static void put_ended(struct rpc_writer *w, const struct core_process *p)
{
	char name[SIGNAL_NAME_BYTES];

	rpc_map_begin(w);
	put_pane_id(w, p->pane);
	rpc_kv_uint(w, "pid", p->pid);
	rpc_kv_str(w, "command", p->command);
	rpc_kv_str(w, "signal", p->signo ? signal_name(p->signo, name) : NULL);
	rpc_kv_bool(w, "stray", p->is_stray);
	rpc_map_end(w);
}

static void put_left(struct rpc_writer *w, const struct core_process *p)
{
	rpc_map_begin(w);
	put_pane_id(w, p->pane);
	rpc_kv_uint(w, "pid", p->pid);
	rpc_kv_str(w, "command", p->command);
	rpc_map_end(w);
}

void record_kills(struct rpc_writer *w, const struct core_kill_report *report)
{
	rpc_key(w, "ended");
	rpc_array_begin(w);
	for (size_t i = 0; i < report->n; i++) {
		if (report->processes[i].is_gone)
			put_ended(w, &report->processes[i]);
	}
	rpc_array_end(w);
	rpc_key(w, "left");
	rpc_array_begin(w);
	for (size_t i = 0; i < report->n; i++) {
		if (!report->processes[i].is_gone)
			put_left(w, &report->processes[i]);
	}
	rpc_array_end(w);
}

void record_strays(struct rpc_writer *w, const struct core_kill_report *report)
{
	rpc_key(w, "strays");
	rpc_array_begin(w);
	for (size_t i = 0; i < report->n; i++) {
		if (report->processes[i].is_gone && report->processes[i].is_stray)
			put_ended(w, &report->processes[i]);
	}
	rpc_array_end(w);
}

const char *signal_name(int signo, char *out)
{
	const char *name = sigabbrev_np(signo);

	if (name) {
		(void)snprintf(out, SIGNAL_NAME_BYTES, "SIG%s", name);
	} else {
		(void)snprintf(out, SIGNAL_NAME_BYTES, "SIG%d", signo);
	}
	return out;
}

int signal_parse(const char *s)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (end != s)
		return *end == '\0' && n > 0 && n <= SIGRTMAX ? (int)n : 0;
	if (strncasecmp(s, "SIG", 3) == 0)
		s += 3;
	for (int i = 1; i < SIGRTMIN; i++) {
		const char *name = sigabbrev_np(i);

		if (name && strcasecmp(name, s) == 0)
			return i;
	}
	return 0;
}

uint64_t record_id_parse(const char *s, char letter)
{
	uint64_t n = 0;

	if (s[0] != letter || s[1] < '1' || s[1] > '9' || strlen(s) > 19)
		return 0;
	for (s++; *s; s++) {
		if (*s < '0' || *s > '9')
			return 0;
		n = n * 10 + (uint64_t)(*s - '0');
	}
	return n;
}
