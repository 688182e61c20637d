/*
 * Descriptors over UNIX sockets.  Control data is read as bytes: what a peer
 * sends may hold more descriptors than were expected, and several pieces.
 */
#include "lib/fd.h"

#include "lib/err.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

int
fd_set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return E_SYSTEM;
	if ((flags & O_NONBLOCK) == 0 &&
	    fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0)
		return E_SYSTEM;
	return 0;
}

int
fd_set_cloexec(int fd)
{
	return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? 0 : E_SYSTEM;
}

void
fd_close_all(const int *fds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

ssize_t
fd_send(int s, const void *data, size_t len, const int *fds, size_t count,
    int flags)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(FD_SEND_MAX * sizeof(int))];
	} control;
	struct iovec iov = {
	    .iov_base = (void *)(uintptr_t)data, .iov_len = len};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c;

	if (count != 0) {
		memset(&control, 0, CMSG_SPACE(count * sizeof(int)));
		message.msg_control = &control;
		message.msg_controllen = CMSG_SPACE(count * sizeof(int));
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(c), fds, count * sizeof(int));
	}
	return sendmsg(s, &message, MSG_NOSIGNAL | flags);
}

size_t
fd_take(struct msghdr *message, int *fds, size_t room, bool *odd)
{
	struct cmsghdr *c;
	size_t count = 0;
	int fd;

	for (c = CMSG_FIRSTHDR(message); c != NULL;
	     c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) {
			*odd = true;
			continue;
		}
		for (size_t at = CMSG_LEN(0); at + sizeof(fd) <= c->cmsg_len;
		     at += sizeof(fd)) {
			memcpy(&fd, (const char *)c + at, sizeof(fd));
			if (count < room) {
				fds[count++] = fd;
				continue;
			}
			close(fd);
			*odd = true;
		}
	}
	return count;
}
