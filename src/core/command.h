/*
 * What a shell tells of its commands, by marks (data/shell): where its prompt,
 * a command's output and its end are in the pane's output, to the byte.
 *
 *             A           B            C             D
 *   UNKNOWN ----> BETWEEN ---> PROMPT ---> RUNNING ---> BETWEEN
 *                    |    ---> CONTINUED (A;k=s: the shell wants more of the command)
 *
 * D without C: the line was empty, wrong, or interrupted; nothing ran.  C while
 * RUNNING: bash goes through the lines of what was pasted.  A while RUNNING: the
 * end was not told (somebody took our hook away).
 *
 * A mark without the pane's secret is somebody's output and means nothing here.
 * Marks are noted while the emulator is fed and acted on behind it, since those
 * who are told may do anything.
 */
#ifndef CORE_COMMAND_H
#define CORE_COMMAND_H

#include <jansson.h>

#include "base/buf.h"
#include "base/list.h"
#include "core/core.h"
#include "core/shell.h"

struct vt_mark_event;

enum shell_state { SHELL_UNKNOWN, SHELL_BETWEEN, SHELL_PROMPT, SHELL_CONTINUED, SHELL_RUNNING };

struct shell {
	enum shell_kind kind;
	enum shell_state state;
	char nonce[SHELL_NONCE_BYTES];
	bool has_line_noted;         /* since the last C */
	bool is_continuation;        /* the prompt now shown is a secondary one */
	bool is_ended;               /* `command` has ended and is not told yet */
	char *cwd;                   /* as the shell told; NULL: never */
	char *line;                  /* the command about to begin, as the shell told; NULL: not */
	struct core_command command; /* that runs or ran last; texts are ours */
	uint64_t prompt_at;          /* behind the last B */
	uint64_t acted_at;           /* behind the last mark that was acted on */
	bool wants_interrupt;        /* what its line editor holds is to go, when it is there */
	bool is_interrupted;         /* by us: prompts count again behind the next D */
	uint64_t interrupted_ns;
	struct buf notes; /* struct command_note */
};

/* NULL: it was not started with integration, or memory is out. */
struct shell *command_shell(struct pane *p);
void command_free(struct pane *p);

/* From the emulator, while it is fed.  [@begin, @end) is the mark in the output. */
void command_note_mark(struct pane *p, const struct vt_mark_event *ev, uint64_t begin,
		       uint64_t end);
void command_note_line(struct pane *p, const char *text, const char *nonce);
void command_note_var(struct pane *p, const char *name, const char *value);

/* Behind it: act on what was noted. */
void command_turn(struct pane *p);

void command_on_exit(struct pane *p);
/* Of the command that ended, unless that was told: it is recorded first. */
void command_tell_finished(struct pane *p);
/* Nothing stands behind its prompt. */
bool command_is_line_empty(struct pane *p);
bool command_is_at_prompt(struct pane *p);

/* command_log.c: the same for the next daemon.  Read once the panes are known, restored
 * when their rings are. */
struct command_log {
	int fd; /* -1: none */
	uint64_t bytes, rewrite_at;
	bool is_broken;
};
void command_log_open(struct core *c);
void command_log_close(struct core *c);
void command_log_put(struct pane *p);
void command_log_restore(struct pane *p);
/* Into p->shell, which is new; false: nothing is known. */
bool command_log_recall(struct pane *p);

/* Members of a line. */
void command_log_set_text(json_t *v, const char *key, const char *text);
void command_log_set_int(json_t *v, const char *key, uint64_t n);
uint64_t command_log_int(const json_t *v, const char *key);
char *command_log_text(const json_t *v, const char *key); /* the caller's; NULL: none */

#endif
