#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "client/priv.h"

/* Requests that may not be repeated learn that their fate is unknown. */
static void fail_unrepeatable(struct client *c, const char *why)
{
	list_for_each_safe (l, &c->requests) {
		struct client_request *q = list_entry(l, struct client_request, link);
		struct fail f;

		if (q->is_own) {
			(void)call_free(q);
			continue;
		}
		if (!q->is_sent)
			continue;
		q->is_sent = false;
		if (q->is_repeatable)
			continue;
		(void)client_failf(&f,
				   "the connection was lost (%.60s) while %.40s was under way: "
				   "whether it was done is not known",
				   why, q->method);
		call_answer(q, NULL, &f);
	}
}

static void keep_typings(struct client *c)
{
	list_for_each (l, &c->typings)
		list_entry(l, struct client_typing, link)->is_asking = false;
}

static void later(struct client *c)
{
	c->next_try_ns = clock_mono_ns() + c->backoff_ns;
	c->backoff_ns *= 2;
	if (c->backoff_ns > CLIENT_BACKOFF_MAX_NS)
		c->backoff_ns = CLIENT_BACKOFF_MAX_NS;
}

void resume_lost(struct client *c, const char *why)
{
	struct fail f;

	if (c->state == CLIENT_DOWN || c->state == CLIENT_DEAD)
		return;
	if (c->is_stopping || !c->wants_resume) {
		if (c->is_stopping) {
			(void)client_failf(&f, "the server was stopped");
		} else {
			(void)client_failf(&f, "lost the server at %s: %.40s", c->socket, why);
		}
		client_die(c, &f);
		return;
	}
	(void)close(c->fd);
	c->fd = -1;
	if (!c->lost_ns) {
		c->lost_ns = clock_mono_ns();
		c->deadline_ns = c->lost_ns + CLIENT_RESUME_TIMEOUT_NS;
		c->backoff_ns = CLIENT_BACKOFF_MIN_NS;
	}
	later(c);
	c->state = CLIENT_DOWN;
	keep_typings(c);
	fail_unrepeatable(c, why);
}

/* We came when the server was about to end, and it has done nothing for us: then it
 * is as if none had been running.  True: there may be one now, or soon. */
static bool start_anew(struct client *c)
{
	struct fail f;
	int r;

	if (!c->wants_start || c->server.version[0])
		return false;
	memcpy(c->socket, c->places.socket, sizeof(c->socket));
	r = start_keeper(&c->places, &f);
	if (r == FAIL_E_FAILED)
		client_die(c, &f);
	return r >= 0;
}

/* Nothing listens.  If the keeper is alive, it will (a daemon that starts does
 * not matter here: the keeper holds the socket); if not, that was it. */
static void nobody(struct client *c)
{
	struct places_lock lock;
	struct fail f;

	if (places_read_lock(&c->places, &lock) == 0 && places_signal_keeper(&lock, SIGHUP)) {
		memcpy(c->socket, lock.socket, sizeof(c->socket));
		return;
	}
	if (start_anew(c))
		return;
	(void)fail_setf(&f, FAIL_KEEPER_GONE, NULL, "nothing serves %.80s any more", c->socket);
	fail_hint(&f, "its shells were hung up; `orchflow ls` starts anew and shows what was");
	client_die(c, &f);
}

static void give_up(struct client *c)
{
	struct fail f;

	(void)client_failf(&f, "the connection was lost and did not come back within %llu s",
			   (unsigned long long)(CLIENT_RESUME_TIMEOUT_NS / 1000000000));
	fail_hint(&f, "`orchflow doctor` looks for the reason");
	client_die(c, &f);
}

int resume_try(struct client *c)
{
	uint64_t now = clock_mono_ns();
	struct fail f;
	int fd, r;

	if (now < c->next_try_ns)
		return 0;
	if (now > c->deadline_ns) {
		give_up(c);
		return 0;
	}
	r = connect_socket(c->socket, &fd, &f);
	if (r == 0)
		return err_trace(connect_adopt(c, fd));
	if (r == FAIL_E_FAILED) {
		client_die(c, &f);
	} else if (r == CONNECT_E_NOBODY) {
		nobody(c);
	}
	later(c);
	return r < 0 ? err_trace(r) : 0;
}

int resume_up(struct client *c)
{
	uint64_t down_ns;
	int r;

	c->state = CLIENT_UP;
	c->poke_ns = 0;
	if (!c->lost_ns)
		return 0;
	down_ns = clock_mono_ns() - c->lost_ns;
	c->lost_ns = 0;
	r = stream_resume(c);
	if (!r)
		r = input_resume(c);
	list_for_each (l, &c->requests) {
		struct client_request *q = list_entry(l, struct client_request, link);

		if (!r && !q->is_sent)
			r = call_write(c, q);
	}
	if (r)
		return err_trace(r);
	if (c->ops.on_resumed)
		c->ops.on_resumed(down_ns, c->ops.user);
	return 0;
}
