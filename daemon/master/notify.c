/*
 * The service manager's protocol, by hand: readiness and reload notices are
 * one datagram, inherited sockets are numbers in the environment.  No library
 * for that in a root process (sd_notify(3), sd_listen_fds(3)).
 */
#include "daemon/master/master.h"
#include "daemon/master/notify.h"

#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_LISTEN_FD 3
#define LISTEN_FDS_MAX	64

void
notify_state(const char *state)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	size_t len = path == NULL ? 0 : strlen(path);
	int fd;

	if (len == 0 || len >= sizeof(un.sun_path) ||
	    (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(un.sun_path, path, len);
	if (path[0] == '@')
		un.sun_path[0] = '\0';
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return;
	if (sendto(fd, state, strlen(state), MSG_NOSIGNAL,
		(struct sockaddr *)&un,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)) < 0)
		log_warn("NOTIFY_SOCKET: %s", strerror(errno));
	close(fd);
}

/* Sockets that came with the start: number of them taken, or E_VALUE. */
int
notify_listen_fds(struct master *m)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	int n, taken = 0;

	if (pid == NULL || count == NULL || atoi(pid) != (int)getpid())
		return 0;
	n = atoi(count);
	if (n < 1 || n > LISTEN_FDS_MAX)
		return E_VALUE;
	for (int fd = FIRST_LISTEN_FD; fd < FIRST_LISTEN_FD + n; fd++) {
		struct net_address peer, local;
		char text[NET_TEXT_MAX];
		int on = 0;
		socklen_t len = sizeof(on);

		if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) != 0 ||
		    on == 0 || fd_set_cloexec(fd) != 0 ||
		    fd_set_nonblocking(fd) != 0)
			return E_VALUE;
		net_of_socket(fd, &peer, &local);
		listen_adopt(m, SYSTEMD_LISTENER, net_print(&local, text),
		    local.port, fd, true);
		taken++;
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return taken;
}

static struct loop_timer watchdog_timer;

static void
on_watchdog(void *arg)
{
	struct master *m = arg;
	const char *usec = getenv("WATCHDOG_USEC");
	uint64_t ms = usec == NULL ? 0 : strtoull(usec, NULL, 10) / 2000;

	if (ms == 0)
		return;
	notify_state("WATCHDOG=1");
	loop_timer_start(m->loop, &watchdog_timer, ms, on_watchdog, m);
}

void
notify_watchdog_start(struct master *m)
{
	const char *pid = getenv("WATCHDOG_PID");

	if (getenv("WATCHDOG_USEC") == NULL ||
	    (pid != NULL && atoi(pid) != (int)getpid()))
		return;
	on_watchdog(m);
}
