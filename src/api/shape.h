/*
 * What results and events look like, as data: from it come the schemas of
 * rpc.discover and the tables of docs/protocol.md.
 */
#ifndef API_SHAPE_H
#define API_SHAPE_H

#include "base/buf.h"
#include "rpc/writer.h"

/*
 * A type is written as "string", "integer", "number", "boolean", "object",
 * "any", "bytes" or the name of a shape ("Pane"); in brackets ("[Pane]") it is an
 * array of that.  A "|null" behind it: may be null.  A "?" at the very end: may
 * be absent.
 */
struct api_field {
	const char *name; /* NULL ends the list */
	const char *type;
	const char *doc;
};

struct api_shape {
	const char *name; /* "Pane"; NULL: a result of one method only */
	const char *doc;  /* one line */
	const struct api_field *fields;
};

/* The named shapes; NULL ends the list. */
extern const struct api_shape *const api_shapes[];
extern const struct api_shape api_shape_session, api_shape_pane, api_shape_pane_stats,
	api_shape_journal, api_shape_status, api_shape_layout, api_shape_match, api_shape_process,
	api_shape_ended, api_shape_left, api_shape_nothing, api_shape_run, api_shape_record,
	api_shape_kv_entry, api_shape_command_record;

/* JSON Schema of a shape (named ones in full, fields by reference). */
void api_shape_schema(struct rpc_writer *w, const struct api_shape *s);
/* A Markdown table of its fields; nothing if there are none. */
void api_shape_markdown(struct buf *out, const struct api_shape *s);

/* Does @type, without its suffixes, name something that exists? */
bool api_type_is_known(const char *type);

#endif
