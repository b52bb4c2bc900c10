/* The table of commands as text: for people, as manual page, as completions. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

#include "cli/command.h"

void help_overview(FILE *to);
/* To stdout; returns an exit status. */
int help_command(const struct cli_command *c);

/* Source of orchflow(1) for scdoc. */
void manual_print(FILE *to);

/* @shell: "bash", "zsh" or "fish"; false: none of them. */
bool complete_print(const char *shell, FILE *to);

#endif
