/*
 * The core's inside, shared by its own files and nobody else.
 *
 * Ownership: struct core owns sessions, panes, waits and kills; a pane owns its
 * two streams by value and their uv handles (closed asynchronously, so a pane
 * that goes is first unlinked, then freed by the last close callback).
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

#include "arena/arena.h"
#include "core/command.h"
#include "core/core.h"
#include "core/layout_tree.h"
#include "core/registry.h"
#include "core/run.h"
#include "core/shell.h"
#include "journal/journal.h"
#include "keeper/proto.h"
#include "vt/compress.h"

#define CORE_READ_PER_TURN (64u << 10)    /* bytes of one pane before the next has its turn */
#define CORE_TURN_NS 2000000ull           /* reading before sockets are served again */
#define CORE_FLUSH_BYTES (64u << 10)      /* so much waiting is sent at once */
#define CORE_INPUT_PROMPT_NS 50000000ull  /* output so soon after input is not held back */
#define CORE_EXIT_DRAIN_BYTES (64u << 10) /* read at most so much before an exit is told */
#define CORE_UNKNOWN_COMMAND "(unknown)"  /* of a pane that is known by the keeper alone */
#define CORE_MAX_SUBSCRIPTIONS 20000u
#define CORE_MAX_WAITS 10000u

/* index.c: what is looked up by text; a few thousand at most. */
struct index {
	struct list buckets[512];
};
void index_init(struct index *x);
uint64_t index_hash(const void *bytes, size_t n);
struct list *index_bucket(struct index *x, uint64_t hash);
struct list *index_bucket_of(struct index *x, const char *text);

/* An environment, shared by all panes that were asked for with the same one. */
struct core_env {
	struct list link;    /* core.envs */
	struct list by_hash; /* core.env_index */
	uint32_t id;         /* in the registry */
	uint32_t n_refs;
	uint32_t n_vars;
	bool is_written; /* it stands in the registry */
	size_t bytes;
	uint64_t hash;
	char data[]; /* "K=V\0" n_vars times */
};

struct session {
	struct core *core;
	uint64_t number;
	struct list by_name; /* core.names */
	char *name, *cwd;
	struct core_env *env; /* NULL: none given */
	uint64_t created_us;
	struct pane **panes; /* in order of creation; borrowed */
	uint32_t n_panes, max_panes;
	uint64_t active;         /* pane number, 0 none */
	bool is_made_by_create;  /* made for a pane whose spawn is not confirmed yet */
	struct layout **layouts; /* in order of creation */
	uint32_t n_layouts, max_layouts;
	struct layout *active_layout; /* NULL: there is none */
	char *layouts_text;           /* as the registry has them; NULL: none */
};

struct layout {
	struct session *session;
	char *name;
	struct layout_node *root; /* its leaves are panes of the session */
	uint16_t cols, rows;      /* as viewers want it; see layout_area() */
	uint64_t zoomed;          /* pane number, 0 none */
	struct list viewers;      /* struct layout_viewer.link */
};

struct layout_viewer {
	struct list link;      /* layout.viewers */
	struct list core_link; /* core.layout_viewers */
	struct layout *layout;
	void *owner;
	uint16_t cols, rows;
	bool is_ignored;
};

/* Apart from its stream: libuv lets go of it late, when the stream may be gone or
 * open again. */
struct stream_poll {
	uv_poll_t handle; /* data: this */
	struct core *core;
	struct stream *stream;
};

struct stream {
	struct pane *pane;
	enum core_stream which;
	bool is_open;    /* fd is ours and polled */
	bool is_eof;     /* nobody holds the other side */
	bool is_drained; /* the last turn ended with nothing to read */
	bool is_paused;  /* a subscriber with on_lag=pause is behind */
	bool is_stalled; /* the ring is full of what is not in the journal yet */
	bool has_slot;
	int fd;
	uint32_t slot;              /* arena */
	int polled;                 /* uv events polled for */
	struct stream_poll *poll;   /* is_open */
	struct list ready;          /* core.ready while there may be something to read */
	struct list flushing;       /* core.flushing while subscribers wait for bytes */
	struct list subs;           /* struct sub.out or .err */
	uint64_t flushed;           /* position up to which subscribers were served */
	uint64_t first_ns, last_ns; /* oldest and newest unflushed byte */
	uint64_t last_flush_ns;
	uint64_t paused_since_ns;
	uint64_t exit_until; /* read so far at most before a due exit is told */
};

struct write_request {
	struct list link; /* pane.writes */
	char *data;
	size_t n, done;
	uint64_t begun_ns;
	core_written_fn *on_done;
	void *user;
};

struct create_waiter {
	struct list link; /* pane.create_waiters */
	core_pane_fn *on_done;
	void *user;
};

struct viewer {
	struct list link;      /* pane.viewers */
	struct list core_link; /* core.viewers */
	struct pane *pane;
	void *owner;
	uint16_t cols, rows;
	bool is_ignored;
};

struct pane {
	struct core *core;
	struct session *session;
	struct layout *layout;               /* NULL: in the background */
	struct line_clock *line_clock;       /* NULL: no line was lost to the history yet */
	struct line_commands *line_commands; /* NULL: its shell told of none */
	uint64_t number;
	enum pane_state state;
	uint32_t generation;
	uint32_t pid;
	int status;
	bool has_status, is_exit_due, is_closed, is_pty, is_private, is_quarantined,
		wants_raw_output;
	bool is_deleted;        /* unlinked; freed when nobody holds it */
	bool is_known;          /* at the start: the keeper knows it */
	bool wants_hold;        /* its output is for a subscriber that wants every byte */
	bool is_held;           /* ... and who is not there yet */
	bool is_fresh;          /* the first spawn is not confirmed: failure removes the pane */
	uint64_t active_before; /* is_fresh: the session's active pane, which failure brings back */
	unsigned n_holds;       /* pane_hold() */
	char *cwd, *kind, *title;
	char *cwd_now;               /* as the shell told (OSC 7); NULL: never */
	char *place_layout, *place;  /* the layout it left when it ended, and its tree before */
	bool keeps_place;            /* it is ended only to be started again */
	bool is_in_last_cwd;         /* being started in cwd_now */
	struct list runs, runs_over; /* struct run.link, see run.h */
	uint64_t next_command;       /* number of the next command of its shell */
	struct shell *shell;         /* NULL until it tells something, see command.h */
	json_t *logged;              /* what an earlier daemon wrote of it, until it is needed */
	struct vt *vt;               /* made at the first need, see term.c */
	uint64_t feeding;            /* position of what is just fed to it */
	struct buf replies;          /* of the emulator, not yet written */
	struct recording *rec;       /* NULL: none (yet) */
	uint64_t checkpoint_seq;     /* of the last one in the journal */
	bool is_replaying;           /* what is fed was fed before: nothing is told or answered */
	uint16_t replay_cols, replay_rows;         /* the size that was agreed to then; 0: none */
	bool has_bounds, has_old_journal;          /* recall_bounds() looked, and found one */
	uint64_t journal_tail[2], journal_head[2]; /* as it found it */
	bool has_new_title, has_new_cwd, has_bell;
	bool is_record_stale; /* its title or directory is another than in the registry */
	bool has_cold;        /* printed since its history was last squeezed */
	uint8_t n_ring_waits; /* for the journal, before its ring can be given back */
	char key[KEEPER_KEY_BYTES + 1];
	json_t *command, *metadata;
	struct core_env *env;
	uint32_t umask;
	uint16_t cols, rows;
	uint16_t wanted_cols, wanted_rows; /* by the program, to be told; 0: none */
	uint64_t created_us, started_us, exited_us;
	uint64_t spawned_ns;     /* for the histogram */
	uint64_t input_seq_kept; /* what is known when there is no slot */
	uint64_t input_unsure;
	uint64_t input_at;                  /* output position of the last input */
	uint64_t rate_since_ns, rate_bytes; /* read since then */
	uint64_t rate_before;               /* bytes per second, of the time before */
	uint64_t last_input_ns, last_output_ns;
	uint64_t squeeze_after_ns; /* 0: when it is quiet */
	size_t write_bytes;        /* waiting in writes */
	struct stream streams[2];
	struct list writes; /* struct write_request */
	struct list create_waiters;
	uint64_t durable_at; /* when its record is, it is answered (registry_position) */
	struct list viewers;
	struct list subs;       /* struct sub.link */
	struct list by_key;     /* core.keys; unlinked: key is "" */
	struct list waits;      /* struct wait.pane_link */
	struct list *wait_walk; /* the next one of a walk that is under way */
	struct list kills;      /* struct kill.pane_link */
	struct core_wanted wanted;
	struct list sampling; /* core.sampling while looks are to come */
	uint64_t sample_since_ns;
	uint32_t n_input_waits;
	uint8_t sample_step;
};

struct keeper_packet {
	struct list link; /* core.outgoing */
	int fds[2];
	size_t n_fds, n;
	char data[];
};

struct census_job;
struct recorder;

struct core {
	uv_loop_t *loop;
	struct core_config config;
	struct core_ops ops;
	struct core_metrics metrics;
	char *state_dir;
	char socket_path[128];
	int keeper_fd, arena_fd, listen_fd;
	bool is_adopted; /* the start is over */
	bool is_keeper_gone, is_shutting_down, has_said_stop, has_quit;
	bool is_squeezing, is_census_running;
	bool has_shell_files;
	bool wants_input_events;
	bool is_handing_over; /* nothing is read any more */
	struct arena arena;
	struct recorder *recorder;
	struct core_status status;     /* the parts that do not change often */
	struct core_upgraded upgraded; /* .note "": there was none */
	struct list helpers;           /* struct helper.link: programs run for the daemon */
	uint64_t next_helper;
	uv_poll_t keeper_poll;
	uv_check_t check;
	uv_idle_t spin;         /* active while panes are ready: the loop must not sleep */
	uv_timer_t start_timer; /* tells on_serving from inside the loop */
	uv_poll_t flush_poll;
	uv_timer_t trim_timer, quiet_timer, pause_timer;
	void *zstd_c, *zstd_d; /* ZSTD_CCtx, ZSTD_DCtx; NULL until needed */
	struct vt_compress compress;
	uint32_t n_removed; /* panes since memory was last given back */
	int flush_fd;       /* timerfd: the next flush */
	uint64_t flush_armed_ns;
	struct list outgoing;      /* struct keeper_packet: the socket was full */
	struct session **sessions; /* by number */
	uint32_t n_sessions, max_sessions;
	struct pane **panes; /* by number */
	uint32_t n_panes, max_panes;
	uint32_t next_env;
	uint32_t n_live;    /* starting or running */
	uint64_t pruned_us; /* when ages of exited panes were looked at */
	uint64_t next_session, next_pane, next_sub, next_wait;
	struct list envs;
	struct index names, keys, env_index; /* sessions, panes, environments */
	struct list ready;                   /* struct stream.ready */
	struct list flushing;                /* struct stream.flushing */
	struct sub **subs;                   /* by id */
	struct list viewers;                 /* struct viewer.core_link */
	struct list layout_viewers;          /* struct layout_viewer.core_link */
	struct list searches;                /* struct search.link */
	uint64_t next_search;
	struct list waits; /* struct wait.link */
	struct list kills; /* struct kill.link */
	struct list runs;  /* struct run.all_link */
	uint64_t next_run; /* ids of those who wait for one */
	uv_timer_t run_timer, sample_timer;
	struct list sampling;       /* struct pane.sampling */
	struct index wait_index;    /* struct wait.by_id */
	struct list census_waiting; /* struct census_request.link */
	struct census_job *census;
	uint32_t n_subs, max_subs, n_waits;
	uint64_t boot_us; /* wall time of the boot: fixed, so that start times compare */
	struct registry registry;
	uint64_t registry_next_pane; /* below it the file knew all there were; 0: it cannot tell */
	unsigned n_handles;          /* core's own uv handles not yet closed */
	struct command_log command_log;
	uint8_t shell_key[SHELL_KEY_BYTES];
	char method[40]; /* that is being handled; "": none */
	char quarantined_method[40];
};

/* core.c */
void core_event(struct core *c, enum core_event e, struct pane *p, struct session *s);
void core_on_handle_closed(uv_handle_t *h);
void core_on_spin(uv_idle_t *h);
void core_note_removed(struct core *c);
/* For the quarantine: bytes of a pane are fed; then goes on what was done before. */
void core_feed_enter(struct core *c, uint64_t pane, uint64_t from);
void core_feed_leave(struct core *c);

/* table.c: growing arrays of pointers, sorted by number */
NODISCARD int table_reserve(void ***table, uint32_t n, uint32_t *max);

/* env.c */
NODISCARD int env_intern(struct core *c, const json_t *vars, struct core_env **ret);
NODISCARD int env_intern_block(struct core *c, const char *block, size_t bytes,
			       struct core_env **ret);
struct core_env *env_ref(struct core_env *e);
struct core_env *env_unref(struct core_env *e);
const char *env_get(const struct core_env *e, const char *name);

/* session.c */
NODISCARD int session_add(struct core *c, uint64_t number, const char *name, const char *cwd,
			  struct core_env *env, struct session **ret);
NODISCARD int session_set_name(struct session *s, const char *name);
void session_remove(struct session *s); /* unlink and free; has no panes */
NODISCARD int session_link_pane(struct session *s, struct pane *p);
void session_unlink_pane(struct session *s, struct pane *p);
struct session *session_by_number(struct core *c, uint64_t number);
struct session *session_by_name(struct core *c, const char *name);

/* pane.c */
NODISCARD int pane_add(struct core *c, uint64_t number, struct session *s, struct pane **ret);
struct pane *pane_by_number(struct core *c, uint64_t number);
/* Unlink, tell, and free when nobody holds it.  What runs in it is ended. */
void pane_remove(struct pane *p, bool tell);
void pane_set_key(struct pane *p, const char *key); /* "": none */
void pane_set_state(struct pane *p, enum pane_state s);
uint64_t pane_input_seq(const struct pane *p); /* bytes that its terminal took */
void pane_prune_exited(struct core *c);
/* Across calls that may remove it. */
void pane_hold(struct pane *p);
void pane_let_go(struct pane *p);

/* life.c: what the keeper says of a pane */
void pane_on_spawned(struct pane *p, const struct keeper_spawned *m, const int *fds, size_t n_fds);
void pane_on_exited(struct pane *p, uint32_t generation, int status, uint64_t wall_us);
/* The exit is told once what the leader wrote was read. */
void pane_settle_exit(struct pane *p);
void pane_settle_closed(struct pane *p);
NODISCARD int pane_add_waiter(struct pane *p, core_pane_fn *done, void *user);
void pane_answer_create(struct pane *p, const struct fail *f);
void pane_fail_create(struct pane *p, const struct fail *f);  /* answers, and removes the pane */
void pane_fail_respawn(struct pane *p, const struct fail *f); /* answers; it is as exited */

/* spawn.c */
/* A spawn block, sealed: strings that end with NUL each, in @text. */
NODISCARD int spawn_make_spec(const struct buf *text, uint32_t n_argv, uint32_t n_env, int *ret_fd);
NODISCARD int spawn_send(struct pane *p, int stdin_fd, struct fail *reterr);
void spawn_fail_of_step(struct fail *f, const struct pane *p, int step, int error);

/* link.c: the keeper */
NODISCARD int link_open(struct core *c, int keeper_fd);
/* Never waits: what does not fit is queued. */
NODISCARD int link_send(struct core *c, const void *packet, size_t n, const int *fds, size_t n_fds);
void link_flush(struct core *c);
void link_forget(struct core *c, uint64_t pane);
void link_signal(struct core *c, uint64_t pane, int signo, enum keeper_target to);
void link_stop(struct core *c);
void link_plain(struct core *c, enum keeper_type type);
void link_note_upgraded(struct core *c, const struct keeper_upgraded *m);

/* helper.c: programs that the daemon runs for itself, core_run_program() */
bool helper_on_spawned(struct core *c, const struct keeper_spawned *m, const int *fds,
		       size_t n_fds); /* false: not known any more */
void helper_on_exited(struct core *c, const struct keeper_exited *m);
void helper_drop_all(struct core *c);

/* adopt.c */
NODISCARD int adopt_all(struct core *c, int keeper_fd);

/* registry.c */
NODISCARD int registry_load(struct core *c);
void registry_adopted(struct core *c);        /* the panes are as they were found */
NODISCARD int registry_watch(struct core *c); /* the store's answers, in the loop */
void registry_unwatch(struct core *c);
void registry_close(struct core *c); /* waits for what is to be written */
void registry_catch_up(struct core *c);
void registry_last_chance(struct core *c);          /* before the objects go */
NODISCARD int registry_rewrite_log(struct core *c); /* it holds everything then */
/* How far the records asked for so far go, for: */
uint64_t registry_position(const struct core *c);
bool registry_is_durable(const struct core *c, uint64_t at);
/* @done when they are on the disk up to @at; also when they cannot be. */
typedef void registry_durable_fn(uint64_t number, void *user);
struct registry_waiter {
	struct list link;
	uint64_t at, number;
	registry_durable_fn *done;
	void *user;
};
void registry_when_durable(struct core *c, uint64_t at, registry_durable_fn *done, uint64_t number,
			   void *user);
void registry_put_session(struct session *s);
void registry_put_pane(struct pane *p);
/* @json: of all layouts of the session, for layouts_restore(). */
void registry_put_layouts(struct session *s, const char *json);
/* A command that ended; nobody waits for it. */
void registry_put_command(const struct pane *p, const struct core_command *v);
void registry_drop_session(struct core *c, uint64_t number);
void registry_drop_pane(struct core *c, uint64_t number);

/* lost.c: rings on disk, when the arena goes */
void lost_save_all(struct core *c);
void lost_load(struct pane *p);
void lost_drop(struct core *c, uint64_t number);

/* stream.c: reading */
void stream_init(struct stream *s, struct pane *p, enum core_stream which);
NODISCARD int stream_take_slot(struct stream *s);
NODISCARD int stream_open(struct stream *s, int fd); /* fd is the stream's in every case */
void stream_close(struct stream *s);
void stream_release_slot(struct stream *s);
void stream_poll_update(struct stream *s);
void stream_make_ready(struct stream *s);
uint64_t stream_head(const struct stream *s);
uint64_t stream_tail(const struct stream *s); /* of the ring */
/* Of all that can be read, from the journal too. */
void stream_bounds(const struct stream *s, uint64_t *ret_tail, uint64_t *ret_head);
void stream_pause(struct stream *s, bool on);
void pane_release_hold(struct pane *p); /* somebody reads, or time is up */
void stream_refeed(struct stream *s);   /* after a crash: what was committed but not fed */
void reader_turn(struct core *c);       /* the check phase */

/* measure.c */
void measure_output(struct pane *p, uint64_t now_ns, uint32_t n);

/* Whoever stopped it for lack of room: there may be some. */
void stream_unstall(struct stream *s);

/* record.c: journals are written */
NODISCARD int record_start(struct core *c);
void record_stop(struct core *c); /* writes all that waits; then nothing is recorded */
void record_configure(struct core *c);
/* Wait until all that was queued is written; false: the disk takes too long. */
bool record_drain(struct core *c);
void record_adopt(struct pane *p); /* after a crash: what is only in the ring */
/* @s was fed.  Marks of record_mark() are put in their places before it. */
void record_output(struct stream *s);
/* While the bytes around @seq are fed: written when record_output() comes. */
void record_mark(struct pane *p, uint64_t seq, enum journal_mark what, int64_t value,
		 const char *text);
void record_drop_marks(struct pane *p);
void record_resize(struct pane *p);
void record_spawn(struct pane *p);
void record_exit(struct pane *p);
void record_closed(struct pane *p);
void record_input(struct pane *p, const void *data, size_t n);
/* If at least so much was fed since the last one. */
void record_checkpoint(struct pane *p, uint64_t min_bytes);
/* Bytes that may be read now; less than ARENA_READ_MAX: stream_unstall() follows. */
uint64_t record_room(struct stream *s);
void record_release_slot(struct stream *s);
void record_pane_gone(struct pane *p, bool wants_delete);
/* Oldest position in a journal that this daemon opened. */
/* Remove the journal; what is printed from now on makes a new one. */
void record_forget(struct pane *p);
bool record_tail(const struct pane *p, enum core_stream which, uint64_t *ret);
void record_get(const struct pane *p, struct pane_journal_info *ret);

/* fanout.c: subscriptions */
struct sub;
void fanout_note(struct stream *s, uint64_t now_ns);
void fanout_turn(struct core *c);
void fanout_flush(struct stream *s);
void fanout_end_pause(struct stream *s); /* too long: whoever paused it resyncs from now on */
void fanout_drop_pane(struct pane *p);
void fanout_drop_all(struct core *c);
NODISCARD int fanout_open(struct core *c);

/* input.c */
void input_writable(struct pane *p);
void input_fail_all(struct pane *p, enum fail_code code);

/* wait.c */
void wait_on_output(struct pane *p);
void wait_on_exit(struct pane *p);
void wait_on_closed(struct pane *p);
void wait_on_prompt(struct pane *p);
void wait_on_command_end(struct pane *p);
void wait_on_input_wanted(struct pane *p);
void wait_drop_pane(struct pane *p);

/* wanted.c: input that a program waits for */
void wanted_on_output(struct pane *p, uint64_t now_ns);
void wanted_ask(struct pane *p); /* somebody wants to know, from now on */

/* Bytes of the emulator: behind what waits; dropped when too much does. */
/* Bytes that were ever taken to be written. */
uint64_t input_taken(struct pane *p);
void input_reply(struct pane *p, const void *data, size_t n);

/* term.c: the emulator */
struct vt *term_get(struct pane *p); /* NULL: it has none */
void term_feed(struct pane *p);
void term_resize(struct pane *p);
void term_drop(struct pane *p);
void term_set_cwd(struct pane *p, const char *path); /* as its shell says */
/* For recall.c: a new emulator as p->vt; one out of an image (NULL: it is no good). */
NODISCARD int term_make(struct pane *p, uint16_t cols, uint16_t rows);
struct vt *term_load(struct pane *p, const void *image, size_t n);
void term_set_title(struct pane *p, const char *title);

/* recall.c: p->vt out of journal and ring, as it was at fed_seq */
NODISCARD int recall_screen(struct pane *p);

/* squeeze.c */
void squeeze_init(struct core *c);
void squeeze_fini(struct core *c);
void squeeze_note_output(struct pane *p);
void core_give_memory_back(struct core *c);

/* text.c: what changed on a screen since the last look */
struct text_mark {
	uint64_t age, n_pushed, reflow_age;
	int64_t first_line; /* where the first look began, in lines ever pushed ... */
	int first_col;      /* ... and columns: what stood before is not part of it */
};
struct vt;
struct line_buf;
void text_mark_begin(struct text_mark *m, const struct vt *vt);
NODISCARD int text_changed(struct text_mark *m, const struct vt *vt, struct buf *out);
/* What was typed behind the last prompt, when its Enter moved the cursor below it. */
void text_behind_prompt(const struct vt *vt, struct buf *out);
/* One row (as vt_line) as text from column @col on, and a newline unless the next continues it. */
NODISCARD int text_put_row(const struct vt *vt, int row, int col, struct line_buf *scratch,
			   struct buf *out);

/* size.c */
NODISCARD int size_check(int64_t cols, int64_t rows, const char *ref, struct fail *reterr);
void size_apply(struct pane *p, uint16_t cols, uint16_t rows);
void size_push(const struct pane *p); /* to the terminal */
void viewers_drop_all(struct pane *p);
/* The smallest size of those who look at it; false: nobody does who counts. */
bool viewers_smallest(const struct pane *p, uint16_t *ret_cols, uint16_t *ret_rows);
void size_settle(struct pane *p); /* what viewers, else its layout say; else as it is */

/* layout.c */
struct layout *layout_by_name(const struct session *s, const char *name);
NODISCARD int layout_check_name(const struct session *s, const char *name, struct fail *reterr);
/* @root and the layout's panes: checked by the caller.  The tree is the layout's on
 * success.  Neither told nor written down. */
NODISCARD int layout_add(struct session *s, const char *name, struct layout_node *root,
			 struct layout **ret);
void layout_remove_from_session(struct layout *l); /* unlink and free */
/* What its tree gives a pane; false: it is in no layout. */
bool layout_place_of(const struct pane *p, uint16_t *ret_cols, uint16_t *ret_rows);
/* Whether @root fits into the area: LAYOUT_TOO_SMALL. */
NODISCARD int layout_check_fit(struct layout_node *root, uint32_t cols, uint32_t rows,
			       struct fail *reterr);
void layout_fit_all(struct layout *l);  /* the tree into the area */
void layout_apply(struct layout *l);    /* ... and the sizes to the panes */
void layout_changed(struct session *s); /* written down and told */
void layout_on_viewers(struct pane *p); /* who looks at it changed */
void layout_drop_pane(struct pane *p);  /* it goes */
void layout_leave(struct pane *p);      /* it ended; its place is remembered */
void layout_return(struct pane *p);     /* ... and taken again, if there is one */
void layouts_free(struct session *s);
void layout_viewer_gone(struct core *c, const void *viewer);
/* @root takes the place of the tree, and is the layout's, if it fits. */
NODISCARD int layout_commit(struct layout *l, struct layout_node *root, struct fail *reterr);

/* line_clock.c: what is known of when a line was printed; what is not is left as it is */
void line_clock_note(struct pane *p); /* it printed */
void line_clock_find(const struct pane *p, uint64_t line, uint64_t *ret_time_us, uint64_t *ret_seq);
void line_clock_drop(struct pane *p);

/* line_command.c: which command of its shell printed a line */
struct line_command {
	uint64_t first, end; /* lines; end: UINT64_MAX while it runs */
	uint64_t number, started_us;
	char text[200]; /* cut */
	bool has_exit;
	int exit_code;
};
void line_command_begin(struct pane *p);           /* at the mark, while it is fed */
void line_command_end(struct pane *p, int status); /* likewise; status < 0: not told */
void line_command_note(struct pane *p);            /* core_pane_command() is told of */
const struct line_command *line_command_find(const struct pane *p, uint64_t line); /* or NULL */
void line_command_drop(struct pane *p);

/* search.c */
void search_drop_all(struct core *c);

/* layout_record.c */
void layouts_save(struct session *s);
void layouts_restore(struct core *c); /* the registry was read */

/* kill.c */
void kill_on_exit(struct pane *p);
void kill_drop_pane(struct pane *p);
void kill_drop_all(struct core *c);

/* census.c */
struct census {
	struct core_process *processes; /* descendants of the keeper, the daemon excepted */
	size_t n;
	int error; /* ENOMEM, EMFILE, ...: who is missing may be there; 0: that is all */
};
typedef void census_fn(const struct census *census, void *user);
struct census_request { /* the asker's, until on_done was called */
	struct list link;
	census_fn *on_done;
	void *user;
};
NODISCARD int census_open(struct core *c);
void census_close(struct core *c);
/* One scan serves all that asked before it began. on_done always comes, from the loop. */
void census_request(struct core *c, struct census_request *r);
/* One process; started_us is in clock ticks since the boot.  False: it is not there. */
bool census_read_stat(uint32_t pid, struct core_process *ret);
uint64_t census_boot_us(void);

#endif
