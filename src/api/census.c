/* server.census: what the two processes hold, against what they should. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "api/census.h"
#include "api/state.h"

static bool proc_path(char *out, size_t size, uint32_t pid, const char *file)
{
	int n = pid ? snprintf(out, size, "/proc/%u/%s", pid, file)
		    : snprintf(out, size, "/proc/self/%s", file);

	return n > 0 && (size_t)n < size;
}

/* Journals come and go with what is printed and read: not what a leak shows by. */
static bool is_of_journal(int dir, const char *name)
{
	char target[4096];
	ssize_t n = readlinkat(dir, name, target, sizeof target - 1);

	if (n <= 0)
		return false;
	target[n] = '\0';
	return strstr(target, "/journal/p") != NULL;
}

uint32_t census_count_fds(uint32_t pid)
{
	const struct dirent *entry;
	char path[64];
	uint32_t n = 0;
	DIR *dir;

	if (!proc_path(path, sizeof path, pid, "fd"))
		return 0;
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && !is_of_journal(dirfd(dir), entry->d_name))
			n++;
	}
	(void)closedir(dir);
	/* Our own list counts the descriptor that lists it. */
	return pid == 0 && n > 0 ? n - 1 : n;
}

void census_read_memory(uint32_t pid, struct census_memory *ret)
{
	char path[64], line[128];
	FILE *file;

	*ret = (struct census_memory){ 0 };
	file = proc_path(path, sizeof path, pid, "smaps_rollup") ? fopen(path, "re") : NULL;
	if (!file)
		return;
	while (fgets(line, sizeof line, file)) {
		if (strncmp(line, "Rss:", 4) == 0) {
			ret->rss_bytes = strtoull(line + 4, NULL, 10) * 1024;
		} else if (strncmp(line, "Pss:", 4) == 0) {
			ret->pss_bytes = strtoull(line + 4, NULL, 10) * 1024;
		}
	}
	(void)fclose(file);
}

void census_note_base(struct api_server *s)
{
	struct core_status status;

	core_get_status(s->core, &status);
	s->base_daemon_fds =
		census_count_fds(0) - status.expected_daemon_fds_of_panes - s->counters.n_clients;
	s->base_keeper_fds =
		census_count_fds(status.keeper_pid) - status.expected_keeper_fds_of_panes;
}

static void put_process(struct rpc_writer *w, const char *key, uint32_t pid, uint32_t expected_fds)
{
	struct census_memory memory;

	census_read_memory(pid, &memory);
	rpc_key(w, key);
	rpc_map_begin(w);
	rpc_kv_uint(w, "fds", census_count_fds(pid));
	rpc_kv_uint(w, "expected_fds", expected_fds);
	rpc_kv_uint(w, "rss_bytes", memory.rss_bytes);
	rpc_kv_uint(w, "pss_bytes", memory.pss_bytes);
	rpc_map_end(w);
}

void census_write(struct rpc_writer *w, const struct api_server *s, const struct core_process *ps,
		  size_t n)
{
	uint32_t n_zombies = 0, n_strays = 0;
	struct core_status status;

	core_get_status(s->core, &status);
	for (size_t i = 0; i < n; i++) {
		n_zombies += ps[i].state == 'Z';
		n_strays += ps[i].is_stray;
	}
	rpc_map_begin(w);
	put_process(w, "daemon", 0,
		    s->base_daemon_fds + status.expected_daemon_fds_of_panes +
			    s->counters.n_clients);
	put_process(w, "keeper", status.keeper_pid,
		    s->base_keeper_fds + status.expected_keeper_fds_of_panes);
	rpc_kv_uint(w, "zombies", n_zombies);
	rpc_kv_uint(w, "strays", n_strays);
	rpc_map_end(w);
}
