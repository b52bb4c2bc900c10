#include "daemon/versions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keeper/proto.h"

/* What this daemon prints, with one member exchanged (@range NULL: taken out). */
static json_t *other(const char *name, json_t *range)
{
	struct buf out = BUF_INIT;
	struct fail f;
	json_t *v;

	versions_print(&out);
	v = versions_parse(buf_data(&out), buf_len(&out), "orchflowd", &f);
	assert_non_null(v);
	buf_fini(&out);
	if (name && range) {
		assert_int_equal(json_object_set_new(v, name, range), 0);
	} else if (name) {
		assert_int_equal(json_object_del(v, name), 0);
	}
	return v;
}

static void expect(json_t *v, bool is_good)
{
	struct fail f = { .code = FAIL_NONE };
	int r = versions_check_daemon(v, KEEPER_PROTO_VERSION, &f);

	assert_int_equal(r, is_good ? 0 : FAIL_E_FAILED);
	assert_int_equal(f.code, is_good ? FAIL_NONE : FAIL_UPGRADE_REFUSED);
	json_decref(v);
}

static void a_daemon_can_go_on_with_what_itself_left(void **state)
{
	(void)state;
	expect(other(NULL, NULL), true);
	expect(other("more", json_pack("[i,i]", 1, 1)), true);
}

static void what_is_not_understood_is_refused(void **state)
{
	static const char *const names[] = { "keeper_protocol", "arena", "protocol", "journal",
					     "store" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		expect(other(names[i], json_pack("[i,i]", 0, 1000)), true);
		expect(other(names[i], json_pack("[i,i]", 0, 0)), false);
		expect(other(names[i], json_pack("[i,i]", 1000, 2000)), false);
		expect(other(names[i], json_string("1")), false);
		expect(other(names[i], NULL), false);
	}
}

static void only_the_program_itself_is_taken(void **state)
{
	static const char *const texts[] = {
		"",
		"[]",
		"{}",
		"orchflowd 0.1.0\n",
		"{\"program\": \"orchflow-keeper\", \"version\": \"1\"}",
		"{\"program\": \"orchflowd\"}",
		"{\"program\": \"orchflowd\", \"version\": 1}"
	};
	struct fail f;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_null(versions_parse(texts[i], strlen(texts[i]), "orchflowd", &f));
		assert_int_equal(f.code, FAIL_UPGRADE_REFUSED);
	}
}

static void a_keeper_must_speak_what_the_daemon_understands(void **state)
{
	json_t *v = json_pack("{s:[i,i], s:[i,i]}", "keeper_protocol", KEEPER_PROTO_VERSION,
			      KEEPER_PROTO_VERSION, "arena", 0, 1000);
	struct fail f;

	(void)state;
	assert_int_equal(versions_check_keeper(v, &f), 0);
	assert_int_equal(json_object_set_new(v, "keeper_protocol",
					     json_pack("[i,i]", 1, KEEPER_PROTO_VERSION + 1)),
			 0);
	assert_int_equal(versions_check_keeper(v, &f), FAIL_E_FAILED);
	json_decref(v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_daemon_can_go_on_with_what_itself_left),
		cmocka_unit_test(what_is_not_understood_is_refused),
		cmocka_unit_test(only_the_program_itself_is_taken),
		cmocka_unit_test(a_keeper_must_speak_what_the_daemon_understands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
