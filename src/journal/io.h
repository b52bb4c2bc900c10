/* System calls on files, whole or not at all, with a place where tests make the Nth one fail. */
#ifndef JOURNAL_IO_H
#define JOURNAL_IO_H

#include <sys/types.h>

#include "base/defs.h"

/* All return 0 or a descriptor, or -errno; they do not trace: callers expect some
 * of the errors. */
NODISCARD int io_open(const char *path, int flags); /* CLOEXEC, mode 0600 */
NODISCARD int io_write_at(int fd, const void *p, size_t n, uint64_t at);
/* @ret_n: less than @n only at the end of the file. */
NODISCARD int io_read_at(int fd, void *p, size_t n, uint64_t at, size_t *ret_n);
NODISCARD int io_sync(int fd);
NODISCARD int io_sync_dir(const char *path);
NODISCARD int io_truncate(int fd, uint64_t size);
NODISCARD int io_rename(const char *from, const char *to);
NODISCARD int io_link(const char *from, const char *to);
NODISCARD int io_unlink(const char *path); /* none there: success */
NODISCARD int io_mkdir(const char *path);  /* 0700; there already: success */
NODISCARD int io_size(int fd, uint64_t *ret);
void io_close(int fd); /* -1 is fine */

/*
 * Test hook: of the calls that can fail, the one after @n more fails with @error
 * (a positive errno; half of a write is done first), and with @for_good all that
 * follow too.  @n < 0 turns it off.  io_count(): calls so far.
 */
void io_fail_after(long n, int error, bool for_good);
uint64_t io_count(void);

#endif
