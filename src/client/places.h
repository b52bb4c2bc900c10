/*
 * Where things are: socket, state directory, configuration.  Pure look-up by
 * environment; nothing is created here except by places_make_dirs().
 */
#ifndef CLIENT_PLACES_H
#define CLIENT_PLACES_H

#include <limits.h>
#include <sys/types.h>

#include "base/fail.h"

#define PLACES_SOCKET_MAX 108 /* bytes of sun_path, NUL included */

struct places {
	char socket[PLACES_SOCKET_MAX]; /* absolute */
	char state_dir[PATH_MAX];       /* absolute */
	char config[PATH_MAX];          /* absolute; need not exist */
	bool is_socket_told;            /* $ORCHFLOW_SOCKET, not one of the usual places */
};

/*
 * The places of this user, from the environment (orchflow(1), "FILES").
 * FAIL_E_FAILED: a path is too long, or there is no home directory.
 */
NODISCARD int places_resolve(struct places *ret, struct fail *reterr);

/*
 * May what lies in the socket's directory be trusted?  It must be a directory of
 * ours (or a link of ours to one) with mode 0700, as the keeper wants it too.
 *
 * Return: 0 (also when it does not exist yet), FAIL_E_FAILED.
 */
NODISCARD int places_check_dir(const struct places *p, struct fail *reterr);

/* Create the socket's directory and the state directory, 0700, with parents. */
NODISCARD int places_make_dirs(const struct places *p, struct fail *reterr);

/* What the keeper wrote into STATE/keeper.lock. */
struct places_lock {
	pid_t pid;
	char socket[PLACES_SOCKET_MAX];
};

/* PLACES_E_NONE: no lock file, an unreadable one, or its process is gone. */
enum { PLACES_E_NONE = 1 };
NODISCARD int places_read_lock(const struct places *p, struct places_lock *ret);

/* SIGHUP: make the socket again, start the daemon again.  SIGTERM: end.  False if
 * that process is not a keeper (any more): nothing was sent. */
bool places_signal_keeper(const struct places_lock *lock, int signo);

/* Wait at most @timeout_ns until that keeper has ended; false if it has not. */
bool places_wait_end(const struct places *p, const struct places_lock *lock, uint64_t timeout_ns);

/* A program of libexec/orchflow, found from $ORCHFLOW_LIBEXEC or beside this
 * program; @module is its folder in a build tree.  PLACES_E_NONE if absent. */
NODISCARD int places_find_program(const char *name, const char *module, char *out, size_t size);

#endif
