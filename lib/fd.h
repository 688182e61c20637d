/*
 * Descriptors: their flags, and sending them over UNIX sockets.
 */
#ifndef LIB_FD_H
#define LIB_FD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>

/* As many as the kernel takes in one message (SCM_MAX_FD). */
#define FD_SEND_MAX 253

/* O_NONBLOCK and FD_CLOEXEC: set, once it is not already.  0, or E_SYSTEM and
 * errno. */
int fd_set_nonblocking(int fd);
int fd_set_cloexec(int fd);

/* Close those that are not -1. */
void fd_close_all(const int *fds, size_t count);

/*
 * sendmsg() of len bytes with count descriptors, at most FD_SEND_MAX; flags
 * beside MSG_NOSIGNAL.  Like sendmsg(), it sets errno.
 */
ssize_t fd_send(int s, const void *data, size_t len, const int *fds,
    size_t count, int flags);

/*
 * The descriptors that recvmsg() has put into the message's control data, the
 * caller's from here on: at most room of them into fds, and how many.  What
 * does not fit is closed; then, and where there is other control data, *odd is
 * set.  Whether data was cut (MSG_CTRUNC) the caller sees in the message.
 */
size_t fd_take(struct msghdr *message, int *fds, size_t room, bool *odd);

#endif
