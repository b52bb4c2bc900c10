#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "store/rig.h"

/* What was answered last, as text. */
static char said[8192];

static void say(struct rig *r, const struct fail *f, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void say(struct rig *r, const struct fail *f, const char *fmt, ...)
{
	size_t n = strlen(said);
	va_list args;

	va_start(args, fmt);
	vsnprintf(said + n, sizeof said - n, fmt, args);
	va_end(args);
	if (f) {
		n = strlen(said);
		snprintf(said + n, sizeof said - n, "%s", fail_kind(f->code)->name);
	}
	rig_done(f, r);
}

static void begin(struct rig *r)
{
	said[0] = 0;
	r->n_answers = 0;
}

static void on_batch(const struct kv_result *results, size_t n, const struct fail *f, void *user)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(said);

		snprintf(said + at, sizeof said - at, "%s%.*s;", results[i].was_there ? "+" : "-",
			 (int)results[i].entry.value.n, (const char *)results[i].entry.value.p);
	}
	say(user, f, "%s", "");
}

static const char *batch(struct rig *r, const char *ns, const struct kv_op *ops, size_t n)
{
	begin(r);
	store_kv_batch(r->store, ns, ops, n, on_batch, r);
	rig_wait(r, 1);
	return said;
}

static struct kv_op set(const char *key, const char *value)
{
	return (struct kv_op){ .verb = KV_SET, .key = key, .value = { value, strlen(value) } };
}

static struct kv_op get(const char *key)
{
	return (struct kv_op){ .verb = KV_GET, .key = key };
}

static struct kv_op del(const char *key)
{
	return (struct kv_op){ .verb = KV_DELETE, .key = key };
}

static void put(struct rig *r, const char *ns, const char *key, const char *value)
{
	struct kv_op op = set(key, value);

	(void)batch(r, ns, &op, 1);
	assert_int_equal(r->fail.code, FAIL_NONE);
}

static void on_list(const struct kv_entry *e, size_t n, bool has_more, const struct fail *f,
		    void *user)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(said);

		snprintf(said + at, sizeof said - at, "%s ", e[i].key);
	}
	say(user, f, "%s", has_more ? "..." : "");
}

static const char *list(struct rig *r, const char *ns, const char *prefix, const char *after,
			uint32_t max)
{
	struct kv_list l = { .prefix = prefix, .after = after, .max = max };

	begin(r);
	store_kv_list(r->store, ns, &l, on_list, r);
	rig_wait(r, 1);
	return said;
}

static void on_count(uint64_t n, const struct fail *f, void *user)
{
	say(user, f, "%d", (int)n);
}

static const char *count(struct rig *r, const char *ns, const char *prefix)
{
	begin(r);
	store_kv_count(r->store, ns, prefix, on_count, r);
	rig_wait(r, 1);
	return said;
}

static const char *clear(struct rig *r, const char *ns, const char *prefix)
{
	begin(r);
	store_kv_clear(r->store, ns, prefix, on_count, r);
	rig_wait(r, 1);
	return said;
}

static void any_bytes_come_back(void **state)
{
	struct rig *r = *state;
	char bytes[256];
	struct kv_op ops[3] = { { .verb = KV_SET, .key = "k", .value = { bytes, 256 } },
				set("empty", ""),
				get("k") };
	struct kv_entry e;

	for (int i = 0; i < 256; i++)
		bytes[i] = (char)i;
	(void)batch(r, "n", ops, 3);
	assert_true(store_kv_peek(r->store, "n", "k", &e));
	assert_int_equal(e.value.n, 256);
	assert_memory_equal(e.value.p, bytes, 256);
	assert_true(store_kv_peek(r->store, "n", "empty", &e));
	assert_int_equal(e.value.n, 0);
	rig_close(r);
	rig_open(r);
	assert_false(store_kv_peek(r->store, "n", "k", &e));
	assert_string_equal(batch(r, "n", &ops[2], 1), "+;"); /* it begins with a NUL */
}

static void keys_are_ordered_by_their_bytes_and_paged(void **state)
{
	struct rig *r = *state;
	const char *keys[] = { "b", "a", "a/2", "a/10", "a%", "a_", "aé", "a\x7f", "B" };

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		put(r, "n", keys[i], "v");
	assert_string_equal(list(r, "n", "", NULL, 100), "B a a% a/10 a/2 a_ a\x7f aé b ");
	assert_string_equal(list(r, "n", "a/", NULL, 100), "a/10 a/2 ");
	assert_string_equal(list(r, "n", "a%", NULL, 100), "a% ");
	assert_string_equal(list(r, "n", "a_", NULL, 100), "a_ ");
	assert_string_equal(list(r, "n", "", NULL, 2), "B a ...");
	assert_string_equal(list(r, "n", "", "a", 2), "a% a/10 ...");
	assert_string_equal(list(r, "n", "a/", "a", 2), "a/10 a/2 ");
	assert_string_equal(list(r, "n", "", "aé", 2), "b ");
	assert_string_equal(list(r, "n", "x", NULL, 2), "");
	assert_string_equal(count(r, "n", ""), "9");
	assert_string_equal(count(r, "n", "a"), "7");
	assert_string_equal(count(r, "n", "a_"), "1");
	assert_string_equal(clear(r, "n", "a/"), "2");
	assert_string_equal(count(r, "n", ""), "7");
	assert_string_equal(clear(r, "n", ""), "7");
	assert_string_equal(list(r, "n", "", NULL, 100), "");
}

static void namespaces_are_apart_and_made_by_the_first_set(void **state)
{
	struct rig *r = *state;
	struct kv_op g = get("k"), d = del("k");

	assert_string_equal(list(r, KV_DEFAULT, "", NULL, 9), "");
	assert_string_equal(list(r, "x", "", NULL, 9), "NAMESPACE_NOT_FOUND");
	assert_string_equal(count(r, "x", ""), "0NAMESPACE_NOT_FOUND");
	assert_string_equal(clear(r, "x", ""), "0NAMESPACE_NOT_FOUND");
	assert_string_equal(batch(r, "x", &g, 1), "NAMESPACE_NOT_FOUND");
	assert_string_equal(batch(r, "x", &d, 1), "NAMESPACE_NOT_FOUND");
	put(r, "x", "k", "1");
	put(r, "y", "k", "2");
	assert_string_equal(batch(r, "x", &g, 1), "+1;");
	assert_string_equal(batch(r, "y", &g, 1), "+2;");
	assert_string_equal(clear(r, "x", ""), "1");
	assert_string_equal(batch(r, "x", &g, 1), "-;");
	assert_string_equal(batch(r, "y", &g, 1), "+2;");
}

static void a_batch_is_all_or_nothing_and_sees_itself(void **state)
{
	struct rig *r = *state;
	char long_key[600];
	struct kv_op ops[] = { set("a", "1"), get("a"), set("a", "2"), get("a"),
			       del("a"),      get("a"), set("b", "3"), set("c", "4") };
	struct kv_op g = get("b");

	memset(long_key, 'k', sizeof long_key - 1);
	long_key[599] = 0;
	assert_string_equal(batch(r, "n", ops, 7), "-;+1;+;+2;+;-;-;");
	ops[6] = set("b", "changed");
	ops[7].key = long_key;
	assert_string_equal(batch(r, "n", ops, 8), "LIMIT_KEY");
	assert_string_equal(batch(r, "n", &g, 1), "+3;");
	assert_string_equal(count(r, "n", ""), "1");
	ops[7].key = "";
	assert_string_equal(batch(r, "n", ops, 8), "LIMIT_KEY");
}

static void limits_have_names(void **state)
{
	struct rig *r = *state;
	static char big[70];
	struct kv_op op = { .verb = KV_SET, .key = "k", .value = { big, 65 } };

	r->opts.max_value_bytes = 64;
	r->opts.max_namespace_bytes = 200;
	r->opts.max_namespaces = 3;
	store_configure(r->store, &r->opts);
	assert_string_equal(batch(r, "n", &op, 1), "LIMIT_VALUE");
	op.value.n = 64;
	assert_string_equal(batch(r, "n", &op, 1), "-;");
	op.key = "l";
	assert_string_equal(batch(r, "n", &op, 1), "-;");
	op.key = "m";
	assert_string_equal(batch(r, "n", &op, 1), "-;");
	op.key = "n";
	assert_string_equal(batch(r, "n", &op, 1), "LIMIT_NAMESPACE");
	op.key = "m"; /* what takes another's place is not counted twice */
	assert_string_equal(batch(r, "n", &op, 1), "+;");
	assert_string_equal(clear(r, "n", "m"), "1");
	op.key = "n";
	assert_string_equal(batch(r, "n", &op, 1), "-;");
	assert_string_equal(batch(r, "o", &op, 1), "-;");
	assert_string_equal(batch(r, "p", &op, 1), "LIMIT_NAMESPACES");
}

static void what_has_expired_is_not_there(void **state)
{
	struct rig *r = *state;
	struct kv_op op = set("soon", "v"), g = get("soon");
	struct kv_entry e;

	put(r, "n", "stays", "v");
	op.expires_us = clock_wall_us() + 50000;
	assert_string_equal(batch(r, "n", &op, 1), "-;");
	assert_true(store_kv_peek(r->store, "n", "soon", &e));
	assert_int_equal(e.expires_us, op.expires_us);
	while (clock_wall_us() <= op.expires_us)
		usleep(10000);
	assert_false(store_kv_peek(r->store, "n", "soon", &e));
	assert_string_equal(list(r, "n", "", NULL, 9), "stays ");
	assert_string_equal(count(r, "n", ""), "1");
	assert_string_equal(batch(r, "n", &g, 1), "-;");
	op.expires_us = 0;
	assert_string_equal(batch(r, "n", &op, 1), "-;"); /* it was not there */
	assert_string_equal(list(r, "n", "", NULL, 9), "soon stays ");
	op.expires_us = 1;
	assert_string_equal(batch(r, "n", &op, 1), "+;");
	assert_string_equal(clear(r, "n", ""), "1"); /* what had expired is not counted */
}

static void what_has_expired_is_cleared_away_by_later_writes(void **state)
{
	struct rig *r = *state;
	struct kv_op op = set("k", "v");

	op.expires_us = 1;
	(void)batch(r, "n", &op, 1);
	usleep(1100000); /* it is looked for once a second */
	put(r, "n", "other", "v");
	rig_close(r);
	assert_string_equal(rig_sql(r, "orchflow.db", "SELECT count(*) FROM kv"), "1");
	assert_string_equal(rig_sql(r, "orchflow.db",
				    "SELECT n_keys || ' ' || n_bytes FROM namespace WHERE name = "
				    "'n'"),
			    "1 6");
	rig_open(r);
}

static void on_cas(bool is_swapped, const struct kv_entry *e, const struct fail *f, void *user)
{
	say(user, f, "%s%d", is_swapped ? "swapped " : "kept ", e ? (int)e->revision : 0);
}

static const char *cas(struct rig *r, const struct kv_expect *x, const char *value)
{
	struct kv_op op = set("k", value);

	begin(r);
	store_kv_cas(r->store, "n", x, &op, on_cas, r);
	rig_wait(r, 1);
	return said;
}

static void a_value_is_swapped_only_if_it_is_as_expected(void **state)
{
	struct rig *r = *state;
	struct kv_expect absent = { .wants_absent = true };
	struct kv_expect one = { .has_value = true, .value = { "one", 3 } };
	struct kv_expect revision = { .revision = 2 };
	struct kv_op g = get("k");

	assert_string_equal(cas(r, &one, "x"), "kept 0");
	assert_string_equal(cas(r, &absent, "one"), "swapped 1");
	assert_string_equal(cas(r, &absent, "x"), "kept 1");
	assert_string_equal(cas(r, &one, "two"), "swapped 2");
	assert_string_equal(cas(r, &one, "x"), "kept 2");
	assert_string_equal(cas(r, &revision, "three"), "swapped 3");
	assert_string_equal(cas(r, &revision, "x"), "kept 3");
	assert_string_equal(batch(r, "n", &g, 1), "+three;");
}

/* A reader that is slow brings what was there before: it must not get into the cache. */
static void a_read_after_an_answered_write_sees_it(void **state)
{
	struct rig *r = *state;
	struct kv_op op = { .verb = KV_SET, .key = "k" };
	struct kv_entry e;
	char value[16];

	for (int i = 0; i < 500; i++) {
		unsigned n = i % 3 == 0 ? 2 : 1;

		begin(r);
		snprintf(value, sizeof value, "%d", i);
		op.value = (struct kv_bytes){ value, strlen(value) };
		store_kv_batch(r->store, KV_DEFAULT, &op, 1, on_batch, r);
		if (n == 2) { /* at the same time, past the cache: either is right */
			struct kv_list all = { .prefix = "", .max = 9 };

			store_kv_list(r->store, KV_DEFAULT, &all, on_list, r);
		}
		rig_wait(r, n);
		assert_true(store_kv_peek(r->store, KV_DEFAULT, "k", &e));
		assert_int_equal(e.value.n, strlen(value));
		assert_memory_equal(e.value.p, value, e.value.n);
		assert_string_equal(rig_get(r, "k"), value);
	}
}

static void the_cache_keeps_within_its_size(void **state)
{
	struct rig *r = *state;
	struct store_stats stats;
	char key[16], value[101];
	struct kv_entry e;

	memset(value, 'v', 100);
	value[100] = 0;
	r->opts.cache_bytes = 20000;
	store_configure(r->store, &r->opts);
	for (int i = 0; i < 300; i++) {
		snprintf(key, sizeof key, "k%d", i);
		put(r, "n", key, value);
	}
	store_get_stats(r->store, &stats);
	assert_true(stats.cache_bytes > 10000 && stats.cache_bytes <= 20000);
	assert_true(store_kv_peek(r->store, "n", "k299", &e));
	assert_false(store_kv_peek(r->store, "n", "k0", &e));
}

static void on_namespaces(const struct kv_namespace *v, size_t n, const struct fail *f, void *user)
{
	for (size_t i = 0; i < n; i++) {
		size_t at = strlen(said);

		snprintf(said + at, sizeof said - at, "%s:%d:%d ", v[i].name, (int)v[i].n_keys,
			 (int)v[i].n_bytes);
	}
	say(user, f, "%s", "");
}

static void namespaces_say_what_they_hold(void **state)
{
	struct rig *r = *state;

	put(r, "x", "k", "123");
	put(r, "x", "l", "4");
	put(r, "x", "k", "5");
	begin(r);
	store_kv_namespaces(r->store, on_namespaces, r);
	rig_wait(r, 1);
	assert_string_equal(said, "default:0:0 x:2:4 ");
}

#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(any_bytes_come_back),
		T(keys_are_ordered_by_their_bytes_and_paged),
		T(namespaces_are_apart_and_made_by_the_first_set),
		T(a_batch_is_all_or_nothing_and_sees_itself),
		T(limits_have_names),
		T(what_has_expired_is_not_there),
		T(what_has_expired_is_cleared_away_by_later_writes),
		T(a_value_is_swapped_only_if_it_is_as_expected),
		T(a_read_after_an_answered_write_sees_it),
		T(the_cache_keeps_within_its_size),
		T(namespaces_say_what_they_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
