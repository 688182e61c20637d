/*
 * Pipes of programs.
 */
#include "privsep/pipes.h"

#include "lib/fd.h"

#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* A byte waits at the writer's end.  If the writer closes that without having
 * read it, the reader gets ECONNRESET instead of an end of file (unix(7)). */
static int
make_resettable(int both[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, both) != 0)
		return -1;
	return write(both[0], "", 1) == 1 ? shutdown(both[0], SHUT_WR) : -1;
}

static int
settle(int made, const int both[2], int which, int *ours, int *theirs)
{
	int error = errno;

	if (made != 0) {
		fd_close_all(both, 2);
		return error;
	}
	*ours = both[which];
	*theirs = both[1 - which];
	return fd_set_nonblocking(*ours) != 0 ? errno : 0;
}

int
pipes_input(int *ours, int *theirs, bool reset)
{
	int both[2] = {-1, -1};
	int made = reset ? make_resettable(both) : pipe2(both, O_CLOEXEC);

	/* The kernel may say no to the size: slower, that is all. */
	if (made == 0 && !reset)
		(void)fcntl(both[1], F_SETPIPE_SZ, PIPES_SIZE);
	return settle(made, both, 1, ours, theirs);
}

int
pipes_output(int *ours, int *theirs, int size)
{
	int both[2] = {-1, -1};
	int made = pipe2(both, O_CLOEXEC);

	if (made == 0 && size != 0)
		(void)fcntl(both[0], F_SETPIPE_SZ, size);
	return settle(made, both, 0, ours, theirs);
}

int
pipes_make(int ours[3], int theirs[3], bool reset_input)
{
	int error = pipes_input(&ours[0], &theirs[0], reset_input);

	if (error == 0)
		error = pipes_output(&ours[1], &theirs[1], PIPES_SIZE);
	if (error == 0)
		error = pipes_output(&ours[2], &theirs[2], 0);
	return error;
}
