#include "vt/mouse.h"

#include "vt/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void check(struct mouse_event ev, enum mouse_track track, enum mouse_format format,
		  const char *bytes, size_t n)
{
	const struct mouse_modes modes = { track, format };
	char out[MOUSE_ENCODE_MAX];

	assert_int_equal(mouse_encode(&ev, &modes, out), n);
	assert_memory_equal(out, bytes, n);
}

#define CHECK(ev, track, format, bytes) \
	check(ev, MOUSE_TRACK_##track, MOUSE_FORMAT_##format, bytes, sizeof(bytes) - 1)
#define EVENT(...) ((struct mouse_event){ __VA_ARGS__ })

static void test_each_tracking_mode_reports_its_events(void **state)
{
	const struct mouse_event press = { .row = 1, .col = 2 };
	const struct mouse_event release = { .type = MOUSE_RELEASE, .row = 1, .col = 2 };
	const struct mouse_event drag = { .type = MOUSE_MOTION, .row = 1, .col = 2 };
	const struct mouse_event move = {
		.type = MOUSE_MOTION, .button = MOUSE_NONE, .row = 1, .col = 2
	};

	(void)state;
	CHECK(press, OFF, DEFAULT, "");
	CHECK(press, X10, DEFAULT, "\033[M #\"");
	CHECK(release, X10, DEFAULT, "");
	CHECK(press, NORMAL, DEFAULT, "\033[M #\"");
	CHECK(release, NORMAL, DEFAULT, "\033[M##\"");
	CHECK(drag, NORMAL, DEFAULT, "");
	CHECK(drag, DRAG, DEFAULT, "\033[M@#\"");
	CHECK(move, DRAG, DEFAULT, "");
	CHECK(move, ANY, DEFAULT, "\033[MC#\"");
}

static void test_buttons_and_modifiers_make_the_code(void **state)
{
	(void)state;
	CHECK(EVENT(.button = MOUSE_RIGHT, .mods = KEY_CTRL), NORMAL, SGR, "\033[<18;1;1M");
	CHECK(EVENT(.button = MOUSE_WHEEL_UP), NORMAL, SGR, "\033[<64;1;1M");
	CHECK(EVENT(.button = MOUSE_WHEEL_DOWN, .mods = KEY_SHIFT | KEY_ALT), NORMAL, SGR,
	      "\033[<77;1;1M");
	CHECK(EVENT(.type = MOUSE_RELEASE, .button = MOUSE_WHEEL_DOWN), NORMAL, SGR, "");
	CHECK(EVENT(.button = MOUSE_BACK), NORMAL, SGR, "\033[<128;1;1M");
	CHECK(EVENT(.button = MOUSE_LEFT, .mods = KEY_CTRL), X10, DEFAULT, "\033[M !!");
	CHECK(EVENT(.button = MOUSE_NONE), ANY, SGR, "");
}

static void test_formats_tell_large_positions_apart(void **state)
{
	const struct mouse_event far = { .row = 99, .col = 299, .x = 2999, .y = 1599 };
	const struct mouse_event up = { .type = MOUSE_RELEASE, .button = MOUSE_MIDDLE, .col = 299 };

	(void)state;
	CHECK(EVENT(.col = 222), NORMAL, DEFAULT, "\033[M \xff!");
	CHECK(EVENT(.col = 223), NORMAL, DEFAULT, "\033[M \0!");
	CHECK(far, NORMAL, UTF8, "\033[M \xc5\x8c\xc2\x84");
	CHECK(EVENT(.col = 5000), NORMAL, UTF8, "\033[M \0!");
	CHECK(far, NORMAL, SGR, "\033[<0;300;100M");
	CHECK(far, NORMAL, PIXELS, "\033[<0;3000;1600M");
	CHECK(far, NORMAL, URXVT, "\033[32;300;100M");
	CHECK(up, NORMAL, SGR, "\033[<1;300;1m");
	CHECK(up, NORMAL, URXVT, "\033[35;300;1M");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_tracking_mode_reports_its_events),
		cmocka_unit_test(test_buttons_and_modifiers_make_the_code),
		cmocka_unit_test(test_formats_tell_large_positions_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
