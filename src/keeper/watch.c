/*
 * A daemon that hangs without dying.  Nothing is asked of one that nobody waits
 * for, so that a quiet machine stays quiet: a PING goes out when a client that
 * waits in vain says so (SIGHUP), or when the daemon leaves our packets unread.
 *
 * Slow is not hung, and only what hangs is killed.  With a question unanswered,
 * every look_ms (10 s):
 *
 *   stopped, traced, or in the kernel's hands (T, t, D)    it is let be
 *   it used that much processor time since it was asked     it spins
 *   it sleeps, and used none between two looks              it is stuck: what waits for
 *                                                           events would have been woken
 *   else                                                    it is slow: it is let be
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "keeper/keeper.h"

/* State and processor time (ticks) of the thread that runs the daemon's loop. */
static char look(pid_t pid, uint64_t *ret_cpu)
{
	char path[64], text[512];
	unsigned long user, system;

	snprintf(path, sizeof path, "/proc/%d/task/%d/stat", (int)pid, (int)pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	/* The name may hold anything: what follows its last parenthesis is fixed. */
	const char *p = strrchr(text, ')');
	if (!p || sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
			 &system) != 2)
		return 0;
	*ret_cpu = user + system;
	return p[2];
}

void watch_ask(struct keeper *k)
{
	struct supervisor *d = &k->daemon;

	if (d->pid == 0 || d->ask_ms)
		return;
	k->link.owes_ping = true;
	d->ask_ms = keeper_now_ms() + k->look_ms;
	d->ask_cpu = 0;
	(void)look(d->pid, &d->ask_cpu);
	d->look_cpu = UINT64_MAX;
}

void watch_on_pong(struct keeper *k)
{
	k->daemon.ask_ms = 0;
}

static const char *judge(struct supervisor *d, uint32_t look_ms)
{
	uint64_t cpu = 0, ticks = (uint64_t)sysconf(_SC_CLK_TCK) * look_ms / 1000;
	char state = look(d->pid, &cpu);
	bool has_slept = state == 'S' && cpu == d->look_cpu;

	d->look_cpu = cpu;
	if (state == 'R' || state == 'S') {
		if (cpu - d->ask_cpu >= ticks)
			return "it spins";
		if (has_slept)
			return "it is stuck";
	}
	return NULL;
}

void watch_on_time(struct keeper *k)
{
	struct supervisor *d = &k->daemon;

	if (!d->ask_ms || keeper_now_ms() < d->ask_ms)
		return;
	d->ask_ms = keeper_now_ms() + k->look_ms;
	const char *why = d->pid ? judge(d, k->look_ms) : NULL;
	if (!why)
		return;
	log_error("daemon %d gives no sign of life: %s; it gets SIGABRT", (int)d->pid, why);
	d->ask_ms = 0;
	d->kill_ms = keeper_now_ms() + k->look_ms;
	(void)kill(d->pid, SIGABRT);
}
