/*
 * sallyportctl grant: grants for a time are made, listed and taken back.  They
 * are files, which other tools may make as well; the server reads them at each
 * login that a rule with by_grant may decide.
 */
#include "config/load.h"
#include "config/parse.h"
#include "config/policy/timed.h"
#include "daemon/ctl/client.h"
#include "daemon/ctl/when.h"
#include "lib/fd.h"
#include "lib/json.h"
#include "lib/mem.h"
#include "privsep/grants_directory.h"

#include <sys/random.h>
#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct asked {
	const char *user, *rule, *length, *ticket, *approver;
};

static int
read_arguments(const struct ctl *ctl, int argc, char **argv, struct asked *a)
{
	const struct {
		const char *name;
		const char **value;
	} rows[] = {{"--user", &a->user}, {"--rule", &a->rule},
	    {"--for", &a->length}, {"--ticket", &a->ticket},
	    {"--approver", &a->approver}};
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
		if (!timed_is_value(argv[i]))
			return ctl_usage(ctl,
			    "%s: up to %d printable characters are expected",
			    rows[k].name, TIMED_TEXT_MAX);
		*rows[k].value = argv[i];
	}
	return a->user == NULL || a->rule == NULL || a->length == NULL ?
	    ctl_usage(ctl, "--user, --rule and --for are required") :
	    CTL_OK;
}

/* A grant for a rule that asks for none would be a slip that nobody sees. */
static int
check_rule(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->rule_count; i++)
		if (strcmp(c->rules[i].name, name) == 0)
			return timed_rule_asks(&c->rules[i]) ?
			    CTL_OK :
			    ctl_fail("rule %s does not say by_grant", name);
	return ctl_fail("%s: there is no such rule", name);
}

static void
fill(struct timed_grant *g, const struct asked *a, uint64_t seconds)
{
	const struct passwd *pw = getpwuid(getuid());
	const char *sudo = getenv("SUDO_USER");

	memset(g, 0, sizeof(*g));
	snprintf(g->user, sizeof(g->user), "%s", a->user);
	snprintf(g->rule, sizeof(g->rule), "%s", a->rule);
	g->begins = (uint64_t)time(NULL);
	g->until = g->begins + seconds;
	if (a->ticket != NULL)
		snprintf(g->ticket, sizeof(g->ticket), "%s", a->ticket);
	if (a->approver != NULL)
		snprintf(g->approver, sizeof(g->approver), "%s", a->approver);
	snprintf(g->made_by, sizeof(g->made_by), "%s",
	    sudo != NULL && timed_is_value(sudo) ? sudo :
		pw != NULL			 ? pw->pw_name :
						   "root");
}

/* A grant that is over is of no use, and in the way of those that are not. */
static void
sweep(const struct config *c)
{
	if (geteuid() == 0)
		grants_sweep(c->grants_directory);
}

/* Whole or not at all: what is being written has no name that counts. */
static int
store(const char *directory, const struct timed_grant *g, char id[17])
{
	char *hidden, *path;
	uint64_t random;
	FILE *out = NULL;
	int fd, status = CTL_OK;

	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return ctl_fail("no random numbers");
	snprintf(id, 17, "%016" PRIx64, random);
	hidden = mem_printf("%s/.%s", directory, id);
	path = mem_printf("%s/%s" TIMED_SUFFIX, directory, id);
	if (mkdir(directory, 0755) != 0 && errno != EEXIST)
		status = ctl_fail("%s: %s", directory, strerror(errno));
	fd = open(
	    hidden, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && (out = fdopen(fd, "w")) == NULL)
		close(fd);
	if (out != NULL)
		timed_write(g, out);
	if (status == CTL_OK &&
	    (out == NULL || fflush(out) != 0 || fsync(fd) != 0 ||
		rename(hidden, path) != 0))
		status = ctl_fail("%s: %s", path, strerror(errno));
	if (out != NULL)
		fclose(out);
	if (status != CTL_OK)
		(void)unlink(hidden);
	free(hidden);
	free(path);
	return status;
}

static int
add(const struct ctl *ctl, const struct config *c, int argc, char **argv)
{
	struct asked a = {0};
	struct timed_grant g;
	uint64_t seconds = 0;
	char id[17], until[TIMED_TIME_MAX];
	int status = read_arguments(ctl, argc, argv, &a);

	if (status != CTL_OK)
		return status;
	if (parse_time(a.length, &seconds) != NULL || seconds == 0)
		return ctl_usage(ctl,
		    "--for %s: a time such as 30m or 2h is expected", a.length);
	if ((status = check_rule(c, a.rule)) != CTL_OK)
		return status;
	if (getpwnam(a.user) == NULL)
		return ctl_fail("%s: there is no such user", a.user);
	sweep(c);
	fill(&g, &a, seconds);
	if ((status = store(c->grants_directory, &g, id)) != CTL_OK)
		return status;
	if (ctl->json)
		printf("{\"id\":\"%s\",\"until\":\"%s\"}\n", id,
		    timed_time(g.until, until));
	else
		printf("grant %s: %s may use rule %s until %s\n", id, a.user,
		    a.rule, timed_time(g.until, until));
	return CTL_OK;
}

/* ---- list ---- */

static void
tell_fault(const char *file, const char *why, void *arg)
{
	int *status = arg;

	*status = ctl_fail("%s grants nothing: %s", file, why);
}

static const char *
state_of(const struct timed_grant *g)
{
	uint64_t now = (uint64_t)time(NULL);

	return now >= g->until ? "over" :
	    now < g->begins    ? "to come" :
				 "in force";
}

static void
print_json(const struct timed_grant *g, const char *id)
{
	char begins[TIMED_TIME_MAX], until[TIMED_TIME_MAX];
	const struct {
		const char *name, *value;
	} rows[] = {{"id", id}, {"user", g->user}, {"rule", g->rule},
	    {"begins", timed_time(g->begins, begins)},
	    {"until", timed_time(g->until, until)}, {"state", state_of(g)},
	    {"ticket", g->ticket}, {"approver", g->approver},
	    {"made_by", g->made_by}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		printf("%s\"%s\":", i > 0 ? "," : "{", rows[i].name);
		json_quote(stdout, rows[i].value);
	}
	putchar('}');
}

static void
print_plain(const struct timed_grant *g, const char *id)
{
	char until[TIMED_TIME_MAX];

	printf("%s  ", id);
	plain_text(g->user, stdout);
	printf(", rule %s, %s until %s", g->rule, state_of(g),
	    timed_time(g->until, until));
	if (g->ticket[0] != '\0') {
		printf(", ticket ");
		plain_text(g->ticket, stdout);
	}
	if (g->approver[0] != '\0') {
		printf(", approved by ");
		plain_text(g->approver, stdout);
	}
	putchar('\n');
}

static void
print(const struct ctl *ctl, struct timed_grant *grants, size_t count)
{
	if (ctl->json)
		putchar('[');
	for (size_t i = 0; i < count; i++) {
		struct timed_grant *g = &grants[i];

		g->file[strlen(g->file) - strlen(TIMED_SUFFIX)] = '\0';
		if (ctl->json && i > 0)
			putchar(',');
		if (ctl->json)
			print_json(g, g->file);
		else
			print_plain(g, g->file);
	}
	if (ctl->json)
		puts("]");
}

/* One that is over is told of once, and then taken away. */
static int
list(const struct ctl *ctl, const struct config *c, int argc)
{
	struct timed_grant *grants;
	int status = CTL_OK;
	size_t count;
	enum fact_state state;

	if (argc != 0)
		return ctl_usage(ctl, "list: no arguments are expected");
	state = grants_read(
	    c->grants_directory, NULL, tell_fault, &status, &grants, &count);
	sweep(c);
	if (state != FACT_KNOWN)
		state = grants_read(
		    c->grants_directory, NULL, NULL, NULL, &grants, &count);
	if (state != FACT_KNOWN)
		return ctl_fail("%s: cannot be read, or has more than %d "
				"grants",
		    c->grants_directory, GRANTS_FILES_MAX);
	print(ctl, grants, count);
	free(grants);
	return status;
}

/* ---- revoke ---- */

/* The server would see it by itself within seconds. */
static void
tell_server(const struct ctl *ctl)
{
	const char *const words[] = {"recheck"};
	struct ctl quiet = *ctl;
	struct records answer = {0};

	quiet.quiet = true;
	(void)client_ask(&quiet, words, 1, &answer, NULL);
	records_free(&answer);
}

static int
take_back(const struct ctl *ctl, const struct config *c, int argc, char **argv)
{
	int status = CTL_OK;
	char *path;

	if (argc != 1)
		return ctl_usage(ctl, "revoke: the id of a grant is expected");
	if (parse_name(argv[0]) != NULL || argv[0][0] == '.')
		return ctl_usage(ctl, "revoke %s: no id of a grant", argv[0]);
	path = mem_printf("%s/%s" TIMED_SUFFIX, c->grants_directory, argv[0]);
	if (unlink(path) != 0)
		status = ctl_fail("%s: %s", path, strerror(errno));
	free(path);
	if (status == CTL_OK) {
		sweep(c);
		tell_server(ctl);
	}
	if (status == CTL_OK && !ctl->json)
		printf("grant %s is taken back\n", argv[0]);
	return status;
}

int
grant_command(const struct ctl *ctl, int argc, char **argv)
{
	const char *verb = argc > 0 ? argv[0] : "";
	struct config *c;
	int status;

	if (strcmp(verb, "add") != 0 && strcmp(verb, "list") != 0 &&
	    strcmp(verb, "revoke") != 0)
		return ctl_usage(ctl, "add, list or revoke is expected");
	if ((c = offline_config(ctl, NULL)) == NULL)
		return CTL_FAILED;
	if (strcmp(verb, "add") == 0)
		status = add(ctl, c, argc - 1, &argv[1]);
	else if (strcmp(verb, "list") == 0)
		status = list(ctl, c, argc - 1);
	else
		status = take_back(ctl, c, argc - 1, &argv[1]);
	config_free(c);
	return status;
}
