/* Journals: what outlives the daemon, the ring and the disk's moods. */
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
#include <sys/resource.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/fake_keeper.h"
#include "core/record.h"
#include "core/state.h"

#define GOT_MAX (4u << 20)

static struct core_config config_of_tests(void)
{
	struct core_config c;

	core_config_init(&c);
	c.journal.sync_ms = 50;
	return c;
}

static int setup(void **state)
{
	struct fake_keeper *k = calloc(1, sizeof *k);
	struct core_config c = config_of_tests();

	fake_keeper_init(k);
	fake_keeper_start(k, &c);
	*state = k;
	return 0;
}

static int teardown(void **state)
{
	fake_keeper_fini(*state);
	free(*state);
	return 0;
}

static void restart(struct fake_keeper *k)
{
	struct core_config c = config_of_tests();

	fake_keeper_crash(k);
	fake_keeper_start(k, &c);
}

/* The machine was started again: no arena, no processes. */
static void reboot(struct fake_keeper *k)
{
	struct core_config c = config_of_tests();

	fake_keeper_crash(k);
	for (unsigned i = 0; i < k->n_panes; i++) {
		if (k->panes[i].child.pane)
			fake_keeper_lose(k, k->panes[i].child.pane);
	}
	close(k->arena_fd);
	assert_int_equal(arena_create(0, &k->arena_fd), 0);
	fake_keeper_start(k, &c);
}

static struct pane *make(struct fake_keeper *k, bool is_private)
{
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p;

	spec.is_private = is_private;
	p = fake_create(k, &spec, &made);
	assert_non_null(p);
	fcntl(fake_pane_of(k, pane_number(p))->slave, F_SETFL, O_NONBLOCK);
	return p;
}

/* Numbered lines, so that a byte in the wrong place is seen. */
static size_t line_at(uint64_t n, char *out)
{
	return (size_t)sprintf(out, "line %09llu of what is printed\r\n", (unsigned long long)n);
}
#define LINE_BYTES 35ull

static void flood(struct fake_keeper *k, struct pane *p, uint64_t first, uint64_t n)
{
	int fd = fake_pane_of(k, pane_number(p))->slave;
	uint64_t until = stream_head(&p->streams[CORE_OUT]) + n * LINE_BYTES;
	char line[64];

	for (uint64_t i = first; i < first + n; i++) {
		assert_int_equal(line_at(i, line), LINE_BYTES);
		for (size_t done = 0; done < LINE_BYTES;) {
			ssize_t r = write(fd, line + done, LINE_BYTES - done);

			if (r > 0)
				done += (size_t)r;
			fake_keeper_turn(k, r > 0 ? 0 : 1);
		}
	}
	fake_until_seq(k, p, until);
}

static void assert_lines(const char *p, size_t n, uint64_t from)
{
	char line[64];

	for (size_t i = 0; i < n; i++) {
		uint64_t at = from + i;

		(void)line_at(at / LINE_BYTES, line);
		if (p[i] != line[at % LINE_BYTES])
			fail_msg("byte %llu is wrong", (unsigned long long)at);
	}
}

static void assert_reads_all(struct fake_keeper *k, struct pane *p, uint64_t n)
{
	struct buf got = BUF_INIT;

	while (buf_len(&got) < n) {
		size_t before = buf_len(&got);

		assert_int_equal(fake_read(k, p, CORE_OUT, before, 100000, &got), before);
		assert_true(buf_len(&got) > before);
	}
	assert_int_equal(buf_len(&got), n);
	assert_lines(buf_data(&got), n, 0);
	buf_fini(&got);
}

static void shot(struct pane *p, struct buf *out)
{
	struct core_snapshot spec = { .format = SNAPSHOT_ANSI, .n_history = SNAPSHOT_ALL };
	struct core_snapshot_info info;
	struct fail f;

	assert_int_equal(core_pane_snapshot(p, &spec, out, &info, &f), 0);
}

static void assert_same_shot(const struct buf *a, struct pane *p)
{
	struct buf b = BUF_INIT;

	shot(p, &b);
	assert_int_equal(buf_len(a), buf_len(&b));
	assert_memory_equal(buf_data(a), buf_data(&b), buf_len(a));
	buf_fini(&b);
}

/* ---- reading back ---- */

static void all_that_was_printed_can_be_read_however_small_the_ring(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k, false);
	struct pane_info info;

	flood(k, p, 0, 40000);
	pane_get_info(p, &info);
	assert_int_equal(info.seq, 40000 * LINE_BYTES);
	assert_int_equal(info.tail_seq, 0);
	assert_reads_all(k, p, 40000 * LINE_BYTES);
	restart(k);
	p = fake_pane(k, 1);
	pane_get_info(p, &info);
	assert_int_equal(info.tail_seq, 0);
	assert_reads_all(k, p, 40000 * LINE_BYTES);
	flood(k, p, 40000, 100);
	assert_reads_all(k, p, 40100 * LINE_BYTES);
}

struct reader {
	char *got;
	uint64_t next, n;
	unsigned n_resyncs, n_full;
	bool is_full;
};

static enum core_push on_push(struct core_chunk *chunk, void *user)
{
	struct reader *r = user;

	if (r->is_full) {
		r->n_full++;
		return CORE_PUSH_FULL;
	}
	assert_int_equal(chunk->bytes.from, r->next);
	for (int i = 0; i < 2; i++) {
		assert_true(r->n + chunk->bytes.n[i] <= GOT_MAX);
		memcpy(r->got + r->n, chunk->bytes.p[i], chunk->bytes.n[i]);
		r->n += chunk->bytes.n[i];
	}
	r->next = chunk->bytes.to;
	return CORE_PUSH_OK;
}

static void on_resync(uint64_t pane, enum core_stream s, uint64_t from, uint64_t to, void *user)
{
	struct reader *r = user;

	(void)pane;
	(void)s;
	assert_int_equal(from, r->next);
	r->next = to;
	r->n_resyncs++;
}

static void on_gone(uint64_t id, void *user)
{
	(void)id;
	(void)user;
}

static const struct core_sub_ops sub_ops = { on_push, NULL, on_resync, on_gone };

static uint64_t subscribe(struct pane *p, struct reader *r, enum core_lag lag)
{
	struct core_sub_spec spec = {
		.ops = &sub_ops, .user = r, .wants_out = true, .is_from_start = true, .on_lag = lag
	};
	uint64_t id;
	struct fail f;

	assert_int_equal(core_subscribe(p, &spec, &id, &r->next, &f), 0);
	return id;
}

static void await_bytes(struct fake_keeper *k, struct reader *r, uint64_t n)
{
	for (int i = 0; i < 5000 && r->n < n; i++) {
		fake_keeper_turn(k, 1);
		poll(NULL, 0, 1);
	}
	assert_int_equal(r->n, n);
}

static void who_subscribes_from_the_past_misses_nothing(void **state)
{
	struct fake_keeper *k = *state;
	struct reader r = { .got = malloc(GOT_MAX) };
	struct pane *p = make(k, false);
	uint64_t id;

	flood(k, p, 0, 30000);
	id = subscribe(p, &r, CORE_LAG_RESYNC);
	assert_int_equal(r.next, 0);
	flood(k, p, 30000, 10000);
	await_bytes(k, &r, 40000 * LINE_BYTES);
	assert_int_equal(r.n_resyncs, 0);
	assert_lines(r.got, r.n, 0);
	flood(k, p, 40000, 10);
	await_bytes(k, &r, 40010 * LINE_BYTES);
	/* On the way it does not take anything for a while. */
	r.n = 0;
	assert_int_equal(core_unsubscribe(k->core, id, &(struct fail){ 0 }), 0);
	id = subscribe(p, &r, CORE_LAG_RESYNC);
	r.is_full = true;
	for (int i = 0; i < 5000 && r.n_full == 0; i++) {
		fake_keeper_turn(k, 1);
		poll(NULL, 0, 1);
	}
	assert_int_not_equal(r.n_full, 0);
	flood(k, p, 40010, 10000);
	r.is_full = false;
	core_subscription_ready(k->core, id);
	await_bytes(k, &r, 50010 * LINE_BYTES);
	assert_int_equal(r.n_resyncs, 0);
	assert_lines(r.got, r.n, 0);
	free(r.got);
}

static void a_private_pane_has_no_journal(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k, true);
	struct pane_info info;
	char dir[128];

	flood(k, p, 0, 20000);
	fake_journal(k);
	pane_get_info(p, &info);
	assert_int_equal(info.journal.state, RECORD_OFF);
	assert_int_equal(info.tail_seq, 20000 * LINE_BYTES - (256 << 10));
	snprintf(dir, sizeof dir, "%s/journal/p1", k->dir);
	assert_int_equal(access(dir, F_OK), -1);
}

static void the_journal_goes_with_its_pane(void **state)
{
	struct fake_keeper *k = *state;
	struct fail f;
	char dir[128];

	make(k, false);
	snprintf(dir, sizeof dir, "%s/journal/p1", k->dir);
	fake_print(k, fake_pane(k, 1), "x");
	fake_journal(k);
	assert_int_equal(access(dir, F_OK), 0);
	fake_pane_exit(k, 1, 0, true);
	fake_keeper_until_count(k, &k->n_events[CORE_PANE_CLOSED], 1);
	/* A daemon that never opened it deletes it all the same. */
	restart(k);
	assert_int_equal(core_pane_delete(k->core, fake_pane(k, 1), &f), 0);
	fake_journal(k);
	assert_int_equal(access(dir, F_OK), -1);
}

/* ---- screens ---- */

static void a_screen_and_its_history_outlive_daemon_and_machine(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k, false);
	struct buf before = BUF_INIT;

	fake_print(k, p, "\033]2;a title\007\033[31m");
	flood(k, p, 0, 60000);
	fake_print(k, p, "\033[1;5Hx\033[?25l\xe2\x82"); /* a character cut in two */
	shot(p, &before);
	restart(k);
	p = fake_pane(k, 1);
	assert_same_shot(&before, p);
	assert_string_equal(p->title, "a title");
	reboot(k);
	p = fake_pane(k, 1);
	assert_int_equal(p->state, PANE_LOST);
	assert_same_shot(&before, p);
	buf_fini(&before);
}

static void sizes_count_where_they_changed(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k, false);
	struct buf before = BUF_INIT;
	struct fail f;

	flood(k, p, 0, 100);
	assert_int_equal(core_pane_resize(k->core, p, 20, 10, &f), 0);
	flood(k, p, 100, 100);
	/* The program asks for 132 columns amid what it prints: DECCOLM. */
	fake_print(k, p, "\033[?40h\033[?3h132 columns\r\nand on\r\n");
	assert_int_equal(p->cols, 132);
	flood(k, p, 200, 5);
	shot(p, &before);
	restart(k);
	assert_same_shot(&before, fake_pane(k, 1));
	reboot(k);
	assert_same_shot(&before, fake_pane(k, 1));
	buf_fini(&before);
}

static void a_lost_pane_goes_on_behind_its_journal(void **state)
{
	struct fake_keeper *k = *state;
	struct fake_created made = { 0 };
	struct pane *p = make(k, false);
	struct pane_info info;

	flood(k, p, 0, 10000);
	reboot(k);
	p = fake_pane(k, 1);
	pane_get_info(p, &info);
	assert_int_equal(info.seq, 10000 * LINE_BYTES);
	assert_reads_all(k, p, 10000 * LINE_BYTES);
	core_pane_respawn(k->core, p, false, NULL, fake_on_created, &made);
	fake_keeper_until(k, &made.is_done);
	fcntl(fake_pane_of(k, 1)->slave, F_SETFL, O_NONBLOCK);
	flood(k, p, 10000, 10000);
	fake_journal(k);
	assert_reads_all(k, p, 20000 * LINE_BYTES);
	restart(k);
	assert_reads_all(k, fake_pane(k, 1), 20000 * LINE_BYTES);
}

/* ---- when the disk fails ---- */

static struct pane_journal_info journal_of(struct pane *p)
{
	struct pane_info info;

	pane_get_info(p, &info);
	return info.journal;
}

static void limit_files(rlim_t bytes)
{
	struct rlimit l;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &l), 0);
	l.rlim_cur = bytes == RLIM_INFINITY ? l.rlim_max : bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &l), 0);
}

static void await_state(struct fake_keeper *k, struct pane *p, enum record_state s)
{
	for (int i = 0; i < 8000 && journal_of(p).state != s; i++) {
		fake_keeper_turn(k, 1);
		poll(NULL, 0, 1);
	}
	assert_int_equal(journal_of(p).state, s);
}

static void on_a_full_disk_a_pane_goes_on_and_comes_back(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k, false);
	struct buf got = BUF_INIT;
	uint64_t from;

	flood(k, p, 0, 1000);
	fake_journal(k);
	limit_files(64 << 10);
	flood(k, p, 1000, 30000); /* it is not stopped */
	await_state(k, p, RECORD_FAILING);
	assert_int_equal(journal_of(p).error, EFBIG);
	assert_int_equal(k->n_events[CORE_PANE_JOURNAL], 1);
	limit_files(RLIM_INFINITY);
	await_state(k, p, RECORD_ON);
	assert_int_equal(k->n_events[CORE_PANE_JOURNAL], 2);
	flood(k, p, 31000, 20000);
	fake_journal(k);
	/* What was written before is there, then comes a gap, then all the rest. */
	assert_int_equal(fake_read(k, p, CORE_OUT, 0, 1000 * LINE_BYTES, &got), 0);
	assert_lines(buf_data(&got), 1000 * LINE_BYTES, 0);
	buf_clear(&got);
	from = fake_read(k, p, CORE_OUT, 3000 * LINE_BYTES, 1 << 20, &got);
	assert_in_range(from, 3000 * LINE_BYTES + 1, 31000 * LINE_BYTES);
	assert_lines(buf_data(&got), buf_len(&got), from);
	assert_true(buf_len(&got) > 20000 * LINE_BYTES);
	buf_fini(&got);
}

static void a_journal_that_cannot_be_opened_stops_nobody(void **state)
{
	struct fake_keeper *k = *state;
	char dir[128];
	struct pane *p;

	snprintf(dir, sizeof dir, "%s/journal", k->dir);
	assert_int_equal(close(open(dir, O_CREAT | O_WRONLY, 0600)),
			 0); /* a file is in its place */
	p = make(k, false);
	flood(k, p, 0, 20000);
	await_state(k, p, RECORD_FAILING);
	assert_int_equal(journal_of(p).error, ENOTDIR);
	assert_int_equal(unlink(dir), 0);
	await_state(k, p, RECORD_ON);
	flood(k, p, 20000, 20000);
	fake_journal(k);
	restart(k);
	assert_int_equal(stream_head(&fake_pane(k, 1)->streams[CORE_OUT]), 40000 * LINE_BYTES);
}

/* ---- the ring ---- */

static void a_quiet_pane_gives_its_ring_back(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k, false);
	struct buf before = BUF_INIT;
	struct stream *s = &p->streams[CORE_OUT];

	flood(k, p, 0, 9000);
	shot(p, &before);
	for (int i = 0; i < 4000 && stream_tail(s) + 4096 < stream_head(s); i++) {
		fake_keeper_turn(k, 1);
		poll(NULL, 0, 1);
	}
	assert_int_equal(stream_tail(s), stream_head(s) - 4096);
	assert_reads_all(k, p, 9000 * LINE_BYTES);
	flood(k, p, 9000, 10);
	assert_reads_all(k, p, 9010 * LINE_BYTES);
	buf_clear(&before);
	shot(p, &before);
	restart(k);
	assert_same_shot(&before, fake_pane(k, 1));
	buf_fini(&before);
}

static void what_the_journal_lacks_is_taken_from_the_ring_after_a_crash(void **state)
{
	struct fake_keeper *k = *state;
	struct core_config off = config_of_tests();
	struct pane *p = make(k, false);
	struct buf before = BUF_INIT;
	struct fail f;

	flood(k, p, 0, 1000);
	fake_keeper_crash(k);
	off.journal.is_enabled = false; /* as if the writer never had come to it */
	fake_keeper_start(k, &off);
	p = fake_pane(k, 1);
	flood(k, p, 1000, 1000);
	assert_int_equal(core_pane_resize(k->core, p, 30, 10, &f), 0);
	flood(k, p, 2000, 1000);
	shot(p, &before);
	restart(k);
	assert_same_shot(&before, fake_pane(k, 1));
	fake_journal(k);
	reboot(k);
	assert_reads_all(k, fake_pane(k, 1), 3000 * LINE_BYTES);
	assert_same_shot(&before, fake_pane(k, 1));
	buf_fini(&before);
}

static void a_journal_of_another_life_is_set_aside(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k, false);
	struct arena a;

	flood(k, p, 0, 1000);
	fake_keeper_crash(k);
	assert_int_equal(arena_map(&a, k->arena_fd), 0);
	a.slots[0].committed_seq = UINT64_MAX; /* damage: the slot is emptied */
	arena_unmap(&a);
	fake_keeper_start(k, NULL);
	p = fake_pane(k, 1);
	flood(k, p, 0, 10);
	fake_journal(k);
	assert_int_equal(journal_of(p).state, RECORD_ON);
	assert_reads_all(k, p, 10 * LINE_BYTES);
}

/* ---- limits and manners ---- */

static void configure(struct fake_keeper *k, void (*change)(struct core_config *c))
{
	struct core_config c = config_of_tests();

	change(&c);
	core_configure(k->core, &c);
}

static void small_total(struct core_config *c)
{
	c->journal.total_bytes = 1024;
}

static uint64_t bytes_of_journals(struct fake_keeper *k, bool *ret_has_first)
{
	struct journal_usage *all;
	uint64_t sum = 0;
	size_t n;

	assert_int_equal(journal_list(k->dir, &all, &n), 0);
	*ret_has_first = false;
	for (size_t i = 0; i < n; i++) {
		sum += all[i].n_bytes;
		*ret_has_first = *ret_has_first || (all[i].pane == 1 && all[i].n_bytes > 1000);
	}
	free(all);
	return sum;
}

static void all_journals_together_are_limited_ended_panes_first(void **state)
{
	struct fake_keeper *k = *state;
	bool has_first = true;

	configure(k, small_total);
	flood(k, make(k, false), 0, 30000);
	fake_pane_exit(k, 1, 0, true);
	fake_keeper_until_count(k, &k->n_events[CORE_PANE_CLOSED], 1);
	fake_journal(k);
	flood(k, make(k, false), 0, 40000);
	for (int i = 0; i < 5000 && has_first; i++) {
		fake_keeper_turn(k, 1);
		poll(NULL, 0, 1);
		(void)bytes_of_journals(k, &has_first);
	}
	assert_false(has_first);
	assert_reads_all(k, fake_pane(k, 2), 40000 * LINE_BYTES);
}

static void sync_every_batch(struct core_config *c)
{
	c->journal.sync_ms = 0;
}

static void every_batch_may_be_synced(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p;

	configure(k, sync_every_batch);
	p = make(k, false);
	flood(k, p, 0, 20000);
	fake_journal(k);
	assert_int_equal(journal_of(p).seq, 20000 * LINE_BYTES);
	assert_reads_all(k, p, 20000 * LINE_BYTES);
}

static void leave_gaps(struct core_config *c)
{
	c->journal.is_gap_policy = true;
}

/* What is there is right, and what is missing is said: the sum is all of it. */
static void with_gaps_allowed_nothing_is_passed_off_as_output(void **state)
{
	struct fake_keeper *k = *state;
	struct buf got = BUF_INIT;
	struct pane *p;
	uint64_t at = 0;

	configure(k, leave_gaps);
	p = make(k, false);
	flood(k, p, 0, 60000);
	fake_journal(k);
	while (at < 60000 * LINE_BYTES) {
		uint64_t from;

		buf_clear(&got);
		from = fake_read(k, p, CORE_OUT, at, 100000, &got);
		assert_true(from >= at && buf_len(&got) > 0);
		assert_lines(buf_data(&got), buf_len(&got), from);
		at = from + buf_len(&got);
	}
	assert_int_equal(at, 60000 * LINE_BYTES);
	buf_fini(&got);
}

static void with_input(struct core_config *c)
{
	c->journal.has_input = true;
}

static size_t count_kind(struct fake_keeper *k, enum journal_kind kind, struct buf *data)
{
	struct journal_reader *r;
	struct journal_record rec;
	char dir[128];
	size_t n = 0;

	fake_journal(k);
	assert_int_equal(journal_path(k->dir, 1, dir, sizeof dir), 0);
	assert_int_equal(journal_reader_open(dir, &r), 0);
	assert_int_equal(journal_seek_start(r), 0);
	while (journal_next(r, &rec) == 0) {
		if (rec.kind != kind)
			continue;
		n++;
		if (data)
			buf_put(data, rec.data[0].p, rec.data[0].n);
	}
	journal_reader_close(r);
	return n;
}

static void on_written(size_t n, uint64_t seq, const struct fail *f, void *user)
{
	(void)n;
	(void)seq;
	(void)user;
	assert_null(f);
}

static void set_echo(struct fake_keeper *k, bool is_on)
{
	struct termios t;

	tcgetattr(fake_pane_of(k, 1)->slave, &t);
	t.c_lflag = is_on ? t.c_lflag | ECHO : t.c_lflag & ~(tcflag_t)ECHO;
	tcsetattr(fake_pane_of(k, 1)->slave, TCSANOW, &t);
}

static void input_is_recorded_when_asked_for_and_never_unseen(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k, false);
	struct buf got = BUF_INIT;

	set_echo(k, true);
	core_pane_write(k->core, p, "not asked", 9, on_written, NULL);
	fake_keeper_turn(k, 5);
	assert_int_equal(count_kind(k, JOURNAL_INPUT, NULL), 0);
	configure(k, with_input);
	core_pane_write(k->core, p, "seen", 4, on_written, NULL);
	set_echo(k, false);
	core_pane_write(k->core, p, "secret", 6, on_written, NULL);
	fake_keeper_turn(k, 5);
	assert_int_equal(count_kind(k, JOURNAL_INPUT, &got), 1);
	assert_int_equal(buf_len(&got), 4);
	assert_memory_equal(buf_data(&got), "seen", 4);
	buf_fini(&got);
}

static void titles_directories_and_marks_stand_in_the_journal(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k, false);
	struct buf text = BUF_INIT;

	fake_print(k, p, "a\033]133;A\007$ \033]133;B\007ls\r\n\033]133;C\007x\033]133;D;3\007");
	fake_print(k, p, "\033]2;T\007\033]7;file://h/tmp\007");
	assert_int_equal(count_kind(k, JOURNAL_MARK, &text), 6);
	assert_int_equal(buf_len(&text), strlen("T/tmp"));
	assert_memory_equal(buf_data(&text), "T/tmp", 5);
	buf_fini(&text);
	restart(k);
	p = fake_pane(k, 1);
	assert_non_null(term_get(p));
	assert_string_equal(p->cwd_now, "/tmp");
	assert_int_equal(k->n_events[CORE_PANE_CWD], 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(all_that_was_printed_can_be_read_however_small_the_ring),
		T(who_subscribes_from_the_past_misses_nothing),
		T(a_private_pane_has_no_journal),
		T(the_journal_goes_with_its_pane),
		T(a_screen_and_its_history_outlive_daemon_and_machine),
		T(sizes_count_where_they_changed),
		T(a_lost_pane_goes_on_behind_its_journal),
		T(on_a_full_disk_a_pane_goes_on_and_comes_back),
		T(a_journal_that_cannot_be_opened_stops_nobody),
		T(a_quiet_pane_gives_its_ring_back),
		T(what_the_journal_lacks_is_taken_from_the_ring_after_a_crash),
		T(a_journal_of_another_life_is_set_aside),
		T(all_journals_together_are_limited_ended_panes_first),
		T(every_batch_may_be_synced),
		T(with_gaps_allowed_nothing_is_passed_off_as_output),
		T(input_is_recorded_when_asked_for_and_never_unseen),
		T(titles_directories_and_marks_stand_in_the_journal),
	};

	return cmocka_run_group_tests_name("core/record", tests, NULL, NULL);
}
