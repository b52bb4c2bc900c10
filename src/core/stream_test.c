#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "arena/arena.h"
#include "base/clock.h"
#include "core/fake_keeper.h"

struct reader {
	char *got;
	size_t n;
	uint64_t next; /* expected position */
	uint64_t gap;  /* bytes told to be missing */
	unsigned n_chunks, n_resyncs, n_gone;
	bool is_full; /* refuse what comes */
	uint64_t id;
};

#define GOT_MAX (8u << 20)

struct fixture {
	struct fake_keeper k;
	struct reader a, b;
};

static enum core_push on_push(struct core_chunk *chunk, void *user)
{
	struct reader *r = user;

	if (r->is_full)
		return CORE_PUSH_FULL;
	assert_int_equal(chunk->bytes.from, r->next);
	for (int i = 0; i < 2; i++) {
		assert_true(r->n + chunk->bytes.n[i] <= GOT_MAX);
		if (chunk->bytes.n[i] > 0) {
			memcpy(r->got + r->n, chunk->bytes.p[i], chunk->bytes.n[i]);
		}
		r->n += chunk->bytes.n[i];
	}
	r->next = chunk->bytes.to;
	r->n_chunks++;
	return CORE_PUSH_OK;
}

static void on_resync(uint64_t pane, enum core_stream s, uint64_t from, uint64_t to, void *user)
{
	struct reader *r = user;

	(void)pane;
	(void)s;
	assert_int_equal(from, r->next);
	r->gap += to - from;
	r->next = to;
	r->n_resyncs++;
}

static void on_gone(uint64_t id, void *user)
{
	(void)id;
	((struct reader *)user)->n_gone++;
}

static const struct core_sub_ops sub_ops = { on_push, NULL, on_resync, on_gone };

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof *f);

	f->a.got = malloc(GOT_MAX);
	f->b.got = malloc(GOT_MAX);
	fake_keeper_init(&f->k);
	fake_keeper_start(&f->k, NULL);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	fake_keeper_fini(&f->k);
	free(f->a.got);
	free(f->b.got);
	free(f);
	return 0;
}

static struct pane *make(struct fixture *f)
{
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p = fake_create(&f->k, &spec, &made);

	assert_non_null(p);
	fcntl(fake_pane_of(&f->k, pane_number(p))->slave, F_SETFL, O_NONBLOCK);
	return p;
}

static void subscribe(struct pane *p, struct reader *r, struct core_sub_spec spec)
{
	struct fail fail;

	spec.wants_out = true;
	spec.ops = &sub_ops;
	spec.user = r;
	assert_int_equal(core_subscribe(p, &spec, &r->id, &r->next, &fail), 0);
}

/* Prints n bytes of a pattern, turning the loop whenever the terminal is full. */
static void flood(struct fixture *f, struct pane *p, uint64_t from, uint64_t n)
{
	int fd = fake_pane_of(&f->k, pane_number(p))->slave;
	char line[512];

	for (uint64_t at = from; at < from + n;) {
		size_t want = from + n - at < sizeof line ? from + n - at : sizeof line;
		ssize_t r;

		for (size_t i = 0; i < want; i++)
			line[i] = (char)('a' + (at + i) % 23);
		r = write(fd, line, want);
		if (r > 0) {
			at += (uint64_t)r;
		} else {
			assert_int_equal(errno, EAGAIN);
		}
		fake_keeper_turn(&f->k, 1);
	}
	fake_until_seq(&f->k, p, from + n);
}

static void assert_pattern(const struct reader *r, uint64_t from)
{
	for (size_t i = 0; i < r->n; i++)
		assert_int_equal(r->got[i], 'a' + (char)((from + i) % 23));
}

static void wait_for(struct fixture *f, const struct reader *r, uint64_t next)
{
	for (int i = 0; i < 2000 && r->next < next; i++) {
		fake_keeper_turn(&f->k, 1);
		poll(NULL, 0, 1);
	}
	assert_int_equal(r->next, next);
}

static void a_subscriber_gets_every_byte_in_order(void **state)
{
	struct fixture *f = *state;
	struct pane *p = make(f);

	subscribe(p, &f->a, (struct core_sub_spec){ 0 });
	flood(f, p, 0, 1u << 20);
	wait_for(f, &f->a, 1u << 20);
	assert_int_equal(f->a.n_resyncs, 0);
	assert_pattern(&f->a, 0);
}

static void subscribing_from_a_position_begins_exactly_there(void **state)
{
	struct fixture *f = *state;
	struct pane *p = make(f);
	struct core_sub_spec beyond = { .ops = &sub_ops, .is_from_set = true, .from = 5000 };
	struct fail fail;

	flood(f, p, 0, 1000);
	subscribe(p, &f->a, (struct core_sub_spec){ .is_from_set = true, .from = 400 });
	subscribe(p, &f->b, (struct core_sub_spec){ .is_from_start = true });
	assert_int_equal(f->a.next, 400);
	assert_int_equal(f->b.next, 0);
	wait_for(f, &f->a, 1000);
	wait_for(f, &f->b, 1000);
	assert_pattern(&f->a, 400);
	assert_pattern(&f->b, 0);
	assert_int_equal(core_subscribe(p, &beyond, &f->a.id, &f->a.next, &fail), FAIL_E_FAILED);
	assert_int_equal(fail.code, FAIL_INVALID_PARAMS);
}

static void what_the_ring_no_longer_holds_is_an_exact_gap(void **state)
{
	struct fixture *f = *state;
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane_info info;
	struct pane *p;

	spec.is_private = true;
	p = fake_create(&f->k, &spec, &made);
	assert_non_null(p);
	fcntl(fake_pane_of(&f->k, pane_number(p))->slave, F_SETFL, O_NONBLOCK);
	flood(f, p, 0, 400000);
	pane_get_info(p, &info);
	assert_int_equal(info.tail_seq, 400000 - (256 << 10));
	subscribe(p, &f->a, (struct core_sub_spec){ .is_from_set = true, .from = 10 });
	wait_for(f, &f->a, 400000);
	assert_int_equal(f->a.n_resyncs, 1);
	assert_int_equal(f->a.gap + f->a.n, 400000 - 10);
	assert_pattern(&f->a, 10 + f->a.gap);
}

static void a_subscriber_that_does_not_take_bytes_slows_nobody(void **state)
{
	struct fixture *f = *state;
	struct pane *p = make(f);

	subscribe(p, &f->a, (struct core_sub_spec){ 0 });
	subscribe(p, &f->b, (struct core_sub_spec){ 0 });
	f->a.is_full = true;
	flood(f, p, 0, 1u << 20);
	wait_for(f, &f->b, 1u << 20);
	assert_int_equal(f->a.n, 0);
	f->a.is_full = false;
	core_subscription_ready(f->k.core, f->a.id);
	wait_for(f, &f->a, 1u << 20);
	assert_int_equal(f->a.n_resyncs, 1);
	assert_int_equal(f->a.n + f->a.gap, 1u << 20);
	assert_pattern(&f->a, f->a.gap);
}

static void a_pausing_subscriber_stops_the_terminal_and_loses_nothing(void **state)
{
	struct fixture *f = *state;
	struct pane *p = make(f);
	int fd = fake_pane_of(&f->k, 1)->slave;
	char line[512];
	uint64_t at = 0;
	bool is_stuck = false;

	subscribe(p, &f->a, (struct core_sub_spec){ .on_lag = CORE_LAG_PAUSE });
	f->a.is_full = true;
	for (int idle = 0; idle < 200 && at < (4u << 20); idle++) {
		for (size_t i = 0; i < sizeof line; i++)
			line[i] = (char)('a' + (at + i) % 23);
		ssize_t r = write(fd, line, sizeof line);

		if (r > 0) {
			at += (uint64_t)r;
			idle = 0;
		}
		is_stuck = r < 0 && idle > 100;
		fake_keeper_turn(&f->k, 1);
		if (r < 0)
			poll(NULL, 0, 1); /* the kernel carries bytes over when it has time */
	}
	assert_true(is_stuck);
	assert_true(core_get_metrics(f->k.core)->n_pauses > 0);
	f->a.is_full = false;
	core_subscription_ready(f->k.core, f->a.id);
	wait_for(f, &f->a, at);
	assert_int_equal(f->a.n_resyncs, 0);
	assert_pattern(&f->a, 0);
}

static void output_is_held_for_the_first_subscriber(void **state)
{
	struct fixture *f = *state;
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	char line[512];
	uint64_t at = 0;
	struct pane *p;
	int fd, idle;

	spec.wants_hold = true;
	p = fake_create(&f->k, &spec, &made);
	assert_non_null(p);
	fd = fake_pane_of(&f->k, 1)->slave;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	for (idle = 0; idle < 300 && at < (4u << 20); idle++) {
		ssize_t r;

		for (size_t i = 0; i < sizeof line; i++)
			line[i] = (char)('a' + (at + i) % 23);
		r = write(fd, line, sizeof line);
		if (r > 0) {
			at += (uint64_t)r;
			idle = 0;
		}
		fake_keeper_turn(&f->k, 1);
	}
	assert_true(at < (1u << 20));
	subscribe(p, &f->a, (struct core_sub_spec){ .is_from_start = true });
	wait_for(f, &f->a, at);
	assert_int_equal(f->a.n_resyncs, 0);
	assert_pattern(&f->a, 0);
	(void)made;
}

static void a_reader_that_stays_away_does_not_stop_a_program_for_ever(void **state)
{
	struct fixture *f = *state;
	struct core_config config;
	struct pane *p = make(f);

	core_config_init(&config);
	config.pause_max_ms = 30;
	core_configure(f->k.core, &config);
	subscribe(p, &f->a, (struct core_sub_spec){ .on_lag = CORE_LAG_PAUSE });
	f->a.is_full = true;
	flood(f, p, 0, 1u << 20);
	assert_true(core_get_metrics(f->k.core)->n_pauses > 0);
	f->a.is_full = false;
	core_subscription_ready(f->k.core, f->a.id);
	wait_for(f, &f->a, 1u << 20);
	assert_int_equal(f->a.n + f->a.gap, 1u << 20);
}

static void deleting_a_pane_ends_its_subscriptions(void **state)
{
	struct fixture *f = *state;
	struct pane *p = make(f);
	struct fail fail;

	subscribe(p, &f->a, (struct core_sub_spec){ 0 });
	assert_int_equal(core_pane_delete(f->k.core, p, &fail), FAIL_E_FAILED);
	assert_int_equal(fail.code, FAIL_PANE_RUNNING);
	fake_pane_exit(&f->k, 1, 0, true);
	fake_keeper_until_count(&f->k, &f->k.n_events[CORE_PANE_CLOSED], 1);
	assert_int_equal(core_pane_delete(f->k.core, p, &fail), 0);
	assert_int_equal(f->a.n_gone, 1);
	assert_int_equal(core_unsubscribe(f->k.core, f->a.id, &fail), FAIL_E_FAILED);
	assert_int_equal(fail.code, FAIL_SUBSCRIPTION_NOT_FOUND);
	assert_int_equal(core_pane_find(f->k.core, "p1", &p, &fail), FAIL_E_FAILED);
}

static void subscriptions_are_told_apart_in_whatever_order_they_go(void **state)
{
	struct fixture *f = *state;
	struct pane *p = make(f);
	struct reader r[7] = { { 0 } };
	struct core_status s;
	struct fail fail;

	for (size_t i = 0; i < ARRAY_LEN(r); i++)
		subscribe(p, &r[i], (struct core_sub_spec){ 0 });
	for (size_t i = 0; i < ARRAY_LEN(r); i++) {
		uint64_t id = r[(3 * i + 2) % ARRAY_LEN(r)].id;

		assert_int_equal(core_unsubscribe(f->k.core, id, &fail), 0);
		assert_int_equal(core_unsubscribe(f->k.core, id, &fail), FAIL_E_FAILED);
		core_get_status(f->k.core, &s);
		assert_int_equal(s.n_subscriptions, ARRAY_LEN(r) - 1 - i);
	}
}

static void who_subscribes_to_what_is_lost_hears_of_its_next_life(void **state)
{
	struct fixture *f = *state;
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p;

	spec.is_private = true; /* nothing of it is kept */
	p = fake_create(&f->k, &spec, &made);
	fake_print(&f->k, p, "secret");
	fake_keeper_crash(&f->k);
	fake_keeper_lose(&f->k, 1);
	close(f->k.arena_fd);
	assert_int_equal(arena_create(0, &f->k.arena_fd), 0);
	fake_keeper_start(&f->k, NULL);
	p = fake_pane(&f->k, 1);
	assert_non_null(p);
	subscribe(p, &f->a, (struct core_sub_spec){ 0 });
	memset(&made, 0, sizeof made);
	core_pane_respawn(f->k.core, p, false, NULL, fake_on_created, &made);
	fake_keeper_until(&f->k, &made.is_done);
	fake_print(&f->k, p, "hello");
	wait_for(f, &f->a, 5);
	assert_memory_equal(f->a.got, "hello", 5);
}

/* ---- input ---- */

struct written {
	bool is_done;
	size_t n;
	uint64_t input_seq;
	enum fail_code code;
};

static void on_written(size_t n, uint64_t input_seq, const struct fail *f, void *user)
{
	*(struct written *)user = (struct written){ true, n, input_seq, f ? f->code : FAIL_NONE };
}

static void a_write_is_answered_when_the_terminal_took_all_of_it(void **state)
{
	static char big[200000], got[200000];
	struct fixture *f = *state;
	struct pane *p = make(f);
	struct written w = { 0 };
	size_t n = 0;

	memset(big, 'x', sizeof big);
	core_pane_write(f->k.core, p, big, sizeof big, on_written, &w);
	fake_keeper_turn(&f->k, 10);
	assert_false(w.is_done);
	for (int i = 0; i < 5000 && !(w.is_done && n == sizeof big); i++) {
		ssize_t r = read(fake_pane_of(&f->k, 1)->slave, got + n, sizeof got - n);

		n += r > 0 ? (size_t)r : 0;
		fake_keeper_turn(&f->k, 1);
	}
	assert_true(w.is_done);
	assert_int_equal(w.code, FAIL_NONE);
	assert_int_equal(w.n, sizeof big);
	assert_int_equal(w.input_seq, sizeof big);
	assert_memory_equal(big, got, sizeof big);
}

static void input_that_nobody_reads_is_bounded(void **state)
{
	static char big[1u << 20];
	struct fixture *f = *state;
	struct pane *p = make(f);
	struct written first = { 0 }, second = { 0 };

	core_pane_write(f->k.core, p, big, sizeof big, on_written, &first);
	fake_keeper_turn(&f->k, 5);
	core_pane_write(f->k.core, p, big, sizeof big, on_written, &second);
	assert_true(second.is_done);
	assert_int_equal(second.code, FAIL_LIMIT_INPUT);
	assert_int_equal(second.n, 0);
	fake_pane_exit(&f->k, 1, 0, true);
	fake_keeper_until_count(&f->k, &f->k.n_events[CORE_PANE_CLOSED], 1);
	assert_true(first.is_done);
	assert_int_not_equal(first.code, FAIL_NONE);
}

static void unknown_keys_send_nothing(void **state)
{
	struct fixture *f = *state;
	struct pane *p = make(f);
	json_t *keys = json_pack("[s, s]", "a", "Entr"),
	       *good = json_pack("[s, s, s]", "C-c", "Enter", "Up");
	struct buf out = BUF_INIT;
	struct fail fail;

	assert_int_equal(core_keys_encode(p, keys, false, &out, &fail), FAIL_E_FAILED);
	assert_int_equal(fail.code, FAIL_UNKNOWN_KEY);
	assert_non_null(strstr(fail.hint, "Enter"));
	assert_int_equal(buf_len(&out), 0);
	assert_int_equal(core_keys_encode(p, good, false, &out, &fail), 0);
	assert_int_equal(buf_len(&out), 5);
	assert_memory_equal(buf_data(&out), "\x03\r\033[A", 5);
	buf_fini(&out);
	json_decref(keys);
	json_decref(good);
}

/* ---- waiting ---- */

struct waited {
	bool is_done;
	enum core_wait_reason reason;
	enum fail_code code;
	char match[64];
	uint64_t match_seq;
};

static void on_waited(const struct core_wait_result *r, const struct fail *f, void *user)
{
	struct waited *w = user;

	w->is_done = true;
	w->code = f ? f->code : FAIL_NONE;
	if (!r)
		return;
	w->reason = r->reason;
	w->match_seq = r->match_seq;
	if (r->match)
		snprintf(w->match, sizeof w->match, "%.*s", (int)r->n_match, r->match);
}

static void begin_wait(struct fixture *f, struct pane *p, struct core_wait_spec spec,
		       struct waited *w)
{
	uint64_t id;

	memset(w, 0, sizeof *w);
	core_wait(f->k.core, p, &spec, on_waited, w, &id);
}

static void a_pattern_is_found_across_chunks(void **state)
{
	struct fixture *f = *state;
	struct pane *p = make(f);
	struct waited w;

	fake_print(&f->k, p, "BUILD OK of yesterday\n");
	begin_wait(f, p,
		   (struct core_wait_spec){
			   .regex = "BUILD (OK|FAILED)", .idle_ms = -1, .timeout_ms = 5000 },
		   &w);
	assert_false(w.is_done);
	fake_print(&f->k, p, "xx BUI");
	fake_print(&f->k, p, "LD FAI");
	assert_false(w.is_done);
	fake_print(&f->k, p, "LED\n");
	assert_true(w.is_done);
	assert_int_equal(w.reason, CORE_WAIT_MATCH);
	assert_string_equal(w.match, "BUILD FAILED");
	assert_int_equal(w.match_seq, 38); /* text has no positions: what was looked at */
}

static void what_was_printed_before_can_be_waited_for_from_a_position(void **state)
{
	struct fixture *f = *state;
	struct pane *p = make(f);
	struct waited w;

	fake_print(&f->k, p, "ready");
	begin_wait(f, p,
		   (struct core_wait_spec){
			   .regex = "ready", .is_from_set = true, .idle_ms = -1, .timeout_ms = -1 },
		   &w);
	assert_true(w.is_done);
	assert_int_equal(w.reason, CORE_WAIT_MATCH);
}

static void waits_end_by_exit_quiet_or_deadline(void **state)
{
	struct fixture *f = *state;
	struct pane *p = make(f);
	struct waited idle, late, gone, never;

	begin_wait(f, p, (struct core_wait_spec){ .idle_ms = 30, .timeout_ms = 60000 }, &idle);
	begin_wait(f, p,
		   (struct core_wait_spec){ .wants_exit = true, .idle_ms = -1, .timeout_ms = 20 },
		   &late);
	begin_wait(f, p,
		   (struct core_wait_spec){ .wants_exit = true, .idle_ms = -1, .timeout_ms = -1 },
		   &gone);
	begin_wait(f, p,
		   (struct core_wait_spec){ .regex = "never", .idle_ms = -1, .timeout_ms = -1 },
		   &never);
	fake_keeper_until(&f->k, &idle.is_done);
	fake_keeper_until(&f->k, &late.is_done);
	assert_int_equal(idle.reason, CORE_WAIT_IDLE);
	assert_int_equal(late.reason, CORE_WAIT_TIMEOUT);
	assert_false(gone.is_done);
	fake_pane_exit(&f->k, 1, 0, true);
	fake_keeper_until(&f->k, &gone.is_done);
	fake_keeper_until(&f->k, &never.is_done);
	assert_int_equal(gone.reason, CORE_WAIT_EXIT);
	assert_int_equal(never.reason, CORE_WAIT_CLOSED);
}

static void bad_patterns_are_typed_errors_and_never_hang(void **state)
{
	struct fixture *f = *state;
	struct pane *p = make(f);
	char line[2000];
	struct waited w;

	begin_wait(f, p, (struct core_wait_spec){ .regex = "(", .idle_ms = -1, .timeout_ms = -1 },
		   &w);
	assert_true(w.is_done);
	assert_int_equal(w.code, FAIL_INVALID_REGEX);
	begin_wait(f, p, (struct core_wait_spec){ .idle_ms = -1, .timeout_ms = -1 }, &w);
	assert_int_equal(w.code, FAIL_INVALID_PARAMS);

	begin_wait(f, p,
		   (struct core_wait_spec){
			   .regex = "(a+)+$(*FAIL)|(x+x+)+y", .idle_ms = -1, .timeout_ms = -1 },
		   &w);
	memset(line, 'a', sizeof line);
	memset(line, 'x', sizeof line / 2);
	line[sizeof line - 1] = 0;
	fake_print(&f->k, p, line);
	assert_true(w.is_done);
	assert_int_equal(w.code, FAIL_REGEX_LIMIT);
}

/* ---- quarantine ---- */

static void bytes_that_kill_the_daemon_are_not_fed_for_ever(void **state)
{
	struct fixture *f = *state;
	struct core_config config;
	struct pane_info info;
	int status;
	pid_t pid;

	core_config_init(&config);
	snprintf(config.abort_on, sizeof config.abort_on, "poison");
	make(f);
	fake_keeper_crash(&f->k);
	assert_int_equal(write(fake_pane_of(&f->k, 1)->slave, "some poison", 11), 11);
	for (int death = 0; death < 2; death++) {
		struct arena a;

		pid = fork();
		assert_true(pid >= 0);
		if (pid == 0) {
			signal(SIGABRT, SIG_DFL);
			fake_keeper_start(&f->k, &config);
			for (int i = 0; i < 5000; i++) {
				fake_keeper_turn(&f->k, 1);
				poll(NULL, 0, 1);
			}
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
		assert_int_equal(arena_map(&a, f->k.arena_fd), 0);
		arena_note_death(&a);
		arena_unmap(&a);
	}
	fake_keeper_start(&f->k, &config);
	fake_until_seq(&f->k, core_pane_next(f->k.core, 0), 11);
	pane_get_info(core_pane_next(f->k.core, 0), &info);
	assert_true(info.is_quarantined);
	assert_int_equal(info.seq, 11);
	assert_int_equal(info.state, PANE_RUNNING);
}

/* ---- kills, on processes of our own ---- */

struct killed {
	bool is_done;
	size_t n;
	unsigned n_gone, n_strays;
};

static void on_killed(const struct core_kill_report *r, const struct fail *f, void *user)
{
	struct killed *k = user;

	assert_null(f);
	k->is_done = true;
	k->n = r->n;
	for (size_t i = 0; i < r->n; i++) {
		k->n_gone += r->processes[i].is_gone;
		k->n_strays += r->processes[i].is_stray;
	}
}

static void stopping_ends_what_descends_from_the_keeper_even_if_it_ignores_the_hang_up(void **state)
{
	struct fixture *f = *state;
	struct killed k = { 0 };
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		signal(SIGHUP, SIG_IGN);
		for (int i = 0; i < 60; i++)
			sleep(1);
		_exit(0);
	}
	core_shutdown(f->k.core, 50, on_killed, &k);
	for (int i = 0; i < 3000 && !k.is_done; i++) {
		fake_keeper_turn(&f->k, 1);
		waitpid(pid, &status, WNOHANG);
		poll(NULL, 0, 1);
	}
	assert_true(k.is_done);
	assert_int_equal(k.n, 1);
	assert_int_equal(k.n_gone, 1);
	assert_int_equal(k.n_strays, 1);
	fake_keeper_turn(&f->k, 2);
	assert_true(f->k.is_stopped);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_subscriber_gets_every_byte_in_order),
		T(subscribing_from_a_position_begins_exactly_there),
		T(what_the_ring_no_longer_holds_is_an_exact_gap),
		T(a_subscriber_that_does_not_take_bytes_slows_nobody),
		T(a_pausing_subscriber_stops_the_terminal_and_loses_nothing),
		T(output_is_held_for_the_first_subscriber),
		T(a_reader_that_stays_away_does_not_stop_a_program_for_ever),
		T(deleting_a_pane_ends_its_subscriptions),
		T(subscriptions_are_told_apart_in_whatever_order_they_go),
		T(who_subscribes_to_what_is_lost_hears_of_its_next_life),
		T(a_write_is_answered_when_the_terminal_took_all_of_it),
		T(input_that_nobody_reads_is_bounded),
		T(unknown_keys_send_nothing),
		T(a_pattern_is_found_across_chunks),
		T(what_was_printed_before_can_be_waited_for_from_a_position),
		T(waits_end_by_exit_quiet_or_deadline),
		T(bad_patterns_are_typed_errors_and_never_hang),
		T(bytes_that_kill_the_daemon_are_not_fed_for_ever),
		T(stopping_ends_what_descends_from_the_keeper_even_if_it_ignores_the_hang_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
