#include "keeper/session.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_PENDING 64
#define BIT(signo) (1ull << ((signo)-1))

static struct {
	pid_t leader;
	uint64_t signals;
} pending[MAX_PENDING];
static uint32_t n_pending;

void session_signal(pid_t leader, uint32_t signo)
{
	uint32_t i = 0;

	while (i < n_pending && pending[i].leader != leader)
		i++;
	if (i == MAX_PENDING) {
		session_flush();
		i = 0;
	}
	if (i == n_pending) {
		pending[i].leader = leader;
		pending[i].signals = 0;
		n_pending++;
	}
	pending[i].signals |= BIT(signo);
}

/* The pidfd pins the process.  If it still has its number afterwards, what was
 * asked about the number holds for the process; if not, it is dead and the
 * signal goes nowhere. */
static void send_all(pid_t pid, pid_t session, uint64_t signals)
{
	int fd = pidfd_open(pid, 0);

	if (fd < 0)
		return;
	if (getsid(pid) == session) {
		for (int signo = 1; signo <= 64; signo++) {
			if (signals & ~BIT(SIGCONT) & BIT(signo))
				(void)pidfd_send_signal(fd, signo, NULL, 0);
		}
		/* Last, so that a stopped process finds the others waiting. */
		if (signals & BIT(SIGCONT))
			(void)pidfd_send_signal(fd, SIGCONT, NULL, 0);
	}
	close(fd);
}

static void visit(pid_t pid)
{
	pid_t session = getsid(pid);

	for (uint32_t i = 0; i < n_pending; i++) {
		if (pending[i].leader == session)
			send_all(pid, session, pending[i].signals);
	}
}

/* opendir() would allocate. */
static void for_each_process(void (*visit_fn)(pid_t pid))
{
	static char buf[32768] __attribute__((aligned(8)));
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return;
	while ((n = getdents64(fd, buf, sizeof buf)) > 0) {
		for (ssize_t at = 0; at < n;) {
			struct dirent64 *d = (void *)(buf + at);

			if (d->d_name[0] >= '1' && d->d_name[0] <= '9')
				visit_fn((pid_t)strtol(d->d_name, NULL, 10));
			at += d->d_reclen;
		}
	}
	close(fd);
}

void session_flush(void)
{
	bool has_kill = false;

	if (n_pending == 0)
		return;
	for (uint32_t i = 0; i < n_pending; i++)
		has_kill |= (pending[i].signals & BIT(SIGKILL)) != 0;
	for_each_process(visit);
	/* Once more for what was forked behind our back. */
	if (has_kill)
		for_each_process(visit);
	n_pending = 0;
}

/* waitid() knows our children from others', dead or alive; one that nobody but
 * us reaps keeps its number. */
static void kill_if_own(pid_t pid)
{
	siginfo_t si;

	if (waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG | WNOWAIT) == 0)
		(void)kill(pid, SIGKILL);
}

void session_kill_own_children(void)
{
	for_each_process(kill_if_own);
}
