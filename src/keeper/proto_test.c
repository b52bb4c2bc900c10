#include "keeper/proto.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static uint8_t packet[KEEPER_MAX_PACKET + 8] __attribute__((aligned(8)));

/* A zeroed packet of @n bytes that says so. */
static void *fresh(uint32_t type, size_t n)
{
	struct keeper_header h = { .type = type, .bytes = (uint32_t)n };

	memset(packet, 0, sizeof packet);
	memcpy(packet, &h, sizeof h);
	return packet;
}

static bool is_good(size_t n, size_t n_fds)
{
	return keeper_proto_check(packet, n, n_fds) == 0;
}

static const struct {
	uint32_t type;
	size_t bytes, n_fds;
} fixed[] = {
	{ KEEPER_WELCOME, sizeof(struct keeper_welcome), 2 },
	{ KEEPER_ADOPT_END, sizeof(struct keeper_plain), 0 },
	{ KEEPER_SPAWNED, sizeof(struct keeper_spawned), 1 },
	{ KEEPER_EXITED, sizeof(struct keeper_exited), 0 },
	{ KEEPER_LISTENING, sizeof(struct keeper_plain), 1 },
	{ KEEPER_READY, sizeof(struct keeper_plain), 0 },
	{ KEEPER_SPAWN, sizeof(struct keeper_spawn), 1 },
	{ KEEPER_SIGNAL, sizeof(struct keeper_signal), 0 },
	{ KEEPER_FORGET, sizeof(struct keeper_forget), 0 },
	{ KEEPER_STOP, sizeof(struct keeper_plain), 0 },
	{ KEEPER_PING, sizeof(struct keeper_plain), 0 },
	{ KEEPER_PONG, sizeof(struct keeper_plain), 0 },
	{ KEEPER_UPGRADE, sizeof(struct keeper_upgrade), 1 },
	{ KEEPER_UPGRADED, sizeof(struct keeper_upgraded), 0 },
};

static void make_fixed(size_t i, size_t bytes)
{
	struct keeper_signal *m = fresh(fixed[i].type, bytes);
	struct keeper_upgraded *u = (void *)m;

	if (fixed[i].type == KEEPER_SIGNAL)
		m->signo = 1;
	if (fixed[i].type == KEEPER_UPGRADE || fixed[i].type == KEEPER_UPGRADED) {
		u->program = KEEPER_PROGRAM_DAEMON;
		u->state = KEEPER_UPGRADE_DONE; /* of an UPGRADE: its timeout */
	}
}

static void every_type_has_one_size_and_one_number_of_descriptors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++) {
		size_t n = fixed[i].bytes;

		make_fixed(i, n);
		assert_true(is_good(n, fixed[i].n_fds));
		assert_false(is_good(n - 1, fixed[i].n_fds));
		assert_false(is_good(n + 1, fixed[i].n_fds));
		make_fixed(i, n - 1);
		assert_false(is_good(n - 1, fixed[i].n_fds));
		make_fixed(i, n + 1);
		assert_false(is_good(n + 1, fixed[i].n_fds));
		make_fixed(i, n);
		assert_false(is_good(n, KEEPER_MAX_FDS + 1));
		assert_false(is_good(n, fixed[i].n_fds + 2));
		if (fixed[i].n_fds > 0)
			assert_false(is_good(n, fixed[i].n_fds - 1));
	}
}

static void an_unknown_type_or_no_header_is_malformed(void **state)
{
	const uint32_t types[] = { 0, 9, 63, 71, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		fresh(types[i], sizeof(struct keeper_plain));
		assert_false(is_good(sizeof(struct keeper_plain), 0));
	}
	fresh(KEEPER_READY, sizeof(struct keeper_plain));
	for (size_t n = 0; n < sizeof(struct keeper_plain); n++)
		assert_false(is_good(n, 0));
}

static struct keeper_child *make_adopt(uint32_t n, size_t *ret_bytes)
{
	size_t bytes = sizeof(struct keeper_adopt) + n * sizeof(struct keeper_child);
	struct keeper_adopt *m = fresh(KEEPER_ADOPT, bytes);

	m->n = n;
	for (uint32_t i = 0; i < n; i++)
		m->children[i].state = KEEPER_CHILD_RUNNING;
	*ret_bytes = bytes;
	return m->children;
}

static void the_children_of_a_batch_are_counted_and_checked(void **state)
{
	struct keeper_adopt *m = (void *)packet;
	size_t n;

	(void)state;
	struct keeper_child *c = make_adopt(3, &n);
	c[0].n_fds = 2;
	c[1].n_fds = 1;
	assert_true(is_good(n, 3));
	assert_false(is_good(n, 2));
	assert_false(is_good(n, 4));
	m->n = 2;
	assert_false(is_good(n, 3));
	m->n = 4;
	assert_false(is_good(n, 3));
	m->n = 0x10000003; /* whose product with the size of a child wraps in 32 bits */
	assert_false(is_good(n, 3));
	m->n = 3;
	c[2].n_fds = 3;
	assert_false(is_good(n, 6));
	c[2].n_fds = 0;
	c[2].state = 0;
	assert_false(is_good(n, 3));
	c[2].state = KEEPER_CHILD_EXITED + 1;
	assert_false(is_good(n, 3));
	c[2].state = KEEPER_CHILD_EXITED;
	memset(c[2].key, 'x', KEEPER_KEY_BYTES);
	assert_false(is_good(n, 3));
	make_adopt(0, &n);
	assert_false(is_good(n, 0));
}

static void a_full_batch_fits_and_one_more_does_not(void **state)
{
	size_t n;

	(void)state;
	make_adopt(KEEPER_MAX_FDS, &n);
	assert_true(is_good(n, 0));
	make_adopt(KEEPER_MAX_FDS + 1, &n);
	assert_false(is_good(n, 0));
}

static void a_failed_start_carries_no_descriptors(void **state)
{
	struct keeper_spawned *m = fresh(KEEPER_SPAWNED, sizeof *m);

	(void)state;
	assert_true(is_good(sizeof *m, 2));
	assert_false(is_good(sizeof *m, 0));
	for (m->step = KEEPER_STEP_TABLE; m->step <= KEEPER_STEP_EXEC; m->step++) {
		assert_true(is_good(sizeof *m, 0));
		assert_false(is_good(sizeof *m, 1));
	}
	assert_false(is_good(sizeof *m, 0));
	m->step = -1;
	assert_false(is_good(sizeof *m, 0));
}

static void the_fields_of_spawn_and_signal_are_bounded(void **state)
{
	struct keeper_spawn *m = fresh(KEEPER_SPAWN, sizeof *m);

	(void)state;
	m->flags = KEEPER_SPAWN_STDIN;
	assert_true(is_good(sizeof *m, 2));
	assert_false(is_good(sizeof *m, 1));
	m->flags = KEEPER_SPAWN_NO_ECHO << 1;
	assert_false(is_good(sizeof *m, 1));
	m->flags = 0;
	m->umask = 01000;
	assert_false(is_good(sizeof *m, 1));
	m->umask = 0777;
	memset(m->key, 'x', KEEPER_KEY_BYTES);
	assert_false(is_good(sizeof *m, 1));
	m->key[KEEPER_KEY_BYTES - 1] = '\0';
	assert_true(is_good(sizeof *m, 1));

	struct keeper_signal *s = fresh(KEEPER_SIGNAL, sizeof *s);
	assert_false(is_good(sizeof *s, 0));
	s->signo = 64;
	assert_true(is_good(sizeof *s, 0));
	s->signo = 65;
	assert_false(is_good(sizeof *s, 0));
	s->signo = 9;
	s->target = KEEPER_TO_SESSION + 1;
	assert_false(is_good(sizeof *s, 0));
}

/* ---- on a socket ----------------------------------------------------------- */

static void open_pair(int fds[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
			 0);
}

static void close_pair(const int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

static int count_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void descriptors_arrive_with_their_packet(void **state)
{
	struct keeper_welcome m = { .keeper_pid = 17 };
	int s[2], fds[KEEPER_MAX_FDS], null = open("/dev/null", O_RDWR);
	size_t n, n_fds;

	(void)state;
	open_pair(s);
	KEEPER_MSG(&m, KEEPER_WELCOME);
	assert_int_equal(keeper_proto_send(s[0], &m, sizeof m, (int[]){ null, null }, 2), 0);
	assert_int_equal(keeper_proto_recv(s[1], packet, &n, fds, &n_fds), 0);
	assert_int_equal(n, sizeof m);
	assert_int_equal(n_fds, 2);
	assert_memory_equal(packet, &m, sizeof m);
	assert_true(fcntl(fds[0], F_GETFD) & FD_CLOEXEC);
	close(fds[0]);
	close(fds[1]);
	close(null);
	close_pair(s);
}

static void a_full_batch_of_descriptors_goes_through(void **state)
{
	int s[2], fds[KEEPER_MAX_FDS], null = open("/dev/null", O_RDWR), before;
	size_t n, n_fds;

	(void)state;
	open_pair(s);
	struct keeper_child *c = make_adopt(KEEPER_MAX_FDS, &n);
	for (size_t i = 0; i < KEEPER_MAX_FDS; i++) {
		c[i].n_fds = 1;
		fds[i] = null;
	}
	before = count_fds();
	assert_int_equal(keeper_proto_send(s[0], packet, n, fds, KEEPER_MAX_FDS), 0);
	assert_int_equal(keeper_proto_recv(s[1], packet, &n, fds, &n_fds), 0);
	assert_int_equal(n_fds, KEEPER_MAX_FDS);
	for (size_t i = 0; i < n_fds; i++)
		close(fds[i]);
	assert_int_equal(count_fds(), before);
	close(null);
	close_pair(s);
}

static void a_malformed_packet_leaves_no_descriptor_behind(void **state)
{
	int s[2], fds[KEEPER_MAX_FDS], null = open("/dev/null", O_RDWR);
	size_t n, n_fds;

	(void)state;
	open_pair(s);
	int before = count_fds();
	fresh(KEEPER_READY, sizeof(struct keeper_plain));
	assert_int_equal(keeper_proto_send(s[0], packet, sizeof(struct keeper_plain), &null, 1), 0);
	assert_int_equal(keeper_proto_recv(s[1], packet, &n, fds, &n_fds), KEEPER_RECV_E_MALFORMED);
	assert_int_equal(count_fds(), before);
	close(null);
	close_pair(s);
}

static void a_full_socket_an_empty_one_and_a_closed_one_are_told_apart(void **state)
{
	int s[2], fds[KEEPER_MAX_FDS], r;
	size_t n, n_fds;

	(void)state;
	open_pair(s);
	assert_int_equal(keeper_proto_recv(s[1], packet, &n, fds, &n_fds), KEEPER_RECV_E_AGAIN);
	fresh(KEEPER_READY, sizeof(struct keeper_plain));
	do {
		r = keeper_proto_send(s[0], packet, sizeof(struct keeper_plain), NULL, 0);
	} while (r == 0);
	assert_int_equal(r, -EAGAIN);
	close(s[0]);
	do {
		r = keeper_proto_recv(s[1], packet, &n, fds, &n_fds);
	} while (r == 0);
	assert_int_equal(r, KEEPER_RECV_E_EOF);
	assert_true(keeper_proto_send(s[1], packet, n, NULL, 0) < 0);
	close(s[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_has_one_size_and_one_number_of_descriptors),
		cmocka_unit_test(an_unknown_type_or_no_header_is_malformed),
		cmocka_unit_test(the_children_of_a_batch_are_counted_and_checked),
		cmocka_unit_test(a_full_batch_fits_and_one_more_does_not),
		cmocka_unit_test(a_failed_start_carries_no_descriptors),
		cmocka_unit_test(the_fields_of_spawn_and_signal_are_bounded),
		cmocka_unit_test(descriptors_arrive_with_their_packet),
		cmocka_unit_test(a_full_batch_of_descriptors_goes_through),
		cmocka_unit_test(a_malformed_packet_leaves_no_descriptor_behind),
		cmocka_unit_test(a_full_socket_an_empty_one_and_a_closed_one_are_told_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
