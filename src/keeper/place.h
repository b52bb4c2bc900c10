/*
 * Where a keeper lives: state directory, lock and listening socket.
 *
 * One keeper per state directory: whoever holds the flock on STATE/keeper.lock.
 * The file says "PID\nSOCKET\n"; a reader that finds less looks again (it is
 * emptied, then written by one write).
 */
#ifndef KEEPER_PLACE_H
#define KEEPER_PLACE_H

#include <limits.h>
#include <sys/types.h>
#include <sys/un.h>

#include "base/defs.h"

struct place {
	char state[PATH_MAX - 32];
	char socket[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	int lock_fd, listen_fd; /* -1 = none */
	dev_t socket_dev;       /* the socket file that is ours */
	ino_t socket_ino;
	bool is_foreign_socket; /* a service manager's: not ours to unlink or to make anew */
	pid_t busy_pid;         /* PLACE_E_BUSY: who holds the lock; 0 = it did not say */
	char error[512];        /* PLACE_E_REFUSED: a sentence for the user */
};

enum { PLACE_E_REFUSED = 1, PLACE_E_BUSY };

/* Make and check the directories, take the lock, listen.  The umask must be 077. */
/* @listen_fd: a socket that listens at @socket already (taken over), or -1. */
NODISCARD int place_open(struct place *p, const char *state, const char *socket, int listen_fd);
/* After the last fork: the lock says who holds it. */
NODISCARD int place_write_lock(struct place *p);
/* Somebody removed or replaced the socket file. */
bool place_lost_socket(const struct place *p);
/* Listen on a fresh socket (the old descriptor is closed).  PLACE_E_REFUSED. */
NODISCARD int place_listen(struct place *p);
/* Unlink the socket, if it is still ours, and stop listening. */
void place_close_socket(struct place *p);
void place_close(struct place *p);

#endif
