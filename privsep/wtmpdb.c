/*
 * Records in wtmpdb through libwtmpdb, which is loaded by name in children and
 * linked into nothing: a host without it has wtmp.  In the monitor, the two
 * functions at the end answer a pam_wtmpdb of the login's own stack.
 */
#include "privsep/wtmpdb.h"

#include "lib/log.h"

#include <sys/wait.h>

#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LIBRARY	     "libwtmpdb.so.0"
#define USER_PROCESS 3 /* wtmpdb.h; utmp's number is another */
#define SERVICE	     "sallyportd"
#define PATIENCE_MS  2000

typedef int64_t login_function(const char *database, int type, const char *user,
    uint64_t usec, const char *tty, const char *host, const char *service,
    char **error);
typedef int64_t find_function(
    const char *database, const char *tty, char **error);
typedef int logout_function(
    const char *database, int64_t id, uint64_t usec, char **error);
typedef int64_t log_function(const char *database, const char *tty,
    const char *user, const char *host, const char *service, char **error);

/* A function pointer from dlsym(3), as POSIX has it. */
union symbol {
	void *object;
	login_function *login;
	find_function *find;
	logout_function *logout;
	log_function *log;
};

static bool used;

static union symbol
symbol(void *library, const char *name)
{
	union symbol s = {.object = dlsym(library, name)};

	return s;
}

static uint64_t
now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void
wtmpdb_probe(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL) == NULL);
	used = pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

bool
wtmpdb_is_used(void)
{
	return used;
}

/* In a child: why it did not go well, for its parent's log. */
static void
write_login(const struct record *r, int to)
{
	char host[NET_TEXT_MAX] = "", *error = NULL;
	const char *why;
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	union symbol login = {.object = NULL};

	if (library != NULL)
		login = symbol(library, "wtmpdb_login");
	if (r->source.family != NET_NONE)
		net_print(&r->source, host);
	if (login.object == NULL)
		why = dlerror();
	else if (login.login(NULL, USER_PROCESS, r->user, now_usec(), r->line,
		     host, SERVICE, &error) < 0)
		why = error;
	else
		return;
	if (why == NULL)
		why = "no reason given";
	if (write(to, why, strlen(why)) < 0)
		_exit(1);
}

/* All of what the child writes until its end, or until it has had its time. */
static bool
read_why(int from, char *why, size_t size)
{
	struct pollfd fd = {.fd = from, .events = POLLIN};
	size_t len = 0;
	ssize_t n;

	while (len < size - 1) {
		if (poll(&fd, 1, PATIENCE_MS) <= 0)
			return false;
		if ((n = read(from, &why[len], size - 1 - len)) <= 0)
			break;
		len += (size_t)n;
	}
	why[len] = '\0';
	return true;
}

void
wtmpdb_login_apart(const struct record *r)
{
	char why[200] = "its writer did not end in time";
	int ends[2], status;
	bool ended;
	pid_t pid;

	if (pipe(ends) != 0)
		goto failed;
	if ((pid = fork()) == 0) {
		/* It shall hold no wall, listener or device. */
		if (dup2(ends[1], 3) != 3 || close_range(4, ~0u, 0) != 0)
			_exit(1);
		write_login(r, 3);
		_exit(0);
	}
	close(ends[1]);
	ended = pid > 0 && read_why(ends[0], why, sizeof(why));
	close(ends[0]);
	if (pid > 0 && !ended)
		kill(pid, SIGKILL);
	/* One that sits in the kernel is left to the monitor's own end. */
	if (pid > 0)
		(void)waitpid(pid, &status, ended ? 0 : WNOHANG);
	if (ended && why[0] == '\0')
		return;
failed:
	log_warn("wtmpdb: the login on %s was not recorded: %s", r->line, why);
}

bool
wtmpdb_logout_here(const struct record *r)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	union symbol find, logout;
	char *error = NULL;
	int64_t id;

	if (library == NULL)
		return false;
	find = symbol(library, "wtmpdb_get_id");
	logout = symbol(library, "wtmpdb_logout");
	if (find.object != NULL && logout.object != NULL &&
	    (id = find.find(NULL, r->line, &error)) >= 0)
		(void)logout.logout(NULL, id, now_usec(), &error);
	return true;
}

/*
 * pam_wtmpdb, in the session stack of a login, calls logwtmpdb() when the
 * session opens and wtmpdb_logout() when it closes, with or without a
 * terminal.  Debian's skips the PAM service "sshd" alone, since sshd records
 * terminals itself; so does this server, under whatever service.  The
 * program's symbols come first, so pam_wtmpdb gets these two, and they take
 * the record for written.  Where records.wtmp is off, and for a database that
 * is not the system's, PAM is its owner: the library's functions are called.
 */
__attribute__((visibility("default"))) int64_t logwtmpdb(const char *database,
    const char *tty, const char *user, const char *host, const char *service,
    char **error);
__attribute__((visibility("default"))) int wtmpdb_logout(
    const char *database, int64_t id, uint64_t usec, char **error);

static bool
is_ours(const char *database)
{
	return used &&
	    (database == NULL || strcmp(database, "/var/log/wtmp.db") == 0 ||
		strcmp(database, "/var/lib/wtmpdb/wtmp.db") == 0);
}

/* The library is there: pam_wtmpdb, which calls, is linked with it. */
static union symbol
real(const char *name)
{
	union symbol none = {.object = NULL};
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_NOLOAD);

	return library == NULL ? none : symbol(library, name);
}

int64_t
logwtmpdb(const char *database, const char *tty, const char *user,
    const char *host, const char *service, char **error)
{
	union symbol s;

	if (is_ours(database))
		return 0;
	s = real("logwtmpdb");
	return s.object == NULL ?
	    -1 :
	    s.log(database, tty, user, host, service, error);
}

int
wtmpdb_logout(const char *database, int64_t id, uint64_t usec, char **error)
{
	union symbol s;

	if (is_ours(database))
		return 0;
	s = real("wtmpdb_logout");
	return s.object == NULL ? -1 : s.logout(database, id, usec, error);
}
