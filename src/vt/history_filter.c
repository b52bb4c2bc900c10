#include "vt/history_filter.h"

/* Of three folded bytes, 0..HISTORY_FILTER_BYTES * 8 - 1. */
static inline uint32_t bit_of(uint32_t hash)
{
	return hash >> 17;
}

void history_filter_add(struct history_filter *f, const char *text, size_t n)
{
	uint32_t mask = f->size_bytes * 8 - 1, last = f->last;

	for (size_t i = 0; i < n; i++) {
		last = (last << 8 | history_fold((uint8_t)text[i])) & 0xffffff;
		if (++f->n_line >= 3) {
			uint32_t bit = bit_of(history_hash(last)) & mask;

			f->bits[bit / 8] |= (uint8_t)(1u << bit % 8);
		}
	}
	f->last = last;
}

void history_filter_end_line(struct history_filter *f)
{
	f->last = 0;
	f->n_line = 0;
}

/* K and s have relatives beyond ASCII: the Kelvin sign and the long s. */
static bool is_fixed(uint8_t c)
{
	return c < 0x80 && history_fold(c) != 'k' && history_fold(c) != 's';
}

void history_probe_init(struct history_probe *p, const char *text, size_t n, bool has_relatives)
{
	const uint8_t *b = (const uint8_t *)text;

	p->n = 0;
	for (size_t i = 2; i < n && p->n < HISTORY_PROBE_MAX; i++) {
		if (has_relatives && !(is_fixed(b[i - 2]) && is_fixed(b[i - 1]) && is_fixed(b[i])))
			continue;
		p->hashes[p->n++] = history_hash(history_fold(b[i - 2]) << 16 |
						 history_fold(b[i - 1]) << 8 | history_fold(b[i]));
	}
}

bool history_filter_may_hold(const uint8_t *bits, uint32_t size_bytes,
			     const struct history_probe *p)
{
	for (unsigned i = 0; i < p->n; i++) {
		uint32_t bit = bit_of(p->hashes[i]) & (size_bytes * 8 - 1);

		if (!(bits[bit / 8] & 1u << bit % 8))
			return false;
	}
	return true;
}
