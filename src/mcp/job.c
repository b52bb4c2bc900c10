#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "mcp/mcp.h"
#include "mcp/protocol.h"
#include "mcp/text.h"

/* One request of ours to the daemon. */
struct ask {
	struct list link; /* job.asks */
	struct job *job;
	mcp_done_fn *done;
};

void mcp_die(const char *why)
{
	fprintf(stderr, "orchflow-mcp: %s\n", why);
	_exit(1);
}

json_t *mcp_pack(const char *fmt, ...)
{
	json_error_t e;
	va_list ap;
	json_t *v;

	va_start(ap, fmt);
	v = json_vpack_ex(&e, 0, fmt, ap);
	va_end(ap);
	if (!v)
		mcp_die(e.text[0] ? e.text : "out of memory");
	return v;
}

void job_answer(struct job *job, json_t *result)
{
	if (job->is_over) {
		json_decref(result);
		return;
	}
	job->is_over = true;
	if (job->version->is_stateless)
		protocol_seal(job->m, result);
	protocol_send(job->m, job->batch,
		      mcp_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", job->id, "result",
			       result));
}

void job_refuse(struct job *job, int code, json_t *data, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (job->is_over) {
		json_decref(data);
		return;
	}
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	job->is_over = true;
	protocol_send(job->m, job->batch, protocol_error(json_incref(job->id), code, text, data));
}

void job_free(struct job *job)
{
	list_remove(&job->link);
	job->m->n_calls--;
	list_for_each_safe (l, &job->asks)
		mem_free(list_entry(l, struct ask, link));
	json_decref(job->id);
	json_decref(job->token);
	json_decref(job->params);
	json_decref(job->wait_params);
	json_decref(job->pane);
	mem_free(job->name);
	mem_free(job->state);
	mem_free(job);
}

void job_settle(struct job *job)
{
	if (job->is_over && job->n_asked == 0)
		job_free(job);
}

void job_cancel(struct job *job)
{
	if (job->is_over)
		return;
	job->is_over = true;
	resource_unlisten(job);
	/* A batch waits for all its answers: this one will not come. */
	protocol_send(job->m, job->batch, NULL);
	job_settle(job);
}

/* ---- asking the daemon ---- */

static void on_answer(json_t *result, const struct fail *f, void *user)
{
	struct ask *ask = user;
	struct job *job = ask->job;

	job->n_asked--;
	list_remove(&ask->link);
	if (!job->is_over)
		ask->done(job, result, f);
	mem_free(ask);
	job_settle(job);
}

void job_ask(struct job *job, const char *method, json_t *params, mcp_done_fn *done)
{
	struct fail f = { 0 };
	struct ask *ask;

	if (mcp_connect(job->m, &f)) {
		json_decref(params);
		done(job, NULL, &f);
		return;
	}
	ask = mem_new(struct ask);
	if (!ask)
		mcp_die("out of memory");
	*ask = (struct ask){ .job = job, .done = done };
	list_append(&job->asks, &ask->link);
	job->n_asked++;
	if (client_send(job->m->client, method, params, on_answer, ask))
		mcp_die("out of memory");
}

/* ---- waiting ---- */

static void wait_slice(struct job *job);

static void on_slice(struct job *job, json_t *result, const struct fail *f)
{
	const char *reason = json_string_value(json_object_get(result, "reason"));

	if (!f && reason && strcmp(reason, "timeout") == 0 && clock_mono_ns() < job->deadline_ns) {
		wait_slice(job);
		return;
	}
	job->wait_done(job, result, f);
}

static void wait_slice(struct job *job)
{
	uint64_t now = clock_mono_ns();
	uint64_t left_ms = job->deadline_ns > now ? (job->deadline_ns - now) / 1000000 : 0;
	json_int_t idle_ms = json_integer_value(json_object_get(job->wait_params, "idle_ms"));
	/* A slice has to be long enough for silence to be heard in it. */
	uint64_t slice_ms = (uint64_t)idle_ms * 2 > MCP_WAIT_SLICE_MS ? (uint64_t)idle_ms * 2
								      : MCP_WAIT_SLICE_MS;
	json_t *params = json_copy(job->wait_params);

	if (!params)
		mcp_die("out of memory");
	if (slice_ms > left_ms)
		slice_ms = left_ms;
	(void)json_object_set_new(params, "timeout_ms", json_integer((json_int_t)slice_ms));
	job_ask(job, "pane.wait", params, on_slice);
}

void job_wait(struct job *job, json_t *params, mcp_done_fn *done)
{
	json_decref(job->wait_params);
	job->wait_params = params;
	job->wait_done = done;
	wait_slice(job);
}

/* ---- progress ---- */

static void send_progress(struct job *job, const json_t *pane)
{
	uint64_t now = clock_mono_ns();
	double total = (double)(job->deadline_ns - job->started_ns) / 1e9;
	double spent = (double)(now - job->started_ns) / 1e9;
	struct buf text = BUF_INIT;
	json_t *params;

	buf_printf(&text, "%s: %.0f s", job->name ? job->name : "waiting", spent);
	if (pane) {
		buf_put_str(&text, ", ");
		text_count((uint64_t)json_integer_value(json_object_get(pane, "seq")), &text);
		buf_put_str(&text, " bytes of output");
	}
	params = mcp_pack("{s:O, s:f, s:f}", "progressToken", job->token, "progress", spent,
			  "total", total);
	/* The message came with the second version. */
	if (job->version->has_annotations) {
		(void)json_object_set_new(params, "message",
					  text_json(buf_data(&text), buf_len(&text)));
	}
	wire_notify(job->m, "notifications/progress", params);
	buf_fini(&text);
}

static void on_progress_pane(struct job *job, json_t *result, const struct fail *f)
{
	send_progress(job, f ? NULL : result);
}

int job_progress(struct mcp *m)
{
	uint64_t now = clock_mono_ns(), next = UINT64_MAX;

	list_for_each_safe (l, &m->calls) {
		struct job *job = list_entry(l, struct job, link);

		if (job->is_over || !job->token || !job->deadline_ns)
			continue;
		if (job->next_progress_ns <= now) {
			job->next_progress_ns = now + MCP_PROGRESS_NS;
			if (job->name && m->client) {
				job_ask(job, "pane.get", mcp_pack("{s:s}", "pane", job->name),
					on_progress_pane);
			} else {
				send_progress(job, NULL);
			}
		}
		if (job->next_progress_ns < next)
			next = job->next_progress_ns;
	}
	return next == UINT64_MAX ? -1 : (int)((next - now) / 1000000) + 1;
}
