/*
 * What a pane's journal kept, fetched page by page and played into an emulator:
 * for export and replay.
 */
#ifndef CLI_RECORDED_H
#define CLI_RECORDED_H

#include <jansson.h>

#include "cli/args.h"
#include "client/client.h"
#include "vt/vt.h"

struct recorded {
	struct client *client;
	char pane[32];
	uint64_t from_us;  /* 0: from the beginning */
	uint64_t to_us;    /* UINT64_MAX: to the end */
	uint64_t first_us; /* time of the oldest record that is kept */
	json_t *page;
	size_t at;           /* next record of the page */
	struct vt *vt;       /* fed by recorded_feed() */
	uint16_t cols, rows; /* as known before vt is there */
	struct vt_opts opts;
};

/*
 * Finds the pane and the limits --from and --to.  @opts: of the emulator.  0, or an exit
 * status, all said.
 */
NODISCARD int recorded_open(struct recorded *r, const struct cli_args *a,
			    const struct vt_opts *opts);
void recorded_close(struct recorded *r);

/* The next record, borrowed until the next call; NULL at the end: then @ret_exit says
 * whether all went well (else it was said). */
const json_t *recorded_next(struct recorded *r, int *ret_exit);

/* Let it happen in r->vt, which is made when its size is known.  -ENOMEM. */
NODISCARD int recorded_feed(struct recorded *r, const json_t *record);

/* Members of a record. */
bool recorded_is(const json_t *record, const char *kind);
uint64_t recorded_time(const json_t *record);
const char *recorded_data(const json_t *record, size_t *ret_n);

/*
 * A time: "90s", "1h30m" is not one; a duration is counted from @first_us; "-5m" back from
 * @last_us; "@1700000000" seconds since 1970; "2026-11-23 14:05", "2026-11-23T14:05:09",
 * "14:05" (of the last record's day): local time.  False: none of these.
 */
bool recorded_parse_time(const char *s, uint64_t first_us, uint64_t last_us, uint64_t *ret);

#endif
