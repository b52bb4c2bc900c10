/* The method table as an OpenRPC document (https://spec.open-rpc.org, 1.3.2). */
#ifndef API_DISCOVER_H
#define API_DISCOVER_H

#include "rpc/writer.h"

void discover_write(struct rpc_writer *w);

#endif
