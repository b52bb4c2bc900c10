/*
 * Structured log: one line a record, `time level program[pid] message ...`; write
 * the message as `module: what key=value ...`, control characters become `?`.
 * Never terminal contents, never what a user typed.  Goes to a file with
 * rotation (size, one older generation kept) or to stderr.  Not thread-safe by
 * itself: worker threads report through the loop.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/defs.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* @path NULL: stderr.  @max_bytes 0: no rotation.  On failure (-errno) the log
 * goes to stderr.  Nothing here allocates. */
NODISCARD int log_open(const char *path, size_t max_bytes, const char *program);
void log_close(void);
void log_set_level(enum log_level level);
/* LOG_LEVEL_* for "error", "warn", "info", "debug"; -EINVAL else. */
NODISCARD int log_parse_level(const char *s);

void log_record(enum log_level level, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* As log_record(), followed by the hops of the fault that is being stopped
 * here (err.h), which it clears. */
void log_fault(int r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* NOLINTBEGIN(readability-identifier-naming): they are called like functions */
#define log_error(...) log_record(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_record(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_record(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_record(LOG_LEVEL_DEBUG, __VA_ARGS__)
/* NOLINTEND(readability-identifier-naming) */

#endif
