#include "arena/arena.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/err.h"

/* Rings start and end on a page of any machine we run on. */
#define ALIGN_BYTES (64u << 10)
#define RING_MAX (16u << 20)
/* No stream gets here: a position beyond it is damage, and sums cannot wrap. */
#define SEQ_MAX (UINT64_MAX / 4)
#define CONTROL_NONE 0xFF
#define PAGE_BYTES 4096u

static_assert(sizeof(struct arena_slot) % 8 == 0, "slots are an array in shared memory");
static_assert(sizeof(struct arena_event) == 16, "part of the ABI");
static_assert(ARENA_READ_MAX <= ALIGN_BYTES, "one commit never laps the ring");

#define LOAD(p) atomic_load_explicit((p), memory_order_acquire)
#define STORE(p, v) atomic_store_explicit((p), (v), memory_order_release)

/* A kill falls between two instructions of one thread, so program order is all
 * that recovery needs; this keeps the compiler from changing it. */
static void step(void)
{
	atomic_signal_fence(memory_order_seq_cst);
}

static uint64_t align_up(uint64_t n)
{
	return (n + ALIGN_BYTES - 1) / ALIGN_BYTES * ALIGN_BYTES;
}

static bool is_ring_size(uint32_t n)
{
	return n >= ALIGN_BYTES && n <= RING_MAX && (n & (n - 1)) == 0;
}

static uint64_t rings_offset(void)
{
	return align_up(sizeof(struct arena_header) + ARENA_SLOTS * sizeof(struct arena_slot));
}

static int write_header(int fd, uint32_t ring_bytes)
{
	struct arena_header h = {
		.magic = ARENA_MAGIC,
		.version = ARENA_VERSION,
		.header_bytes = sizeof h,
		.slot_bytes = sizeof(struct arena_slot),
		.n_slots = ARENA_SLOTS,
		.ring_bytes = ring_bytes,
		.rings_offset = rings_offset(),
		.total_bytes = rings_offset() + (uint64_t)ARENA_SLOTS * ring_bytes,
	};

	if (ftruncate(fd, (off_t)h.total_bytes) < 0)
		return err_origin(-errno);
	ssize_t n = pwrite(fd, &h, sizeof h, 0);
	if (n != sizeof h)
		return err_origin(n < 0 ? -errno : -ENOSPC);
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_origin(-errno);
	return 0;
}

int arena_create(uint32_t ring_bytes, int *ret_fd)
{
	if (ring_bytes == 0)
		ring_bytes = ARENA_RING_BYTES;
	if (!is_ring_size(ring_bytes))
		return err_origin(-EINVAL);

	int fd = memfd_create("orchflow-arena", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return err_origin(-errno);
	int r = write_header(fd, ring_bytes);
	if (r < 0) {
		close(fd);
		return err_trace(r);
	}
	*ret_fd = fd;
	return 0;
}

/* Judges a private copy, so that what was checked is what is used. */
static int check_header(const struct arena_header *h, uint64_t file_bytes)
{
	if (h->magic != ARENA_MAGIC)
		return ARENA_E_DAMAGED;
	if (h->version != ARENA_VERSION)
		return ARENA_E_VERSION;
	if (h->header_bytes != sizeof *h || h->slot_bytes != sizeof(struct arena_slot) ||
	    h->n_slots != ARENA_SLOTS || h->n_high > ARENA_SLOTS || !is_ring_size(h->ring_bytes) ||
	    h->rings_offset != rings_offset())
		return ARENA_E_DAMAGED;
	if (h->total_bytes != h->rings_offset + (uint64_t)h->n_slots * h->ring_bytes ||
	    h->total_bytes != file_bytes)
		return ARENA_E_DAMAGED;
	return 0;
}

int arena_map(struct arena *a, int fd)
{
	struct arena_header h;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_origin(-errno);
	/* Without the seal somebody could shrink it under us: SIGBUS. */
	int seals = fcntl(fd, F_GET_SEALS);
	if (seals < 0 || !(seals & F_SEAL_SHRINK))
		return ARENA_E_DAMAGED;
	ssize_t n = pread(fd, &h, sizeof h, 0);
	if (n < 0)
		return err_origin(-errno);
	if (n != sizeof h)
		return ARENA_E_DAMAGED;
	int r = check_header(&h, (uint64_t)st.st_size);
	if (r)
		return r;

	uint8_t *p = mmap(NULL, h.total_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE,
			  fd, 0);
	if (p == MAP_FAILED)
		return err_origin(-errno);
	*a = (struct arena){
		.header = (void *)p,
		.slots = (void *)(p + h.header_bytes),
		.rings = p + h.rings_offset,
		.n_slots = h.n_slots,
		.ring_bytes = h.ring_bytes,
		.total_bytes = h.total_bytes,
		.n_high = h.n_high,
	};
	return 0;
}

void arena_unmap(struct arena *a)
{
	if (a->header)
		munmap(a->header, a->total_bytes);
	*a = (struct arena){ .header = NULL };
}

static struct arena_slot *slot_at(const struct arena *a, uint32_t index)
{
	assert(index < a->n_slots);
	return &a->slots[index];
}

static uint8_t *ring_at(const struct arena *a, uint32_t index)
{
	return a->rings + (size_t)index * a->ring_bytes;
}

/* Bytes that occur nowhere in UTF-8, so that text never looks like the pattern. */
static void make_nonce(uint8_t *nonce, size_t n)
{
	static const uint8_t never[] = { 0xC0, 0xC1, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9,
					 0xFA, 0xFB, 0xFC, 0xFD, 0xFE, 0xFF };

	if (getrandom(nonce, n, GRND_NONBLOCK) != (ssize_t)n)
		memset(nonce, 0, n);
	for (size_t i = 0; i < n; i++)
		nonce[i] = never[(nonce[i] + i) % sizeof never];
}

static bool find_free(const struct arena *a, uint32_t *ret_index)
{
	for (uint32_t i = a->first_free_hint; i < a->n_high; i++) {
		if (LOAD(&a->slots[i].kind) == ARENA_SLOT_FREE) {
			*ret_index = i;
			return true;
		}
	}
	*ret_index = a->n_high;
	return a->n_high < a->n_slots;
}

int arena_slot_take(struct arena *a, enum arena_slot_kind kind, uint64_t pane, uint32_t stream,
		    uint32_t *ret_index)
{
	uint32_t i;

	assert(kind == ARENA_SLOT_PTY || kind == ARENA_SLOT_PIPE);
	if (!find_free(a, &i))
		return ARENA_SLOT_E_FULL;
	if (i == a->n_high)
		STORE(&a->header->n_high, ++a->n_high);
	a->first_free_hint = i + 1;

	struct arena_slot *s = &a->slots[i];
	memset(s, 0, sizeof *s);
	s->pane = pane;
	s->stream = stream;
	s->control = CONTROL_NONE;
	make_nonce(s->nonce, sizeof s->nonce);
	step();
	STORE(&s->kind, kind);
	*ret_index = i;
	return 0;
}

int arena_slot_find(const struct arena *a, uint64_t pane, uint32_t stream, uint32_t *ret_index)
{
	for (uint32_t i = 0; i < a->n_high; i++) {
		const struct arena_slot *s = &a->slots[i];

		if (LOAD(&s->kind) != ARENA_SLOT_FREE && s->pane == pane && s->stream == stream) {
			*ret_index = i;
			return 0;
		}
	}
	return -ENOENT;
}

void arena_slot_release(struct arena *a, int fd, uint32_t index)
{
	struct arena_slot *s = slot_at(a, index);

	STORE(&s->kind, ARENA_SLOT_FREE);
	step();
	memset(s, 0, sizeof *s);
	if (index < a->first_free_hint)
		a->first_free_hint = index;
	/* Failure only keeps the pages: their next user overwrites them. */
	off_t at = ring_at(a, index) - (uint8_t *)a->header;
	(void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, at, a->ring_bytes);
}

uint64_t arena_slot_head(const struct arena *a, uint32_t index)
{
	return LOAD(&slot_at(a, index)->committed_seq);
}

uint64_t arena_slot_tail(const struct arena *a, uint32_t index)
{
	const struct arena_slot *s = slot_at(a, index);
	uint64_t head = LOAD(&s->committed_seq), base = LOAD(&s->base_seq);
	uint64_t oldest = head > a->ring_bytes ? head - a->ring_bytes : 0;

	return base > oldest ? base : oldest;
}

/* [from, from+n) of the ring as one or two pieces; the last is at least one byte. */
static int pieces(const struct arena *a, uint32_t index, uint64_t from, size_t n, struct iovec *iov)
{
	uint8_t *ring = ring_at(a, index);
	size_t at = from & (a->ring_bytes - 1), first = a->ring_bytes - at;

	if (n <= first) {
		iov[0] = (struct iovec){ ring + at, n };
		return 1;
	}
	iov[0] = (struct iovec){ ring + at, first };
	iov[1] = (struct iovec){ ring, n - first };
	return 2;
}

struct arena_view arena_slot_view(const struct arena *a, uint32_t index, uint64_t from, size_t n)
{
	struct iovec iov[2] = { { NULL, 0 }, { NULL, 0 } };

	assert(from >= arena_slot_tail(a, index));
	assert(from <= arena_slot_head(a, index) && n <= arena_slot_head(a, index) - from);
	pieces(a, index, from, n, iov);
	return (struct arena_view){ { iov[0].iov_base, iov[1].iov_base },
				    { iov[0].iov_len, iov[1].iov_len } };
}

/* A page that is not there yet would be made inside the kernel's copy, where a
 * kill can cut it short. */
static void touch(struct iovec v)
{
	volatile uint8_t *p = v.iov_base;

	for (size_t i = 0; i < v.iov_len; i += 4096)
		p[i] = p[i];
	p[v.iov_len - 1] = p[v.iov_len - 1];
}

static uint8_t pattern(const struct arena_slot *s, uint64_t seq)
{
	return s->nonce[seq % sizeof s->nonce];
}

static void write_pattern(const struct arena *a, uint32_t index, uint64_t seq, uint32_t n)
{
	const struct arena_slot *s = slot_at(a, index);
	uint8_t *ring = ring_at(a, index);

	for (uint64_t q = seq; q < seq + n; q++)
		ring[q & (a->ring_bytes - 1)] = pattern(s, q);
}

static bool has_pattern(const struct arena *a, uint32_t index, uint64_t seq, uint32_t n)
{
	const struct arena_slot *s = slot_at(a, index);
	const uint8_t *ring = ring_at(a, index);

	for (uint64_t q = seq; q < seq + n; q++) {
		if (ring[q & (a->ring_bytes - 1)] != pattern(s, q))
			return false;
	}
	return true;
}

static int bytes_waiting(int fd, uint32_t *ret_n)
{
	int n;

	if (ioctl(fd, FIONREAD, &n) < 0)
		return err_origin(-errno);
	*ret_n = n < 0 ? 0 : (uint32_t)n < ARENA_READ_MAX ? (uint32_t)n : ARENA_READ_MAX;
	return 0;
}

/* Nothing waits by FIONREAD: ask poll(), which also pushes along what the
 * kernel still holds in its own queue (n_tty flushes that work in poll). */
static int look_again(int fd, short *ret_revents, uint32_t *ret_n)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, 0) < 0 && errno != EINTR)
		return err_origin(-errno);
	*ret_revents = p.revents;
	*ret_n = 0;
	return p.revents ? err_trace(bytes_waiting(fd, ret_n)) : 0;
}

/* Something is there, but no bytes: a status packet or the end.  With room for
 * the control byte alone the kernel takes no data (arena_test assures it). */
static int read_control(struct arena_slot *s, int fd)
{
	ssize_t r = read(fd, &s->control, 1);

	if (r < 0 && (errno == EAGAIN || errno == EINTR))
		return ARENA_READ_E_AGAIN;
	if (r == 0 || (r < 0 && errno == EIO))
		return ARENA_READ_E_EOF;
	if (r < 0)
		return err_origin(-errno);
	return ARENA_READ_E_PACKET;
}

static void commit(struct arena_slot *s, uint64_t seq, uint32_t n)
{
	STORE(&s->committed_seq, seq + n);
	step();
	STORE(&s->intent_n, 0);
}

static void open_intent(struct arena_slot *s, uint64_t seq, uint32_t n)
{
	s->intent_seq = seq;
	step();
	STORE(&s->intent_n, n);
	step();
}

static void drop_intent(struct arena_slot *s)
{
	step();
	STORE(&s->intent_n, 0);
}

static int read_pty(struct arena *a, uint32_t index, int fd, uint32_t n, uint32_t *ret_n)
{
	struct arena_slot *s = slot_at(a, index);
	uint64_t seq = LOAD(&s->committed_seq);
	struct iovec iov[3] = { { &s->control, 1 } };
	int n_iov = 1 + pieces(a, index, seq, n, iov + 1);

	for (int i = 1; i < n_iov; i++)
		touch(iov[i]);
	s->control = CONTROL_NONE;
	open_intent(s, seq, n);
	ssize_t r = readv(fd, iov, n_iov);
	int e = errno;
	step();
	if (r > 1 && s->control == 0) {
		commit(s, seq, (uint32_t)r - 1);
		*ret_n = (uint32_t)r - 1;
		return 0;
	}
	drop_intent(s);
	if (r > 0)
		return ARENA_READ_E_PACKET;
	if (r == 0 || e == EIO)
		return ARENA_READ_E_EOF;
	if (e == EAGAIN || e == EINTR)
		return ARENA_READ_E_AGAIN;
	return err_origin(-e);
}

static int read_pipe(struct arena *a, uint32_t index, int fd, uint32_t n, uint32_t *ret_n)
{
	struct arena_slot *s = slot_at(a, index);
	uint64_t seq = LOAD(&s->committed_seq);
	struct iovec iov[2];
	int n_iov = pieces(a, index, seq, n, iov);

	/* The pattern destroys the oldest bytes before anything is read. */
	if (seq + n > a->ring_bytes && LOAD(&s->base_seq) < seq + n - a->ring_bytes)
		STORE(&s->base_seq, seq + n - a->ring_bytes);
	step();
	write_pattern(a, index, seq, n);
	open_intent(s, seq, n);
	ssize_t r = readv(fd, iov, n_iov);
	int e = errno;
	step();
	if (r > 0) {
		commit(s, seq, (uint32_t)r);
		*ret_n = (uint32_t)r;
		return 0;
	}
	drop_intent(s);
	if (r == 0)
		return ARENA_READ_E_EOF;
	if (e == EAGAIN || e == EINTR)
		return ARENA_READ_E_AGAIN;
	return err_origin(-e);
}

int arena_slot_read(struct arena *a, uint32_t index, int fd, uint32_t *ret_n)
{
	struct arena_slot *s = slot_at(a, index);
	bool is_pty = LOAD(&s->kind) == ARENA_SLOT_PTY;
	short revents = 0;
	uint32_t n = 0;

	int r = bytes_waiting(fd, &n);
	if (r == 0 && n == 0)
		r = look_again(fd, &revents, &n);
	if (r < 0)
		return err_trace(r);
	if (n > 0 && is_pty)
		return read_pty(a, index, fd, n, ret_n);
	if (n > 0)
		return read_pipe(a, index, fd, n, ret_n);
	if (revents == 0)
		return ARENA_READ_E_AGAIN;
	if (is_pty)
		return read_control(s, fd);
	/* A byte that came since must not be read without an intent: only poll's
	 * word counts, and it says "hung up" and "readable" at once. */
	return revents & POLLIN ? ARENA_READ_E_AGAIN : ARENA_READ_E_EOF;
}

/* Positions that no history of ours can lead to. */
static bool is_sane(const struct arena_slot *s)
{
	return LOAD(&s->committed_seq) <= SEQ_MAX && LOAD(&s->input_seq) <= SEQ_MAX;
}

static void lower(_Atomic uint64_t *seq, uint64_t most)
{
	if (LOAD(seq) > most)
		STORE(seq, most);
}

static void empty_slot(struct arena_slot *s)
{
	_Atomic uint64_t *all[] = { &s->journaled_seq, &s->replied_seq,   &s->fed_seq,
				    &s->base_seq,      &s->committed_seq, &s->input_seq };

	STORE(&s->intent_n, 0);
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		STORE(all[i], 0);
}

void arena_slot_recover(struct arena *a, uint32_t index, uint32_t *ret_recovered,
			bool *ret_was_open)
{
	struct arena_slot *s = slot_at(a, index);
	uint32_t n = LOAD(&s->intent_n), kind = LOAD(&s->kind), taken = 0;
	uint64_t seq = LOAD(&s->committed_seq);

	if (kind != ARENA_SLOT_PTY && kind != ARENA_SLOT_PIPE) {
		STORE(&s->kind, ARENA_SLOT_FREE);
		n = 0;
	} else if (!is_sane(s)) {
		empty_slot(s);
		n = 0;
	} else if (n > 0 && n <= ARENA_READ_MAX && s->intent_seq == seq) {
		bool was_read =
			kind == ARENA_SLOT_PTY ? s->control == 0 : !has_pattern(a, index, seq, n);

		if (was_read)
			taken = n;
		commit(s, seq, taken);
	}
	STORE(&s->intent_n, 0);
	lower(&s->base_seq, LOAD(&s->committed_seq));
	lower(&s->fed_seq, LOAD(&s->committed_seq));
	lower(&s->replied_seq, LOAD(&s->fed_seq));
	lower(&s->journaled_seq, LOAD(&s->fed_seq));
	if (LOAD(&s->n_events_journaled) > LOAD(&s->n_events))
		STORE(&s->n_events_journaled, 0);
	if (ret_recovered)
		*ret_recovered = taken;
	if (ret_was_open)
		*ret_was_open = n > 0;
}

void arena_slot_check(const struct arena *a, uint32_t index)
{
	const struct arena_slot *s = slot_at(a, index);

	assert(LOAD(&s->journaled_seq) <= LOAD(&s->fed_seq));
	assert(LOAD(&s->replied_seq) <= LOAD(&s->fed_seq));
	assert(LOAD(&s->fed_seq) <= LOAD(&s->committed_seq));
	assert(LOAD(&s->base_seq) <= LOAD(&s->committed_seq));
	assert(LOAD(&s->intent_n) == 0);
}

void arena_slot_note_resize(struct arena *a, uint32_t index, uint16_t cols, uint16_t rows)
{
	struct arena_slot *s = slot_at(a, index);
	uint32_t n = LOAD(&s->n_events);

	s->events[n % ARENA_EVENTS] = (struct arena_event){
		.seq = LOAD(&s->committed_seq), .kind = 1, .a = cols, .b = rows
	};
	step();
	STORE(&s->n_events, n + 1);
}

uint32_t arena_slot_events(const struct arena *a, uint32_t index, struct arena_event *out,
			   uint32_t max)
{
	const struct arena_slot *s = slot_at(a, index);
	uint32_t end = LOAD(&s->n_events), n = end < ARENA_EVENTS ? end : ARENA_EVENTS - 1;

	n = n < max ? n : max;
	for (uint32_t i = 0; i < n; i++)
		out[i] = s->events[(end - n + i) % ARENA_EVENTS];
	return n;
}

void arena_slot_begin_at(struct arena *a, uint32_t index, uint64_t seq)
{
	struct arena_slot *s = slot_at(a, index);

	assert(LOAD(&s->committed_seq) == 0 && seq <= SEQ_MAX);
	STORE(&s->committed_seq, seq);
	STORE(&s->base_seq, seq);
	STORE(&s->fed_seq, seq);
	STORE(&s->replied_seq, seq);
	STORE(&s->journaled_seq, seq);
}

static void punch_pages(const struct arena *a, int fd, uint32_t index, size_t first, size_t end)
{
	off_t ring = ring_at(a, index) - (uint8_t *)a->header;

	if (end > first) {
		(void)!fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				 ring + (off_t)(first * PAGE_BYTES),
				 (off_t)((end - first) * PAGE_BYTES));
	}
}

uint64_t arena_slot_give_back(struct arena *a, int fd, uint32_t index, uint64_t seq)
{
	struct arena_slot *s = slot_at(a, index);
	uint64_t tail = arena_slot_tail(a, index), head = LOAD(&s->committed_seq);
	size_t n_pages = a->ring_bytes / PAGE_BYTES, first, last;

	assert(seq <= head);
	if (seq <= tail)
		return 0;
	STORE(&s->base_seq, seq);
	step();
	/* Pages first..last hold [seq, head), the others nothing that is kept. */
	first = (seq & (a->ring_bytes - 1)) / PAGE_BYTES;
	last = ((head == seq ? head : head - 1) & (a->ring_bytes - 1)) / PAGE_BYTES;
	if (first <= last) {
		punch_pages(a, fd, index, 0, first);
		punch_pages(a, fd, index, last + 1, n_pages);
	} else {
		punch_pages(a, fd, index, last + 1, first);
	}
	return seq - tail;
}

/* kind goes last, and is nothing meanwhile: half a note is no note. */
static struct arena_task *begin_doing(struct arena *a)
{
	STORE(&a->header->doing.kind, ARENA_DOING_NOTHING);
	step();
	return &a->header->doing;
}

void arena_doing_feed(struct arena *a, uint64_t pane, uint64_t seq)
{
	struct arena_task *t = begin_doing(a);

	t->pane = pane;
	t->seq = seq;
	step();
	STORE(&t->kind, ARENA_DOING_FEED);
}

void arena_doing_method(struct arena *a, const char *method)
{
	struct arena_task *t = begin_doing(a);
	size_t n = strnlen(method, sizeof t->method - 1);

	memcpy(t->method, method, n);
	t->method[n] = '\0';
	step();
	STORE(&t->kind, ARENA_DOING_METHOD);
}

void arena_doing_nothing(struct arena *a)
{
	begin_doing(a);
}

static bool is_same_place(const struct arena_task *t, const struct arena_task *u)
{
	if (LOAD(&t->kind) != LOAD(&u->kind))
		return false;
	if (LOAD(&t->kind) == ARENA_DOING_FEED)
		return t->pane == u->pane && t->seq == u->seq;
	return strncmp(t->method, u->method, sizeof t->method) == 0;
}

void arena_note_death(struct arena *a)
{
	struct arena_task *now = &a->header->doing, *last = &a->header->last_death;
	uint32_t kind = LOAD(&now->kind);

	if (kind != ARENA_DOING_FEED && kind != ARENA_DOING_METHOD) {
		STORE(&last->kind, ARENA_DOING_NOTHING);
		last->n_deaths = 0;
		return;
	}
	uint32_t n = is_same_place(now, last) && last->n_deaths < UINT32_MAX ? last->n_deaths : 0;

	last->pane = now->pane;
	last->seq = now->seq;
	memcpy(last->method, now->method, sizeof last->method);
	last->method[sizeof last->method - 1] = '\0';
	last->n_deaths = n + 1;
	STORE(&last->kind, kind);
	STORE(&now->kind, ARENA_DOING_NOTHING);
}
