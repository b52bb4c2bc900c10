/*
 * Workloads for tools/check-baseline: WORKLOAD COUNT does something COUNT times
 * and nothing else, so that the instructions of two counts, subtracted, are
 * those of the operations alone.  Their time means nothing.
 */
#ifndef BENCH_GUARD_H
#define BENCH_GUARD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/defs.h"

struct guard_workload {
	const char *name;
	void (*run)(unsigned n);
};

static inline int guard_main(int argc, char **argv, const struct guard_workload *w, size_t n)
{
	for (size_t i = 0; i < n && argc == 3; i++) {
		if (strcmp(argv[1], w[i].name) == 0) {
			w[i].run((unsigned)strtoul(argv[2], NULL, 10));
			return 0;
		}
	}
	for (size_t i = 0; i < n; i++)
		fprintf(stderr, "%s %s COUNT\n", argv[0], w[i].name);
	return 2;
}

/* What has to be true for the figure to mean anything. */
static inline void guard_expect(bool is_so, const char *what)
{
	if (is_so)
		return;
	fprintf(stderr, "guard: %s\n", what);
	exit(EXIT_FAILURE);
}

#endif
