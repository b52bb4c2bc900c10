#include "keeper/table.h"

#include <assert.h>
#include <sys/epoll.h>
#include <unistd.h>

struct child *table_take(struct table *t)
{
	uint32_t i = 0;

	while (i < t->n_high && t->children[i].state != CHILD_FREE)
		i++;
	if (i == KEEPER_MAX_CHILDREN)
		return NULL;
	if (i == t->n_high)
		t->n_high++;
	struct child *c = &t->children[i];
	*c = (struct child){ .fds = { -1, -1 }, .report_fd = -1 };
	return c;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void child_close_fds(struct child *c)
{
	close_fd(&c->fds[0]);
	close_fd(&c->fds[1]);
	c->n_fds = 0;
}

void table_close_report(const struct table *t, struct child *c)
{
	if (c->report_fd >= 0)
		(void)epoll_ctl(t->epoll_fd, EPOLL_CTL_DEL, c->report_fd, NULL);
	close_fd(&c->report_fd);
}

void table_drop(struct table *t, struct child *c)
{
	table_paid(t, c, c->owes);
	child_close_fds(c);
	table_close_report(t, c);
	c->state = CHILD_FREE;
	while (t->n_high > 0 && t->children[t->n_high - 1].state == CHILD_FREE)
		t->n_high--;
}

struct child *table_by_pane(struct table *t, uint64_t pane)
{
	for (uint32_t i = 0; i < t->n_high; i++) {
		struct child *c = &t->children[i];

		if (c->pane == pane && c->state != CHILD_FREE && !c->is_forgotten)
			return c;
	}
	return NULL;
}

struct child *table_by_pid(struct table *t, pid_t pid)
{
	for (uint32_t i = 0; i < t->n_high; i++) {
		struct child *c = &t->children[i];

		if (c->pid == pid && (c->state == CHILD_STARTING || c->state == CHILD_RUNNING))
			return c;
	}
	return NULL;
}

uint32_t table_count(const struct table *t, enum child_state state)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->n_high; i++)
		n += t->children[i].state == state && !t->children[i].is_forgotten;
	return n;
}

void table_owe(struct table *t, struct child *c, uint32_t what)
{
	if (c->is_forgotten)
		return;
	t->n_owing += c->owes == 0;
	c->owes |= what;
}

void table_paid(struct table *t, struct child *c, uint32_t what)
{
	if (c->owes == 0)
		return;
	c->owes &= ~what;
	if (c->owes == 0) {
		assert(t->n_owing > 0);
		t->n_owing--;
	}
}
