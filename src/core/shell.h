/*
 * Shell integration: which shells are started with it, and how; nothing of the
 * user's files is touched.  The scripts (data/shell) are part of this program and
 * written to STATE/shell when the daemon starts.
 *
 *   bash          bash --rcfile STATE/shell/orchflow.bash, which reads ~/.bashrc
 *   bash --login  bash --posix --login with ENV, which reads what a login shell reads
 *   zsh           ZDOTDIR, put back by the .zshenv found there before all else
 *   fish          fish --init-command
 *
 * Off by configuration, by ORCHFLOW_SHELL_INTEGRATION=0 in the environment of who
 * asks for the pane, and for shells that are given anything to run.
 *
 * The marks carry a secret of the pane, made from a key that lasts as long as the
 * state directory: after a crash the next daemon knows it too.
 */
#ifndef CORE_SHELL_H
#define CORE_SHELL_H

#include "base/buf.h"
#include "base/defs.h"

struct core;
struct core_env;
struct pane;

enum shell_kind { SHELL_NONE, SHELL_BASH, SHELL_ZSH, SHELL_FISH };
const char *shell_kind_name(enum shell_kind k); /* "bash"; NULL for none */

#define SHELL_NONCE_BYTES 17 /* hexadecimal, and its NUL */
#define SHELL_KEY_BYTES 16

/* Write the scripts, find or make the key.  On failure (said in the log) shells start
 * without. */
void shell_open(struct core *c);

/* What the pane's command is, if it is to be started with integration. */
enum shell_kind shell_of_pane(const struct pane *p);
void shell_nonce(const struct pane *p, char ret[SHELL_NONCE_BYTES]);

/* The pane's arguments and environment as they are started, NUL behind each. */
void shell_put_argv(const struct pane *p, struct buf *out, uint32_t *ret_n);
void shell_put_env(const struct pane *p, struct buf *out, uint32_t *ret_n);

#endif
