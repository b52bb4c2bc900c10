#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/siphash.h"

/* The vectors of the paper (appendix A) and of the reference implementation:
 * key 00 .. 0f, data 00 01 02 ... */
static void it_gives_the_published_values(void **state)
{
	static const struct {
		size_t n;
		uint64_t hash;
	} vectors[] = {
		{ 0, 0x726fdb47dd0e0e31 }, { 1, 0x74f839c593dc67fd },  { 7, 0xab0200f58b01d137 },
		{ 8, 0x93f5f5799a932462 }, { 15, 0xa129ca6149be45e5 },
	};
	uint8_t key[SIPHASH_KEY_BYTES], data[16];

	(void)state;
	for (uint8_t i = 0; i < 16; i++)
		key[i] = data[i] = i;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
		assert_true(siphash(key, data, vectors[i].n) == vectors[i].hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(it_gives_the_published_values) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
