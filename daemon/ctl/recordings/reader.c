/*
 * The process that reads recordings: reader.h.
 */
#include "daemon/ctl/recordings/reader.h"

#include "daemon/ctl/record.h"
#include "daemon/ctl/say.h"
#include "lib/fd.h"
#include "lib/ssh/digest.h"
#include "lib/ssh/key.h"
#include "privsep/drop.h"
#include "privsep/sandbox.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NOBODY 65534

/* A message of the socket; its descriptors are those that has says. */
struct message {
	bool running;
	bool has[STORE_FILES];
	char base[256];
	char name[STORE_NAME_MAX];
};

bool
reader_send(int feed, const struct recording *r)
{
	struct message m;
	int fds[STORE_FILES] = {-1};
	size_t count = 0;

	memset(&m, 0, sizeof(m));
	m.running = r->running;
	memcpy(m.base, r->base, sizeof(m.base));
	memcpy(m.name, r->name, sizeof(m.name));
	for (size_t i = 0; i < STORE_FILES; i++)
		if ((m.has[i] = r->fds[i] >= 0))
			fds[count++] = r->fds[i];
	return fd_send(feed, &m, sizeof(m), fds, count, 0) ==
	    (ssize_t)sizeof(m);
}

bool
reader_next(int feed, struct recording *r)
{
	union {
		char space[CMSG_SPACE(STORE_FILES * sizeof(int))];
		struct cmsghdr align;
	} control;
	struct message m;
	struct iovec iov = {.iov_base = &m, .iov_len = sizeof(m)};
	struct msghdr h = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space)};
	int fds[STORE_FILES];
	size_t count = 0, got;
	bool odd = false;

	memset(&m, 0, sizeof(m));
	if (recvmsg(feed, &h, MSG_CMSG_CLOEXEC) != (ssize_t)sizeof(m))
		return false;
	got = fd_take(&h, fds, STORE_FILES, &odd);
	memset(r, 0, sizeof(*r));
	r->running = m.running;
	memcpy(r->base, m.base, sizeof(r->base));
	memcpy(r->name, m.name, sizeof(r->name));
	for (size_t i = 0; i < STORE_FILES; i++)
		r->fds[i] = m.has[i] && count < got ? fds[count++] : -1;
	return true;
}

void
recording_close(struct recording *r)
{
	fd_close_all(r->fds, STORE_FILES);
	for (size_t i = 0; i < STORE_FILES; i++)
		r->fds[i] = -1;
}

/* All that needs the file system is done before. */
static void
lock_up(void)
{
	uid_t uid = NOBODY;
	gid_t gid = NOBODY;

	tzset();
	if (digest_preload() != 0 || key_preload() != 0)
		_exit(CTL_FAILED);
	if (geteuid() == 0) {
		if (drop_account("nobody", &uid, &gid) != 0)
			uid = gid = NOBODY;
		if (setgroups(0, NULL) != 0)
			_exit(CTL_FAILED);
		drop_to_user(uid, gid);
	}
	/* A reader does not outlive who asked; a change of the uid forgets it.
	 */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		_exit(CTL_FAILED);
	sandbox_reader();
}

static void __attribute__((noreturn))
be_child(struct recordings_options *o, reader_fn *read, int feed)
{
	int status;

	lock_up();
	status = read(o, feed);
	status = ctl_end(o->ctl, status);
	_exit(status);
}

static int
await(const struct ctl *ctl, pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	/* Its words about a failure stand in its answer already. */
	if (ctl->json && WIFEXITED(status))
		json_note_written();
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	/* The reader of our output closed it: no error to report. */
	if (WTERMSIG(status) == SIGPIPE)
		return CTL_FAILED;
	return ctl_fail("the reader of recordings was ended by signal %d",
	    WTERMSIG(status));
}

int
reader_run(struct recordings_options *o, reader_fn *read, reader_feed_fn *feed,
    void *arg)
{
	int ends[2];
	pid_t pid;

	fflush(NULL);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
		return ctl_fail("%s", strerror(errno));
	if ((pid = fork()) < 0) {
		fd_close_all(ends, 2);
		return ctl_fail("%s", strerror(errno));
	}
	if (pid == 0) {
		close(ends[0]);
		be_child(o, read, ends[1]);
	}
	close(ends[1]);
	feed(o, ends[0], arg);
	close(ends[0]);
	return await(o->ctl, pid);
}
