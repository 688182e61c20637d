/*
 * sallyportctl check: everything a start would find wrong.  The configuration
 * is read and looked around in here; then, when nothing was wrong so far,
 * sallyportd itself starts up to the point where it would serve, with its
 * modules loaded and its keys read.
 */
#include "daemon/ctl/ctl.h"

#include "config/check.h"
#include "config/load.h"
#include "daemon/ctl/record.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/net.h"
#include "lib/safefile.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/fips.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/key_private.h"
#include "modules/host/probe.h"
#include "privsep/policy_account.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define REPORT_MAX (256 * 1024)
#define REPORT_FD  3

struct checking {
	const struct config *config;
	struct problems *problems;
	struct probes modules;
};

/* ---- what config/ asks ---- */

static bool
read_all(const char *path, struct buf *b, char *why, size_t why_size)
{
	const struct safefile_rules rules = {
	    .owner = geteuid(), .flags = SAFEFILE_FOLLOW, .max = KEY_FILE_MAX};
	char text[SAFEFILE_WHY_MAX] = "";

	buf_init(b, KEY_FILE_MAX);
	if (safefile_read(path, &rules, b, text) == 0)
		return true;
	snprintf(why, why_size, "%s", text);
	return false;
}

static size_t
first_line(const struct buf *b)
{
	const uint8_t *end = b->len == 0 ? NULL : memchr(b->data, '\n', b->len);

	return end == NULL ? b->len : (size_t)(end - b->data);
}

static bool
host_key(void *context, const char *path, char *why, size_t why_size)
{
	const struct checking *c = context;
	struct key_private *key = NULL;
	struct buf b;
	bool good = false;
	int err;

	if (read_all(path, &b, why, why_size)) {
		err = key_private_parse(b.data, b.len, &key);
		if (err != 0)
			snprintf(why, why_size, "is no usable private key: %s",
			    err_text(err));
		else
			good =
			    key_check_length(key_private_public(key),
				c->config->crypto.rsa_bits, why, why_size) == 0;
	}
	key_private_free(key);
	buf_free(&b);
	return good;
}

static bool
host_certificate(void *context, const char *path, char *why, size_t why_size)
{
	struct checking *c = context;
	const struct cert_rules rules = {.kind = CERT_HOST,
	    .now = (uint64_t)time(NULL),
	    .rsa_min_bits = c->config->crypto.rsa_bits};
	enum cert_verdict verdict = CERT_INVALID;
	struct key *key = NULL;
	struct buf b;
	int err;

	if (read_all(path, &b, why, why_size)) {
		err = key_parse_line(
		    (const char *)b.data, first_line(&b), &key, NULL, NULL);
		if (err != 0)
			snprintf(why, why_size, "%s", err_text(err));
		else
			verdict = cert_check(key, &rules, why, why_size);
	}
	/* The plain key serves meanwhile: no reason not to start. */
	if (verdict == CERT_PAST || verdict == CERT_NOT_YET_VALID)
		problem_warning(c->problems, NULL, 0,
		    "host_certificates: %s: %s", path, why);
	key_free(key);
	buf_free(&b);
	return verdict == CERT_GOOD || verdict == CERT_PAST ||
	    verdict == CERT_NOT_YET_VALID;
}

static void
look_at_module(void *context, const struct module_settings *settings,
    struct problems *problems)
{
	struct checking *c = context;

	(void)probe_add(&c->modules, c->config, settings, problems);
}

static bool
module_serves(void *context, const struct chain_step *step)
{
	const struct checking *c = context;

	return probe_serves(&c->modules, step->module, step->method);
}

/* A start would not be able to listen there now; the address may still come. */
static void
look_at_listeners(const struct config *config, struct problems *problems)
{
	for (size_t i = 0; i < config->listener_count; i++) {
		const struct listener *l = &config->listeners[i];
		struct sockaddr_storage ss;
		struct net_address a;
		socklen_t len;
		int fd;

		if (l->freebind || net_parse(l->address, &a) != 0)
			continue;
		a.port = 0;
		len = net_to_sockaddr(&a, &ss);
		fd = socket(ss.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fd >= 0 && bind(fd, (struct sockaddr *)&ss, len) != 0 &&
		    errno == EADDRNOTAVAIL)
			problem_warning(problems, NULL, 0,
			    "listeners: %s: this machine has no address %s; "
			    "with freebind = true it may come later",
			    l->name, l->address);
		if (fd >= 0)
			close(fd);
	}
}

static void
look_around(const struct config *config, struct problems *problems)
{
	struct checking c = {.config = config, .problems = problems};
	const struct check_calls calls = {.context = &c,
	    .user = check_user_exists,
	    .group = check_group_exists,
	    .module = look_at_module,
	    .serves = module_serves,
	    .host_key = host_key,
	    .host_certificate = host_certificate,
	    .algorithm = check_algorithm_exists,
	    .lacking = check_algorithm_lacking,
	    .account = policy_account,
	    .tests = true};

	if (config->crypto.profile == CRYPTO_FIPS && fips_require() != 0)
		problem_error(problems, NULL, 0,
		    "crypto.profile: \"fips\" needs libcrypto's FIPS provider, "
		    "which cannot be loaded");
	if (key_preload() != 0 || kex_preload() != 0)
		problem_error(problems, NULL, 0,
		    "libcrypto lacks what the protocol needs");
	(void)config_check(config, &calls, problems);
	look_at_listeners(config, problems);
	probes_free(&c.modules);
}

/* ---- sallyportd -t ---- */

/* Beside this program, or where it was installed. */
static char *
daemon_path(void)
{
	char own[4096], *path = NULL, *slash;
	ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

	if (n > 0) {
		own[n] = '\0';
		if ((slash = strrchr(own, '/')) != NULL) {
			*slash = '\0';
			path = mem_printf("%s/sallyportd", own);
		}
	}
	if (path == NULL || access(path, X_OK) != 0) {
		free(path);
		path = mem_strdup(SBINDIR "/sallyportd");
	}
	return path;
}

static void __attribute__((noreturn))
become_daemon(const char *path, const struct ctl *ctl, int report)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(report, REPORT_FD) < 0 || dup2(null, 0) < 0 ||
	    dup2(null, 1) < 0 || dup2(null, 2) < 0)
		_exit(125);
	execl(path, "sallyportd", "-t", "--report=3", "-f", ctl->config_file,
	    (char *)NULL);
	dprintf(REPORT_FD, "%s: %s\n", path, strerror(errno));
	_exit(125);
}

static bool
is_known(const struct problems *problems, const char *text)
{
	bool known = false;

	for (size_t i = 0; i < problems->count && !known; i++) {
		char *line = problem_line(&problems->items[i]);

		known = strcmp(line, text) == 0;
		free(line);
	}
	return known;
}

/* "file:line: [warning: ]text" into its parts. */
static void
add_line(struct problems *problems, const char *line)
{
	const char *colon = strchr(line, ':'), *text = line;
	char *end = NULL, *file = NULL;
	unsigned long number = 0;

	if (line[0] == '/' && colon != NULL) {
		number = strtoul(&colon[1], &end, 10);
		if (end != &colon[1] && end[0] == ':' && end[1] == ' ') {
			file = mem_strndup(line, (size_t)(colon - line));
			text = &end[2];
		}
	}
	if (strncmp(text, "warning: ", 9) == 0)
		problem_warning(problems, file,
		    file == NULL ? 0 : (unsigned)number, "%s", &text[9]);
	else
		problem_error(problems, file,
		    file == NULL ? 0 : (unsigned)number, "%s", text);
	free(file);
}

static void
add_report(struct problems *problems, char *text)
{
	char *rest = text, *line;

	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0' && !is_known(problems, line))
			add_line(problems, line);
}

static void
read_report(int fd, struct buf *b)
{
	uint8_t piece[4096];
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0 ||
	    (n < 0 && errno == EINTR))
		if (n > 0)
			buf_bytes(b, piece, (size_t)n);
}

static void
rehearse(const struct ctl *ctl, struct problems *problems)
{
	char *path = daemon_path();
	size_t errors = problems->errors;
	struct buf report;
	int fds[2], status = 0;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		problem_error(problems, NULL, 0, "%s", strerror(errno));
		free(path);
		return;
	}
	if (pid == 0)
		become_daemon(path, ctl, fds[1]);
	close(fds[1]);
	buf_init(&report, REPORT_MAX);
	read_report(fds[0], &report);
	close(fds[0]);
	buf_u8(&report, 0);
	if (report.len > 0)
		add_report(problems, (char *)report.data);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (status != 0 && problems->errors == errors)
		problem_error(problems, NULL, 0, "%s -t refuses it (status %d)",
		    path, status);
	buf_free(&report);
	free(path);
}

/* ---- the command ---- */

void
problem_records(const struct problems *problems, struct records *r)
{
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *p = &problems->items[i];

		record_begin(r);
		record_text(r, "severity",
		    p->severity == PROBLEM_ERROR ? "error" : "warning");
		record_text(r, "file", p->file == NULL ? "" : p->file);
		record_number(r, "line", p->line);
		record_text(r, "message", p->text);
	}
}

static void
print_problems(
    const struct ctl *ctl, const struct problems *problems, const char *unseen)
{
	struct records r = {0};

	if (!ctl->json) {
		problems_print(problems, stdout);
		if (problems->errors == 0)
			printf("%s: no errors\n", ctl->config_file);
		if (unseen != NULL)
			printf("%s: %s\n", ctl->config_file, unseen);
		return;
	}
	problem_records(problems, &r);
	if (unseen != NULL) {
		record_begin(&r);
		record_text(&r, "severity", "note");
		record_text(&r, "file", ctl->config_file);
		record_number(&r, "line", 0);
		record_text(&r, "message", unseen);
	}
	records_json(&r, false, stdout);
	records_free(&r);
}

void
check_file(const struct ctl *ctl, struct problems *problems)
{
	struct bundle bundle = {0};
	struct config *config = NULL;

	if (config_bundle_read(ctl->config_file, &bundle, problems) == 0 &&
	    config_load(&bundle, &config, problems) == 0) {
		look_around(config, problems);
		if (problems->errors == 0)
			rehearse(ctl, problems);
	}
	config_free(config);
	config_bundle_free(&bundle);
}

/* The methods of our own modules are known without their files. */
static bool
file_serves(const char *file, const char *method)
{
	static const char *const rows[][2] = {{"pam", "password"},
	    {"pam", "keyboard-interactive"}, {"publickey", "publickey"},
	    {"hostbased", "hostbased"}};
	const char *slash = strrchr(file, '/');
	const char *name = slash == NULL ? file : &slash[1];
	size_t len = strcspn(name, ".");
	bool ours = false;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (strlen(rows[i][0]) != len ||
		    strncmp(rows[i][0], name, len) != 0)
			continue;
		ours = true;
		if (strcmp(rows[i][1], method) == 0)
			return true;
	}
	return !ours;
}

static bool
may_serve(void *context, const struct chain_step *step)
{
	const struct config *config = *(struct config *const *)context;

	for (size_t i = 0; i < config->module_count; i++) {
		const struct module_settings *m = &config->modules[i];

		if ((step->module == NULL ||
			strcmp(step->module, m->name) == 0) &&
		    file_serves(m->file, step->method))
			return true;
	}
	return false;
}

/* The words alone, as a pipeline has them, far from the machine. */
static void
lint_file(const struct ctl *ctl, struct problems *problems)
{
	struct bundle bundle = {0};
	struct config *config = NULL;
	const struct check_calls calls = {.context = &config,
	    .algorithm = check_algorithm_exists,
	    .serves = may_serve,
	    .tests = true,
	    .elsewhere = true};

	if (key_preload() != 0 || kex_preload() != 0)
		problem_error(problems, NULL, 0,
		    "libcrypto lacks what the protocol needs");
	if (config_bundle_read_unjudged(ctl->config_file, &bundle, problems) ==
		0 &&
	    config_load(&bundle, &config, problems) == 0)
		(void)config_check(config, &calls, problems);
	config_free(config);
	config_bundle_free(&bundle);
}

static const char unseen[] =
    "not looked at: owners and modes, host keys, files that it names, "
    "accounts and groups, modules and their options, addresses of listeners";

int
check_command(const struct ctl *ctl, int argc, char **argv)
{
	struct problems problems = {0};
	struct ctl own = *ctl;
	bool lint = geteuid() != 0;
	int status;

	for (int i = 0; i < argc; i++) {
		if (strcmp(argv[i], "--lint") == 0)
			lint = true;
		else if (argv[i][0] == '-' ||
		    own.config_file != ctl->config_file)
			return ctl_usage(ctl, "one file is expected");
		else
			own.config_file = argv[i];
	}
	if (lint)
		lint_file(&own, &problems);
	else
		check_file(&own, &problems);
	print_problems(&own, &problems, lint ? unseen : NULL);
	status = problems.errors == 0 ? CTL_OK : CTL_FAILED;
	problems_free(&problems);
	return status;
}
