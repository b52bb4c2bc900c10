/* A request inside the daemon: socket to answer, over the core that the api's tests have. */
#include <sys/socket.h>

#include "api/rig.h"
#include "guard.h"

/* The answer, not parsed: that would be the client's part, and the larger one. */
static void receive(struct peer *p)
{
	char text[64 << 10];
	ssize_t n;

	do {
		(void)uv_run(&p->rig->loop, UV_RUN_ONCE);
		n = recv(p->fd, text, sizeof(text), MSG_DONTWAIT);
	} while (n <= 0);
	guard_expect(text[n - 1] == '\n', "half an answer");
}

static void ask(const char *request, unsigned n)
{
	struct rig r;
	struct peer p;

	rig_init(&r, NULL);
	peer_init(&p, &r);
	json_decref(peer_result(&p, request));
	for (unsigned i = 0; i < n; i++) {
		peer_send(&p, request);
		receive(&p);
	}
	peer_fini(&p);
	rig_fini(&r);
}

static void status(unsigned n)
{
	ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"server.status\"}", n);
}

static void pane_get(unsigned n)
{
	ask("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"pane.get\",\"params\":{\"pane\":\"p1\"}}",
	    n);
}

int main(int argc, char **argv)
{
	static const struct guard_workload workloads[] = { { "request", status },
							   { "pane_get", pane_get } };

	return guard_main(argc, argv, workloads, ARRAY_LEN(workloads));
}
