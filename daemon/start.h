/*
 * Start of every role: opens the log as the configuration and the command line
 * say.
 */
#ifndef DAEMON_START_H
#define DAEMON_START_H

#include "config/config.h"
#include "privsep/roles.h"

#include <stdbool.h>

struct start_flags {
	bool log_stderr;
	int log_fd; /* -E FILE, -1 */
	int log_level; /* -2: as configured */
};

/* Sinks, level, ident, audit format.  Again after a reload is fine. */
void start_logging(
    const struct config *config, const struct start_flags *flags);

/* A role's own flags, for a process that it starts. */
const struct start_flags *start_own_flags(void);

/*
 * For a role: the sealed configuration at SPAWN_BUNDLE, parsed; what fails
 * here was good in the master a moment ago, so it ends the process.
 */
struct config *start_config(void);

/*
 * Become what the role's row says, with the ids and the empty directory that
 * the master gave on the command line.
 */
void start_drop(enum role role);

/* A role's start, from `--role=NAME[,stderr][,file][,fips]`; never returns. */
void start_role(const char *argument, int log_level, const char *drop)
    __attribute__((noreturn));

/* This process's audit records are linked from here on (lib/audit_chain.h). */
void start_chain(void);

#endif
