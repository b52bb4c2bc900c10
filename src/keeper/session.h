/*
 * Signals to every process of a child's session.  The kernel has no call for
 * that, so /proc is walked; what arrives together shares one walk.
 */
#ifndef KEEPER_SESSION_H
#define KEEPER_SESSION_H

#include <sys/types.h>

#include "base/defs.h"

/* Note @signo for the session of @leader.  Delivered by session_flush(), which
 * must come before @leader is reaped, if it is not yet. */
void session_signal(pid_t leader, uint32_t signo);
void session_flush(void);

/* Every child of this process, whatever its session. */
void session_kill_own_children(void);

#endif
