/* The listening side: who is let in. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/rig.h"
#include "api/state.h"

#define STATUS "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.status\"}"
#define NOBODY 65534

static struct sockaddr_un address;

static int make_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)unlink(address.sun_path);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(chmod(address.sun_path, 0777), 0);
	assert_int_equal(listen(fd, 128), 0);
	return fd;
}

static int setup(void **state)
{
	static struct rig rig;

	address.sun_family = AF_UNIX;
	(void)snprintf(address.sun_path, sizeof address.sun_path, "/tmp/orchflow-api-test-%d",
		       (int)getpid());
	rig_init(&rig, NULL);
	assert_int_equal(api_server_listen(rig.server, make_socket()), 0);
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	rig_fini(*state);
	(void)unlink(address.sun_path);
	return 0;
}

static int dial(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

static void peer_dial(struct peer *p, struct rig *r)
{
	*p = (struct peer){ .rig = r, .fd = dial() };
	rpc_framer_init(&p->framer, RPC_JSON, 1 << 20);
}

static void clients_are_accepted(void **state)
{
	struct peer peers[40];

	for (size_t i = 0; i < ARRAY_LEN(peers); i++)
		peer_dial(&peers[i], *state);
	for (size_t i = 0; i < ARRAY_LEN(peers); i++)
		json_decref(peer_result(&peers[i], STATUS));
	for (size_t i = 0; i < ARRAY_LEN(peers); i++)
		peer_fini(&peers[i]);
}

static void a_new_listening_socket_takes_over(void **state)
{
	struct rig *r = *state;
	struct peer old, new;

	peer_dial(&old, r);
	json_decref(peer_result(&old, STATUS));
	assert_int_equal(api_server_listen(r->server, make_socket()), 0);
	peer_dial(&new, r);
	json_decref(peer_result(&new, STATUS));
	json_decref(peer_result(&old, STATUS));
	peer_fini(&old);
	peer_fini(&new);
}

/* In a child that is somebody else: was it hung up on, unheard? */
static int ask_as_nobody(void)
{
	char answer[64];
	int fd;

	if (setuid(NOBODY) < 0)
		return 2;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connect(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return 3;
	(void)send(fd, STATUS "\n", sizeof STATUS, MSG_NOSIGNAL);
	return recv(fd, answer, sizeof answer, 0) > 0 ? 4 : 0;
}

static void another_user_is_refused(void **state)
{
	struct rig *r = *state;
	struct api_stats stats;
	int status;
	pid_t pid;

	if (geteuid() != 0)
		skip(); /* only root can be two users */
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(ask_as_nobody());
	do {
		(void)uv_run(&r->loop, UV_RUN_NOWAIT);
	} while (waitpid(pid, &status, WNOHANG) == 0);
	assert_int_equal(status, 0);
	api_server_get_stats(r->server, &stats);
	assert_int_equal(stats.n_refused, 1);
	assert_int_equal(stats.n_accepted, 0);
}

static void without_descriptors_a_client_is_told_so(void **state)
{
	struct rig *r = *state;
	struct rlimit limit, low;
	struct peer p, q;

	peer_dial(&p, r);
	json_decref(peer_result(&p, STATUS));
	peer_dial(&q, r);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = limit;
	low.rlim_cur = (rlim_t)q.fd + 1;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	rig_spin(r);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	peer_expect_error(&q, "", "NO_DESCRIPTORS");
	assert_true(peer_is_closed(&q));
	json_decref(peer_result(&p, STATUS));
	peer_fini(&p);
	peer_fini(&q);
}

static void what_a_client_may_not_do_is_refused(void **state)
{
	struct rig *r = *state;
	struct client *client;
	struct peer p;

	peer_dial(&p, r);
	json_decref(peer_result(&p, STATUS));
	client = client_of(list_entry(r->server->hub.conns.next, struct conn, link));
	client->scopes = API_SCOPE_READ;
	json_decref(peer_result(&p, STATUS));
	peer_expect_error(&p, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pane.create\"}",
			  "PERMISSION_DENIED");
	peer_expect_error(&p,
			  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pane.subscribe\","
			  "\"params\":{\"pane\":\"p1\",\"on_lag\":\"pause\"}}",
			  "PERMISSION_DENIED");
	peer_fini(&p);
}

static void the_census_expects_what_is_there(void **state)
{
	struct peer peers[5];
	json_t *census, *daemon;

	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		peer_dial(&peers[i], *state);
		json_decref(peer_result(&peers[i], STATUS));
	}
	census = peer_result(&peers[0],
			     "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.census\"}");
	daemon = json_object_get(census, "daemon");
	/* The clients' own ends are in this process too. */
	assert_int_equal(json_integer_value(json_object_get(daemon, "fds")) -
				 json_integer_value(json_object_get(daemon, "expected_fds")),
			 ARRAY_LEN(peers));
	assert_true(json_integer_value(json_object_get(daemon, "pss_bytes")) > 0);
	assert_int_equal(json_integer_value(json_object_get(census, "zombies")), 1);
	assert_int_equal(json_integer_value(json_object_get(census, "strays")), 1);
	json_decref(census);
	for (size_t i = 0; i < ARRAY_LEN(peers); i++)
		peer_fini(&peers[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(clients_are_accepted),
		TEST(a_new_listening_socket_takes_over),
		TEST(another_user_is_refused),
		TEST(without_descriptors_a_client_is_told_so),
		TEST(what_a_client_may_not_do_is_refused),
		TEST(the_census_expects_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
