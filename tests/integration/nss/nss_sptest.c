/*
 * A directory whose health is one word in /etc/sptest.state: up, down (as
 * nslcd's library says it), broken, busy, slow, half (users, no groups), late
 * (all but whose groups a user has, which comes too late).  A
 * second line is a user's name: a member of the group "suspended", whose
 * shadow entry says that the account is locked.
 * Hosts are lines of /etc/sptest.hosts, "ADDRESS ADDRESS...<tab>NAME"; a name
 * that begins with "turn-" has one address a look-up, each in its turn:
 * /etc/sptest.turn grows by a byte a look-up.
 */
#include <arpa/inet.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netdb.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* glibc finds these by name; no header declares them. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

#define SUSPENDED 7777
#define NAMELESS  7778
#define DEFAULT	  __attribute__((visibility("default")))

static char state[32], member[64];

static enum nss_status
fail(enum nss_status status, int error, int *errnop)
{
	*errnop = error;
	return status;
}

/* The status of a look-up of users, or of groups and shadow entries. */
static enum nss_status
health(int users, int *errnop)
{
	FILE *f = fopen("/etc/sptest.state", "re");

	state[0] = member[0] = '\0';
	if (f != NULL) {
		if (fscanf(f, "%31s %63s", state, member) < 1)
			state[0] = '\0';
		fclose(f);
	}
	if (strcmp(state, "down") == 0 ||
	    (strcmp(state, "half") == 0 && !users))
		return fail(NSS_STATUS_UNAVAIL, ENOENT, errnop);
	if (strcmp(state, "broken") == 0)
		return fail(NSS_STATUS_UNAVAIL, ECONNREFUSED, errnop);
	if (strcmp(state, "busy") == 0)
		return fail(NSS_STATUS_TRYAGAIN, EAGAIN, errnop);
	if (strcmp(state, "slow") == 0)
		sleep(30);
	return NSS_STATUS_SUCCESS;
}

static enum nss_status
none(int *errnop)
{
	*errnop = 0;
	return NSS_STATUS_NOTFOUND;
}

static char no_member[] = "", *no_members[] = {NULL}, suspended[] = "suspended";

DEFAULT enum nss_status
_nss_sptest_getgrnam_r(
    const char *name, struct group *g, char *buffer, size_t size, int *errnop)
{
	enum nss_status s = health(0, errnop);

	(void)buffer;
	(void)size;
	if (s != NSS_STATUS_SUCCESS)
		return s;
	if (strcmp(name, suspended) != 0)
		return none(errnop);
	*g = (struct group){suspended, no_member, SUSPENDED, no_members};
	return NSS_STATUS_SUCCESS;
}

DEFAULT enum nss_status
_nss_sptest_getgrgid_r(
    gid_t gid, struct group *g, char *buffer, size_t size, int *errnop)
{
	enum nss_status s = health(0, errnop);

	(void)buffer;
	(void)size;
	if (s != NSS_STATUS_SUCCESS)
		return s;
	if (gid != SUSPENDED)
		return none(errnop);
	*g = (struct group){suspended, no_member, SUSPENDED, no_members};
	return NSS_STATUS_SUCCESS;
}

DEFAULT enum nss_status
_nss_sptest_initgroups_dyn(const char *user, gid_t group, long *start,
    long *size, gid_t **groups, long limit, int *errnop)
{
	enum nss_status s = health(0, errnop);

	(void)group;
	(void)limit;
	if (s != NSS_STATUS_SUCCESS)
		return s;
	if (strcmp(state, "late") == 0)
		return fail(NSS_STATUS_UNAVAIL, ETIMEDOUT, errnop);
	if (strcmp(user, member) != 0 || *start >= *size)
		return none(errnop);
	(*groups)[(*start)++] =
	    strcmp(state, "nameless") == 0 ? NAMELESS : SUSPENDED;
	return NSS_STATUS_SUCCESS;
}

DEFAULT enum nss_status
_nss_sptest_getpwnam_r(
    const char *name, struct passwd *p, char *buffer, size_t size, int *errnop)
{
	enum nss_status s = health(1, errnop);

	(void)name;
	(void)p;
	(void)buffer;
	(void)size;
	return s == NSS_STATUS_SUCCESS ? none(errnop) : s;
}

static char locked[] = "!";

DEFAULT enum nss_status
_nss_sptest_getspnam_r(
    const char *name, struct spwd *p, char *buffer, size_t size, int *errnop)
{
	enum nss_status s = health(0, errnop);

	if (s != NSS_STATUS_SUCCESS)
		return s;
	if (strcmp(name, member) != 0 || strlen(name) >= size)
		return none(errnop);
	strcpy(buffer, name);
	*p = (struct spwd){buffer, locked, 0, 0, 99999, 7, -1, -1, 0};
	return NSS_STATUS_SUCCESS;
}

#define ADDRESSES 8

/* Its addresses, as the file has them; how many: 0 for a name it has not. */
static size_t
find_host(const char *name, struct in_addr list[ADDRESSES])
{
	FILE *f = fopen("/etc/sptest.hosts", "re");
	char line[512], *found, *at, *rest;
	size_t n = 0;

	while (f != NULL && n == 0 && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		found = strchr(line, '\t');
		if (found == NULL || strcasecmp(found + 1, name) != 0)
			continue;
		*found = '\0';
		for (at = strtok_r(line, " ", &rest);
		     at != NULL && n < ADDRESSES;
		     at = strtok_r(NULL, " ", &rest))
			n += (size_t)inet_pton(AF_INET, at, &list[n]);
	}
	if (f != NULL)
		fclose(f);
	return n;
}

/* How many look-ups there were before. */
static size_t
take_turn(void)
{
	int fd = open("/etc/sptest.turn", O_WRONLY | O_APPEND | O_CLOEXEC);
	struct stat st = {.st_size = 0};

	if (fd < 0 || fstat(fd, &st) != 0 || write(fd, "x", 1) != 1)
		abort();
	close(fd);
	return (size_t)st.st_size;
}

/* getaddrinfo() asks for a struct of the C library's own. */
DEFAULT enum nss_status
_nss_sptest_gethostbyname4_r(const char *name, struct gaih_addrtuple **pat,
    char *buffer, size_t size, int *errnop, int *h_errnop, int32_t *ttl)
{
	struct in_addr list[ADDRESSES];
	size_t i, n = find_host(name, list), len = strlen(name) + 1;
	struct gaih_addrtuple *tuples;

	*h_errnop = HOST_NOT_FOUND;
	if (n == 0)
		return none(errnop);
	while ((uintptr_t)buffer % _Alignof(struct gaih_addrtuple) != 0) {
		buffer++;
		size--;
	}
	if (size < n * sizeof(*tuples) + len) {
		*h_errnop = NETDB_INTERNAL;
		return fail(NSS_STATUS_TRYAGAIN, ERANGE, errnop);
	}
	if (strncmp(name, "turn-", 5) == 0) {
		list[0] = list[take_turn() % n];
		n = 1;
	}
	tuples = (void *)buffer;
	buffer += n * sizeof(*tuples);
	memcpy(buffer, name, len);
	for (i = 0; i < n; i++) {
		tuples[i] = (struct gaih_addrtuple){.name = buffer,
		    .family = AF_INET,
		    .next = i + 1 < n ? &tuples[i + 1] : NULL};
		memcpy(tuples[i].addr, &list[i], sizeof(list[i]));
	}
	if (*pat != NULL)
		**pat = tuples[0];
	else
		*pat = tuples;
	*h_errnop = NETDB_SUCCESS;
	(void)ttl;
	return NSS_STATUS_SUCCESS;
}
