/* Parameter tables as OpenRPC (https://spec.open-rpc.org), for rpc.discover. */
#ifndef RPC_DESCRIBE_H
#define RPC_DESCRIBE_H

#include "rpc/param.h"
#include "rpc/writer.h"

/* One value: a Content Descriptor {"name","summary","required"?,"schema"}. The
 * schema is JSON Schema; a unit is "x-unit".  What it allows is what
 * rpc_args_check() accepts in JSON, except that a length in bytes is given as one
 * in characters. */
void rpc_param_schema(struct rpc_writer *w, const struct rpc_param *p);

#endif
