/*
 * The user's terminal: raw mode, and back in every way of leaving (return,
 * exit(), a deadly signal) but SIGKILL.  One terminal per process: stdin.
 */
#ifndef CLI_TTY_H
#define CLI_TTY_H

#include "base/defs.h"

/* Put stdin's terminal into raw mode; restored by tty_restore(), at exit and on
 * signals that end the process.  0 or -errno. */
NODISCARD int tty_raw(void);

/* What to write to stdout before the mode is restored: sequences that undo what
 * was written to the terminal.  Copied; at most TTY_UNDO_MAX bytes, else ignored. */
#define TTY_UNDO_MAX 512
void tty_set_undo(const char *p, size_t n);

/* Undo and restore; harmless when nothing is to be restored. */
void tty_restore(void);

/* Size of stdout's terminal; false (80 × 24) if it does not tell. */
bool tty_size(int *ret_cols, int *ret_rows);

#endif
