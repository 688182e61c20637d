/*
 * Login records through libc's utmpx or wtmpdb, and the sparse file lastlog by
 * hand.
 */
#include "privsep/records.h"

#include "lib/log.h"
#include "privsep/wtmpdb.h"

#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <lastlog.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <utmp.h>
#include <utmpx.h>

#define BTMP_FILE "/var/log/btmp"

/* These fields are not terminated when they are full. */
static void
field(char *to, size_t room, const char *from)
{
	memcpy(to, from, strnlen(from, room));
}

static void
fill(struct utmpx *u, short type, const char *line, const char *user, pid_t pid,
    const struct net_address *source)
{
	struct timeval now;
	char host[NET_TEXT_MAX];
	size_t n = strlen(line);

	memset(u, 0, sizeof(*u));
	u->ut_type = type;
	u->ut_pid = pid;
	field(u->ut_line, sizeof(u->ut_line), line);
	field(u->ut_id, sizeof(u->ut_id), n > 4 ? &line[n - 4] : line);
	if (user != NULL)
		field(u->ut_user, sizeof(u->ut_user), user);
	if (source != NULL && source->family != NET_NONE) {
		field(u->ut_host, sizeof(u->ut_host), net_print(source, host));
		memcpy(u->ut_addr_v6, source->bytes,
		    source->family == NET_V4 ? 4 : 16);
	}
	gettimeofday(&now, NULL);
	u->ut_tv.tv_sec = (int32_t)now.tv_sec;
	u->ut_tv.tv_usec = (int32_t)now.tv_usec;
}

static void
write_lastlog(const struct record *r)
{
	struct lastlog entry;
	char host[NET_TEXT_MAX];
	off_t at = (off_t)r->uid * (off_t)sizeof(entry);
	int fd = open(_PATH_LASTLOG, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return; /* the administrator has none */
	memset(&entry, 0, sizeof(entry));
	entry.ll_time = (int32_t)time(NULL);
	field(entry.ll_line, sizeof(entry.ll_line), r->line);
	field(
	    entry.ll_host, sizeof(entry.ll_host), net_print(&r->source, host));
	if (pwrite(fd, &entry, sizeof(entry), at) != (ssize_t)sizeof(entry))
		log_warn("%s: could not write", _PATH_LASTLOG);
	close(fd);
}

static void
write_utmp(const struct utmpx *u)
{
	setutxent();
	if (pututxline(u) == NULL)
		log_debug("utmp: could not write");
	endutxent();
}

void
record_login(const struct record *r)
{
	struct utmpx u;

	fill(&u, USER_PROCESS, r->line, r->user, r->pid, &r->source);
	if (r->utmp)
		write_utmp(&u);
	if (r->wtmp && wtmpdb_is_used())
		wtmpdb_login_apart(r);
	else if (r->wtmp)
		updwtmpx(_PATH_WTMP, &u);
	if (r->lastlog)
		write_lastlog(r);
}

/* The database only in a process made for it. */
static void
write_logout(const struct record *r, bool apart)
{
	struct utmpx u;

	fill(&u, DEAD_PROCESS, r->line, NULL, r->pid, NULL);
	if (r->utmp)
		write_utmp(&u);
	if (r->wtmp && !(apart && wtmpdb_logout_here(r)))
		updwtmpx(_PATH_WTMP, &u);
}

void
record_logout(const struct record *r)
{
	if (r->wtmp && wtmpdb_is_used())
		record_logout_apart(r);
	else
		write_logout(r, false);
}

/*
 * A child of a child, which nobody has to wait for.  It keeps no descriptor:
 * the others of a wall or a listener must see when this process has gone.
 */
void
record_logout_apart(const struct record *r)
{
	pid_t pid = fork(), again;
	int status;

	if (pid == 0) {
		if (close_range(3, ~0u, 0) != 0)
			_exit(1);
		if ((again = fork()) == 0)
			write_logout(r, true);
		_exit(again < 0 ? 1 : 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		log_warn("the logout record of %s was not written", r->line);
}

void
record_failure(const char *user, const struct net_address *source)
{
	struct utmpx u;
	struct stat st;
	int fd = open(BTMP_FILE,
	    O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return; /* there is none: the administrator's choice */
	/* It holds names that may be mistyped passwords. */
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != 0 ||
	    (st.st_mode & 07) != 0) {
		log_warn(
		    "%s: must be root's file, closed to others", BTMP_FILE);
		close(fd);
		return;
	}
	fill(&u, LOGIN_PROCESS, "ssh:notty", user, getpid(), source);
	if (write(fd, &u, sizeof(u)) != (ssize_t)sizeof(u))
		log_warn("%s: could not write", BTMP_FILE);
	close(fd);
}

bool
record_last_login(uid_t uid, time_t *when, char *host, size_t size)
{
	struct lastlog entry;
	off_t at = (off_t)uid * (off_t)sizeof(entry);
	int fd = open(_PATH_LASTLOG, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	bool found;

	if (fd < 0)
		return false;
	found =
	    pread(fd, &entry, sizeof(entry), at) == (ssize_t)sizeof(entry) &&
	    entry.ll_time != 0;
	close(fd);
	if (!found)
		return false;
	*when = (time_t)(uint32_t)entry.ll_time;
	snprintf(host, size, "%.*s", (int)sizeof(entry.ll_host), entry.ll_host);
	return true;
}
