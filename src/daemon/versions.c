#include "daemon/versions.h"

#include <string.h>

#include "api/server.h"
#include "arena/arena.h"
#include "journal/journal.h"
#include "keeper/proto.h"
#include "store/store.h"

/* @newest is what this daemon writes; the keeper's protocol depends on the keeper. */
static const struct version {
	const char *name, *what;
	uint32_t oldest, newest;
} versions[] = {
	{ "keeper_protocol", "the keeper's protocol", KEEPER_PROTO_MIN, KEEPER_PROTO_VERSION },
	{ "arena", "the shared memory", ARENA_VERSION, ARENA_VERSION },
	{ "journal", "the journals", JOURNAL_VERSION, JOURNAL_VERSION },
	{ "store", "the database", 1, STORE_SCHEMA },
	{ "protocol", "the API", API_PROTOCOL, API_PROTOCOL },
};

void versions_print(struct buf *out)
{
	buf_printf(out, "{\"program\": \"orchflowd\", \"version\": \"%s\"", ORCHFLOW_VERSION);
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		buf_printf(out, ", \"%s\": [%u, %u]", versions[i].name, versions[i].oldest,
			   versions[i].newest);
	}
	buf_put_str(out, "}\n");
}

json_t *versions_parse(const char *text, size_t n, const char *program, struct fail *reterr)
{
	json_t *v = json_loadb(text, n, 0, NULL);
	const char *name = json_string_value(json_object_get(v, "program"));

	if (name && strcmp(name, program) == 0 && json_is_string(json_object_get(v, "version")))
		return v;
	(void)fail_setf(reterr, FAIL_UPGRADE_REFUSED, NULL, "that program is no %s%s%.40s", program,
			name ? " but " : "", name ? name : "");
	json_decref(v);
	return NULL;
}

static int check(const json_t *other, const char *name, const char *what, uint32_t version,
		 struct fail *reterr)
{
	const json_t *range = json_object_get(other, name);
	json_int_t oldest = json_integer_value(json_array_get(range, 0)),
		   newest = json_integer_value(json_array_get(range, 1));

	if (oldest <= version && version <= newest)
		return 0;
	if (!range) {
		return fail_setf(reterr, FAIL_UPGRADE_REFUSED, name, "it does not know %s at all",
				 what);
	}
	(void)fail_setf(reterr, FAIL_UPGRADE_REFUSED, name,
			"%s: version %u is in use, it understands %d to %d", what, version,
			(int)oldest, (int)newest);
	fail_hint(reterr, newest < version ? "it is too old for what is there already"
					   : "upgrade to a release in between first");
	return FAIL_E_FAILED;
}

int versions_check_daemon(const json_t *other, uint32_t keeper_protocol, struct fail *reterr)
{
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		uint32_t v = i == 0 ? keeper_protocol : versions[i].newest;

		if (check(other, versions[i].name, versions[i].what, v, reterr))
			return FAIL_E_FAILED;
	}
	return 0;
}

int versions_check_keeper(const json_t *other, struct fail *reterr)
{
	json_int_t speaks =
		json_integer_value(json_array_get(json_object_get(other, "keeper_protocol"), 1));

	if (speaks < KEEPER_PROTO_MIN || speaks > KEEPER_PROTO_VERSION) {
		(void)fail_setf(reterr, FAIL_UPGRADE_REFUSED, "keeper_protocol",
				"it speaks version %d, the daemon that runs %u to %u", (int)speaks,
				KEEPER_PROTO_MIN, KEEPER_PROTO_VERSION);
		fail_hint(reterr, "upgrade the daemon first: `orchflow upgrade`");
		return FAIL_E_FAILED;
	}
	return check(other, "arena", "the shared memory", ARENA_VERSION, reterr);
}
