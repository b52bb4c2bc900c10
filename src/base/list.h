/* Intrusive doubly linked ring.  The head is a link too; an unlinked link
 * points at itself. */
#ifndef BASE_LIST_H
#define BASE_LIST_H

#include "base/defs.h"

struct list {
	struct list *next, *prev;
};

static inline void list_init(struct list *l)
{
	l->next = l->prev = l;
}

static inline bool list_is_empty(const struct list *l)
{
	return l->next == l;
}

static inline void list_append(struct list *head, struct list *l)
{
	l->prev = head->prev;
	l->next = head;
	head->prev->next = l;
	head->prev = l;
}

/* Unlink; harmless on a link that is in no list but was initialised. */
static inline void list_remove(struct list *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
	list_init(l);
}

/* NOLINTNEXTLINE(readability-identifier-naming): it is called like a function */
#define list_entry(ptr, type, member) CONTAINER_OF(ptr, type, member)

/* @pos is a struct list *; the safe form allows removing @pos in the body. */
#define list_for_each(pos, head) \
	for (struct list *pos = (head)->next; pos != (head); pos = pos->next)
#define list_for_each_safe(pos, head)                                                 \
	for (struct list *pos = (head)->next, *list_next_ = pos->next; pos != (head); \
	     pos = list_next_, list_next_ = pos->next)

#endif
