#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "core/state.h"

int table_reserve(void ***table, uint32_t n, uint32_t *max)
{
	uint32_t size = *max ? *max : 16;
	void **grown;

	if (n <= *max)
		return 0;
	while (size < n)
		size *= 2;
	grown = mem_zalloc(size, sizeof *grown);
	if (!grown)
		return err_origin(-ENOMEM);
	if (*table)
		memcpy(grown, *table, *max * sizeof *grown);
	mem_free(*table);
	*table = grown;
	*max = size;
	return 0;
}
