/*
 * Command records: one for each shell command that ended, by the marks of the
 * shell (or imported from a shell's history file).
 *
 * Not kept: text that begins with a space, and text that one of the patterns matches
 * (store_command_ignore).
 *
 * Frecency of a text: the sum over its runs of 2^(-age / 7 days), a run that failed
 * counting half.  Kept as the logarithm of that sum at a fixed time, so that the
 * order of texts does not change with time and stands in an index.
 */
#ifndef STORE_COMMAND_H
#define STORE_COMMAND_H

#include "store/store.h"

#define COMMAND_MAX_TEXT_BYTES (64u << 10) /* longer text is cut, on a character */
#define COMMAND_MAX_PAGE 200u

enum command_source { COMMAND_FROM_MARKS, COMMAND_FROM_RUN, COMMAND_IMPORTED };

struct store_command {
	uint64_t id;         /* given by the store, ascending; 0 in a put */
	uint64_t pane;       /* number; 0: none (imported) */
	uint64_t session;    /* number; 0: none */
	uint64_t number;     /* of the command in its pane, from 1; 0 unknown */
	uint32_t generation; /* of the pane */
	enum command_source source;
	const char *text;
	const char *cwd, *cwd_after; /* "" unknown */
	const char *shell;           /* "bash"; "" unknown */
	uint64_t start_us, end_us;   /* wall; 0 unknown */
	bool has_exit;               /* exit_code is known */
	bool has_seq;
	int exit_code;             /* as the shell says it: 128 + n for signal n */
	uint64_t seq_from, seq_to; /* of its output */
};

/* @id 0 (and no failure): not kept, as its text is not to be. */
typedef void command_put_fn(uint64_t id, const struct fail *f, void *user);
void store_command_put(struct store *s, const struct store_command *c, command_put_fn *done,
		       void *user);
/* Many at once (an import), in one transaction; those that are there (same text, start and
 * pane) are passed over.  How many were added. */
typedef void command_count_fn(uint64_t n, const struct fail *f, void *user);
void store_command_import(struct store *s, const struct store_command *cs, size_t n,
			  command_count_fn *done, void *user);

/* Texts that are not kept: shell wildcards (fnmatch), each of the whole text; NULL ends.
 * Copied. */
NODISCARD int store_command_ignore(struct store *s, const char *const *patterns);
bool store_command_is_kept(const struct store *s, const char *text);

/* Newest first. */
struct command_query {
	uint64_t before_us, before; /* start and id of the last of the page before; 0: none */
	uint32_t max;               /* 1 to COMMAND_MAX_PAGE */
	uint64_t pane;              /* 0: any */
	uint64_t session;           /* 0: any */
	const char *text;           /* contained, whatever its case; NULL: any */
	const char *cwd;            /* exactly; NULL: any */
	bool has_exit;              /* exit_code is this */
	int exit_code;
	bool wants_failed;           /* exit_code is not 0 */
	uint64_t since_us, until_us; /* by their start; 0: any */
};
/* Texts are valid during the callback. */
typedef void command_list_fn(const struct store_command *v, size_t n, bool has_more,
			     const struct fail *f, void *user);
void store_command_list(struct store *s, const struct command_query *q, command_list_fn *done,
			void *user);
/* RECORD_NOT_FOUND */
void store_command_get(struct store *s, uint64_t id, command_list_fn *done, void *user);
struct command_text {
	const char *text;
	uint64_t n_runs, n_failed, last_us;
	double frecency; /* now */
};
struct command_suggest {
	const char *prefix; /* the text begins so; "" any */
	const char *cwd;    /* runs there count three times; NULL: nowhere */
	uint32_t max;
};
typedef void command_texts_fn(const struct command_text *v, size_t n, const struct fail *f,
			      void *user);
void store_command_suggest(struct store *s, const struct command_suggest *q, command_texts_fn *done,
			   void *user);

struct command_stats {
	uint64_t n_records, n_texts, n_failed, n_timed;
	uint64_t first_us, last_us, total_us; /* total: sum of the durations of n_timed */
	const struct command_text *top;       /* by number of runs */
	size_t n_top;
};
typedef void command_stats_fn(const struct command_stats *v, const struct fail *f, void *user);
void store_command_stats(struct store *s, uint32_t n_top, command_stats_fn *done, void *user);

#endif
