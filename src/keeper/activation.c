#include "keeper/activation.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define FIRST_FD 3

static struct sockaddr_un notify_address;
static socklen_t notify_bytes; /* 0: nobody wants to be told */

static void take_notify_address(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	size_t n = path ? strlen(path) : 0;

	if (n < 2 || n >= sizeof notify_address.sun_path || (*path != '/' && *path != '@'))
		return;
	notify_address.sun_family = AF_UNIX;
	memcpy(notify_address.sun_path, path, n);
	if (*path == '@')
		notify_address.sun_path[0] = '\0';
	notify_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
}

int activation_take(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");
	bool is_ours = pid && n && strtol(pid, NULL, 10) == getpid() && strtol(n, NULL, 10) == 1;

	take_notify_address();
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("LISTEN_PID");
	(void)unsetenv("LISTEN_FDS");
	(void)unsetenv("LISTEN_FDNAMES");
	return is_ours ? FIRST_FD : -1;
}

void notify_ready(void)
{
	static const char text[] = "READY=1\nSTATUS=serving\n";
	int fd = notify_bytes ? socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0) : -1;

	if (fd < 0)
		return;
	(void)!sendto(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT,
		      (const struct sockaddr *)&notify_address, notify_bytes);
	close(fd);
	notify_bytes = 0;
}
