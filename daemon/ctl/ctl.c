/*
 * sallyportctl: finds the command and runs it.
 */
#include "config.h"

#include "daemon/ctl/ctl.h"

#include "daemon/ctl/say.h"

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command {
	const char *name;
	ctl_command_fn *run;
	const char *arguments;
	const char *help;
} commands[] = {
    {"audit", audit_command,
	"verify [--key file] [--partial] [--quiet] [file ...]",
	"whether the log is complete"},
    {"check", check_command, "[--lint] [file]",
	"everything a start would find wrong"},
    {"compliance", compliance_command,
	"[--failed | --html] [--item id]\n"
	"        cis-debian12 | cis-rhel9 | stig-rhel9 | stig-ubuntu2404 |\n"
	"        own file",
	"what a benchmark asks, item by item"},
    {"confirm", confirm_command, "", "keep the policy that is on trial"},
    {"drain", drain_command, "[on | off | wait]",
	"refuse new connections, wait for the others to end"},
    {"explain", explain_command,
	"--user name --from address [--listener name] [--at time]\n"
	"        [--method method[,method]] [--key file]\n"
	"        [--principal user@REALM [--delegated]] [--live]\n"
	"        [--brief] [--expect allow | deny]",
	"who may log in and do what, and why"},
    {"fingerprints", fingerprints_command, "",
	"print the fingerprints of the host keys"},
    {"grant", grant_command,
	"add --user name --rule rule --for time [--ticket text]\n"
	"        [--approver name] | list | revoke id",
	"let somebody in by a rule for a time"},
    {"hostkeys", hostkeys_command, "", "make the host keys that are missing"},
    {"import", import_command, "[--report file] sshd_config",
	"sshd's configuration in our words"},
    {"keys", keys_command, "[--unused time] [--expiring [time]] [--csv]",
	"what each key did; keys nobody uses"},
    {"kill", kill_command, "id | user | address | key", "end connections"},
    {"log-level", log_level_command, "[level | default]",
	"show it, or set it for new connections until the next reload"},
    {"penalties", penalties_command,
	"[add address time | clear [address | user:name]\n"
	"        | export --nft]",
	"show, add, clear or export the penalties of sources"},
    {"policy", policy_command, "diff [--users file] [--user name] old new",
	"what a new policy changes for whom"},
    {"recheck", recheck_command, "",
	"judge open connections anew, by the policy in force"},
    {"recordings", recordings_command,
	"list | show | play | watch | verify | search | export | prune ...",
	"what was done in recorded sessions"},
    {"reload", reload_command,
	"[--confirm time [--until-login user:name | rule:name]]\n"
	"        [--at time | --at never]",
	"have the configuration and program on disk take over"},
    {"revert", revert_command, "", "take back the policy that is on trial"},
    {"selftest", selftest_command,
	"[--user name] [--source address] [--listener name]\n"
	"        [--timeout time] [--slow milliseconds]",
	"a login through the whole server, and what it found"},
    {"sessions", sessions_command, "[message target|all text]",
	"who is connected; write to their terminals"},
    {"show", show_command,
	"[--defaults | --keys | key | group ...]\n"
	"        | --effective [rule ...]",
	"the configuration as it is understood"},
    {"stats", stats_command, "", "counters, as Prometheus reads them"},
    {"status", status_command, "", "what the server is doing"},
};

#define HELP_COLUMN 36
#define N_COMMANDS  (sizeof(commands) / sizeof(commands[0]))

static void
usage(FILE *out)
{
	fputs("usage: sallyportctl [-f config_file] [-s socket] [--json] "
	      "command [argument ...]\n"
	      "       sallyportctl [-V | --version | -h | --help]\n",
	    out);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		int width = fprintf(out, "    %s%s%s", commands[i].name,
		    *commands[i].arguments ? " " : "", commands[i].arguments);

		if (width >= HELP_COLUMN) {
			putc('\n', out);
			width = 0;
		}
		fprintf(
		    out, "%*s%s\n", HELP_COLUMN - width, "", commands[i].help);
	}
}

static const struct command *
find(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* -f, --json and the like may stand before or behind the command's name. */
static int
global_option(struct ctl *ctl, int argc, char **argv, int *at)
{
	if (strcmp(argv[*at], "--json") == 0) {
		ctl->json = true;
		return 1;
	}
	if (strcmp(argv[*at], "-f") == 0) {
		if (*at + 1 == argc)
			return -1;
		ctl->config_file = argv[++*at];
		return 1;
	}
	if (strcmp(argv[*at], "-s") == 0) {
		if (*at + 1 == argc)
			return -1;
		ctl->socket = argv[++*at];
		return 1;
	}
	if (strcmp(argv[*at], "-V") == 0 ||
	    strcmp(argv[*at], "--version") == 0) {
		printf("sallyport %s\n", PACKAGE_VERSION);
		exit(CTL_OK);
	}
	if (strcmp(argv[*at], "-h") == 0 || strcmp(argv[*at], "--help") == 0) {
		usage(stdout);
		exit(CTL_OK);
	}
	return 0;
}

int
main(int argc, char **argv)
{
	struct ctl ctl = {.config_file = SYSCONFDIR "/sallyport.conf"};
	const struct command *command;
	int n = 0, taken, status;

	umask(022);
	for (int i = 1; i < argc; i++) {
		taken = global_option(&ctl, argc, argv, &i);
		if (taken < 0) {
			usage(stderr);
			return CTL_USAGE;
		}
		if (taken == 0)
			argv[n++] = argv[i];
	}
	if (n == 0 || argv[0][0] == '-') {
		ctl_fail("a command is expected");
		usage(stderr);
		return ctl_end(&ctl, CTL_USAGE);
	}
	ctl.command = argv[0];
	if ((command = find(argv[0])) == NULL) {
		ctl_fail("%s: no such command", argv[0]);
		usage(stderr);
		return ctl_end(&ctl, CTL_USAGE);
	}
	ctl.arguments = command->arguments;
	status = command->run(&ctl, n - 1, &argv[1]);
	return ctl_end(&ctl, status);
}
