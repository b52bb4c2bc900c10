#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/list.h"

struct item {
	int value;
	struct list link;
};

static void links_are_walked_in_the_order_they_came(void **state)
{
	struct item items[3] = { { .value = 0 }, { .value = 1 }, { .value = 2 } };
	struct list head;
	int n = 0;

	(void)state;
	list_init(&head);
	assert_true(list_is_empty(&head));
	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].link);
	list_for_each (l, &head)
		assert_int_equal(list_entry(l, struct item, link)->value, n++);
	assert_int_equal(n, 3);
}

static void the_safe_walk_allows_removal(void **state)
{
	struct item items[3] = { { .value = 0 }, { .value = 1 }, { .value = 2 } };
	struct list head;

	(void)state;
	list_init(&head);
	for (int i = 0; i < 3; i++)
		list_append(&head, &items[i].link);
	list_for_each_safe (l, &head) {
		if (list_entry(l, struct item, link)->value != 1)
			list_remove(l);
	}
	assert_ptr_equal(head.next, &items[1].link);
	assert_ptr_equal(head.prev, &items[1].link);
}

static void removing_twice_is_harmless(void **state)
{
	struct list head, l;

	(void)state;
	list_init(&head);
	list_init(&l);
	list_remove(&l);
	list_append(&head, &l);
	list_remove(&l);
	list_remove(&l);
	assert_true(list_is_empty(&head));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_walked_in_the_order_they_came),
		cmocka_unit_test(the_safe_walk_allows_removal),
		cmocka_unit_test(removing_twice_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
