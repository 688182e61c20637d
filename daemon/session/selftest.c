/*
 * The report of a self-test (sallyportctl selftest), by the child that would
 * have become the user's program: what PAM and the policy have really applied.
 * It runs as the user, in the session's namespaces and root directory, and
 * needs no program there.  What cannot be read is told as such.
 */
#include "daemon/session/selftest.h"

#include "lib/escape.h"
#include "lib/mem.h"
#include "privsep/wall.h"

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* <linux/keyctl.h> */
#define KEYCTL_GET_KEYRING_ID 0
#define KEYCTL_DESCRIBE	      6
#define KEYRING_SESSION	      (-3)

#define VALUE_MAX 4096

static void
tell(const char *name, const char *value)
{
	char word[4 * VALUE_MAX];

	escape_text(word, sizeof(word), name, ESCAPE_BACKSLASH | ESCAPE_SPACE);
	printf("name=%s", word);
	escape_text(word, sizeof(word), value, ESCAPE_BACKSLASH | ESCAPE_SPACE);
	printf(" value=%s\n", word);
}

static void __attribute__((format(printf, 2, 3)))
tellf(const char *name, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	tell(name, text);
	free(text);
}

/* The first line of a file of /proc; of cgroups all of it is one. */
static void
tell_file(const char *name, const char *path)
{
	char text[VALUE_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	int error = errno;

	if (fd >= 0)
		close(fd);
	if (n < 0) {
		tellf(name, "? %s", strerror(error));
		return;
	}
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\0'))
		n--;
	text[n] = '\0';
	tell(name, text);
}

static void
tell_limit(const char *name, int resource)
{
	struct rlimit r;
	char soft[32] = "unlimited", hard[32] = "unlimited";

	if (getrlimit((__rlimit_resource_t)resource, &r) != 0)
		return;
	if (r.rlim_cur != RLIM_INFINITY)
		snprintf(
		    soft, sizeof(soft), "%llu", (unsigned long long)r.rlim_cur);
	if (r.rlim_max != RLIM_INFINITY)
		snprintf(
		    hard, sizeof(hard), "%llu", (unsigned long long)r.rlim_max);
	tellf(name, "%s %s", soft, hard);
}

static void
tell_limits(void)
{
	static const struct {
		const char *name;
		int resource;
	} rows[] = {{"limit.as", RLIMIT_AS}, {"limit.core", RLIMIT_CORE},
	    {"limit.cpu", RLIMIT_CPU}, {"limit.data", RLIMIT_DATA},
	    {"limit.fsize", RLIMIT_FSIZE}, {"limit.locks", RLIMIT_LOCKS},
	    {"limit.memlock", RLIMIT_MEMLOCK},
	    {"limit.msgqueue", RLIMIT_MSGQUEUE}, {"limit.nice", RLIMIT_NICE},
	    {"limit.nofile", RLIMIT_NOFILE}, {"limit.nproc", RLIMIT_NPROC},
	    {"limit.rss", RLIMIT_RSS}, {"limit.rtprio", RLIMIT_RTPRIO},
	    {"limit.sigpending", RLIMIT_SIGPENDING},
	    {"limit.stack", RLIMIT_STACK}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		tell_limit(rows[i].name, rows[i].resource);
}

static void
tell_namespaces(void)
{
	static const char *const names[] = {
	    "cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"};
	char path[64], name[32], target[128];
	ssize_t n;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(name, sizeof(name), "namespace.%s", names[i]);
		snprintf(path, sizeof(path), "/proc/self/ns/%s", names[i]);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0) {
			tellf(name, "? %s", strerror(errno));
			continue;
		}
		target[n] = '\0';
		tell(name, target);
	}
}

static void
tell_groups(void)
{
	int count = getgroups(0, NULL), used = 0;
	gid_t *list =
	    count > 0 ? mem_array((size_t)count, sizeof(*list)) : NULL;
	char text[VALUE_MAX] = "";

	if (list != NULL)
		count = getgroups(count, list);
	for (int i = 0; i < count && used < (int)sizeof(text) - 16; i++)
		used += snprintf(&text[used], sizeof(text) - (size_t)used,
		    "%s%u", i > 0 ? " " : "", (unsigned)list[i]);
	free(list);
	tell("groups", text);
}

static void
tell_keyring(void)
{
	char text[256] = "";
	long id = syscall(
	    SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEYRING_SESSION, 0, 0, 0);

	if (id < 0) {
		tellf("keyring", "? %s", strerror(errno));
		return;
	}
	if (syscall(
		SYS_keyctl, KEYCTL_DESCRIBE, id, text, sizeof(text) - 1, 0) < 0)
		text[0] = '\0';
	tellf("keyring", "%ld %s", id, text);
}

static void
tell_process(void)
{
	char directory[PATH_MAX];
	mode_t mask = umask(022);
	int nice;

	(void)umask(mask);
	errno = 0;
	nice = getpriority(PRIO_PROCESS, 0);
	tellf("uid", "%u", (unsigned)getuid());
	tellf("gid", "%u", (unsigned)getgid());
	tell_groups();
	tellf("umask", "%04o", (unsigned)mask);
	tellf("nice", "%d", nice);
	tell("directory",
	    getcwd(directory, sizeof(directory)) == NULL ? "?" : directory);
	tell_file("oom_score", "/proc/self/oom_score_adj");
}

/* Names: values may be secrets.  The time zone is asked for. */
static void
tell_environment(char *const *environment)
{
	char *name, *zone = NULL;

	for (; *environment != NULL; environment++) {
		name = mem_strndup(*environment, strcspn(*environment, "="));
		if (strcmp(name, "TZ") == 0)
			zone = &(*environment)[strlen("TZ=")];
		tellf("variable", "%s", name);
		free(name);
	}
	if (zone != NULL)
		tell("timezone", zone);
}

int
selftest_report(char *const *environment)
{
	printf("%s\n", SELFTEST_HEAD);
	tell_process();
	tell_limits();
	tell_file("loginuid", "/proc/self/loginuid");
	tell_file("audit_session", "/proc/self/sessionid");
	tell_file("cgroup", "/proc/self/cgroup");
	tell_namespaces();
	tell_file("security_context", "/proc/self/attr/current");
	tell_file("security_exec", "/proc/self/attr/exec");
	tell_keyring();
	tell_environment(environment);
	return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 1;
}
