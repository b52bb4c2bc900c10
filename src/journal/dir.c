#include "journal/dir.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/io.h"

#define MAX_ASIDE 1000 /* damaged files of one name */

static const char *const suffixes[] = { [DIR_RAW] = "raw", [DIR_SEAL] = "seal", [DIR_TMP] = "tmp" };

void dir_name(const char *dir, uint64_t number, enum dir_suffix suffix, struct dir_path *ret)
{
	int n = snprintf(ret->s, sizeof ret->s, "%s/%08" PRIu64 ".%s", dir, number,
			 suffixes[suffix]);

	assert(n > 0 && (size_t)n < sizeof ret->s); /* who opens a journal checks DIR_NAME_MAX */
}

/* "00000012.raw".  The number is written in one way only. */
static bool parse_name(const char *name, uint64_t *ret_number, enum dir_suffix *ret_suffix)
{
	char back[64];
	char *end;

	if (name[0] < '0' || name[0] > '9')
		return false;
	errno = 0;
	uint64_t number = strtoull(name, &end, 10);
	if (errno || number == 0 || number > UINT64_MAX / 2 || *end != '.')
		return false;
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		if (strcmp(end + 1, suffixes[i]) != 0)
			continue;
		snprintf(back, sizeof back, "%08" PRIu64 ".%s", number, suffixes[i]);
		*ret_number = number;
		*ret_suffix = (enum dir_suffix)i;
		return strcmp(back, name) == 0;
	}
	return false;
}

int dir_add(struct dir_list *l, struct dir_segment s)
{
	if (l->n == l->size) {
		size_t size = l->size ? l->size * 2 : 4;
		struct dir_segment *p = mem_realloc(l->segments, size * sizeof *p);

		if (!p)
			return err_origin(-ENOMEM);
		l->segments = p;
		l->size = size;
	}
	l->segments[l->n++] = s;
	return 0;
}

void dir_drop_first(struct dir_list *l)
{
	assert(l->n > 0);
	memmove(l->segments, l->segments + 1, (l->n - 1) * sizeof *l->segments);
	l->n--;
}

static int by_number(const void *a, const void *b)
{
	const struct dir_segment *x = a, *y = b;

	return (x->number > y->number) - (x->number < y->number);
}

/* Two files of one number become one segment. */
static void merge(struct dir_list *l)
{
	size_t n = 0;

	if (l->n > 0)
		qsort(l->segments, l->n, sizeof *l->segments, by_number);
	for (size_t i = 0; i < l->n; i++) {
		struct dir_segment *s = &l->segments[i];
		struct dir_segment *last = n > 0 ? &l->segments[n - 1] : NULL;

		if (last && last->number == s->number) {
			last->has_raw |= s->has_raw;
			last->has_seal |= s->has_seal;
			last->n_bytes += s->n_bytes;
		} else {
			l->segments[n++] = *s;
		}
	}
	l->n = n;
}

static int add_file(struct dir_list *l, int fd, const char *name)
{
	struct stat st;
	uint64_t number;
	enum dir_suffix suffix;

	/* It may be gone by now. */
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return 0;
	uint64_t us = (uint64_t)st.st_mtim.tv_sec * 1000000 + (uint64_t)st.st_mtim.tv_nsec / 1000;
	l->n_bytes += (uint64_t)st.st_size;
	if (l->change_us < us)
		l->change_us = us;
	if (!parse_name(name, &number, &suffix))
		return 0;
	if (suffix == DIR_TMP) {
		l->has_tmp = true;
		return 0;
	}
	return dir_add(l, (struct dir_segment){
				  .number = number,
				  .n_bytes = (uint64_t)st.st_size,
				  .has_raw = suffix == DIR_RAW,
				  .has_seal = suffix == DIR_SEAL,
			  });
}

/* Calls @fn for each name but "." and ".."; stops at its first error. */
static int for_each_name(const char *dir, int (*fn)(void *user, int fd, const char *name),
			 void *user)
{
	const struct dirent *e;
	int r = 0;
	int fd = io_open(dir, O_RDONLY | O_DIRECTORY);

	if (fd < 0)
		return fd;
	DIR *d = fdopendir(fd);
	if (!d) {
		close(fd);
		return err_origin(-ENOMEM);
	}
	while (r == 0 && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			r = fn(user, fd, e->d_name);
	}
	closedir(d);
	return r;
}

static int on_listed(void *user, int fd, const char *name)
{
	return add_file(user, fd, name);
}

int dir_list(const char *dir, struct dir_list *ret)
{
	struct dir_list l = { 0 };
	int r = for_each_name(dir, on_listed, &l);

	if (r < 0) {
		dir_fini(&l);
		return r;
	}
	merge(&l);
	*ret = l;
	return 0;
}

void dir_fini(struct dir_list *l)
{
	mem_free(l->segments);
	*l = (struct dir_list){ 0 };
}

const struct dir_segment *dir_after(const struct dir_list *l, uint64_t number)
{
	for (size_t i = 0; i < l->n; i++) {
		if (l->segments[i].number > number)
			return &l->segments[i];
	}
	return NULL;
}

const struct dir_segment *dir_find(const struct dir_list *l, uint64_t number)
{
	const struct dir_segment *s = number > 0 ? dir_after(l, number - 1) : NULL;

	return s && s->number == number ? s : NULL;
}

static int on_tmp(void *user, int fd, const char *name)
{
	uint64_t number;
	enum dir_suffix suffix;
	struct dir_path path;

	(void)fd;
	if (!parse_name(name, &number, &suffix) || suffix != DIR_TMP)
		return 0;
	dir_name(user, number, DIR_TMP, &path);
	return io_unlink(path.s);
}

int dir_remove_tmp(const char *dir, const struct dir_list *l)
{
	char copy[PATH_MAX];

	if (!l->has_tmp)
		return 0;
	snprintf(copy, sizeof copy, "%s", dir);
	return err_trace(for_each_name(dir, on_tmp, copy));
}

int dir_set_aside(const struct dir_path *path, bool keep_name, struct dir_path *ret)
{
	for (int k = 1; k <= MAX_ASIDE; k++) {
		int n = snprintf(ret->s, sizeof ret->s, "%s.damaged.%d", path->s, k);

		if (n < 0 || (size_t)n >= sizeof ret->s)
			return err_origin(-ENAMETOOLONG);
		int r = io_link(path->s, ret->s);
		if (r == -EEXIST)
			continue;
		/* Some file systems know no second names: then whoever wants to keep
		 * the first one has a copy at hand for it. */
		if (r == -EPERM || r == -EOPNOTSUPP || r == -EMLINK)
			return err_trace(io_rename(path->s, ret->s));
		if (r < 0)
			return err_trace(r);
		return keep_name ? 0 : err_trace(io_unlink(path->s));
	}
	return err_origin(-EEXIST);
}

struct removal {
	const char *dir;
};

static int on_removed(void *user, int fd, const char *name)
{
	const struct removal *m = user;
	char path[PATH_MAX];
	int n = snprintf(path, sizeof path, "%s/%s", m->dir, name);

	(void)fd;
	if (n < 0 || (size_t)n >= sizeof path)
		return err_origin(-ENAMETOOLONG);
	return io_unlink(path);
}

int dir_empty(const char *dir)
{
	struct removal m = { dir };
	int r = for_each_name(dir, on_removed, &m);

	return r == -ENOENT ? 0 : err_trace(r);
}

int dir_remove(const char *dir)
{
	int r = dir_empty(dir);

	if (r < 0)
		return err_trace(r);
	return rmdir(dir) < 0 && errno != ENOENT ? err_origin(-errno) : 0;
}

static int on_name(void *user, int fd, const char *name)
{
	struct dir_names *m = user;

	(void)fd;
	return m->fn(m->user, name);
}

int dir_for_each(const char *dir, struct dir_names *m)
{
	return for_each_name(dir, on_name, m);
}
