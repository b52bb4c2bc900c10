/*
 * What a service manager gives and wants: a socket that is already open
 * (sd_listen_fds(3)) and a word when the daemon serves (sd_notify(3)).
 */
#ifndef KEEPER_ACTIVATION_H
#define KEEPER_ACTIVATION_H

#include "base/defs.h"

/* The one socket that was passed to this process, or -1; and where to say READY.
 * Afterwards the environment tells nobody of either. */
int activation_take(void);
/* Once; nothing if nobody asked for it. */
void notify_ready(void);

#endif
