/*
 * The outcome of a client's request to start something.  It is judged
 * as the client asked for it; only then does a forced command take its place.
 * A command of a rule or a guard may stand in for what the policy refuses, one
 * of an overlay only for what the same overlay refuses.  A command of a key or
 * certificate, which users write themselves, may not, and must be permitted as
 * well.  For the monitor, for each start.
 */
#include "config/policy/policy.h"

#include <string.h>

static const struct subsystem *
find_subsystem(const struct config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->subsystem_count; i++)
		if (strcmp(config->subsystems[i].name, name) == 0)
			return &config->subsystems[i];
	return NULL;
}

/* Grants that the internal server alone obeys: no other may take its place. */
static bool
needs_internal_sftp(const struct grants *g)
{
	return g->sftp_only || g->sftp_read_only ||
	    g->sftp_umask != CONFIG_NONE || g->sftp_start != NULL;
}

static void
judge_subsystem(const struct config *config, const struct decision *d,
    const char *name, struct policy_start *start)
{
	const struct subsystem *s = find_subsystem(config, name);
	const char *command = policy_subsystem_command(d, name);
	bool sftp = strcmp(name, "sftp") == 0, internal;

	internal = command != NULL ? sftp && strcmp(command, "internal") == 0 :
				     s != NULL && s->command == NULL;
	if (s == NULL && command == NULL && !(sftp && d->grants.sftp_only)) {
		start->refusal = "subsystem not found";
		start->final = true;
	} else if (!policy_may_subsystem(d, name)) {
		start->refusal = "subsystem not permitted";
	}
	if (internal || (sftp && needs_internal_sftp(&d->grants)))
		start->program = PROGRAM_SFTP;
	else
		start->command = command != NULL ? command :
		    s != NULL			 ? s->command :
						   NULL;
}

static void
judge_request(const struct config *config, const struct decision *d,
    enum policy_request request, const char *text, struct policy_start *start)
{
	const struct grants *g = &d->grants;

	start->program = PROGRAM_COMMAND;
	switch (request) {
	case REQUEST_SUBSYSTEM:
		judge_subsystem(config, d, text, start);
		break;
	case REQUEST_SHELL:
		start->program = PROGRAM_SHELL;
		if (!g->shell)
			start->refusal = "shell not permitted";
		break;
	case REQUEST_EXEC:
		start->command = text;
		if (!g->exec)
			start->refusal = "command not permitted";
		break;
	}
	if (g->sftp_only &&
	    (request != REQUEST_SUBSYSTEM || strcmp(text, "sftp") != 0))
		start->refusal = "only sftp is permitted";
	if (d->verdict != POLICY_GRANTED) {
		start->refusal = "not permitted";
		start->final = true;
	}
}

/* A command of a key is a command, and internal-sftp is the subsystem. */
static const char *
judge_key_command(const struct decision *d, bool sftp)
{
	if (sftp)
		return policy_may_subsystem(d, "sftp") ?
		    NULL :
		    "the key's command is sftp, which is not permitted";
	return d->grants.exec ?
	    NULL :
	    "the key's command is not permitted: exec is off";
}

/* A subsystem's is the program that would run, as sshd has it: scripts of
   forced commands look for that. */
static const char *
original_command(enum policy_request request, const char *text,
    const struct policy_start *start)
{
	switch (request) {
	case REQUEST_SHELL:
		return NULL;
	case REQUEST_SUBSYSTEM:
		if (start->program == PROGRAM_SFTP)
			return "internal-sftp";
		return start->command != NULL ? start->command : text;
	case REQUEST_EXEC:
		break;
	}
	return text;
}

/* May the forced command stand in for what the policy refuses? */
static bool
gives_way(const struct decision *d, enum policy_request request)
{
	if (d->key_commands)
		return false;
	if (!d->overlay_command)
		return true;
	if (d->grants.sftp_only)
		return false;
	switch (request) {
	case REQUEST_SUBSYSTEM:
		return d->own_subsystems;
	case REQUEST_SHELL:
		return d->own_shell;
	case REQUEST_EXEC:
		return d->own_exec;
	}
	return false;
}

void
policy_start(const struct config *config, const struct decision *d,
    enum policy_request request, const char *text, struct policy_start *start)
{
	const char *forced = d->grants.command;
	bool sftp;

	memset(start, 0, sizeof(*start));
	judge_request(config, d, request, text, start);
	if (forced == NULL || start->final)
		return;
	if (start->refusal != NULL && !gives_way(d, request))
		return;
	sftp = strcmp(forced, "internal-sftp") == 0;
	start->refusal = d->key_commands ? judge_key_command(d, sftp) : NULL;
	start->forced = true;
	start->original = original_command(request, text, start);
	start->program = sftp ? PROGRAM_SFTP : PROGRAM_COMMAND;
	start->command = forced;
}

/* Tells what an account may do, in place of what it may not. */
static const char *
account_sentence(const struct decision *d)
{
	const struct grants *g = &d->grants;

	if (g->sftp_only ||
	    (!g->shell && !g->exec && policy_may_subsystem(d, "sftp")))
		return "This account allows SFTP only.";
	if (g->shell)
		return "This account allows no commands, only a shell.";
	if (g->exec)
		return "This account allows no shell, only commands.";
	if (g->local_forward.count > 0 || g->remote_forward.count > 0 ||
	    g->unix_local.count > 0 || g->unix_remote.count > 0)
		return "This account allows forwarding only.";
	return "This account allows neither a shell nor commands.";
}

const char *
policy_start_sentence(
    const struct decision *d, const struct policy_start *start)
{
	if (start->refusal == NULL)
		return "";
	if (start->final)
		return start->refusal;
	if (start->forced)
		return "This account does not allow the command of its key.";
	return account_sentence(d);
}

/* By its name: shells that run no program whose path they are given. */
bool
policy_shell_is_none(const char *shell)
{
	static const char *const names[] = {"nologin", "false", "true", "sync",
	    "halt", "shutdown", "git-shell", "rbash", "rksh", "rzsh"};
	const char *slash = strrchr(shell, '/');
	const char *name = slash == NULL ? shell : &slash[1];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return false;
}

bool
policy_shell_refuses_sftp(const struct decision *d,
    const struct policy_start *start, const char *shell)
{
	return start->program == PROGRAM_SFTP && !start->forced &&
	    !d->grants.sftp_only && !d->grants.sftp_without_shell &&
	    policy_shell_is_none(shell);
}
