/*
 * The core: sessions and panes, and what is done with them.  It knows neither
 * sockets of clients nor method names: who calls it is `api`, and what happens
 * goes up through struct core_ops.
 *
 * One thread, one libuv loop.  All pointers to sessions, panes and
 * subscriptions are valid until the loop is next entered; keep ids.
 */
#ifndef CORE_CORE_H
#define CORE_CORE_H

#include <jansson.h>
#include <uv.h>

#include "base/buf.h"
#include "base/fail.h"
#include "base/hist.h"
#include "base/list.h"
#include "store/store.h"
#include "vt/snapshot.h"

struct core;
struct pane;
struct session;

#define CORE_MAX_TEMPLATES 16

/* Limits and manners; the daemon fills them from its configuration and may
 * change them at any time (core_configure). */
struct core_config {
	uint32_t max_sessions;      /* 1,000 */
	uint32_t max_panes;         /* 1,000 */
	uint32_t input_queue_bytes; /* per pane: 1 MiB */
	uint32_t exited_keep_s;     /* 7 days ... */
	uint32_t exited_keep_n;     /* ... or until 200 are, whichever is more */
	uint32_t flush_quiet_us;    /* 500 */
	uint32_t flush_latest_us;   /* 16,000 */
	uint32_t pause_max_ms;      /* on_lag=pause: longest stop of a PTY, 30,000 */
	uint32_t history_lines;     /* per pane in memory: 10,000; 0 keeps none */
	uint32_t history_bytes;     /* 10 MiB, whichever is reached first */
	struct store_opts store;    /* limits of the state store */
	bool has_title_report;      /* titles are told to the program that asks */
	bool has_shell_integration; /* bash, zsh and fish tell of their commands */
	struct core_journal_config {
		bool is_enabled, is_gap_policy, has_input;
		uint32_t retry_ms;    /* 1,000: the first try after a failure; then twice as long */
		uint32_t sync_ms;     /* 1,000; 0: each batch is synced before the ring is reused */
		uint32_t max_age_s;   /* 0: no limit */
		uint64_t max_bytes;   /* of one pane: 64 MiB */
		uint64_t total_bytes; /* of all: 4 GiB */
	} journal;
	char abort_on[64]; /* test hook: abort when this is fed ("" = off) */
	/* Layouts to be asked for by name; see layout_tree.h for the text. */
	struct layout_template {
		char name[32];
		char tree[224];
	} templates[CORE_MAX_TEMPLATES];
	uint32_t n_templates;
};
/* Replaces the one of that name; false: there is no room, or it is too long. */
bool core_config_set_template(struct core_config *c, const char *name, const char *tree);
void core_config_init(struct core_config *c);

/* An event, for core_ops.on_event: one of these with the pane or session it is
 * about (either may be NULL).  pane.output and pane.resync do not come this way. */
enum core_event {
	CORE_PANE_CREATED,
	CORE_PANE_EXIT,
	CORE_PANE_CLOSED,
	CORE_PANE_RESIZED,
	CORE_PANE_TITLE,
	CORE_PANE_RESPAWNED,
	CORE_PANE_DELETED,
	CORE_PANE_BELL,
	CORE_PANE_CWD,
	CORE_PANE_JOURNAL, /* its journal cannot be written, or can be again */
	CORE_PANE_INPUT_WANTED,
	CORE_COMMAND_STARTED,
	CORE_COMMAND_FINISHED,
	CORE_SESSION_CREATED,
	CORE_SESSION_CHANGED,
	CORE_SESSION_DELETED,
	CORE_LAYOUT_CHANGED, /* of the session: one came, went or changed */
	CORE_N_EVENTS
};

enum core_program { CORE_DAEMON, CORE_KEEPER };

/* How the last upgrade went, or goes. */
struct core_upgraded {
	enum core_program program;
	bool is_over, has_failed;
	bool was_late; /* failed: its time was over */
	int status;    /* failed: wait status of the new program */
	uint32_t took_ms;
	char note[513]; /* as given to core_upgrade(); "": there was no upgrade */
};

struct core_ops {
	/* Something happened.  @p and @s are still whole, also for *_DELETED. */
	void (*on_event)(enum core_event e, struct pane *p, struct session *s, void *user);
	/* The keeper is gone: everything was written down; leave the loop. */
	void (*on_keeper_gone)(void *user);
	/* All panes are adopted: start serving on @listen_fd (the daemon's now). Comes
	 * again with a new descriptor when the keeper had to bind the socket anew.
	 * 0, or -errno: it cannot serve. */
	int (*on_serving)(int listen_fd, void *user);
	/* What core_upgraded() gives has changed. */
	void (*on_upgraded)(const struct core_upgraded *u, void *user);
	void *user;
};

/* Connect to the keeper on @keeper_fd and load the registry from @state_dir.
 * Blocks only for the keeper's welcome. */
NODISCARD int core_new(uv_loop_t *loop, int keeper_fd, const char *state_dir,
		       const struct core_config *config, const struct core_ops *ops,
		       struct core **ret);
struct core *core_free(struct core *c);
void core_configure(struct core *c, const struct core_config *config);

/* The state store; verbs answer STORAGE_* where it cannot be used. */
struct store *core_store(const struct core *c);
/* When all records of sessions and panes asked for so far are on the disk, or cannot be. Maybe
 * before this returns. */
typedef void core_durable_fn(void *user);
void core_when_durable(struct core *c, core_durable_fn *done, void *user);
/* They are not all written: a full disk, or no store. */
bool core_is_registry_behind(const struct core *c);

struct core_status {
	uint32_t n_sessions, n_panes, n_running, n_exited, n_lost, n_subscriptions;
	uint32_t keeper_pid, n_daemon_starts;
	uint32_t keeper_protocol;   /* version that the keeper speaks */
	int32_t last_daemon_status; /* wait status of the daemon before this one; 0 none */
	uint64_t keeper_started_us;
	uint32_t original_nofile;
	uint32_t expected_keeper_fds_of_panes; /* descriptors that the keeper should hold for panes
						*/
	uint32_t expected_daemon_fds_of_panes;
	bool is_shutting_down;
};
void core_get_status(const struct core *c, struct core_status *ret);

/* Counters and stage histograms; addresses are stable. */
struct core_metrics {
	uint64_t n_bytes_read, n_reads, n_bytes_written, n_spawns, n_spawn_failures, n_exits,
		n_flushes, n_bytes_fanned, n_resyncs, n_gap_bytes, n_pauses, n_recovered_intents,
		n_recovered_bytes, n_journal_gap_bytes, n_journal_failures, n_stalls;
	struct hist spawn, read_turn, fanout, write_wait, kill, recall;
	struct hist read, parse, flush_wait, loop_lag;
};
const struct core_metrics *core_get_metrics(const struct core *c);

/* What the disk thread did: a copy. */
struct core_journal_metrics {
	struct hist wait; /* from the read of a byte until it is taken to be written */
	struct hist append, flush, sync; /* of a batch */
	uint64_t n_bytes;                /* written */
};
void core_get_journal_metrics(const struct core *c, struct core_journal_metrics *ret);

/* Who has how much memory, in bytes.  Looks at every pane. */
struct core_memory {
	uint64_t screens, history; /* of the emulators */
	uint64_t rings;            /* shared memory of newest output, as far as it is in use */
	uint64_t input_queues, journal_queues;
};
void core_get_memory(const struct core *c, struct core_memory *ret);

/* Of one pane. */
struct pane_stats {
	uint64_t output_bytes, input_bytes; /* ever */
	uint64_t bytes_per_s;               /* of output, lately */
	uint64_t screen_bytes, history_bytes;
};
void pane_get_stats(const struct pane *p, struct pane_stats *ret);

/* ---- sessions ---- */

struct session_info {
	char id[24];
	const char *name, *cwd;
	uint64_t created_us;
	uint32_t n_panes, n_running;
};
void session_get_info(const struct session *s, struct session_info *ret);
/* Panes in order of creation; NULL behind the last. */
struct pane *session_pane_at(const struct session *s, uint32_t index);
struct pane *session_active(const struct session *s);

NODISCARD int core_session_create(struct core *c, const char *name /* NULL: made up */,
				  const char *cwd, const json_t *env, struct session **ret,
				  struct fail *reterr);
NODISCARD int core_session_find(struct core *c, const char *id_or_name, struct session **ret,
				struct fail *reterr);
NODISCARD int core_session_rename(struct core *c, struct session *s, const char *name,
				  struct fail *reterr);
/* @force: panes are killed first.  @done comes once (maybe before this returns). */
typedef void core_done_fn(const struct fail *f /* NULL: success */, void *user);
void core_session_delete(struct core *c, struct session *s, bool force, core_done_fn *done,
			 void *user);
struct session *core_session_by_number(struct core *c, uint64_t number); /* NULL: gone */
/* In order of ids; the first with id number > @after, NULL at the end. */
struct session *core_session_next(struct core *c, uint64_t after);
uint64_t session_number(const struct session *s);

/* ---- panes ---- */

enum record_state {
	RECORD_OFF,     /* it has no journal */
	RECORD_ON,      /* what it prints is written to its journal */
	RECORD_FAILING, /* cannot be written: it goes on in memory, and the disk is tried again */
};
const char *record_state_name(enum record_state s);

struct pane_journal_info {
	enum record_state state;
	int error;    /* FAILING: errno */
	uint64_t seq; /* what is before it is in the file */
};

enum pane_state { PANE_STARTING, PANE_RUNNING, PANE_EXITED, PANE_LOST };
const char *pane_state_name(enum pane_state s);

struct pane_info {
	char id[24], session_id[24];
	const char *session_name, *cwd, *title, *kind;
	const json_t *command;  /* array of strings; borrowed */
	const json_t *metadata; /* object; borrowed */
	enum pane_state state;
	uint32_t pid; /* 0: none */
	uint16_t cols, rows;
	bool is_pty, is_private, is_active, is_closed, is_quarantined, has_status;
	int status; /* wait status */
	uint64_t seq, tail_seq, err_seq, err_tail_seq, input_seq, input_unsure;
	uint64_t input_at; /* position of the output when a client last typed; 0: never */
	uint64_t created_us, started_us, exited_us;
	uint32_t generation, n_viewers;
	struct pane_journal_info journal;
};
void pane_get_info(const struct pane *p, struct pane_info *ret);
uint64_t pane_number(const struct pane *p);

struct pane_spec {
	const char *session;      /* name or id; NULL: "main" */
	const json_t *command;    /* array of strings; NULL or empty: a shell */
	const char *cwd;          /* NULL: the session's */
	const json_t *env;        /* object of strings; NULL: the session's */
	const char *kind, *title; /* NULL: "terminal", "" */
	const json_t *metadata;   /* NULL: {} */
	const char *key;          /* NULL: none; <= 64 bytes */
	int64_t cols, rows;       /* checked here: INVALID_SIZE */
	uint32_t umask;
	int stdin_fd; /* -1: none.  Taken over in every case */
	bool is_private, wants_pty, wants_raw_output;
	/* Nothing is read beyond what the ring holds before somebody subscribes, for at
	 * most pause_max_ms; after a crash of the daemon likewise. */
	bool wants_hold;
};
/* @p NULL on failure.  Comes once, maybe before the call returns. */
typedef void core_pane_fn(struct pane *p, const struct fail *f, void *user);
void core_pane_create(struct core *c, const struct pane_spec *spec, core_pane_fn *done, void *user);
void core_pane_respawn(struct core *c, struct pane *p, bool force, const char *key,
		       core_pane_fn *done, void *user);

/* "p3", or a session's id or name (its active pane). */
NODISCARD int core_pane_find(struct core *c, const char *target, struct pane **ret,
			     struct fail *reterr);
struct pane *core_pane_next(struct core *c, uint64_t after); /* as core_session_next */
NODISCARD int core_pane_delete(struct core *c, struct pane *p, struct fail *reterr);

/* Answered when the terminal took all of it (written == n), or with the failure
 * that stopped it (written says how much went in). */
typedef void core_written_fn(size_t written, uint64_t input_seq, const struct fail *f, void *user);
void core_pane_write(struct core *c, struct pane *p, const void *data, size_t n,
		     core_written_fn *done, void *user);
/* Key names to bytes, appended to @out.  UNKNOWN_KEY: nothing appended. */
NODISCARD int core_keys_encode(struct pane *p, const json_t *keys, bool is_literal, struct buf *out,
			       struct fail *reterr);

NODISCARD int core_pane_resize(struct core *c, struct pane *p, int64_t cols, int64_t rows,
			       struct fail *reterr);
/* Viewers, by an opaque owner (a connection): the smallest size wins. */
NODISCARD int core_pane_attach(struct pane *p, void *viewer, int64_t cols, int64_t rows,
			       bool ignore_size, struct fail *reterr);
void core_pane_detach(struct core *c, struct pane *p, void *viewer);
void core_viewer_gone(struct core *c, void *viewer);

enum core_signal_to { CORE_TO_FOREGROUND, CORE_TO_LEADER, CORE_TO_SESSION };
NODISCARD int core_pane_signal(struct core *c, struct pane *p, int signo, enum core_signal_to to,
			       struct fail *reterr);

/* What was ended and what resisted; borrowed during the call. */
struct core_process {
	uint32_t pid, ppid, pgid, sid;
	char state;
	uint64_t pane; /* pane number by ancestry, session or environment; 0 unknown */
	uint64_t cpu_ms, rss_bytes, started_us;
	uint64_t ended_cpu_ms; /* of children that ended, and were waited for */
	int signo;             /* kill reports: the last signal sent, 0 none */
	bool is_stray;         /* no longer a descendant of its pane's leader */
	bool is_gone;          /* kill reports: ended */
	char command[128];     /* UTF-8 or not */
};
struct core_kill_report {
	const struct core_process *processes;
	size_t n;
	bool has_status;
	int status;
};
typedef void core_killed_fn(const struct core_kill_report *r, const struct fail *f, void *user);
void core_pane_kill(struct core *c, struct pane *p, bool tree, uint32_t grace_ms,
		    core_killed_fn *done, void *user);
/* Every pane, in order; then the keeper is told to stop. */
void core_shutdown(struct core *c, uint32_t grace_ms, core_killed_fn *done, void *user);
/* The processes of one pane (or of all, @p NULL), strays included.  Scanned in a worker thread. */
typedef void core_processes_fn(const struct core_process *ps, size_t n, const struct fail *f,
			       void *user);
void core_processes(struct core *c, struct pane *p, core_processes_fn *done, void *user);

/* ---- output ---- */

enum core_stream { CORE_OUT, CORE_ERR };

struct core_bytes {
	const uint8_t *p[2]; /* two pieces; valid until the loop is next entered */
	size_t n[2];
	uint64_t from, to;   /* positions */
	uint64_t head, tail; /* of the stream */
	uint64_t gap;        /* bytes between what was asked for and `from` */
	bool is_closed;
};
/* At most @max bytes from @from on (a position beyond the head: INVALID_PARAMS).
 * CORE_READ_E_OLD: they are not in memory; core_pane_read_old() gets them. */
enum { CORE_READ_E_OLD = 2 };
NODISCARD int core_pane_read(struct pane *p, enum core_stream s, uint64_t from, size_t max,
			     struct core_bytes *ret, struct fail *reterr);

/* The same from the journal, read by a worker thread; @done comes once, later.  @b is
 * NULL on failure. */
typedef void core_read_fn(const struct core_bytes *b, const struct fail *f, void *user);
void core_pane_read_old(struct pane *p, enum core_stream which, uint64_t from, size_t max,
			core_read_fn *done, void *user);

/* What the pane shows.  Without a terminal (or without its emulator, after the
 * quarantine): its output as it came, for SNAPSHOT_TEXT only. */
struct core_snapshot {
	enum snapshot_format format;
	int32_t n_history; /* newest lines of the history, put first; SNAPSHOT_ALL */
	bool has_no_screen;
	bool is_joined; /* text: wrapped lines come as one */
};
struct core_snapshot_info {
	uint64_t seq; /* shows all up to here */
	uint16_t cols, rows;
	uint32_t n_history; /* lines there are */
	bool is_alternate;
};
NODISCARD int core_pane_snapshot(struct pane *p, const struct core_snapshot *spec, struct buf *out,
				 struct core_snapshot_info *ret, struct fail *reterr);

/*
 * Subscriptions.  The core calls @ops->push for each chunk; all subscribers of
 * a stream that stand at the same position get the same chunk object, so that
 * it is encoded once (the encodings hang on it and are freed with it).
 */
struct core_chunk {
	uint64_t pane;
	enum core_stream stream;
	struct core_bytes bytes;
	void *encoded[2]; /* by rpc_encoding: the api's; released through ops->chunk_done */
};
enum core_push { CORE_PUSH_OK, CORE_PUSH_FULL /* nothing was taken */ };
struct core_sub_ops {
	enum core_push (*push)(struct core_chunk *chunk, void *user);
	void (*chunk_done)(struct core_chunk *chunk); /* may be NULL */
	/* Bytes [from, to) are not to be had for this subscriber; always takes. */
	void (*resync)(uint64_t pane, enum core_stream s, uint64_t from, uint64_t to, void *user);
	/* The pane is deleted: the subscription is already gone. */
	void (*gone)(uint64_t subscription, void *user);
};
#define CORE_BACKLOG_BYTES (128u << 10)
enum core_lag { CORE_LAG_RESYNC, CORE_LAG_PAUSE };
struct core_sub_spec {
	const struct core_sub_ops *ops;
	void *user;
	bool wants_out, wants_err;
	bool is_from_set, is_from_start, is_err_from_set;
	uint64_t from;     /* in the output */
	uint64_t err_from; /* in stderr, of panes without a terminal */
	enum core_lag on_lag;
	/* A screen instead of old bytes: it begins with a resync at the head, and so
	 * does what follows a gap or a backlog of CORE_BACKLOG_BYTES.  When `resync` is
	 * called the emulator stands exactly at @to.  Only where there is an emulator. */
	bool wants_snapshot;
};
/* The first chunks come from the loop, never from inside this call.  @ret_seq:
 * where it begins.  A push that answered FULL is tried again after
 * core_subscription_ready(); until then, `resync`: the gap is taken when the ring
 * overruns the position; `pause`: the PTY is not read. */
NODISCARD int core_subscribe(struct pane *p, const struct core_sub_spec *spec, uint64_t *ret_id,
			     uint64_t *ret_seq, struct fail *reterr);
NODISCARD int core_unsubscribe(struct core *c, uint64_t id, struct fail *reterr);
void core_subscription_ready(struct core *c, uint64_t id);

/* ---- commands of shells ---- */

/* One command of a pane's shell, as its marks tell it; texts are borrowed. */
struct core_command {
	uint64_t number;               /* in its pane, ascending */
	const char *shell;             /* "bash" */
	char *text;                    /* NULL: not known */
	char *cwd, *cwd_after;         /* NULL: not known */
	bool is_text_told;             /* by the shell; else it is what stood on the screen */
	bool is_running;               /* ended_us, seq_to and what follows are not there yet */
	bool has_exit;                 /* exit_code is known */
	bool is_shell_gone;            /* the shell ended with it: its wait status tells */
	int exit_code;                 /* 128 + n for signal n, as shells say it */
	uint64_t started_us, ended_us; /* wall */
	uint64_t started_ns, ended_ns; /* monotonic */
	uint64_t seq_from, seq_to;     /* its output */
};
/* The one that runs, else the last one; NULL: none was seen. */
const struct core_command *core_pane_command(const struct pane *p);

/* How much of an output is wanted, and which end of it. */
enum core_keep { CORE_KEEP_HEAD, CORE_KEEP_TAIL, CORE_KEEP_BOTH };
struct core_budget {
	bool is_raw;   /* bytes as they came; else rendered text */
	bool is_split; /* text: a line that the terminal wrapped comes as several */
	enum core_keep keep;
	uint32_t max_bytes, max_lines; /* of what is given; lines: of text only */
	uint64_t skip;                 /* text: rows at the beginning that were read before */
};
struct core_extract {
	bool is_truncated;
	uint64_t n_omitted_rows, n_omitted_bytes; /* text, raw */
	uint64_t n_rows;                          /* text: there are, as the terminal counts */
	uint64_t next; /* is_truncated: row or byte where what was left out begins */
};

/*
 * Running a command in the pane's own shell: it is typed when the shell is at its
 * prompt, nothing is added to it, and nothing is looked for in what it prints.
 * Asked for and waited for are two things: whoever waits may give up, and the
 * command goes on.
 */
struct core_run_spec {
	const char *text; /* UTF-8; no control characters but tab and newline */
	size_t n_text;
	bool wants_queue;   /* wait for the prompt, else PANE_BUSY */
	int64_t idle_ms;    /* >= 0: type into whatever is there; what was quiet for so long has
			     * ended (evidence: none).  Used where the shell does not tell */
	int64_t timeout_ms; /* < 0: none */
	const char *key;    /* chosen by the client: the same one again types nothing again;
			     * NULL: none */
	struct core_budget budget;
};
enum core_run_state {
	CORE_RUN_QUEUED,  /* nothing was typed yet */
	CORE_RUN_RUNNING, /* typed; may still be read by the shell */
	CORE_RUN_DONE,
	CORE_RUN_EXITED, /* the shell ended: with it, or under it */
};
enum core_evidence { CORE_BY_NOTHING, CORE_BY_MARKS, CORE_BY_WAIT_STATUS };
struct core_run_result {
	uint64_t number; /* to ask again with */
	enum core_run_state state;
	enum core_evidence evidence;
	bool has_run; /* false: not (yet) taken for a command: empty, wrong, interrupted */
	bool has_exit;
	int exit_code;                      /* as the shell says it */
	const char *shell;                  /* "bash"; NULL: none that tells */
	const char *text, *cwd, *cwd_after; /* NULL: not known */
	uint64_t started_us, duration_us;
	uint64_t seq_from, seq_to;
	bool is_raw;
	const char *output;
	size_t n_output;
	struct core_extract extract;
};
typedef void core_run_fn(const struct core_run_result *r, const struct fail *f, void *user);
/* @ret_id for core_run_forsake(); 0 when @done was called already. */
void core_run(struct core *c, struct pane *p, const struct core_run_spec *spec, core_run_fn *done,
	      void *user, uint64_t *ret_id);
/* The result of one that was asked for before (0: the last), now or when it ends. */
void core_run_wait(struct pane *p, uint64_t number, int64_t timeout_ms, core_run_fn *done,
		   void *user, uint64_t *ret_id);
/* @done is not called; what was typed goes on, what was not is taken back. */
void core_run_forsake(struct core *c, uint64_t id);

/* Where the output of a command lies: of one that core_run() typed, or the shell's last. */
NODISCARD int core_command_range(struct pane *p, uint64_t number, uint64_t *ret_from,
				 uint64_t *ret_to, struct fail *reterr);

struct core_text_spec {
	enum core_stream stream;
	bool is_from_set, is_to_set;
	uint64_t from, to; /* else: 256 KiB before the end, the end */
	struct core_budget budget;
};
struct core_text {
	const char *text;
	size_t n;
	uint64_t from, to;
	uint64_t gap; /* bytes of it that are no longer kept */
	struct core_extract extract;
};
typedef void core_text_fn(const struct core_text *t, const struct fail *f, void *user);
/* @done comes once, maybe before this returns. */
void core_pane_text(struct core *c, struct pane *p, const struct core_text_spec *spec,
		    core_text_fn *done, void *user);

/* ---- waiting ---- */

/* What a program wants to read from its terminal, see core/wanted.c. */
enum core_wanted_kind {
	CORE_WANTED_NOTHING,
	CORE_WANTED_LINE,     /* echoed */
	CORE_WANTED_PASSWORD, /* not echoed */
	CORE_WANTED_RAW,      /* keys, one by one: inferred */
};
struct core_wanted {
	enum core_wanted_kind kind;
	const char *evidence; /* "syscall", "wchan", "termios" */
	uint32_t pid;         /* who wants it; 0: not known */
	char command[64];
	uint64_t seq; /* position of the output then */
};
/* As it was found last; what is printed since makes it nothing. */
const struct core_wanted *core_pane_wanted(const struct pane *p);
/* Are CORE_PANE_INPUT_WANTED events wanted?  Else nobody looks. */
void core_watch_input(struct core *c, bool on);

struct core_wait_spec {
	bool wants_exit;
	bool wants_prompt;      /* of a shell that tells; NO_INTEGRATION where there is none */
	bool wants_command_end; /* likewise */
	unsigned inputs;        /* bits 1 << enum core_wanted_kind; 0: not */
	bool is_literal;        /* `regex` is the text itself */
	int64_t idle_ms;        /* < 0: not */
	const char *regex;      /* NULL: not */
	bool is_from_set;
	uint64_t from;
	int64_t timeout_ms; /* < 0: none */
};
enum core_wait_reason {
	CORE_WAIT_EXIT,
	CORE_WAIT_IDLE,
	CORE_WAIT_MATCH,
	CORE_WAIT_TIMEOUT,
	CORE_WAIT_CLOSED,
	CORE_WAIT_PROMPT,
	CORE_WAIT_COMMAND_END,
	CORE_WAIT_INPUT
};
struct core_wait_result {
	enum core_wait_reason reason;
	uint64_t seq;
	bool has_status;
	int status;
	uint64_t match_seq;
	const char *match; /* MATCH: bytes; else NULL */
	size_t n_match;
};
typedef void core_waited_fn(const struct core_wait_result *r, const struct fail *f, void *user);
/* @ret_id for core_wait_cancel(); 0 when @done was called already. */
void core_wait(struct core *c, struct pane *p, const struct core_wait_spec *spec,
	       core_waited_fn *done, void *user, uint64_t *ret_id);
void core_wait_cancel(struct core *c, uint64_t id); /* @done is not called */

/* ---- upgrade ---- */

struct core_ran {
	int status;            /* wait status */
	bool was_late;         /* it was killed because time was over */
	const char *out, *err; /* what it printed, at most 64 KiB each; NUL behind it */
	size_t n_out, n_err;
};
typedef void core_ran_fn(const struct core_ran *r, const struct fail *f, void *user);
/* Run a program for the daemon itself (not a pane), with the daemon's environment and
 * without a terminal.  @done comes once, maybe before this returns. */
void core_run_program(struct core *c, const char *const *argv, uint32_t timeout_ms,
		      core_ran_fn *done, void *user);

/* Before the daemon leaves the field to another one: nothing more is read, what was
 * read is brought to where the other one finds it.  @done comes once, maybe before
 * this returns; then core_upgrade(CORE_DAEMON) and the end of the loop follow. */
typedef void core_handover_fn(void *user);
void core_prepare_handover(struct core *c, core_handover_fn *done, void *user);

/* Ask the keeper for another program, open at @program_fd (which stays the caller's).
 * DAEMON: leave the loop and exit with 0 afterwards.  KEEPER: on_upgraded tells. */
NODISCARD int core_upgrade(struct core *c, enum core_program program, int program_fd,
			   uint32_t timeout_ms, const char *note, struct fail *reterr);
const struct core_upgraded *core_last_upgrade(const struct core *c);

/* ---- quarantine ---- */
/* Around each request: remembers what is being done, for the case of a crash.
 * QUARANTINED if this method killed the daemon twice in a row. */
NODISCARD int core_method_enter(struct core *c, const char *method, struct fail *reterr);
void core_method_leave(struct core *c);
void core_quarantine_clear(struct core *c);

#endif
