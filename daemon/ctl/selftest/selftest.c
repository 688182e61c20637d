/*
 * sallyportctl selftest: a login through the whole server with a key that is
 * made for it, lives in memory, and is the user's on one connection alone,
 * which the server makes for us and no network has.
 */
#include "config/load.h"
#include "config/policy/match.h"
#include "daemon/ctl/client.h"
#include "daemon/ctl/selftest/report.h"
#include "daemon/ctl/selftest/ssh.h"
#include "lib/fd.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/cipher.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/key.h"
#include "lib/ssh/key_private.h"

#include <sys/socket.h>

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TIMEOUT_MAX    600
#define SLOW_MS	       500
#define STEP_MAX       16384
#define CLOSING_MS     10000 /* PAM's close_session is told of, too */
#define STATUS_UNTRIED 2

struct asked {
	const char *user, *source, *listener, *timeout, *slow;
	unsigned long seconds;
};

struct test {
	struct selftest_report report;
	struct records answer; /* the server's: its host keys */
	struct key_private *key;
	const char *algorithm;
	int from; /* the monitor's report */
	struct ssh *ssh;
	uint64_t until; /* ms */
};

/* ---- the command line ---- */

static bool
parse_number(const char *text, unsigned long most, unsigned long *out)
{
	char *end;

	*out = strtoul(text, &end, 10);
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' && *out > 0 &&
	    *out <= most;
}

static int
read_options(const struct ctl *ctl, int argc, char **argv, struct asked *a)
{
	const struct {
		const char *name;
		const char **value;
	} rows[] = {{"--user", &a->user}, {"--source", &a->source},
	    {"--listener", &a->listener}, {"--timeout", &a->timeout},
	    {"--slow", &a->slow}};
	const size_t n = sizeof(rows) / sizeof(rows[0]);

	for (int i = 0; i < argc; i++) {
		size_t k = 0;

		while (k < n && strcmp(argv[i], rows[k].name) != 0)
			k++;
		if (k == n)
			return ctl_usage(ctl, "%s: no such option", argv[i]);
		if (++i == argc)
			return ctl_usage(
			    ctl, "%s: a value is expected", rows[k].name);
		*rows[k].value = argv[i];
	}
	return CTL_OK;
}

static int
take_options(const struct ctl *ctl, int argc, char **argv, struct asked *a,
    struct selftest_report *r)
{
	const char *sudo = getenv("SUDO_USER");
	unsigned long slow = SLOW_MS;
	int status = read_options(ctl, argc, argv, a);

	if (status != CTL_OK)
		return status;
	if (a->user == NULL)
		a->user = sudo != NULL && sudo[0] != '\0' ? sudo : "root";
	if (!parse_number(a->timeout, TIMEOUT_MAX, &a->seconds))
		return ctl_usage(ctl, "--timeout: 1 to %d seconds are expected",
		    TIMEOUT_MAX);
	if (a->slow != NULL && !parse_number(a->slow, 1000000, &slow))
		return ctl_usage(ctl, "--slow: milliseconds are expected");
	r->slow_us = slow * 1000;
	r->user = a->user;
	r->source = a->source;
	return CTL_OK;
}

/* ---- the key ---- */

/* The first of ours that the server's configuration lets users sign with. */
static int
choose_algorithm(const struct ctl *ctl, struct test *t, enum key_type *type)
{
	static const struct {
		const char *name;
		enum key_type type;
	} rows[] = {{"ssh-ed25519", KEY_ED25519},
	    {"ecdsa-sha2-nistp256", KEY_ECDSA_P256}, {"rsa-sha2-512", KEY_RSA},
	    {"rsa-sha2-256", KEY_RSA}};
	static const char *const words[] = {"bundle"};
	struct problems problems = {0};
	struct records answer = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;
	int fd, status = client_ask(ctl, words, 1, &answer, &fd);

	if (status == CTL_OK &&
	    (fd < 0 || config_bundle_from_fd(fd, &bundle) != 0 ||
		config_load(&bundle, &config, &problems) != 0))
		status = ctl_fail("the server's configuration cannot be read");
	for (size_t i = 0; status == CTL_OK && t->algorithm == NULL &&
	     i < sizeof(rows) / sizeof(rows[0]);
	     i++)
		if (policy_is_listed(
			&config->crypto.key_algorithms, rows[i].name)) {
			t->algorithm = rows[i].name;
			*type = rows[i].type;
		}
	if (status == CTL_OK && t->algorithm == NULL)
		status =
		    ctl_fail("key_algorithms has none that a self-test knows");
	if (fd >= 0)
		close(fd);
	config_free(config);
	config_bundle_free(&bundle);
	problems_free(&problems);
	records_free(&answer);
	return status;
}

static int
make_key(const struct ctl *ctl, struct test *t)
{
	enum key_type type = KEY_ED25519;
	int status;

	if (key_preload() != 0 || kex_preload() != 0 || cipher_preload() != 0)
		return ctl_fail("libcrypto lacks what a login needs");
	if ((status = choose_algorithm(ctl, t, &type)) != CTL_OK)
		return status;
	return key_private_generate(
		   type, type == KEY_RSA ? 3072 : 0, &t->key) == 0 ?
	    CTL_OK :
	    ctl_fail("a key cannot be made");
}

/* ---- the server's answer ---- */

/* The monitor's steps, one a message.  False: it has ended. */
static bool
read_step(struct test *t)
{
	char text[STEP_MAX];
	ssize_t n = recv(t->from, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (n == 0)
		return false;
	if (n < 0)
		return true;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	(void)record_parse(&t->report.steps, text);
	return true;
}

static void
on_report(void *arg)
{
	struct test *t = arg;
	struct pollfd p = {.fd = t->from, .events = POLLIN};

	while (poll(&p, 1, 0) == 1 && read_step(t))
		continue;
}

/* The client's end of the connection is the first thing in the report. */
static int
take_connection(struct test *t)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	char word[32];
	struct iovec iov = {.iov_base = word, .iov_len = sizeof(word)};
	struct msghdr h = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = control.space,
	    .msg_controllen = sizeof(control.space)};
	bool odd = false;
	int fd = -1;

	if (recvmsg(t->from, &h, MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <= 0 ||
	    fd_take(&h, &fd, 1, &odd) != 1)
		return ctl_fail("the server gives no connection");
	t->ssh = ssh_new(fd, t->until, t->from, on_report, t);
	return CTL_OK;
}

static int
ask(const struct ctl *ctl, const struct asked *a, struct test *t)
{
	char blob[BASE64_SIZE(1024)], seconds[24];
	const char *words[] = {
	    "selftest", a->user, blob, seconds, a->source, a->listener};
	const uint8_t *data;
	size_t len;
	int status;

	data = key_blob(key_private_public(t->key), &len);
	if (len > 1024)
		return ctl_fail("the key is too long");
	base64_encode(data, len, blob, sizeof(blob));
	snprintf(seconds, sizeof(seconds), "%lu", a->seconds);
	t->until = loop_clock() + a->seconds * 1000;
	status = client_ask(ctl, words, 6, &t->answer, &t->from);
	if (status == CTL_OK && (t->from < 0 || t->answer.count == 0))
		status = ctl_fail("the server's answer is not understood");
	if (status != CTL_OK)
		return status;
	snprintf(t->report.connection, sizeof(t->report.connection), "%.20s",
	    record_get(&t->answer.items[0], "connection"));
	return take_connection(t);
}

/* ---- the login ---- */

static bool
is_ours(const uint8_t *key, size_t len, void *arg)
{
	const struct test *t = arg;
	char *text = mem_zalloc(BASE64_SIZE(len));
	bool ours = false;

	base64_encode(key, len, text, BASE64_SIZE(len));
	for (size_t i = 1; i < t->answer.count && !ours; i++)
		ours = strcmp(record_get(&t->answer.items[i], "host_key"),
			   text) == 0;
	free(text);
	return ours;
}

static void __attribute__((format(printf, 3, 4)))
conclude(struct test *t, enum selftest_result result, const char *format, ...)
{
	struct selftest_report *r = &t->report;
	va_list args;

	va_start(args, format);
	vsnprintf(r->why, sizeof(r->why), format, args);
	va_end(args);
	r->result = result;
}

/* By the last step of a kind, if the monitor has told one: true. */
static bool
conclude_by(struct test *t, enum selftest_result result, const char *step)
{
	const struct record *s = selftest_step(&t->report, step);
	const char *name, *detail;

	if (s == NULL)
		return false;
	name = record_get(s, "name");
	detail = record_get(s, "detail");
	conclude(t, result, "%s%s%s", name,
	    name[0] != '\0' && detail[0] != '\0' ? ": " : "", detail);
	return true;
}

/* Not in.  The monitor has told why before the client was answered. */
static void
conclude_login(struct test *t, enum ssh_login login, const char *methods)
{
	const struct record *rule = selftest_step(&t->report, "rule");

	if (login == SSH_LOGIN_MORE) {
		conclude(t, SELFTEST_UNTRIED,
		    "the key is not enough, %s would follow: the rest cannot "
		    "be tried",
		    methods);
		return;
	}
	if (conclude_by(t, SELFTEST_UNTRIED, "untried"))
		return;
	if (conclude_by(t, SELFTEST_REFUSED, "refused")) {
		size_t used = strlen(t->report.why);

		if (rule != NULL && record_get(rule, "name")[0] != '\0')
			snprintf(&t->report.why[used],
			    sizeof(t->report.why) - used, " (rule %s)",
			    record_get(rule, "name"));
		return;
	}
	if (login == SSH_LOGIN_FAILED) {
		conclude(t, SELFTEST_FAILED, "%s", ssh_why(t->ssh));
		return;
	}
	if (!conclude_by(t, SELFTEST_REFUSED, "failed"))
		conclude(t, SELFTEST_UNTRIED,
		    "publickey is not among the methods (%s): the rest cannot "
		    "be tried",
		    methods);
}

/* One request: true if the session has reported. */
static bool
try_start(
    struct test *t, const char *request, const char *argument, int *result)
{
	struct buf output;
	int status;
	bool good = false;

	buf_init(&output, 8u << 20);
	*result = ssh_run(t->ssh, request, argument, &output, &status);
	on_report(t);
	if (*result == 0) {
		buf_u8(&output, 0);
		good = buf_end(&output) == 0 && status == 0 &&
		    selftest_take_session(&t->report, (char *)output.data);
	}
	buf_free(&output);
	return good;
}

/* In: the first request that is permitted has the report run in its place. */
static void
run_session(struct test *t)
{
	static const char *const requests[][2] = {
	    {"exec", "self-test"}, {"shell", NULL}, {"subsystem", "sftp"}};
	int result = 0;

	for (size_t i = 0; i < 3 && result >= 0; i++)
		if (try_start(t, requests[i][0], requests[i][1], &result)) {
			conclude(t, SELFTEST_WHOLE, "%s", "");
			return;
		}
	if (conclude_by(t, SELFTEST_REFUSED, "session_failed"))
		return;
	if (result >= 0 && selftest_step(&t->report, "started") == NULL)
		conclude(t, SELFTEST_UNTRIED,
		    "no command, shell or sftp is permitted: the session "
		    "cannot be tried");
	else
		conclude(t, SELFTEST_FAILED, "the session does not report: %s",
		    ssh_why(t->ssh));
}

static void
log_in(struct test *t)
{
	char methods[1024] = "";
	enum ssh_login login;

	if (ssh_exchange(t->ssh, is_ours, t) != 0) {
		conclude(
		    t, SELFTEST_FAILED, "key exchange: %s", ssh_why(t->ssh));
		return;
	}
	login = ssh_log_in(t->ssh, t->report.user, t->key, t->algorithm,
	    methods, sizeof(methods));
	on_report(t);
	if (login == SSH_LOGIN_DONE)
		run_session(t);
	else
		conclude_login(t, login, methods);
}

/* The monitor closes its end last of all. */
static void
await_end(struct test *t)
{
	uint64_t until = loop_clock() + CLOSING_MS;
	struct pollfd p = {.fd = t->from, .events = POLLIN};

	for (uint64_t now; (now = loop_clock()) < until;)
		if (poll(&p, 1, (int)(until - now)) == 1 && !read_step(t))
			return;
}

static void
run(struct test *t)
{
	uint64_t began = loop_clock();
	unsigned long server =
	    strtoul(record_get(&t->answer.items[0], "pid"), NULL, 10);

	log_in(t);
	ssh_leave(t->ssh);
	ssh_free(t->ssh);
	t->ssh = NULL;
	await_end(t);
	t->report.ms = loop_clock() - began;
	selftest_compare(&t->report, server);
}

static int
exit_status(const struct selftest_report *r)
{
	return r->result == SELFTEST_WHOLE ? CTL_OK :
	    r->result == SELFTEST_UNTRIED  ? STATUS_UNTRIED :
					     CTL_FAILED;
}

int
selftest_command(const struct ctl *ctl, int argc, char **argv)
{
	struct asked a = {
	    .source = "127.0.0.1", .listener = "-", .timeout = "30"};
	struct test t = {.from = -1};
	int status = take_options(ctl, argc, argv, &a, &t.report);

	if (status == CTL_OK)
		status = make_key(ctl, &t);
	if (status == CTL_OK)
		status = ask(ctl, &a, &t);
	if (status == CTL_OK) {
		run(&t);
		if (ctl->json)
			selftest_json(&t.report);
		else
			selftest_print(&t.report);
		status = exit_status(&t.report);
	}
	key_private_free(t.key);
	ssh_free(t.ssh);
	if (t.from >= 0)
		close(t.from);
	records_free(&t.answer);
	records_free(&t.report.steps);
	records_free(&t.report.session);
	return status;
}
