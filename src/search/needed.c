/*
 * Reads an expression from left to right and keeps the runs of characters that
 * stand for themselves outside of all groups.  What it does not know well ends a
 * run, or all of it: an answer too short costs time, one too long would be wrong.
 */
#include "search/needed.h"

#include <string.h>

struct reader {
	const char *at;
	bool is_caseless;
	struct buf run, *best;
	size_t last; /* bytes of the run's last character; 0: none to take back */
};

static void end_run(struct reader *r)
{
	if (buf_len(&r->run) > buf_len(r->best)) {
		buf_clear(r->best);
		buf_put(r->best, buf_data(&r->run), buf_len(&r->run));
	}
	buf_clear(&r->run);
	r->last = 0;
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xC0) == 0x80;
}

/* K and s have other cases beyond ASCII, and so have letters there. */
static bool has_relatives(const char *c, size_t n)
{
	return n > 1 || *c == 'k' || *c == 'K' || *c == 's' || *c == 'S';
}

static void add_character(struct reader *r, const char *c, size_t n)
{
	if (r->is_caseless && has_relatives(c, n)) {
		end_run(r);
		return;
	}
	buf_put(&r->run, c, n);
	r->last = n;
}

/* Behind a quantifier the character before it may be missing, or be there often. */
static void take_quantifier(struct reader *r)
{
	bool is_there = *r->at == '+';

	if (!is_there && r->last > 0)
		buf_truncate(&r->run, buf_len(&r->run) - r->last);
	end_run(r);
	if (*r->at == '{') {
		while (*r->at && *r->at != '}')
			r->at++;
		if (!*r->at)
			return;
	}
	r->at++;
	if (*r->at == '?' || *r->at == '+')
		r->at++;
}

/* False: not to be read on. */
static bool take_escape(struct reader *r)
{
	char c = r->at[1];

	if (c == '\0' || c == 'Q' || c == 'E')
		return false;
	if (strchr("dDwWsSbBAzZhHvVR", c)) {
		end_run(r);
	} else if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		   (unsigned char)c >= 0x80) {
		return false; /* has arguments, or means something rare */
	} else {
		add_character(r, &c, 1);
	}
	r->at += 2;
	return true;
}

static bool skip_class(struct reader *r)
{
	const char *p = r->at + 1;

	end_run(r);
	if (*p == '^')
		p++;
	if (*p == ']')
		p++;
	for (; *p && *p != ']'; p++) {
		if (*p == '[')
			return false; /* [:alpha:] and others: not worth it */
		if (*p == '\\' && p[1])
			p++;
	}
	r->at = p + 1;
	return *p == ']';
}

/* A whole group; nothing in it counts. */
static bool skip_group(struct reader *r)
{
	unsigned depth = 0;

	end_run(r);
	do {
		if (*r->at == '\\') {
			if (!take_escape(r))
				return false;
			end_run(r);
			continue;
		}
		if (*r->at == '[') {
			if (!skip_class(r))
				return false;
			continue;
		}
		/* Verbs and settings change what is outside. */
		if (*r->at == '(' &&
		    (r->at[1] == '*' || (r->at[1] == '?' && !strchr(":=!<>|", r->at[2]))))
			return false;
		depth += *r->at == '(';
		depth -= *r->at == ')';
		if (*r->at == '\0')
			return false;
		r->at++;
	} while (depth > 0);
	return true;
}

/* One step; false: nothing can be said of all. */
static bool step(struct reader *r)
{
	size_t n = 1;

	switch (*r->at) {
	case '|':
	case ')':
		return false;
	case '(':
		if (!skip_group(r))
			return false;
		break;
	case '[':
		if (!skip_class(r))
			return false;
		break;
	case '\\':
		return take_escape(r);
	case '*':
	case '?':
	case '+':
	case '{':
		take_quantifier(r);
		break;
	case '.':
	case '^':
	case '$':
		end_run(r);
		r->at++;
		break;
	default:
		while (is_continuation(r->at[n]))
			n++;
		add_character(r, r->at, n);
		r->at += n;
		break;
	}
	return true;
}

void needed_text(const char *regex, bool is_caseless, struct buf *out)
{
	struct buf best = BUF_INIT;
	struct reader r = { .at = regex, .is_caseless = is_caseless, .best = &best };
	bool is_known = true;

	while (is_known && *r.at)
		is_known = step(&r);
	end_run(&r);
	if (is_known && buf_check(&best) == 0 && buf_check(&r.run) == 0)
		buf_put(out, buf_data(&best), buf_len(&best));
	buf_fini(&best);
	buf_fini(&r.run);
}
