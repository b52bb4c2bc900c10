/* Output of panes to clients: pane.subscribe. */
#ifndef API_STREAM_H
#define API_STREAM_H

#include "core/core.h"

struct client;

struct stream_begin {
	uint64_t id;  /* of the subscription */
	uint64_t seq; /* where it begins */
};

NODISCARD int stream_subscribe(struct client *client, struct pane *p,
			       const struct core_sub_spec *spec, struct stream_begin *ret,
			       struct fail *reterr);
/* SUBSCRIPTION_NOT_FOUND also for those of other clients. */
NODISCARD int stream_unsubscribe(struct client *client, uint64_t id, struct fail *reterr);

#endif
