/* The files of one journal: names, listing, setting aside. */
#ifndef JOURNAL_DIR_H
#define JOURNAL_DIR_H

#include <limits.h>

#include "journal/journal.h"

enum dir_suffix { DIR_RAW, DIR_SEAL, DIR_TMP };

/* A file's whole name on the stack. */
struct dir_path {
	char s[PATH_MAX];
};

struct dir_segment {
	uint64_t number;
	uint64_t n_bytes; /* of both files */
	bool has_raw, has_seal;
};

/* Segments, oldest first, and what else is there. */
struct dir_list {
	struct dir_segment *segments;
	size_t n, size;
	uint64_t n_bytes;   /* of all files */
	uint64_t change_us; /* wall clock: when the last one was written */
	bool has_tmp;
};

/* The longest name of a directory that still leaves room for its files' names. */
#define DIR_NAME_MAX (PATH_MAX - 80)

void dir_name(const char *dir, uint64_t number, enum dir_suffix suffix, struct dir_path *ret);

/* 0, -ENOENT without a trace (no such directory), -ENOMEM, -errno.  @ret is to be
 * dir_fini()ed on success only. */
NODISCARD int dir_list(const char *dir, struct dir_list *ret);
void dir_fini(struct dir_list *l);
/* The oldest segment after @number; NULL: none. */
const struct dir_segment *dir_after(const struct dir_list *l, uint64_t number);
const struct dir_segment *dir_find(const struct dir_list *l, uint64_t number);
/* A newer segment than all; -ENOMEM. */
NODISCARD int dir_add(struct dir_list *l, struct dir_segment s);
void dir_drop_first(struct dir_list *l);

/* Remove all "*.tmp". */
NODISCARD int dir_remove_tmp(const char *dir, const struct dir_list *l);
/* A second name for damaged file @path that nobody looks at; the first one goes
 * unless @keep_name.  @ret: the new name. */
NODISCARD int dir_set_aside(const struct dir_path *path, bool keep_name, struct dir_path *ret);
/* Remove all in it, and then the directory too.  None there: success. */
NODISCARD int dir_empty(const char *dir);
NODISCARD int dir_remove(const char *dir);

/* Every name in a directory but "." and ".."; @fn's first error ends it. */
struct dir_names {
	int (*fn)(void *user, const char *name);
	void *user;
};
NODISCARD int dir_for_each(const char *dir, struct dir_names *m);

#endif
