/*
 * server.upgrade: look at the other program, come to rest, leave it the field.
 *
 *   asked ── --print-versions of the other ──► refused, nothing was touched
 *     │
 *     ├─ keeper: the keeper is asked; it tells how it went
 *     └─ daemon: no new requests; those under way end (1 s at most); the core comes to
 *        rest; the keeper is told; the loop ends.  Who asked asks the next daemon: that
 *        is the new one, or this program again if that failed.
 */
#ifndef DAEMON_UPGRADE_H
#define DAEMON_UPGRADE_H

#include "api/server.h"
#include "core/core.h"

struct upgrade;

/* @program: path of this daemon; @last_words: the last line of the log before this
 * daemon wrote its first.  Both copied. */
NODISCARD int upgrade_new(uv_loop_t *loop, const char *program, const char *last_words,
			  struct upgrade **ret);
/* The loop runs once more before the memory goes. */
void upgrade_close(struct upgrade *u);
void upgrade_set(struct upgrade *u, struct api_server *api, struct core *core);

/* api_hooks.upgrade, core_ops.on_upgraded */
void upgrade_ask(struct upgrade *u, const struct api_upgrade *spec, api_upgraded_fn *done,
		 void *user);
void upgrade_on_upgraded(struct upgrade *u, const struct core_upgraded *how);

#endif
