/* Life, queues and answers of the store: the owner's side. */
#include "store/store.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "store/priv.h"

const char *store_state_text(enum store_state s)
{
	switch (s) {
	case STORE_OK:
		return "ok";
	case STORE_FULL:
		return "no room left";
	case STORE_FAILING:
		return "writing fails";
	case STORE_DAMAGED:
		return "damaged";
	case STORE_FUTURE:
		return "of a newer version";
	case STORE_NO_LOCKS:
		return "the file system has no locks";
	case STORE_UNAVAILABLE:
		return "cannot be opened";
	}
	return "?";
}

void store_opts_init(struct store_opts *o)
{
	*o = (struct store_opts){
		.max_key_bytes = 512,
		.max_value_bytes = 1u << 20,
		.max_namespace_bytes = 256ull << 20,
		.max_namespaces = 1000,
		.cache_bytes = 16u << 20,
		.max_commands = 100000,
		.max_queue_bytes = 64u << 20,
	};
}

static void queue_init(struct store_queue *q)
{
	list_init(&q->ops);
	pthread_cond_init(&q->wake, NULL);
}

static struct store *store_new(const char *state_dir, const struct store_opts *opts)
{
	struct store *s = mem_new(struct store);

	if (!s)
		return NULL;
	snprintf(s->path, sizeof s->path, "%s/%s", state_dir, STORE_FILE);
	s->opts = s->applied = *opts;
	pthread_mutex_init(&s->lock, NULL);
	queue_init(&s->writes);
	queue_init(&s->reads);
	list_init(&s->done);
	s->event_fd = -1;
	s->cache = cache_new(opts->cache_bytes);
	return s;
}

int store_open(const char *state_dir, const struct store_opts *opts, struct store **ret,
	       struct store_opened *ret_opened)
{
	struct store *s = store_new(state_dir, opts);
	int r = 0;

	if (!s)
		return err_origin(-ENOMEM);
	*ret_opened = (struct store_opened){ .next_session = 1, .next_pane = 1 };
	s->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (s->event_fd < 0)
		r = err_origin(-errno);
	if (r == 0 && !s->cache)
		r = err_origin(-ENOMEM);
	if (r == 0)
		r = err_trace(db_setup());
	if (r == 0)
		r = err_trace(db_open_writer(s, ret_opened, &s->db));
	if (r < 0) {
		store_close(s);
		return r;
	}
	s->stats.state = ret_opened->state;
	s->stats.is_network = ret_opened->is_network;
	memcpy(s->stats.detail, ret_opened->detail, sizeof s->stats.detail);
	*ret = s;
	return 0;
}

struct store *store_close(struct store *s)
{
	if (!s)
		return NULL;
	pthread_mutex_lock(&s->lock);
	s->is_closing = true;
	pthread_cond_broadcast(&s->writes.wake);
	pthread_cond_broadcast(&s->reads.wake);
	pthread_mutex_unlock(&s->lock);
	for (uint32_t i = 0; i < s->n_readers; i++)
		pthread_join(s->readers[i], NULL);
	if (s->has_writer)
		pthread_join(s->writer, NULL);
	if (s->event_fd >= 0)
		store_dispatch(s);
	s->db = db_close(s->db);
	cache_free(s->cache);
	for (char **p = s->ignored; p && *p; p++)
		mem_free(*p);
	mem_free(s->ignored);
	pthread_cond_destroy(&s->writes.wake);
	pthread_cond_destroy(&s->reads.wake);
	pthread_mutex_destroy(&s->lock);
	if (s->event_fd >= 0)
		close(s->event_fd);
	mem_free(s);
	return NULL;
}

void store_configure(struct store *s, const struct store_opts *opts)
{
	pthread_mutex_lock(&s->lock);
	s->opts = s->applied = *opts;
	pthread_mutex_unlock(&s->lock);
	cache_resize(s->cache, opts->cache_bytes);
}

int store_fd(const struct store *s)
{
	return s->event_fd;
}

/* ---- answers ---- */

static void finish(struct store *s, struct store_op *op)
{
	s->n_unanswered -= op->is_write;
	op->kind->finish(s, op);
	if (op->kind->fini)
		op->kind->fini(op);
	mem_free(op);
}

void store_hand_back(struct store *s, struct list *ops)
{
	uint64_t one = 1;
	bool was_empty;

	pthread_mutex_lock(&s->lock);
	was_empty = list_is_empty(&s->done);
	while (!list_is_empty(ops)) {
		struct list *l = ops->next;

		list_remove(l);
		list_append(&s->done, l);
	}
	pthread_mutex_unlock(&s->lock);
	/* It cannot fail: the counter is far from full. */
	if (was_empty && write(s->event_fd, &one, sizeof one) < 0)
		return;
}

void store_dispatch(struct store *s)
{
	struct list ops;
	uint64_t n;

	list_init(&ops);
	if (read(s->event_fd, &n, sizeof n) < 0 && errno != EAGAIN)
		return;
	pthread_mutex_lock(&s->lock);
	while (!list_is_empty(&s->done)) {
		struct list *l = s->done.next;

		list_remove(l);
		list_append(&ops, l);
	}
	pthread_mutex_unlock(&s->lock);
	while (!list_is_empty(&ops)) {
		struct store_op *op = list_entry(ops.next, struct store_op, link);

		list_remove(&op->link);
		finish(s, op);
	}
}

/* ---- queues ---- */

void *store_op_new(const struct store_op_kind *kind, size_t size, void *user)
{
	struct store_op *op = mem_zalloc(1, size);

	if (!op)
		return NULL;
	list_init(&op->link);
	op->kind = kind;
	op->user = user;
	op->n_bytes = size;
	return op;
}

void store_fail_now(store_done_fn *done, void *user)
{
	struct fail f;

	(void)fail_set(&f, FAIL_NO_MEMORY, NULL);
	if (done)
		done(&f, user);
}

static enum fail_code code_of_state(enum store_state state)
{
	switch (state) {
	case STORE_FUTURE:
		return FAIL_STORAGE_VERSION;
	case STORE_DAMAGED:
		return FAIL_STORAGE_DAMAGED;
	case STORE_OK:
	case STORE_FULL:
	case STORE_FAILING:
	case STORE_NO_LOCKS:
	case STORE_UNAVAILABLE:
		break;
	}
	return FAIL_STORAGE_UNAVAILABLE;
}

/* There is no database: answered out of the next store_dispatch() all the same. */
static void refuse(struct store *s, struct store_op *op)
{
	struct list one;

	(void)fail_setf(&op->fail, code_of_state(s->stats.state), NULL, "%s",
			store_state_text(s->stats.state));
	fail_hint(&op->fail, "see `orchflow doctor`");
	list_init(&one);
	list_append(&one, &op->link);
	store_hand_back(s, &one);
}

static void refuse_full(struct store *s, struct store_op *op)
{
	struct list one;

	(void)fail_setf(&op->fail, FAIL_LIMIT_PENDING, NULL, "%zu bytes wait to be written",
			s->writes.n_bytes);
	list_init(&one);
	list_append(&one, &op->link);
	store_hand_back(s, &one);
}

/* Threads of ours take no signals: the owner's loop does. */
static int start_thread(pthread_t *ret, void *(*main)(void *), struct store *s)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 512u << 10);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	r = pthread_create(ret, &attr, main, s);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return r;
}

static void put_in(struct store *s, struct store_queue *q, struct store_op *op)
{
	bool was_empty;

	pthread_mutex_lock(&s->lock);
	was_empty = list_is_empty(&q->ops);
	list_append(&q->ops, &op->link);
	q->n++;
	q->n_bytes += op->n_bytes;
	pthread_mutex_unlock(&s->lock);
	if (was_empty || q == &s->reads)
		pthread_cond_signal(&q->wake);
}

void store_write(struct store *s, struct store_op *op)
{
	size_t waiting;

	if (!s->db) {
		refuse(s, op);
		return;
	}
	pthread_mutex_lock(&s->lock);
	waiting = s->writes.n_bytes;
	pthread_mutex_unlock(&s->lock);
	if (waiting + op->n_bytes > s->opts.max_queue_bytes && waiting > 0) {
		refuse_full(s, op);
		return;
	}
	if (!s->has_writer && start_thread(&s->writer, store_writer_main, s) != 0) {
		refuse(s, op);
		return;
	}
	s->has_writer = true;
	op->is_write = true;
	s->n_unanswered++;
	op->asked_ns = clock_mono_ns();
	put_in(s, &s->writes, op);
}

void store_read(struct store *s, struct store_op *op)
{
	bool wants_reader;

	if (!s->db) {
		refuse(s, op);
		return;
	}
	if (s->is_exclusive) {
		store_write(s, op);
		return;
	}
	pthread_mutex_lock(&s->lock);
	wants_reader = s->n_idle_readers <= s->reads.n && s->n_readers < STORE_MAX_READERS;
	pthread_mutex_unlock(&s->lock);
	if (wants_reader) {
		if (start_thread(&s->readers[s->n_readers], store_reader_main, s) == 0) {
			s->n_readers++;
		} else if (s->n_readers == 0) {
			refuse(s, op);
			return;
		}
	}
	put_in(s, &s->reads, op);
}

/* ---- barrier ---- */

struct barrier {
	struct store_op op;
	store_done_fn *done;
};

static int barrier_run(struct store_db *db, struct store_op *op)
{
	(void)db;
	(void)op;
	return SQLITE_OK;
}

static void barrier_finish(struct store *s, struct store_op *op)
{
	struct barrier *b = CONTAINER_OF(op, struct barrier, op);

	(void)s;
	b->done(op->fail.code ? &op->fail : NULL, op->user);
}

static const struct store_op_kind barrier_kind = { .run = barrier_run, .finish = barrier_finish };

void store_barrier(struct store *s, store_done_fn *done, void *user)
{
	struct barrier *b = store_op_new(&barrier_kind, sizeof *b, user);

	if (!b) {
		store_fail_now(done, user);
		return;
	}
	b->done = done;
	store_write(s, &b->op);
}

/* ---- reads that see what was written ---- */

struct held {
	struct store_op op;
	struct store_op *read;
};

static int held_run(struct store_db *db, struct store_op *op)
{
	(void)db;
	(void)op;
	return SQLITE_OK;
}

static void held_finish(struct store *s, struct store_op *op)
{
	struct held *h = CONTAINER_OF(op, struct held, op);
	struct store_op *read = h->read;
	bool is_closing;

	pthread_mutex_lock(&s->lock);
	is_closing = s->is_closing;
	pthread_mutex_unlock(&s->lock);
	if (!is_closing) {
		store_read(s, read);
		return;
	}
	(void)fail_set(&read->fail, FAIL_STORAGE_UNAVAILABLE, NULL); /* nobody reads any more */
	finish(s, read);
}

static const struct store_op_kind held_kind = { .run = held_run, .finish = held_finish };

void store_read_written(struct store *s, struct store_op *op)
{
	struct held *h = NULL;

	if (s->db && s->n_unanswered > 0)
		h = store_op_new(&held_kind, sizeof *h, NULL);
	if (!h) {
		store_read(s, op);
		return;
	}
	h->read = op;
	store_write(s, &h->op);
}

/* ---- statistics ---- */

static uint64_t size_of(const char *path, const char *suffix)
{
	char name[sizeof((struct store *)0)->path + 8];
	struct stat st;

	snprintf(name, sizeof name, "%s%s", path, suffix);
	return stat(name, &st) == 0 ? (uint64_t)st.st_size : 0;
}

void store_note_state(struct store *s, enum store_state state, const char *detail)
{
	pthread_mutex_lock(&s->lock);
	s->stats.state = state;
	/* Where it lies stays true. */
	if (state == STORE_OK && s->network) {
		snprintf(s->stats.detail, sizeof s->stats.detail, "on %s", s->network);
	} else {
		snprintf(s->stats.detail, sizeof s->stats.detail, "%s", detail);
	}
	pthread_mutex_unlock(&s->lock);
}

void store_get_stats(struct store *s, struct store_stats *ret)
{
	pthread_mutex_lock(&s->lock);
	*ret = s->stats;
	ret->n_waiting = s->writes.n;
	ret->waiting_bytes = s->writes.n_bytes;
	pthread_mutex_unlock(&s->lock);
	ret->file_bytes = size_of(s->path, "");
	ret->wal_bytes = size_of(s->path, "-wal");
	ret->cache_bytes = cache_bytes(s->cache);
}
