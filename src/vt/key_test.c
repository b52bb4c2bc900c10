#include "vt/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct row {
	const char *name;
	const char *bytes;
};

static const struct key_modes normal = { 0 };

static void check_rows(const struct row *rows, size_t n, const struct key_modes *modes)
{
	for (size_t i = 0; i < n; i++) {
		char out[KEY_ENCODE_MAX];
		struct key key;
		size_t len;

		if (key_parse(rows[i].name, &key))
			fail_msg("%s: no such key", rows[i].name);
		len = key_encode(&key, modes, out, sizeof(out));
		if (len != strlen(rows[i].bytes) || memcmp(out, rows[i].bytes, len) != 0)
			fail_msg("%s: sent \"%.*s\"", rows[i].name, (int)len, out);
	}
}

#define CHECK_ROWS(modes, ...)                                     \
	do {                                                       \
		static const struct row rows_[] = { __VA_ARGS__ }; \
		check_rows(rows_, ARRAY_LEN(rows_), (modes));      \
	} while (0)

static void test_text_is_sent_as_it_is(void **state)
{
	(void)state;
	CHECK_ROWS(&normal, { "a", "a" }, { "A", "A" }, { "S-a", "A" }, { "%", "%" }, { "-", "-" },
		   { "é", "é" }, { "Space", " " }, { "Minus", "-" }, { "KP_7", "7" },
		   { "KP-", "-" }, { "M-x", "\033x" }, { "M-X", "\033X" }, { "M-é", "\033é" },
		   { "+", "+" });
}

static void test_control_makes_control_characters(void **state)
{
	(void)state;
	CHECK_ROWS(&normal, { "C-c", "\003" }, { "C-C", "\003" }, { "^C", "\003" },
		   { "Ctrl+C", "\003" }, { "C-S-c", "\003" }, { "C-[", "\033" }, { "C-\\", "\034" },
		   { "C-]", "\035" }, { "C-^", "\036" }, { "C-_", "\037" }, { "C-/", "\037" },
		   { "C-?", "\177" }, { "C-8", "\177" }, { "C-3", "\033" }, { "C-7", "\037" },
		   { "C-M-a", "\033\001" }, { "C-1", "1" }, { "C--", "-" }, { "C-é", "é" },
		   { "control-z", "\032" });
}

static void test_control_space_sends_nul(void **state)
{
	struct key key;
	char out[KEY_ENCODE_MAX] = { 'x' };

	(void)state;
	assert_int_equal(key_parse("C-Space", &key), 0);
	assert_int_equal(key_encode(&key, &normal, out, sizeof(out)), 1);
	assert_int_equal(out[0], 0);
}

static void test_editing_keys_are_those_of_xterm(void **state)
{
	(void)state;
	CHECK_ROWS(&normal, { "Enter", "\r" }, { "Tab", "\t" }, { "S-Tab", "\033[Z" },
		   { "BTab", "\033[Z" }, { "Escape", "\033" }, { "Backspace", "\177" },
		   { "C-Backspace", "\b" }, { "M-BSpace", "\033\177" }, { "M-Enter", "\033\r" },
		   { "Up", "\033[A" }, { "left", "\033[D" }, { "Home", "\033[H" },
		   { "End", "\033[F" }, { "Insert", "\033[2~" }, { "Delete", "\033[3~" },
		   { "PageUp", "\033[5~" }, { "pagedown", "\033[6~" }, { "KP_Begin", "\033[E" },
		   { "KP_PageUp", "\033[5~" });
}

static void test_function_keys_are_those_of_xterm(void **state)
{
	(void)state;
	CHECK_ROWS(&normal, { "F1", "\033OP" }, { "F4", "\033OS" }, { "F5", "\033[15~" },
		   { "F12", "\033[24~" }, { "F13", "\033[25~" }, { "F20", "\033[34~" },
		   { "F24", "\033[45~" }, { "S-F1", "\033[1;2P" }, { "S-F5", "\033[15;2~" },
		   { "C-M-S-F12", "\033[24;8~" }, { "F30", "" });
}

static void test_modifiers_of_cursor_keys_become_a_parameter(void **state)
{
	static const struct key_modes app = { .is_app_cursor = true };

	(void)state;
	CHECK_ROWS(&normal, { "C-M-Left", "\033[1;7D" }, { "S-Up", "\033[1;2A" },
		   { "C-PageUp", "\033[5;5~" }, { "M-Delete", "\033[3;3~" },
		   { "D-Home", "\033[1;9H" });
	CHECK_ROWS(&app, { "Up", "\033OA" }, { "End", "\033OF" }, { "S-Up", "\033[1;2A" },
		   { "Insert", "\033[2~" });
}

static void test_modes_of_single_keys_are_honoured(void **state)
{
	static const struct key_modes newline = { .is_newline = true };
	static const struct key_modes keypad = { .is_app_keypad = true };
	static const struct key_modes backarrow = { .is_backarrow_bs = true };
	static const struct key_modes vt52 = { .is_vt52 = true, .is_app_keypad = true };

	(void)state;
	CHECK_ROWS(&newline, { "Enter", "\r\n" }, { "KP_Enter", "\r\n" });
	CHECK_ROWS(&keypad, { "KP_0", "\033Op" }, { "KP9", "\033Oy" }, { "KP+", "\033Ok" },
		   { "KP_Enter", "\033OM" }, { "KP=", "\033OX" }, { "KP,", "\033Ol" },
		   { "9", "9" });
	CHECK_ROWS(&backarrow, { "Backspace", "\b" }, { "C-Backspace", "\177" });
	CHECK_ROWS(&vt52, { "Up", "\033A" }, { "F1", "\033P" }, { "KP_5", "\033?u" },
		   { "Insert", "" });
}

static void test_modify_other_keys_1_leaves_known_keys_alone(void **state)
{
	static const struct key_modes level1 = { .modify_other_keys = 1 };

	(void)state;
	CHECK_ROWS(&level1, { "C-c", "\003" }, { "M-x", "\033x" }, { "S-a", "A" },
		   { "S-Tab", "\033[Z" }, { "C-1", "\033[27;5;49~" },
		   { "C-Enter", "\033[27;5;13~" }, { "C-Tab", "\033[27;5;9~" },
		   { "C-S-a", "\033[27;6;65~" }, { "C-Backspace", "\b" }, { "C-Up", "\033[1;5A" });
}

static void test_modify_other_keys_2_reports_all_but_shifted_text(void **state)
{
	static const struct key_modes level2 = { .modify_other_keys = 2 };
	static const struct key_modes csi_u = { .modify_other_keys = 2,
						.is_other_keys_csi_u = true };

	(void)state;
	CHECK_ROWS(&level2, { "C-c", "\033[27;5;99~" }, { "M-x", "\033[27;3;120~" }, { "S-a", "A" },
		   { "S-Space", "\033[27;2;32~" }, { "S-Enter", "\033[27;2;13~" }, { "a", "a" },
		   { "S-Tab", "\033[Z" }, { "C-Backspace", "\b" },
		   { "M-Backspace", "\033[27;3;127~" });
	CHECK_ROWS(&csi_u, { "C-c", "\033[99;5u" });
}

static void test_kitty_disambiguates_escape_codes(void **state)
{
	static const struct key_modes kitty = { .kitty_flags = KEY_KITTY_DISAMBIGUATE,
						.is_app_cursor = true };

	(void)state;
	CHECK_ROWS(&kitty, { "a", "a" }, { "A", "A" }, { "Escape", "\033[27u" }, { "Enter", "\r" },
		   { "Tab", "\t" }, { "Backspace", "\177" }, { "C-Enter", "\033[13;5u" },
		   { "S-Tab", "\033[9;2u" }, { "C-c", "\033[99;5u" }, { "C-S-c", "\033[99;6u" },
		   { "M-x", "\033[120;3u" }, { "C-\\", "\033[92;5u" }, { "Up", "\033[A" },
		   { "C-Up", "\033[1;5A" }, { "F1", "\033[P" }, { "F3", "\033[13~" },
		   { "F5", "\033[15~" }, { "F13", "\033[57376u" }, { "KP_Enter", "\033[57414u" },
		   { "KP_Left", "\033[57417u" }, { "KP_5", "5" }, { "KP_Begin", "\033[E" },
		   { "LeftShift", "" }, { "D-a", "\033[97;9u" });
}

static void test_kitty_reports_all_keys_with_text_and_alternates(void **state)
{
	static const struct key_modes all = { .kitty_flags = 8 }, rich = { .kitty_flags = 31 };

	(void)state;
	CHECK_ROWS(&all, { "a", "\033[97u" }, { "A", "\033[97;2u" }, { "Enter", "\033[13u" },
		   { "LeftShift", "\033[57441u" }, { "Space", "\033[32u" });
	CHECK_ROWS(&rich, { "a", "\033[97;;97u" }, { "A", "\033[97:65;2;65u" },
		   { "C-a", "\033[97;5u" }, { "é", "\033[233;;233u" }, { "Up", "\033[A" });
}

static size_t encode_event(const char *name, enum key_event event, uint8_t flags, char *out)
{
	struct key_modes modes = { .kitty_flags = flags };
	struct key key;

	assert_int_equal(key_parse(name, &key), 0);
	key.event = (uint8_t)event;
	return key_encode(&key, &modes, out, KEY_ENCODE_MAX);
}

static void test_releases_are_sent_only_when_asked_for(void **state)
{
	char out[KEY_ENCODE_MAX];

	(void)state;
	assert_int_equal(encode_event("a", KEY_RELEASE, 0, out), 0);
	assert_int_equal(encode_event("Up", KEY_RELEASE, 1, out), 0);
	assert_int_equal(encode_event("Enter", KEY_RELEASE, 3, out), 0);
	assert_int_equal(encode_event("Up", KEY_RELEASE, 3, out), 8);
	assert_memory_equal(out, "\033[1;1:3A", 8);
	assert_int_equal(encode_event("C-a", KEY_REPEAT, 3, out), 9);
	assert_memory_equal(out, "\033[97;5:2u", 9);
	assert_int_equal(encode_event("a", KEY_REPEAT, 3, out), 1);
}

static void test_unknown_names_are_told_with_what_was_meant(void **state)
{
	static const struct row rows[] = {
		{ "Entr", "Enter" },   { "C-Lfet", "C-Left" },
		{ "PgeUp", "PageUp" }, { "ESCP", "Esc" },
		{ "F99", "F9" },       { "Ctrl+Dwn", "Ctrl+Down" },
		{ "Qwertzuiop", "" },  { "", "" },
		{ "spcae", "Space" },
	};
	struct key key;
	char out[KEY_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		assert_int_equal(key_parse(rows[i].name, &key), KEY_E_UNKNOWN);
		key_suggest(rows[i].name, out, sizeof(out));
		assert_string_equal(out, rows[i].bytes);
	}
}

static void test_malformed_names_are_unknown(void **state)
{
	static const char *const rows[] = { "C-",    "F0",           "F36",  "F01",  "\x80",
					    "\xc3",  "ab",           "\033", "\177", "C-M-",
					    "KP_10", "\xed\xa0\x80", "F1x",  "KP_" };
	struct key key;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (key_parse(rows[i], &key) != KEY_E_UNKNOWN)
			fail_msg("row %zu", i);
	}
}

static void test_every_canonical_name_reads_back(void **state)
{
	char name[KEY_NAME_MAX];

	(void)state;
	for (uint32_t code = KEY_ESCAPE; code < KEY_CODE_END; code++) {
		struct key key = { .code = code, .mods = KEY_SHIFT | KEY_META | KEY_HYPER }, back;

		key_format(&key, name, sizeof(name));
		if (key_parse(name, &back))
			fail_msg("%u: \"%s\"", (unsigned)code, name);
		assert_int_equal(back.code, code);
		assert_int_equal(back.mods, key.mods);
	}
}

static void test_a_short_buffer_gives_nothing(void **state)
{
	struct key key;
	char out[4] = "xxx";

	(void)state;
	assert_int_equal(key_parse("F5", &key), 0);
	assert_int_equal(key_encode(&key, &normal, out, sizeof(out)), 0);
	assert_int_equal(key_encode_focus(true, out, sizeof(out)), 3);
	assert_memory_equal(out, "\033[I", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_is_sent_as_it_is),
		cmocka_unit_test(test_control_makes_control_characters),
		cmocka_unit_test(test_control_space_sends_nul),
		cmocka_unit_test(test_editing_keys_are_those_of_xterm),
		cmocka_unit_test(test_function_keys_are_those_of_xterm),
		cmocka_unit_test(test_modifiers_of_cursor_keys_become_a_parameter),
		cmocka_unit_test(test_modes_of_single_keys_are_honoured),
		cmocka_unit_test(test_modify_other_keys_1_leaves_known_keys_alone),
		cmocka_unit_test(test_modify_other_keys_2_reports_all_but_shifted_text),
		cmocka_unit_test(test_kitty_disambiguates_escape_codes),
		cmocka_unit_test(test_kitty_reports_all_keys_with_text_and_alternates),
		cmocka_unit_test(test_releases_are_sent_only_when_asked_for),
		cmocka_unit_test(test_unknown_names_are_told_with_what_was_meant),
		cmocka_unit_test(test_malformed_names_are_unknown),
		cmocka_unit_test(test_every_canonical_name_reads_back),
		cmocka_unit_test(test_a_short_buffer_gives_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
