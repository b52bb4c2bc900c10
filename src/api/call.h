/*
 * One call under way: from the request to its answer.
 *
 * The dispatcher makes it on its stack; a handler answers it once, or makes it
 * live on with api_call_defer() and answers that from a callback of the core.
 * Answering ends the call: the pointer is dead afterwards.  If the client goes
 * meanwhile, the answer goes nowhere, and nobody else need care.
 *
 *   handler ── api_call_result_begin/_end ──► answered
 *      │  └─── api_call_fail ───────────────► answered
 *      └── api_call_defer ──► (heap) ── the same two, later
 *
 * Between result_begin and result_end nothing may be called that could answer
 * another call: read from the core, do not command it.
 */
#ifndef API_CALL_H
#define API_CALL_H

#include <jansson.h>

#include "base/fail.h"
#include "base/list.h"
#include "rpc/param.h"
#include "rpc/writer.h"

struct api_batch;
struct api_method;
struct api_server;
struct client;
struct core;

/* Deferred calls of one client; beyond it LIMIT_PENDING. */
#define API_MAX_PENDING 1024u

struct api_call {
	struct api_server *server;
	struct client *client;           /* NULL: it went, or is on its way out */
	const struct api_method *method; /* NULL: not known (yet) */
	size_t index;                    /* of the method in the table */
	struct rpc_args args;            /* valid until the handler returns, not in callbacks */
	json_t *id;                      /* NULL: a notification; held once deferred */
	struct api_batch *batch;         /* the answer is one of several; NULL: alone */
	uint64_t started_ns;
	struct list link; /* client's or server's list of deferred calls */
	uint64_t wait;    /* core_wait() to cancel when the client goes; 0 none */
	uint64_t run;     /* core_run() to forsake likewise */
	uint64_t search;  /* core_search() to cancel likewise; 0 none */
	uint64_t number;  /* the handler's own: a pane's number, a flag */
	void *extra;      /* the handler's own: freed with the deferred call */
	bool is_deferred;
	bool is_answered; /* on the dispatcher's stack only */
};

/* NULL: refused (LIMIT_PENDING, NO_MEMORY) and answered so. */
NODISCARD struct api_call *api_call_defer(struct api_call *call);

/* Write exactly one value. */
struct rpc_writer *api_call_result_begin(struct api_call *call);
void api_call_result_end(struct api_call *call);
/* The same for an object: its members come next, then rpc_map_end() and result_end.  NULL: the
 * call is answered with @f instead, which the core may hand to a callback. */
struct rpc_writer *api_call_object_begin(struct api_call *call, const struct fail *f);
void api_call_result_empty(struct api_call *call); /* {} */
void api_call_fail(struct api_call *call, const struct fail *f);

/* @r as the core answered: 0 is for the caller; else @call is answered (with @f, or
 * with what a fault means to a client) and true says so. */
NODISCARD bool api_call_failed(struct api_call *call, int r, const struct fail *f);

struct core *api_call_core(const struct api_call *call);

/* The answers of one batch, sent together when the last is there. */
struct api_batch *api_batch_new(struct client *client);
/* One more answer is to come. */
void api_batch_join(struct api_batch *b);
/* The dispatcher has made all calls of it. */
void api_batch_close(struct api_batch *b);

/* The client went: nobody is to be answered. */
void api_calls_abandon(struct client *client);
/* Calls that the core will never answer, it being gone. */
void api_calls_drop(struct api_server *server);

/* The answer to what was no proper call: @id NULL: null. */
void api_answer_error(struct client *client, struct api_batch *batch, json_t *id,
		      const struct fail *f);

#endif
