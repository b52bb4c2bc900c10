/*
 * The arena: one shared memory (a memfd that the keeper holds) in which the
 * daemon stages what it reads from terminals, so that those bytes outlive the
 * daemon.  An ABI: a header, a table of slots, and one ring per slot.
 *
 * Whoever maps it after a crash treats it as hostile: every number that is
 * read from it is checked before it is used (arena_slot_recover()).
 *
 * A byte of output is in one of three places: in the kernel's PTY buffer, in a
 * ring below committed_seq, or under an open intent.  The commit protocol makes
 * the third decidable after SIGKILL at any instruction:
 *
 *   PTY (packet mode)            PIPE (no terminal)
 *   n = FIONREAD                 n = FIONREAD; base = what n bytes will not overwrite
 *   control = 0xFF               ring[seq, seq+n) = pattern(nonce)
 *   intent = {seq, n}            intent = {seq, n}
 *   readv({control,1},{ring,n})  read(ring, n)
 *   committed += n; intent = 0   committed += n; intent = 0
 *
 * After a crash with an open intent at the committed position the read took
 * place if control is 0 (PTY), or if the ring no longer holds the pattern.  An
 * intent at another position was committed already: only its clearing was cut
 * off.  PIPE's pattern is made of bytes that no UTF-8 text contains, so text is
 * exact; n random bytes look like it with probability 2^-8n.  The destination
 * pages are touched before the read, so that the kernel's copy cannot fault
 * half-way.
 *
 * Invariants (arena_slot_check):
 *   I1  journaled <= fed <= committed, replied <= fed
 *   I2  base <= committed, and the ring holds [max(base, committed - ring size), committed)
 *   I3  intent_n is 0 except inside arena_slot_read()
 */
#ifndef ARENA_ARENA_H
#define ARENA_ARENA_H

#include <stdatomic.h>

#include "base/defs.h"

#define ARENA_MAGIC 0x414f4652454e4131ull
#define ARENA_VERSION 1u
#define ARENA_SLOTS 8192u             /* two per pane at most (no-pty panes: stdout, stderr) */
#define ARENA_RING_BYTES (256u << 10) /* default; a power of two, multiple of the page size */
#define ARENA_READ_MAX 4096u /* bytes of one commit: what the kernel's PTY hands over at once */
#define ARENA_EVENTS 16u

enum arena_slot_kind { ARENA_SLOT_FREE, ARENA_SLOT_PTY, ARENA_SLOT_PIPE };

/* What the daemon is doing, for the quarantine (DESIGN section 1). */
enum arena_doing { ARENA_DOING_NOTHING, ARENA_DOING_FEED, ARENA_DOING_METHOD };

struct arena_task {
	_Atomic uint32_t kind; /* enum arena_doing */
	uint32_t
		n_deaths; /* deaths of the daemon in a row with exactly this task; keeper's count */
	uint64_t pane;    /* FEED: pane number */
	uint64_t seq;     /* FEED: position */
	char method[40];  /* METHOD: name, NUL-terminated */
};

/* A small ring of things that happened at a position: resizes and marks. */
struct arena_event {
	uint64_t seq;
	uint16_t kind; /* 1 = resize */
	uint16_t a, b; /* resize: columns, rows */
	uint16_t pad;
};

struct arena_slot {
	_Atomic uint32_t kind;               /* enum arena_slot_kind */
	_Atomic uint32_t n_events_journaled; /* of n_events; grows as journaled_seq does */
	uint64_t pane;             /* pane number; with stream the key by which it is found again */
	uint32_t stream;           /* 0 out (or the terminal), 1 err */
	_Atomic uint32_t intent_n; /* bytes of the read under way; 0 = none */
	uint64_t intent_seq;       /* committed_seq when it began */
	uint8_t control;           /* PTY: packet mode's control byte, 0xFF before the read */
	uint8_t nonce[15];         /* PIPE: pattern */
	_Atomic uint64_t committed_seq; /* bytes since the beginning that are in the ring */
	_Atomic uint64_t base_seq;      /* the ring holds nothing before it */
	_Atomic uint64_t fed_seq, replied_seq, journaled_seq;
	_Atomic uint64_t input_seq;    /* bytes that the terminal took */
	_Atomic uint32_t input_intent; /* bytes of the write under way: they went in or not */
	_Atomic uint32_t
		n_events; /* events ever; the last ARENA_EVENTS - 1 are whole at any time */
	struct arena_event events[ARENA_EVENTS];
};

struct arena_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_bytes; /* offset of the slot table */
	uint32_t slot_bytes;   /* sizeof(struct arena_slot) */
	uint32_t n_slots;
	uint32_t ring_bytes;
	_Atomic uint32_t n_high; /* slots from here on were never used */
	uint64_t rings_offset;   /* offset of ring 0 */
	uint64_t total_bytes;
	struct arena_task doing;      /* written by the daemon */
	struct arena_task last_death; /* written by the keeper when the daemon died */
};

struct arena {
	struct arena_header *header; /* the mapping */
	struct arena_slot *slots;
	uint8_t *rings;
	uint32_t n_slots, ring_bytes; /* checked copies: never re-read from the mapping */
	size_t total_bytes;
	uint32_t n_high;          /* as in the header */
	uint32_t first_free_hint; /* no slot below it is free */
};

enum { ARENA_E_VERSION = 1, ARENA_E_DAMAGED };

/* Make the memfd (sparse; CLOEXEC; sealed against resizing).  @ring_bytes: 0 =
 * the default, else a power of two from 64 KiB to 16 MiB (-EINVAL).  Owned by
 * the caller. */
NODISCARD int arena_create(uint32_t ring_bytes, int *ret_fd);

/* Map an arena; checks magic, version and all sizes against the file's, and
 * that the file cannot shrink.  ARENA_E_VERSION, ARENA_E_DAMAGED. */
NODISCARD int arena_map(struct arena *a, int fd);
void arena_unmap(struct arena *a);

enum { ARENA_SLOT_E_FULL = 1 };
/* A free slot, cleared.  The index names it; ARENA_SLOT_E_FULL. */
NODISCARD int arena_slot_take(struct arena *a, enum arena_slot_kind kind, uint64_t pane,
			      uint32_t stream, uint32_t *ret_index);
/* Slot of (pane, stream), or -ENOENT. */
NODISCARD int arena_slot_find(const struct arena *a, uint64_t pane, uint32_t stream,
			      uint32_t *ret_index);
/* Clear the slot and give its ring's pages back. */
void arena_slot_release(struct arena *a, int fd, uint32_t index);

/* After a crash: close an open intent, repair what breaks an invariant (a slot
 * whose positions cannot be is emptied, one of no known kind is freed).
 * @ret_recovered  bytes that a read under way had taken (may be 0).
 * @ret_was_open   an intent was open.  Either may be NULL. */
void arena_slot_recover(struct arena *a, uint32_t index, uint32_t *ret_recovered,
			bool *ret_was_open);
void arena_slot_check(const struct arena *a, uint32_t index); /* asserts I1..I3 */

enum {
	ARENA_READ_E_AGAIN = 1, /* nothing to read now (pending work in the kernel was flushed) */
	ARENA_READ_E_EOF,    /* EIO on a PTY, end of file on a pipe: nobody holds the other side */
	ARENA_READ_E_PACKET, /* PTY: a status packet, no bytes; call again */
};
/* One commit: at most ARENA_READ_MAX bytes from @fd (non-blocking; a PTY in
 * packet mode).  Overwrites the oldest bytes of a full ring.  @ret_n set on 0
 * only, > 0. */
NODISCARD int arena_slot_read(struct arena *a, uint32_t index, int fd, uint32_t *ret_n);

/* Oldest position that the ring still holds.  It may lie above fed_seq or
 * journaled_seq: what lies between was overwritten. */
uint64_t arena_slot_tail(const struct arena *a, uint32_t index);
uint64_t arena_slot_head(const struct arena *a, uint32_t index); /* committed_seq */
/* Bytes [from, from+n) as one or two pieces; the range must lie in
 * [tail, head].  Valid until the next arena_slot_read(). */
struct arena_view {
	const uint8_t *p[2];
	size_t n[2];
};
struct arena_view arena_slot_view(const struct arena *a, uint32_t index, uint64_t from, size_t n);

void arena_slot_note_resize(struct arena *a, uint32_t index, uint16_t cols, uint16_t rows);
/* The newest whole events, oldest first; at most @max.  Returns how many. */
uint32_t arena_slot_events(const struct arena *a, uint32_t index, struct arena_event *out,
			   uint32_t max);

/* A stream that goes on at a position (of a journal): the ring holds nothing
 * before it.  The slot must be new. */
void arena_slot_begin_at(struct arena *a, uint32_t index, uint64_t seq);
/* Give the pages of everything before @seq back, when it is kept elsewhere: @seq
 * becomes the tail.  Not beyond the head.  Returns the bytes given back. */
uint64_t arena_slot_give_back(struct arena *a, int fd, uint32_t index, uint64_t seq);

/* Quarantine.  Cheap enough for every chunk and every request. */
void arena_doing_feed(struct arena *a, uint64_t pane, uint64_t seq);
void arena_doing_method(struct arena *a, const char *method);
void arena_doing_nothing(struct arena *a);
/* Keeper, when the daemon died by its own fault: last_death = doing, with
 * n_deaths 1, or one more if it is the same place again; a death while doing
 * nothing clears it; doing becomes nothing.  The same place: same kind, and same pane and seq, or
 * same method. */
void arena_note_death(struct arena *a);

#endif
