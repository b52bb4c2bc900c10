#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

#define NS_PER_S 1000000000ull

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "", NS_PER_S },         { "ns", 1 },
	{ "us", 1000 },           { "ms", 1000000 },
	{ "s", NS_PER_S },        { "m", 60 * NS_PER_S },
	{ "h", 3600 * NS_PER_S }, { "d", 86400 * NS_PER_S },
};

uint64_t clock_mono_ns(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

uint64_t clock_wall_us(void)
{
	struct timespec ts;

	(void)clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "12.5" as 12500000000 billionths; digits beyond the ninth are dropped.  NULL
 * if there is no number or its whole part is beyond 64 bits. */
static const char *parse_billionths(const char *s, unsigned __int128 *ret)
{
	unsigned __int128 v = 0;

	if (!is_digit(*s))
		return NULL;
	for (; is_digit(*s); s++) {
		v = v * 10 + (unsigned)(*s - '0');
		if (v > UINT64_MAX)
			return NULL;
	}
	v *= NS_PER_S;
	if (*s == '.') {
		unsigned __int128 place = NS_PER_S / 10;

		if (!is_digit(*++s))
			return NULL;
		for (; is_digit(*s); s++, place /= 10)
			v += (unsigned)(*s - '0') * place;
	}
	*ret = v;
	return s;
}

int clock_parse_duration(const char *s, uint64_t *ret_ns)
{
	unsigned __int128 billionths;

	s = parse_billionths(s, &billionths);
	if (!s)
		return err_origin(-EINVAL);
	for (size_t i = 0; i < ARRAY_LEN(units); i++) {
		if (strcmp(s, units[i].name) != 0)
			continue;
		/* 2^94 * 2^47 would overflow, so bound the first factor. */
		if (billionths / NS_PER_S > UINT64_MAX / units[i].ns)
			return err_origin(-EINVAL);
		billionths = billionths * units[i].ns / NS_PER_S;
		if (billionths > UINT64_MAX)
			return err_origin(-EINVAL);
		*ret_ns = (uint64_t)billionths;
		return 0;
	}
	return err_origin(-EINVAL);
}
