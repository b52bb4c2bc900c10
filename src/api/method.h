/*
 * The method table: one row says everything about a method.  From it come the
 * check of parameters and permission, rpc.discover, docs/protocol.md and the
 * counters; the handlers are small and call the core.
 */
#ifndef API_METHOD_H
#define API_METHOD_H

#include "api/call.h"
#include "api/shape.h"
#include "base/hist.h"
#include "rpc/param.h"

/* What a client must be allowed to do; also bits of client.scopes. */
enum api_scope {
	API_SCOPE_READ = 1,  /* look */
	API_SCOPE_WRITE = 2, /* type into, resize, signal, rename */
	API_SCOPE_SPAWN = 4, /* start commands and end them */
	API_SCOPE_ADMIN = 8, /* the server itself */
};
#define API_SCOPE_ALL 15u
const char *api_scope_name(enum api_scope scope);

struct api_method {
	const char *name; /* "noun.verb" */
	const char *doc;  /* one line, imperative, no full stop */
	const struct rpc_param *params;
	size_t n_params;
	const struct api_shape *result;
	const enum fail_code *errors; /* its own, FAIL_NONE ends; see api_common_errors */
	enum api_scope scope;
	/* Answers the call, or defers it and answers later. */
	void (*handler)(struct api_call *call);
};

/* For the rows: lists in place. */
#define API_PARAMS(...)                                      \
	.params = (const struct rpc_param[]){ __VA_ARGS__ }, \
	.n_params = sizeof((const struct rpc_param[]){ __VA_ARGS__ }) / sizeof(struct rpc_param)
#define API_ERRORS(...)                              \
	.errors = (const enum fail_code[])           \
	{                                            \
		__VA_ARGS__ __VA_OPT__(, ) FAIL_NONE \
	}
#define API_RESULT(doc_, ...)                                       \
	.result = &(const struct api_shape)                         \
	{                                                           \
		.doc = (doc_), .fields = (const struct api_field[]) \
		{                                                   \
			__VA_ARGS__ __VA_OPT__(, )                  \
			{                                           \
				0                                   \
			}                                           \
		}                                                   \
	}

/* Limits on text that clients choose. */
#define API_MAX_TARGET 128 /* an id or a session's name */
#define API_MAX_NAME 64    /* a session's new name */
#define API_MAX_PATH 4096
#define API_MAX_REGEX 4096
#define API_MAX_PAGE 200 /* items of one list answer */

/* Of a list: where to go on (@min_, @max_: its length), and how much of it (@max_). */
#define API_CURSOR_PARAM(min_, max_)                                                  \
	{                                                                             \
		.name = "cursor", .type = RPC_T_STRING, .min = (min_), .max = (max_), \
		.doc = "`next` of the page before"                                    \
	}
#define API_LIMIT_PARAM(max_)                                                                   \
	{                                                                                       \
		.name = "limit", .type = RPC_T_INT, .fallback = "200", .min = 1, .max = (max_), \
		.doc = "items of one page"                                                      \
	}
#define API_PAGE_PARAMS API_CURSOR_PARAM(1, 24), API_LIMIT_PARAM(API_MAX_PAGE)
#define API_NEXT_FIELD                                                        \
	{                                                                     \
		"next", "string?", "cursor of the next page, if there is one" \
	}

/* What any method that asks the database may answer. */
#define API_STORAGE_ERRORS \
	FAIL_STORAGE_UNAVAILABLE, FAIL_STORAGE_FAILED, FAIL_STORAGE_DAMAGED, FAIL_STORAGE_VERSION

/* The pane that a call is about. */
#define API_PANE_PARAM                                                                         \
	{                                                                                      \
		.name = "pane", .type = RPC_T_STRING, .is_required = true, .min = 1,           \
		.max = API_MAX_TARGET, .doc = "id, or a session's id or name: its active pane" \
	}
struct pane;
/* NULL: not found, and answered so. */
struct pane *api_call_pane(struct api_call *call);
struct store;
/* NULL: there is none, and answered so. */
struct store *api_call_store(struct api_call *call);

/* The groups, by source file. */
struct api_group {
	const struct api_method *methods;
	size_t n;
};
extern const struct api_group api_rpc_group, api_session_group, api_pane_group, api_io_group,
	api_screen_group, api_run_group, api_text_group, api_record_group, api_layout_group,
	api_search_group, api_server_group, api_kv_group, api_command_group, api_store_group;

/* All rows, in the order of the documentation. */
size_t api_method_count(void);
const struct api_method *api_method_at(size_t i);
/* Index of @name, or -1. */
int api_method_find(const char *name);
/* The nearest existing name, or NULL. */
const char *api_method_nearest(const char *name);

/* What any method may answer beside its own errors; FAIL_NONE ends. */
extern const enum fail_code api_common_errors[];
/* Is @code among the row's own errors or the common ones? */
bool api_method_documents(const struct api_method *m, enum fail_code code);

/* Kept per method by the server. */
struct api_method_stats {
	uint64_t n_calls, n_errors;
	struct hist latency; /* request read to answer written */
};

#endif
