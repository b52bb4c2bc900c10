/* Events: their table, and how each is written. */
#ifndef API_EVENTS_H
#define API_EVENTS_H

#include "api/watch.h"
#include "rpc/value.h"

struct api_server;

/* The core's events first, so that they are numbered alike. */
enum api_event {
	API_CORE_EVENT_LAST = CORE_N_EVENTS - 1,
	API_SERVER_STOPPING,
	API_N_EVENTS, /* what follows is not for events.subscribe */
	API_EVENTS_LOST = API_N_EVENTS,
	API_PANE_OUTPUT,
	API_PANE_RESYNC,
	API_N_ROWS
};

struct event {
	int kind;                /* enum api_event */
	const struct pane *pane; /* NULL: none */
	const struct session *session;
	uint64_t pane_number, session_number; /* 0: none */
	uint64_t n_lost;
};

/* Framed, appended to @out. */
void event_encode(const struct event *e, enum rpc_encoding enc, struct buf *out);
/* To every watcher that wants it. */
void watches_send(struct api_server *s, const struct event *e);

#endif
