/* Journaling, the loop's side: its threads, what they tell, and what is done when the
 * disk fails. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"
#include "core/record.h"
#include "search/cold.h"

#define STACK_BYTES (512u << 10)
#define DRAIN_MS 5000
#define RETRY_MAX_MS 30000u

/* ---- threads ---- */

int record_start_threads(struct recorder *r)
{
	sigset_t all, old;
	pthread_attr_t attr;
	int error;

	if (r->has_threads)
		return 0;
	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_create(&r->syncer, &attr, record_syncer, r);
	if (error == 0) {
		error = pthread_create(&r->thread, &attr, record_thread, r);
		if (error) {
			pthread_mutex_lock(&r->lock);
			r->is_sync_stopping = true;
			pthread_cond_signal(&r->sync_wake);
			pthread_mutex_unlock(&r->lock);
			pthread_join(r->syncer, NULL);
			r->is_sync_stopping = false;
		}
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	r->has_threads = error == 0;
	return err_origin(-error);
}

/* ---- news of the thread ---- */

static void on_retry(uv_timer_t *t);

static void arm_retry(struct recorder *r)
{
	if (!uv_is_active((uv_handle_t *)&r->retry))
		uv_timer_start(&r->retry, on_retry, r->retry_ms, 0);
}

static void on_failed(struct recording *rec, int error)
{
	struct pane *p = rec->pane;
	bool is_new = rec->state != RECORD_FAILING || rec->error != error;

	rec->state = RECORD_FAILING;
	rec->error = error;
	rec->is_trying = false;
	if (p)
		record_drop_marks(p);
	arm_retry(rec->r);
	if (!is_new || !p)
		return;
	log_error("pane p%llu: its journal cannot be written (%s); it goes on in memory",
		  (unsigned long long)rec->number, strerror(error));
	p->core->metrics.n_journal_failures++;
	core_event(p->core, CORE_PANE_JOURNAL, p, p->session);
}

static void on_succeeded(struct recording *rec)
{
	struct pane *p = rec->pane;

	rec->is_trying = false;
	rec->r->retry_ms = rec->r->core->config.journal.retry_ms;
	if (rec->state != RECORD_FAILING)
		return;
	rec->state = RECORD_ON;
	rec->error = 0;
	if (!p)
		return;
	log_info("pane p%llu: its journal is written again", (unsigned long long)rec->number);
	core_event(p->core, CORE_PANE_JOURNAL, p, p->session);
}

static void on_retry(uv_timer_t *t)
{
	struct recorder *r = t->data;
	struct core *c = r->core;
	bool is_any = false;

	r->retry_ms = 2 * r->retry_ms < RETRY_MAX_MS ? 2 * r->retry_ms : RETRY_MAX_MS;
	for (uint32_t i = 0; i < c->n_panes; i++) {
		struct recording *rec = c->panes[i]->rec;

		if (!rec || rec->state != RECORD_FAILING)
			continue;
		is_any = true;
		if (!rec->is_trying)
			record_try_again(rec);
	}
	if (is_any)
		arm_retry(r);
}

static void release_slots(struct recording *rec)
{
	struct core *c = rec->r->core;

	for (int k = 0; k < 2; k++) {
		if (rec->release[k] >= 0)
			arena_slot_release(&c->arena, c->arena_fd, (uint32_t)rec->release[k]);
		rec->release[k] = -1;
	}
}

struct recording *record_free(struct recording *rec)
{
	list_for_each_safe (l, &rec->marks)
		mem_free(list_entry(l, struct record_item, link));
	record_free_items(rec);
	release_slots(rec);
	list_remove(&rec->due);
	list_remove(&rec->news);
	mem_free(rec);
	return NULL;
}

static void on_news_of(struct recording *rec, bool has_failed, bool has_succeeded, int failure)
{
	struct pane *p = rec->pane;

	if (has_failed) {
		on_failed(rec, failure);
	} else if (has_succeeded) {
		on_succeeded(rec);
	}
	if (!p)
		return;
	for (int k = 0; k < 2; k++)
		stream_unstall(&p->streams[k]);
}

static void log_notices(struct recorder *r)
{
	struct buf lines = r->notices;
	int error = r->sync_error;

	buf_init(&r->notices);
	r->sync_error = 0;
	pthread_mutex_unlock(&r->lock);
	if (buf_len(&lines) > 0)
		log_warn("journal: %.*s", (int)buf_len(&lines), buf_data(&lines));
	if (error)
		log_error("journal: what was written could not be synced: %s", strerror(error));
	buf_fini(&lines);
	pthread_mutex_lock(&r->lock);
}

/* Which panes live, for the thread. */
static void list_live(struct recorder *r)
{
	struct core *c = r->core;
	uint64_t *live = mem_realloc(r->live, (c->n_panes + 1) * sizeof *live);

	if (!live)
		return;
	r->live = live;
	r->n_live = 0;
	for (uint32_t i = 0; i < c->n_panes; i++) {
		if (c->panes[i]->state <= PANE_RUNNING)
			live[r->n_live++] = c->panes[i]->number;
	}
	r->wants_live = false;
	r->has_live = true;
	pthread_cond_signal(&r->wake);
}

static void on_async(uv_async_t *h)
{
	struct recorder *r = h->data;

	pthread_mutex_lock(&r->lock);
	if (r->wants_live)
		list_live(r);
	if (buf_len(&r->notices) > 0 || r->sync_error)
		log_notices(r);
	while (!list_is_empty(&r->news)) {
		struct recording *rec = list_entry(r->news.next, struct recording, news);
		bool has_failed = rec->has_failed && !rec->is_told,
		     has_succeeded = rec->has_succeeded, is_finished = rec->is_finished;
		int failure = rec->failure;

		list_remove(&rec->news);
		rec->has_succeeded = rec->wants_wake = false;
		rec->is_told = rec->has_failed;
		pthread_mutex_unlock(&r->lock);
		on_news_of(rec, has_failed, has_succeeded, failure);
		if (is_finished)
			record_free(rec);
		pthread_mutex_lock(&r->lock);
	}
	pthread_mutex_unlock(&r->lock);
}

/* ---- all of it ---- */

void record_configure(struct core *c)
{
	struct recorder *r = c->recorder;
	const struct core_journal_config *cfg = &c->config.journal;

	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	r->opts = (struct journal_opts){ .max_bytes = cfg->max_bytes,
					 .block_bytes = RECORD_BLOCK_BYTES,
					 .max_age_us = 1000000ull * cfg->max_age_s,
					 .hooks = &r->hooks };
	r->sync_ns = 1000000ull * cfg->sync_ms;
	r->is_gap_policy = cfg->is_gap_policy;
	r->total_bytes = cfg->total_bytes;
	pthread_mutex_unlock(&r->lock);
	for (uint32_t i = 0; i < c->n_panes && !cfg->is_enabled; i++)
		record_pane_gone(c->panes[i], false);
}

static void on_notice(void *user, enum journal_notice what, const char *text)
{
	struct recorder *r = user;

	if (what == JOURNAL_NOTICE_DROPPED)
		return;
	pthread_mutex_lock(&r->lock);
	if (buf_len(&r->notices) < 4096)
		buf_printf(&r->notices, "%s%s", buf_len(&r->notices) ? "; " : "", text);
	uv_async_send(&r->async);
	pthread_mutex_unlock(&r->lock);
}

int record_start(struct core *c)
{
	struct recorder *r = mem_new(struct recorder);
	pthread_condattr_t attr;
	int error;

	if (!r)
		return err_origin(-ENOMEM);
	error = uv_async_init(c->loop, &r->async, on_async);
	if (error < 0) {
		mem_free(r);
		return err_origin(error);
	}
	uv_timer_init(c->loop, &r->retry);
	r->async.data = r->retry.data = r;
	r->core = c;
	r->retry_ms = c->config.journal.retry_ms;
	r->total_ns = UINT64_MAX;
	snprintf(r->state_dir, sizeof r->state_dir, "%s", c->state_dir);
	r->hooks = (struct journal_hooks){ .user = r,
					   .on_notice = on_notice,
					   .make_filter = cold_make };
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->wake, &attr);
	pthread_cond_init(&r->sync_wake, &attr);
	pthread_cond_init(&r->done, &attr);
	pthread_condattr_destroy(&attr);
	list_init(&r->due);
	list_init(&r->news);
	list_init(&r->open);
	list_init(&r->dirty);
	c->recorder = r;
	record_configure(c);
	return 0;
}

bool record_drain(struct core *c)
{
	struct recorder *r = c->recorder;
	uint64_t until = clock_mono_ns() + DRAIN_MS * 1000000ull;
	struct timespec t = { .tv_sec = (time_t)(until / 1000000000),
			      .tv_nsec = (long)(until % 1000000000) };
	int error = 0;
	bool is_empty;

	if (!r || !r->has_threads)
		return true;
	pthread_mutex_lock(&r->lock);
	r->is_draining = true;
	pthread_cond_signal(&r->wake);
	while (error == 0 && !(r->is_asleep && list_is_empty(&r->due)))
		error = pthread_cond_timedwait(&r->done, &r->lock, &t);
	is_empty = error == 0;
	r->is_draining = false;
	pthread_mutex_unlock(&r->lock);
	if (!is_empty)
		log_error("the disk did not take what was printed last");
	return is_empty;
}

static void on_handle_closed(uv_handle_t *h)
{
	struct recorder *r = h->data;

	if (--r->n_handles > 0)
		return;
	r->core->n_handles--;
	buf_fini(&r->notices);
	mem_free(r->sync_fds);
	mem_free(r->live);
	mem_free(r);
}

static void join(struct recorder *r)
{
	pthread_mutex_lock(&r->lock);
	r->is_stopping = r->is_draining = true;
	pthread_cond_signal(&r->wake);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->thread, NULL);
	pthread_mutex_lock(&r->lock);
	r->is_sync_stopping = true;
	pthread_cond_signal(&r->sync_wake);
	pthread_mutex_unlock(&r->lock);
	pthread_join(r->syncer, NULL);
}

/* A disk that does not answer keeps its thread; the process ends without it. */
void record_stop(struct core *c)
{
	struct recorder *r = c->recorder;

	if (!r)
		return;
	if (!record_drain(c)) {
		c->recorder = NULL;
		for (uint32_t i = 0; i < c->n_panes; i++)
			c->panes[i]->rec = NULL;
		uv_close((uv_handle_t *)&r->retry, NULL);
		uv_unref((uv_handle_t *)&r->async);
		return;
	}
	if (r->has_threads)
		join(r);
	on_async(&r->async);
	c->recorder = NULL;
	c->n_handles++;
	r->n_handles = 2;
	uv_close((uv_handle_t *)&r->async, on_handle_closed);
	uv_close((uv_handle_t *)&r->retry, on_handle_closed);
}
