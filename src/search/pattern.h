/*
 * What is looked for.  A pattern is immutable once made and may be used by any
 * number of threads, each with a matcher of its own.
 */
#ifndef SEARCH_PATTERN_H
#define SEARCH_PATTERN_H

#include "base/fail.h"
#include "vt/history_filter.h"

struct search_pattern;
struct search_matcher;

enum search_case {
	SEARCH_SMART_CASE, /* case counts when the pattern has a capital letter */
	SEARCH_SENSITIVE,
	SEARCH_INSENSITIVE,
};

struct search_pattern_spec {
	const char *text; /* UTF-8, not empty */
	bool is_regex;    /* PCRE2; else as it is */
	bool is_word;     /* no letter, digit or underscore on either side */
	enum search_case which_case;
};
/* 0; FAIL_E_FAILED: INVALID_REGEX, NO_MEMORY.  May take some milliseconds. */
NODISCARD int search_pattern_new(const struct search_pattern_spec *spec,
				 struct search_pattern **ret, struct fail *reterr);
struct search_pattern *search_pattern_free(struct search_pattern *p);

/* For history_share_may_hold(); n is 0 where nothing can be told. */
const struct history_probe *search_pattern_probe(const struct search_pattern *p);
/* Is there a text that every line that matches must hold? */
bool search_pattern_has_needed(const struct search_pattern *p);
/* The first one at or behind @from, in any bytes; false: nothing there can match. */
bool search_pattern_find_needed(const struct search_pattern *p, const char *bytes, size_t n,
				size_t from, size_t *ret);

NODISCARD struct search_matcher *search_matcher_new(const struct search_pattern *p);
struct search_matcher *search_matcher_free(struct search_matcher *m);

/* The first match at or behind @from, which is on a character.  SEARCH_E_LIMIT: it took
 * more steps than one line may take. */
enum { SEARCH_E_NONE = 1, SEARCH_E_LIMIT };
NODISCARD int search_find(struct search_matcher *m, const char *text, size_t n, size_t from,
			  size_t *ret_begin, size_t *ret_end);

#endif
