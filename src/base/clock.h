/* Time.  Monotonic for intervals and deadlines, wall for what people read. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "base/defs.h"

uint64_t clock_mono_ns(void);
uint64_t clock_wall_us(void); /* microseconds since 1970-01-01 UTC */

/* "90", "1.5s", "250ms", "2m", "1h": a duration in nanoseconds; a bare number
 * is seconds.  Units: ns us ms s m h d.  0, or -EINVAL (also for overflow and negative values). */
NODISCARD int clock_parse_duration(const char *s, uint64_t *ret_ns);

#endif
