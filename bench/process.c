/*
 * Two commands as whole processes, in turns: A B A B ...  After each its
 * cleanup runs, not measured.  Commands with shell syntax go through sh, others
 * are executed as they are; "" is no command.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"

#define MAX_WORDS 32

static int run(const char *command)
{
	char copy[1024], *words[MAX_WORDS + 1] = { 0 }, *rest = copy, shell[] = "sh", flag[] = "-c";
	posix_spawn_file_actions_t actions;
	int n = 0, status;
	pid_t pid;

	if (snprintf(copy, sizeof copy, "%s", command) >= (int)sizeof copy)
		die("command too long");
	if (strpbrk(command, ";|&<>\"'$*")) {
		words[n++] = shell;
		words[n++] = flag;
		words[n++] = copy;
	} else {
		for (char *w; n < MAX_WORDS && (w = strsep(&rest, " ")) != NULL;)
			words[n++] = w;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	int e = posix_spawnp(&pid, words[0], &actions, NULL, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (e != 0)
		die("%s: %s", command, strerror(e));
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

static void take_turn(const char *command, const char *cleanup, struct stat_set *s)
{
	uint64_t start = now_ns();
	int status = run(command);

	stat_add(s, now_ns() - start);
	if (status != 0)
		die("%s: status %d", command, status);
	if (cleanup[0])
		(void)run(cleanup);
}

int bench_process(int argc, char **argv)
{
	size_t count = strtoul(argv[0], NULL, 10);
	struct stat_set a, b, ratio;

	(void)argc;
	stat_init(&a, count);
	stat_init(&b, count);
	stat_init(&ratio, count);
	for (size_t i = 0; i < count; i++) {
		take_turn(argv[1], argv[2], &a);
		if (!argv[3][0])
			continue;
		take_turn(argv[3], argv[4], &b);
		/* In millionths, so that the samples' own machinery does. */
		stat_add(&ratio, (uint64_t)((double)a.ns[i] / (double)b.ns[i] * 1e6));
	}
	stat_print(&a);
	if (argv[3][0]) {
		stat_print(&b);
		stat_print(&ratio);
	}
	stat_fini(&a);
	stat_fini(&b);
	stat_fini(&ratio);
	return 0;
}
