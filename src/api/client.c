#include "api/client.h"

#include <errno.h>
#include <unistd.h>

#include "api/call.h"
#include "api/state.h"
#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

static void on_closed(struct conn *c)
{
	struct client *client = client_of(c);
	struct api_server *s = client->server;

	api_calls_abandon(client);
	streams_drop(client);
	watches_drop(client);
	if (client->is_viewer && s->core)
		core_viewer_gone(s->core, client);
	s->counters.n_clients--;
	log_debug("client gone pid=%u", client->pid);
	mem_free(client);
}

static void on_drained(struct conn *c)
{
	watches_on_drained(client_of(c));
	streams_on_drained(client_of(c));
}

static bool is_owed(struct conn *c)
{
	const struct client *client = client_of(c);

	return client->n_calls > 0 || client->n_subs > 0 || client->is_viewer;
}

const struct conn_ops client_conn_ops = {
	.on_message = client_on_message,
	.on_oversized = client_on_oversized,
	.on_drained = on_drained,
	.is_owed = is_owed,
	.on_closed = on_closed,
};

int client_new(struct api_server *s, int fd, uint32_t pid)
{
	struct client *client = mem_new(struct client);
	int r;

	if (!client) {
		(void)close(fd);
		return err_origin(-ENOMEM);
	}
	client->server = s;
	client->pid = pid;
	client->scopes = API_SCOPE_ALL;
	list_init(&client->calls);
	list_init(&client->streams);
	list_init(&client->watches);
	r = conn_init(&client->conn, &s->hub, fd);
	if (r < 0) {
		mem_free(client);
		return err_trace(r);
	}
	s->counters.n_clients++;
	s->counters.n_accepted++;
	log_debug("client pid=%u", pid);
	return 0;
}
