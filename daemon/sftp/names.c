/*
 * The long form of a directory entry, as OpenSSH writes it: clients parse it
 * for owner and links.  A listing of 100,000 entries makes as many lines, so
 * it is put together by hand and what repeats is remembered.
 */
#include "daemon/sftp/names.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <time.h>

#define CACHE_SIZE 64

struct known {
	bool valid;
	uint32_t id;
	char name[NAME_TEXT_MAX + 1];
};

static struct known users[CACHE_SIZE], groups[CACHE_SIZE];

static const char *
remember(struct known *k, uint32_t id, const char *name)
{
	size_t len = name == NULL ? 0 : strlen(name);

	if (len > NAME_TEXT_MAX)
		len = 0;
	k->valid = true;
	k->id = id;
	if (len != 0)
		memcpy(k->name, name, len);
	k->name[len] = '\0';
	return k->name;
}

const char *
names_user(uint32_t uid)
{
	struct known *k = &users[uid % CACHE_SIZE];
	const struct passwd *pw;

	if (k->valid && k->id == uid)
		return k->name;
	pw = getpwuid(uid);
	return remember(k, uid, pw == NULL ? NULL : pw->pw_name);
}

const char *
names_group(uint32_t gid)
{
	struct known *k = &groups[gid % CACHE_SIZE];
	const struct group *gr;

	if (k->valid && k->id == gid)
		return k->name;
	gr = getgrgid(gid);
	return remember(k, gid, gr == NULL ? NULL : gr->gr_name);
}

struct line {
	char *text;
	size_t len;
	size_t room; /* without the terminator */
};

static void
add(struct line *l, const char *text, size_t len)
{
	if (len > l->room - l->len)
		len = l->room - l->len;
	memcpy(&l->text[l->len], text, len);
	l->len += len;
}

static void
pad(struct line *l, size_t have, size_t width)
{
	for (; have < width; have++)
		add(l, " ", 1);
}

/* text, left aligned in width, and a space */
static void
add_left(struct line *l, const char *text, size_t width)
{
	size_t len = strlen(text);

	add(l, text, len);
	pad(l, len, width);
	add(l, " ", 1);
}

static const char *
digits(char room[24], uint64_t value)
{
	char *at = &room[23];

	*at = '\0';
	do {
		*--at = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	return at;
}

static void
add_right(struct line *l, uint64_t value, size_t width)
{
	char room[24];
	const char *text = digits(room, value);

	pad(l, strlen(text), width);
	add(l, text, strlen(text));
	add(l, " ", 1);
}

static char
type_letter(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return 'd';
	case S_IFLNK:
		return 'l';
	case S_IFCHR:
		return 'c';
	case S_IFBLK:
		return 'b';
	case S_IFIFO:
		return 'p';
	case S_IFSOCK:
		return 's';
	default:
		return '-';
	}
}

/* "drwxr-xr-x  ": the first blank is ls's place for other access methods. */
static void
add_mode(struct line *l, mode_t mode)
{
	char text[] = "-rwxrwxrwx  ";

	text[0] = type_letter(mode);
	for (int i = 0; i < 9; i++)
		if ((mode & (0400u >> i)) == 0)
			text[1 + i] = '-';
	if ((mode & S_ISUID) != 0)
		text[3] = (mode & S_IXUSR) != 0 ? 's' : 'S';
	if ((mode & S_ISGID) != 0)
		text[6] = (mode & S_IXGRP) != 0 ? 's' : 'S';
	if ((mode & S_ISVTX) != 0)
		text[9] = (mode & S_IXOTH) != 0 ? 't' : 'T';
	add(l, text, 12);
}

static void
add_two(struct line *l, int value, char fill)
{
	char text[2] = {
	    (char)('0' + value / 10 % 10), (char)('0' + value % 10)};

	if (value < 10)
		text[0] = fill;
	add(l, text, 2);
}

/* "Nov 20 23:41", or with the year when more than half a year away. */
static void
make_time(struct line *l, time_t when, time_t now)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	const time_t half_year = 365 * 24 * 60 * 60 / 2;
	char room[24];
	const char *year;
	struct tm tm;

	if (localtime_r(&when, &tm) == NULL || tm.tm_year < -1900)
		memset(&tm, 0, sizeof(tm));
	add(l, &months[tm.tm_mon % 12 * 3], 3);
	add(l, " ", 1);
	add_two(l, tm.tm_mday, ' ');
	add(l, " ", 1);
	if (when > now || now - when >= half_year) {
		year = digits(room, (uint64_t)((int64_t)tm.tm_year + 1900));
		pad(l, strlen(year), 5);
		add(l, year, strlen(year));
	} else {
		add_two(l, tm.tm_hour, '0');
		add(l, ":", 1);
		add_two(l, tm.tm_min, '0');
	}
}

/* Files of one directory share minutes; a time is worked out once. */
static void
add_time(struct line *l, time_t when)
{
	static time_t minute = -1, minute_now = -1;
	static char text[40];
	static size_t len;
	time_t now = time(NULL);

	if (minute == -1 || when / 60 != minute || now / 60 != minute_now) {
		struct line fresh = {.text = text, .room = sizeof(text)};

		make_time(&fresh, when, now);
		len = fresh.len;
		minute = when / 60;
		minute_now = now / 60;
	}
	add(l, text, len);
	add(l, " ", 1);
}

static void
add_owner(struct line *l, const char *name, uint32_t id)
{
	char room[24];

	add_left(l, name[0] != '\0' ? name : digits(room, id), 8);
}

size_t
names_long(char *line, size_t size, const char *name, const struct stat *st,
    bool numeric)
{
	struct line l = {.text = line, .room = size - 1};

	add_mode(&l, st->st_mode);
	add_right(&l, st->st_nlink, 3);
	add_owner(&l, numeric ? "" : names_user(st->st_uid), st->st_uid);
	add_owner(&l, numeric ? "" : names_group(st->st_gid), st->st_gid);
	add_right(&l, (uint64_t)st->st_size, 8);
	add_time(&l, st->st_mtime);
	add(&l, name, strlen(name));
	line[l.len] = '\0';
	return l.len;
}
