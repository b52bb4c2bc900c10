/* The end of a daemon that makes room for another one: no request is lost, none is
 * done twice.  What was answered was done; UPGRADING says that it was not. */
#include <sys/socket.h>

#include "api/call.h"
#include "api/conn_io.h"
#include "api/state.h"

#define DRAIN_TURNS 64 /* of one client: what a socket holds, and some */

void api_server_hand_over(struct api_server *s)
{
	s->is_handing_over = true;
	server_close_listener(s);
}

static bool is_under_way(const struct api_call *call)
{
	return call->wait == 0 && call->method->handler != server_upgrade;
}

uint32_t api_server_n_under_way(const struct api_server *s)
{
	uint32_t n = 0;

	list_for_each (l, &s->hub.conns) {
		const struct client *client = client_of(list_entry(l, struct conn, link));

		list_for_each (k, &client->calls)
			n += is_under_way(list_entry(k, struct api_call, link));
	}
	return n;
}

static void refuse_waits(struct client *client)
{
	struct fail f;

	(void)fail_set(&f, FAIL_UPGRADING, NULL);
	list_for_each_safe (l, &client->calls) {
		struct api_call *call = list_entry(l, struct api_call, link);

		if (call->wait == 0)
			continue;
		core_wait_cancel(call->server->core, call->wait);
		call->wait = 0;
		api_call_fail(call, &f);
	}
}

/* Nothing more can be sent to us; what was sent is refused. */
static void drain(struct conn *c)
{
	(void)shutdown(c->fd, SHUT_RD);
	for (int i = 0; i < DRAIN_TURNS && !c->is_closed && !c->is_half_closed; i++)
		conn_serve(c);
}

void api_server_leave(struct api_server *s)
{
	list_for_each_safe (l, &s->hub.conns) {
		struct conn *c = list_entry(l, struct conn, link);

		if (c->is_closed)
			continue;
		refuse_waits(client_of(c));
		if (!c->is_half_closed)
			drain(c);
	}
}
