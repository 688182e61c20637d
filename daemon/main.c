/*
 * sallyportd: reads its arguments and becomes the process they name.
 */
#include "config.h"

#include "daemon/effective.h"
#include "daemon/master/master.h"
#include "daemon/start.h"
#include "lib/log.h"
#include "privsep/roles.h"
#include "privsep/spawn.h"
#include "privsep/title.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <signal.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>

static void
usage(FILE *out)
{
	fputs("usage: sallyportd [-DeiqtT] [-d] [-C spec] [-E log_file] "
	      "[-f config_file] [-p port]\n"
	      "       sallyportd -V | --version | -h | --help | --roles\n"
	      "    -D  stay in the foreground\n"
	      "    -d  as -D -e, with everything in the log\n"
	      "    -E  write the log to this file, in place of its targets\n"
	      "    -e  write the log to the standard error\n"
	      "    -f  the configuration, in place of " SYSCONFDIR
	      "/sallyport.conf\n"
	      "    -i  serve one connection on the standard input and output\n"
	      "    -p  listen on this port, in place of the configuration's\n"
	      "    -q  log nothing\n"
	      "    -t  test the configuration, keys and modules, and end\n"
	      "    -T  as -t, and print what holds in sshd's keyword form\n"
	      "    -C  with -T: of whom, user=NAME,addr=ADDRESS,lport=PORT\n",
	    out);
}

static void
version(void)
{
	printf("sallyport %s, %s\n", PACKAGE_VERSION,
	    OpenSSL_version(OPENSSL_VERSION));
}

/* "--name=value": the value, if this is that option. */
static const char *
value_of(const char *argument, const char *name)
{
	size_t n = strlen(name);

	return strncmp(argument, name, n) == 0 && argument[n] == '=' ?
	    &argument[n + 1] :
	    NULL;
}

/* The options our own processes give each other; true if it was one. */
static bool
internal_option(const char *argument, struct master_options *o)
{
	const char *value;

	if ((value = value_of(argument, "--carry")) != NULL)
		o->carry = atoi(value);
	else if ((value = value_of(argument, "--bundle")) != NULL)
		o->bundle = atoi(value);
	else if ((value = value_of(argument, "--report")) != NULL)
		o->report = atoi(value);
	else if ((value = value_of(argument, "--log-level")) != NULL)
		o->log_level = atoi(value);
	else if ((value = value_of(argument, "--state")) != NULL)
		o->format = strdup(value);
	else if (strcmp(argument, "--rehearse") == 0)
		o->rehearse = true;
	else if ((value = value_of(argument, "--linger")) != NULL) {
		o->linger = true;
		o->keeper = atoi(value);
	} else if ((value = value_of(argument, "--orphans")) != NULL) {
		o->linger = true;
		o->orphans = atoi(value);
	} else if ((value = value_of(argument, "--slots")) != NULL)
		o->slots = atoi(value);
	else if ((value = value_of(argument, "--log-fd")) != NULL)
		o->log_fd = atoi(value);
	else
		return false;
	return true;
}

/* Descriptors 0 to 2 are open: no file of ours may get the number of stderr. */
static void
open_standard(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

/* As inetd and systemd leave it: stderr is where the client is. */
static void
spare_client(int client)
{
	struct stat at, err;
	int null;

	if (fstat(client, &at) != 0 || fstat(STDERR_FILENO, &err) != 0 ||
	    at.st_dev != err.st_dev || at.st_ino != err.st_ino ||
	    S_ISCHR(err.st_mode))
		return;
	if ((null = open("/dev/null", O_RDWR)) < 0 ||
	    dup2(null, STDERR_FILENO) < 0)
		_exit(1);
	close(null);
}

static int
number(const char *text, int low, int high)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < low || n > high) {
		fprintf(stderr, "sallyportd: %s: a port is %d to %d\n", text,
		    low, high);
		exit(1);
	}
	return (int)n;
}

static void
options(int argc, char **argv, struct master_options *o)
{
	int c;

	while ((c = getopt(argc, argv, "C:Def:E:ip:tTVhdq")) != -1) {
		switch (c) {
		case 'D':
			o->foreground = true;
			break;
		case 'd':
			o->foreground = o->log_stderr = true;
			o->log_level = LOG_LEVEL_DEBUG;
			break;
		case 'e':
			o->log_stderr = true;
			break;
		case 'E':
			o->log_file = optarg;
			break;
		case 'f':
			o->config_file = optarg;
			break;
		case 'i':
			o->inetd = o->foreground = true;
			break;
		case 'p':
			o->port = number(optarg, 1, 65535);
			break;
		case 'q':
			o->log_level = LOG_LEVEL_QUIET;
			break;
		case 't':
			o->test = true;
			break;
		case 'T':
			o->test = o->effective = true;
			break;
		case 'C':
			o->spec = optarg;
			break;
		case 'V':
			version();
			exit(0);
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(1);
		}
	}
	if (o->spec != NULL && !o->effective) {
		fputs("sallyportd: -C goes with -T\n", stderr);
		exit(1);
	}
	if (optind < argc) {
		fprintf(stderr, "sallyportd: %s: no arguments are expected\n",
		    argv[optind]);
		usage(stderr);
		exit(1);
	}
}

/*
 * A shell's or a package manager's pipes would be held open for years.  The
 * service manager's sockets stay.
 */
static void
close_inherited(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	unsigned first = STDERR_FILENO + 1;

	if (pid != NULL && fds != NULL && atol(pid) == (long)getpid() &&
	    atoi(fds) > 0)
		first += (unsigned)atoi(fds);
	(void)close_range(first, ~0u, 0);
}

/* The program on disk, for the next image; without " (deleted)". */
static const char *
program_path(void)
{
	static char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	static const char gone[] = " (deleted)";
	size_t len;

	if (n <= 0)
		return SBINDIR "/sallyportd";
	path[n] = '\0';
	len = strlen(path);
	if (len > sizeof(gone) &&
	    strcmp(&path[len - sizeof(gone) + 1], gone) == 0)
		path[len - sizeof(gone) + 1] = '\0';
	return path;
}

/* The master's directory is "/", and a reload reads the file again. */
static const char *
absolute(const char *path)
{
	char *cwd, *text;

	if (path[0] == '/' || (cwd = getcwd(NULL, 0)) == NULL)
		return strdup(path);
	if (asprintf(&text, "%s/%s", cwd, path) < 0)
		text = NULL;
	free(cwd);
	return text;
}

int
main(int argc, char **argv)
{
	struct master_options o = {.config_file = SYSCONFDIR "/sallyport.conf",
	    .carry = -1,
	    .keeper = -1,
	    .orphans = -1,
	    .slots = -1,
	    .log_fd = -1,
	    .bundle = -1,
	    .report = -1,
	    .log_level = -2};
	char **plain;
	const char *role = NULL, *drop = NULL, *value;
	struct stat in;
	int n = 0, status;
	bool by_us = false; /* started by one of our own processes */

	/* A log file that has reached its limit ends no process. */
	signal(SIGXFSZ, SIG_IGN);
	open_standard();
	if (fstat(STDIN_FILENO, &in) == 0 && S_ISSOCK(in.st_mode))
		spare_client(STDIN_FILENO);
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--roles") == 0) {
			roles_print();
			return 0;
		} else if (strcmp(argv[i], "--version") == 0) {
			version();
			return 0;
		} else if (strcmp(argv[i], "--help") == 0) {
			usage(stdout);
			return 0;
		}
	if ((plain = calloc((size_t)argc + 1, sizeof(char *))) == NULL)
		return 1;
	for (int i = 0; i < argc; i++) {
		if (i > 0 && (value = value_of(argv[i], "--role")) != NULL)
			role = value;
		else if (i > 0 && (value = value_of(argv[i], "--drop")) != NULL)
			drop = value;
		else if (i > 0 && internal_option(argv[i], &o))
			by_us = true;
		else
			plain[n++] = strdup(argv[i]);
	}
	if (role != NULL) {
		role = strdup(role);
		drop = drop == NULL ? NULL : strdup(drop);
		title_init(argc, argv);
		start_role(role, o.log_level, drop);
	}
	if (!by_us)
		close_inherited();
	options(n, plain, &o);
	if (o.inetd) {
		spare_client(STDIN_FILENO);
		spare_client(STDOUT_FILENO);
	}
	o.program = program_path();
	o.argv = calloc((size_t)argc + 1, sizeof(char *));
	for (int i = 0; o.argv != NULL && i < argc; i++)
		o.argv[i] = strdup(argv[i]);
	if (geteuid() != 0)
		fputs("sallyportd: must be started by root\n", stderr);
	if (o.argv == NULL || o.program == NULL || geteuid() != 0)
		exit(1);
	o.config_file = absolute(o.config_file);
	if (o.log_file != NULL)
		o.log_file = absolute(o.log_file);
	title_init(argc, argv);
	o.serve = control_serve;
	status = master_run(&o);
	if (status == 0 && o.effective)
		status = effective_print(o.config_file, o.spec);
	fflush(NULL);
	/* The master's state is the process's: nothing is taken apart. */
	_exit(status);
}
