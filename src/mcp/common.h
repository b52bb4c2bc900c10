/* What several tools do in the same way. */
#ifndef MCP_COMMON_H
#define MCP_COMMON_H

#include "mcp/mcp.h"
#include "mcp/text.h"

#define PARAM_PANE                                                                               \
	{                                                                                        \
		.name = "pane", .type = RPC_T_STRING, .is_required = true, .min = 1, .max = 128, \
		.doc = "Id of the pane, like p3, or a session's name (its active pane)"          \
	}
#define PARAM_TIMEOUT                                                                        \
	{                                                                                    \
		.name = "timeout_ms", .type = RPC_T_INT, .fallback = "45000", .min = 0,      \
		.max = MCP_TIMEOUT_MAX_MS,                                                   \
		.doc = "How long to wait at most, in milliseconds. Many clients give up by " \
		       "themselves after 60 seconds"                                         \
	}
#define PARAM_MAX_BYTES                                                                    \
	{                                                                                  \
		.name = "max_bytes", .type = RPC_T_INT, .fallback = "16384", .min = 256,   \
		.max = MCP_BYTES_MAX, .doc = "Budget for the text in the answer, in bytes" \
	}
#define PARAM_KEEP                                                                              \
	{                                                                                       \
		.name = "keep", .type = RPC_T_ENUM, .fallback = "both",                         \
		.choices = "both|head|tail",                                                    \
		.doc = "Which part to keep when the text is longer than max_bytes: both ends, " \
		       "the beginning or the end"                                               \
	}

/* Set the job's deadline from timeout_ms. */
void common_deadline(struct job *job);
/* The pane that the job is about, for progress; copied. */
void common_name(struct job *job, const char *pane);

/* Members, with what a missing one means. */
const char *common_str(const json_t *o, const char *key); /* "" */
int64_t common_int(const json_t *o, const char *key);     /* 0 */

/* A random key, so that a request that is repeated does its work once. */
json_t *common_key(void);

/* This process's environment, and the object @extra on top; owned by the caller. */
json_t *common_environment(const json_t *extra);
/* @given made absolute, else our working directory. */
json_t *common_directory(const char *given);
/* The user's shell where it is one that reads sh's language, else bash or sh. */
const char *common_shell(const struct mcp *m);

/* Cut to the job's budget; appended to @out. */
void common_cut(const struct job *job, const char *s, size_t n, struct buf *out,
		struct text_cut *ret);

/* What pane.text answered: its text, with a line where something was left out, appended to
 * @out; {truncated, omitted_lines, next_row, gap_bytes} into @o. */
void common_take_text(const json_t *result, struct buf *out, json_t *o);

/* "; 12 lines are left out, row 5 goes on", where that is so, from such an @o. */
void common_put_omission(const json_t *o, struct buf *out);

/* {state, exit_code, signal} of a pane's record into @o. */
void common_put_state(json_t *o, const json_t *pane);

#endif
