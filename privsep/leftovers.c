/*
 * The table of children that look at users' files, for errand.c and for the
 * master's status.  Several monitors write it at once, and each may be killed
 * at any instruction: an entry belongs to the process named in `who`, and
 * anybody frees it when that one has ended.
 */
#include "privsep/leftovers.h"

#include "lib/loop.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAT_START 22 /* fields of /proc/PID/stat, from 1 */
#define STAT_STATE 3
#define GRACE_MS   1000 /* from its deadline until a child is left behind */
#define AGAIN_MS   2 /* until a place is looked for again */
#define NOWHERE	   (-1)

static struct leftover *table;

void
leftovers_use(struct leftover *shared)
{
	table = shared;
}

bool
leftovers_are_counted(void)
{
	return table != NULL;
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

/* Numbers are used again: a process is its number and its beginning. */
static uint64_t
identity(uint32_t pid)
{
	uint64_t start = process_start(pid);

	return start == 0 ? 0 : start << 32 | pid;
}

static uint64_t
own_identity(void)
{
	static uint64_t own;
	uint32_t pid = (uint32_t)getpid();

	if ((uint32_t)own != pid)
		own = identity(pid);
	return own;
}

static bool
change_hands(struct leftover *l, uint64_t from, uint64_t to)
{
	return __atomic_compare_exchange_n(
	    &l->who, &from, to, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
}

/* An entry that is free names no user. */
static void
release(struct leftover *l, uint64_t who)
{
	if (!change_hands(l, who, own_identity()))
		return;
	__atomic_store_n(&l->user, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&l->told, 0, __ATOMIC_SEQ_CST);
	__atomic_store_n(&l->who, 0, __ATOMIC_SEQ_CST);
}

/* The user (uid + 1) of an entry whose process lives; 0: not written yet.
 * False: it is free, or is freed here. */
static bool
is_used(struct leftover *l, uint32_t wanted, uint32_t *user)
{
	uint64_t who = __atomic_load_n(&l->who, __ATOMIC_SEQ_CST);

	*user = __atomic_load_n(&l->user, __ATOMIC_SEQ_CST);
	if (who == 0)
		return false;
	/* Children of other users do not matter. */
	if (wanted != 0 && *user != 0 && *user != wanted)
		return true;
	if (identity((uint32_t)who) == who)
		return true;
	release(l, who);
	return false;
}

static bool
is_left(const struct leftover *l)
{
	return __atomic_load_n(&l->due, __ATOMIC_SEQ_CST) <= loop_clock();
}

/*
 * How many children of this user are left behind, and how many at work in
 * front of a place.  An entry whose user is being written counts for all.
 */
static void
count_of(uid_t uid, int place, unsigned *left, unsigned *before)
{
	const uint32_t wanted = (uint32_t)uid + 1;
	uint32_t user;

	*left = *before = 0;
	for (int i = 0; i < LEFTOVERS_MAX; i++) {
		if (i == place || !is_used(&table[i], wanted, &user) ||
		    (user != 0 && user != wanted))
			continue;
		if (user != 0 && is_left(&table[i]))
			++*left;
		else if (i < place)
			++*before;
	}
}

static int
claim(uid_t uid, uint64_t who, uint64_t due)
{
	for (int i = 0; i < LEFTOVERS_MAX; i++) {
		if (__atomic_load_n(&table[i].who, __ATOMIC_RELAXED) != 0 ||
		    !change_hands(&table[i], 0, who))
			continue;
		__atomic_store_n(&table[i].due, due, __ATOMIC_SEQ_CST);
		__atomic_store_n(
		    &table[i].user, (uint32_t)uid + 1, __ATOMIC_SEQ_CST);
		return i;
	}
	return NOWHERE;
}

bool
leftovers_enter(
    uid_t uid, unsigned at_once, int64_t ms, struct leftover_place *place)
{
	const int64_t until = (int64_t)loop_clock() + ms;
	unsigned left, before;

	place->index = NOWHERE;
	if (table == NULL)
		return true;
	for (;;) {
		int64_t now = (int64_t)loop_clock();

		place->who = own_identity();
		place->index =
		    claim(uid, place->who, (uint64_t)(now + ms + GRACE_MS));
		if (place->index == NOWHERE)
			return false;
		/* One of two that came together has the lower place. */
		count_of(uid, place->index, &left, &before);
		if (left < LEFTOVERS_PER_USER &&
		    (at_once == 0 || left + before < at_once))
			return true;
		leftovers_leave(place);
		if (left >= LEFTOVERS_PER_USER || now >= until)
			return false;
		(void)poll(NULL, 0, AGAIN_MS);
	}
}

void
leftovers_child(struct leftover_place *place, pid_t pid)
{
	uint64_t who;

	if (place->index != NOWHERE && (who = identity((uint32_t)pid)) != 0 &&
	    change_hands(&table[place->index], place->who, who))
		place->who = who;
}

/* Somebody else may have found that its process has ended. */
void
leftovers_leave(struct leftover_place *place)
{
	if (place->index != NOWHERE)
		release(&table[place->index], place->who);
	place->index = NOWHERE;
}

void
leftovers_give_up(struct leftover_place *place)
{
	if (place->index != NOWHERE &&
	    change_hands(&table[place->index], place->who, place->who))
		__atomic_store_n(&table[place->index].due, 0, __ATOMIC_SEQ_CST);
	place->index = NOWHERE;
}

void
leftovers_add(uid_t uid, pid_t pid)
{
	uint64_t who = identity((uint32_t)pid);
	unsigned left, before;

	if (table == NULL || who == 0)
		return;
	count_of(uid, LEFTOVERS_MAX, &left, &before);
	if (left + before < LEFTOVERS_AT_ONCE)
		(void)claim(uid, who, 0);
}

const char *
leftovers_name(uid_t uid, char text[LEFTOVERS_NAME_MAX])
{
	if (uid == LEFTOVERS_CONFIGURATION)
		return "the configuration";
	snprintf(text, LEFTOVERS_NAME_MAX, "uid %u", (unsigned)uid);
	return text;
}

static bool
seen_before(struct leftover *all, size_t count, uint32_t user)
{
	for (size_t i = 0; i < count; i++)
		if (all[i].who != 0 && all[i].user == user && is_left(&all[i]))
			return true;
	return false;
}

size_t
leftovers_count(struct leftover *all, size_t *users)
{
	size_t count = 0;
	uint32_t user;

	*users = 0;
	for (size_t i = 0; i < LEFTOVERS_MAX; i++) {
		if (!is_used(&all[i], 0, &user) || user == 0 ||
		    !is_left(&all[i]))
			continue;
		count++;
		if (!seen_before(all, i, user))
			++*users;
	}
	return count;
}

/* Has the log this user already?  Then it has this entry, too. */
static bool
is_told(struct leftover *all, uint32_t user)
{
	for (size_t i = 0; i < LEFTOVERS_MAX; i++)
		if (all[i].who != 0 && all[i].user == user && all[i].told != 0)
			return true;
	return false;
}

bool
leftovers_untold(struct leftover *all, uid_t *uid)
{
	uint32_t user;

	for (size_t i = 0; i < LEFTOVERS_MAX; i++) {
		bool told;

		if (!is_used(&all[i], 0, &user) || user == 0 ||
		    !is_left(&all[i]) || all[i].told != 0)
			continue;
		told = is_told(all, user);
		all[i].told = 1;
		if (told)
			continue;
		*uid = (uid_t)(user - 1);
		return true;
	}
	return false;
}
