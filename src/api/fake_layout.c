/* The fake core has one layout: "fake", of session s1, with its first pane, whatever is done to
 * it. */
#include "api/fake_core.h"
#include "core/layout.h"

struct layout {
	struct layout_node root;
	const struct session *session;
};

static struct layout *the_layout(const struct session *s)
{
	static struct layout l;
	const struct pane *p = session_pane_at(s, 0);

	list_init(&l.root.link);
	list_init(&l.root.children);
	l.root.pane = p ? pane_number(p) : 1;
	l.root.at = (struct layout_rect){ .cols = 80, .rows = 24 };
	l.session = s;
	return &l;
}

static struct layout *first_layout(struct core *c)
{
	return the_layout(core_session_next(c, 0));
}

void layout_get_info(const struct layout *l, struct layout_info *ret)
{
	*ret = (struct layout_info){ .name = "fake",
				     .session = l->session,
				     .root = &l->root,
				     .cols = 80,
				     .rows = 24,
				     .is_active = true };
}

struct layout *session_layout_at(const struct session *s, uint32_t index)
{
	return index == 0 ? the_layout(s) : NULL;
}

struct layout *pane_layout(const struct pane *p)
{
	(void)p;
	return NULL;
}

int core_layout_find(struct core *c, const char *session, const char *name, struct layout **ret,
		     struct fail *reterr)
{
	(void)session;
	(void)name;
	(void)reterr;
	*ret = first_layout(c);
	return 0;
}

int core_layout_of(struct pane *p, struct layout **ret, struct fail *reterr)
{
	(void)reterr;
	*ret = the_layout(fake_session_of(p));
	return 0;
}

void core_layout_create(struct core *c, const struct layout_spec *spec, core_layout_fn *done,
			void *user)
{
	(void)spec;
	done(first_layout(c), NULL, NULL, user);
}

void core_layout_split(struct core *c, const struct layout_split_spec *spec, core_layout_fn *done,
		       void *user)
{
	done(first_layout(c), spec->at, NULL, user);
}

int core_layout_resize(struct layout *l, int64_t cols, int64_t rows, struct fail *reterr)
{
	(void)l;
	(void)cols;
	(void)rows;
	(void)reterr;
	return 0;
}

int core_layout_resize_pane(struct pane *p, enum layout_axis axis, int64_t cells,
			    struct fail *reterr)
{
	(void)axis;
	(void)cells;
	(void)p;
	(void)reterr;
	return 0;
}

int core_layout_share(struct pane *p, enum layout_axis axis, struct layout_ratio share,
		      struct fail *reterr)
{
	(void)p;
	(void)axis;
	(void)share;
	(void)reterr;
	return 0;
}

int core_layout_close(struct pane *p, struct fail *reterr)
{
	(void)p;
	(void)reterr;
	return 0;
}

int core_layout_move(struct pane *p, struct pane *to, enum layout_side side,
		     struct layout_ratio share, struct fail *reterr)
{
	(void)p;
	(void)to;
	(void)side;
	(void)share;
	(void)reterr;
	return 0;
}

int core_layout_swap(struct pane *a, struct pane *b, struct fail *reterr)
{
	(void)a;
	(void)b;
	(void)reterr;
	return 0;
}

int core_layout_zoom(struct pane *p, bool is_on, struct fail *reterr)
{
	(void)p;
	(void)is_on;
	(void)reterr;
	return 0;
}

int core_layout_rename(struct layout *l, const char *name, struct fail *reterr)
{
	(void)l;
	(void)name;
	(void)reterr;
	return 0;
}

void core_layout_select(struct layout *l, struct pane *p)
{
	(void)l;
	(void)p;
}

void core_layout_delete(struct layout *l)
{
	(void)l;
}

int core_layout_attach(struct layout *l, void *viewer, int64_t cols, int64_t rows, bool ignore_size,
		       struct fail *reterr)
{
	(void)l;
	(void)viewer;
	(void)cols;
	(void)rows;
	(void)ignore_size;
	(void)reterr;
	return 0;
}

void core_layout_detach(struct layout *l, void *viewer)
{
	(void)l;
	(void)viewer;
}

bool core_template_at(const struct core *c, uint32_t i, const char **ret_name,
		      const char **ret_tree)
{
	(void)c;
	*ret_name = "dev";
	*ret_tree = "rows(70 editor, 30 terminal)";
	return i == 0;
}
