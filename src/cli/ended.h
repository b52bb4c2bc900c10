/* What `kill` and `stop` ended, one line a process. */
#ifndef CLI_ENDED_H
#define CLI_ENDED_H

#include <jansson.h>

/* @result: {ended: [{pane?, pid, command, signal, stray?}], left: [{pid, command}]}.
 * Prints to stdout what was ended (*@ret_n), says on stderr what was not; then
 * EXIT_ERROR. */
int ended_report(const json_t *result, size_t *ret_n);

#endif
