/* pane.* and events.*: bytes in and out, waiting, subscriptions. */
#include <string.h>

#include "api/client.h"
#include "api/method.h"
#include "api/records.h"
#include "api/stream.h"
#include "api/watch.h"
#include "base/err.h"
#include "base/mem.h"
#include "core/core.h"

#define READ_DEFAULT_BYTES 65536
#define READ_MAX_BYTES (1 << 20)
#define MAX_WAIT_MS (366ll * 24 * 3600 * 1000)
#define MAX_IDS 1000 /* filters of one events.subscribe */
#define MAX_KEYS 4096
#define FIRST_ID 1
#define LAST_ID ((int64_t)1 << 53)

/* ---- input ---- */

static void on_written(size_t written, uint64_t input_seq, const struct fail *f, void *user)
{
	struct api_call *call = user;
	struct rpc_writer *w;
	struct fail told;

	if (f && written > 0 && f->detail[0] == '\0') {
		/* What went in cannot be taken back, and must not be sent again. */
		(void)fail_setf(&told, f->code, f->ref, "%zu bytes went in, input_seq %llu",
				written, (unsigned long long)input_seq);
		f = &told;
	}
	w = api_call_object_begin(call, f);
	if (!w)
		return;
	rpc_kv_uint(w, "written", written);
	rpc_kv_uint(w, "input_seq", input_seq);
	rpc_map_end(w);
	api_call_result_end(call);
}

static int read_input(const struct rpc_args *a, struct buf *out, struct fail *reterr)
{
	const json_t *text = rpc_arg_json(a, "text");

	if (rpc_arg_has(a, "data") == (text != NULL)) {
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "data",
				 "either data or text is needed");
	}
	if (text) {
		buf_put(out, json_string_value(text), json_string_length(text));
		return err_trace(buf_check(out));
	}
	if (rpc_arg_bytes(a, "data", out) > 0)
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "data", "not base64");
	return err_trace(buf_check(out));
}

static void pane_write(struct api_call *call)
{
	CLEANUP(buf_fini) struct buf input = BUF_INIT;
	struct pane *p = api_call_pane(call);
	struct api_call *later;
	struct fail f;

	if (!p || api_call_failed(call, read_input(&call->args, &input, &f), &f))
		return;
	later = api_call_defer(call);
	if (later) {
		core_pane_write(api_call_core(later), p, buf_data(&input), buf_len(&input),
				on_written, later);
	}
}

static void pane_send_keys(struct api_call *call)
{
	CLEANUP(buf_fini) struct buf input = BUF_INIT;
	bool is_literal = rpc_arg_bool(&call->args, "literal", false);
	const json_t *keys = rpc_arg_json(&call->args, "keys");
	struct pane *p = api_call_pane(call);
	struct api_call *later;
	struct fail f;

	if (!p || api_call_failed(call, core_keys_encode(p, keys, is_literal, &input, &f), &f) ||
	    api_call_failed(call, err_trace(buf_check(&input)), &f))
		return;
	later = api_call_defer(call);
	if (later) {
		core_pane_write(api_call_core(later), p, buf_data(&input), buf_len(&input),
				on_written, later);
	}
}

/* ---- read ---- */

static enum core_stream read_stream(const struct rpc_args *a)
{
	return strcmp(rpc_arg_str(a, "stream", "out"), "err") == 0 ? CORE_ERR : CORE_OUT;
}

/* `last` counts back from the head, `from` is a position; else: all that is
 * kept. */
static int read_from(const struct rpc_args *a, const struct pane *p, uint64_t *ret,
		     struct fail *reterr)
{
	bool is_err = read_stream(a) == CORE_ERR;
	struct pane_info i;
	uint64_t head, last;

	if (rpc_arg_has(a, "from") && rpc_arg_has(a, "last"))
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "last", "either from or last");
	pane_get_info(p, &i);
	head = is_err ? i.err_seq : i.seq;
	*ret = is_err ? i.err_tail_seq : i.tail_seq;
	if (rpc_arg_has(a, "from")) {
		*ret = (uint64_t)rpc_arg_int(a, "from", 0);
	} else if (rpc_arg_has(a, "last")) {
		last = (uint64_t)rpc_arg_int(a, "last", 0);
		if (head - *ret > last)
			*ret = head - last;
	}
	return 0;
}

static void answer_bytes(struct api_call *call, const struct core_bytes *b)
{
	struct rpc_writer *w = api_call_result_begin(call);

	rpc_map_begin(w);
	rpc_key(w, "data");
	rpc_bytes2(w, b->p[0], b->n[0], b->p[1], b->n[1]);
	rpc_kv_uint(w, "from", b->from);
	rpc_kv_uint(w, "to", b->to);
	rpc_kv_uint(w, "head", b->head);
	rpc_kv_uint(w, "tail", b->tail);
	rpc_kv_uint(w, "gap", b->gap);
	rpc_kv_bool(w, "closed", b->is_closed);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void on_old_read(const struct core_bytes *b, const struct fail *f, void *user)
{
	struct api_call *call = user;

	if (b) {
		answer_bytes(call, b);
	} else {
		api_call_fail(call, f);
	}
}

static void pane_read(struct api_call *call)
{
	const struct rpc_args *a = &call->args;
	struct pane *p = api_call_pane(call);
	struct core_bytes bytes;
	size_t max = (size_t)rpc_arg_int(a, "max", READ_DEFAULT_BYTES);
	uint64_t from = 0;
	struct fail f;
	int r;

	if (!p || api_call_failed(call, read_from(a, p, &from, &f), &f))
		return;
	r = core_pane_read(p, read_stream(a), from, max, &bytes, &f);
	if (r == CORE_READ_E_OLD) {
		enum core_stream which = read_stream(a);
		struct api_call *later = api_call_defer(call);

		if (later)
			core_pane_read_old(p, which, from, max, on_old_read, later);
		return;
	}
	if (!api_call_failed(call, r, &f))
		answer_bytes(call, &bytes);
}

/* ---- wait ---- */

static void put_reason(struct rpc_writer *w, enum core_wait_reason reason)
{
	static const struct {
		const char *reason, *evidence;
	} names[] = {
		[CORE_WAIT_EXIT] = { "exit", "wait-status" },
		[CORE_WAIT_IDLE] = { "idle", "output" },
		[CORE_WAIT_MATCH] = { "match", "output" },
		[CORE_WAIT_TIMEOUT] = { "timeout", "none" },
		[CORE_WAIT_CLOSED] = { "closed", "none" },
		[CORE_WAIT_PROMPT] = { "prompt", "marks" },
		[CORE_WAIT_COMMAND_END] = { "command_end", "marks" },
		[CORE_WAIT_INPUT] = { "input", NULL },
	};

	rpc_kv_str(w, "reason", names[reason].reason);
	if (names[reason].evidence)
		rpc_kv_str(w, "evidence", names[reason].evidence);
}

static void put_wanted(struct rpc_writer *w, const struct core_wanted *wanted)
{
	rpc_kv_str(w, "evidence", wanted->evidence);
	rpc_kv_str(w, "input", record_wanted_kind(wanted->kind));
	if (wanted->pid) {
		rpc_kv_uint(w, "pid", wanted->pid);
		rpc_kv_str(w, "program", wanted->command);
	}
}

/* What the wait was about, beside its reason. */
static void put_found(struct rpc_writer *w, const struct pane *p,
		      const struct core_wait_result *result)
{
	const struct core_command *c = core_pane_command(p);

	if (result->reason == CORE_WAIT_INPUT)
		put_wanted(w, core_pane_wanted(p));
	if (result->reason == CORE_WAIT_COMMAND_END && c) {
		record_command_id(w, pane_number(p), c->number);
		rpc_kv_str(w, "text", c->text);
		record_exit_code(w, c->has_exit, c->exit_code);
	}
}

static void on_waited(const struct core_wait_result *result, const struct fail *f, void *user)
{
	struct api_call *call = user;
	const struct pane *p = core_pane_next(api_call_core(call), call->number - 1);
	struct rpc_writer *w;

	if (f) {
		api_call_fail(call, f);
		return;
	}
	if (p && pane_number(p) != call->number)
		p = NULL;
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	put_reason(w, result->reason);
	if (p)
		put_found(w, p, result);
	rpc_kv_uint(w, "seq", result->seq);
	if (result->has_status) {
		rpc_key(w, "status");
		record_status(w, true, result->status);
	}
	if (result->match) {
		rpc_key(w, "match");
		rpc_map_begin(w);
		rpc_kv_uint(w, "seq", result->match_seq);
		rpc_key(w, "text");
		rpc_strn(w, result->match, result->n_match);
		rpc_map_end(w);
	}
	rpc_map_end(w);
	api_call_result_end(call);
}

static unsigned inputs_of(const char *name)
{
	unsigned all = 0, one = 0;

	if (!name)
		return 0;
	for (int k = CORE_WANTED_LINE; k <= CORE_WANTED_RAW; k++) {
		all |= 1u << k;
		if (strcmp(name, record_wanted_kind((enum core_wanted_kind)k)) == 0)
			one = 1u << k;
	}
	return one ? one : all;
}

static int read_wait(const struct rpc_args *a, struct core_wait_spec *ret, struct fail *reterr)
{
	const char *text = rpc_arg_str(a, "text", NULL);

	*ret = (struct core_wait_spec){
		.wants_exit = rpc_arg_bool(a, "exit", false),
		.wants_prompt = rpc_arg_bool(a, "prompt", false),
		.wants_command_end = rpc_arg_bool(a, "command_end", false),
		.inputs = inputs_of(rpc_arg_str(a, "input", NULL)),
		.idle_ms = rpc_arg_int(a, "idle_ms", -1),
		.regex = rpc_arg_str(a, "regex", text),
		.is_literal = text != NULL,
		.is_from_set = rpc_arg_has(a, "from"),
		.from = (uint64_t)rpc_arg_int(a, "from", 0),
		.timeout_ms = rpc_arg_int(a, "timeout_ms", -1),
	};
	if (text && rpc_arg_has(a, "regex"))
		return fail_setf(reterr, FAIL_INVALID_PARAMS, "text", "either text or regex");
	if (ret->wants_exit || ret->idle_ms >= 0 || ret->regex || ret->wants_prompt ||
	    ret->wants_command_end || ret->inputs)
		return 0;
	return fail_setf(reterr, FAIL_INVALID_PARAMS, "exit",
			 "say what to wait for: exit, idle_ms, regex, text, prompt, command_end or "
			 "input");
}

static void pane_wait(struct api_call *call)
{
	struct pane *p = api_call_pane(call);
	struct core_wait_spec spec;
	struct api_call *later;
	uint64_t id = 0;
	struct fail f;

	if (!p || api_call_failed(call, read_wait(&call->args, &spec, &f), &f))
		return;
	later = api_call_defer(call);
	if (!later)
		return;
	later->number = pane_number(p);
	core_wait(api_call_core(call), p, &spec, on_waited, later, &id);
	if (id) /* else it is answered, and gone */
		later->wait = id;
}

/* ---- subscriptions ---- */

static void read_sub_spec(const struct rpc_args *a, struct core_sub_spec *ret)
{
	const char *stream = rpc_arg_str(a, "stream", "both");
	const char *on_lag = rpc_arg_str(a, "on_lag", "resync");

	*ret = (struct core_sub_spec){
		.wants_out = strcmp(stream, "err") != 0,
		.wants_err = strcmp(stream, "out") != 0,
		.is_from_set = rpc_arg_has(a, "from"),
		.is_from_start = rpc_arg_bool(a, "start", false),
		.is_err_from_set = rpc_arg_has(a, "err_from"),
		.from = (uint64_t)rpc_arg_int(a, "from", 0),
		.err_from = (uint64_t)rpc_arg_int(a, "err_from", 0),
		.on_lag = strcmp(on_lag, "pause") == 0 ? CORE_LAG_PAUSE : CORE_LAG_RESYNC,
		.wants_snapshot = rpc_arg_bool(a, "snapshot", false),
	};
}

static int subscribe(struct api_call *call, struct pane *p, struct stream_begin *ret,
		     struct fail *reterr)
{
	struct core_sub_spec spec;

	read_sub_spec(&call->args, &spec);
	/* Who may stop a terminal has more than a look at it. */
	if (spec.on_lag == CORE_LAG_PAUSE && !(call->client->scopes & API_SCOPE_WRITE)) {
		return fail_setf(reterr, FAIL_PERMISSION_DENIED, "on_lag",
				 "pause needs the scope write");
	}
	return stream_subscribe(call->client, p, &spec, ret, reterr);
}

static void pane_subscribe(struct api_call *call)
{
	struct pane *p = api_call_pane(call);
	struct stream_begin begin = { 0 };
	struct pane_info i;
	struct rpc_writer *w;
	struct fail f;

	if (!p || api_call_failed(call, subscribe(call, p, &begin, &f), &f))
		return;
	pane_get_info(p, &i);
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	rpc_kv_uint(w, "subscription", begin.id);
	rpc_kv_str(w, "pane", i.id);
	rpc_kv_uint(w, "seq", begin.seq);
	rpc_kv_uint(w, "tail_seq", i.tail_seq);
	if (!i.is_pty)
		rpc_kv_uint(w, "err_seq", i.err_seq);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void pane_unsubscribe(struct api_call *call)
{
	uint64_t id = (uint64_t)rpc_arg_int(&call->args, "subscription", 0);
	struct fail f;

	if (!api_call_failed(call, stream_unsubscribe(call->client, id, &f), &f))
		api_call_result_empty(call);
}

static int read_kinds(const json_t *kinds, uint32_t *ret, struct fail *reterr)
{
	int r = 0;

	*ret = kinds && json_array_size(kinds) > 0 ? 0 : watch_all_kinds();
	for (size_t i = 0; !r && i < json_array_size(kinds); i++)
		r = watch_parse_kind(json_string_value(json_array_get(kinds, i)), ret, reterr);
	return r;
}

static int find_pane(struct core *core, const char *s, uint64_t *ret, struct fail *reterr)
{
	struct pane *p = NULL;
	int r = core_pane_find(core, s, &p, reterr);

	if (!r)
		*ret = pane_number(p);
	return r;
}

static int find_session(struct core *core, const char *s, uint64_t *ret, struct fail *reterr)
{
	struct session *session = NULL;
	int r = core_session_find(core, s, &session, reterr);

	if (!r)
		*ret = session_number(session);
	return r;
}

typedef int find_fn(struct core *core, const char *s, uint64_t *ret, struct fail *reterr);

static int read_ids(struct core *core, const json_t *ids, find_fn *find, uint64_t **ret,
		    size_t *ret_n, struct fail *reterr)
{
	size_t n = json_array_size(ids);
	int r = 0;

	if (n == 0)
		return 0;
	*ret = mem_zalloc(n, sizeof **ret);
	if (!*ret)
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	*ret_n = n;
	for (size_t i = 0; !r && i < n; i++)
		r = find(core, json_string_value(json_array_get(ids, i)), &(*ret)[i], reterr);
	return r;
}

static int watch(struct api_call *call, struct watch_spec *spec, uint64_t *ret_id,
		 struct fail *reterr)
{
	const struct rpc_args *a = &call->args;
	struct core *core = api_call_core(call);
	int r = read_kinds(rpc_arg_json(a, "kinds"), &spec->kinds, reterr);

	if (!r) {
		r = read_ids(core, rpc_arg_json(a, "panes"), find_pane, &spec->panes,
			     &spec->n_panes, reterr);
	}
	if (!r) {
		r = read_ids(core, rpc_arg_json(a, "sessions"), find_session, &spec->sessions,
			     &spec->n_sessions, reterr);
	}
	return r ? r : watch_add(call->client, spec, ret_id, reterr);
}

static void events_subscribe(struct api_call *call)
{
	struct watch_spec spec = { 0 };
	struct rpc_writer *w;
	struct fail f;
	uint64_t id = 0;
	int r = watch(call, &spec, &id, &f);

	mem_free(spec.panes); /* the watch took them if there is one */
	mem_free(spec.sessions);
	if (api_call_failed(call, r, &f))
		return;
	w = api_call_result_begin(call);
	rpc_map_begin(w);
	rpc_kv_uint(w, "subscription", id);
	rpc_map_end(w);
	api_call_result_end(call);
}

static void events_unsubscribe(struct api_call *call)
{
	uint64_t id = (uint64_t)rpc_arg_int(&call->args, "subscription", 0);
	struct fail f;

	if (!api_call_failed(call, watch_remove(call->client, id, &f), &f))
		api_call_result_empty(call);
}

/* ---- the rows ---- */

#define SEQ_PARAM(name_, doc_)                                                                 \
	{                                                                                      \
		.name = (name_), .type = RPC_T_INT, .unit = "bytes", .min = 0, .max = LAST_ID, \
		.doc = (doc_)                                                                  \
	}

#define SUBSCRIPTION_PARAM                                                                       \
	{                                                                                        \
		.name = "subscription", .type = RPC_T_INT, .is_required = true, .min = FIRST_ID, \
		.max = LAST_ID, .doc = "as subscribe answered"                                   \
	}

#define WRITTEN_RESULT                                                           \
	API_RESULT("What the terminal took.", { "written", "integer", "bytes" }, \
		   { "input_seq", "integer", "bytes that it took since it began" })

static const struct api_method methods[] = {
	{
		.name = "pane.write",
		.doc = "Type bytes; answered when the terminal took all of them",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "data", .type = RPC_T_BYTES, .doc = "any bytes" },
			   { .name = "text", .type = RPC_T_STRING, .doc = "instead of data" }),
		WRITTEN_RESULT,
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_PANE_EXITED, FAIL_INPUT_CLOSED,
			   FAIL_LIMIT_INPUT),
		.scope = API_SCOPE_WRITE,
		.handler = pane_write,
	},
	{
		.name = "pane.send_keys",
		.doc = "Press keys by name; an unknown one: nothing is sent",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "keys",
			     .type = RPC_T_STRINGS,
			     .is_required = true,
			     .min = 1,
			     .max = MAX_KEYS,
			     .doc = "`Enter`, `C-c`, `M-x`, `Up`, `F5`, or one character" },
			   { .name = "literal",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "the strings are text to type, not names" }),
		WRITTEN_RESULT,
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_UNKNOWN_KEY, FAIL_PANE_EXITED,
			   FAIL_INPUT_CLOSED, FAIL_LIMIT_INPUT),
		.scope = API_SCOPE_WRITE,
		.handler = pane_send_keys,
	},
	{
		.name = "pane.read",
		.doc = "Read output that is still kept; from its start unless told",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "stream",
			     .type = RPC_T_ENUM,
			     .choices = "out|err",
			     .fallback = "\"out\"",
			     .doc = "err: of panes without a terminal" },
			   SEQ_PARAM("from", "position to start at"),
			   SEQ_PARAM("last", "start so many bytes before the end"),
			   { .name = "max",
			     .type = RPC_T_INT,
			     .unit = "bytes",
			     .fallback = "65536",
			     .min = 1,
			     .max = READ_MAX_BYTES,
			     .doc = "read at most so many" }),
		API_RESULT("Bytes `[from, to)` of the stream.", { "data", "bytes", "" },
			   { "from", "integer", "position of the first byte" },
			   { "to", "integer", "position behind the last" },
			   { "head", "integer", "bytes since the stream began" },
			   { "tail", "integer", "position of the oldest byte kept" },
			   { "gap", "integer", "bytes that were asked for but no longer kept" },
			   { "closed", "boolean", "no more will come" }),
		API_ERRORS(FAIL_PANE_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = pane_read,
	},
	{
		.name = "pane.wait",
		.doc = "Wait until the first of these happens",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "exit",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "the process ended" },
			   { .name = "idle_ms",
			     .type = RPC_T_INT,
			     .unit = "ms",
			     .min = 0,
			     .max = MAX_WAIT_MS,
			     .doc = "no output for so long" },
			   { .name = "regex",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_REGEX,
			     .doc = "what is shown matches (PCRE2; text without control sequences, "
				    "wrapped "
				    "lines joined; bytes where a pane has no screen)" },
			   { .name = "text",
			     .type = RPC_T_STRING,
			     .min = 1,
			     .max = API_MAX_REGEX,
			     .doc = "as regex, but the text itself" },
			   { .name = "prompt",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "the shell stands at its prompt, and nothing was typed there" },
			   { .name = "command_end",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "a command of the shell ended (with from: behind that "
				    "position)" },
			   { .name = "input",
			     .type = RPC_T_ENUM,
			     .choices = "line|password|raw|any",
			     .doc = "a program waits for input: a line, one that is not echoed, or "
				    "keys (inferred)" },
			   SEQ_PARAM("from", "match what output from here on shows; now if absent"),
			   { .name = "timeout_ms",
			     .type = RPC_T_INT,
			     .unit = "ms",
			     .min = 0,
			     .max = MAX_WAIT_MS,
			     .doc = "give up after so long" }),
		API_RESULT("What happened.",
			   { "reason", "string",
			     "`exit`, `idle`, `match`, `timeout`, `closed`, `prompt`, "
			     "`command_end`, "
			     "`input`" },
			   { "evidence", "string",
			     "what the answer rests on: `wait-status`, `output`, `none`; `marks` "
			     "of the "
			     "shell; of input: `syscall` (the program is in read()), `wchan` (it "
			     "sleeps "
			     "there), `termios` (only the terminal's state)" },
			   { "input", "string?", "`line`, `password`, `raw`" },
			   { "pid", "integer?", "of the program that wants input" },
			   { "program", "string?", "its name" },
			   { "command", "string?", "id of the command that ended" },
			   { "text", "string|null?", "what it was" },
			   { "exit_code", "integer|null?", "as the shell says it" },
			   { "signal", "string?", "where that is 128 + n" },
			   { "seq", "integer", "position of the output at that moment" },
			   { "status", "Status?", "if it exited" },
			   { "match", "object?", "`{seq, text}`, if it matched" }),
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_INVALID_REGEX, FAIL_REGEX_LIMIT,
			   FAIL_NO_INTEGRATION),
		.scope = API_SCOPE_READ,
		.handler = pane_wait,
	},
	{
		.name = "pane.subscribe",
		.doc = "Have the output sent as pane.output events, from now on unless told",
		API_PARAMS(API_PANE_PARAM,
			   { .name = "stream",
			     .type = RPC_T_ENUM,
			     .choices = "out|err|both",
			     .fallback = "\"both\"",
			     .doc = "which output" },
			   SEQ_PARAM("from", "resume at this position"),
			   SEQ_PARAM("err_from", "as from, of stderr"),
			   { .name = "start",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "from the oldest byte kept" },
			   { .name = "on_lag",
			     .type = RPC_T_ENUM,
			     .choices = "resync|pause",
			     .fallback = "\"resync\"",
			     .doc = "when this client is slow: lose bytes and be told, or stop "
				    "the program for a while (scope write)" },
			   { .name = "snapshot",
			     .type = RPC_T_BOOL,
			     .fallback = "false",
			     .doc = "begin with the screen, and send it again instead of bytes "
				    "that were missed: pane.resync then has `snapshot`, `cols` "
				    "and `rows`" }),
		API_RESULT("Where it begins.", { "subscription", "integer", "for unsubscribe" },
			   { "pane", "string", "id" },
			   { "seq", "integer", "position of the first byte to come" },
			   { "tail_seq", "integer", "position of the oldest byte kept" },
			   { "err_seq", "integer?", "head of stderr (no pty)" }),
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_LIMIT_SUBSCRIPTIONS),
		.scope = API_SCOPE_READ,
		.handler = pane_subscribe,
	},
	{
		.name = "pane.unsubscribe",
		.doc = "End a subscription to output",
		API_PARAMS(SUBSCRIPTION_PARAM),
		.result = &api_shape_nothing,
		API_ERRORS(FAIL_SUBSCRIPTION_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = pane_unsubscribe,
	},
	{
		.name = "events.subscribe",
		.doc = "Have events sent; all kinds, about everything, unless told",
		API_PARAMS({ .name = "kinds",
			     .type = RPC_T_STRINGS,
			     .max = 64,
			     .doc = "`pane.exit`, `session.*`, `*`" },
			   { .name = "panes",
			     .type = RPC_T_STRINGS,
			     .max = MAX_IDS,
			     .doc = "only about these" },
			   { .name = "sessions",
			     .type = RPC_T_STRINGS,
			     .max = MAX_IDS,
			     .doc = "only about these and their panes" }),
		API_RESULT("The subscription.", { "subscription", "integer", "for unsubscribe" }),
		API_ERRORS(FAIL_PANE_NOT_FOUND, FAIL_SESSION_NOT_FOUND, FAIL_LIMIT_SUBSCRIPTIONS),
		.scope = API_SCOPE_READ,
		.handler = events_subscribe,
	},
	{
		.name = "events.unsubscribe",
		.doc = "End a subscription to events",
		API_PARAMS(SUBSCRIPTION_PARAM),
		.result = &api_shape_nothing,
		API_ERRORS(FAIL_SUBSCRIPTION_NOT_FOUND),
		.scope = API_SCOPE_READ,
		.handler = events_unsubscribe,
	},
};

const struct api_group api_io_group = { methods, ARRAY_LEN(methods) };
