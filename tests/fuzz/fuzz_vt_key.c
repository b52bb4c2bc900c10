/*
 * The encoders of input: any key, mouse event or paste in any modes fits its
 * bound, does not depend on the room given, and a paste cannot leave its
 * bracket.
 */
#include "vt/key.h"
#include "vt/mouse.h"
#include "vt/paste.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len); /* NOLINT: its name is given */

static void fuzz_key(const uint8_t *p, size_t len)
{
	char out[KEY_ENCODE_MAX], again[KEY_ENCODE_MAX];
	struct key_modes modes;
	struct key key;
	size_t n;

	if (len < sizeof(key) + 3)
		return;
	memcpy(&key, p, sizeof(key));
	p += sizeof(key);
	modes = (struct key_modes){ .is_vt52 = p[0] & 1,
				    .is_app_cursor = p[0] & 2,
				    .is_app_keypad = p[0] & 4,
				    .is_backarrow_bs = p[0] & 8,
				    .is_newline = p[0] & 16,
				    .is_other_keys_csi_u = p[0] & 32,
				    .modify_other_keys = p[1],
				    .kitty_flags = p[2] & 31 };
	n = key_encode(&key, &modes, out, sizeof(out));
	assert(n <= sizeof(out));
	if (!n)
		return;
	assert(key_encode(&key, &modes, again, n) == n && !memcmp(out, again, n));
	assert(key_encode(&key, &modes, again, n - 1) == 0);
}

static void fuzz_mouse(const uint8_t *p, size_t len)
{
	struct mouse_event ev = { 0 };
	struct mouse_modes modes;
	char out[MOUSE_ENCODE_MAX];

	if (len < 24)
		return;
	ev.type = (enum mouse_type)(p[0] % 3);
	ev.button = (enum mouse_button)(p[1] % (MOUSE_N_BUTTONS + 1));
	ev.mods = p[2];
	modes = (struct mouse_modes){ (enum mouse_track)(p[3] % 5), (enum mouse_format)(p[4] % 5) };
	memcpy(&ev.row, p + 8, 4);
	memcpy(&ev.col, p + 12, 4);
	memcpy(&ev.y, p + 16, 4);
	memcpy(&ev.x, p + 20, 4);
	assert(mouse_encode(&ev, &modes, out) <= sizeof(out));
}

static void fuzz_paste(const uint8_t *p, size_t len)
{
	struct buf out = BUF_INIT;

	paste_encode((const char *)p, len, true, &out);
	if (!buf_check(&out)) {
		const char *s = buf_data(&out);
		size_t n = buf_len(&out);

		assert(n >= 12 && !memcmp(s, "\033[200~", 6) && !memcmp(s + n - 6, "\033[201~", 6));
		assert(!memchr(s + 6, '\033', n - 12));
	}
	buf_clear(&out);
	paste_encode((const char *)p, len, false, &out);
	assert(!memchr(buf_data(&out), '\n', buf_len(&out)));
	buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	if (!len)
		return 0;
	if (data[0] % 3 == 0) {
		fuzz_key(data + 1, len - 1);
	} else if (data[0] % 3 == 1) {
		fuzz_mouse(data + 1, len - 1);
	} else {
		fuzz_paste(data + 1, len - 1);
	}
	return 0;
}
