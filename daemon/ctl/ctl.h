/*
 * sallyportctl: what its commands share.  It is run by an administrator, and
 * trusts nothing that came from clients: all such text is escaped.
 */
#ifndef DAEMON_CTL_CTL_H
#define DAEMON_CTL_CTL_H

#include "config/bundle.h"
#include "config/config.h"
#include "config/problem.h"
#include "daemon/ctl/say.h"

#include <stdbool.h>

struct records;

struct ctl {
	const char *config_file;
	const char *socket; /* NULL: the configuration's */
	bool json;
	bool quiet; /* the caller says itself what the server did not answer */
	const char *command;
	const char *arguments; /* of the command, for its usage */
};

/* A command: its own arguments, without its name.  Returns ctl_status. */
typedef int ctl_command_fn(const struct ctl *ctl, int argc, char **argv);

ctl_command_fn audit_command, check_command, compliance_command,
    confirm_command, drain_command, explain_command, fingerprints_command,
    grant_command, hostkeys_command, import_command, keys_command, kill_command,
    log_level_command, penalties_command, policy_command, recheck_command,
    recordings_command, reload_command, revert_command, selftest_command,
    sessions_command, show_command, stats_command, status_command;

/*
 * offline.c: the configuration as it is on disk.  NULL, and each problem on
 * stderr, when it cannot be used.  bundle may be NULL.
 */
struct config *offline_config(const struct ctl *ctl, struct bundle *bundle);

/* The same of any file, which no server reads: whoever may have written it. */
struct config *offline_draft(const char *path, struct bundle *bundle);

/* The bundle of a file: judged for its owner and modes if root reads it. */
int offline_read(
    const char *path, struct bundle *bundle, struct problems *problems);

/* check.c: what "check" finds in ctl->config_file, added to problems. */
void check_file(const struct ctl *ctl, struct problems *problems);

/* check.c: problems for JSON. */
void problem_records(const struct problems *problems, struct records *r);

#endif
