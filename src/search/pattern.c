#define PCRE2_CODE_UNIT_WIDTH 8

#include "search/pattern.h"

#include <ctype.h>
#include <errno.h>
#include <pcre2.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "search/literal.h"
#include "search/needed.h"

#define MATCH_LIMIT 1000000u
#define DEPTH_LIMIT 1000u
#define HEAP_LIMIT_KIB 8192u
#define STACK_MIN (32u << 10)
#define STACK_MAX (1u << 20)

struct search_pattern {
	struct literal literal; /* what is looked for, or of an expression what it needs ... */
	bool has_literal;       /* ... if that is known */
	struct history_probe probe;
	pcre2_code *code; /* is_regex */
	bool is_regex, is_word, has_jit;
};

struct search_matcher {
	const struct search_pattern *pattern;
	pcre2_match_data *data;
	pcre2_match_context *limits;
	pcre2_jit_stack *stack;
};

static bool is_ascii(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s >= 0x80)
			return false;
	}
	return true;
}

/* Letters that stand for themselves; \W and \S are no capitals. */
static bool has_capital(const struct search_pattern_spec *spec)
{
	for (const char *s = spec->text; *s; s++) {
		if (spec->is_regex && *s == '\\' && s[1]) {
			s++;
			continue;
		}
		if (isupper((unsigned char)*s))
			return true;
	}
	return false;
}

static bool ignores_case(const struct search_pattern_spec *spec)
{
	switch (spec->which_case) {
	case SEARCH_SMART_CASE:
		return !has_capital(spec);
	case SEARCH_SENSITIVE:
		return false;
	case SEARCH_INSENSITIVE:
		return true;
	}
	return false;
}

static int compile(struct search_pattern *p, const struct search_pattern_spec *spec,
		   bool is_caseless, struct fail *reterr)
{
	pcre2_compile_context *ctx = pcre2_compile_context_create(NULL);
	uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
	PCRE2_UCHAR why[96] = { 0 };
	PCRE2_SIZE at = 0;
	int error = 0;

	if (!ctx)
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	options |= spec->is_regex ? 0 : PCRE2_LITERAL;
	options |= is_caseless ? PCRE2_CASELESS : 0;
	if (!spec->is_regex)
		options &= ~PCRE2_NEVER_BACKSLASH_C;
	if (spec->is_word)
		pcre2_set_compile_extra_options(ctx, PCRE2_EXTRA_MATCH_WORD);
	p->code = pcre2_compile((PCRE2_SPTR)spec->text, PCRE2_ZERO_TERMINATED, options, &error, &at,
				ctx);
	pcre2_compile_context_free(ctx);
	if (!p->code) {
		pcre2_get_error_message(error, why, sizeof why);
		return fail_setf(reterr, FAIL_INVALID_REGEX, "pattern", "at byte %zu: %s", at,
				 (const char *)why);
	}
	p->has_jit = pcre2_jit_compile(p->code, PCRE2_JIT_COMPLETE) == 0;
	return 0;
}

static int set_literal(struct search_pattern *p, const struct search_pattern_spec *spec,
		       bool is_caseless)
{
	struct buf needed = BUF_INIT;
	int r = 0;

	if (!p->is_regex) {
		buf_put_str(&needed, spec->text);
	} else if (spec->is_regex) {
		needed_text(spec->text, is_caseless, &needed);
	}
	r = buf_check(&needed);
	if (r == 0 && buf_len(&needed) > 0) {
		r = literal_init(&p->literal, buf_data(&needed), buf_len(&needed), is_caseless);
		p->has_literal = r == 0;
	}
	if (p->has_literal && p->is_regex)
		history_probe_init(&p->probe, buf_data(&needed), buf_len(&needed), false);
	buf_fini(&needed);
	return r;
}

/* Only what PCRE2 must do is left to it: expressions, and case beyond ASCII. */
static int fill(struct search_pattern *p, const struct search_pattern_spec *spec,
		struct fail *reterr)
{
	bool is_caseless = ignores_case(spec);
	size_t n = strlen(spec->text);
	bool is_foreign = is_caseless && !is_ascii(spec->text);

	p->is_word = spec->is_word;
	p->is_regex = spec->is_regex || is_foreign;
	if (!spec->is_regex)
		history_probe_init(&p->probe, spec->text, n, is_foreign);
	if (p->is_regex && compile(p, spec, is_caseless, reterr))
		return FAIL_E_FAILED;
	if (set_literal(p, spec, is_caseless) < 0) {
		err_clear();
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	}
	return 0;
}

int search_pattern_new(const struct search_pattern_spec *spec, struct search_pattern **ret,
		       struct fail *reterr)
{
	struct search_pattern *p = mem_new(struct search_pattern);

	if (!p)
		return fail_set(reterr, FAIL_NO_MEMORY, NULL);
	if (fill(p, spec, reterr)) {
		search_pattern_free(p);
		return FAIL_E_FAILED;
	}
	*ret = p;
	return 0;
}

struct search_pattern *search_pattern_free(struct search_pattern *p)
{
	if (!p)
		return NULL;
	literal_fini(&p->literal);
	pcre2_code_free(p->code);
	mem_free(p);
	return NULL;
}

const struct history_probe *search_pattern_probe(const struct search_pattern *p)
{
	return &p->probe;
}

bool search_pattern_has_needed(const struct search_pattern *p)
{
	return p->has_literal;
}

bool search_pattern_find_needed(const struct search_pattern *p, const char *bytes, size_t n,
				size_t from, size_t *ret)
{
	*ret = literal_find(&p->literal, bytes, n, from);
	return *ret != SIZE_MAX;
}

struct search_matcher *search_matcher_new(const struct search_pattern *p)
{
	struct search_matcher *m = mem_new(struct search_matcher);

	if (!m || !p->is_regex) {
		if (m)
			m->pattern = p;
		return m;
	}
	m->pattern = p;
	m->data = pcre2_match_data_create_from_pattern(p->code, NULL);
	m->limits = pcre2_match_context_create(NULL);
	m->stack = p->has_jit ? pcre2_jit_stack_create(STACK_MIN, STACK_MAX, NULL) : NULL;
	if (!m->data || !m->limits || (p->has_jit && !m->stack))
		return search_matcher_free(m);
	pcre2_set_match_limit(m->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(m->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(m->limits, HEAP_LIMIT_KIB);
	if (m->stack)
		pcre2_jit_stack_assign(m->limits, NULL, m->stack);
	return m;
}

struct search_matcher *search_matcher_free(struct search_matcher *m)
{
	if (!m)
		return NULL;
	pcre2_match_data_free(m->data);
	pcre2_match_context_free(m->limits);
	pcre2_jit_stack_free(m->stack);
	mem_free(m);
	return NULL;
}

/* As \b sees it: letters of other scripts are none without their tables. */
static bool is_word_char(const char *text, size_t n, size_t i)
{
	unsigned char c;

	if (i >= n)
		return false;
	c = (unsigned char)text[i];
	return c == '_' || (c < 0x80 && isalnum(c));
}

/* \b(?:...)\b: there is an edge of a word at both ends. */
static bool is_word(const char *text, size_t n, size_t begin, size_t end)
{
	bool before = begin > 0 && is_word_char(text, n, begin - 1);

	return before != is_word_char(text, n, begin) &&
	       is_word_char(text, n, end - 1) != is_word_char(text, n, end);
}

static int find_literal(const struct search_pattern *p, const char *text, size_t n, size_t from,
			size_t *ret_begin, size_t *ret_end)
{
	size_t at = literal_find(&p->literal, text, n, from);

	while (p->is_word && at != SIZE_MAX && !is_word(text, n, at, at + p->literal.n))
		at = literal_find(&p->literal, text, n, at + 1);
	if (at == SIZE_MAX)
		return SEARCH_E_NONE;
	*ret_begin = at;
	*ret_end = at + p->literal.n;
	return 0;
}

int search_find(struct search_matcher *m, const char *text, size_t n, size_t from,
		size_t *ret_begin, size_t *ret_end)
{
	const struct search_pattern *p = m->pattern;
	const size_t *at;
	int r;

	if (!p->is_regex)
		return find_literal(p, text, n, from, ret_begin, ret_end);
	if (p->has_jit) {
		r = pcre2_jit_match(p->code, (PCRE2_SPTR)text, n, from, 0, m->data, m->limits);
	} else {
		r = pcre2_match(p->code, (PCRE2_SPTR)text, n, from, PCRE2_NO_UTF_CHECK, m->data,
				m->limits);
	}
	if (r == PCRE2_ERROR_NOMATCH)
		return SEARCH_E_NONE;
	if (r == PCRE2_ERROR_NOMEMORY)
		return err_origin(-ENOMEM);
	if (r < 0)
		return SEARCH_E_LIMIT; /* steps, depth, or the stack */
	at = pcre2_get_ovector_pointer(m->data);
	*ret_begin = at[0];
	*ret_end = at[1] < at[0] ? at[0] : at[1]; /* \K can turn them round */
	return 0;
}
