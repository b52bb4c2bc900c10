/*
 * The commands' way to the server: connect, call, name a target; all failures
 * are said on stderr here, so that a command only has to leave.
 */
#ifndef CLI_SERVER_H
#define CLI_SERVER_H

#include <jansson.h>

#include "cli/args.h"
#include "client/client.h"

enum {
	SERVER_START = 1,  /* start one when none runs */
	SERVER_STREAM = 2, /* bytes as they are */
};

/* Connect; NULL after a message.  @ops may be NULL. */
struct client *server_open(const struct cli_args *a, unsigned flags, const struct client_ops *ops);

/* json_pack(), save that text from outside which is not UTF-8 is the only
 * reason to fail, and is said; NULL then. */
json_t *server_pack(const char *fmt, ...);

/* Call; NULL after a message.  @params taken over; NULL params is an error
 * that was said (server_pack()). */
json_t *server_call(struct client *c, const char *method, json_t *params);

/* All pages of a list method: the array @key, owned by the caller. */
json_t *server_list(struct client *c, const char *method, const char *key, json_t *params);

/* Operand @index, or the pane that we are in ($ORCHFLOW_PANE); NULL after a message. */
const char *server_target(const struct cli_args *a, int index);

/* "exited with status 3", "killed by SIGTERM (15)"; "" for null. */
void server_put_status(struct buf *b, const json_t *status);
/* The exit status that a shell would make of it: the code, or 128 + signal. */
int server_exit_code(const json_t *status);

/* A random key, so that a request that is repeated does its work once. */
json_t *server_key(void);

/* Members, with what a missing one means. */
const char *server_str(const json_t *o, const char *key); /* "" */
int64_t server_int(const json_t *o, const char *key);     /* 0 */

#endif
