/* pane.run against a shell that does what the test says. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/mem.h"
#include "core/command.h"
#include "core/fake_shell.h"
#include "core/state.h"

struct answer {
	struct core_run_result r; /* texts are not valid any more */
	struct fail f;
	char output[4096], text[256], cwd_after[64];
	unsigned n;
	uint64_t id;
};

static void on_run(const struct core_run_result *r, const struct fail *f, void *user)
{
	struct answer *a = user;

	a->n++;
	a->f = (struct fail){ 0 };
	if (f)
		a->f = *f;
	if (!r)
		return;
	a->r = *r;
	assert_true(r->n_output < sizeof a->output);
	if (r->n_output)
		memcpy(a->output, r->output, r->n_output);
	a->output[r->n_output] = '\0';
	snprintf(a->text, sizeof a->text, "%s", r->text ? r->text : "");
	snprintf(a->cwd_after, sizeof a->cwd_after, "%s", r->cwd_after ? r->cwd_after : "");
}

static struct core_run_spec spec_of(const char *text)
{
	return (struct core_run_spec){
		.text = text,
		.n_text = strlen(text),
		.idle_ms = -1,
		.timeout_ms = 20000,
		.budget = { .keep = CORE_KEEP_BOTH, .max_bytes = 65536, .max_lines = 1000 }
	};
}

static void ask(struct fake_keeper *k, struct pane *p, const struct core_run_spec *spec,
		struct answer *a)
{
	*a = (struct answer){ 0 };
	core_run(k->core, p, spec, on_run, a, &a->id);
}

/* Typed at the prompt; the shell has read it. */
static struct pane *begin(struct fake_keeper *k, const char *text, struct answer *a)
{
	struct core_run_spec spec = spec_of(text);
	struct pane *p = fake_shell(k, "bash");

	fake_say(k, p, "$A> $B");
	ask(k, p, &spec, a);
	assert_int_equal(fake_typed(k, p, strlen(text) + 1)[0], text[0]);
	return p;
}

/* ---- in order ---- */

static void a_command_is_answered_at_the_next_prompt(void **state)
{
	struct fake_keeper *k = *state;
	struct answer a;
	struct pane *p = begin(k, "make all", &a);

	fake_say(k, p, "make all\r\n$E{make all}$Cbuilding\r\ndone\r\n$3$P{/x}");
	assert_int_equal(a.n, 0); /* the shell is not ready for the next */
	fake_say(k, p, "$A> $B");
	assert_int_equal(a.n, 1);
	assert_string_equal(a.output, "building\ndone\n");
	assert_string_equal(a.text, "make all");
	assert_string_equal(a.cwd_after, "/x");
	assert_int_equal(a.r.state, CORE_RUN_DONE);
	assert_int_equal(a.r.evidence, CORE_BY_MARKS);
	assert_true(a.r.has_run && a.r.has_exit && a.r.exit_code == 3);
	assert_int_equal(a.r.seq_to - a.r.seq_from, strlen("building\r\ndone\r\n"));
}

static void marks_without_the_secret_are_output(void **state)
{
	struct fake_keeper *k = *state;
	struct answer a;
	struct pane *p = begin(k, "cat", &a);

	fake_say(k, p, "cat\r\n$C");
	fake_print(k, p, "\033]133;D;0\a\033]133;A\a> \033]133;B\a");
	fake_print(k, p,
		   "\033]133;D;0;o=0123456789abcdef\a\033]133;A;o=0123456789abcdef\a"
		   "\033]133;B;o=0123456789abcdef\a");
	fake_print(k, p, "\033]633;E;evil;0123456789abcdef\a\033]633;P;OrchflowCwd=0123;/evil\a");
	assert_int_equal(a.n, 0);
	fake_say(k, p, "x$7$A> $B");
	assert_int_equal(a.n, 1);
	assert_string_equal(a.output, "> x");
	assert_int_equal(a.r.exit_code, 7);
	assert_string_equal(a.cwd_after, "");
}

/* ---- out of order ---- */

static void an_end_without_a_beginning_ran_nothing(void **state)
{
	struct fake_keeper *k = *state;
	struct answer a;
	struct pane *p = begin(k, ")", &a);

	fake_say(k, p, ")\r\nsyntax error\r\n$2$A> $B");
	assert_int_equal(a.n, 1);
	assert_false(a.r.has_run);
	assert_int_equal(a.r.exit_code, 2);
	assert_string_equal(a.output, "syntax error\n");
	assert_int_equal(k->n_events[CORE_COMMAND_STARTED], 0);
	assert_int_equal(k->n_events[CORE_COMMAND_FINISHED], 0);
}

static void a_prompt_without_an_end_ends_it_without_a_status(void **state)
{
	struct fake_keeper *k = *state;
	struct answer a;
	struct pane *p = begin(k, "unhook", &a);

	fake_say(k, p, "unhook\r\n$Cout$A> $B");
	assert_int_equal(a.n, 1);
	assert_true(a.r.has_run);
	assert_false(a.r.has_exit);
	assert_string_equal(a.output, "out");
	assert_int_equal(k->n_events[CORE_COMMAND_FINISHED], 1);
}

static void beginnings_within_a_command_are_its_lines(void **state)
{
	struct fake_keeper *k = *state;
	struct answer a;
	struct pane *p = begin(k, "a\nb", &a);

	fake_say(k, p, "a\r\nb\r\n$E{a}$C1\r\n$E{b}$C2\r\n$1$A> $B");
	assert_int_equal(a.n, 1);
	assert_string_equal(a.output, "1\n2\n");
	assert_string_equal(core_pane_command(p)->text, "a\nb");
	assert_int_equal(k->n_events[CORE_COMMAND_STARTED], 1);
	assert_int_equal(k->n_events[CORE_COMMAND_FINISHED], 1);
}

static void ends_and_prompts_that_come_twice_change_nothing(void **state)
{
	struct fake_keeper *k = *state;
	struct answer a;
	struct pane *p = begin(k, "x", &a);

	fake_say(k, p, "x\r\n$Cout$1$2$0$A$A> $B$B");
	assert_int_equal(a.n, 1);
	assert_int_equal(a.r.exit_code, 1);
	assert_string_equal(a.output, "out");
	assert_int_equal(k->n_events[CORE_COMMAND_FINISHED], 1);
}

static void a_mark_on_the_alternate_screen_counts(void **state)
{
	struct fake_keeper *k = *state;
	struct answer a;
	struct pane *p = begin(k, "killed editor", &a);

	fake_say(k, p, "killed editor\r\n$Cfirst\r\n\033[?1049hscreen$9$A> $B");
	assert_int_equal(a.n, 1);
	assert_int_equal(a.r.exit_code, 9);
	assert_int_equal(k->n_events[CORE_COMMAND_FINISHED], 1);
	/* And the next, begun there. */
	fake_command(k, p, "reset", "\033[?1049l", 0);
	assert_int_equal(k->n_events[CORE_COMMAND_FINISHED], 2);
	assert_string_equal(core_pane_command(p)->text, "reset");
}

static void a_secondary_prompt_gives_it_up(void **state)
{
	struct fake_keeper *k = *state;
	struct answer a;
	struct pane *p = begin(k, "echo \"x", &a);

	fake_say(k, p, "echo \"x\r\n$K> $B");
	assert_int_equal(a.n, 1);
	assert_int_equal(a.f.code, FAIL_COMMAND_INCOMPLETE);
	assert_string_equal(fake_typed(k, p, 1), "\003");
	fake_say(k, p, "^C\r\n$1$A> $B");
	assert_true(command_is_at_prompt(p));
}

/* ---- time ---- */

static void behind_the_deadline_the_result_is_there_later(void **state)
{
	struct fake_keeper *k = *state;
	struct core_run_spec spec = spec_of("slow");
	struct pane *p = fake_shell(k, "bash");
	struct answer a, later = { 0 };

	spec.timeout_ms = 50;
	fake_say(k, p, "$A> $B");
	ask(k, p, &spec, &a);
	fake_typed(k, p, 5);
	fake_say(k, p, "slow\r\n$E{slow}$Cfirst\r\n");
	fake_keeper_until_count(k, &a.n, 1);
	assert_int_equal(a.r.state, CORE_RUN_RUNNING);
	assert_string_equal(a.output, "first\n");
	core_run_wait(p, a.r.number, 20000, on_run, &later, &later.id);
	assert_int_equal(later.n, 0);
	fake_say(k, p, "second\r\n$4$A> $B");
	assert_int_equal(a.n, 1);
	assert_int_equal(later.n, 1);
	assert_string_equal(later.output, "first\nsecond\n");
	assert_int_equal(later.r.exit_code, 4);
	/* And once more, when it is long over. */
	core_run_wait(p, a.r.number, 20000, on_run, &later, &later.id);
	assert_int_equal(later.n, 2);
	assert_string_equal(later.output, "first\nsecond\n");
}

static void who_gives_up_is_not_answered_and_takes_nothing_back(void **state)
{
	struct fake_keeper *k = *state;
	struct answer a, later = { 0 };
	struct pane *p = begin(k, "x", &a);

	core_run_forsake(k->core, a.id);
	fake_say(k, p, "x\r\n$Cout$0$A> $B");
	assert_int_equal(a.n, 0);
	core_run_wait(p, 0, 20000, on_run, &later, &later.id);
	assert_string_equal(later.output, "out");
}

static void results_are_kept_for_a_while_only(void **state)
{
	struct fake_keeper *k = *state;
	struct answer a, later = { 0 };
	struct pane *p = begin(k, "x", &a);
	uint64_t first;

	fake_say(k, p, "x\r\n$Cout$0$A> $B");
	first = a.r.number;
	for (unsigned i = 0; i < RUN_KEPT_MAX; i++) {
		struct core_run_spec spec = spec_of("y");

		ask(k, p, &spec, &a);
		fake_typed(k, p, 2);
		fake_say(k, p, "y\r\n$C$0$A> $B");
		assert_int_equal(a.n, 1);
	}
	core_run_wait(p, first, 20000, on_run, &later, &later.id);
	assert_int_equal(later.f.code, FAIL_COMMAND_NOT_KNOWN);
	core_run_wait(p, first + 1, 20000, on_run, &later, &later.id);
	assert_int_equal(later.f.code, FAIL_NONE);
}

/* ---- who may not ---- */

static void a_busy_shell_is_left_alone_unless_it_may_queue(void **state)
{
	struct fake_keeper *k = *state;
	struct core_run_spec spec = spec_of("next");
	struct answer a, b;
	struct pane *p = begin(k, "sleep", &a);

	fake_say(k, p, "sleep\r\n$E{sleep}$C");
	ask(k, p, &spec, &b);
	assert_int_equal(b.f.code, FAIL_PANE_BUSY);
	assert_non_null(strstr(b.f.detail, "sleep"));
	spec.wants_queue = true;
	ask(k, p, &spec, &b);
	fake_keeper_turn(k, 3);
	assert_int_equal(b.n, 0);
	fake_say(k, p, "$0$A> $B");
	assert_int_equal(a.n, 1);
	assert_string_equal(fake_typed(k, p, 5) + 0, "next\r");
	fake_say(k, p, "next\r\n$Cx$0$A> $B");
	assert_string_equal(b.output, "x");
}

static void what_is_typed_at_the_prompt_is_not_typed_into(void **state)
{
	struct fake_keeper *k = *state;
	struct core_run_spec spec = spec_of("next");
	struct pane *p = fake_shell(k, "bash");
	struct answer a;

	fake_say(k, p, "$A> $Brm -r");
	ask(k, p, &spec, &a);
	assert_int_equal(a.f.code, FAIL_PANE_BUSY);
	fake_say(k, p, "\r\n$A> $B");
	spec.text = "a\033b";
	spec.n_text = 3;
	ask(k, p, &spec, &a);
	assert_int_equal(a.f.code, FAIL_INVALID_PARAMS);
}

/* ---- out of memory ---- */

/* Whichever allocation fails: it is answered, once, and what is answered is true. */
static void out_of_memory_is_an_answer(void **state)
{
	struct fake_keeper *k = *state;
	struct core_run_spec spec = spec_of("x");
	struct pane *p = fake_shell(k, "bash");
	struct answer a;

	fake_say(k, p, "$A> $B");
	for (long n = 0; n < 60; n++) {
		mem_fail_after(n);
		ask(k, p, &spec, &a);
		mem_fail_after(-1);
		if (a.n > 0) {
			assert_int_equal(a.f.code, FAIL_NO_MEMORY);
			assert_true(command_is_at_prompt(p));
			continue;
		}
		fake_typed(k, p, 2);
		fake_say(k, p, "x\r\n$Cout$5$A> $B");
		assert_int_equal(a.n, 1);
		assert_int_equal(a.r.exit_code, 5);
		assert_string_equal(a.output, "out");
	}
}

/* ---- the shell dies ---- */

static void a_shell_that_dies_ends_it_by_its_wait_status(void **state)
{
	struct fake_keeper *k = *state;
	struct core_run_spec spec = spec_of("next");
	struct answer a, queued;
	struct pane *p = begin(k, "exit", &a);

	fake_say(k, p, "exit\r\n$E{exit}$Cbye\r\n");
	spec.wants_queue = true;
	ask(k, p, &spec, &queued);
	fake_pane_exit(k, 1, SIGKILL, true);
	fake_keeper_until_count(k, &a.n, 1);
	assert_int_equal(a.r.state, CORE_RUN_EXITED);
	assert_int_equal(a.r.evidence, CORE_BY_WAIT_STATUS);
	assert_int_equal(a.r.exit_code, 128 + SIGKILL);
	assert_string_equal(a.output, "bye\n");
	assert_int_equal(queued.f.code, FAIL_PANE_EXITED);
	assert_int_equal(k->n_events[CORE_COMMAND_FINISHED], 1);
	spec.wants_queue = false;
	ask(k, p, &spec, &queued);
	assert_int_equal(queued.f.code, FAIL_PANE_EXITED);
}

static void without_a_shell_that_tells_quiet_is_the_end(void **state)
{
	struct fake_keeper *k = *state;
	struct core_run_spec spec = spec_of("ls");
	struct pane_spec plain = fake_spec();
	json_t *command = json_pack("[s]", "/bin/dash");
	struct fake_created made;
	struct answer a;
	struct pane *p;

	plain.command = command;
	p = fake_create(k, &plain, &made);
	json_decref(command);
	ask(k, p, &spec, &a);
	assert_int_equal(a.f.code, FAIL_NO_INTEGRATION);
	spec.idle_ms = 30;
	ask(k, p, &spec, &a);
	fake_typed(k, p, 3);
	fake_print(k, p, "ls\r\nfile\r\n$ ");
	fake_keeper_until_count(k, &a.n, 1);
	assert_int_equal(a.r.evidence, CORE_BY_NOTHING);
	assert_false(a.r.has_exit);
	assert_string_equal(a.output, "ls\nfile\n$ ");
}

#define T(f) cmocka_unit_test_setup_teardown(f, fake_keeper_setup, fake_keeper_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_command_is_answered_at_the_next_prompt),
		T(marks_without_the_secret_are_output),
		T(an_end_without_a_beginning_ran_nothing),
		T(a_prompt_without_an_end_ends_it_without_a_status),
		T(beginnings_within_a_command_are_its_lines),
		T(ends_and_prompts_that_come_twice_change_nothing),
		T(a_mark_on_the_alternate_screen_counts),
		T(a_secondary_prompt_gives_it_up),
		T(behind_the_deadline_the_result_is_there_later),
		T(who_gives_up_is_not_answered_and_takes_nothing_back),
		T(results_are_kept_for_a_while_only),
		T(a_busy_shell_is_left_alone_unless_it_may_queue),
		T(what_is_typed_at_the_prompt_is_not_typed_into),
		T(out_of_memory_is_an_answer),
		T(a_shell_that_dies_ends_it_by_its_wait_status),
		T(without_a_shell_that_tells_quiet_is_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
