/*
 * Starts judges of open connections for the monitor template.  A judge can be
 * stuck in the kernel, where a name service reads from a file server that is
 * dead; rounds go on, and a judge for each would pile up.  So a door has one
 * at most, and what is asked meanwhile is kept: one door, whatever the number
 * of rounds.
 */
#include "daemon/monitor/judges.h"
#include "daemon/monitor/recheck.h"

#include "lib/log.h"
#include "lib/mem.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct behind {
	pid_t pid;
	dev_t device; /* of the door, whatever descriptor it comes by */
	ino_t inode;
	int next; /* the same door: a judge is wanted after this one; -1 */
	struct behind *link;
};

static const struct monitor_template *template;
static void (*leave_template)(void);
static struct behind *judges;

void
judges_use(const struct monitor_template *t, void (*leave)(void))
{
	template = t;
	leave_template = leave;
}

static struct behind *
find(const struct stat *door)
{
	struct behind *b = judges;

	while (b != NULL &&
	    (b->device != door->st_dev || b->inode != door->st_ino))
		b = b->link;
	return b;
}

static void
fork_judge(int door, const struct stat *st)
{
	struct behind *b;
	pid_t pid = fork();

	if (pid == 0) {
		leave_template();
		close(template->judges);
		judge_run(template, door);
	}
	if (pid < 0) {
		log_error("no judge: %s", strerror(errno));
		return;
	}
	b = mem_zalloc(sizeof(*b));
	b->pid = pid;
	b->device = st->st_dev;
	b->inode = st->st_ino;
	b->next = -1;
	b->link = judges;
	judges = b;
}

void
judges_start(int door)
{
	struct behind *b;
	struct stat st;

	if (fstat(door, &st) != 0)
		log_error("no judge: %s", strerror(errno));
	else if ((b = find(&st)) == NULL)
		fork_judge(door, &st);
	else if (b->next < 0)
		b->next = fcntl(door, F_DUPFD_CLOEXEC, 0);
}

void
judges_look(int fd)
{
	pid_t pid = fork();

	if (pid == 0) {
		leave_template();
		close(template->judges);
		judge_look(template->config, fd);
	}
	if (pid < 0)
		log_error("no look at files: %s", strerror(errno));
}

bool
judges_bury(pid_t pid)
{
	struct behind **at = &judges, *gone;
	int door;

	while (*at != NULL && (*at)->pid != pid)
		at = &(*at)->link;
	if ((gone = *at) == NULL)
		return false;
	*at = gone->link;
	door = gone->next;
	free(gone);
	if (door >= 0) {
		judges_start(door);
		close(door);
	}
	return true;
}

void
judges_release(void)
{
	for (struct behind *b = judges, *next; b != NULL; b = next) {
		next = b->link;
		if (b->next >= 0)
			close(b->next);
		free(b);
	}
	judges = NULL;
}
