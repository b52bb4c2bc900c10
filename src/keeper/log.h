/*
 * The keeper's log: a file of bounded size, or stderr.  One line a record,
 * written by one write(); nothing is allocated.
 */
#ifndef KEEPER_LOG_H
#define KEEPER_LOG_H

#include "base/defs.h"

#define LOG_MAX_BYTES (1u << 20) /* then it becomes keeper.log.1 */

/* @path NULL: stderr.  -errno: the log stays on stderr. */
NODISCARD int klog_open(const char *path);
void klog(const char *fmt, ...) PRINTF_LIKE(1, 2);

#endif
