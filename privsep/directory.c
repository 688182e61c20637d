/*
 * Look-ups whose failure must not pass for an empty answer.  getgrouplist(3)
 * drops the status of each source, and of a chain of sources the last one's
 * status wins over that of one that is down.  So each source of
 * nsswitch.conf that has just said nothing is asked, by itself, for a name
 * that nobody has: its own status says whether it is there.
 */
#include "privsep/directory.h"

#include "lib/mem.h"

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <nss.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUFFER_MAX (1024 * 1024)
#define NSSWITCH   "/etc/nsswitch.conf"
/* A good name for every source's own rules, and nobody's. */
#define NOBODYS_NAME "sallyport-no-such-name"

enum database { OF_GROUPS, OF_SHADOW };

/* Lines of nsswitch.conf: glibc asks that of initgroups where there is one. */
static const char *const databases[][2] = {
    [OF_GROUPS] = {"group", "initgroups"}, [OF_SHADOW] = {"shadow", "shadow"}};

typedef enum nss_status ask_group(const char *name, struct group *result,
    char *buffer, size_t size, int *error);
typedef enum nss_status ask_user_groups(const char *user, gid_t group,
    long *start, long *size, gid_t **groups, long limit, int *error);
typedef enum nss_status ask_shadow(const char *name, struct spwd *result,
    char *buffer, size_t size, int *error);

/* A function of the source's library, NULL when it has none or no library. */
static void *
source_function(const char *source, const char *name)
{
	char *file = mem_printf("libnss_%s.so.2", source);
	char *symbol = mem_printf("_nss_%s_%s", source, name);
	void *library = dlopen(file, RTLD_LAZY); /* glibc has it open, too */
	void *function = library == NULL ? NULL : dlsym(library, symbol);

	free(file);
	free(symbol);
	return function;
}

/* errno of a look-up that found nothing, or not all. */
static bool
says_no_such_entry(int error)
{
	/* ERANGE is what glibc's own reader of files leaves behind. */
	return error == 0 || error == ENOENT || error == ESRCH ||
	    error == ERANGE;
}

/*
 * A source may answer all but this question.  UNAVAIL with ENOENT and the like
 * is what some say of a user whom they do not have; of these getgrnam() tells.
 */
static bool
source_has_told_groups(const char *source, const char *user, gid_t gid)
{
	void *ask = source_function(source, "initgroups_dyn");
	enum nss_status status;
	long start = 0, size = 16;
	gid_t *groups;
	int error = 0;

	if (ask == NULL)
		return true;
	groups = malloc((size_t)size * sizeof(*groups)); /* it may grow it */
	if (groups == NULL)
		return false;
	status = ((ask_user_groups *)(uintptr_t)ask)(
	    user, gid, &start, &size, &groups, -1, &error);
	free(groups);
	return status != NSS_STATUS_TRYAGAIN &&
	    (status != NSS_STATUS_UNAVAIL || says_no_such_entry(error));
}

/* A source that is not installed is no source: glibc passes it over, too. */
static bool
source_answers(const char *source, enum database database)
{
	char buffer[16384];
	struct group group;
	struct spwd shadow;
	enum nss_status status = NSS_STATUS_NOTFOUND;
	int error = 0;
	void *ask = source_function(
	    source, database == OF_GROUPS ? "getgrnam_r" : "getspnam_r");

	if (ask == NULL)
		return true;
	if (database == OF_GROUPS)
		status = ((ask_group *)(uintptr_t)ask)(
		    NOBODYS_NAME, &group, buffer, sizeof(buffer), &error);
	else
		status = ((ask_shadow *)(uintptr_t)ask)(
		    NOBODYS_NAME, &shadow, buffer, sizeof(buffer), &error);
	return status == NSS_STATUS_NOTFOUND || status == NSS_STATUS_SUCCESS;
}

/* The sources behind "group:", without "[NOTFOUND=return]" and the like. */
static bool
sources_answer(
    char *sources, enum database database, const char *user, gid_t gid)
{
	char *rest = NULL;
	bool action = false;

	for (char *word = strtok_r(sources, " \t\n", &rest); word != NULL;
	     word = strtok_r(NULL, " \t\n", &rest)) {
		action = action || word[0] == '[';
		if (!action && strcmp(word, "files") != 0 &&
		    !(source_answers(word, database) &&
			(database != OF_GROUPS ||
			    source_has_told_groups(word, user, gid))))
			return false;
		if (strchr(word, ']') != NULL)
			action = false;
	}
	return true;
}

/* The sources of this line, if it is the database's; else NULL. */
static char *
sources_of(char *line, enum database database)
{
	char *at = &line[strspn(line, " \t")];
	size_t len = strcspn(at, " \t:");

	for (size_t i = 0; i < 2; i++) {
		const char *name = databases[database][i];
		char *colon = &at[len + strspn(&at[len], " \t")];

		if (strlen(name) == len && strncmp(at, name, len) == 0 &&
		    *colon == ':')
			return colon + 1;
	}
	return NULL;
}

/* Does every source of the database answer? */
static bool
all_answer(enum database database, const char *user, gid_t gid)
{
	FILE *file = fopen(NSSWITCH, "re");
	char *line = NULL, *sources;
	size_t size = 0;
	bool good = true;

	if (file == NULL)
		return errno == ENOENT; /* glibc's default: files */
	while (good && getline(&line, &size, file) >= 0) {
		line[strcspn(line, "#")] = '\0';
		if ((sources = sources_of(line, database)) != NULL)
			good = sources_answer(sources, database, user, gid);
	}
	free(line);
	fclose(file);
	return good;
}

bool
directory_groups(
    const char *user, gid_t gid, gid_t *groups, size_t *count, bool all)
{
	int n = (int)*count;

	errno = 0;
	if (getgrouplist(user, gid, groups, &n) < 0)
		return false;
	if (all &&
	    (!says_no_such_entry(errno) || !all_answer(OF_GROUPS, user, gid)))
		return false;
	*count = (size_t)n;
	return true;
}

/* The group's entry; *buffer is to be freed either way. */
static bool
group_entry(gid_t gid, struct group *gr, char **buffer)
{
	struct group *found = NULL;
	size_t size = 4096;
	int err = ERANGE;

	*buffer = NULL;
	while (err == ERANGE && size <= BUFFER_MAX) {
		*buffer = mem_grow(*buffer, size, 1);
		err = getgrgid_r(gid, gr, *buffer, size, &found);
		size *= 4;
	}
	return found != NULL;
}

char *
directory_group_name(gid_t gid)
{
	struct group gr;
	char *buffer, *name = NULL;

	if (group_entry(gid, &gr, &buffer))
		name = mem_strdup(gr.gr_name);
	free(buffer);
	return name;
}

/*
 * No other account has the group as its first.  Asked of this machine's file
 * alone: a directory of a hundred thousand is not read for a login.
 */
static bool
first_group_of_nobody_else(const char *user, gid_t gid)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *pw;
	bool alone = true;

	if (file == NULL)
		return false;
	while (alone && (pw = fgetpwent(file)) != NULL)
		alone = pw->pw_gid != gid || strcmp(pw->pw_name, user) == 0;
	fclose(file);
	return alone;
}

bool
directory_group_is_private(const char *user, gid_t gid)
{
	struct group gr;
	char *buffer;
	bool private;

	if (gid == 0)
		return false;
	private =
	    group_entry(gid, &gr, &buffer) && strcmp(gr.gr_name, user) == 0;
	for (char **member = private ? gr.gr_mem : NULL;
	     private && *member != NULL; member++)
	private = strcmp(*member, user) == 0;
	free(buffer);
	return private && first_group_of_nobody_else(user, gid);
}

const char *
directory_date(long day, char text[DIRECTORY_DATE_SIZE])
{
	time_t when = (time_t)day * 86400;
	struct tm tm;

	if (gmtime_r(&when, &tm) == NULL ||
	    strftime(text, DIRECTORY_DATE_SIZE, "%Y-%m-%d", &tm) == 0)
		snprintf(text, DIRECTORY_DATE_SIZE, "day %ld", day);
	return text;
}

/* As shadow(5) has it; a last change on day 0 is one that is due at once. */
static void
read_ageing(const struct spwd *entry, struct directory_shadow *out)
{
	if (entry->sp_expire >= 0)
		out->expires = entry->sp_expire;
	if (entry->sp_lstchg == 0) {
		out->due = 0;
	} else if (entry->sp_lstchg > 0 && entry->sp_max >= 0) {
		out->due = entry->sp_lstchg + entry->sp_max + 1;
		if (entry->sp_inact >= 0)
			out->dead = out->due + entry->sp_inact;
	}
}

bool
directory_shadow(const char *user, struct directory_shadow *out)
{
	struct spwd entry, *found = NULL;
	size_t size = 4096;
	char *buffer = NULL;
	int err = ERANGE;

	*out = (struct directory_shadow){.expires = -1, .due = -1, .dead = -1};
	while (err == ERANGE && size <= BUFFER_MAX) {
		buffer = mem_grow(buffer, size, 1);
		err = getspnam_r(user, &entry, buffer, size, &found);
		size *= 4;
	}
	if (found != NULL) {
		out->found = true;
		out->locked = entry.sp_pwdp != NULL && entry.sp_pwdp[0] == '!';
		read_ageing(&entry, out);
	}
	if (buffer != NULL)
		explicit_bzero(buffer, size / 4);
	free(buffer);
	return found != NULL || (err == 0 && all_answer(OF_SHADOW, user, 0));
}

static char *
text_or(const char *text, const char *otherwise)
{
	return mem_strdup(text == NULL || text[0] == '\0' ? otherwise : text);
}

enum fact_state
directory_user(const char *name, struct passwd *out, bool *silent)
{
	struct passwd pw, *found = NULL;
	size_t size = 4096;
	char *buffer = NULL;
	int err = ERANGE;

	while (err == ERANGE && size <= BUFFER_MAX) {
		buffer = mem_grow(buffer, size, 1);
		err = getpwnam_r(name, &pw, buffer, size, &found);
		size *= 4;
	}
	if (found != NULL) {
		*out = pw;
		out->pw_name = mem_strdup(pw.pw_name);
		out->pw_passwd = mem_strdup("x");
		out->pw_gecos = text_or(pw.pw_gecos, "");
		out->pw_dir = text_or(pw.pw_dir, "");
		out->pw_shell = text_or(pw.pw_shell, "/bin/sh");
	}
	free(buffer);
	if (found != NULL)
		return FACT_KNOWN;
	/* 0: all sources said no.  Else one of them said nothing. */
	*silent = err != 0;
	return err == 0 || err == ENOENT || err == ESRCH ? FACT_ABSENT :
							   FACT_UNKNOWN;
}

void
directory_user_free(struct passwd *user)
{
	free(user->pw_name);
	free(user->pw_passwd);
	free(user->pw_gecos);
	free(user->pw_dir);
	free(user->pw_shell);
	memset(user, 0, sizeof(*user));
}
