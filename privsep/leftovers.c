/*
 * The table of children that cannot be ended, for errand.c and for the
 * master's status.  Written by several monitors at once: an entry is claimed
 * and freed by its pid alone.
 */
#include "privsep/leftovers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CLAIMED	   1u
#define STAT_START 22 /* fields of /proc/PID/stat, from 1 */
#define STAT_STATE 3

static struct leftover *table;

void
leftovers_use(struct leftover *shared)
{
	table = shared;
}

/* When the process began; 0: it has ended. */
static uint64_t
process_start(uint32_t pid)
{
	char path[32], text[1024], *at;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/stat", (unsigned)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')'); /* its name may contain anything */
	if (at == NULL || at[1] == '\0' || at[2] == 'Z' || at[2] == 'X')
		return 0;
	for (int field = STAT_STATE - 1; field < STAT_START; field++) {
		at = strchr(&at[1], ' ');
		if (at == NULL)
			return 0;
	}
	return strtoull(at, NULL, 10);
}

/* False, and the entry is free, when its process has ended. */
static bool
is_left(struct leftover *l, uint32_t pid)
{
	if (process_start(pid) == l->started)
		return true;
	__atomic_compare_exchange_n(
	    &l->pid, &pid, 0, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
	return false;
}

/* How many of this user are left; *full: there is no room for another. */
static unsigned
count_of(uid_t uid, bool *full)
{
	unsigned count = 0;

	*full = true;
	for (size_t i = 0; i < LEFTOVERS_MAX; i++) {
		uint32_t pid = __atomic_load_n(&table[i].pid, __ATOMIC_ACQUIRE);

		if (pid == 0)
			*full = false;
		else if (pid != CLAIMED && table[i].uid == uid &&
		    is_left(&table[i], pid))
			count++;
	}
	return count;
}

bool
leftovers_allow(uid_t uid)
{
	bool full;

	return table == NULL ||
	    (count_of(uid, &full) < LEFTOVERS_PER_USER && !full);
}

unsigned
leftovers_add(uid_t uid, pid_t pid)
{
	bool full;

	for (size_t i = 0; table != NULL && i < LEFTOVERS_MAX; i++) {
		uint32_t none = 0;

		if (!__atomic_compare_exchange_n(&table[i].pid, &none, CLAIMED,
			false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			continue;
		table[i].uid = uid;
		table[i].started = process_start((uint32_t)pid);
		__atomic_store_n(
		    &table[i].pid, (uint32_t)pid, __ATOMIC_RELEASE);
		break;
	}
	return table == NULL ? 1 : count_of(uid, &full);
}

static bool
seen_before(const struct leftover *all, size_t count, uint32_t uid)
{
	for (size_t i = 0; i < count; i++)
		if (all[i].pid > CLAIMED && all[i].uid == uid)
			return true;
	return false;
}

size_t
leftovers_count(struct leftover *all, size_t *users)
{
	size_t count = 0;

	*users = 0;
	for (size_t i = 0; i < LEFTOVERS_MAX; i++) {
		uint32_t pid = __atomic_load_n(&all[i].pid, __ATOMIC_ACQUIRE);

		if (pid <= CLAIMED || !is_left(&all[i], pid))
			continue;
		count++;
		if (!seen_before(all, i, all[i].uid))
			++*users;
	}
	return count;
}
