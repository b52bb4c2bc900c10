/* Every failure path: the Nth call to the kernel, or for memory, fails, for every N; and
 * disks that really are full, read-only or closed. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "journal/io.h"
#include "journal/rig.h"

#define MAX_N 5000

/* A life: printing, sealing, dropping, syncing, closing, with faults taken as core takes
 * them.  @flushed: what is known to be written. */
struct life {
	struct rig *rig;
	uint64_t flushed;
	bool failed; /* some call returned a fault */
};

static void note(struct life *l, int r)
{
	/* Outcomes are none of the faults that were injected. */
	assert_true(r <= 0 || r == JOURNAL_E_MORE || r == JOURNAL_E_NONE);
	l->failed |= r < 0;
}

static void print(struct life *l)
{
	struct rig *r = l->rig;

	for (int i = 0; i < 12; i++) {
		int k = rig_print(r, 0, 600);

		if (k == 0)
			k = i % 3 == 0 ? rig_mark(r, "mark") : 0;
		if (k == 0 && i % 4 == 0)
			k = rig_checkpoint(r, (uint64_t)i, 300);
		if (k == 0)
			k = journal_flush(r->w);
		if (k == 0)
			l->flushed = r->seq[0];
		note(l, k);
	}
}

static void keep_house(struct life *l, struct journal_squeezer *s)
{
	int k;

	for (int i = 0; i < 30; i++) {
		k = journal_step(l->rig->w, s);
		note(l, k);
		if (k != JOURNAL_E_MORE)
			break;
	}
	note(l, journal_sync(l->rig->w));
}

static void live(struct life *l)
{
	struct rig *r = l->rig;
	struct journal_squeezer *s = journal_squeezer_new();

	for (int i = 0; i < 3; i++) {
		int k = rig_open(r, NULL);

		note(l, k);
		if (k != 0)
			continue;
		print(l);
		if (s)
			keep_house(l, s);
		if (i == 1)
			note(l, journal_finish_segment(r->w));
		note(l, journal_writer_close(r->w));
		r->w = NULL;
	}
	journal_squeezer_free(s);
}

/* Whatever went wrong: all that was flushed is there, and nothing else but what followed. */
static void check(struct rig *r, const struct life *l)
{
	struct rig_sum sum;
	struct journal_state s;

	if (access(r->dir, F_OK) == 0) {
		rig_read(r, &sum);
		assert_int_equal(sum.tail[0], 0);
		assert_int_equal(sum.n_gap[0], 0);
		assert_true(sum.head[0] >= l->flushed);
	}
	rig_must(rig_open(r, &s));
	assert_int_equal(s.tail[0], 0);
	assert_true(s.head[0] >= l->flushed);
	rig_must(rig_print(r, 0, 100));
	rig_must(journal_flush(r->w));
	rig_read(r, &sum);
	assert_int_equal(sum.head[0], r->seq[0]);
	assert_int_equal(sum.n_output[0], r->seq[0]);
	assert_int_equal(rig_count(r, ".damaged"), 0);
	assert_int_equal(rig_count(r, ".tmp"), 0);
}

static void prepare(struct rig *r)
{
	rig_init(r);
	r->opts.block_bytes = 1500;
	r->opts.segment_bytes = 3000;
	r->opts.no_sync = false;
}

/* Counts up N until a life passes without reaching it. */
static void fail_each(int error, bool for_good)
{
	for (long n = 0; n < MAX_N; n++) {
		struct rig r;
		struct life l = { .rig = &r };

		prepare(&r);
		io_fail_after(n, error, for_good);
		live(&l);
		io_fail_after(-1, 0, false);
		check(&r, &l);
		rig_fini(&r);
		if (!l.failed && n > 100)
			return;
	}
	fail();
}

static void the_nth_call_fails_once(void **state)
{
	(void)state;
	fail_each(EIO, false);
}

static void the_disk_is_full_from_the_nth_call_on(void **state)
{
	(void)state;
	fail_each(ENOSPC, true);
}

static void the_nth_allocation_fails(void **state)
{
	(void)state;
	for (long n = 0; n < MAX_N; n++) {
		struct rig r;
		struct life l = { .rig = &r };
		uint64_t failures = mem_failures();

		prepare(&r);
		mem_fail_after(n);
		live(&l);
		mem_fail_after(-1);
		failures = mem_failures() - failures;
		check(&r, &l);
		rig_fini(&r);
		if (failures == 0)
			return;
	}
	fail();
}

static void a_reader_hands_on_every_fault(void **state)
{
	struct rig r;
	struct life l = { .rig = &r };
	struct journal_want want = { 9000, UINT64_MAX, UINT64_MAX };
	bool failed = true;

	(void)state;
	prepare(&r);
	live(&l);
	for (long n = 0; failed && n < MAX_N; n++) {
		struct journal_reader *jr = NULL;
		struct rig_sum sum = { .end = -1 };

		failed = true;
		if (n % 2 == 0) {
			io_fail_after(n / 2, EIO, true);
		} else {
			mem_fail_after(n / 2);
		}
		int k = journal_reader_open(r.dir, &jr);
		if (k == 0)
			k = journal_seek_checkpoint(jr, &want);
		if (k == 0)
			k = journal_seek(jr, 0, 3000);
		if (k == 0) {
			rig_walk(jr, &sum);
			failed = sum.end < 0;
			k = sum.end;
		}
		io_fail_after(-1, 0, false);
		mem_fail_after(-1);
		assert_true(k < 0 || k == JOURNAL_E_END);
		journal_reader_close(jr);
		if (!failed && n % 2 == 0) {
			assert_int_equal(sum.head[0], l.flushed);
			failed = true; /* the allocations may not be through */
			if (n > 1000)
				break;
		}
	}
	rig_fini(&r);
}

/* Runs @fn in a process of its own: limits and mounts do not come back. */
static int in_child(int (*fn)(void))
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(fn());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

enum { CHILD_OK, CHILD_WRONG, CHILD_CANNOT };

/* Print until it does not go on; then throw away, go on when there is room again. */
static int fill_up(struct rig *r, int expected, void (*make_room)(void))
{
	struct rig_sum sum;
	int k = rig_open(r, NULL);

	for (int i = 0; k == 0 && i < 100000; i++) {
		k = rig_print(r, 0, 1000);
		if (k == 0)
			k = journal_flush(r->w);
	}
	if (k != expected)
		return CHILD_WRONG;
	uint64_t full = r->seq[0];
	rig_read(r, &sum);
	if (sum.head[0] > full || sum.head[0] + 2000 < full || sum.n_gap[0] > 0)
		return CHILD_WRONG;
	journal_discard(r->w);
	make_room();
	rig_must(rig_print(r, 0, 1000));
	rig_must(journal_flush(r->w));
	rig_read(r, &sum);
	if (sum.head[0] != r->seq[0] || sum.n_gap[0] > 2000)
		return CHILD_WRONG;
	rig_close(r);
	return CHILD_OK;
}

static void raise_limit(void)
{
	struct rlimit l;

	getrlimit(RLIMIT_FSIZE, &l);
	l.rlim_cur = l.rlim_max;
	setrlimit(RLIMIT_FSIZE, &l);
}

static int under_a_size_limit(void)
{
	struct rig r;
	struct rlimit l;

	rig_init(&r);
	r.opts.segment_bytes = 1 << 20;
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &l);
	l.rlim_cur = 50000;
	setrlimit(RLIMIT_FSIZE, &l);
	int k = fill_up(&r, -EFBIG, raise_limit);
	rig_fini(&r);
	return k;
}

static void a_file_may_not_grow(void **state)
{
	(void)state;
	assert_int_equal(in_child(under_a_size_limit), CHILD_OK);
}

static char mounted[64];

static bool enter_namespace(void)
{
	return unshare(CLONE_NEWNS) == 0 || unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0;
}

static void grow_disk(void)
{
	if (mount("tmpfs", mounted, "tmpfs", MS_REMOUNT, "size=4m") != 0)
		abort();
}

static int on_a_full_disk(void)
{
	struct rig r;

	rig_init(&r);
	snprintf(mounted, sizeof mounted, "%s", r.state);
	if (!enter_namespace() || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
	    mount("tmpfs", r.state, "tmpfs", 0, "size=256k") != 0)
		return CHILD_CANNOT;
	int k = fill_up(&r, -ENOSPC, grow_disk);
	if (k == CHILD_OK) {
		rig_must(rig_open(&r, NULL));
		mount("tmpfs", r.state, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL);
		/* What is open for writing keeps a mount writable: nothing is, yet. */
		rig_must(rig_print(&r, 0, 10));
		if (journal_flush(r.w) != -EROFS)
			k = CHILD_WRONG;
		journal_writer_close(r.w);
		r.w = NULL;
		if (journal_writer_open(r.dir, 7, NULL, NULL, &r.w) == 0)
			journal_writer_close(r.w);
		struct rig_sum sum;
		rig_read(&r, &sum);
		mount("tmpfs", r.state, "tmpfs", MS_REMOUNT, NULL);
	}
	umount(r.state);
	rmdir(r.state);
	return k;
}

static void the_disk_is_really_full_then_read_only(void **state)
{
	(void)state;
	int k = in_child(on_a_full_disk);
	if (k == CHILD_CANNOT)
		skip();
	assert_int_equal(k, CHILD_OK);
}

static int without_permission(void)
{
	struct rig r;
	struct rig_sum sum;

	rig_init(&r);
	if (geteuid() == 0) {
		if (chown(r.state, 65534, 65534) != 0 || setegid(65534) != 0 || seteuid(65534) != 0)
			return CHILD_CANNOT;
	}
	rig_must(rig_open(&r, NULL));
	rig_must(rig_print(&r, 0, 20000));
	rig_must(journal_flush(r.w));
	rig_close(&r);
	chmod(r.dir, 0500);
	rig_must(rig_open(&r, NULL));
	rig_must(journal_finish_segment(r.w));
	rig_must(rig_print(&r, 0, 10));
	int k = journal_flush(r.w) == -EACCES ? CHILD_OK : CHILD_WRONG;
	journal_discard(r.w);
	chmod(r.dir, 0700);
	rig_must(rig_print(&r, 0, 10));
	rig_must(journal_flush(r.w));
	rig_read(&r, &sum);
	if (sum.n_gap[0] != 10 || sum.n_output[0] != 20010)
		k = CHILD_WRONG;
	rig_close(&r);
	chmod(r.dir, 0);
	if (journal_writer_open(r.dir, 7, NULL, NULL, &r.w) != -EACCES)
		k = CHILD_WRONG;
	struct journal_reader *jr;
	if (journal_reader_open(r.dir, &jr) != -EACCES)
		k = CHILD_WRONG;
	chmod(r.dir, 0700);
	r.w = NULL;
	rig_fini(&r);
	return k;
}

static void the_directory_is_closed(void **state)
{
	(void)state;
	int k = in_child(without_permission);
	if (k == CHILD_CANNOT)
		skip();
	assert_int_equal(k, CHILD_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_nth_call_fails_once),
		cmocka_unit_test(the_disk_is_full_from_the_nth_call_on),
		cmocka_unit_test(the_nth_allocation_fails),
		cmocka_unit_test(a_reader_hands_on_every_fault),
		cmocka_unit_test(a_file_may_not_grow),
		cmocka_unit_test(the_disk_is_really_full_then_read_only),
		cmocka_unit_test(the_directory_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
