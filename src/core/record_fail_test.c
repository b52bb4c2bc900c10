/* The Nth thing that the disk thread asks of the kernel fails, for every N; so does the
 * Nth allocation.  Whatever it is: nobody is stopped, the journal comes back, and what
 * it says is right: what is missing is missing at a marked place. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/fake_keeper.h"
#include "core/state.h"

/* ---- calls that fail; linked with --wrap ---- */

static pthread_t main_thread;
static atomic_long fail_after = -1;
static atomic_int fail_errno;
static atomic_bool is_hung; /* writes wait until it is lifted */
static atomic_ulong n_failed;

static bool fails(void)
{
	if (pthread_equal(pthread_self(), main_thread) || atomic_load(&fail_after) < 0)
		return false;
	if (atomic_fetch_sub(&fail_after, 1) > 0)
		return false;
	atomic_store(&fail_after, -1);
	atomic_fetch_add(&n_failed, 1);
	errno = atomic_load(&fail_errno);
	return true;
}

/* NOLINTBEGIN(readability-identifier-naming,bugprone-reserved-identifier): the linker's names */
ssize_t __real_pwrite64(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at);
ssize_t __wrap_pwrite64(int fd, const void *p, size_t n, off_t at)
{
	while (atomic_load(&is_hung))
		poll(NULL, 0, 1);
	if (!fails())
		return __real_pwrite64(fd, p, n, at);
	/* Half of it is written all the same, as on a disk that just became full. */
	(void)!__real_pwrite64(fd, p, n / 2, at);
	errno = atomic_load(&fail_errno);
	return -1;
}

int __real_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...);
int __wrap_open64(const char *path, int flags, ...)
{
	return fails() ? -1 : __real_open64(path, flags, 0600);
}

int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);
int __wrap_fdatasync(int fd)
{
	return fails() ? -1 : __real_fdatasync(fd);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
	return fails() ? -1 : __real_rename(from, to);
}

int __real_ftruncate64(int fd, off_t n);
int __wrap_ftruncate64(int fd, off_t n);
int __wrap_ftruncate64(int fd, off_t n)
{
	return fails() ? -1 : __real_ftruncate64(fd, n);
}

int __real_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode);
int __wrap_mkdir(const char *path, mode_t mode)
{
	return fails() ? -1 : __real_mkdir(path, mode);
}
/* NOLINTEND(readability-identifier-naming,bugprone-reserved-identifier) */

/* ---- what is printed and read ---- */

#define LINE_BYTES 35ull

static void line_at(uint64_t n, char *out)
{
	(void)sprintf(out, "line %09llu of what is printed\r\n", (unsigned long long)n);
}

static void print_lines(struct fake_keeper *k, struct pane *p, uint64_t first, uint64_t n)
{
	int fd = fake_pane_of(k, pane_number(p))->slave;
	char line[64];

	for (uint64_t i = first; i < first + n; i++) {
		line_at(i, line);
		for (size_t done = 0; done < LINE_BYTES;) {
			ssize_t r = write(fd, line + done, LINE_BYTES - done);

			if (r > 0)
				done += (size_t)r;
			fake_keeper_turn(k, r > 0 ? 0 : 1);
			/* The disk goes on once it was waited for. */
			if (core_get_metrics(k->core)->n_stalls > 0)
				atomic_store(&is_hung, false);
		}
	}
	fake_until_seq(k, p, (first + n) * LINE_BYTES);
}

/* What is read is what was printed there; returns the bytes that are missing. */
static uint64_t missing(struct fake_keeper *k, struct pane *p, uint64_t n)
{
	struct buf got = BUF_INIT;
	uint64_t at = 0, gaps = 0;
	char line[64];

	while (at < n) {
		uint64_t from;

		buf_clear(&got);
		from = fake_read(k, p, CORE_OUT, at, 200000, &got);
		assert_true(from >= at);
		gaps += from - at;
		for (size_t i = 0; i < buf_len(&got); i++) {
			line_at((from + i) / LINE_BYTES, line);
			assert_int_equal(buf_data(&got)[i], line[(from + i) % LINE_BYTES]);
		}
		at = from + buf_len(&got);
		assert_true(at > from || at >= n);
	}
	buf_fini(&got);
	return gaps;
}

static void await_on(struct fake_keeper *k, struct pane *p)
{
	struct pane_info info;

	for (int i = 0; i < 8000; i++) {
		pane_get_info(p, &info);
		if (info.journal.state == RECORD_ON && info.journal.seq == info.seq)
			return;
		fake_keeper_turn(k, 1);
		poll(NULL, 0, 1);
	}
	fail_msg("the journal did not come back: %s", strerror(info.journal.error));
}

static struct core_config config_of_tests(uint32_t sync_ms)
{
	struct core_config c;

	core_config_init(&c);
	c.journal.retry_ms = 5;
	c.journal.sync_ms = sync_ms;
	return c;
}

static void run_once(long n, int error, uint32_t sync_ms)
{
	struct fake_keeper *k = calloc(1, sizeof *k);
	struct core_config c = config_of_tests(sync_ms);
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p;

	fake_keeper_init(k);
	atomic_store(&fail_errno, error);
	atomic_store(&fail_after, n);
	fake_keeper_start(k, &c);
	p = fake_create(k, &spec, &made);
	assert_non_null(p);
	fcntl(fake_pane_of(k, 1)->slave, F_SETFL, O_NONBLOCK);
	/* Less than a ring: it holds all that could not be written. */
	print_lines(k, p, 0, 6000);
	await_on(k, p);
	print_lines(k, p, 6000, 3000);
	await_on(k, p);
	atomic_store(&fail_after, -1);
	assert_int_equal(missing(k, p, 9000 * LINE_BYTES), 0);
	fake_keeper_crash(k);
	fake_keeper_start(k, &c);
	assert_int_equal(missing(k, fake_pane(k, 1), 9000 * LINE_BYTES), 0);
	fake_keeper_fini(k);
	free(k);
}

static void whatever_fails_once_costs_nothing_that_the_ring_still_holds(void **state)
{
	static const int errors[] = { ENOSPC, EIO, EDQUOT, EROFS, EACCES };
	unsigned long before = atomic_load(&n_failed);

	(void)state;
	for (long n = 0; n < 40; n++)
		run_once(n, errors[n % 5], n % 2 ? 20 : 0);
	assert_true(atomic_load(&n_failed) - before >= 15);
}

static void memory_that_runs_out_stops_nobody_and_forges_nothing(void **state)
{
	struct fake_keeper *k = calloc(1, sizeof *k);
	struct core_config c = config_of_tests(20);
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p;
	uint64_t n_lines = 0;

	(void)state;
	fake_keeper_init(k);
	fake_keeper_start(k, &c);
	p = fake_create(k, &spec, &made);
	assert_non_null(p);
	fcntl(fake_pane_of(k, 1)->slave, F_SETFL, O_NONBLOCK);
	for (long n = 0; n < 60; n++) {
		mem_fail_after(n);
		print_lines(k, p, n_lines, 500);
		n_lines += 500;
		mem_fail_after(-1);
		print_lines(k, p, n_lines, 100);
		n_lines += 100;
		await_on(k, p);
	}
	assert_int_equal(missing(k, p, n_lines * LINE_BYTES), 0);
	fake_keeper_fini(k);
	free(k);
}

/* Returns the bytes that are missing in the end.  Every write takes 20 ms; or, where
 * gaps are allowed, the first lasts until all was printed. */
static uint64_t print_on_a_slow_disk(bool is_gap_policy)
{
	struct fake_keeper *k = calloc(1, sizeof *k);
	struct core_config c = config_of_tests(20);
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p;
	uint64_t gaps;

	c.journal.is_gap_policy = is_gap_policy;
	fake_keeper_init(k);
	fake_keeper_start(k, &c);
	p = fake_create(k, &spec, &made);
	assert_non_null(p);
	fcntl(fake_pane_of(k, 1)->slave, F_SETFL, O_NONBLOCK);
	atomic_store(&is_hung, true);
	print_lines(k, p, 0, 60000);
	if (!is_gap_policy)
		assert_true(core_get_metrics(k->core)->n_stalls > 0);
	atomic_store(&is_hung, false);
	await_on(k, p);
	gaps = missing(k, p, 60000 * LINE_BYTES);
	if (is_gap_policy)
		assert_int_equal(gaps, core_get_metrics(k->core)->n_journal_gap_bytes);
	fake_keeper_fini(k);
	free(k);
	return gaps;
}

static void a_slow_disk_stops_the_program_and_nothing_is_missing(void **state)
{
	(void)state;
	assert_int_equal(print_on_a_slow_disk(false), 0);
}

static void with_gaps_allowed_a_slow_disk_stops_nobody_and_gaps_are_marked(void **state)
{
	(void)state;
	assert_int_not_equal(print_on_a_slow_disk(true), 0);
}

/* The pane is quiet long before the disk has caught up. */
static void a_ring_is_given_back_when_a_slow_disk_has_caught_up(void **state)
{
	struct fake_keeper *k = calloc(1, sizeof *k);
	struct core_config c = config_of_tests(20);
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	const struct stream *s;
	struct pane *p;

	(void)state;
	fake_keeper_init(k);
	fake_keeper_start(k, &c);
	p = fake_create(k, &spec, &made);
	assert_non_null(p);
	fcntl(fake_pane_of(k, 1)->slave, F_SETFL, O_NONBLOCK);
	s = &p->streams[CORE_OUT];
	atomic_store(&is_hung, true);
	print_lines(k, p, 0, 3000);
	for (int i = 0; i < 8000 && p->n_ring_waits == 0; i++) {
		fake_keeper_turn(k, 1);
		poll(NULL, 0, 1);
	}
	assert_int_not_equal(p->n_ring_waits, 0);
	assert_int_equal(stream_tail(s), 0);
	atomic_store(&is_hung, false);
	for (int i = 0; i < 8000 && stream_tail(s) + 4096 < stream_head(s); i++) {
		fake_keeper_turn(k, 1);
		poll(NULL, 0, 1);
	}
	assert_int_equal(stream_tail(s), stream_head(s) - 4096);
	assert_int_equal(missing(k, p, 3000 * LINE_BYTES), 0);
	fake_keeper_fini(k);
	free(k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whatever_fails_once_costs_nothing_that_the_ring_still_holds),
		cmocka_unit_test(memory_that_runs_out_stops_nobody_and_forges_nothing),
		cmocka_unit_test(a_slow_disk_stops_the_program_and_nothing_is_missing),
		cmocka_unit_test(with_gaps_allowed_a_slow_disk_stops_nobody_and_gaps_are_marked),
		cmocka_unit_test(a_ring_is_given_back_when_a_slow_disk_has_caught_up),
	};

	main_thread = pthread_self();
	return cmocka_run_group_tests_name("core/record_fail", tests, NULL, NULL);
}
