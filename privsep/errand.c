/*
 * Errands: light children that touch what may hang or lie, files of users on
 * whatever file server and programs that print keys.  A file is opened, judged
 * and read by the child, which leaves the bytes in memory that its sender
 * made: no descriptor of a user's file system reaches root, for whom even
 * close() of one may never return.  Each child has a deadline, after which it
 * is killed; nobody waits for one that cannot die.  Sent by
 * monitors, and by sallyportctl explain, which is to see what they would.
 */
#include "privsep/errand_child.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "privsep/directory.h"
#include "privsep/glob_files.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BURY_MS 1000 /* until a process that was killed has ended */

int
errand_from_err(int err)
{
	switch (err) {
	case 0:
		return SALLYPORT_OK;
	case E_NOT_FOUND:
		return SALLYPORT_NOT_FOUND;
	case E_PERMISSIONS:
		return SALLYPORT_PERMISSIONS;
	case E_TOO_LARGE:
		return SALLYPORT_TOO_LARGE;
	default:
		return SALLYPORT_SYSTEM;
	}
}

void
errand_close_from(unsigned first)
{
	if (syscall(SYS_close_range, first, ~0u, 0) != 0)
		_exit(125);
}

/*
 * In a child: become somebody for good.  By the calls themselves: libc's
 * would have all threads follow, and a module's thread is our parent's.
 * A change of the effective user makes memory, which is the monitor's,
 * dumpable where fs.suid_dumpable says so; until that is taken back the saved
 * user stays root's, and who is not root may not trace what is partly root.
 */
void
errand_become(const struct errand_as *as)
{
	if (geteuid() != 0)
		return; /* who asks about itself; tests */
	if (syscall(SYS_setgroups, as->group_count, as->groups) != 0 ||
	    syscall(SYS_setresgid, as->gid, as->gid, as->gid) != 0 ||
	    syscall(SYS_setresuid, as->uid, as->uid, 0) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0) != 0 ||
	    syscall(SYS_setresuid, as->uid, as->uid, as->uid) != 0)
		_exit(125);
	if (as->uid != 0 && syscall(SYS_setuid, 0) == 0)
		_exit(125);
}

/* ---- reading ------------------------------------------------------------ */

struct reply {
	int err;
	char why[SAFEFILE_WHY_MAX];
};

struct opening {
	const struct errand_as *as;
	const char *path;
	const struct safefile_rules *rules; /* NULL: path is a pattern */
	int to; /* a pipe, for the reply */
	int memory; /* for the bytes */
};

/* At most max bytes of a file into memory.  0 or an E_ code. */
static int
copy_file(int from, int to, size_t max)
{
	uint8_t block[8192];
	size_t total = 0;

	for (;;) {
		ssize_t n = read(from, block, sizeof(block));

		if (n == 0)
			return 0;
		if (n < 0)
			return E_SYSTEM;
		total += (size_t)n;
		if (total > max)
			return E_TOO_LARGE;
		for (ssize_t done = 0, m; done < n; done += m)
			if ((m = write(to, &block[done], (size_t)(n - done))) <=
			    0)
				return E_SYSTEM;
	}
}

/* In a child: two descriptors at 3 and 4, and no other above. */
static void
keep_two(int third, int fourth)
{
	int a = fcntl(third, F_DUPFD, 5), b = fcntl(fourth, F_DUPFD, 5);

	if (dup2(a, 3) != 3 || dup2(b, 4) != 4)
		_exit(125);
	errand_close_from(5);
}

static int
read_file(void *arg)
{
	const struct opening *o = arg;
	struct reply reply;
	int fd = -1;

	keep_two(o->to, o->memory);
	errand_become(o->as);
	memset(&reply, 0, sizeof(reply));
	if (o->rules == NULL)
		reply.err = glob_files(o->path, 4, reply.why);
	else if ((reply.err =
			 safefile_open(o->path, o->rules, &fd, reply.why)) == 0)
		reply.err = copy_file(fd, 4, o->rules->max);
	return write(3, &reply, sizeof(reply)) == (ssize_t)sizeof(reply) ? 0 :
									   125;
}

/* Nobody writes there any more, also not a child that was given up. */
static bool
seal(int memory)
{
	return fcntl(memory, F_ADD_SEALS,
		   F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) ==
	    0 &&
	    lseek(memory, 0, SEEK_SET) == 0;
}

int
errand_send(struct errand_child *sent, uid_t whose, unsigned at_once,
    int64_t ms, int (*run)(void *arg), void *arg)
{
	int error;

	if (!leftovers_enter(whose, at_once, ms, &sent->place))
		return SALLYPORT_STATE;
	if (light_child_start(&sent->child, run, arg) != 0) {
		error = errno;
		leftovers_leave(&sent->place);
		errno = error;
		return SALLYPORT_SYSTEM;
	}
	leftovers_child(&sent->place, sent->child.pid);
	return SALLYPORT_OK;
}

void
errand_end(
    struct errand_child *sent, uid_t whose, int64_t ms, bool group, int *status)
{
	char name[LEFTOVERS_NAME_MAX];

	if (light_child_end(&sent->child, ms, group, status)) {
		leftovers_leave(&sent->place);
		return;
	}
	leftovers_give_up(&sent->place);
	if (!leftovers_are_counted())
		log_warn("process %d, which looks at files of %s, cannot "
			 "be ended: no file server answers it",
		    (int)sent->child.pid, leftovers_name(whose, name));
}

int
errand_refuse_stuck(uid_t uid, char *why, size_t why_size)
{
	char name[LEFTOVERS_NAME_MAX];

	snprintf(why, why_size,
	    "processes that look at files of %s still wait for them",
	    leftovers_name(uid, name));
	return SALLYPORT_TIMEOUT;
}

/* Wait for the child's answer, and end it. */
static int
await_reply(struct errand_child *sent, const struct opening *o, int from,
    int64_t until, char *why, size_t why_size)
{
	struct reply reply;
	int status, result = SALLYPORT_SYSTEM;

	if (!light_child_wait(from, until - (int64_t)loop_clock())) {
		snprintf(why, why_size, "%s was not read in time", o->path);
		result = SALLYPORT_TIMEOUT;
	} else if (read(from, &reply, sizeof(reply)) !=
	    (ssize_t)sizeof(reply)) {
		snprintf(why, why_size, "the process reading %s died", o->path);
	} else {
		reply.why[sizeof(reply.why) - 1] = '\0';
		snprintf(why, why_size, "%s",
		    reply.why[0] != '\0' ? reply.why : err_text(reply.err));
		result = errand_from_err(reply.err);
	}
	errand_end(sent, o->as->whose, 0, false, &status);
	return result;
}

static int
open_by(const struct errand_as *as, const char *path,
    const struct safefile_rules *rules, unsigned deadline_ms, int *fd,
    char *why, size_t why_size)
{
	struct opening o = {
	    .as = as, .path = path, .rules = rules, .memory = -1};
	const int64_t until = (int64_t)loop_clock() + deadline_ms;
	struct errand_child sent;
	int pipes[2] = {-1, -1}, result = SALLYPORT_SYSTEM;

	*fd = -1;
	o.memory = memfd_create("file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (o.memory < 0 || pipe2(pipes, O_CLOEXEC) != 0)
		goto failed;
	o.to = pipes[1];
	result = errand_send(&sent, as->whose, LEFTOVERS_AT_ONCE,
	    (int64_t)deadline_ms, read_file, &o);
	if (result == SALLYPORT_STATE) {
		result = errand_refuse_stuck(as->whose, why, why_size);
		goto out;
	}
	if (result != SALLYPORT_OK)
		goto failed;
	close(pipes[1]);
	pipes[1] = -1;
	result = await_reply(&sent, &o, pipes[0], until, why, why_size);
	if (result == SALLYPORT_OK && !seal(o.memory)) {
		result = SALLYPORT_SYSTEM;
		goto failed;
	}
	goto out;
failed:
	snprintf(why, why_size, "%s", strerror(errno));
out:
	if (pipes[0] >= 0)
		close(pipes[0]);
	if (pipes[1] >= 0)
		close(pipes[1]);
	if (result == SALLYPORT_OK)
		*fd = o.memory;
	else if (o.memory >= 0)
		close(o.memory);
	return result;
}

int
errand_open(const struct errand_as *as, const char *path, const char *below,
    size_t max, unsigned deadline_ms, int *fd, char *why, size_t why_size)
{
	struct safefile_rules rules = {.owner = as->uid,
	    .flags = SAFEFILE_FOLLOW,
	    .max = max,
	    .below = below};
	int err = open_by(as, path, &rules, deadline_ms, fd, why, why_size);

	/* The name service is asked only where the answer may matter. */
	if (err != SALLYPORT_PERMISSIONS || as->private_group_of == NULL ||
	    !directory_group_is_private(as->private_group_of, as->gid))
		return err;
	rules.private_group = as->gid;
	return open_by(as, path, &rules, deadline_ms, fd, why, why_size);
}

int
errand_match(const struct errand_as *as, const char *pattern,
    unsigned deadline_ms, char **names, size_t *len, char *why, size_t why_size)
{
	int fd, err;

	*names = NULL;
	err = open_by(as, pattern, NULL, deadline_ms, &fd, why, why_size);
	if (err != SALLYPORT_OK)
		return err;
	if ((*names = glob_read(fd, len)) == NULL) {
		snprintf(why, why_size, "no list of files came");
		err = SALLYPORT_SYSTEM;
	}
	close(fd);
	return err;
}

/* ---- asking -------------------------------------------------------------- */

struct asking {
	const struct errand_as *as;
	enum errand_question question;
	const char *path;
	int to;
};

static int
answer(enum errand_question question, const char *path)
{
	struct stat st;
	int failed;

	if (question == ERRAND_REMOVE)
		failed = unlink(path);
	else if (question == ERRAND_IS_PROGRAM)
		failed = stat(path, &st);
	else
		failed = lstat(path, &st);
	if (failed != 0)
		return question == ERRAND_REMOVE && errno != ENOENT ?
		    SALLYPORT_PERMISSIONS :
		    SALLYPORT_NOT_FOUND;
	if (question == ERRAND_IS_PROGRAM &&
	    (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0))
		return SALLYPORT_PERMISSIONS;
	return SALLYPORT_OK;
}

/*
 * A program of the system, as nearly every shell is: root made the way to it,
 * no user can have mounted anything there, and no child has to be sent.
 */
static bool
is_of_the_system(const char *path)
{
	static const char *const places[] = {
	    "/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/"};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		size_t len = strlen(places[i]);

		if (strncmp(path, places[i], len) == 0)
			return path[len] != '\0' &&
			    strchr(&path[len], '/') == NULL;
	}
	return false;
}

static int
ask(void *arg)
{
	const struct asking *a = arg;
	signed char said;

	if (dup2(a->to, 3) != 3)
		return 125;
	errand_close_from(4);
	errand_become(a->as);
	said = (signed char)answer(a->question, a->path);
	return write(3, &said, 1) == 1 ? 0 : 125;
}

int
errand_ask(const struct errand_as *as, enum errand_question question,
    const char *path, unsigned deadline_ms, pid_t *pid)
{
	const int64_t until = (int64_t)loop_clock() + deadline_ms;
	struct asking a = {.as = as, .question = question, .path = path};
	struct errand_child sent;
	int pipes[2], status, result;
	signed char said;

	if (question == ERRAND_IS_PROGRAM && is_of_the_system(path))
		return answer(question, path);
	if (pipe2(pipes, O_CLOEXEC) != 0)
		return SALLYPORT_SYSTEM;
	a.to = pipes[1];
	result = errand_send(
	    &sent, as->whose, LEFTOVERS_AT_ONCE, (int64_t)deadline_ms, ask, &a);
	close(pipes[1]);
	if (result == SALLYPORT_OK) {
		*pid = sent.child.pid;
		if (!light_child_wait(pipes[0], until - (int64_t)loop_clock()))
			result = SALLYPORT_TIMEOUT;
		else
			result = read(pipes[0], &said, 1) == 1 ?
			    said :
			    SALLYPORT_SYSTEM;
		errand_end(&sent, as->whose, 0, false, &status);
	}
	close(pipes[0]);
	return result;
}

bool
errand_bury(pid_t pid, int *status)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	bool ended;

	*status = SIGKILL;
	kill(pid, SIGKILL);
	ended = pidfd < 0 || light_child_wait(pidfd, BURY_MS);
	if (pidfd >= 0)
		close(pidfd);
	if (!ended)
		return false;
	while (waitpid(pid, status, 0) < 0)
		if (errno != EINTR)
			return true;
	return true;
}
