/*
 * One listener: the sockets of one bind order.  For listen.c, local_socket.c,
 * x11.c.
 */
#ifndef DAEMON_SESSION_LISTENER_H
#define DAEMON_SESSION_LISTENER_H

#include "daemon/session/inside.h"
#include "lib/net.h"

#define LISTENER_FDS 2

struct listening_place {
	int fd;
	struct loop_fd handle;
};

struct listener {
	LIST_ENTRY(listener) next;
	struct session *s;
	uint32_t number;
	enum incoming_kind kind;
	struct listening_place places[LISTENER_FDS];
	size_t n_fds;
	char *address; /* as the client asked, or the socket's path */
	uint32_t port;
	char *path; /* removed at the end, if it is still this socket: */
	dev_t device;
	ino_t inode;
	char *directory; /* and this */
	bool single; /* the first connection is the last */
	struct loop_timer pause;
};

/* A listener of this number; NULL when there are too many. */
struct listener *listener_new(
    struct session *s, uint32_t number, enum incoming_kind kind);
void listener_free(struct listener *l);

/* The answer to the monitor. */
void listener_bound(struct session *s, uint32_t number, int error,
    uint32_t port, const char *detail);

/* Listen on a bound socket, which is the listener's from now on; errno. */
int listener_take(struct listener *l, int fd);

/*
 * The socket that was just bound as name in directory (AT_FDCWD) is the
 * listener's to remove, from path.
 */
void listener_own_path(
    struct listener *l, int directory, const char *name, const char *path);

/* A bound TCP socket; 0 or errno. */
int listener_bind_ip(const struct net_address *a, int *fd);

#endif
