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
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Both less than PIPE_BUF: written whole or not at all. */
struct verdict {
	int code; /* of getaddrinfo() */
	int error; /* errno, for EAI_SYSTEM */
};

/* Out of the walls, so that nobody waits for this process. */
static void
leave(int fd)
{
	sigset_t none;

	if (dup2(fd, 1) < 0 || close_range(3, ~0u, 0) != 0)
		_exit(1);
	log_set_callback(NULL, NULL);
	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
look_up(const char *host)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
			    .ai_flags = AI_ADDRCONFIG},
			*list = NULL;
	struct verdict v;
	struct net_address a;

	v.code = getaddrinfo(host, NULL, &hints, &list);
	v.error = errno;
	if (write(1, &v, sizeof(v)) < 0)
		_exit(1);
	for (int n = 0; list != NULL && n < ADDRESSES_MAX;
	     list = list->ai_next) {
		if (net_from_sockaddr(list->ai_addr, list->ai_addrlen, &a) != 0)
			continue;
		if (write(1, &a, sizeof(a)) < 0)
			_exit(1);
		n++;
	}
	_exit(0);
}

int
resolve_start(const char *host, pid_t *pid, int *fd)
{
	int both[2], error;

	if (pipe2(both, O_CLOEXEC | O_NONBLOCK) != 0)
		return errno;
	*pid = fork();
	error = errno;
	if (*pid == 0) {
		leave(both[1]);
		look_up(host);
	}
	close(both[1]);
	if (*pid < 0) {
		*pid = 0;
		close(both[0]);
		return error;
	}
	*fd = both[0];
	return 0;
}

/* 0, E_AGAIN, E_CLOSED at the end, E_FORMAT. */
static int
take(int fd, void *record, size_t size)
{
	ssize_t n;

	do
		n = read(fd, record, size);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? E_AGAIN : E_SYSTEM;
	if (n == 0)
		return E_CLOSED;
	return n == (ssize_t)size ? 0 : E_FORMAT;
}

static void
describe(const struct verdict *v, struct resolution *out)
{
	const char *text = v->code == EAI_SYSTEM ? strerror(v->error) :
	    v->code != 0			 ? gai_strerror(v->code) :
						   "the name has no address";

	snprintf(out->text, sizeof(out->text), "%s", text);
}

int
resolve_read(int fd, struct resolution *out)
{
	struct addresses *list = &out->addresses;
	struct verdict v;
	struct net_address a;
	int err = 0;

	if (!out->answered) {
		snprintf(out->text, sizeof(out->text),
		    "the look-up ended without an answer");
		if ((err = take(fd, &v, sizeof(v))) == 0) {
			out->answered = true;
			describe(&v, out);
		}
	}
	while (err == 0 && (err = take(fd, &a, sizeof(a))) == 0) {
		if (a.family != NET_V4 && a.family != NET_V6)
			return E_FORMAT;
		if (list->count < ADDRESSES_MAX)
			list->items[list->count++] = a;
	}
	return err == E_CLOSED ? 0 : err;
}
