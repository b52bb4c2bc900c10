#include "search/scan.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"

#define BATCH_BYTES (64u << 10) /* of lines, between two looks at the clock */

bool search_reserve(void **array, uint32_t n, uint32_t *size, size_t item)
{
	uint32_t wanted = n + n / 2 + 16;
	void *p;

	if (n < *size)
		return true;
	p = mem_realloc(*array, wanted * item);
	if (!p)
		return false;
	*array = p;
	*size = wanted;
	return true;
}

void search_result_fini(struct search_result *r)
{
	mem_free(r->matches);
	buf_fini(&r->pool);
	*r = (struct search_result){ 0 };
}

/* ---- lines, joined ---- */

/* A line that is whole begins at starts[i] of the text and ends in front of the newline
 * before starts[i + 1]. */
struct line {
	size_t from;
	uint64_t number;
};

struct scan {
	struct search_worker *w;
	const struct search_source *source;
	const struct search_limits *limits;
	struct search_result *result;
	struct buf text;
	struct line *lines;
	uint32_t n_lines, size_lines;
	uint64_t number; /* of the next physical line */
	bool is_open;    /* the last line is not whole yet */
	int error;
};

static bool add_line(const struct history_text *t, void *user)
{
	struct scan *s = user;

	if (!s->is_open) {
		if (!search_reserve((void **)&s->lines, s->n_lines, &s->size_lines,
				    sizeof s->lines[0])) {
			s->error = err_origin(-ENOMEM);
			return false;
		}
		s->lines[s->n_lines++] = (struct line){ buf_len(&s->text), s->number };
	}
	s->number++;
	buf_put(&s->text, t->text, t->n_bytes);
	s->is_open = t->is_wrapped;
	if (!s->is_open)
		buf_put_char(&s->text, '\n');
	return true;
}

/* Any physical line: 0, -ERANGE, -ENOMEM. */
static int fetch(struct scan *s, uint64_t number, struct history_text *ret)
{
	const struct search_source *src = s->source;
	const struct search_row *row;

	if (number < src->first_row) {
		if (!src->history)
			return -ERANGE;
		return history_share_line(src->history, number, &s->w->reader, ret);
	}
	if (number - src->first_row >= src->n_rows)
		return -ERANGE;
	row = &src->rows[number - src->first_row];
	*ret = (struct history_text){ buf_data(&src->text) + row->from, row->n_bytes,
				      row->is_wrapped };
	return 0;
}

static bool is_wrapped_at(struct scan *s, uint64_t number)
{
	struct history_text t;

	return fetch(s, number, &t) == 0 && t.is_wrapped;
}

/* ---- matches ---- */

static uint32_t count_characters(const char *text, size_t n)
{
	uint32_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)text[i] & 0xC0) != 0x80;
	return count;
}

/* The nearest edges of characters that leave at most @max bytes around @at. */
static void cut(const char *text, size_t n, size_t at, uint32_t max, size_t *ret_from,
		size_t *ret_to)
{
	size_t from = at > max / 4 ? at - max / 4 : 0, to;

	if (n - from < max)
		from = n > max ? n - max : 0;
	to = n - from > max ? from + max : n;
	while (from < n && ((unsigned char)text[from] & 0xC0) == 0x80)
		from++;
	while (to < n && to > from && ((unsigned char)text[to] & 0xC0) == 0x80)
		to--;
	*ret_from = from;
	*ret_to = to;
}

static struct search_text put_text(struct search_result *r, const char *text, size_t n)
{
	struct search_text t = { buf_len(&r->pool), (uint32_t)n };

	buf_put(&r->pool, text, n);
	return t;
}

static size_t next_character(const char *text, size_t n, size_t at)
{
	for (at++; at < n && ((unsigned char)text[at] & 0xC0) == 0x80; at++)
		;
	return at;
}

/* A line that matches, and what of it is kept. */
struct found {
	const char *text;
	size_t n;
	size_t kept, kept_to;
};

/* All matches of the line, from @from on, as far as they are in what is kept. */
static int put_spans(struct scan *s, struct search_match *m, const struct found *f, size_t from)
{
	size_t begin, end;
	int r = 0;

	while (m->n_spans < SEARCH_SPANS_MAX && from <= f->n) {
		r = search_find(s->w->matcher, f->text, f->n, from, &begin, &end);
		if (r != 0 || begin > f->kept_to)
			break;
		if (begin >= f->kept && end > begin) {
			uint32_t to = (uint32_t)(end < f->kept_to ? end : f->kept_to);

			m->spans[m->n_spans++] = (struct search_span){ (uint32_t)(begin - f->kept),
								       to - (uint32_t)f->kept };
		}
		from = end > begin ? end : next_character(f->text, f->n, end);
	}
	return r == SEARCH_E_NONE ? 0 : r;
}

/* A whole line by the number of its first row, cut; false: there is none. */
static bool put_context(struct scan *s, uint64_t number, struct search_text *ret)
{
	size_t from = buf_len(&s->result->pool);
	struct history_text t;

	do {
		if (fetch(s, number++, &t) != 0)
			return false;
		buf_put(&s->result->pool, t.text, t.n_bytes);
	} while (t.is_wrapped && buf_len(&s->result->pool) - from < s->limits->max_text);
	*ret = (struct search_text){ from, (uint32_t)(buf_len(&s->result->pool) - from) };
	return true;
}

static void put_before(struct scan *s, struct search_match *m)
{
	uint64_t at = m->line;

	for (m->n_before = 0; m->n_before < s->limits->n_context && at > 0; m->n_before++) {
		at--;
		while (at > 0 && is_wrapped_at(s, at - 1))
			at--;
		if (!put_context(s, at, &m->before[m->n_before]))
			return;
	}
}

static void put_after(struct scan *s, struct search_match *m)
{
	uint64_t at = m->line;

	for (m->n_after = 0; m->n_after < s->limits->n_context; m->n_after++) {
		while (is_wrapped_at(s, at))
			at++;
		if (!put_context(s, ++at, &m->after[m->n_after]))
			return;
	}
}

/* The line matches, first at [@begin, @end). */
static int put_match(struct scan *s, const struct line *line, const char *text, size_t n,
		     size_t begin)
{
	struct search_result *r = s->result;
	struct search_match *m;
	struct found f = { .text = text, .n = n };
	int e;

	if (!search_reserve((void **)&r->matches, r->n_matches, &r->size_matches, sizeof *m))
		return err_origin(-ENOMEM);
	m = &r->matches[r->n_matches];
	m->line = line->number;
	m->column = count_characters(text, begin);
	m->n_spans = 0;
	m->time_us = 0;
	m->seq = UINT64_MAX;
	cut(text, n, begin, s->limits->max_text, &f.kept, &f.kept_to);
	m->is_cut = f.kept > 0 || f.kept_to < n;
	m->text = put_text(r, text + f.kept, f.kept_to - f.kept);
	e = put_spans(s, m, &f, begin);
	if (e)
		return e;
	put_before(s, m);
	put_after(s, m);
	if (buf_check(&r->pool) < 0)
		return err_origin(-ENOMEM);
	r->next_line = line->number + 1;
	if (++r->n_matches >= s->limits->max_matches)
		r->is_full = true;
	return 0;
}

/* ---- looking ---- */

static uint32_t line_of(const struct scan *s, uint32_t n, size_t at)
{
	uint32_t from = 0, to = n;

	while (to - from > 1) {
		uint32_t mid = from + (to - from) / 2;

		if (s->lines[mid].from <= at) {
			from = mid;
		} else {
			to = mid;
		}
	}
	return from;
}

static size_t end_of(const struct scan *s, uint32_t i, uint32_t n, size_t end)
{
	return (i + 1 < n ? s->lines[i + 1].from : end) - 1; /* in front of the newline */
}

/* What is needed, in all lines at once: newlines are none of it.  Where it is a whole
 * literal that is the match; else the line is looked at. */
static int look_at_all(struct scan *s, uint32_t n, size_t end)
{
	const char *text = buf_data(&s->text);
	size_t at = 0, begin, match_end;
	int r = 0;

	while (r == 0 && at < end && !s->result->is_full) {
		uint32_t i;

		if (!search_pattern_find_needed(s->w->pattern, text, end, at, &begin))
			break;
		i = line_of(s, n, begin);
		at = end_of(s, i, n, end) + 1;
		if (s->lines[i].number < s->limits->from_line)
			continue;
		r = search_find(s->w->matcher, text + s->lines[i].from, at - 1 - s->lines[i].from,
				0, &begin, &match_end);
		if (r == 0) {
			r = put_match(s, &s->lines[i], text + s->lines[i].from,
				      at - 1 - s->lines[i].from, begin);
		} else if (r == SEARCH_E_NONE) {
			r = 0;
		}
	}
	return r;
}

static int look_at_each(struct scan *s, uint32_t n, size_t end)
{
	size_t begin, match_end;
	int r = 0;

	for (uint32_t i = 0; i < n && r == 0 && !s->result->is_full; i++) {
		const char *text = buf_data(&s->text) + s->lines[i].from;
		size_t length = end_of(s, i, n, end) - s->lines[i].from;

		if (s->lines[i].number < s->limits->from_line)
			continue;
		r = search_find(s->w->matcher, text, length, 0, &begin, &match_end);
		if (r == 0) {
			r = put_match(s, &s->lines[i], text, length, begin);
		} else if (r == SEARCH_E_NONE) {
			r = 0;
		}
	}
	return r;
}

static int check_limits(const struct search_limits *l)
{
	if (l->stop && atomic_load_explicit(l->stop, memory_order_relaxed))
		return SEARCH_E_STOPPED;
	if (l->deadline_ns && clock_mono_ns() > l->deadline_ns)
		return SEARCH_E_LATE;
	return 0;
}

/* The whole lines that are there; what is open stays for the next turn. */
static int look(struct scan *s)
{
	uint32_t n = s->n_lines - s->is_open;
	size_t end = s->is_open ? s->lines[n].from : buf_len(&s->text);
	int r = s->error ? s->error : buf_check(&s->text);

	if (r == 0)
		r = check_limits(s->limits);
	if (r == 0 && n > 0) {
		r = search_pattern_has_needed(s->w->pattern) ? look_at_all(s, n, end)
							     : look_at_each(s, n, end);
	}
	s->result->n_lines += n;
	s->result->n_bytes += end;
	if (r == 0 && !s->result->is_full)
		s->result->next_line = s->is_open ? s->lines[n].number : s->number;
	if (s->is_open) {
		s->lines[0] = (struct line){ 0, s->lines[n].number };
		buf_consume(&s->text, end);
	} else {
		buf_clear(&s->text);
	}
	s->n_lines = s->is_open;
	return r;
}

/* Can the page be left out?  Only when no line of it is open. */
static int skip(struct scan *s, uint32_t page, bool *ret)
{
	const struct history_share *h = s->source->history;
	const struct search_pattern *p = s->w->pattern;
	const uint8_t *bytes;
	bool is_simple;
	size_t n;
	int r;

	*ret = !history_share_may_hold(h, page, search_pattern_probe(p));
	if (*ret || !search_pattern_has_needed(p))
		return 0;
	r = history_share_bytes(h, page, &s->w->reader, &bytes, &n, &is_simple);
	if (r)
		return r < 0 ? r : 0; /* of what is damaged, empty lines are there */
	*ret = is_simple &&
	       !search_pattern_find_needed(p, (const char *)bytes, n, 0, &(size_t){ 0 });
	return 0;
}

static int scan_page(struct scan *s, uint32_t page)
{
	const struct history_share *h = s->source->history;
	struct history_page_info info = history_share_page(h, page);
	bool is_skipped = info.first + info.n_lines <= s->limits->from_line && !s->is_open;
	int r = 0;

	s->number = info.first;
	if (!is_skipped && !s->is_open)
		r = skip(s, page, &is_skipped);
	if (r < 0)
		return r;
	if (is_skipped) {
		s->number += info.n_lines;
		s->result->n_lines += info.n_lines;
		s->result->n_skipped_bytes += info.n_bytes;
		s->result->next_line = s->number;
		return check_limits(s->limits);
	}
	r = history_share_each(h, page, &s->w->reader, add_line, s);
	return r ? r : look(s);
}

static int scan_rows(struct scan *s)
{
	const struct search_source *src = s->source;
	int r = 0;

	s->number = src->first_row;
	for (uint32_t i = 0; i < src->n_rows && r == 0 && !s->result->is_full; i++) {
		const struct search_row *row = &src->rows[i];
		struct history_text t = { buf_data(&src->text) + row->from, row->n_bytes,
					  row->is_wrapped && i + 1 < src->n_rows };

		if (!add_line(&t, s) || buf_len(&s->text) >= BATCH_BYTES)
			r = look(s);
	}
	if (r == 0 && !s->result->is_full && s->is_open && !src->is_partial) {
		buf_put_char(&s->text, '\n'); /* nothing continues it */
		s->is_open = false;
	}
	return r ? r : look(s);
}

int search_scan(struct search_worker *w, const struct search_source *source,
		const struct search_limits *limits, struct search_result *ret)
{
	struct scan s = { .w = w, .source = source, .limits = limits, .result = ret };
	uint32_t n_pages = source->history ? history_share_pages(source->history) : 0;
	int r = 0;

	ret->is_full = ret->n_matches >= limits->max_matches;
	for (uint32_t i = 0; i < n_pages && r == 0 && !ret->is_full; i++)
		r = scan_page(&s, i);
	if (r == 0 && !ret->is_full)
		r = scan_rows(&s);
	buf_fini(&s.text);
	mem_free(s.lines);
	return r;
}
