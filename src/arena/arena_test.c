#include "arena/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define RING (64u << 10)

/* The byte that a stream has at @seq: a lost or doubled one shifts all that
 * follow, so any window shows it. */
static uint8_t byte_at(uint64_t seq)
{
	return (uint8_t)((seq * 0x9E3779B97F4A7C15ull) >> 56);
}

static void fill(uint8_t *buf, size_t n, uint64_t seq)
{
	for (size_t i = 0; i < n; i++)
		buf[i] = byte_at(seq + i);
}

static int new_arena(struct arena *a)
{
	int fd;

	assert_int_equal(arena_create(RING, &fd), 0);
	assert_int_equal(arena_map(a, fd), 0);
	return fd;
}

static void drop_arena(struct arena *a, int fd)
{
	arena_unmap(a);
	close(fd);
}

/* [0] ours, [1] the program's: a raw PTY in packet mode, or a pipe. */
static void open_stream(enum arena_slot_kind kind, int fds[2])
{
	int off = 0, on = 1;
	struct termios t;
	uint8_t status;

	if (kind == ARENA_SLOT_PIPE) {
		assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
		assert_int_equal(fcntl(fds[0], F_SETFL, O_NONBLOCK), 0);
		return;
	}
	fds[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	assert_true(fds[0] >= 0);
	assert_int_equal(ioctl(fds[0], TIOCSPTLCK, &off), 0);
	fds[1] = ioctl(fds[0], TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(fds[1] >= 0);
	assert_int_equal(ioctl(fds[0], TIOCPKT, &on), 0);
	assert_int_equal(tcgetattr(fds[1], &t), 0);
	cfmakeraw(&t);
	assert_int_equal(tcsetattr(fds[1], TCSANOW, &t), 0);
	/* Flow control went off: that is a status packet. */
	assert_int_equal(read(fds[0], &status, 1), 1);
	assert_int_equal(status, TIOCPKT_NOSTOP);
}

static void put(int fd, uint64_t seq, size_t n)
{
	uint8_t buf[4096];

	assert_true(n <= sizeof buf);
	fill(buf, n, seq);
	assert_int_equal(write(fd, buf, n), n);
}

/* All bytes that the ring claims to hold are the stream's. */
static void check_ring(const struct arena *a, uint32_t slot)
{
	uint64_t tail = arena_slot_tail(a, slot), head = arena_slot_head(a, slot);
	struct arena_view v = arena_slot_view(a, slot, tail, head - tail);
	uint64_t seq = tail;

	arena_slot_check(a, slot);
	assert_true(head - tail <= a->ring_bytes);
	for (int p = 0; p < 2; p++) {
		for (size_t i = 0; i < v.n[p]; i++, seq++) {
			if (v.p[p][i] == byte_at(seq))
				continue;
			fail_msg("byte %llu is wrong (ring is [%llu, %llu))",
				 (unsigned long long)seq, (unsigned long long)tail,
				 (unsigned long long)head);
		}
	}
	assert_int_equal(seq, head);
}

/* Until there is nothing now (AGAIN) or ever (EOF). */
static int read_all(struct arena *a, uint32_t slot, int fd)
{
	uint32_t n;
	int r;

	do {
		r = arena_slot_read(a, slot, fd, &n);
	} while (r == 0 || r == ARENA_READ_E_PACKET);
	return r;
}

/* ---- layout --------------------------------------------------------------- */

static void a_ring_size_must_be_a_power_of_two_in_bounds(void **state)
{
	const uint32_t bad[] = { 1, 4096, 32768, 65536 + 4096, 100000, 32u << 20 };
	int fd;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_true(arena_create(bad[i], &fd) < 0);
	assert_int_equal(arena_create(0, &fd), 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(ftruncate(fd, 0), -1);
	close(fd);
}

static void expect_map(int fd, size_t offset, size_t n, uint64_t value, int outcome)
{
	uint64_t old = 0;
	struct arena a;

	assert_int_equal(pread(fd, &old, n, (off_t)offset), n);
	assert_int_equal(pwrite(fd, &value, n, (off_t)offset), n);
	assert_int_equal(arena_map(&a, fd), outcome);
	assert_int_equal(pwrite(fd, &old, n, (off_t)offset), n);
}

#define EXPECT_MAP(fd, field, value, outcome)                  \
	expect_map((fd), offsetof(struct arena_header, field), \
		   sizeof(((struct arena_header *)NULL)->field), (value), (outcome))

static void every_number_of_the_header_is_checked(void **state)
{
	struct arena a;
	int fd = new_arena(&a);
	uint64_t total = a.total_bytes;

	(void)state;
	EXPECT_MAP(fd, magic, 0, ARENA_E_DAMAGED);
	EXPECT_MAP(fd, version, ARENA_VERSION + 1, ARENA_E_VERSION);
	EXPECT_MAP(fd, header_bytes, 8, ARENA_E_DAMAGED);
	EXPECT_MAP(fd, slot_bytes, sizeof(struct arena_slot) - 8, ARENA_E_DAMAGED);
	EXPECT_MAP(fd, n_slots, ARENA_SLOTS + 1, ARENA_E_DAMAGED);
	EXPECT_MAP(fd, n_slots, UINT32_MAX, ARENA_E_DAMAGED);
	EXPECT_MAP(fd, n_high, ARENA_SLOTS + 1, ARENA_E_DAMAGED);
	EXPECT_MAP(fd, ring_bytes, 2ull * RING, ARENA_E_DAMAGED);
	EXPECT_MAP(fd, ring_bytes, RING + 1, ARENA_E_DAMAGED);
	EXPECT_MAP(fd, rings_offset, 0, ARENA_E_DAMAGED);
	EXPECT_MAP(fd, total_bytes, total - 1, ARENA_E_DAMAGED);
	EXPECT_MAP(fd, total_bytes, UINT64_MAX, ARENA_E_DAMAGED);
	EXPECT_MAP(fd, version, ARENA_VERSION, 0);
	drop_arena(&a, fd);
}

static void a_file_that_could_shrink_is_refused(void **state)
{
	struct arena_header h;
	struct arena a;
	int good = new_arena(&a), fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	(void)state;
	assert_int_equal(pread(good, &h, sizeof h, 0), sizeof h);
	assert_int_equal(ftruncate(fd, (off_t)h.total_bytes), 0);
	assert_int_equal(pwrite(fd, &h, sizeof h, 0), sizeof h);
	struct arena b;
	assert_int_equal(arena_map(&b, fd), ARENA_E_DAMAGED);
	close(fd);
	drop_arena(&a, good);
}

static void slots_are_found_by_pane_and_stream_and_run_out(void **state)
{
	struct arena a;
	int fd = new_arena(&a);
	uint32_t i, j;

	(void)state;
	for (uint32_t n = 0; n < ARENA_SLOTS; n++)
		assert_int_equal(arena_slot_take(&a, ARENA_SLOT_PIPE, n / 2, n % 2, &i), 0);
	assert_int_equal(arena_slot_take(&a, ARENA_SLOT_PIPE, 1, 0, &i), ARENA_SLOT_E_FULL);
	assert_int_equal(arena_slot_find(&a, 1234, 1, &i), 0);
	assert_int_equal(i, 2469);
	arena_slot_release(&a, fd, i);
	assert_true(arena_slot_find(&a, 1234, 1, &j) < 0);
	assert_int_equal(arena_slot_take(&a, ARENA_SLOT_PTY, 9999, 0, &j), 0);
	assert_int_equal(i, j);
	drop_arena(&a, fd);
}

static void a_second_mapping_sees_the_slots_of_the_first(void **state)
{
	struct arena a, b;
	int fd = new_arena(&a);
	uint32_t i, j;

	(void)state;
	assert_int_equal(arena_slot_take(&a, ARENA_SLOT_PTY, 5, 0, &i), 0);
	assert_int_equal(arena_slot_take(&a, ARENA_SLOT_PTY, 6, 0, &i), 0);
	assert_int_equal(arena_map(&b, fd), 0);
	assert_int_equal(arena_slot_find(&b, 6, 0, &j), 0);
	assert_int_equal(i, j);
	assert_int_equal(arena_slot_take(&b, ARENA_SLOT_PTY, 7, 0, &j), 0);
	assert_int_equal(j, i + 1);
	arena_unmap(&b);
	drop_arena(&a, fd);
}

static blkcnt_t blocks_of(int fd)
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	return st.st_blocks;
}

static void a_released_slot_gives_its_pages_back(void **state)
{
	struct arena a;
	int fd = new_arena(&a);
	uint32_t i;

	(void)state;
	assert_int_equal(arena_slot_take(&a, ARENA_SLOT_PTY, 1, 0, &i), 0);
	blkcnt_t before = blocks_of(fd);
	memset(a.rings + (size_t)i * RING, 1, RING);
	assert_true(blocks_of(fd) >= before + RING / 512);
	arena_slot_release(&a, fd, i);
	assert_true(blocks_of(fd) <= before);
	assert_int_equal(a.slots[i].kind, ARENA_SLOT_FREE);
	drop_arena(&a, fd);
}

/* ---- reading -------------------------------------------------------------- */

static void check_reading(enum arena_slot_kind kind)
{
	struct arena a;
	int fd = new_arena(&a), s[2];
	uint64_t seq = 0;
	uint32_t slot, n;

	open_stream(kind, s);
	assert_int_equal(arena_slot_take(&a, kind, 1, 0, &slot), 0);
	assert_int_equal(arena_slot_read(&a, slot, s[0], &n), ARENA_READ_E_AGAIN);
	/* Sizes that drift over the end of the ring many times. */
	for (size_t len = 1; len < 3000; len += 7) {
		put(s[1], seq, len);
		seq += len;
		while (arena_slot_head(&a, slot) < seq) {
			int r = arena_slot_read(&a, slot, s[0], &n);

			assert_true(r == 0 || r == ARENA_READ_E_AGAIN || r == ARENA_READ_E_PACKET);
			if (r == 0)
				assert_in_range(n, 1, ARENA_READ_MAX);
			arena_slot_check(&a, slot);
		}
		assert_int_equal(arena_slot_head(&a, slot), seq);
	}
	assert_true(seq > 4ull * RING);
	assert_int_equal(arena_slot_tail(&a, slot), seq - RING);
	check_ring(&a, slot);
	put(s[1], seq, 100);
	close(s[1]);
	assert_int_equal(read_all(&a, slot, s[0]), ARENA_READ_E_EOF);
	assert_int_equal(arena_slot_head(&a, slot), seq + 100);
	check_ring(&a, slot);
	close(s[0]);
	drop_arena(&a, fd);
}

static void a_terminal_is_read_to_the_last_byte(void **state)
{
	(void)state;
	check_reading(ARENA_SLOT_PTY);
}

static void a_pipe_is_read_to_the_last_byte(void **state)
{
	(void)state;
	check_reading(ARENA_SLOT_PIPE);
}

static void a_status_packet_is_no_output(void **state)
{
	struct arena a;
	int fd = new_arena(&a), s[2];
	uint32_t slot, n;

	(void)state;
	open_stream(ARENA_SLOT_PTY, s);
	assert_int_equal(arena_slot_take(&a, ARENA_SLOT_PTY, 1, 0, &slot), 0);
	assert_int_equal(tcflow(s[1], TCOOFF), 0);
	assert_int_equal(arena_slot_read(&a, slot, s[0], &n), ARENA_READ_E_PACKET);
	assert_int_equal(arena_slot_read(&a, slot, s[0], &n), ARENA_READ_E_AGAIN);
	assert_int_equal(tcflow(s[1], TCOON), 0);
	/* With bytes behind it: the packet first, none of the bytes with it. */
	put(s[1], 0, 10);
	assert_int_equal(arena_slot_read(&a, slot, s[0], &n), ARENA_READ_E_PACKET);
	assert_int_equal(arena_slot_head(&a, slot), 0);
	arena_slot_check(&a, slot);
	assert_int_equal(read_all(&a, slot, s[0]), ARENA_READ_E_AGAIN);
	assert_int_equal(arena_slot_head(&a, slot), 10);
	check_ring(&a, slot);
	close(s[0]);
	close(s[1]);
	drop_arena(&a, fd);
}

static void events_keep_the_last_ones(void **state)
{
	struct arena a;
	int fd = new_arena(&a);
	uint32_t slot;

	(void)state;
	assert_int_equal(arena_slot_take(&a, ARENA_SLOT_PTY, 1, 0, &slot), 0);
	for (uint16_t i = 1; i <= 20; i++)
		arena_slot_note_resize(&a, slot, i, (uint16_t)(i + 1));
	assert_int_equal(a.slots[slot].n_events, 20);
	assert_int_equal(a.slots[slot].events[19 % ARENA_EVENTS].a, 20);
	assert_int_equal(a.slots[slot].events[4 % ARENA_EVENTS].b, 6);
	drop_arena(&a, fd);
}

/* ---- recovery ------------------------------------------------------------- */

static void expect_recovery(struct arena *a, uint32_t slot, uint32_t taken, bool was_open)
{
	uint32_t n = 99;
	bool open = !was_open;

	for (int i = 0; i < 2; i++) {
		arena_slot_recover(a, slot, &n, &open);
		assert_int_equal(n, i == 0 ? taken : 0);
		assert_int_equal(open, i == 0 && was_open);
		arena_slot_check(a, slot);
	}
}

static void an_open_intent_is_decided_by_the_control_byte(void **state)
{
	struct arena a;
	int fd = new_arena(&a);
	uint32_t i;

	(void)state;
	assert_int_equal(arena_slot_take(&a, ARENA_SLOT_PTY, 1, 0, &i), 0);
	struct arena_slot *s = &a.slots[i];
	s->committed_seq = s->intent_seq = 1000;
	s->intent_n = 50;
	s->control = 0xFF;
	expect_recovery(&a, i, 0, true);
	s->intent_n = 50;
	s->control = TIOCPKT_FLUSHWRITE;
	expect_recovery(&a, i, 0, true);
	s->intent_n = 50;
	s->control = 0;
	expect_recovery(&a, i, 50, true);
	assert_int_equal(arena_slot_head(&a, i), 1050);
	/* Killed between commit and clearing: not once more. */
	s->intent_n = 50;
	expect_recovery(&a, i, 0, true);
	assert_int_equal(arena_slot_head(&a, i), 1050);
	drop_arena(&a, fd);
}

static void damage_is_repaired_into_a_slot_that_holds_the_invariants(void **state)
{
	struct arena a;
	int fd = new_arena(&a);
	uint32_t seed = 1;

	(void)state;
	a.header->n_high = a.n_high = 1;
	for (int round = 0; round < 20000; round++) {
		uint8_t *p = (uint8_t *)&a.slots[0];

		for (size_t i = 0; i < sizeof a.slots[0]; i++) {
			seed = seed * 1664525 + 1013904223;
			p[i] = (uint8_t)(seed >> 24);
		}
		a.slots[0].kind = seed >> 8 & 3;
		if (round % 2) {
			a.slots[0].committed_seq >>= 40;
			a.slots[0].input_seq >>= 40;
			a.slots[0].intent_n >>= 18;
		}
		arena_slot_recover(&a, 0, NULL, NULL);
		arena_slot_check(&a, 0);
		uint64_t tail = arena_slot_tail(&a, 0), head = arena_slot_head(&a, 0);
		assert_true(tail <= head && head - tail <= RING);
		(void)arena_slot_view(&a, 0, tail, head - tail);
	}
	drop_arena(&a, fd);
}

/* ---- killed anywhere ------------------------------------------------------- */

#define STEP_BYTES 23

/* In the child: one read between two stops. */
static _Noreturn void read_between_stops(struct arena *a, uint32_t slot, int fd)
{
	uint32_t n;

	if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
		_exit(77);
	raise(SIGSTOP);
	int r = arena_slot_read(a, slot, fd, &n);
	raise(SIGSTOP);
	_exit(r);
}

static bool wait_stopped(pid_t pid, int *ret_signo)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	*ret_signo = WIFSTOPPED(status) ? WSTOPSIG(status) : 0;
	return WIFSTOPPED(status);
}

static void kill_and_reap(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Kill the reader after @n_steps instructions.  Returns the number done, fewer
 * when it was through; -1: no tracing here. */
static long kill_after(struct arena *a, uint32_t slot, int fd, long n_steps)
{
	pid_t pid = fork();
	int signo;

	assert_true(pid >= 0);
	if (pid == 0)
		read_between_stops(a, slot, fd);
	if (!wait_stopped(pid, &signo))
		return -1;
	long i = 0;
	for (; i < n_steps; i++) {
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL), 0);
		assert_true(wait_stopped(pid, &signo));
		if (signo == SIGSTOP)
			break;
	}
	kill_and_reap(pid);
	return i;
}

/* Once killed after @n_steps: recovery and reading on give every byte once. */
static long check_kill_after(enum arena_slot_kind kind, long n_steps, int *n_open)
{
	struct arena a;
	int fd = new_arena(&a), s[2];
	uint32_t slot;
	bool was_open;

	open_stream(kind, s);
	assert_int_equal(arena_slot_take(&a, kind, 1, 0, &slot), 0);
	/* Close to the end of the ring, so that there are two pieces. */
	a.slots[slot].committed_seq = a.slots[slot].base_seq = RING - 10;
	put(s[1], RING - 10, STEP_BYTES);
	long done = kill_after(&a, slot, s[0], n_steps);
	if (done >= 0) {
		arena_slot_recover(&a, slot, NULL, &was_open);
		*n_open += was_open;
		read_all(&a, slot, s[0]);
		assert_int_equal(arena_slot_head(&a, slot), RING - 10 + STEP_BYTES);
		check_ring(&a, slot);
	}
	close(s[0]);
	close(s[1]);
	drop_arena(&a, fd);
	return done;
}

static void check_every_step(enum arena_slot_kind kind)
{
	int n_open = 0;
	long n_steps = check_kill_after(kind, 1000000, &n_open);

	if (n_steps < 0)
		skip();
	/* A step costs 35 us: bound their sum, also where instrumentation makes
	 * many more of them. */
	long stride = n_steps * n_steps / 2 / 60000 + 1;
	for (long i = 0; i < n_steps; i += stride)
		check_kill_after(kind, i, &n_open);
	print_message("%ld instructions, every %ld: %d kills found an open intent\n", n_steps,
		      stride, n_open);
	assert_true(n_open > 0);
}

static void a_terminal_is_exact_when_killed_at_any_instruction(void **state)
{
	(void)state;
	check_every_step(ARENA_SLOT_PTY);
}

static void a_pipe_is_exact_when_killed_at_any_instruction(void **state)
{
	(void)state;
	check_every_step(ARENA_SLOT_PIPE);
}

struct flood {
	_Atomic uint64_t n_written;
	_Atomic bool is_over;
};

static struct flood *new_flood(void)
{
	struct flood *f =
		mmap(NULL, sizeof *f, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(f != MAP_FAILED);
	return f;
}

/* Writes the stream in pieces of all sizes until told to end. */
static _Noreturn void run_writer(struct flood *f, int fd)
{
	uint8_t buf[3000];
	uint64_t seq = 0;

	for (uint32_t seed = 7; !f->is_over; seed = seed * 1664525 + 1013904223) {
		size_t n = (seed >> 8) % sizeof buf + 1;

		fill(buf, n, seq);
		for (size_t at = 0; at < n;) {
			ssize_t w = write(fd, buf + at, n - at);

			if (w <= 0)
				_exit(1);
			at += (size_t)w;
			f->n_written = seq + at;
		}
		seq += n;
	}
	_exit(0);
}

static pid_t start_writer(struct flood *f, int fds[2])
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		run_writer(f, fds[1]);
	}
	close(fds[1]);
	return pid;
}

static _Noreturn void run_reader(int arena_fd, int fd, uint64_t pane)
{
	struct arena a;
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint32_t slot, n;

	if (arena_map(&a, arena_fd) != 0 || arena_slot_find(&a, pane, 0, &slot) < 0)
		_exit(1);
	for (;;) {
		int r = arena_slot_read(&a, slot, fd, &n);

		if (r < 0 || r == ARENA_READ_E_EOF)
			_exit(2);
		if (r == ARENA_READ_E_AGAIN)
			poll(&p, 1, -1);
	}
}

/* Whether the kill found an intent that was open. */
static bool kill_a_reader(const struct arena *a, int arena_fd, int fd, uint32_t slot, long wait_us)
{
	pid_t pid = fork();
	int status;

	assert_true(pid >= 0);
	if (pid == 0)
		run_reader(arena_fd, fd, 1);
	nanosleep(&(struct timespec){ .tv_nsec = wait_us * 1000 }, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return a->slots[slot].intent_n != 0;
}

static void check_random_kills(enum arena_slot_kind kind)
{
	struct arena a;
	int arena_fd = new_arena(&a), s[2], n_open = 0, n_kills = 100;
	struct flood *f = new_flood();
	uint64_t n_recovered = 0;
	uint32_t slot, taken;

	open_stream(kind, s);
	assert_int_equal(arena_slot_take(&a, kind, 1, 0, &slot), 0);
	pid_t writer = start_writer(f, s);
	srandom(42);
	for (int i = 0; i < n_kills; i++) {
		n_open += kill_a_reader(&a, arena_fd, s[0], slot, 1000 + random() % 8000);
		arena_slot_recover(&a, slot, &taken, NULL);
		n_recovered += taken;
		check_ring(&a, slot);
	}
	f->is_over = true;
	while (read_all(&a, slot, s[0]) != ARENA_READ_E_EOF)
		nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
	assert_int_equal(waitpid(writer, NULL, 0), writer);
	check_ring(&a, slot);
	print_message("%d kills, %d found an open intent, %llu bytes recovered, %lld of %llu "
		      "lost\n",
		      n_kills, n_open, (unsigned long long)n_recovered,
		      (long long)(f->n_written - arena_slot_head(&a, slot)),
		      (unsigned long long)f->n_written);
	assert_int_equal(arena_slot_head(&a, slot), f->n_written);
	munmap(f, sizeof *f);
	close(s[0]);
	drop_arena(&a, arena_fd);
}

static void no_byte_of_a_terminal_is_lost_or_doubled_by_kills(void **state)
{
	(void)state;
	check_random_kills(ARENA_SLOT_PTY);
}

static void no_byte_of_a_pipe_is_lost_or_doubled_by_kills(void **state)
{
	(void)state;
	check_random_kills(ARENA_SLOT_PIPE);
}

/* ---- quarantine ------------------------------------------------------------ */

static void deaths_at_the_same_place_are_counted(void **state)
{
	struct arena a;
	int fd = new_arena(&a);
	const struct arena_task *last = &a.header->last_death;

	(void)state;
	for (uint32_t i = 1; i <= 3; i++) {
		arena_doing_feed(&a, 7, 1000);
		arena_note_death(&a);
		assert_int_equal(last->n_deaths, i);
	}
	assert_int_equal(last->kind, ARENA_DOING_FEED);
	assert_int_equal(last->pane, 7);
	assert_int_equal(last->seq, 1000);
	arena_doing_feed(&a, 7, 1001);
	arena_note_death(&a);
	assert_int_equal(last->n_deaths, 1);
	for (uint32_t i = 1; i <= 2; i++) {
		arena_doing_method(&a, "a.method.with.a.name.that.is.much.too.long.for.its.field");
		arena_note_death(&a);
		assert_int_equal(last->n_deaths, i);
	}
	assert_int_equal(strlen(last->method), sizeof last->method - 1);
	arena_doing_nothing(&a);
	arena_note_death(&a);
	assert_int_equal(last->kind, ARENA_DOING_NOTHING);
	assert_int_equal(last->n_deaths, 0);
	drop_arena(&a, fd);
}

/* ---- what we believe of the kernel ----------------------------------------- */

static void room_for_the_control_byte_alone_takes_no_data(void **state)
{
	uint8_t control = 0xFF, buf[16];
	struct iovec iov[2] = { { &control, 1 }, { buf, sizeof buf } };
	struct pollfd p;
	int s[2], n;

	(void)state;
	open_stream(ARENA_SLOT_PTY, s);
	put(s[1], 0, 5);
	p = (struct pollfd){ .fd = s[0], .events = POLLIN };
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(read(s[0], &control, 1), 1);
	assert_int_equal(control, TIOCPKT_DATA);
	assert_int_equal(ioctl(s[0], FIONREAD, &n), 0);
	assert_int_equal(n, 5);
	assert_int_equal(readv(s[0], iov, 2), 6);
	close(s[0]);
	close(s[1]);
}

/* What FIONREAD announced is what a read of that size takes, however fast the
 * other side writes: recovery commits on that ground. */
static void a_read_is_never_shorter_than_announced(void **state)
{
	struct flood *f = new_flood();
	uint8_t control, buf[ARENA_READ_MAX];
	int s[2], n = 0;

	(void)state;
	open_stream(ARENA_SLOT_PTY, s);
	pid_t writer = start_writer(f, s);
	for (int i = 0; i < 20000; i++) {
		struct pollfd p = { .fd = s[0], .events = POLLIN };

		assert_int_equal(poll(&p, 1, 5000), 1);
		assert_int_equal(ioctl(s[0], FIONREAD, &n), 0);
		if (n == 0)
			continue;
		if (n > (int)sizeof buf)
			n = sizeof buf;
		struct iovec iov[2] = { { &control, 1 }, { buf, (size_t)n } };
		assert_int_equal(readv(s[0], iov, 2), n + 1);
		assert_int_equal(control, TIOCPKT_DATA);
	}
	kill_and_reap(writer);
	munmap(f, sizeof *f);
	close(s[0]);
}

static void poll_shows_what_the_kernel_still_held_back(void **state)
{
	int s[2], n;

	(void)state;
	open_stream(ARENA_SLOT_PTY, s);
	for (int i = 0; i < 200; i++) {
		struct pollfd p = { .fd = s[0], .events = POLLIN };
		uint8_t buf[64];

		put(s[1], 0, 10);
		assert_int_equal(poll(&p, 1, 0), 1);
		assert_int_equal(ioctl(s[0], FIONREAD, &n), 0);
		assert_int_equal(n, 10);
		assert_int_equal(read(s[0], buf, sizeof buf), 11);
	}
	close(s[0]);
	close(s[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ring_size_must_be_a_power_of_two_in_bounds),
		cmocka_unit_test(every_number_of_the_header_is_checked),
		cmocka_unit_test(a_file_that_could_shrink_is_refused),
		cmocka_unit_test(slots_are_found_by_pane_and_stream_and_run_out),
		cmocka_unit_test(a_second_mapping_sees_the_slots_of_the_first),
		cmocka_unit_test(a_released_slot_gives_its_pages_back),
		cmocka_unit_test(a_terminal_is_read_to_the_last_byte),
		cmocka_unit_test(a_pipe_is_read_to_the_last_byte),
		cmocka_unit_test(a_status_packet_is_no_output),
		cmocka_unit_test(events_keep_the_last_ones),
		cmocka_unit_test(an_open_intent_is_decided_by_the_control_byte),
		cmocka_unit_test(damage_is_repaired_into_a_slot_that_holds_the_invariants),
		cmocka_unit_test(a_terminal_is_exact_when_killed_at_any_instruction),
		cmocka_unit_test(a_pipe_is_exact_when_killed_at_any_instruction),
		cmocka_unit_test(no_byte_of_a_terminal_is_lost_or_doubled_by_kills),
		cmocka_unit_test(no_byte_of_a_pipe_is_lost_or_doubled_by_kills),
		cmocka_unit_test(deaths_at_the_same_place_are_counted),
		cmocka_unit_test(room_for_the_control_byte_alone_takes_no_data),
		cmocka_unit_test(a_read_is_never_shorter_than_announced),
		cmocka_unit_test(poll_shows_what_the_kernel_still_held_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
