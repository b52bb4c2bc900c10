/* rpc.* */
#include <string.h>
#include <unistd.h>

#include "api/discover.h"
#include "api/state.h"

/* The answers of an open batch would come in the encoding that the client has
 * left behind. */
static int read_encoding(struct api_call *call, enum rpc_encoding *ret, struct fail *reterr)
{
	enum rpc_encoding now = conn_encoding(&call->client->conn);
	const char *name = rpc_arg_str(&call->args, "encoding", NULL);

	*ret = now;
	if (!name)
		return 0;
	*ret = strcmp(name, "msgpack") == 0 ? RPC_MSGPACK : RPC_JSON;
	if (*ret != now && call->client->n_batches > 0) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "encoding",
				 "cannot change while a batch is under way");
	}
	return 0;
}

static int check_version(const struct rpc_args *a, struct fail *reterr)
{
	int64_t min = rpc_arg_int(a, "min", API_PROTOCOL);
	int64_t max = rpc_arg_int(a, "max", min > API_PROTOCOL ? min : API_PROTOCOL);

	if (min <= API_PROTOCOL && max >= API_PROTOCOL)
		return 0;
	(void)fail_setf(reterr, FAIL_VERSION_UNSUPPORTED, NULL,
			"this server speaks %d, the client %lld to %lld", API_PROTOCOL,
			(long long)min, (long long)max);
	fail_hint(reterr, "use a client and a server of the same release");
	return FAIL_E_FAILED;
}

static void put_hello(struct rpc_writer *w, const struct api_server *s, enum rpc_encoding enc)
{
	struct core_status status;

	core_get_status(s->core, &status);
	rpc_map_begin(w);
	rpc_kv_str(w, "server", "orchflow");
	rpc_kv_str(w, "version", ORCHFLOW_VERSION);
	rpc_kv_int(w, "protocol", API_PROTOCOL);
	rpc_kv_str(w, "encoding", enc == RPC_MSGPACK ? "msgpack" : "json");
	rpc_kv_int(w, "daemon_pid", getpid());
	rpc_kv_uint(w, "daemon_started_us", s->started_us);
	rpc_kv_uint(w, "keeper_pid", status.keeper_pid);
	rpc_map_end(w);
}

static void rpc_hello(struct api_call *call)
{
	struct client *client = call->client;
	enum rpc_encoding enc;
	struct fail f;

	if (api_call_failed(call, check_version(&call->args, &f), &f) ||
	    api_call_failed(call, read_encoding(call, &enc, &f), &f))
		return;
	put_hello(api_call_result_begin(call), call->server, enc);
	api_call_result_end(call);
	if (enc != conn_encoding(&client->conn))
		conn_set_encoding(&client->conn, enc);
}

static void rpc_discover(struct api_call *call)
{
	discover_write(api_call_result_begin(call));
	api_call_result_end(call);
}

static const struct api_method methods[] = {
	{
		.name = "rpc.hello",
		.doc = "Agree on version and encoding; what follows the answer is in that encoding",
		API_PARAMS({ .name = "encoding",
			     .type = RPC_T_ENUM,
			     .choices = "json|msgpack",
			     .doc = "as it is now if absent" },
			   { .name = "min",
			     .type = RPC_T_INT,
			     .fallback = "1",
			     .min = 0,
			     .max = 1000000,
			     .doc = "lowest protocol that the client speaks" },
			   { .name = "max",
			     .type = RPC_T_INT,
			     .min = 0,
			     .max = 1000000,
			     .doc = "highest protocol that the client speaks" },
			   { .name = "client",
			     .type = RPC_T_STRING,
			     .max = 128,
			     .doc = "name and version of the client" }),
		API_RESULT("The server.", { "server", "string", "`orchflow`" },
			   { "version", "string", "its release" },
			   { "protocol", "integer", "the version agreed on" },
			   { "encoding", "string", "`json` or `msgpack`" },
			   { "daemon_pid", "integer", "" },
			   { "daemon_started_us", "integer", "microseconds since 1970" },
			   { "keeper_pid", "integer", "" }),
		API_ERRORS(FAIL_VERSION_UNSUPPORTED),
		.scope = API_SCOPE_READ,
		.handler = rpc_hello,
	},
	{
		.name = "rpc.discover",
		.doc = "Describe all methods as an OpenRPC document",
		.params = NULL,
		API_RESULT("OpenRPC 1.3.2.", { "openrpc", "string", "" }, { "info", "object", "" },
			   { "methods", "[object]", "" }, { "components", "object", "" },
			   { "x-events", "[object]", "notifications that the server sends" },
			   { "x-errors", "[object]", "all errors by code" }),
		API_ERRORS(),
		.scope = API_SCOPE_READ,
		.handler = rpc_discover,
	},
};

const struct api_group api_rpc_group = { methods, ARRAY_LEN(methods) };
