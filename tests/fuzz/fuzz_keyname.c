/* Key names: whatever the text, an answer; what parses can be named and encoded. */
#include "vt/key.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len); /* NOLINT: its name is given */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct key_modes modes[] = { { 0 },
						  { .modify_other_keys = 2 },
						  { .kitty_flags = 31 } };
	char name[128], out[KEY_NAME_MAX], bytes[KEY_ENCODE_MAX];
	struct key key, back;

	if (len >= sizeof(name))
		return 0;
	memcpy(name, data, len);
	name[len] = '\0';
	key_suggest(name, out, sizeof(out));
	assert(strlen(out) < sizeof(out));
	if (key_parse(name, &key))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		assert(key_encode(&key, &modes[i], bytes, sizeof(bytes)) <= sizeof(bytes));
	key_format(&key, out, sizeof(out));
	assert(!key_parse(out, &back));
	assert(back.code == key.code && back.mods == key.mods);
	assert(back.n_text == key.n_text && !memcmp(back.text, key.text, key.n_text));
	return 0;
}
