#include "client/fake_server.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void *run(void *user)
{
	struct fake *f = user;

	f->script(f);
	fake_hang_up(f);
	return NULL;
}

void fake_start(struct fake *f, void (*script)(struct fake *f))
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	memset(f, 0, sizeof(*f));
	f->fd = f->passed_fd = -1;
	f->script = script;
	(void)strcpy(f->dir, "/tmp/orchflow-fake-XXXXXX");
	assert(mkdtemp(f->dir));
	(void)snprintf(f->places.socket, sizeof(f->places.socket), "%s/s", f->dir);
	(void)snprintf(f->places.state_dir, sizeof(f->places.state_dir), "%s/state", f->dir);
	f->places.is_socket_told = true;
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", f->places.socket);
	f->listen_fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert(bind(f->listen_fd, (struct sockaddr *)&a, sizeof(a)) == 0);
	assert(listen(f->listen_fd, 8) == 0);
	assert(pthread_create(&f->thread, NULL, run, f) == 0);
}

void fake_stop(struct fake *f)
{
	(void)pthread_join(f->thread, NULL);
	(void)close(f->listen_fd);
	(void)unlink(f->places.socket);
	(void)rmdir(f->dir);
}

void fake_accept_silently(struct fake *f)
{
	f->fd = accept(f->listen_fd, NULL, NULL);
	assert(f->fd >= 0);
}

void fake_accept(struct fake *f)
{
	json_t *hello;

	fake_accept_silently(f);
	hello = fake_expect(f, "rpc.hello");
	fake_answer(f, hello,
		    json_pack("{s:s, s:s, s:i, s:s, s:i}", "server", "orchflow", "version", "0.1.0",
			      "protocol", 1, "encoding", "json", "daemon_pid", 4242));
}

void fake_hang_up(struct fake *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
}

/* One byte at a time: what follows a line may come with a descriptor. */
static char read_byte(struct fake *f)
{
	union {
		struct cmsghdr h;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	char c = 0;
	struct iovec iov = { &c, 1 };
	struct msghdr m = { .msg_iov = &iov,
			    .msg_iovlen = 1,
			    .msg_control = &control,
			    .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(f->fd, &m, 0);

	assert(n == 1);
	if (CMSG_FIRSTHDR(&m))
		memcpy(&f->passed_fd, CMSG_DATA(CMSG_FIRSTHDR(&m)), sizeof(int));
	return c;
}

json_t *fake_expect(struct fake *f, const char *method)
{
	static __thread char line[1 << 20];
	const char *got;
	json_t *v;
	size_t n = 0;

	f->passed_fd = -1;
	do {
		assert(n < sizeof(line) - 1);
		line[n++] = read_byte(f);
	} while (line[n - 1] != '\n');
	v = json_loadb(line, n, 0, NULL);
	assert(v);
	got = json_string_value(json_object_get(v, "method"));
	if (!got || strcmp(got, method) != 0) {
		(void)fprintf(stderr, "expected %s, got %s\n", method, got ? got : "nothing");
		abort();
	}
	return v;
}

void fake_send(struct fake *f, const char *text)
{
	size_t n = strlen(text);

	assert(send(f->fd, text, n, MSG_NOSIGNAL) == (ssize_t)n);
}

static void send_json(struct fake *f, json_t *v)
{
	char *text = json_dumps(v, JSON_COMPACT);

	assert(text);
	fake_send(f, text);
	fake_send(f, "\n");
	free(text);
	json_decref(v);
}

void fake_answer(struct fake *f, json_t *request, json_t *result)
{
	assert(result);
	send_json(f, json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id",
			       json_object_get(request, "id"), "result", result));
	json_decref(request);
}

void fake_event(struct fake *f, const char *method, json_t *params)
{
	send_json(f, json_pack("{s:s, s:s, s:o}", "jsonrpc", "2.0", "method", method, "params",
			       params));
}

struct client *fake_client(struct fake *f, bool wants_resume, const struct client_ops *ops)
{
	struct client_options o = { .name = "test",
				    .wants_resume = wants_resume,
				    .timeout_ns = 5000000000ull };
	struct client *c = NULL;
	struct fail fail = { 0 };

	if (ops)
		o.ops = *ops;
	if (client_open(&f->places, &o, &c, &fail))
		(void)fprintf(stderr, "client_open: %s\n", fail.detail);
	assert(c);
	return c;
}
