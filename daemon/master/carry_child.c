/*
 * Descriptors and child processes in the state that one image of the master
 * leaves to the next (carry.c).
 */
#include "daemon/master/master.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/rd.h"

#include <fcntl.h>

/* The list in use; NULL: numbers survive. */
static struct carry_fds *handed;

void
carry_hand(struct carry_fds *fds)
{
	handed = fds;
}

void
carry_keep(struct buf *b, int fd)
{
	if (handed != NULL && fd >= 0) {
		if (handed->count == CARRY_FDS_MAX)
			b->err = E_TOO_LARGE;
		else
			handed->fds[handed->count++] = fd;
		buf_u32(b, (uint32_t)handed->count - 1);
		return;
	}
	if (fd >= 0 && fcntl(fd, F_SETFD, 0) != 0)
		fd = -1;
	buf_u32(b, (uint32_t)fd);
}

int
carry_take(struct rd *r)
{
	int fd = (int)rd_u32(r);

	if (r->err != 0 || fd < 0)
		return -1;
	if (handed != NULL) {
		size_t place = (size_t)fd;

		fd = place < handed->count ? handed->fds[place] : -1;
		if (fd < 0)
			rd_fail(r, E_VALUE);
		else
			handed->fds[place] = -1; /* each once */
		return fd;
	}
	if (fd_set_cloexec(fd) != 0) {
		rd_fail(r, E_SYSTEM);
		return -1;
	}
	return fd;
}

void
carry_save_child(struct buf *b, const struct child *c)
{
	buf_u32(b, (uint32_t)c->pid);
	buf_bool(b, c->ready);
	carry_keep(b, c->pidfd);
	carry_keep(b, c->wall.fd);
}

void
carry_load_child(struct rd *r, struct generation *g, struct child *c,
    enum role role, enum wall_path out, enum wall_path in)
{
	int fd;

	c->generation = g;
	c->role = role;
	c->pid = (pid_t)rd_u32(r);
	c->ready = rd_bool(r);
	c->pidfd = carry_take(r);
	fd = carry_take(r);
	wall_init(&c->wall, fd, out, in);
}
