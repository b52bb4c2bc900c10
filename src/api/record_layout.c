/* A layout as a value. */
#include "api/records.h"
#include "core/layout.h"

static void put_rect(struct rpc_writer *w, const struct layout_rect *at)
{
	rpc_kv_uint(w, "x", at->x);
	rpc_kv_uint(w, "y", at->y);
	rpc_kv_uint(w, "cols", at->cols);
	rpc_kv_uint(w, "rows", at->rows);
}

static void put_panes(struct rpc_writer *w, const struct layout_node *n)
{
	if (layout_is_leaf(n)) {
		rpc_map_begin(w);
		rpc_key(w, "pane");
		record_id(w, 'p', n->pane);
		put_rect(w, &n->at);
		rpc_map_end(w);
	}
	list_for_each (l, &n->children)
		put_panes(w, list_entry(l, struct layout_node, link));
}

static void put_separators(struct rpc_writer *w, const struct layout_node *n)
{
	list_for_each (l, &n->children) {
		const struct layout_node *child = list_entry(l, struct layout_node, link);
		struct layout_rect at = layout_separator(child);

		if (layout_next(child)) {
			rpc_map_begin(w);
			put_rect(w, &at);
			rpc_map_end(w);
		}
		put_separators(w, child);
	}
}

static void put_tree_text(struct rpc_writer *w, const struct layout_node *root)
{
	struct buf b = BUF_INIT;

	layout_print(root, &b);
	rpc_key(w, "tree");
	rpc_strn(w, buf_data(&b), buf_len(&b));
	buf_fini(&b);
}

void record_layout(struct rpc_writer *w, const struct layout *l)
{
	struct session_info session;
	struct layout_info i;

	layout_get_info(l, &i);
	session_get_info(i.session, &session);
	rpc_map_begin(w);
	rpc_kv_str(w, "name", i.name);
	rpc_kv_str(w, "session", session.id);
	rpc_kv_str(w, "session_name", session.name);
	rpc_kv_bool(w, "active", i.is_active);
	rpc_kv_uint(w, "cols", i.cols);
	rpc_kv_uint(w, "rows", i.rows);
	rpc_key(w, "zoomed");
	if (i.zoomed) {
		record_id(w, 'p', i.zoomed);
	} else {
		rpc_null(w);
	}
	put_tree_text(w, i.root);
	rpc_key(w, "panes");
	rpc_array_begin(w);
	put_panes(w, i.root);
	rpc_array_end(w);
	rpc_key(w, "separators");
	rpc_array_begin(w);
	put_separators(w, i.root);
	rpc_array_end(w);
	rpc_kv_uint(w, "viewers", i.n_viewers);
	rpc_map_end(w);
}
