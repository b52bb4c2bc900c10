/* One search through a history of 10,000 lines that does not hold what is looked for. */
#include <zstd.h>

#include "guard.h"
#include "search/scan.h"
#include "vt/vt.h"

#define LINES 10000u

static size_t squeeze(void *user, const void *src, size_t n, void *dst, size_t size)
{
	size_t r = ZSTD_compress(dst, size, src, n, 1);

	(void)user;
	return ZSTD_isError(r) ? 0 : r;
}

static bool expand(void *user, const void *src, size_t n, void *dst, size_t size)
{
	(void)user;
	return ZSTD_decompress(dst, size, src, n) == size;
}

static const struct vt_compress squeezer = { NULL, squeeze, expand };

static struct vt *filled(bool is_cold)
{
	const struct vt_opts opts = { .compress = &squeezer };
	struct vt *vt = vt_new(150, 50, &opts, NULL, NULL);
	char line[128];

	guard_expect(vt, "no terminal");
	for (unsigned i = 0; i < LINES; i++) {
		int n = snprintf(line, sizeof(line),
				 "2026-11-23 12:%02u:%02u service[%u]: request %08x took %u ms, "
				 "all is "
				 "well\r\n",
				 i / 60 % 60, i % 60, i % 97, i * 2654435761u, i % 1000);

		vt_feed(vt, line, (size_t)n);
	}
	while (is_cold && vt_idle(vt))
		;
	return vt;
}

static void search(unsigned n, bool is_cold, const char *text, bool is_regex)
{
	const struct search_pattern_spec spec = { .text = text, .is_regex = is_regex };
	const struct search_limits limits = { .max_matches = 10, .max_text = 1000 };
	struct vt *vt = filled(is_cold);
	struct search_source source = { .history = history_share_new(vt),
					.first_row = vt_lines_pushed(vt) };
	struct search_worker w = { .reader = { .compress = &squeezer } };
	struct search_pattern *p = NULL;
	struct fail f;

	guard_expect(search_pattern_new(&spec, &p, &f) == 0, "no pattern");
	w.pattern = p;
	w.matcher = search_matcher_new(p);
	guard_expect(w.matcher && source.history, "no memory");
	for (unsigned i = 0; i < n; i++) {
		struct search_result r = { 0 };

		guard_expect(search_scan(&w, &source, &limits, &r) == 0, "it failed");
		guard_expect(r.n_matches == 0, "it found what is not there");
		search_result_fini(&r);
	}
	history_reader_fini(&w.reader);
	history_share_free(source.history);
	search_matcher_free(w.matcher);
	search_pattern_free(p);
	vt_free(vt);
}

static void search_literal(unsigned n)
{
	search(n, false, "connection refused", false);
}

static void search_cold(unsigned n)
{
	search(n, true, "connection refused", false);
}

static void search_regex(unsigned n)
{
	search(n, false, "[0-9]{5,} (err|fail)", true);
}

int main(int argc, char **argv)
{
	static const struct guard_workload workloads[] = { { "search_literal", search_literal },
							   { "search_cold", search_cold },
							   { "search_regex", search_regex } };

	return guard_main(argc, argv, workloads, ARRAY_LEN(workloads));
}
