/* What is counted, as JSON and as Prometheus text (exposition format 0.0.4). */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include "api/server.h"

/* The members counters, gauges, memory, stages, methods. */
void metrics_write(struct rpc_writer *w, const struct api_server *s, const struct core *core);
void metrics_text(struct buf *out, const struct api_server *s, const struct core *core);

#endif
