/*
 * A keeper under test: the real program in a private directory, whose daemon
 * (fake_daemon.c) hands its link to the test.
 */
#ifndef KEEPER_RIG_H
#define KEEPER_RIG_H

#include <sys/types.h>

#include "keeper/proto.h"

#define RIG_MAX_CHILDREN 1024
#define RIG_WAIT_MS 30000 /* for what must come; never measured */

struct rig {
	char dir[32], state[64], socket[64], relay[64];
	pid_t keeper;
	int relay_fd; /* where the fake daemons call; -1 = they cannot */
	int log_fd;   /* the keeper's stderr */
	/* The present daemon: */
	pid_t daemon; /* 0 = none */
	int control_fd, link_fd;
	struct keeper_welcome welcome;
	struct keeper_upgraded upgraded; /* as adoption told; .state NONE: it did not */
	int n_pings;                     /* answered by rig_receive() */
	int arena_fd, listen_fd;
	uint32_t n_adopted, n_batches;
	struct keeper_child adopted[RIG_MAX_CHILDREN];
	int adopted_fds[RIG_MAX_CHILDREN][2];
	/* The packet that rig_receive() got: */
	union {
		struct keeper_header h;
		struct keeper_spawned spawned;
		struct keeper_exited exited;
		uint8_t room[KEEPER_MAX_PACKET];
	} in;
	int fds[KEEPER_MAX_FDS];
	size_t n_fds;
};

extern const char *rig_keeper_path, *rig_daemon_path;
extern const char *rig_look_ms; /* the next keeper's --look-ms; NULL: as usual */
/* They are the test's two arguments. */
bool rig_take_paths(int argc, char **argv);

/* Only the directory and the paths. */
void rig_init(struct rig *r);
/* Run a keeper on them; what it tells on its ready pipe. */
pid_t rig_run_keeper(struct rig *r, char *ret_told, size_t size);
void rig_start(struct rig *r);       /* init, run, wait for the daemon, adopt */
void rig_listen(struct rig *r);      /* let daemons come up */
void rig_refuse(struct rig *r);      /* let them die at once */
void rig_accept(struct rig *r);      /* the next daemon: link, WELCOME, children, READY */
void rig_accept_mute(struct rig *r); /* only the link */
void rig_adopt(struct rig *r);
void rig_drop_daemon(struct rig *r); /* forget our ends of it */
void rig_kill_daemon(struct rig *r); /* kill -9 */
/* Stop the keeper; it goes on with SIGCONT, and learns all that happened at once. */
void rig_freeze_keeper(struct rig *r);
void rig_order(struct rig *r, char what, char status); /* see fake_daemon.c */
/* STOP (or SIGTERM without a daemon), wait for the keeper, check that it ends
 * with 0 and leaves no socket; remove the directory. */
void rig_end(struct rig *r);
int rig_wait_keeper(struct rig *r); /* wait status */
void rig_remove(struct rig *r);
bool rig_logged(const struct rig *r, const char *text);

/* ---- protocol ---- */

struct rig_spawn {
	uint64_t pane;
	uint32_t flags;
	const char *const *argv; /* NULL-terminated */
	const char *const *env;  /* NULL: PATH only */
	const char *cwd;         /* NULL: "/" */
	uint32_t umask;
	uint16_t cols, rows;
	const char *key;
	int stdin_fd; /* with KEEPER_SPAWN_STDIN */
	int spec_fd;  /* > 0: instead of argv, env, cwd; stays the caller's */
};

int rig_make_spec(const struct rig_spawn *s);
void rig_send(struct rig *r, const void *packet, size_t n, const int *fds, size_t n_fds);
void rig_spawn(struct rig *r, const struct rig_spawn *s);
void rig_signal(struct rig *r, uint64_t pane, int signo, enum keeper_target target);
void rig_forget(struct rig *r, uint64_t pane);
void rig_plain(struct rig *r, enum keeper_type type);
/* The program at @path instead of the present one. */
void rig_upgrade(struct rig *r, enum keeper_program program, const char *path, uint32_t timeout_ms);
void rig_expect_upgraded(struct rig *r, enum keeper_upgrade_state state); /* r->upgraded */
/* The next packet, which must be of @type. */
void rig_receive(struct rig *r, enum keeper_type type);
uint32_t rig_receive_any(struct rig *r); /* its type */
void rig_close_fds(struct rig *r);       /* those of the last packet */
/* Spawn and expect success: descriptors in r->fds. */
pid_t rig_run(struct rig *r, const struct rig_spawn *s);
/* Spawn and expect a failure. */
void rig_expect_failure(struct rig *r, const struct rig_spawn *s, enum keeper_step step, int error);
int rig_expect_exit(struct rig *r, uint64_t pane); /* wait status */

/* What @fd gives until @until was seen or it ends; a PTY's control bytes are
 * taken out. */
void rig_read(int fd, bool is_pty, const char *until, char *buf, size_t size);
void rig_expect_gone(pid_t pid);
int rig_count_fds(pid_t pid);

#endif
