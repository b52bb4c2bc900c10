#include "api/pane_stats.h"

#include <stdlib.h>
#include <string.h>

#include "api/records.h"
#include "base/mem.h"

static int compare(const void *a, const void *b)
{
	const struct pane_usage *x = a, *y = b;

	return x->pane < y->pane ? -1 : x->pane > y->pane;
}

static size_t merge(struct pane_usage *all, size_t n)
{
	size_t n_merged = 0;

	for (size_t i = 0; i < n; i++) {
		if (n_merged == 0 || all[n_merged - 1].pane != all[i].pane) {
			all[n_merged++] = all[i];
			continue;
		}
		all[n_merged - 1].n += all[i].n;
		all[n_merged - 1].cpu_ms += all[i].cpu_ms;
		all[n_merged - 1].rss_bytes += all[i].rss_bytes;
	}
	return n_merged;
}

struct pane_usage *pane_usage_gather(const struct core_process *ps, size_t n, size_t *ret_n)
{
	struct pane_usage *all = mem_zalloc(n + 1, sizeof *all);

	if (!all)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		all[i] = (struct pane_usage){
			.pane = ps[i].pane,
			.n = 1,
			.cpu_ms = ps[i].cpu_ms + ps[i].ended_cpu_ms,
			.rss_bytes = ps[i].rss_bytes,
		};
	}
	qsort(all, n, sizeof *all, compare);
	*ret_n = merge(all, n);
	return all;
}

#define N_VALUES 8

struct value {
	const char *name;   /* in JSON */
	const char *family; /* orchflow_pane_..., NULL: not told to Prometheus */
	const char *type, *doc;
	uint64_t value;
};

static void take(const struct pane *p, const struct pane_usage *all, size_t n, struct value *ret)
{
	const struct pane_usage none = { 0 }, key = { .pane = pane_number(p) };
	const struct pane_usage *u = n ? bsearch(&key, all, n, sizeof *all, compare) : NULL;
	struct pane_stats s;

	pane_get_stats(p, &s);
	u = u ? u : &none;
	const struct value rows[N_VALUES] = {
		{ "output_bytes", "output_bytes_total", "counter", "Bytes that the pane printed",
		  s.output_bytes },
		{ "output_bytes_per_s", NULL, NULL, NULL, s.bytes_per_s },
		{ "input_bytes", "input_bytes_total", "counter", "Bytes that its terminal took",
		  s.input_bytes },
		{ "screen_bytes", "screen_bytes", "gauge", "Memory of its screens",
		  s.screen_bytes },
		{ "history_bytes", "history_bytes", "gauge", "Memory of its history",
		  s.history_bytes },
		{ "processes", "processes", "gauge", "Processes in it", u->n },
		{ "cpu_ms", "cpu_seconds_total", "counter",
		  "Processor time of its processes and their children", u->cpu_ms },
		{ "rss_bytes", "resident_bytes", "gauge", "Resident memory of its processes",
		  u->rss_bytes },
	};

	memcpy(ret, rows, sizeof rows);
}

static void put_members(struct rpc_writer *w, const struct pane *p, const struct pane_usage *all,
			size_t n)
{
	struct value values[N_VALUES];

	take(p, all, n, values);
	for (size_t i = 0; i < N_VALUES; i++)
		rpc_kv_uint(w, values[i].name, values[i].value);
}

void record_pane_stats(struct rpc_writer *w, const struct pane *p, const struct pane_usage *all,
		       size_t n)
{
	rpc_map_begin(w);
	put_members(w, p, all, n);
	rpc_map_end(w);
}

void pane_stats_write(struct rpc_writer *w, struct core *core, const struct pane_usage *all,
		      size_t n)
{
	rpc_array_begin(w);
	for (const struct pane *p = core_pane_next(core, 0); p;
	     p = core_pane_next(core, pane_number(p))) {
		rpc_map_begin(w);
		rpc_key(w, "pane");
		record_id(w, 'p', pane_number(p));
		put_members(w, p, all, n);
		rpc_map_end(w);
	}
	rpc_array_end(w);
}

static void text_value(struct buf *out, const struct pane *p, const struct value *v)
{
	buf_printf(out, "orchflow_pane_%s{pane=\"p%llu\"} ", v->family,
		   (unsigned long long)pane_number(p));
	if (strcmp(v->name, "cpu_ms") == 0) {
		buf_printf(out, "%.3f\n", (double)v->value / 1000);
	} else {
		buf_printf(out, "%llu\n", (unsigned long long)v->value);
	}
}

/* A family's samples stand together. */
void pane_stats_text(struct buf *out, struct core *core, const struct pane_usage *all, size_t n)
{
	for (size_t i = 0; i < N_VALUES; i++) {
		bool has_head = false;

		for (const struct pane *p = core_pane_next(core, 0); p;
		     p = core_pane_next(core, pane_number(p))) {
			struct value values[N_VALUES];

			take(p, all, n, values);
			if (!values[i].family)
				break;
			if (!has_head) {
				buf_printf(out,
					   "# HELP orchflow_pane_%s %s.\n# TYPE orchflow_pane_%s "
					   "%s\n",
					   values[i].family, values[i].doc, values[i].family,
					   values[i].type);
				has_head = true;
			}
			text_value(out, p, &values[i]);
		}
	}
}
