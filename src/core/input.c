/*
 * Input: bytes for a terminal wait in a bounded queue until the PTY takes them.
 * Before each write the arena says how many bytes are about to go (input_intent)
 * and behind it how many went (input_seq): after a crash a client can tell to
 * within one write what its terminal got.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/state.h"
#include "vt/key.h"
#include "vt/vt.h"

#define WRITE_MAX 4096u /* bytes of one write(): what stays unsure after a crash */

static struct arena_slot *slot_of(struct pane *p)
{
	return &p->core->arena.slots[p->streams[CORE_OUT].slot];
}

static void finish(struct pane *p, struct write_request *w, const struct fail *f)
{
	list_remove(&w->link);
	p->write_bytes -= w->n;
	if (!f)
		hist_record(&p->core->metrics.write_wait, clock_mono_ns() - w->begun_ns);
	if (w->on_done)
		w->on_done(w->done, pane_input_seq(p), f, w->user);
	mem_free(w->data);
	mem_free(w);
}

/* 1: the terminal is full for now.  0: all of it went.  < 0: it takes no more. */
static int write_some(struct pane *p, struct write_request *w)
{
	struct arena_slot *slot = slot_of(p);

	while (w->done < w->n) {
		uint32_t n = w->n - w->done < WRITE_MAX ? (uint32_t)(w->n - w->done) : WRITE_MAX;
		ssize_t r;
		int e;

		atomic_store(&slot->input_intent, n);
		r = write(p->streams[CORE_OUT].fd, w->data + w->done, n);
		e = errno;
		if (r > 0)
			atomic_store(&slot->input_seq, slot->input_seq + (uint64_t)r);
		atomic_store(&slot->input_intent, 0);
		if (r < 0 && e == EINTR)
			continue;
		if (r == 0 || (r < 0 && e == EAGAIN))
			return 1;
		if (r < 0)
			return -e;
		w->done += (size_t)r;
		p->core->metrics.n_bytes_written += (uint64_t)r;
	}
	return 0;
}

void input_writable(struct pane *p)
{
	struct fail f;
	int r = 0;

	pane_hold(p);
	p->last_input_ns = clock_mono_ns();
	while (r != 1 && !list_is_empty(&p->writes)) {
		struct write_request *w = list_entry(p->writes.next, struct write_request, link);

		r = write_some(p, w);
		if (r == 1)
			break;
		if (r < 0)
			fail_setf(&f, FAIL_INPUT_CLOSED, NULL, "%s", strerror(-r));
		finish(p, w, r < 0 ? &f : NULL);
	}
	if (!p->is_deleted)
		stream_poll_update(&p->streams[CORE_OUT]);
	pane_let_go(p);
}

void input_fail_all(struct pane *p, enum fail_code code)
{
	struct fail f;

	while (!list_is_empty(&p->writes)) {
		fail_set(&f, code, NULL);
		finish(p, list_entry(p->writes.next, struct write_request, link), &f);
	}
}

static int check(struct core *c, struct pane *p, size_t n, struct fail *reterr)
{
	const struct stream *out = &p->streams[CORE_OUT];

	if (p->state > PANE_RUNNING)
		return fail_set(reterr, FAIL_PANE_EXITED, NULL);
	if (!p->is_pty) {
		return fail_setf(reterr, FAIL_INPUT_CLOSED, NULL,
				 "it was started without a terminal");
	}
	if (!out->is_open || out->is_eof)
		return fail_set(reterr, FAIL_INPUT_CLOSED, NULL);
	if (n > c->config.input_queue_bytes || p->write_bytes > c->config.input_queue_bytes - n) {
		fail_setf(reterr, FAIL_LIMIT_INPUT, NULL, "%zu bytes wait, the limit is %u",
			  p->write_bytes, c->config.input_queue_bytes);
		fail_hint(reterr, "the program does not read; try again later");
		return FAIL_E_FAILED;
	}
	return 0;
}

static void refuse(struct pane *p, const struct fail *f, core_written_fn *done, void *user)
{
	if (done)
		done(0, pane_input_seq(p), f, user);
}

uint64_t input_taken(struct pane *p)
{
	return pane_input_seq(p) + p->write_bytes;
}

void core_pane_write(struct core *c, struct pane *p, const void *data, size_t n,
		     core_written_fn *done, void *user)
{
	struct write_request *w;
	struct fail f;

	if (check(c, p, n, &f)) {
		refuse(p, &f, done, user);
		return;
	}
	w = mem_new(struct write_request);
	if (w)
		w->data = mem_dup(data, n);
	if (!w || !w->data) {
		mem_free(w);
		fail_set(&f, FAIL_NO_MEMORY, NULL);
		refuse(p, &f, done, user);
		return;
	}
	w->n = n;
	w->begun_ns = clock_mono_ns();
	w->on_done = done;
	w->user = user;
	p->input_at = stream_head(&p->streams[CORE_OUT]);
	record_input(p, data, n);
	p->write_bytes += n;
	list_append(&p->writes, &w->link);
	if (p->writes.next == &w->link)
		input_writable(p);
}

void input_reply(struct pane *p, const void *data, size_t n)
{
	struct write_request *w;
	struct fail f;

	if (check(p->core, p, n, &f) || !(w = mem_new(struct write_request)))
		return;
	w->data = mem_dup(data, n);
	if (!w->data) {
		mem_free(w);
		return;
	}
	w->n = n;
	w->begun_ns = clock_mono_ns();
	p->write_bytes += n;
	list_append(&p->writes, &w->link);
	if (p->writes.next == &w->link)
		input_writable(p);
}

/* ---- keys ---- */

static struct key_modes modes_of(struct pane *p)
{
	const struct vt *vt = term_get(p);

	return vt ? vt_key_modes(vt) : (struct key_modes){ 0 };
}

static int encode_key(const char *name, const struct key_modes *modes, struct buf *out,
		      struct fail *reterr)
{
	char bytes[KEY_ENCODE_MAX], near[KEY_NAME_MAX];
	struct key key;

	if (key_parse(name, &key)) {
		fail_setf(reterr, FAIL_UNKNOWN_KEY, name, "\"%.40s\"", name);
		key_suggest(name, near, sizeof near);
		if (near[0])
			fail_hint(reterr, "did you mean %s?", near);
		return FAIL_E_FAILED;
	}
	buf_put(out, bytes, key_encode(&key, modes, bytes, sizeof bytes));
	return 0;
}

int core_keys_encode(struct pane *p, const json_t *keys, bool is_literal, struct buf *out,
		     struct fail *reterr)
{
	size_t i;
	struct key_modes modes;
	struct buf fresh = BUF_INIT;
	json_t *key;
	int r = 0;

	modes = modes_of(p);
	json_array_foreach(keys, i, key)
	{
		if (r)
			break;
		if (is_literal) {
			buf_put(&fresh, json_string_value(key), json_string_length(key));
		} else {
			r = encode_key(json_string_value(key), &modes, &fresh, reterr);
		}
	}
	if (!r && buf_check(&fresh) < 0)
		r = fail_set(reterr, FAIL_NO_MEMORY, NULL);
	if (!r)
		buf_put(out, buf_data(&fresh), buf_len(&fresh));
	buf_fini(&fresh);
	return r;
}
