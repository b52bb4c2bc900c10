/* COUNT errors built, and every tenth written as the answer that a client gets: ns for each, as
 * JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "rpc/envelope.h"

int main(int argc, char **argv)
{
	unsigned n = argc == 2 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
	json_t *id = json_integer(7);
	struct buf out = BUF_INIT;
	struct fail f;
	uint64_t start = clock_mono_ns(), built, written;

	for (unsigned i = 0; i < n; i++)
		(void)fail_setf(&f, FAIL_PANE_NOT_FOUND, "p7", "no pane p%u", i);
	built = clock_mono_ns() - start;
	start = clock_mono_ns();
	for (unsigned i = 0; i < n / 10; i++) {
		struct rpc_writer w;

		buf_clear(&out);
		rpc_writer_init(&w, RPC_JSON, &out);
		rpc_error(&w, id, &f);
	}
	written = clock_mono_ns() - start;
	printf("{\"built_us\":%.1f,\"written_us\":%.1f}\n", (double)built / 1e3,
	       (double)written / 1e3);
	buf_fini(&out);
	json_decref(id);
	return EXIT_SUCCESS;
}
