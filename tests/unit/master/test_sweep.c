/*
 * Tests that an object that is ended in a callback lives until the end of the
 * loop's turn.
 */
#include "tests/unit/master/rig.h"
#include "tests/unit/master/suites.h"

#include <sys/syscall.h>
#include <sys/wait.h>

#include <signal.h>
#include <unistd.h>

static pid_t
sleeper(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

static int
pidfd_of(pid_t pid)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	ck_assert_int_ge(fd, 0);
	return fd;
}

/* A process that stands for a template's. */
static void
give_process(struct child *c)
{
	c->pid = sleeper();
	c->pidfd = pidfd_of(c->pid);
	generation_watch(c->generation, c);
}

/* A connection of the worker template's, whose processes are not known. */
static struct connection *
handed_over(void)
{
	struct connection *c = rig_connection("192.0.2.1", 0);

	close(c->client);
	c->client = -1;
	ck_assert(connection_take_workers(c));
	return c;
}

START_TEST(a_forgotten_connection_is_freed_by_the_sweep)
{
	struct connection *c = handed_over();

	connection_forget(&rig.m, c);
	ck_assert_ptr_null(rig.m.connections);
	ck_assert(c->gone);
	connection_forget(&rig.m, c); /* once is enough */
	ck_assert_uint_eq(rig.m.n_connections, 0);
	ck_assert_uint_eq(rig.g->connections, 0);
	sweep_turn(&rig.m);
	ck_assert_ptr_null(rig.m.gone);
}
END_TEST

/* The old generation's worker template dies while a client of it waits. */
START_TEST(a_generation_outlives_the_end_of_its_last_process)
{
	struct child *workers = &rig.g->workers->child;
	struct connection *c = handed_over();
	pid_t monitor = sleeper();

	loop_at_end(rig.m.loop, sweep_turn, &rig.m);
	rig.g->keyholder.pid = rig.g->monitors.pid = 0;
	connection_monitor_born(c, monitor, pidfd_of(monitor));
	give_process(workers);
	generation_retire(rig.g);
	ck_assert_int_eq(kill(workers->pid, SIGKILL), 0);
	while (workers->pid != 0)
		ck_assert_int_eq(loop_turn(rig.m.loop, 1000), 0);
	/* The connection goes on without it, and the generation with that. */
	ck_assert_ptr_eq(rig.m.connections, c);
	ck_assert_ptr_eq(rig.m.generations, rig.g);
	ck_assert_int_eq(kill(monitor, SIGKILL), 0);
	ck_assert_int_eq(waitpid(monitor, NULL, 0), monitor);
	connection_monitor_died(&rig.m, c, 0, 0);
	ck_assert_ptr_eq(rig.m.generations, rig.g);
	ck_assert_int_eq(loop_turn(rig.m.loop, 0), 0);
	ck_assert_ptr_null(rig.m.generations);
	rig.g = NULL;
}
END_TEST

/* One that has no more work to come does not stand in for the current one. */
START_TEST(a_retired_worker_template_is_no_replacement)
{
	rig.g->workers->retired = true;
	ck_assert(!generation_serves(rig.g));
	rig.g->workers->retired = false;
	ck_assert(generation_serves(rig.g));
}
END_TEST

TCase *
case_sweep(void)
{
	TCase *tc = tcase_create("sweep");

	tcase_add_checked_fixture(tc, rig_start, rig_stop);
	tcase_add_test(tc, a_forgotten_connection_is_freed_by_the_sweep);
	tcase_add_test(tc, a_generation_outlives_the_end_of_its_last_process);
	tcase_add_test(tc, a_retired_worker_template_is_no_replacement);
	return tc;
}
