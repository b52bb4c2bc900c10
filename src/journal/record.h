/* Records in memory: encoding, decoding, walking, and what they add up to. */
#ifndef JOURNAL_RECORD_H
#define JOURNAL_RECORD_H

#include "journal/format.h"

/* Whether journal_append() takes it. */
NODISCARD bool record_is_valid(const struct journal_record *r);
size_t record_data_bytes(const struct journal_record *r);
/* All but n_data, data_crc and time_us. */
void record_to_format(const struct journal_record *r, struct format_record *ret);
/* 0, or JOURNAL_E_UNKNOWN; then @ret has only the common members. */
NODISCARD int record_from_format(const struct format_record *f, const uint8_t *data,
				 struct journal_record *ret);

/* What all records up to a point add up to. */
struct track {
	struct format_state state;
	uint64_t time_us, wall_us; /* of the last record */
};
void track_apply(struct track *t, const struct format_record *f, const uint8_t *data);

struct journal_cursor {
	const uint8_t *p;
	size_t n, at; /* bytes: all, and done */
	uint32_t nonce;
};

enum {
	CURSOR_E_END = JOURNAL_E_END,
	CURSOR_E_CUT = 16, /* the record is correct as far as it goes, or too short to tell */
	CURSOR_E_BAD,      /* no record: one cannot go on */
	CURSOR_E_DATA,     /* its data are wrong; the cursor stands behind it */
};
/* The next record of any kind.  @ret_data points into the cursor's memory. */
NODISCARD int cursor_next(struct journal_cursor *c, struct format_record *ret,
			  const uint8_t **ret_data);
/* The same without a look at the data: for who only wants to get past them. */
NODISCARD int cursor_hop(struct journal_cursor *c, struct format_record *ret,
			 const uint8_t **ret_data);
NODISCARD bool cursor_is_good(const struct journal_cursor *c, const struct format_record *f,
			      const uint8_t *data);

#endif
