#include "vt/edit.h"
#include "vt/image_io.h"

#define COL_MAX (VT_COLS_MAX - 1)
#define ROW_MAX (VT_ROWS_MAX - 1)

#define F(m, low, high)                                                                \
	{                                                                              \
		.offset = offsetof(struct vt, m), .size = sizeof(((struct vt *)0)->m), \
		.min = (low), .max = (high)                                            \
	}
#define FLAG(m) F(m, 0, 1)
#define BYTE(m) F(m, 0, UINT8_MAX)
#define CURSOR(c)                                                                                  \
	F(c.x, 0, COL_MAX), F(c.y, 0, ROW_MAX), FLAG(c.is_last), FLAG(c.is_origin), F(c.gl, 0, 3), \
		F(c.gr, 0, 3), F(c.single, 0, 3), F(c.g[0], 0, CHARSET_N - 1),                     \
		F(c.g[1], 0, CHARSET_N - 1), F(c.g[2], 0, CHARSET_N - 1),                          \
		F(c.g[3], 0, CHARSET_N - 1)
#define BYTES4(m, i) BYTE(m[i]), BYTE(m[(i) + 1]), BYTE(m[(i) + 2]), BYTE(m[(i) + 3])
#define SCREEN(s)                                                                    \
	CURSOR(s.saved), FLAG(s.has_saved), F(s.n_kitty, 0, 16), BYTES4(s.kitty, 0), \
		BYTES4(s.kitty, 4), BYTES4(s.kitty, 8), BYTES4(s.kitty, 12)

/* What one has to do with another (margins with the size) is looked at when all
 * are there. */
/* clang-format off */
const struct image_field image_fields[] = {
	CURSOR(cur),
	F(top, 0, ROW_MAX), F(bottom, 0, ROW_MAX), F(left, 0, COL_MAX), F(right, 0, COL_MAX),
	F(age, 0, INT64_MAX / 2), F(reflow_age, 0, INT64_MAX / 2),
	FLAG(is_alternate),
	SCREEN(primary), SCREEN(alternate),

	F(last_cp, 0, 0x10ffff),
	F(protect, 0, PROTECT_ISO), FLAG(is_utf8), FLAG(is_8bit), F(level, 1, 4),
	F(cursor_style, 0, 6), F(change_extent, 0, 2), BYTE(checksum_flags), BYTE(title_modes),
	BYTES4(mod_keys, 0), BYTES4(mod_keys, 4), BYTES4(fmt_keys, 0), BYTES4(fmt_keys, 4),
	F(n_titles, 0, TITLES_MAX), F(n_sgr, 0, ARRAY_LEN(((struct vt *)0)->sgr_stack)),
	F(window_x, 0, PARAM_MAX), F(window_y, 0, PARAM_MAX), FLAG(is_icon),
	F(next_mark, 0, INT64_MAX),
	F(anchor.row, -INT32_MAX / 2, INT32_MAX / 2), F(anchor.col, 0, INT32_MAX / 2), F(anchor.rows, 0, VT_ROWS_MAX),
	FLAG(anchor.is_full), FLAG(anchor.is_set),
	FLAG(is_focused), FLAG(is_light),
	F(opts.cell_width, 1, UINT16_MAX), F(opts.cell_height, 1, UINT16_MAX),
};
/* clang-format on */

const unsigned image_n_fields = ARRAY_LEN(image_fields);

uint64_t image_checksum(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint64_t h = n, v;

	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&v, p, 8);
		h = (h ^ v) * 0x9e3779b97f4a7c15u;
		h ^= h >> 32;
	}
	v = image_get_le(p, (unsigned)n);
	h = (h ^ v) * 0xbf58476d1ce4e5b9u;
	return h ^ h >> 29;
}
