/*
 * The look around after the configuration was read: files, users, groups,
 * commands, modules, and whether each chain can be walked.  For sallyportctl
 * check, sallyportd -t and the rehearsal of a reload; asks through callbacks
 * what is not config's to know.
 */
#include "config/check.h"
#include "config/check_file.h"
#include "config/check_offers.h"
#include "config/check_sockets.h"
#include "config/consent.h"
#include "config/sources.h"
#include "config/kerberos.h"
#include "config/recording.h"
#include "config/options.h"
#include "config/policy/match.h"
#include "config/policy/serves.h"
#include "lib/err.h"
#include "lib/journal.h"
#include "lib/mem.h"
#include "lib/safefile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct check {
	const struct config *config;
	const struct check_calls *calls;
	struct problems *problems;
};

static const struct origin *
key_origin(const struct check *c, const char *key)
{
	const struct option *option = option_find(SECTION_SERVER, key);

	return &c->config->origins[option - options];
}

/* ---- files ---- */

static bool
lists(const struct strings *names, const char *name)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (strcmp(names->items[i], name) == 0)
			return true;
	}
	return false;
}

static bool
any_rule_grants_x11(const struct config *config)
{
	size_t i;

	for (i = 0; i < config->rule_count; i++) {
		if (config->rules[i].grants.x11)
			return true;
	}
	for (i = 0; i < config->overlay_count; i++) {
		if (config->overlays[i].grants.x11)
			return true;
	}
	return false;
}

static void
warn_missing(const struct check *c, const char *key, const char *path, int mode,
    const char *use)
{
	const struct origin *origin = key_origin(c, key);

	if (access(path, mode) != 0)
		problem_warning(c->problems, origin->file, origin->line,
		    "%s: %s: %s; %s", key, path, strerror(errno), use);
}

/* Wrong on this machine, and to be mended beside the configuration. */
static void __attribute__((format(printf, 3, 4))) state_problem(
    const struct check *c, const struct origin *origin, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	if (c->calls->lenient)
		problem_warning(
		    c->problems, origin->file, origin->line, "%s", text);
	else
		problem_error(
		    c->problems, origin->file, origin->line, "%s", text);
	free(text);
}

static void
check_log_targets(const struct check *c)
{
	const struct strings *targets = &c->config->log.targets;
	const struct origin *origin = key_origin(c, "log.targets");
	char *directory, why[SAFEFILE_WHY_MAX];
	struct stat st;

	for (size_t i = 0; i < targets->count; i++) {
		const char *path = targets->items[i];

		if (strcmp(path, "journal") == 0 &&
		    access(JOURNAL_PATH, W_OK) != 0)
			state_problem(c, origin, "log.targets: journal: %s: %s",
			    JOURNAL_PATH, strerror(errno));
		if (path[0] != '/')
			continue;
		directory =
		    mem_strndup(path, (size_t)(strrchr(path, '/') - path) + 1);
		if (access(directory, W_OK | X_OK) != 0)
			state_problem(c, origin, "log.targets: %s: %s",
			    directory, strerror(errno));
		else if (lstat(path, &st) == 0 && S_ISLNK(st.st_mode) &&
		    !check_safe_file(
			path, 0, why)) /* it will not be followed */
			state_problem(
			    c, origin, "log.targets: %s: %s", path, why);
		free(directory);
	}
}

/* The first word of a shell's command, when it is a path. */
static void
check_command(const struct check *c, const char *key, const char *command,
    const struct origin *origin)
{
	char *path = mem_strndup(command, strcspn(command, " \t;&|<>()$`\"'"));

	if (path[0] == '/' && access(path, X_OK) != 0)
		problem_warning(c->problems, origin->file, origin->line,
		    "%s: %s: %s", key, path, strerror(errno));
	free(path);
}

/* Whether it has a key of this machine, the ticketholder says at -t. */
static void
check_keytab(const struct check *c)
{
	const struct origin *origin = key_origin(c, "kerberos.keytab");
	const char *path = c->config->kerberos.keytab;
	char why[SAFEFILE_WHY_MAX] = "";

	if (!check_safe_file(path, SAFEFILE_PRIVATE, why))
		problem_error(c->problems, origin->file, origin->line,
		    "kerberos.keytab: %s: %s", path, why);
}

static bool
offers_gss(const struct config *config)
{
	for (size_t i = 0; i < config->listener_count; i++)
		if (config->listeners[i].crypto.gss_kex.count > 0)
			return true;
	return config->crypto.gss_kex.count > 0;
}

static void
check_key_exchange(const struct check *c)
{
	const struct origin *origin = key_origin(c, "kerberos.key_exchange");

	if (!c->config->kerberos.key_exchange)
		return;
	if (!config_uses_kerberos(c->config))
		problem_error(c->problems, origin->file, origin->line,
		    "kerberos.key_exchange: needs the module gssapi");
	if (!offers_gss(c->config))
		problem_error(c->problems, origin->file, origin->line,
		    "kerberos.key_exchange: crypto.gss_kex is empty");
}

static void
check_banner(
    const struct check *c, const char *path, const struct origin *origin)
{
	if (path != NULL && access(path, R_OK) != 0)
		problem_warning(c->problems, origin->file, origin->line,
		    "banner: %s: %s", path, strerror(errno));
}

/* An error: logins would be refused for it. */
static void
check_consent(const struct check *c, const struct grants *g)
{
	const struct origin *origin = &g->origins[GRANT_consent_file];
	char why[SAFEFILE_WHY_MAX];
	const char *fault;

	if (g->consent_file == NULL || origin->line == 0)
		return;
	fault = consent_check_file(g->consent_file, why);
	if (fault != NULL)
		problem_error(c->problems, origin->file, origin->line,
		    "consent_file: %s: %s", g->consent_file, fault);
}

static void
check_files(const struct check *c)
{
	const struct config *config = c->config;
	size_t i;

	check_host_keys(config, c->calls, c->problems);
	check_log_targets(c);
	for (i = 0; i < config->listener_count; i++)
		check_banner(c, config->listeners[i].banner,
		    &config->listeners[i].origin);
	if (config_uses_kerberos(config))
		check_keytab(c);
	if (lists(&config->crypto.kex, "diffie-hellman-group-exchange-sha256"))
		warn_missing(c, "crypto.moduli_file",
		    config->crypto.moduli_file, R_OK,
		    "group exchange uses fixed groups");
	if (any_rule_grants_x11(config))
		warn_missing(c, "xauth", config->xauth, X_OK,
		    "X11 forwarding will fail");
	for (i = 0; i < config->subsystem_count; i++) {
		if (config->subsystems[i].command != NULL)
			check_command(c, "subsystems.command",
			    config->subsystems[i].command,
			    &config->subsystems[i].origin);
	}
}

/* ---- users and groups ---- */

static void
check_user(const struct check *c, const char *key, const char *name)
{
	const struct origin *origin = key_origin(c, key);

	if (c->calls->user != NULL &&
	    c->calls->user(c->calls->context, name) == 0)
		problem_error(c->problems, origin->file, origin->line,
		    "%s: there is no user \"%s\"", key, name);
}

/* ---- modules and chains ---- */

static void
check_modules(const struct check *c)
{
	const struct config *config = c->config;
	char why[SAFEFILE_WHY_MAX];
	size_t i;

	if (config->module_count == 0)
		problem_error(c->problems, NULL, 0,
		    "modules: there is none: "
		    "nobody can authenticate");
	for (i = 0; i < config->module_count && !c->calls->elsewhere; i++) {
		const struct module_settings *m = &config->modules[i];
		char *path = m->file[0] == '/' ?
		    mem_strdup(m->file) :
		    mem_printf("%s/%s", config->module_directory, m->file);

		why[0] = '\0';
		if (!check_safe_file(path, 0, why))
			problem_error(c->problems, m->origin.file,
			    m->origin.line, "modules.%s: %s: %s", m->name, path,
			    why);
		else if (c->calls->module != NULL)
			c->calls->module(c->calls->context, m, c->problems);
		free(path);
	}
}

static bool
module_exists(const struct config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->module_count; i++) {
		if (strcmp(config->modules[i].name, name) == 0)
			return true;
	}
	return false;
}

static void
check_chain(const struct check *c, const struct rule *rule,
    const struct chain *chain, const struct origin *origin)
{
	size_t i;

	for (i = 0; i < chain->count; i++) {
		const struct chain_step *step = &chain->steps[i];

		if (step->module != NULL &&
		    !module_exists(c->config, step->module))
			problem_error(c->problems, origin->file, origin->line,
			    "%s: chain \"%s\": there is no module \"%s\"",
			    rule->name, chain->text, step->module);
		else if (c->calls->serves != NULL &&
		    !c->calls->serves(c->calls->context, step))
			problem_error(c->problems, origin->file, origin->line,
			    "%s: chain \"%s\": no module serves the method "
			    "\"%s\"",
			    rule->name, chain->text, step->method);
		else if (strcmp(step->method, "gssapi-keyex") == 0 &&
		    !c->config->kerberos.key_exchange)
			problem_error(c->problems, origin->file, origin->line,
			    "%s: chain \"%s\": needs kerberos.key_exchange",
			    rule->name, chain->text);
	}
}

/* A guard alone on top of a rule: is a chain left? */
static void
check_rule_under_guard(
    const struct check *c, const struct rule *rule, const struct rule *guard)
{
	struct decision *d;

	if (guard->forbid.count == 0 || rule->grants.refuse ||
	    rule->grants.methods.count == 0)
		return; /* the last: overlays give it chains */
	d = mem_zalloc(sizeof(*d));
	decision_init(d);
	d->chains.items = mem_dup(rule->grants.methods.items,
	    rule->grants.methods.count * sizeof(struct chain));
	d->chains.count = rule->grants.methods.count;
	decision_apply_guard(d, guard);
	if (d->chains.count == 0)
		problem_warning(c->problems, guard->forbid_origin.file,
		    guard->forbid_origin.line,
		    "guards.%s.forbid: leaves rule "
		    "\"%s\" of %s:%u no chain: whom both match is refused",
		    guard->name, rule->name, rule->origin.file,
		    rule->origin.line);
	free(d->chains.items);
	decision_free(d);
	free(d);
}

/* ---- rules ---- */

static void
check_times(const struct check *c, const char *key,
    const struct time_windows *times, const struct origin *origin)
{
	struct time_windows one = {NULL, 1};
	size_t i;

	for (i = 0; i < times->count; i++) {
		one.items = &times->items[i];
		if (policy_in_windows(&one, time(NULL), NULL) == TRI_UNKNOWN)
			problem_error(c->problems, origin->file, origin->line,
			    "%s: the time zone \"%s\" is not known here", key,
			    times->items[i].zone);
	}
}

/* The part of a chroot path that is the same for all must be root's. */
static void
check_chroot(
    const struct check *c, const char *path, const struct origin *origin)
{
	char *part = mem_strndup(path, strcspn(path, "%"));
	char *slash = strrchr(part, '/');
	struct stat st;

	if (slash != NULL && strchr(path, '%') != NULL)
		*slash = '\0';
	while (slash != NULL) {
		if (stat(*part != '\0' ? part : "/", &st) != 0)
			problem_warning(c->problems, origin->file, origin->line,
			    "chroot: %s: %s", part, strerror(errno));
		else if (!S_ISDIR(st.st_mode) || st.st_uid != 0 ||
		    (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
			state_problem(c, origin,
			    "chroot: %s must be a directory of root's that "
			    "nobody else can write to",
			    part);
		slash = strrchr(part, '/');
		if (slash != NULL)
			*slash = '\0';
	}
	free(part);
}

/* Checks only grants that this rule sets itself, so that an inherited value is
 * reported once. */
static void
check_grants(const struct check *c, const struct rule *rule)
{
	const struct grants *g = &rule->grants;
	const struct origin *o = g->origins;

	if (o[GRANT_times].line != 0)
		check_times(c, "times", &g->times, &o[GRANT_times]);
	if (o[GRANT_unix_local].line != 0)
		check_sockets(&g->unix_local, "unix_local",
		    &o[GRANT_unix_local], !c->calls->elsewhere, c->problems);
	if (o[GRANT_unix_remote].line != 0)
		check_sockets(&g->unix_remote, "unix_remote",
		    &o[GRANT_unix_remote], !c->calls->elsewhere, c->problems);
	if (g->renew_delegated && o[GRANT_renew_delegated].line != 0 &&
	    !c->config->kerberos.key_exchange)
		problem_warning(c->problems, o[GRANT_renew_delegated].file,
		    o[GRANT_renew_delegated].line,
		    "renew_delegated: needs kerberos.key_exchange");
	if (c->calls->elsewhere)
		return;
	check_banner(c, g->banner, &o[GRANT_banner]);
	check_consent(c, g);
	if (g->command != NULL)
		check_command(c, "command", g->command, &o[GRANT_command]);
	for (size_t i = 0; i < g->subsystem_commands.count; i++)
		check_command(c, "subsystem_commands",
		    strchr(g->subsystem_commands.items[i], '=') + 1,
		    &o[GRANT_subsystem_commands]);
	if (g->chroot != NULL)
		check_chroot(c, g->chroot, &o[GRANT_chroot]);
}

static void
check_match(const struct check *c, const struct rule_match *match)
{
	check_times(c, "match.time", &match->times, &match->origin);
}

/* Programs besides the internal sftp server, which events tell of. */
static bool
runs_programs(const struct config *config, const struct grants *g)
{
	if (g->refuse || g->sftp_only)
		return false;
	if (g->command != NULL)
		return strcmp(g->command, "internal-sftp") != 0;
	if (g->shell || g->exec || g->subsystem_commands.count > 0)
		return true;
	for (size_t i = 0; i < config->subsystem_count; i++)
		if (config->subsystems[i].command != NULL &&
		    g->subsystems.count > 0)
			return true;
	return false;
}

static bool
has_terminals(const struct grants *g)
{
	/* A forced command takes them away, unless the rule says otherwise. */
	return g->pty &&
	    (g->command == NULL || !g->command_restricts ||
		g->origins[GRANT_pty].line != 0);
}

/* Does a guard over every login record the other kind, too, or end it? */
static bool
is_guarded(const struct config *config, bool terminal)
{
	for (size_t i = 0; i < config->guard_count; i++) {
		const struct rule *guard = &config->guards[i];

		if (guard->match_count == 0 &&
		    (terminal ? guard->grants.record_pty || !guard->grants.pty :
				guard->grants.record_exec))
			return true;
	}
	return false;
}

/* The client chooses whether its channel has a terminal. */
static void
check_record(const struct check *c, const struct rule *rule)
{
	const struct grants *g = &rule->grants;
	enum grant one = g->record_pty ? GRANT_record_pty : GRANT_record_exec;
	const struct origin *origin = &g->origins[one];

	if (g->record_pty == g->record_exec || origin->line == 0 ||
	    !runs_programs(c->config, g) ||
	    is_guarded(c->config, !g->record_pty))
		return;
	if (g->record_pty)
		problem_warning(c->problems, origin->file, origin->line,
		    "rules.%s.record_pty: programs without a terminal are not "
		    "recorded, and the client chooses; record_exec records "
		    "them",
		    rule->name);
	else if (has_terminals(g))
		problem_warning(c->problems, origin->file, origin->line,
		    "rules.%s.record_exec: programs on a terminal are not "
		    "recorded, and the client chooses; record_pty records them",
		    rule->name);
}

static void
check_rule(const struct check *c, const struct rule *rule)
{
	size_t i;

	for (i = 0; i < rule->match_count; i++)
		check_match(c, &rule->matches[i]);
	check_grants(c, rule);
	for (i = 0; i < rule->grants.methods.count; i++)
		check_chain(c, rule, &rule->grants.methods.items[i],
		    &rule->grants.origins[GRANT_methods]);
	if (rule->require.count > 0)
		check_chain(c, rule, &rule->require, &rule->require_origin);
}

static void
check_policy(const struct check *c)
{
	const struct config *config = c->config;
	size_t i, j;

	if (config->rule_count == 0)
		problem_warning(c->problems, NULL, 0,
		    "rules: there is none: "
		    "everybody is refused");
	for (i = 0; i < config->rule_count; i++) {
		check_rule(c, &config->rules[i]);
		check_record(c, &config->rules[i]);
	}
	for (i = 0; i < config->overlay_count; i++)
		check_rule(c, &config->overlays[i]);
	check_served(config, c->calls, c->problems);
	for (i = 0; i < config->guard_count; i++) {
		check_rule(c, &config->guards[i]);
		for (j = 0; j < config->rule_count; j++)
			check_rule_under_guard(
			    c, &config->rules[j], &config->guards[i]);
	}
}

/* RFC 4253 section 4.2. */
static void
check_identification(const struct check *c)
{
	const char *software = c->config->version_software;
	const char *more = c->config->version_addendum;
	const struct origin *origin = key_origin(c, "version_software");

	if (software != NULL && strchr(software, '-') != NULL)
		problem_error(c->problems, origin->file, origin->line,
		    "version_software: \"%s\": \"-\" may not stand in it",
		    software);
	origin = key_origin(c, "version_addendum");
	for (; more != NULL && *more != '\0'; more++)
		if ((unsigned char)*more < ' ' || *more == 0x7f) {
			problem_error(c->problems, origin->file, origin->line,
			    "version_addendum: a control character");
			return;
		}
}

int
config_check(const struct config *config, const struct check_calls *calls,
    struct problems *problems)
{
	struct check c = {config, calls, problems};
	size_t errors = problems->errors;

	check_identification(&c);
	check_sources(config, problems);
	if (!calls->elsewhere)
		check_files(&c);
	check_user(&c, "privsep.worker_user", config->privsep.worker_user);
	check_user(
	    &c, "privsep.keyholder_user", config->privsep.keyholder_user);
	if (config_uses_kerberos(config))
		check_user(&c, "privsep.ticketholder_user",
		    config->privsep.ticketholder_user);
	if (config_records(config))
		check_user(
		    &c, "privsep.recorder_user", config->privsep.recorder_user);
	check_modules(&c);
	check_key_exchange(&c);
	check_algorithms(config, calls, problems);
	check_policy(&c);
	if (calls->tests && problems->errors == errors)
		policy_tests(config, calls->account, problems);
	return problems->errors == errors ? 0 : E_VALUE;
}
