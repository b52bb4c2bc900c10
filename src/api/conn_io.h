/* Between conn.c, conn_io.c and hub.c; nobody else's. */
#ifndef API_CONN_IO_H
#define API_CONN_IO_H

#include "api/conn.h"

/* Read once into the framer, descriptors included.  False: nothing came, for
 * now or for ever (a dead connection is closed, a finished one half-closed). */
bool conn_receive(struct conn *c);
/* Bytes taken; 0 if none fit now or the connection is lost (and closed). */
ssize_t conn_send(struct conn *c, struct iovec *iov, size_t n);
void conn_send_queue(struct conn *c);

void conn_serve(struct conn *c); /* one turn */
void conn_flush(struct conn *c);
void conn_update_poll(struct conn *c);

/* Have it flushed, or served, in the next round of the loop. */
void conn_mark_dirty(struct conn *c);
void conn_mark_ready(struct conn *c);
void conn_hub_wake(struct conn_hub *hub);
void conn_hub_watch_half_closed(struct conn_hub *hub);

#endif
