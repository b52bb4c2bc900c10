/* orchflow run --pane and --result: in the shell of a pane that is there. */
#ifndef CLI_RUN_PANE_H
#define CLI_RUN_PANE_H

#include "cli/args.h"

/* The exit status. */
int run_in_pane(const struct cli_args *a);

#endif
