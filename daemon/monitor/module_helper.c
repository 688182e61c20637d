/*
 * sallyport-module-test: the module's helper, in a child that is confined as
 * a server's helper is.
 */
#include "daemon/helper/helper.h"
#include "daemon/monitor/host.h"
#include "daemon/monitor/module_test.h"
#include "lib/log.h"
#include "privsep/die.h"
#include "privsep/drop.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define END_TURNS 200 /* of 10 ms */

static void __attribute__((noreturn)) run(struct test *t, int door)
{
	const struct hosted *h = &t->t.modules[0];
	const char *why;
	uid_t uid = getuid();
	gid_t gid = getgid();

	(void)signal(SIGALRM, SIG_DFL);
	if (uid == 0) {
		if (drop_account(t->helper_user, &uid, &gid) != 0)
			die("%s: no account for a helper", t->helper_user);
		if (setgroups(0, NULL) != 0)
			die_errno("setgroups");
		drop_to_user(uid, gid);
	}
	if (dup2(door, 3) < 0 || syscall(SYS_close_range, 4, ~0U, 0) != 0 ||
	    fcntl(3, F_SETFL, O_RDWR | O_NONBLOCK) != 0)
		die_errno("the helper's door");
	helper_confine(3);
	why = helper_serve(h->settings, h->file, 3, NULL);
	if (why != NULL)
		log_error("the helper has ended: %s", why);
	_exit(why == NULL ? 0 : 1);
}

void
helper_begin(struct test *t)
{
	struct hosted *h = &t->t.modules[0];
	int door[2];

	if (!host_has_helper(h))
		return;
	if (wall_pair(door) != 0 || (t->helper = fork()) < 0) {
		perror("helper");
		exit(2);
	}
	if (t->helper == 0)
		run(t, door[0]);
	close(door[0]);
	h->door = door[1];
}

void
helper_end(struct test *t)
{
	struct hosted *h = &t->t.modules[0];
	int status, turns = 0;

	if (t->helper <= 0)
		return;
	close(h->door);
	h->door = -1;
	while (waitpid(t->helper, &status, WNOHANG) == 0) {
		if (++turns == END_TURNS)
			kill(t->helper, SIGKILL);
		usleep(10000);
	}
	if (turns >= END_TURNS)
		printf("the helper did not end with its door\n");
}
