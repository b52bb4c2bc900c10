/*
 * orchflow-mcp: the Model Context Protocol (https://modelcontextprotocol.io) on
 * stdin and stdout, in front of the daemon.  One thread and one poll loop; calls
 * are served concurrently, each a chain of requests to the daemon.
 *
 *   wire.c      lines in, a bounded queue of lines out
 *   protocol.c  envelope, versions, cancelling
 *   job.c       one request of the client and what it asks the daemon
 *   tool*.c     the tools; command.c those in a shell that is there already;
 *               resource.c the screens as resources
 *   text.c      output cut to a budget, failures in words
 *
 * Nothing here outlives the client that started us, and nothing in a pane ends
 * because we do.  Out of memory ends the program (mcp_die()): it holds nothing.
 */
#ifndef MCP_MCP_H
#define MCP_MCP_H

#include <jansson.h>

#include "base/buf.h"
#include "base/list.h"
#include "client/client.h"
#include "rpc/frame.h"
#include "rpc/param.h"

#define MCP_LINE_MAX (4u << 20)       /* bytes of one message from the client */
#define MCP_OUT_PAUSE (4u << 20)      /* unread answers beyond which no request is taken */
#define MCP_CALLS_MAX 256             /* under way at once */
#define MCP_WATCHES_MAX 256           /* resources that are watched */
#define MCP_WAIT_SLICE_MS 10000       /* one pane.wait; a cancelled one ends so soon */
#define MCP_TIMEOUT_MS 45000          /* default of tools that wait; clients give up at 60 s */
#define MCP_TIMEOUT_MAX_MS 3600000    /* the longest */
#define MCP_BYTES 16384               /* default budget of text in an answer */
#define MCP_BYTES_MAX (256 << 10)     /* the largest */
#define MCP_PROGRESS_NS 1000000000ull /* between two progress notifications */
#define MCP_UPDATE_NS 250000000ull    /* between two updates of one resource */

/* JSON-RPC's own codes, and those that the protocol adds. */
enum mcp_code {
	MCP_PARSE_ERROR = -32700,
	MCP_INVALID_REQUEST = -32600,
	MCP_METHOD_NOT_FOUND = -32601,
	MCP_INVALID_PARAMS = -32602,
	MCP_INTERNAL_ERROR = -32603,
	MCP_RESOURCE_NOT_FOUND = -32002,  /* until 2025-11-25 */
	MCP_UNSUPPORTED_VERSION = -32022, /* since 2026-07-28 */
};

/* What a client may do here; each includes those before it. */
enum mcp_tier { MCP_READ, MCP_WRITE, MCP_SPAWN };

struct mcp_version {
	const char *name;
	bool has_batches;     /* arrays of messages */
	bool has_annotations; /* of tools */
	bool has_structured;  /* structuredContent, outputSchema, titles */
	bool has_no_id;       /* an error that belongs to no request has no id, not null */
	bool is_stateless;    /* every request says its version; no handshake */
};

struct mcp;
struct job;
struct mcp_tool;
struct mcp_batch;

/* What a request of ours became; exactly one of @result (borrowed) and @f is set. */
typedef void mcp_done_fn(struct job *job, json_t *result, const struct fail *f);

/*
 * A request of the client that waits for the daemon.  It is over when it was
 * answered or cancelled, and goes when also nothing of it is under way.
 */
struct job {
	struct list link; /* mcp.calls */
	struct mcp *m;
	json_t *id;
	const struct mcp_version *version;
	struct mcp_batch *batch; /* NULL: answered by itself */
	bool is_over;
	unsigned n_asked; /* requests to the daemon that are under way */
	struct list asks; /* these */

	json_t *token; /* for progress; NULL none */
	uint64_t started_ns, next_progress_ns;
	uint64_t deadline_ns; /* of tools that wait; 0 none */

	json_t *params; /* keeps alive what args borrow */
	const struct mcp_tool *tool;
	struct rpc_args args;
	mcp_done_fn *wait_done; /* mcp_wait() */
	json_t *wait_params;
	json_t *pane; /* what the daemon said of it last, or NULL */
	char *name;   /* of the pane that it is about, for progress; NULL none */
	void *state;  /* the tool's own, from mem_alloc() */
};

struct mcp_options {
	enum mcp_tier tier;
	const char *session;         /* where new panes go */
	const char *version;         /* ours */
	const char *shell;           /* NULL: chosen */
	const struct places *places; /* NULL: resolved when first needed */
};

struct mcp {
	struct mcp_options options;
	int in, out;
	bool is_eof;
	struct rpc_framer framer;
	struct buf queue; /* to out */

	const struct mcp_version *version; /* of the handshake; NULL before it */
	int log_level;                     /* logging/setLevel: 0 emergency .. 7 debug; -1 none */
	struct list calls;
	unsigned n_calls;

	struct client *client; /* NULL: not connected */
	struct places places;
	struct list watches; /* resource.c */
	unsigned n_watches;
	bool has_events, wants_list_changes; /* events.subscribe was sent; somebody listens */
	bool is_list_changed;
	uint64_t next_list_ns; /* when that may be told */
};

/* ---- main loop (loop.c) ---- */
void mcp_init(struct mcp *m, const struct mcp_options *options, int in, int out);
void mcp_fini(struct mcp *m);
/* Until stdin ends or stdout cannot be written. */
void mcp_serve(struct mcp *m);
_Noreturn void mcp_die(const char *why);
/* Connected to the daemon; else a failure. */
NODISCARD int mcp_connect(struct mcp *m, struct fail *reterr);

/* ---- wire.c ---- */
/* Read what there is and handle every whole line. */
void wire_read(struct mcp *m);
/* Write what can be written without waiting; false: nobody reads any more. */
bool wire_write(struct mcp *m);
/* Queue one message; the reference is taken. */
void wire_send(struct mcp *m, json_t *message);
void wire_notify(struct mcp *m, const char *method, json_t *params);

/* ---- protocol.c ---- */
/* One line: a message or a batch. */
void protocol_line(struct mcp *m, const char *p, size_t n);
/* The same for one that was too long. */
void protocol_oversized(struct mcp *m);
const struct mcp_version *protocol_version(const char *name);

/* ---- job.c  ---- */
/* json_pack() that dies out of memory.  Text must be UTF-8 (text_json()). */
json_t *mcp_pack(const char *fmt, ...);
/* Answer; @result is taken.  A call that is over is left alone. */
void job_answer(struct job *job, json_t *result);
void job_refuse(struct job *job, int code, json_t *data, const char *fmt, ...) PRINTF_LIKE(4, 5);
/* Ask the daemon; @params taken.  @done is not called for a call that is over. */
void job_ask(struct job *job, const char *method, json_t *params, mcp_done_fn *done);
/* pane.wait, in slices until the call's deadline; @params taken.  @done gets the
 * last answer. */
void job_wait(struct job *job, json_t *params, mcp_done_fn *done);
void job_free(struct job *job);
/* Free @call if it is over and nothing of it is under way. */
void job_settle(struct job *job);
void job_cancel(struct job *job);
/* Notifications that are due; ms until the next, -1 none. */
int job_progress(struct mcp *m);

/* ---- tool.c ---- */
json_t *tool_list(const struct mcp *m, const struct mcp_version *v);
void tool_call(struct job *job);
/* The answer of a tool: text for the model and the same for programs.  Both taken;
 * @structured NULL: none. */
void tool_answer(struct job *job, struct buf *text, json_t *structured);
/* An error that the model is told of. */
void tool_fail(struct job *job, const struct fail *f);
void tool_failf(struct job *job, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* A member of what a tool answers. */
struct mcp_field {
	const char *name, *type; /* JSON Schema's; "object" may have anything in it */
	bool is_optional;
	const char *doc;
};

struct mcp_tool {
	const char *name, *title;
	enum mcp_tier tier;
	const char *doc; /* for a model */
	const struct rpc_param *params;
	size_t n_params;
	const struct mcp_field *fields;
	size_t n_fields;
	bool is_read_only, is_destructive, is_idempotent, is_open;
	void (*start)(struct job *job);
};

extern const struct mcp_tool tool_run, tool_wait, tool_read, tool_search, tool_send,
	tool_list_panes, tool_create_pane, tool_close_pane;

/* ---- resource.c ---- */
void resource_list(struct job *job);
void resource_templates(struct job *job);
void resource_read(struct job *job);
void resource_subscribe(struct job *job);
void resource_unsubscribe(struct job *job);
/* subscriptions/listen: stays open until cancelled. */
void resource_listen(struct job *job);
/* The call that listened is cancelled. */
void resource_unlisten(struct job *job);
void resource_fini(struct mcp *m);
/* Something of @pane changed. */
void resource_touch(struct mcp *m, const char *pane);
void resource_list_changed(struct mcp *m);
/* Notifications that are due; ms until the next, -1 none. */
int resource_updates(struct mcp *m);
/* The connection to the daemon is new. */
void resource_reconnected(struct mcp *m);

#endif
