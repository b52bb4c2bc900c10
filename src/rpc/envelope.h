/*
 * JSON-RPC 2.0 envelope, both directions (https://www.jsonrpc.org/specification).
 */
#ifndef RPC_ENVELOPE_H
#define RPC_ENVELOPE_H

#include "base/fail.h"
#include "rpc/value.h"
#include "rpc/writer.h"

/* A request's id is echoed and kept while it is under way, so it is bounded. */
#define RPC_MAX_ID 256 /* bytes of a string id */

/* One call out of a message.  Borrowed from the parsed tree. */
struct rpc_request {
	const char *method;
	json_t *params; /* object or array; NULL if absent */
	json_t *id;     /* string, number or null; NULL for a notification */
};

/* Check one element.  FAIL_E_FAILED with INVALID_REQUEST; @ret->id is then the
 * id if it could be read, else NULL (answer with null).  Batches are the
 * caller's: it hands in the elements. */
NODISCARD int rpc_request_check(json_t *v, struct rpc_request *ret, struct fail *reterr);

/* {"jsonrpc":"2.0","id":ID,"result": ... the caller writes one value ... } */
void rpc_result_begin(struct rpc_writer *w, const json_t *id);
void rpc_result_end(struct rpc_writer *w);
/* error object:
 * {"code","message","data":{"name","category","severity","retryable","ref"?,"detail"?,"hint"?}};
 * message is "text: detail". @id NULL: null.  Allocates nothing but room in the
 * buffer: RPC_MAX_ERROR bytes reserved before are enough. */
#define RPC_MAX_ERROR (4096 + 6 * RPC_MAX_ID)
void rpc_error(struct rpc_writer *w, const json_t *id, const struct fail *f);
/* {"jsonrpc":"2.0","method":METHOD,"params": ... one value ... } */
void rpc_notify_begin(struct rpc_writer *w, const char *method);
void rpc_notify_end(struct rpc_writer *w);

/* Client side: {"jsonrpc":"2.0","id":N,"method":...,"params": ... one value ... } */
void rpc_call_begin(struct rpc_writer *w, uint64_t id, const char *method);
void rpc_call_end(struct rpc_writer *w);

#endif
