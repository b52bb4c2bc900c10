/*
 * The private protocol between keeper and daemon: one SOCK_SEQPACKET pair, one
 * message a packet, a fixed header and a fixed body by type; file descriptors
 * ride along (SCM_RIGHTS, 253 a packet at most).  All numbers in host order: both
 * ends are on one machine, and the version is exchanged first.
 *
 * keeper -> daemon: WELCOME (arena, listening socket), ADOPT (batches of
 * children with their descriptors), ADOPT_END; then SPAWNED, EXITED, LISTENING
 * as they happen.  Nothing that the daemon sends is read before ADOPT_END went
 * out, nor while the daemon leaves an answer unread.
 * daemon -> keeper: READY once it serves, SPAWN, SIGNAL, FORGET, STOP, UPGRADE,
 * PONG.
 *
 * WELCOME never changes its size: by its version a daemon knows whether it can
 * speak with this keeper (KEEPER_PROTO_MIN..KEEPER_PROTO_VERSION).
 *
 * What an earlier daemon asked for outlives it: SPAWNED and EXITED may name
 * children that this daemon did not ask for.  SPAWNED with a failure may even
 * name one that ADOPT did not list.
 */
#ifndef KEEPER_PROTO_H
#define KEEPER_PROTO_H

#include "base/defs.h"

#define KEEPER_PROTO_VERSION 2u /* what this keeper speaks */
#define KEEPER_PROTO_MIN 2u     /* the oldest that this daemon still understands */
#define KEEPER_MAX_CHILDREN 4096u
#define KEEPER_KEY_BYTES \
	64u /* client-chosen spawn key, its NUL included; longer keys are refused by the API */
#define KEEPER_MAX_FDS 253u /* SCM_MAX_FD */
#define KEEPER_MAX_PACKET 65536u
#define KEEPER_DAEMON_FD 3 /* the daemon finds its end of the pair here */
#define KEEPER_NOTE_BYTES 512u
/* In a pane's number: no pane but a program that the daemon runs for itself.  The
 * rest is the daemon's to choose; such numbers are forgotten with the record. */
#define KEEPER_HELPER_BIT (1ull << 63)

enum keeper_type {
	KEEPER_WELCOME = 1,
	KEEPER_ADOPT,
	KEEPER_ADOPT_END,
	KEEPER_SPAWNED,
	KEEPER_EXITED,
	KEEPER_LISTENING,
	KEEPER_UPGRADED,
	KEEPER_PING,
	KEEPER_READY = 64,
	KEEPER_SPAWN,
	KEEPER_SIGNAL,
	KEEPER_FORGET,
	KEEPER_STOP,
	KEEPER_UPGRADE,
	KEEPER_PONG
};

/* Where a spawn failed; 0 = it did not. */
enum keeper_step {
	KEEPER_STEP_NONE,
	KEEPER_STEP_TABLE, /* no room in the keeper */
	KEEPER_STEP_SPEC,  /* the spawn block is malformed */
	KEEPER_STEP_PTY,
	KEEPER_STEP_PIPE,
	KEEPER_STEP_FORK,
	KEEPER_STEP_SESSION,
	KEEPER_STEP_TERMINAL,
	KEEPER_STEP_LIMITS,
	KEEPER_STEP_CHDIR,
	KEEPER_STEP_EXEC
};

enum keeper_child_state { KEEPER_CHILD_STARTING = 1, KEEPER_CHILD_RUNNING, KEEPER_CHILD_EXITED };

struct keeper_header {
	uint32_t type;
	uint32_t bytes; /* of the whole packet, this header included */
};

struct keeper_welcome {
	struct keeper_header h;
	uint32_t version;
	uint32_t keeper_pid;
	uint32_t n_children; /* to be adopted, at this moment: a start that fails may make it fewer
			      */
	uint32_t n_restarts; /* times the daemon was started before */
	uint64_t started_wall_us; /* start of the keeper */
	uint64_t first_pane_hint; /* highest pane number ever spawned */
	int32_t last_status;      /* wait status of the previous daemon; 0 if none */
	uint32_t original_nofile; /* soft RLIMIT_NOFILE before the keeper raised it */
				  /* fds: arena, listening socket */
};

struct keeper_child {
	uint64_t pane;       /* pane number, chosen by the daemon, unique for ever */
	uint32_t generation; /* respawn count of that pane */
	uint32_t pid;        /* 0 while starting */
	uint32_t state;      /* enum keeper_child_state */
	int32_t status;      /* wait status when exited */
	uint32_t n_fds;      /* descriptors that ride along for this child: 1 PTY master, or 2 (out,
			      * err);      0 while starting: they come with SPAWNED */
	uint32_t flags;      /* of the spawn */
	uint64_t started_wall_us, exited_wall_us;
	char key[KEEPER_KEY_BYTES];
};

struct keeper_adopt {
	struct keeper_header h;
	uint32_t n; /* children behind this struct */
	uint32_t pad;
	struct keeper_child children[];
	/* fds: those of all children, in order */
};

enum {
	KEEPER_SPAWN_PTY = 1, /* else pipes for stdout and stderr */
	KEEPER_SPAWN_STDIN =
		2, /* a descriptor for fd 0 rides along (else: PTY slave, or /dev/null) */
	KEEPER_SPAWN_RAW_OUTPUT = 4, /* OPOST off */
	KEEPER_SPAWN_NO_ECHO = 8
};

/* The spawn block is in a memfd that rides along (read from its start, wherever
 * the offset is): struct keeper_spec_header, then n_argv (>= 1) NUL-terminated
 * strings, then n_env, then the working directory.  The keeper does not look
 * into it: the child does.  A pane number that the keeper still has a record
 * of is refused (KEEPER_STEP_TABLE, EEXIST): FORGET it first. */
struct keeper_spawn {
	struct keeper_header h;
	uint64_t token; /* echoed in SPAWNED */
	uint64_t pane;
	uint32_t generation;
	uint32_t flags;
	uint16_t cols, rows;
	uint32_t umask;
	char key[KEEPER_KEY_BYTES];
	/* fds: spec [, stdin] */
};

#define KEEPER_SPEC_MAGIC 0x4f465350u
#define KEEPER_SPEC_MAX (8u << 20)
struct keeper_spec_header {
	uint32_t magic;
	uint32_t bytes; /* of the whole block */
	uint32_t n_argv, n_env;
	/* argv strings, env strings, cwd string ("" = /) */
};

struct keeper_spawned {
	struct keeper_header h;
	uint64_t token;
	uint64_t pane;
	uint32_t generation;
	uint32_t pid;
	int32_t step;  /* enum keeper_step; failure: no fds, the child is forgotten */
	int32_t error; /* errno of the step; ECANCELED: killed before it could exec */
		       /* fds on success: PTY master, or out and err */
};

struct keeper_exited {
	struct keeper_header h;
	uint64_t pane;
	uint32_t generation;
	uint32_t pid;
	int32_t status; /* wait status */
	uint32_t pad;
	uint64_t wall_us;
};

enum keeper_target {
	KEEPER_TO_LEADER,
	KEEPER_TO_SESSION /* every process of the child's session */
};
/* Signals of one session that arrive together are sent together: SIGCONT last. */
struct keeper_signal {
	struct keeper_header h;
	uint64_t pane;
	uint32_t signo;  /* 1..64 */
	uint32_t target; /* enum keeper_target */
};

struct keeper_forget { /* close the descriptors; drop the record once reaped; no EXITED for it */
	struct keeper_header h;
	uint64_t pane;
};

enum keeper_program { KEEPER_PROGRAM_DAEMON = 1, KEEPER_PROGRAM_KEEPER };

/* Go on with another program.  DAEMON: the sender ends now; if its successor is
 * not READY within timeout_ms, it is ended and the sender's own program is started
 * again.  KEEPER: the keeper becomes that program, once this has said that it
 * understands the keeper's state; the sender stays. */
struct keeper_upgrade {
	struct keeper_header h;
	uint32_t program; /* enum keeper_program */
	uint32_t timeout_ms;
	uint8_t note[KEEPER_NOTE_BYTES]; /* the daemon's own; comes back in UPGRADED */
					 /* fd: the program, open for reading */
};

enum keeper_upgrade_state {
	KEEPER_UPGRADE_NONE,
	KEEPER_UPGRADE_UNDER_WAY, /* to a daemon that is on trial itself */
	KEEPER_UPGRADE_DONE,
	KEEPER_UPGRADE_FAILED /* what was there before is there again */
};

/* How the last one went: after WELCOME to every daemon (DAEMON), or when it is
 * over (KEEPER). */
struct keeper_upgraded {
	struct keeper_header h;
	uint32_t program;  /* enum keeper_program */
	uint32_t state;    /* enum keeper_upgrade_state */
	int32_t status;    /* FAILED: wait status of the new program */
	uint32_t took_ms;  /* from UPGRADE to READY, or to failure */
	uint32_t was_late; /* FAILED: it was ended because time was over */
	uint32_t pad;
	uint8_t note[KEEPER_NOTE_BYTES];
};

struct keeper_plain { /* ADOPT_END, LISTENING (fd: socket), READY, STOP, PING, PONG */
	struct keeper_header h;
};

enum { KEEPER_PROTO_E_MALFORMED = 1 };

/* Check one packet as it came off the socket: known type, exact size for its
 * type, counts that fit, strings terminated, number of descriptors as the type
 * says.  Pure; the fuzz target feeds it anything.  0 or KEEPER_PROTO_E_MALFORMED. */
NODISCARD int keeper_proto_check(const void *packet, size_t n, size_t n_fds);

/* Blocking or not as @fd is.  @n_fds <= KEEPER_MAX_FDS; they stay the caller's.
 * -EAGAIN when full (also when too many descriptors are in flight). */
NODISCARD int keeper_proto_send(int fd, const void *packet, size_t n, const int *fds, size_t n_fds);

enum { KEEPER_RECV_E_AGAIN = 1, KEEPER_RECV_E_EOF, KEEPER_RECV_E_MALFORMED };
/* One checked packet into @buf (KEEPER_MAX_PACKET bytes, 8-aligned); received
 * descriptors are CLOEXEC and the caller's; on MALFORMED they are closed. */
NODISCARD int keeper_proto_recv(int fd, void *buf, size_t *ret_n, int *fds, size_t *ret_n_fds);

/* Fill a header. */
#define KEEPER_MSG(msg, type_) \
	((msg)->h = (struct keeper_header){ .type = (type_), .bytes = sizeof *(msg) })

#endif
