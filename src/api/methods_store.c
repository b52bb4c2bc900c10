/* store.*: upkeep of the database. */
#include <string.h>

#include "api/method.h"
#include "core/core.h"
#include "store/store.h"

static void on_done(const struct fail *f, void *user)
{
	if (f) {
		api_call_fail(user, f);
		return;
	}
	api_call_result_empty(user);
}

static void store_status(struct api_call *call)
{
	struct store *s = api_call_store(call);
	struct rpc_writer *w;
	struct store_stats st;

	if (!s)
		return;
	store_get_stats(s, &st);
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	rpc_kv_str(w, "state", store_state_text(st.state));
	rpc_kv_bool(w, "ok", st.state == STORE_OK);
	rpc_kv_str(w, "detail", st.detail);
	rpc_kv_bool(w, "network", st.is_network);
	rpc_kv_bool(w, "behind", core_is_registry_behind(api_call_core(call)));
	rpc_kv_int(w, "schema", STORE_SCHEMA);
	rpc_kv_uint(w, "file_bytes", st.file_bytes);
	rpc_kv_uint(w, "wal_bytes", st.wal_bytes);
	rpc_kv_uint(w, "cache_bytes", st.cache_bytes);
	rpc_kv_uint(w, "commits", st.n_commits);
	rpc_kv_uint(w, "writes", st.n_writes);
	rpc_kv_uint(w, "failed", st.n_failed);
	rpc_kv_uint(w, "largest_commit", st.max_commit);
	rpc_kv_uint(w, "commit_us", st.commit_us);
	rpc_kv_uint(w, "waiting", st.n_waiting);
	rpc_kv_uint(w, "reads", st.n_reads);
	rpc_kv_uint(w, "cache_hits", st.n_cache_hits);
	rpc_kv_uint(w, "cache_misses", st.n_cache_misses);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void store_backup_to(struct api_call *call)
{
	const char *path = rpc_arg_str(&call->args, "path", "");
	struct store *s = api_call_store(call);
	struct api_call *later;
	struct fail f;

	if (!s)
		return;
	if (path[0] != '/') {
		(void)fail_setf(&f, FAIL_INVALID_PARAMS, "path", "must be an absolute path");
		api_call_fail(call, &f);
		return;
	}
	later = api_call_defer(call);
	if (later)
		store_backup(s, path, on_done, later);
}

static void store_check_all(struct api_call *call)
{
	struct store *s = api_call_store(call);
	struct api_call *later = s ? api_call_defer(call) : NULL;

	if (later)
		store_check(s, on_done, later);
}

static void store_vacuum_all(struct api_call *call)
{
	struct store *s = api_call_store(call);
	struct api_call *later = s ? api_call_defer(call) : NULL;

	if (later)
		store_vacuum(s, on_done, later);
}

#define ERRORS API_STORAGE_ERRORS, FAIL_STORAGE_FULL

static const struct api_method methods[] = {
	{
		.name = "store.status",
		.doc = "Say how the database is",
		.params = NULL,
		API_RESULT("Facts and counters since the start.",
			   { "state", "string", "in words: ok, no room left, damaged, ..." },
			   { "ok", "boolean", "it can be used" },
			   { "detail", "string", "what SQLite or the kernel said" },
			   { "network", "boolean", "it lies on a file system of the network" },
			   { "behind", "boolean", "sessions and panes are not all written" },
			   { "schema", "integer", "version of the schema" },
			   { "file_bytes", "integer", "" }, { "wal_bytes", "integer", "" },
			   { "cache_bytes", "integer", "values kept at hand" },
			   { "commits", "integer", "" }, { "writes", "integer", "" },
			   { "failed", "integer", "writes that failed" },
			   { "largest_commit", "integer", "writes in it" },
			   { "commit_us", "integer", "spent in commits" },
			   { "waiting", "integer", "writes asked for and not yet begun" },
			   { "reads", "integer", "that asked the database" },
			   { "cache_hits", "integer", "" }, { "cache_misses", "integer", "" }),
		API_ERRORS(FAIL_STORAGE_UNAVAILABLE),
		.scope = API_SCOPE_READ,
		.handler = store_status,
	},
	{
		.name = "store.backup",
		.doc = "Write a consistent copy of the database into a new file",
		API_PARAMS({ .name = "path",
			     .type = RPC_T_STRING,
			     .is_required = true,
			     .min = 1,
			     .max = API_MAX_PATH,
			     .doc = "absolute; must not exist" }),
		.result = &api_shape_nothing,
		API_ERRORS(ERRORS),
		.scope = API_SCOPE_ADMIN,
		.handler = store_backup_to,
	},
	{
		.name = "store.check",
		.doc = "Look at every page of the database; STORAGE_DAMAGED says what is wrong",
		.params = NULL,
		.result = &api_shape_nothing,
		API_ERRORS(ERRORS),
		.scope = API_SCOPE_ADMIN,
		.handler = store_check_all,
	},
	{
		.name = "store.vacuum",
		.doc = "Give unused room of the database back to the file system",
		.params = NULL,
		.result = &api_shape_nothing,
		API_ERRORS(ERRORS),
		.scope = API_SCOPE_ADMIN,
		.handler = store_vacuum_all,
	},
};

const struct api_group api_store_group = { methods, ARRAY_LEN(methods) };
