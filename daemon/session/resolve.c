/*
 * Name look-ups (see resolve.h): the resolver may hang or load what it
 * likes; it does so in a process of its own, as the user.
 */
#include "daemon/session/resolve.h"

#include "lib/err.h"
#include "lib/log.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void
take(struct addresses *out, const struct addrinfo *list, uint16_t port)
{
	for (; list != NULL && out->count < ADDRESSES_MAX;
	     list = list->ai_next) {
		struct net_address *a = &out->items[out->count];

		if (net_from_sockaddr(list->ai_addr, list->ai_addrlen, a) != 0)
			continue;
		a->port = port;
		out->count++;
	}
}

bool
resolve_here(const char *host, uint16_t port, bool names, struct addresses *out)
{
	static const char *const loopback[] = {"::1", "127.0.0.1"};

	memset(out, 0, sizeof(*out));
	if (net_parse(host, &out->items[0]) == 0) {
		out->items[0].port = port;
		out->count = 1;
		return true;
	}
	if (names)
		return false;
	if (strcasecmp(host, "localhost") == 0)
		for (size_t i = 0; i < 2; i++)
			if (net_parse(loopback[i], &out->items[i]) == 0) {
				out->items[i].port = port;
				out->count = i + 1;
			}
	return true;
}

static void
look_up(const char *host, uint16_t port, int fd)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
			    .ai_flags = AI_ADDRCONFIG},
			*list = NULL;
	struct addresses out = {.count = 0};
	sigset_t none;

	/* Out of the walls, so that nobody waits for this one. */
	if (dup2(fd, 1) < 0 || close_range(3, ~0u, 0) != 0)
		_exit(1);
	log_set_callback(NULL, NULL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (getaddrinfo(host, NULL, &hints, &list) == 0)
		take(&out, list, port);
	/* Less than PIPE_BUF each: whole or not at all. */
	for (size_t i = 0; i < out.count; i++)
		if (write(1, &out.items[i], sizeof(out.items[i])) < 0)
			_exit(1);
	_exit(0);
}

int
resolve_start(const char *host, uint16_t port, pid_t *pid, int *fd)
{
	int both[2];

	if (pipe2(both, O_CLOEXEC | O_NONBLOCK) != 0)
		return errno;
	*pid = fork();
	if (*pid == 0)
		look_up(host, port, both[1]);
	close(both[1]);
	if (*pid < 0) {
		close(both[0]);
		return EAGAIN;
	}
	*fd = both[0];
	return 0;
}

int
resolve_read(int fd, struct addresses *out)
{
	struct net_address a;
	ssize_t n;

	for (;;) {
		n = read(fd, &a, sizeof(a));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? E_AGAIN : E_SYSTEM;
		if (n == 0)
			return 0;
		if (n != (ssize_t)sizeof(a) ||
		    (a.family != NET_V4 && a.family != NET_V6))
			return E_FORMAT;
		if (out->count < ADDRESSES_MAX)
			out->items[out->count++] = a;
	}
}
