#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/fake_keeper.h"

static struct pane *make(struct fake_keeper *k)
{
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p;

	spec.cols = 20;
	spec.rows = 4;
	p = fake_create(k, &spec, &made);
	assert_non_null(p);
	fcntl(fake_pane_of(k, 1)->slave, F_SETFL, O_NONBLOCK);
	return p;
}

static struct pane *after_crash(struct fake_keeper *k)
{
	fake_keeper_crash(k);
	fake_keeper_start(k, NULL);
	return core_pane_next(k->core, 0);
}

static void assert_shows(struct pane *p, enum snapshot_format format, int32_t n_history,
			 const char *text)
{
	struct core_snapshot spec = { .format = format, .n_history = n_history };
	struct core_snapshot_info info;
	struct buf out = BUF_INIT;
	struct fail f;

	assert_int_equal(core_pane_snapshot(p, &spec, &out, &info, &f), 0);
	buf_put_char(&out, 0);
	if (format == SNAPSHOT_TEXT) {
		assert_string_equal(buf_data(&out), text);
	} else {
		assert_non_null(strstr(buf_data(&out), text));
	}
	buf_fini(&out);
}

/* What the terminal typed at the program. */
static void assert_answered(struct fake_keeper *k, const char *bytes)
{
	char got[256];
	size_t n = 0;

	for (int i = 0; i < 300 && n < strlen(bytes); i++) {
		ssize_t r = read(fake_pane_of(k, 1)->slave, got + n, sizeof got - 1 - n);

		n += r > 0 ? (size_t)r : 0;
		fake_keeper_turn(k, 1);
		poll(NULL, 0, 1);
	}
	got[n] = 0;
	assert_string_equal(got, bytes);
}

static void a_pane_shows_what_a_terminal_would(void **state)
{
	struct pane *p = make(*state);

	fake_print(*state, p, "one\r\n\033[31mtwo\033[m\033[1;10Hx");
	assert_shows(p, SNAPSHOT_TEXT, 0, "one      x\ntwo\n");
	assert_shows(p, SNAPSHOT_JSON, 0, "\"fg\":1");
	fake_print(*state, p, "\r\na\r\nb\r\nc\r\nd");
	assert_shows(p, SNAPSHOT_TEXT, SNAPSHOT_ALL, "one      x\nawo\nb\nc\nd\n");
}

static void a_query_is_answered_once_even_over_a_crash(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k);

	fake_print(k, p, "ab\033[6n");
	assert_answered(k, "\033[1;3R");
	p = after_crash(k);
	fake_print(k, p, "c\033[6n");
	assert_answered(k, "\033[1;4R");
	assert_shows(p, SNAPSHOT_TEXT, 0, "abc\n");
}

static void a_query_that_came_while_no_daemon_ran_is_answered_by_the_next(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k);

	fake_print(k, p, "ab");
	fake_keeper_crash(k);
	assert_int_equal(write(fake_pane_of(k, 1)->slave, "\033[6n", 4), 4);
	fake_keeper_start(k, NULL);
	assert_answered(k, "\033[1;3R");
}

static void titles_bells_and_directories_are_told_once(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k);
	struct pane_info info;

	fake_print(k, p, "\033]2;build\007\007\033]7;file://host/tmp/a%20b\033\\");
	pane_get_info(p, &info);
	assert_string_equal(info.title, "build");
	assert_string_equal(info.cwd, "/tmp/a b");
	assert_int_equal(k->n_events[CORE_PANE_TITLE], 1);
	assert_int_equal(k->n_events[CORE_PANE_BELL], 1);
	assert_int_equal(k->n_events[CORE_PANE_CWD], 1);
	p = after_crash(k);
	fake_print(k, p, "x");
	assert_int_equal(k->n_events[CORE_PANE_BELL], 1);
	assert_int_equal(k->n_events[CORE_PANE_CWD], 1);
}

static void keys_follow_the_modes_of_the_program(void **state)
{
	json_t *up = json_pack("[s]", "Up");
	struct pane *p = make(*state);
	struct buf out = BUF_INIT;
	struct fail f;

	assert_int_equal(core_keys_encode(p, up, false, &out, &f), 0);
	fake_print(*state, p, "\033[?1h");
	assert_int_equal(core_keys_encode(p, up, false, &out, &f), 0);
	buf_put_char(&out, 0);
	assert_string_equal(buf_data(&out), "\033[A\033OA");
	buf_fini(&out);
	json_decref(up);
}

static void a_resize_wraps_the_text_again(void **state)
{
	struct pane *p = make(*state);
	struct fail f;

	fake_print(*state, p, "0123456789abcdefghij");
	assert_int_equal(core_pane_resize(NULL, p, 10, 4, &f), 0);
	assert_shows(p, SNAPSHOT_TEXT, 0, "0123456789\nabcdefghij\n");
	assert_int_equal(core_pane_resize(NULL, p, 20, 4, &f), 0);
	assert_shows(p, SNAPSHOT_TEXT, 0, "0123456789abcdefghij\n");
}

/* ---- waiting for text ---- */

struct waited {
	bool is_done;
	char match[64];
};

static void on_waited(const struct core_wait_result *r, const struct fail *f, void *user)
{
	struct waited *w = user;

	if (f)
		return; /* the end of the test took the pane away */
	w->is_done = true;
	if (r->match)
		snprintf(w->match, sizeof w->match, "%.*s", (int)r->n_match, r->match);
}

static void begin_wait(struct fake_keeper *k, struct pane *p, const char *regex, bool from_start,
		       struct waited *w)
{
	struct core_wait_spec spec = {
		.regex = regex, .idle_ms = -1, .timeout_ms = -1, .is_from_set = from_start
	};
	uint64_t id;

	memset(w, 0, sizeof *w);
	core_wait(k->core, p, &spec, on_waited, w, &id);
}

static void a_pattern_sees_text_not_colours(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k);
	struct waited w, early;

	fake_print(k, p, "tests passed: ");
	begin_wait(k, p, "passed: \\d+", false, &early);
	begin_wait(k, p, "done in \\d+ s", false, &w);
	fake_print(k, p, "12\r\n\033[1mdo\033[32mne in\033[0m \033[7m3\033[m");
	assert_false(w.is_done);
	assert_false(early.is_done); /* what stood there before is no part of it */
	fake_print(k, p, " s");
	assert_true(w.is_done);
	assert_string_equal(w.match, "done in 3 s");
}

static void a_pattern_is_found_in_lines_that_left_the_screen_at_once(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k);
	struct waited w;

	begin_wait(k, p, "needle", false, &w);
	fake_print(k, p, "a\r\nneedle\r\nb\r\nc\r\nd\r\ne\r\nf\r\ng\r\nh");
	assert_true(w.is_done);
}

static void a_pattern_is_found_over_the_end_of_a_wrapped_line(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k);
	struct waited w;

	fake_print(k, p, "0123456789abcde");
	begin_wait(k, p, "needle in hay", true, &w);
	assert_false(w.is_done);
	fake_print(k, p, "needle in hay");
	assert_true(w.is_done);
}

static void a_pattern_may_span_lines_that_came_in_pieces(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k);
	struct waited w;

	fake_print(k, p, "up before\r\n");
	begin_wait(k, p, "up\\n(.*\\n)*up", false, &w);
	fake_print(k, p, "up\r\n");
	fake_print(k, p, "1\r\n2\r\n3\r\n4\r\n5\r\n");
	assert_false(w.is_done);
	fake_print(k, p, "up\r\n");
	assert_true(w.is_done);
	assert_string_equal(w.match, "up\n1\n2\n3\n4\n5\nup");
}

static void raw_output_is_data_and_never_answered(void **state)
{
	struct fake_keeper *k = *state;
	struct pane_spec spec = fake_spec();
	struct fake_created made;
	struct pane *p;
	char c;

	spec.wants_raw_output = true;
	p = fake_create(k, &spec, &made);
	assert_non_null(p);
	fcntl(fake_pane_of(k, 1)->slave, F_SETFL, O_NONBLOCK);
	fake_print(k, p, "\033[c\005\033[6n");
	fake_keeper_turn(k, 50);
	assert_int_equal(read(fake_pane_of(k, 1)->slave, &c, 1), -1);
}

static void a_progress_bar_is_seen_as_it_stands(void **state)
{
	struct fake_keeper *k = *state;
	struct pane *p = make(k);
	struct waited w;

	begin_wait(k, p, "^100%", false, &w);
	fake_print(k, p, "  1%\r 50%\r 99%");
	assert_false(w.is_done);
	fake_print(k, p, "\r100%");
	assert_true(w.is_done);
}

/* ---- a screen instead of a backlog ---- */

struct screen_reader {
	uint64_t next, n_bytes;
	unsigned n_resyncs;
	bool is_full;
};

static enum core_push on_push(struct core_chunk *chunk, void *user)
{
	struct screen_reader *r = user;

	if (r->is_full)
		return CORE_PUSH_FULL;
	assert_int_equal(chunk->bytes.from, r->next);
	r->n_bytes += chunk->bytes.to - chunk->bytes.from;
	r->next = chunk->bytes.to;
	return CORE_PUSH_OK;
}

static void on_resync(uint64_t pane, enum core_stream s, uint64_t from, uint64_t to, void *user)
{
	struct screen_reader *r = user;

	(void)pane;
	(void)s;
	assert_true(from <= to);
	r->next = to;
	r->n_resyncs++;
}

static const struct core_sub_ops sub_ops = { on_push, NULL, on_resync, NULL };

static void who_wants_screens_begins_with_one_and_never_gets_a_backlog(void **state)
{
	struct fake_keeper *k = *state;
	struct screen_reader r = { 0 };
	struct core_sub_spec spec = {
		.ops = &sub_ops, .user = &r, .wants_out = true, .wants_snapshot = true
	};
	struct pane *p = make(k);
	struct pane_info info;
	uint64_t id, seq;
	struct fail f;

	fake_print(k, p, "hello");
	assert_int_equal(core_subscribe(p, &spec, &id, &seq, &f), 0);
	fake_keeper_until_count(k, &r.n_resyncs, 1);
	assert_int_equal(r.next, 5);
	fake_print(k, p, "!");
	for (int i = 0; i < 3000 && r.next < 6; i++) {
		fake_keeper_turn(k, 1);
		poll(NULL, 0, 1);
	}
	assert_int_equal(r.n_bytes, 1);
	r.is_full = true;
	for (int i = 0; i < 3000; i++) {
		fake_print(k, p,
			   "0123456789012345678901234567890123456789012345678901234567890123456789"
			   "\r\n");
	}
	r.is_full = false;
	core_subscription_ready(k->core, id);
	fake_keeper_until_count(k, &r.n_resyncs, 2);
	pane_get_info(p, &info);
	assert_int_equal(r.next, info.seq);
	assert_int_equal(r.n_bytes, 1);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fake_keeper_setup, fake_keeper_teardown)
	const struct CMUnitTest tests[] = {
		T(a_pane_shows_what_a_terminal_would),
		T(a_query_is_answered_once_even_over_a_crash),
		T(a_query_that_came_while_no_daemon_ran_is_answered_by_the_next),
		T(titles_bells_and_directories_are_told_once),
		T(keys_follow_the_modes_of_the_program),
		T(a_resize_wraps_the_text_again),
		T(a_pattern_sees_text_not_colours),
		T(a_pattern_is_found_in_lines_that_left_the_screen_at_once),
		T(a_pattern_is_found_over_the_end_of_a_wrapped_line),
		T(a_progress_bar_is_seen_as_it_stands),
		T(a_pattern_may_span_lines_that_came_in_pieces),
		T(raw_output_is_data_and_never_answered),
		T(who_wants_screens_begins_with_one_and_never_gets_a_backlog),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
