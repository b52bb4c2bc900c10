/* The parameters of pane.create that `new` and `run` have in common. */
#ifndef CLI_CREATE_H
#define CLI_CREATE_H

#include <jansson.h>

#include "cli/args.h"

/*
 * From --session, --directory, --env, --size and the operands: session, command,
 * directory, environment and umask as this process has them, and a key.
 *
 * @ret_exit  EXIT_USAGE or EXIT_ERROR after a message, when NULL is returned.
 */
json_t *create_params(const struct cli_args *a, int *ret_exit);

/* --directory, made absolute, or the working directory; NULL if that is gone or
 * not UTF-8. */
json_t *create_directory(const struct cli_args *a);

#endif
