/*
 * Probes for tracers (perf, bpftrace, SystemTap): USDT, where sys/sdt.h was there
 * to build with; else nothing.  Not traced, one costs a nop.  docs/performance.md
 * lists them with their arguments.
 */
#ifndef BASE_PROBE_H
#define BASE_PROBE_H

#if __has_include(<sys/sdt.h>)
#include <sys/sdt.h>
#define PROBE2(name, a, b) DTRACE_PROBE2(orchflow, name, a, b)
#define PROBE3(name, a, b, c) DTRACE_PROBE3(orchflow, name, a, b, c)
#else
/* The arguments count as used. */
#define PROBE2(name, a, b) ((void)(a), (void)(b))
#define PROBE3(name, a, b, c) ((void)(a), (void)(b), (void)(c))
#endif

#endif
