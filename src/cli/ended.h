/* What `kill` and `stop` ended, one line a process. */
#ifndef CLI_ENDED_H
#define CLI_ENDED_H

#include <jansson.h>

/* @ended: [{pane?, pid, command, signal, stray?}].  Prints to stdout. */
void ended_print(const json_t *ended);

#endif
