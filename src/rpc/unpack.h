/* MessagePack to a jansson tree.  Internal to rpc: value.c is the door. */
#ifndef RPC_UNPACK_H
#define RPC_UNPACK_H

#include "rpc/value.h"

/* As rpc_value_parse(). */
NODISCARD int rpc_unpack(const char *p, size_t n, json_t **ret, struct fail *reterr);

#endif
