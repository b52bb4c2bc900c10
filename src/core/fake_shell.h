/* For the core's tests: the marks that an integrated shell would print, in a pane of
 * the fake keeper. */
#ifndef CORE_FAKE_SHELL_H
#define CORE_FAKE_SHELL_H

#include "core/fake_keeper.h"

/* A pane that runs @program ("bash", "zsh", "fish"), which has not said anything yet. */
struct pane *fake_shell(struct fake_keeper *k, const char *program);
/* What @format prints: in it, $A $B $C mark with the pane's secret, $K begins a secondary prompt,
 * $0 to $9 mark the end with that status, $D one without, $E{text} tells the line, $P{dir} the
 * directory.
 */
char *fake_format(const struct pane *p, const char *format); /* the caller's */
void fake_say(struct fake_keeper *k, struct pane *p, const char *format);
/* A whole command: its line, its output, its end, the next prompt. */
void fake_command(struct fake_keeper *k, struct pane *p, const char *text, const char *output,
		  int status);
/* What was typed into it since the last time, at least @n bytes; NUL behind it. */
const char *fake_typed(struct fake_keeper *k, struct pane *p, size_t n);

#endif
