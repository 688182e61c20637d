/*
 * A directory whose health is one word in /etc/sptest.state: up, down (as
 * nslcd's library says it), broken, busy, slow, half (users, no groups).  A
 * second line is a user's name: a member of the group "suspended", whose
 * shadow entry says that the account is locked.
 */
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <shadow.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* What a question about users or about groups and shadow comes to. */
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
