/* Envelope and versions: what protocol.c gives to the files that answer. */
#ifndef MCP_PROTOCOL_H
#define MCP_PROTOCOL_H

#include "mcp/mcp.h"

/* An answer; @message is taken, NULL: there is none (cancelled).  In a batch it waits for the
 * others. */
void protocol_send(struct mcp *m, struct mcp_batch *batch, json_t *message);
/* @id is taken, NULL: it could not be read.  @data is taken, NULL none. */
json_t *protocol_error(json_t *id, int code, const char *text, json_t *data);
/* What every result of a stateless version has. */
void protocol_seal(const struct mcp *m, json_t *result);

#endif
