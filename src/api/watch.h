/* Events to clients: events.subscribe. */
#ifndef API_WATCH_H
#define API_WATCH_H

#include "api/shape.h"
#include "core/core.h"

struct client;

/* What a watcher wants; an empty list of ids: all. */
struct watch_spec {
	uint32_t kinds;             /* bits by enum api_event */
	uint64_t *panes, *sessions; /* numbers; on the heap, go over to the watch on success */
	size_t n_panes, n_sessions;
};

/* "pane.exit", "pane.*", "*"; INVALID_PARAMS for what matches nothing. */
NODISCARD int watch_parse_kind(const char *pattern, uint32_t *kinds, struct fail *reterr);
uint32_t watch_all_kinds(void);

NODISCARD int watch_add(struct client *client, struct watch_spec *spec, uint64_t *ret_id,
			struct fail *reterr);
NODISCARD int watch_remove(struct client *client, uint64_t id, struct fail *reterr);

/* Everything that a client can be sent without having asked just then, for the
 * documentation. */
struct api_event_row {
	const char *name;
	const char *doc;
	const struct api_field *fields;
};
size_t api_event_count(void);
const struct api_event_row *api_event_at(size_t i);

#endif
