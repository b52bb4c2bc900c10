/* All journals of a state directory: where they are, what they take, removing one. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "journal/dir.h"
#include "journal/io.h"

#define FOLDER "journal"
#define GONE ".gone-"

int journal_path(const char *state_dir, uint64_t pane, char *path, size_t size)
{
	int n = snprintf(path, size, "%s/" FOLDER "/p%" PRIu64, state_dir, pane);

	if (n < 0 || (size_t)n >= size || n > DIR_NAME_MAX)
		return err_origin(-ENAMETOOLONG);
	return 0;
}

int journal_usage(const char *dir, uint64_t pane, struct journal_usage *ret)
{
	struct dir_list l;

	if (strlen(dir) > DIR_NAME_MAX)
		return err_origin(-ENAMETOOLONG);
	int r = dir_list(dir, &l);
	if (r < 0)
		return err_trace(r);
	*ret = (struct journal_usage){
		.pane = pane,
		.n_bytes = l.n_bytes,
		.last_change_us = l.change_us,
	};
	dir_fini(&l);
	return 0;
}

struct listing {
	const char *folder;
	struct journal_usage *all;
	size_t n, size;
};

static int add(struct listing *l, const struct journal_usage *u)
{
	if (l->n == l->size) {
		size_t size = l->size ? l->size * 2 : 16;
		struct journal_usage *p = mem_realloc(l->all, size * sizeof *p);

		if (!p)
			return err_origin(-ENOMEM);
		l->all = p;
		l->size = size;
	}
	l->all[l->n++] = *u;
	return 0;
}

/* "p17" */
static bool parse_pane(const char *name, uint64_t *ret)
{
	char *end;

	if (name[0] != 'p' || name[1] < '1' || name[1] > '9')
		return false;
	errno = 0;
	*ret = strtoull(name + 1, &end, 10);
	return errno == 0 && *end == 0;
}

static int on_journal(void *user, const char *name)
{
	struct listing *l = user;
	struct journal_usage u;
	char path[PATH_MAX];
	uint64_t pane;
	int n = snprintf(path, sizeof path, "%s/%s", l->folder, name);

	if (n < 0 || n > DIR_NAME_MAX)
		return err_origin(-ENAMETOOLONG);
	/* If it cannot be removed the next listing tries again. */
	if (strncmp(name, GONE, strlen(GONE)) == 0) {
		int ignored = dir_remove(path);

		(void)ignored;
		return 0;
	}
	if (!parse_pane(name, &pane))
		return 0;
	int r = journal_usage(path, pane, &u);
	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	return r == 0 ? add(l, &u) : err_trace(r);
}

int journal_list(const char *state_dir, struct journal_usage **ret, size_t *ret_n)
{
	char folder[PATH_MAX];
	struct listing l = { .folder = folder };
	int n = snprintf(folder, sizeof folder, "%s/" FOLDER, state_dir);

	if (n < 0 || n > DIR_NAME_MAX)
		return err_origin(-ENAMETOOLONG);
	int r = dir_for_each(folder, &(struct dir_names){ on_journal, &l });
	if (r < 0 && r != -ENOENT) {
		mem_free(l.all);
		return err_trace(r);
	}
	*ret = l.all;
	*ret_n = l.n;
	return 0;
}

static bool goes_before(const struct journal_usage *a, const struct journal_usage *b)
{
	if (a->is_exited != b->is_exited)
		return a->is_exited;
	return a->is_exited ? a->last_change_us < b->last_change_us : a->n_bytes > b->n_bytes;
}

int journal_pick_victim(const struct journal_usage *u, size_t n, uint64_t max_bytes,
			size_t *ret_index)
{
	uint64_t sum = 0;
	size_t best = 0;

	for (size_t i = 0; i < n; i++) {
		sum += u[i].n_bytes;
		if (u[i].n_bytes > 0 && (u[best].n_bytes == 0 || goes_before(&u[i], &u[best])))
			best = i;
	}
	if (sum <= max_bytes)
		return JOURNAL_E_NONE;
	*ret_index = best;
	return 0;
}

int journal_drop_oldest(const char *dir, uint64_t *ret_bytes)
{
	struct dir_list l;
	struct dir_path path;

	if (strlen(dir) > DIR_NAME_MAX)
		return err_origin(-ENAMETOOLONG);
	int r = dir_list(dir, &l);
	if (r < 0)
		return err_trace(r);
	if (l.n > 1) {
		*ret_bytes = l.segments[0].n_bytes;
		dir_name(dir, l.segments[0].number, DIR_RAW, &path);
		r = io_unlink(path.s);
		dir_name(dir, l.segments[0].number, DIR_SEAL, &path);
		if (r == 0)
			r = io_unlink(path.s);
	} else {
		r = JOURNAL_E_NONE;
	}
	dir_fini(&l);
	return r < 0 ? err_origin(r) : r;
}

/* "…/p17" to "…/.gone-p17-1": a name that is free, so that a pane's journal can go
 * twice in a row. */
static int rename_away(const char *dir, char *gone, size_t size)
{
	const char *slash = strrchr(dir, '/');
	int parent = slash ? (int)(slash - dir + 1) : 0;

	for (int k = 1; k <= 1000; k++) {
		int n = snprintf(gone, size, "%.*s" GONE "%s-%d", parent, dir, dir + parent, k);

		if (n < 0 || n > DIR_NAME_MAX)
			return err_origin(-ENAMETOOLONG);
		int r = io_rename(dir, gone);
		if (r != -ENOTEMPTY && r != -EEXIST)
			return r;
	}
	return err_origin(-EEXIST);
}

int journal_delete(const char *dir)
{
	char gone[PATH_MAX];

	if (strlen(dir) > DIR_NAME_MAX)
		return err_origin(-ENAMETOOLONG);
	int r = rename_away(dir, gone, sizeof gone);
	if (r < 0)
		return r == -ENOENT ? 0 : err_trace(r);
	return err_trace(dir_remove(gone));
}
