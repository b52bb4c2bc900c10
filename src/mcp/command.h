/* Commands in the shell of a pane that is there already (pane.run, command.wait). */
#ifndef MCP_COMMAND_H
#define MCP_COMMAND_H

#include "mcp/mcp.h"

/* Type the tool's `command` into the shell of its `pane` and answer when it ended, or
 * at the job's deadline. */
void command_run(struct job *job);
/* Answer when the last command that was run so in `pane` has ended, or at the deadline. */
void command_wait(struct job *job);

#endif
