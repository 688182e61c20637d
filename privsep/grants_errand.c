/*
 * Sends a child that reads the directory of grants.  Unlike the light children
 * of errand.c it is a fork, since reading a directory allocates.  It leaves
 * the grants in memory that its sender made, and says that it has by a pipe.
 */
#include "privsep/grants_errand.h"

#include "lib/loop.h"
#include "lib/mem.h"
#include "privsep/errand_child.h"
#include "privsep/grants_directory.h"

#include <sys/mman.h>
#include <sys/prctl.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct told {
	enum fact_state state;
	size_t count;
};

static bool
copy_out(int memory, const void *data, size_t len)
{
	const char *at = data;

	for (size_t done = 0; done < len;) {
		ssize_t n = write(memory, &at[done], len - done);

		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

static bool
copy_in(int memory, void *data, size_t len)
{
	char *at = data;

	for (size_t done = 0; done < len;) {
		ssize_t n = pread(memory, &at[done], len - done, (off_t)done);

		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* It holds no wall: one that stays in the kernel keeps nobody waiting. */
static void
keep_two(int third, int fourth)
{
	int a = fcntl(third, F_DUPFD, 5), b = fcntl(fourth, F_DUPFD, 5);

	if (dup2(a, 3) != 3 || dup2(b, 4) != 4)
		_exit(125);
	errand_close_from(5);
}

static void
be_reader(const char *directory, int to, int memory)
{
	struct timed_grant *grants;
	struct told told;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		_exit(125);
	keep_two(to, memory);
	told.state =
	    grants_read(directory, NULL, NULL, NULL, &grants, &told.count);
	if (!copy_out(4, grants, told.count * sizeof(*grants)) ||
	    write(3, &told, sizeof(told)) != (ssize_t)sizeof(told))
		_exit(125);
	_exit(0);
}

static void
end_reader(pid_t pid, struct leftover_place *place)
{
	int status;

	if (errand_bury(pid, &status))
		leftovers_leave(place);
	else
		leftovers_give_up(place);
}

static enum fact_state
take(int from, int memory, struct timed_grant **grants, size_t *count)
{
	struct timed_grant *all;
	struct told told;

	if (read(from, &told, sizeof(told)) != (ssize_t)sizeof(told) ||
	    told.state != FACT_KNOWN || told.count > GRANTS_LOOK_MAX)
		return FACT_UNKNOWN;
	if (told.count == 0)
		return FACT_KNOWN;
	all = mem_array(told.count, sizeof(*all));
	if (!copy_in(memory, all, told.count * sizeof(*all))) {
		free(all);
		return FACT_UNKNOWN;
	}
	*grants = all;
	*count = told.count;
	return FACT_KNOWN;
}

static enum fact_state
send_reader(const char *directory, unsigned deadline_ms, int memory,
    int pipes[2], struct timed_grant **grants, size_t *count, bool *late)
{
	const int64_t until = (int64_t)loop_clock() + deadline_ms;
	enum fact_state state = FACT_UNKNOWN;
	struct leftover_place place;
	pid_t pid;

	*late = !leftovers_enter(
	    LEFTOVERS_CONFIGURATION, LEFTOVERS_AT_ONCE, deadline_ms, &place);
	if (*late)
		return FACT_UNKNOWN;
	pid = fork();
	if (pid == 0)
		be_reader(directory, pipes[1], memory);
	if (pid < 0) {
		leftovers_leave(&place);
		return FACT_UNKNOWN;
	}
	leftovers_child(&place, pid);
	close(pipes[1]);
	pipes[1] = -1;
	*late = !light_child_wait(pipes[0], until - (int64_t)loop_clock());
	if (!*late)
		state = take(pipes[0], memory, grants, count);
	end_reader(pid, &place);
	return state;
}

enum fact_state
grants_errand(const char *directory, unsigned deadline_ms,
    struct timed_grant **grants, size_t *count, bool *late)
{
	int memory = memfd_create("grants", MFD_CLOEXEC), pipes[2] = {-1, -1};
	enum fact_state state = FACT_UNKNOWN;

	*grants = NULL;
	*count = 0;
	*late = false;
	if (memory >= 0 && pipe2(pipes, O_CLOEXEC) == 0)
		state = send_reader(
		    directory, deadline_ms, memory, pipes, grants, count, late);
	for (int i = 0; i < 2; i++)
		if (pipes[i] >= 0)
			close(pipes[i]);
	if (memory >= 0)
		close(memory);
	return state;
}
