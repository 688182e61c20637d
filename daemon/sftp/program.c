/*
 * sallyport-sftp-server: the SFTP server as a program, with the flags and the
 * log lines of OpenSSH's, for any server that starts subsystems.
 */
#include "config.h"

#include "daemon/sftp/sftp.h"

#include "lib/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define UMASK_STATUS 255

enum level { QUIET, FATAL, ERROR, INFO, VERBOSE, DEBUG };

struct word {
	const char *text;
	int value;
};

static const struct word levels[] = {{"QUIET", QUIET}, {"FATAL", FATAL},
    {"ERROR", ERROR}, {"INFO", INFO}, {"VERBOSE", VERBOSE}, {"DEBUG", DEBUG},
    {"DEBUG1", DEBUG}, {"DEBUG2", DEBUG}, {"DEBUG3", DEBUG}, {NULL, 0}};

static const struct word facilities[] = {{"DAEMON", LOG_DAEMON},
    {"USER", LOG_USER}, {"AUTH", LOG_AUTH}, {"AUTHPRIV", LOG_AUTHPRIV},
    {"LOCAL0", LOG_LOCAL0}, {"LOCAL1", LOG_LOCAL1}, {"LOCAL2", LOG_LOCAL2},
    {"LOCAL3", LOG_LOCAL3}, {"LOCAL4", LOG_LOCAL4}, {"LOCAL5", LOG_LOCAL5},
    {"LOCAL6", LOG_LOCAL6}, {"LOCAL7", LOG_LOCAL7}, {NULL, 0}};

struct program {
	struct sftp_options options;
	enum level level;
	int facility;
	bool to_stderr;
	const char *start;
	const char *user;
	const char *home;
	char from[64];
	int priority; /* of the lines being told */
};

static void
usage(FILE *f)
{
	fprintf(f,
	    "usage: sallyport-sftp-server [-ehR] [-d start_directory]\n"
	    "           [-f log_facility] [-l log_level] "
	    "[-P denied_requests]\n"
	    "           [-p allowed_requests] [-u umask]\n"
	    "       sallyport-sftp-server -Q protocol_feature\n"
	    "       sallyport-sftp-server -h | --help | --version\n");
}

static void __attribute__((noreturn, format(printf, 1, 2)))
fail(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

static int
word_value(const struct word *words, const char *text, const char *what)
{
	for (; words->text != NULL; words++)
		if (strcasecmp(words->text, text) == 0)
			return words->value;
	fail("Invalid %s \"%s\"", what, text);
}

/* Its failure has an exit status of its own, as in OpenSSH's. */
static uint32_t
umask_value(const char *text)
{
	char *end;
	unsigned long value;

	errno = 0;
	value = strtoul(text, &end, 8);
	if (errno != 0 || text[0] < '0' || text[0] > '7' || *end != '\0' ||
	    value > 0777) {
		fprintf(stderr, "Invalid umask \"%s\"\n", text);
		exit(UMASK_STATUS);
	}
	return (uint32_t)value;
}

static const char *
request_list(const char *old, const char *list, const char *what)
{
	const char *bad;
	size_t len;

	if (old != NULL)
		fail("%s requests already set", what);
	if (!sftp_requests_known(list, &bad, &len))
		fail("Unknown request \"%.*s\"", (int)len, bad);
	return list;
}

static void __attribute__((noreturn)) query(const char *feature)
{
	const char *name;

	if (strcasecmp(feature, "requests") != 0)
		fail("Invalid query type");
	for (size_t i = 0; (name = sftp_request_name(i)) != NULL; i++)
		puts(name);
	exit(fflush(stdout) == 0 ? 0 : 1);
}

/*
 * As OpenSSH's: operands say nothing, and -c ends the options, since a server
 * that takes this program for a shell calls it with "-c command".
 */
static void
read_arguments(struct program *p, int argc, char **argv)
{
	static const struct option words[] = {{"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'}, {NULL, 0, NULL, 0}};
	struct sftp_options *o = &p->options;
	int c;

	while ((c = getopt_long(
		    argc, argv, "+cd:ef:hl:P:p:Q:Ru:", words, NULL)) != -1) {
		switch (c) {
		case 'c':
			return;
		case 'V':
			puts("sallyport " PACKAGE_VERSION);
			exit(fflush(stdout) == 0 ? 0 : 1);
		case 'd':
			p->start = optarg;
			break;
		case 'e':
			p->to_stderr = true;
			break;
		case 'f':
			p->facility =
			    word_value(facilities, optarg, "log facility");
			break;
		case 'h':
			usage(stdout);
			exit(0);
		case 'l':
			p->level =
			    (enum level)word_value(levels, optarg, "log level");
			break;
		case 'P':
			o->denied_requests =
			    request_list(o->denied_requests, optarg, "Refused");
			break;
		case 'p':
			o->allowed_requests = request_list(
			    o->allowed_requests, optarg, "Permitted");
			break;
		case 'Q':
			query(optarg);
		case 'R':
			o->read_only = true;
			break;
		case 'u':
			o->set_umask = true;
			o->umask = umask_value(optarg);
			break;
		default:
			usage(stderr);
			exit(1);
		}
	}
}

/* %%, %d (home) and %u (user) in -d. */
static char *
expand(const struct program *p, const char *text)
{
	char *all = mem_strdup("");

	for (; *text != '\0'; text++) {
		if (*text != '%')
			mem_append(&all, "%c", *text);
		else if (*++text == '%')
			mem_append(&all, "%%");
		else if (*text == 'd')
			mem_append(&all, "%s", p->home);
		else if (*text == 'u')
			mem_append(&all, "%s", p->user);
		else
			fail("unknown key %%%c in start directory",
			    *text == '\0' ? ' ' : *text);
	}
	return all;
}

/* Only for who needs it: NSS costs more than the rest of the start. */
static void
find_user(struct program *p)
{
	const struct passwd *pw = getpwuid(getuid());

	if (pw == NULL)
		fail("No user found for uid %lu", (unsigned long)getuid());
	p->user = mem_strdup(pw->pw_name);
	p->home = mem_strdup(pw->pw_dir);
	p->options.user = p->user;
	p->options.home = p->home;
}

/* The client's address; sshd puts it first. */
static void
find_client(struct program *p)
{
	const char *connection = getenv("SSH_CONNECTION");
	size_t len = connection == NULL ? 0 : strcspn(connection, " ");

	if (len == 0 || len >= sizeof(p->from) ||
	    strspn(connection, "0123456789abcdefABCDEF.:%") < len)
		snprintf(p->from, sizeof(p->from), "UNKNOWN");
	else
		snprintf(
		    p->from, sizeof(p->from), "%.*s", (int)len, connection);
}

static void
log_line(void *context, const char *text)
{
	const struct program *p = context;

	if (p->to_stderr)
		fprintf(stderr, "%s\n", text);
	else
		syslog(p->priority, "%s", text);
}

static enum level
level_of(const struct sftp_event *event)
{
	switch (event->type) {
	case SFTP_EVENT_BAD_MESSAGE:
		return ERROR;
	case SFTP_EVENT_LOOKUP:
		return VERBOSE;
	case SFTP_EVENT_REQUEST:
		return DEBUG;
	default:
		return INFO;
	}
}

static void
on_event(void *context, const struct sftp_event *event)
{
	static const int priorities[] = {[ERROR] = LOG_ERR,
	    [INFO] = LOG_INFO,
	    [VERBOSE] = LOG_INFO,
	    [DEBUG] = LOG_DEBUG};
	struct program *p = context;
	enum level level = level_of(event);

	if (level > p->level)
		return;
	p->priority = priorities[level];
	sftp_event_lines(
	    event, p->user == NULL ? "" : p->user, p->from, log_line, p);
}

static void
start_log(struct program *p)
{
	find_client(p);
	if (!p->to_stderr)
		openlog("sallyport-sftp-server", LOG_PID, p->facility);
	p->options.on_event = on_event;
	p->options.context = p;
	p->options.detail = p->level >= DEBUG ? SFTP_DETAIL_REQUESTS :
	    p->level >= VERBOSE		      ? SFTP_DETAIL_LOOKUPS :
						SFTP_DETAIL_CHANGES;
}

/* A file must not become the standard error that is logged to. */
static void
settle_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	(void)close_range(STDERR_FILENO + 1, ~0u, 0);
}

int
main(int argc, char **argv)
{
	static struct program p = {.level = ERROR, .facility = LOG_AUTH};

	settle_descriptors();
	p.options.in = STDIN_FILENO;
	p.options.out = STDOUT_FILENO;
	read_arguments(&p, argc, argv);
	if (p.start != NULL || p.level >= INFO)
		find_user(&p);
	if (p.start != NULL)
		p.options.start_directory = expand(&p, p.start);
	if (p.level >= ERROR)
		start_log(&p);
	return sftp_server_run(&p.options);
}
