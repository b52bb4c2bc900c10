#include "journal/record.h"

#include <string.h>

#define MIN(a, b) ((a) < (b) ? (a) : (b))

size_t record_data_bytes(const struct journal_record *r)
{
	return r->data[0].n + r->data[1].n;
}

bool record_is_valid(const struct journal_record *r)
{
	size_t n = record_data_bytes(r);
	struct format_record f;

	if (r->kind < JOURNAL_OUTPUT || r->kind > JOURNAL_CHECKPOINT)
		return false;
	record_to_format(r, &f);
	if (r->kind == JOURNAL_OUTPUT) { /* of any length: it is split */
		return n > 0 && n <= FORMAT_SEQ_MAX && r->seq <= FORMAT_SEQ_MAX - n &&
		       r->stream < JOURNAL_STREAMS;
	}
	f.n_data = (uint32_t)MIN(n, UINT32_MAX);
	return format_is_possible(&f);
}

static uint32_t pack_size(uint16_t cols, uint16_t rows)
{
	return cols | (uint32_t)rows << 16;
}

void record_to_format(const struct journal_record *r, struct format_record *ret)
{
	*ret = (struct format_record){
		.kind = (uint8_t)r->kind,
		.stream = (uint8_t)MIN(r->stream, UINT8_MAX),
		.seq = r->seq,
		.wall_us = r->wall_us,
	};
	switch (r->kind) {
	case JOURNAL_RESIZE:
		ret->a = pack_size(r->resize.cols, r->resize.rows);
		break;
	case JOURNAL_MARK:
		ret->a = r->mark.what;
		ret->b = (uint64_t)r->mark.value;
		break;
	case JOURNAL_EXIT:
		ret->a = (uint32_t)r->exit.code;
		ret->b = (uint64_t)(uint32_t)r->exit.signal;
		break;
	case JOURNAL_SPAWN:
		ret->a = pack_size(r->spawn.cols, r->spawn.rows);
		ret->b = r->spawn.generation;
		break;
	case JOURNAL_GAP:
		ret->a = r->gap.reason;
		ret->b = r->gap.to;
		break;
	case JOURNAL_CHECKPOINT:
		ret->b = r->checkpoint.lines_pushed;
		break;
	case JOURNAL_OUTPUT:
	case JOURNAL_CLOSED:
	case JOURNAL_INPUT:
		break;
	}
}

int record_from_format(const struct format_record *f, const uint8_t *data,
		       struct journal_record *ret)
{
	*ret = (struct journal_record){
		.kind = f->kind,
		.stream = f->stream,
		.seq = f->seq,
		.wall_us = f->wall_us,
		.time_us = f->time_us,
		.data = { { data, f->n_data } },
	};
	switch ((enum journal_kind)f->kind) {
	case JOURNAL_RESIZE:
		ret->resize.cols = (uint16_t)f->a;
		ret->resize.rows = (uint16_t)(f->a >> 16);
		return 0;
	case JOURNAL_MARK:
		ret->mark.what = f->a;
		ret->mark.value = (int64_t)f->b;
		return 0;
	case JOURNAL_EXIT:
		ret->exit.code = (int32_t)f->a;
		ret->exit.signal = (int32_t)f->b;
		return 0;
	case JOURNAL_SPAWN:
		ret->spawn.cols = (uint16_t)f->a;
		ret->spawn.rows = (uint16_t)(f->a >> 16);
		ret->spawn.generation = f->b;
		return 0;
	case JOURNAL_GAP:
		ret->gap.reason = f->a;
		ret->gap.to = f->b;
		return 0;
	case JOURNAL_CHECKPOINT:
		ret->checkpoint.lines_pushed = f->b;
		return 0;
	case JOURNAL_OUTPUT:
	case JOURNAL_CLOSED:
	case JOURNAL_INPUT:
		return 0;
	}
	return JOURNAL_E_UNKNOWN;
}

static void advance(uint64_t *seq, uint64_t to)
{
	if (*seq < to)
		*seq = to;
}

static void set_size(struct format_state *s, uint32_t size)
{
	s->cols = (uint16_t)size;
	s->rows = (uint16_t)(size >> 16);
}

static void apply_block(struct format_state *s, const uint8_t *data)
{
	struct format_state b;

	format_get_state(data, &b);
	for (uint32_t i = 0; i < JOURNAL_STREAMS; i++) {
		uint64_t seq = MIN(b.seq[i], FORMAT_SEQ_MAX);

		advance(&seq, s->seq[i]);
		b.seq[i] = seq;
	}
	*s = b;
}

void track_apply(struct track *t, const struct format_record *f, const uint8_t *data)
{
	struct format_state *s = &t->state;

	advance(&t->time_us, f->time_us);
	t->wall_us = f->wall_us;
	if (f->kind == FORMAT_KIND_BLOCK || f->kind == FORMAT_KIND_END) {
		apply_block(s, data);
	} else if (f->kind == JOURNAL_OUTPUT) {
		advance(&s->seq[f->stream], f->seq + f->n_data);
	} else if (f->kind == JOURNAL_GAP) {
		advance(&s->seq[f->stream], f->b);
	} else if (f->kind == JOURNAL_RESIZE) {
		set_size(s, f->a);
	} else if (f->kind == JOURNAL_SPAWN) {
		set_size(s, f->a);
		s->generation = f->b;
		s->has_exit = s->has_closed = false;
		s->exit_code = s->exit_signal = 0;
	} else if (f->kind == JOURNAL_EXIT) {
		s->has_exit = true;
		s->exit_code = (int32_t)f->a;
		s->exit_signal = (int32_t)f->b;
	} else if (f->kind == JOURNAL_CLOSED) {
		s->has_closed = true;
	}
}

bool cursor_is_good(const struct journal_cursor *c, const struct format_record *f,
		    const uint8_t *data)
{
	return format_data_crc(c->nonce, data, f->n_data) == f->data_crc;
}

int cursor_next(struct journal_cursor *c, struct format_record *ret, const uint8_t **ret_data)
{
	int r = cursor_hop(c, ret, ret_data);

	return r == 0 && !cursor_is_good(c, ret, *ret_data) ? CURSOR_E_DATA : r;
}

int cursor_hop(struct journal_cursor *c, struct format_record *ret, const uint8_t **ret_data)
{
	size_t left = c->n - c->at;

	if (left == 0)
		return CURSOR_E_END;
	const uint8_t *p = c->p + c->at;
	if (left < FORMAT_RECORD_BYTES)
		return CURSOR_E_CUT;
	if (!format_get_record(p, c->nonce, ret) || !format_is_possible(ret))
		return CURSOR_E_BAD;
	if (ret->n_data > left - FORMAT_RECORD_BYTES)
		return CURSOR_E_CUT;
	c->at += FORMAT_RECORD_BYTES + ret->n_data;
	*ret_data = p + FORMAT_RECORD_BYTES;
	return 0;
}

int journal_cursor_next(struct journal_cursor *c, struct journal_record *ret)
{
	struct format_record f;
	const uint8_t *data;
	int r;

	do {
		r = cursor_next(c, &f, &data);
	} while (r == CURSOR_E_DATA ||
		 (r == 0 && (f.kind == FORMAT_KIND_BLOCK || f.kind == FORMAT_KIND_END)));
	return r == 0 ? record_from_format(&f, data, ret) : JOURNAL_E_END;
}
