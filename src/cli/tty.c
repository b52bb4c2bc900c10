#include "cli/tty.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"

/* A process has one stdin; and what restores it runs in a signal handler, which
 * knows globals only. */
static struct {
	struct termios before;
	volatile sig_atomic_t is_raw;
	char undo[2][TTY_UNDO_MAX]; /* one is being filled while the other is valid */
	volatile sig_atomic_t n_undo, which;
} tty;

/* Only async-signal-safe calls from here on. */
void tty_restore(void)
{
	int saved = errno;

	if (!tty.is_raw)
		return;
	tty.is_raw = 0;
	if (tty.n_undo > 0)
		(void)!write(1, tty.undo[tty.which], (size_t)tty.n_undo);
	/* TCSADRAIN: what is still on its way belongs before the change. */
	(void)tcsetattr(0, TCSADRAIN, &tty.before);
	errno = saved;
}

static void on_deadly_signal(int signo)
{
	tty_restore();
	(void)signal(signo, SIG_DFL);
	(void)raise(signo);
}

static void catch_deadly_signals(void)
{
	static const int deadly[] = { SIGSEGV, SIGBUS, SIGFPE,  SIGILL, SIGABRT,
				      SIGTRAP, SIGSYS, SIGXCPU, SIGALRM };
	struct sigaction a = { .sa_handler = on_deadly_signal, .sa_flags = (int)SA_RESETHAND };

	for (size_t i = 0; i < ARRAY_LEN(deadly); i++)
		(void)sigaction(deadly[i], &a, NULL);
}

int tty_raw(void)
{
	static bool is_prepared;
	struct termios t;

	if (tty.is_raw)
		return 0;
	if (tcgetattr(0, &tty.before) < 0)
		return err_origin(-errno);
	if (!is_prepared) {
		(void)atexit(tty_restore);
		catch_deadly_signals();
		is_prepared = true;
	}
	t = tty.before;
	cfmakeraw(&t);
	t.c_cc[VMIN] = 1;
	t.c_cc[VTIME] = 0;
	tty.is_raw = 1;
	if (tcsetattr(0, TCSADRAIN, &t) < 0) {
		tty.is_raw = 0;
		return err_origin(-errno);
	}
	return 0;
}

void tty_set_undo(const char *p, size_t n)
{
	int other = !tty.which;

	if (n > TTY_UNDO_MAX)
		return;
	memcpy(tty.undo[other], p, n);
	/* A signal between these finds less to undo, never garbage. */
	tty.n_undo = 0;
	tty.which = other;
	tty.n_undo = (sig_atomic_t)n;
}

bool tty_size(int *ret_cols, int *ret_rows)
{
	struct winsize ws = { 0 };

	*ret_cols = 80;
	*ret_rows = 24;
	if (ioctl(1, TIOCGWINSZ, &ws) < 0 || !ws.ws_col || !ws.ws_row)
		return false;
	*ret_cols = ws.ws_col;
	*ret_rows = ws.ws_row;
	return true;
}
