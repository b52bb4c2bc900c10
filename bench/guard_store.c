/* Key-value: a durable set, a get from the cache, a get from the database. */
#include <poll.h>
#include <unistd.h>

#include "guard.h"
#include "store/kv.h"

struct answers {
	unsigned n;
};

static void on_batch(const struct kv_result *results, size_t n, const struct fail *f, void *user)
{
	(void)n;
	guard_expect(results && !f, "a set failed");
	((struct answers *)user)->n++;
}

static void on_entry(const struct kv_entry *e, const struct fail *f, void *user)
{
	guard_expect(e && !f, "a get failed");
	((struct answers *)user)->n++;
}

static void wait_for(struct store *s, const struct answers *a, unsigned n)
{
	while (a->n < n) {
		struct pollfd p = { .fd = store_fd(s), .events = POLLIN };

		(void)poll(&p, 1, -1);
		store_dispatch(s);
	}
}

/* @n sets one after the other, then @n_gets of the same key. */
static void work(unsigned n, unsigned n_gets)
{
	char dir[] = "/tmp/orchflow-guard-XXXXXX", command[64];
	struct kv_op op = { .verb = KV_SET, .key = "key", .value = { "some value", 10 } };
	struct store_opened opened;
	struct store_opts opts;
	struct answers a = { 0 };
	struct store *s;

	guard_expect(mkdtemp(dir), "no directory");
	store_opts_init(&opts);
	guard_expect(store_open(dir, &opts, &s, &opened) == 0, "no store");
	for (unsigned i = 0; i < n; i++) {
		store_kv_batch(s, KV_DEFAULT, &op, 1, on_batch, &a);
		wait_for(s, &a, i + 1);
	}
	for (unsigned i = 0; i < n_gets; i++) {
		store_kv_get(s, KV_DEFAULT, "key", on_entry, &a);
		wait_for(s, &a, n + i + 1);
	}
	store_close(s);
	(void)snprintf(command, sizeof(command), "rm -rf %s", dir);
	guard_expect(system(command) == 0, "the directory stays");
}

static void kv_set(unsigned n)
{
	work(n, 0);
}

static void kv_get(unsigned n)
{
	work(1, n);
}

int main(int argc, char **argv)
{
	static const struct guard_workload workloads[] = { { "kv_set", kv_set },
							   { "kv_get", kv_get } };

	return guard_main(argc, argv, workloads, ARRAY_LEN(workloads));
}
