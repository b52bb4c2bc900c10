/* A chunk of output from read to subscriber, and a snapshot: the core behind the keeper of its
 * tests, with real pseudo terminals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <unistd.h>

#include "core/fake_keeper.h"
#include "core/search.h"
#include "guard.h"

#define CHUNK 1000 /* bytes; a pseudo terminal takes so many at once */

static enum core_push on_push(struct core_chunk *chunk, void *user)
{
	*(uint64_t *)user = chunk->bytes.to;
	return CORE_PUSH_OK;
}

static void on_resync(uint64_t pane, enum core_stream s, uint64_t from, uint64_t to, void *user)
{
	(void)pane;
	(void)s;
	(void)from;
	(void)to;
	(void)user;
	guard_expect(false, "output was lost");
}

static void on_gone(uint64_t id, void *user)
{
	(void)id;
	(void)user;
}

static void chunk(unsigned n)
{
	static const struct core_sub_ops ops = { on_push, NULL, on_resync, on_gone };
	uint64_t seen = 0, id, seq, sent = 0;
	struct core_sub_spec sub = { .ops = &ops, .user = &seen, .wants_out = true };
	struct pane_spec spec = fake_spec();
	struct fake_created created = { 0 };
	struct fake_keeper k;
	struct fail f;
	struct pane *p;
	char text[CHUNK];

	for (size_t i = 0; i < CHUNK; i++)
		text[i] = (char)(i % 80 == 79 ? '\r' : 'a' + i % 26);
	fake_keeper_init(&k);
	fake_keeper_start(&k, NULL);
	p = fake_create(&k, &spec, &created);
	guard_expect(p && core_subscribe(p, &sub, &id, &seq, &f) == 0, "no subscription");
	for (unsigned i = 0; i < n; i++) {
		sent += CHUNK;
		guard_expect(write(fake_pane_of(&k, pane_number(p))->slave, text, CHUNK) == CHUNK,
			     "the terminal is full");
		while (seen < sent)
			(void)uv_run(&k.loop, UV_RUN_ONCE);
	}
	fake_keeper_fini(&k);
}

static void snapshot(unsigned n)
{
	struct pane_spec spec = fake_spec();
	struct fake_created created = { 0 };
	struct core_snapshot what = { .format = SNAPSHOT_TEXT };
	struct core_snapshot_info info;
	struct fake_keeper k;
	struct fail f;
	struct pane *p;

	fake_keeper_init(&k);
	fake_keeper_start(&k, NULL);
	p = fake_create(&k, &spec, &created);
	guard_expect(p, "no pane");
	for (int i = 0; i < 30; i++) {
		fake_print(&k, p,
			   "\033[32mcolumn one\033[m  column two  \033[1mcolumn three\033[m\r\n");
	}
	for (unsigned i = 0; i < n; i++) {
		struct buf out = BUF_INIT;

		guard_expect(core_pane_snapshot(p, &what, &out, &info, &f) == 0 &&
				     buf_len(&out) > 100,
			     "no snapshot");
		buf_fini(&out);
	}
	fake_keeper_fini(&k);
}

static void on_searched(const struct core_search_result *r, const struct fail *f, void *user)
{
	guard_expect(r && !f && r->n_found == 1, "not found");
	*(bool *)user = true;
}

/* A literal among 1,000 lines. */
static void search(unsigned n)
{
	struct core_search_spec what = { .pattern = { .text = "line 777 of" },
					 .since_us = -1,
					 .until_us = -1,
					 .limit = 10,
					 .max_text = 200,
					 .timeout_ms = 60000 };
	struct pane_spec spec = fake_spec();
	struct fake_created created = { 0 };
	struct fake_keeper k;
	struct pane *p;

	fake_keeper_init(&k);
	fake_keeper_start(&k, NULL);
	p = fake_create(&k, &spec, &created);
	guard_expect(p, "no pane");
	for (int i = 0; i < 1000; i++) {
		char line[80];

		(void)snprintf(line, sizeof(line), "this is line %d of what is looked at\r\n", i);
		fake_print(&k, p, line);
	}
	for (unsigned i = 0; i < n; i++) {
		bool is_done = false;
		uint64_t id;

		core_search(k.core, &what, on_searched, &is_done, &id);
		while (!is_done)
			(void)uv_run(&k.loop, UV_RUN_ONCE);
	}
	fake_keeper_fini(&k);
}

int main(int argc, char **argv)
{
	static const struct guard_workload workloads[] = { { "chunk", chunk },
							   { "snapshot", snapshot },
							   { "search", search } };

	return guard_main(argc, argv, workloads, ARRAY_LEN(workloads));
}
