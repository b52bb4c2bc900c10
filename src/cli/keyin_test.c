#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/keyin.h"
#include "cli/keyin_detach.h"

/* Events, written down: "C-a", "<mouse press 0 3,4>", ... with a space behind each. */
static void put_event(const struct keyin_event *ev, void *user)
{
	struct buf *out = user;
	char name[KEY_NAME_MAX];

	switch (ev->type) {
	case KEYIN_KEY:
		key_format(&ev->key, name, sizeof(name));
		buf_printf(out, "%s", name);
		if (ev->key.event)
			buf_put_str(out, ev->key.event == KEY_REPEAT ? ":repeat" : ":release");
		if (ev->key.n_text)
			buf_printf(out, "=%.*s", ev->key.n_text, ev->key.text);
		break;
	case KEYIN_MOUSE:
		buf_printf(out, "<mouse %u %u+%u %u,%u>", ev->mouse.type, ev->mouse.button,
			   ev->mouse.mods, ev->mouse.row, ev->mouse.col);
		break;
	case KEYIN_FOCUS:
		buf_put_str(out, ev->is_focused ? "<focus>" : "<blur>");
		break;
	case KEYIN_PASTE:
		buf_printf(out, "<paste %.*s>", (int)ev->n_text, ev->text);
		break;
	case KEYIN_ANSWER:
		buf_printf(out, "<answer %u", ev->answer.kind);
		for (unsigned i = 0; i < ev->answer.n_params; i++)
			buf_printf(out, " %u", ev->answer.params[i]);
		buf_printf(out, "%.*s>", (int)ev->answer.n_text, ev->answer.text);
		break;
	case KEYIN_BYTES:
		buf_printf(out, "<bytes %.*s>", (int)ev->n_text, ev->text);
		break;
	}
	buf_put_char(out, ' ');
}

/* What comes of @bytes, in pieces of @step. */
static char *decode(const char *bytes, size_t n, size_t step)
{
	struct buf out = BUF_INIT;
	struct keyin k;
	char *text;

	keyin_init(&k, put_event, &out);
	for (size_t i = 0; i < n; i += step)
		assert_int_equal(keyin_feed(&k, bytes + i, n - i < step ? n - i : step), 0);
	keyin_flush(&k);
	assert_int_equal(keyin_patience_ms(&k), 0);
	keyin_fini(&k);
	buf_put_char(&out, '\0');
	text = strdup(buf_data(&out));
	buf_fini(&out);
	return text;
}

static void check_n(const char *bytes, size_t n, const char *want)
{
	for (size_t step = 1; step <= n; step++) {
		char *got = decode(bytes, n, step);

		if (strcmp(got, want) != 0)
			fail_msg("by %zu: wanted \"%s\", came \"%s\"", step, want, got);
		free(got);
	}
}

static void check(const char *bytes, const char *want)
{
	check_n(bytes, strlen(bytes), want);
}

static void test_text_comes_as_keys_that_type_it(void **state)
{
	(void)state;
	check("aA%", "a=a S-a=A %=% ");
	check("\xc3\xa9\xe6\x97\xa5\xf0\x9f\x9a\x80", "é=é 日=日 🚀=🚀 ");
	check("\xff\xc3", "<bytes \xff> <bytes \xc3> ");
	check("\xe6\x97x", "<bytes \xe6\x97> x=x ");
	check("\xc2\x9b", "<bytes \xc2\x9b> ");
}

static void test_control_characters_are_keys(void **state)
{
	(void)state;
	check_n("\0\001\032", 3, "C-Space C-a C-z ");
	check("\r\t\177\b\n\x1c\x1d\x1e\x1f", "Enter Tab Backspace C-h C-j C-\\ C-] C-^ C-_ ");
}

static void test_a_terminal_whose_backspace_is_bs_is_understood(void **state)
{
	struct buf out = BUF_INIT;
	struct keyin k;

	(void)state;
	keyin_init(&k, put_event, &out);
	k.is_backspace_bs = true;
	assert_int_equal(keyin_feed(&k, "\b\177", 2), 0);
	buf_put_char(&out, '\0');
	assert_string_equal(buf_data(&out), "Backspace C-Backspace ");
	keyin_fini(&k);
	buf_fini(&out);
}

static void test_an_escape_is_a_key_a_prefix_or_a_beginning(void **state)
{
	(void)state;
	check("\033", "Escape ");
	check("\033\033", "Escape Escape ");
	check("\033x\033X\033\xc3\xa9", "M-x S-M-x M-é ");
	check("\033\001\033\r\033\177", "C-M-a M-Enter M-Backspace ");
	check("\033\033[A", "Escape Up ");
	check("\033[", "M-[ ");
	check("\033O", "S-M-o ");
	check("\033Oz", "S-M-o z=z ");
	check("\033]x\033Px", "M-] x=x S-M-p x=x ");
	check("\033\xff", "Escape <bytes \xff> ");
}

static void test_legacy_sequences_of_many_terminals_are_known(void **state)
{
	(void)state;
	check("\033[A\033OB\033[1;5C\033[D", "Up Down C-Right Left ");
	check("\033[H\033OF\033[1~\033[4~\033[7~\033[8~", "Home End Home End Home End ");
	check("\033OP\033[11~\033[[A\033[1;2R\033[24;3~", "F1 F1 F1 S-F3 M-F12 ");
	check("\033[Z\033[3;5~\033[3^\033[3@\033[a", "S-Tab C-Delete C-Delete C-S-Delete S-Up ");
	check("\033Op\033OM\033Ok", "KP_0 KP_Enter KP_Add ");
}

static void test_modify_other_keys_and_kitty_are_known(void **state)
{
	(void)state;
	check("\033[27;5;99~\033[27;6;65~\033[99;5u", "C-c C-S-a C-c ");
	check("\033[97u\033[97:65;2;65u\033[13;5u\033[27u", "a S-a=A C-Enter Escape ");
	check("\033[97;5:3u\033[1;1:2A\033[57441;2u", "C-a:release Up:repeat S-LeftShift ");
	check("\033[0;;233u", "<bytes \033[0;;233u> ");
	check("\033[57414u\033[13~", "KP_Enter F3 ");
}

static void test_the_mouse_and_focus_are_known(void **state)
{
	(void)state;
	check("\033[<0;5;4M\033[<0;5;4m", "<mouse 0 0+0 3,4> <mouse 1 0+0 3,4> ");
	check("\033[<35;1;1M\033[<64;1;1M\033[<28;9;9M",
	      "<mouse 2 3+0 0,0> <mouse 0 4+0 0,0> <mouse 0 0+7 8,8> ");
	check("\033[M !!\033[M#!!", "<mouse 0 0+0 0,0> <mouse 1 0+0 0,0> ");
	check("\033[<0;0;0M", "<bytes \033[<0;0;0M> ");
	check("\033[I\033[O", "<focus> <blur> ");
}

static void test_a_paste_is_one_text(void **state)
{
	(void)state;
	check("a\033[200~two\nlines \033[A \033[201~b", "a=a <paste two\nlines \033[A > b=b ");
	check("\033[200~\033[201~\033[201~x", "<paste > x=x ");
	check("\033[200~cut", "<paste cut> ");
}

static void count_paste(const struct keyin_event *ev, void *user)
{
	size_t *n = user;

	assert_int_equal(ev->type, KEYIN_PASTE);
	assert_in_range(ev->n_text, 1, KEYIN_PASTE_MAX);
	n[0]++;
	n[1] += ev->n_text;
}

static void test_a_huge_paste_comes_in_pieces_of_whole_characters(void **state)
{
	static char text[3 * KEYIN_PASTE_MAX];
	size_t n[2] = { 0 }, len = sizeof(text) / 3 * 3;
	struct keyin k;

	(void)state;
	for (size_t i = 0; i < len; i++)
		text[i] = "日"[i % 3];
	keyin_init(&k, count_paste, n);
	assert_int_equal(keyin_feed(&k, "\033[200~", 6), 0);
	for (size_t i = 0; i < len; i += 4096)
		assert_int_equal(keyin_feed(&k, text + i, len - i < 4096 ? len - i : 4096), 0);
	assert_int_equal(keyin_feed(&k, "\033[201~", 6), 0);
	assert_int_equal(n[0], 4);
	assert_int_equal(n[1], len);
	keyin_fini(&k);
}

static void test_answers_are_kept_from_the_pane(void **state)
{
	(void)state;
	check("\033[?62;4c", "<answer 0 62 4> ");
	check("\033[?2026;2$y\033[?5u", "<answer 1 2026 2> <answer 2 5> ");
	check("\033P>|XTerm(370)\033\\x", "<answer 3XTerm(370)> x=x ");
	check("\033]11;rgb:0/0/0\a\033]11;rgb:0/0/0\033\\", "<answer 4> <answer 4> ");
	check("\033[>0;276;0c\033[24;80R\033[8;24;80t",
	      "<answer 4 0 276 0> <answer 4> <answer 4 8 24 80> ");
	check("\033P>|cut", "");
}

static void test_what_is_not_known_passes_as_bytes(void **state)
{
	(void)state;
	check("\033[99z\033[1;2;3;4x", "<bytes \033[99z> <bytes \033[1;2;3;4x> ");
	check("\033[12\rx", "<bytes \033[12> Enter x=x ");
	check("\033[99~", "<bytes \033[99~> ");
	check("\033]1\rx", "<bytes \033]1> Enter x=x ");
}

static void test_endless_sequences_are_bounded(void **state)
{
	static char text[KEYIN_STRING_MAX * 2];
	char *once, *twice;

	(void)state;
	memset(text, '1', sizeof(text));
	text[0] = '\033';
	text[1] = '[';
	once = decode(text, 600, 600);
	twice = decode(text, 600, 7);
	assert_string_equal(once, twice);
	free(once);
	free(twice);
	text[1] = 'P';
	text[2] = '>';
	once = decode(text, sizeof(text), sizeof(text));
	twice = decode(text, sizeof(text), 100);
	assert_string_equal(once, twice);
	assert_memory_equal(once, "<bytes ", 7);
	free(once);
	free(twice);
}

static void test_patience_is_short_for_an_escape_and_longer_amid_things(void **state)
{
	struct buf out = BUF_INIT;
	struct keyin k;
	int escape, cut;

	(void)state;
	keyin_init(&k, put_event, &out);
	assert_int_equal(keyin_patience_ms(&k), 0);
	assert_int_equal(keyin_feed(&k, "\033", 1), 0);
	escape = keyin_patience_ms(&k);
	assert_in_range(escape, 1, 100);
	assert_int_equal(keyin_feed(&k, "[1;", 3), 0);
	cut = keyin_patience_ms(&k);
	assert_true(cut > escape);
	assert_int_equal(keyin_feed(&k, "5A\033[200~", 8), 0);
	assert_true(keyin_patience_ms(&k) > cut);
	keyin_fini(&k);
	buf_fini(&out);
}

/* --- for a pane --- */

struct pane {
	struct vt *vt;
	struct buf out;
	int top, left;
};

static void encode(const struct keyin_event *ev, void *user)
{
	struct pane *p = user;

	keyin_encode(ev, p->vt, p->top, p->left, &p->out);
}

/* What a pane in which @modes were fed reads when @typed comes. */
static void check_pane(const char *modes, const char *typed, const char *want)
{
	struct pane p = { .vt = vt_new(80, 24, NULL, NULL, NULL), .top = 10, .left = 20 };
	struct keyin k;

	assert_non_null(p.vt);
	vt_feed(p.vt, modes, strlen(modes));
	keyin_init(&k, encode, &p);
	assert_int_equal(keyin_feed(&k, typed, strlen(typed)), 0);
	keyin_flush(&k);
	buf_put_char(&p.out, '\0');
	assert_string_equal(buf_data(&p.out), want);
	keyin_fini(&k);
	buf_fini(&p.out);
	vt_free(p.vt);
}

static void test_keys_are_encoded_for_the_panes_modes(void **state)
{
	(void)state;
	check_pane("", "ls\r\033[A\003\033x\033[200~", "ls\r\033[A\003\033x");
	check_pane("\033[?1h", "\033[A\033[1;5A", "\033OA\033[1;5A");
	check_pane("\033[>1u", "\003\033[27;5;13~x", "\033[99;5u\033[13;5ux");
	check_pane("", "\033[99;5u\033[97;1:3u\033[27u\033[57414u", "\003\033\r");
	check_pane("\033[>4;2m", "\003\033x", "\033[27;5;99~\033x");
	check_pane("\033[?67h", "\177", "\b");
	check_pane("\033=", "\033Op5", "\033Op5");
}

static void test_mouse_focus_and_paste_only_reach_who_wants_them(void **state)
{
	(void)state;
	check_pane("", "\033[<0;5;4M\033[I\033[200~a\nb\033[201~\033[?1c", "a\rb");
	check_pane("\033[?1000;1006;1004;2004h", "\033[<0;5;4M\033[I\033[200~a\033b\033[201~",
		   "\033[<0;25;14M\033[I\033[200~ab\033[201~");
	check_pane("\033[?1000;1006h", "\033[<0;70;4M\033[<0;70;4m", "\033[<0;80;14m");
	check_pane("\033[?1000h", "\033[<0;5;4M", "\033[M 9.");
}

struct round {
	struct key_modes modes;
	char out[KEY_ENCODE_MAX];
	size_t n;
};

static void encode_again(const struct keyin_event *ev, void *user)
{
	struct round *r = user;
	const char *bytes = ev->text;
	char key[KEY_ENCODE_MAX];
	size_t n = ev->n_text;

	if (ev->type == KEYIN_KEY) {
		n = key_encode(&ev->key, &r->modes, key, sizeof(key));
		bytes = key;
	}
	assert_true(r->n + n <= sizeof(r->out));
	memcpy(r->out + r->n, bytes, n);
	r->n += n;
}

static void check_round(const struct key *key, const struct key_modes *modes)
{
	struct round r = { .modes = *modes };
	char want[KEY_ENCODE_MAX], name[KEY_NAME_MAX];
	size_t n = key_encode(key, modes, want, sizeof(want));
	struct keyin k;

	keyin_init(&k, encode_again, &r);
	k.is_backspace_bs = modes->is_backarrow_bs;
	assert_int_equal(keyin_feed(&k, want, n), 0);
	keyin_flush(&k);
	keyin_fini(&k);
	key_format(key, name, sizeof(name));
	if (r.n != n || memcmp(want, r.out, n) != 0) {
		fail_msg("%s (kitty %u, other %u%s): sent \"%.*s\", came to \"%.*s\"", name,
			 modes->kitty_flags, modes->modify_other_keys,
			 modes->is_other_keys_csi_u ? " u" : "", (int)n, want, (int)r.n, r.out);
	}
}

/* Taken for another key, which has a long form where this one has none: BS for
 * C-h, and the keypad's characters for those of the main field. */
static bool is_ambiguous(uint32_t code, unsigned mods, const struct key_modes *m)
{
	bool is_keypad = code >= KEY_KP_0 && code <= KEY_KP_SEPARATOR;

	return m->modify_other_keys && mods &&
	       ((code == KEY_BACKSPACE && mods & KEY_CTRL) || is_keypad);
}

static void check_round_mods(uint32_t code, const struct key_modes *modes)
{
	for (unsigned mods = 0; mods < 64; mods++) {
		for (unsigned event = KEY_PRESS; event <= KEY_RELEASE; event++) {
			struct key key = { .code = code,
					   .mods = (uint8_t)mods,
					   .event = (uint8_t)event };

			/* Eight modifiers only go through kitty's protocol. */
			if (!modes->kitty_flags && mods > 15)
				continue;
			if (is_ambiguous(code, mods, modes))
				continue;
			check_round(&key, modes);
			if (code < KEY_ESCAPE && !(mods & ~(unsigned)KEY_SHIFT)) {
				key.n_text = 1;
				key.text[0] =
					(char)(mods && code >= 'a' && code <= 'z' ? code & ~0x20u
										  : code);
				check_round(&key, modes);
			}
		}
	}
}

static void check_round_modes(const struct key_modes *modes)
{
	for (uint32_t code = ' '; code < 0x7f; code++) {
		if (code < 'A' || code > 'Z')
			check_round_mods(code, modes);
	}
	for (uint32_t code = KEY_ESCAPE; code < KEY_CODE_END; code++)
		check_round_mods(code, modes);
}

static void test_every_key_decodes_to_what_encodes_the_same_in_every_mode(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 64; i++) {
		struct key_modes m = { .is_app_cursor = i & 1,
				       .is_app_keypad = i & 2,
				       .is_backarrow_bs = i & 4,
				       .is_other_keys_csi_u = i & 8,
				       .modify_other_keys = (uint8_t)(i >> 4 & 3) };

		if (m.modify_other_keys < 3)
			check_round_modes(&m);
	}
	for (unsigned flags = 1; flags < 32; flags++) {
		struct key_modes m = { .kitty_flags = (uint8_t)flags };

		check_round_modes(&m);
	}
}

/* --- detach keys --- */

struct detaching {
	struct keyin_detach detach;
	struct buf out;
	bool is_done;
};

static void feed_detach(const struct keyin_event *ev, void *user)
{
	struct detaching *d = user;

	if (!d->is_done)
		d->is_done = keyin_detach_feed(&d->detach, ev, put_event, &d->out);
}

/* Typed with these detach keys: what passes on, and whether it detaches. */
static void check_detach(const char *spec, const char *typed, const char *want, bool is_done)
{
	struct detaching d = { .is_done = false };
	struct keyin k;

	assert_int_equal(keyin_detach_init(&d.detach, spec), 0);
	keyin_init(&k, feed_detach, &d);
	assert_int_equal(keyin_feed(&k, typed, strlen(typed)), 0);
	keyin_flush(&k);
	if (keyin_detach_is_waiting(&d.detach))
		keyin_detach_give_up(&d.detach, put_event, &d.out);
	assert_false(keyin_detach_is_waiting(&d.detach));
	buf_put_char(&d.out, '\0');
	assert_string_equal(buf_data(&d.out), want);
	assert_int_equal(d.is_done, is_done);
	keyin_fini(&k);
	buf_fini(&d.out);
}

static void test_detach_keys_are_found_in_every_encoding(void **state)
{
	const char *spec = "^\\,^\\";

	(void)state;
	check_detach(spec, "a\x1c\x1c", "a=a ", true);
	check_detach(spec, "\033[92;5u\033[92;5u", "", true);
	check_detach(spec, "\033[27;5;92~\033[27;5;92~", "", true);
	check_detach(spec, "\033[92;69u\x1c", "", true); /* CapsLock is on */
	check_detach(spec, "\033[92;5u\033[92;5:3u\033[57442;1:3u\033[57442;5u\033[92;5u", "",
		     true);
	check_detach(spec, "\033[1092::92;5u\033[1092::92;5u", "", true);
	check_detach("C-a,d", "\001d", "", true);
	check_detach("C-a,S-d", "\001D", "", true);
	check_detach("C-a,?", "\001\033[47:63;2u", "", true);
}

static void test_other_keys_pass_detach_keys_by_and_in_order(void **state)
{
	(void)state;
	check_detach("^\\,^\\", "\x1c", "C-\\ ", false);
	check_detach("^\\,^\\", "\x1cx\x1cy", "C-\\ x=x C-\\ y=y ", false);
	check_detach("C-a,C-b,C-c", "\001\002\001\002\003", "C-a C-b ", true);
	check_detach("^\\,^\\", "\x1c\033[200~t\033[201~\x1c", "C-\\ <paste t> C-\\ ", false);
	check_detach("^\\,^\\", "\x1c\033[<0;1;1M\x1c", "<mouse 0 0+0 0,0> ", true);
	check_detach("^\\,^\\", "\x1c\033[92;5:3ux", "C-\\ C-\\:release x=x ", false);
	check_detach("none", "\x1c\x1c", "C-\\ C-\\ ", false);
}

static void test_detach_keys_that_are_no_keys_are_refused(void **state)
{
	static const char *const bad[] = { "", ",", "a,", "C-nokey", "a,b,c,d,e,f,g,h,i" };
	struct keyin_detach d;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(keyin_detach_init(&d, bad[i]), KEYIN_DETACH_E_BAD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text_comes_as_keys_that_type_it),
		cmocka_unit_test(test_control_characters_are_keys),
		cmocka_unit_test(test_a_terminal_whose_backspace_is_bs_is_understood),
		cmocka_unit_test(test_an_escape_is_a_key_a_prefix_or_a_beginning),
		cmocka_unit_test(test_legacy_sequences_of_many_terminals_are_known),
		cmocka_unit_test(test_modify_other_keys_and_kitty_are_known),
		cmocka_unit_test(test_the_mouse_and_focus_are_known),
		cmocka_unit_test(test_a_paste_is_one_text),
		cmocka_unit_test(test_a_huge_paste_comes_in_pieces_of_whole_characters),
		cmocka_unit_test(test_answers_are_kept_from_the_pane),
		cmocka_unit_test(test_what_is_not_known_passes_as_bytes),
		cmocka_unit_test(test_endless_sequences_are_bounded),
		cmocka_unit_test(test_patience_is_short_for_an_escape_and_longer_amid_things),
		cmocka_unit_test(test_keys_are_encoded_for_the_panes_modes),
		cmocka_unit_test(test_mouse_focus_and_paste_only_reach_who_wants_them),
		cmocka_unit_test(test_every_key_decodes_to_what_encodes_the_same_in_every_mode),
		cmocka_unit_test(test_detach_keys_are_found_in_every_encoding),
		cmocka_unit_test(test_other_keys_pass_detach_keys_by_and_in_order),
		cmocka_unit_test(test_detach_keys_that_are_no_keys_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
