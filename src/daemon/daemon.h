/*
 * orchflowd: the loop and all that runs on it, put together and taken apart in
 * order.  Only this module knows that all the others exist.
 */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "base/defs.h"

struct daemon_options {
	const char *program; /* its own path */
	const char *state_dir;
	const char *socket_path;
	bool is_foreground; /* log to stderr, not to STATE/log/daemon.log */
	int keeper_fd;
};

/* Serve until told to stop or until the keeper is gone.  0 then, or -errno if it
 * could not start. */
NODISCARD int daemon_run(const struct daemon_options *options);

#endif
