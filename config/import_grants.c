/*
 * The grants of one rule: what sshd would set for a login that exactly these
 * Match blocks match.  Written whole, sshd's defaults included where ours
 * are others.
 */
#include "config/algorithms.h"
#include "config/importer.h"
#include "config/parse.h"
#include "config/show.h"
#include "lib/match.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define IN "\t  " /* before a grant */

struct granting {
	struct importer *imp;
	uint64_t set;
};

static void
put_word(const struct granting *g, const char *key, const char *word)
{
	fprintf(g->imp->out, IN "%s = %s;\n", key, word);
}

static void
put_bool(const struct granting *g, const char *key, bool value)
{
	put_word(g, key, value ? "true" : "false");
}

static bool
is(const struct granting *g, const char *name, const char *value,
    const char *fallback)
{
	return import_is(g->imp, g->set, name, value, fallback);
}

/* ---- who authenticates how ---- */

static bool
method_enabled(const struct granting *g, const char *method)
{
	if (strcmp(method, "publickey") == 0)
		return is(g, "pubkeyauthentication", "yes", "yes");
	if (strcmp(method, "password") == 0)
		return is(g, "passwordauthentication", "yes", "yes");
	if (strcmp(method, "keyboard-interactive") == 0)
		return is(g, "kbdinteractiveauthentication", "yes", "yes");
	if (strcmp(method, "hostbased") == 0)
		return is(g, "hostbasedauthentication", "yes", "no");
	return false;
}

static bool
chain_enabled(const struct granting *g, const char *chain)
{
	struct strings steps = import_split(g->imp, chain);
	size_t i;

	for (i = 0; i < steps.count; i++) {
		steps.items[i][strcspn(steps.items[i], ":")] = '\0';
		if (!method_enabled(g, steps.items[i]))
			return false;
	}
	return steps.count > 0;
}

/* prohibit-password: sshd lets no password count for root, in no chain. */
static bool
chain_for_root(const struct granting *g, const char *chain)
{
	if (is(g, "permitrootlogin", "yes", "prohibit-password"))
		return true;
	return strstr(chain, "password") == NULL &&
	    strstr(chain, "keyboard-interactive") == NULL;
}

struct strings
import_chains(struct importer *imp, uint64_t set, bool root)
{
	static const char *const methods[] = {
	    "publickey", "password", "keyboard-interactive", "hostbased"};
	struct granting g = {imp, set};
	const struct directive *d;
	struct strings list = {0}, wanted = {0};
	size_t i;

	d = import_first(imp, set, "authenticationmethods");
	if (d != NULL && strcasecmp(d->args[0], "any") != 0) {
		for (i = 0; i < d->count; i++)
			import_push(imp, &wanted, d->args[i]);
	} else {
		for (i = 0; i < 4; i++)
			import_push(imp, &wanted, methods[i]);
	}
	for (i = 0; i < wanted.count; i++) {
		if (chain_enabled(&g, wanted.items[i]) &&
		    (!root || chain_for_root(&g, wanted.items[i])))
			import_push(imp, &list, wanted.items[i]);
	}
	return list;
}

static void
put_root_login(const struct granting *g)
{
	const char *value = import_value(
	    g->imp, g->set, "permitrootlogin", "prohibit-password");

	if (strcasecmp(value, "yes") == 0)
		put_word(g, "root_login", "\"yes\"");
	else if (strcasecmp(value, "forced-commands-only") == 0)
		put_word(g, "root_login", "\"forced-command\"");
	else
		put_word(g, "root_login", "\"key\"");
}

/* ---- algorithm lists ---- */

static bool
known(const char *const *names, const char *name)
{
	for (; *names != NULL; names++) {
		if (strcmp(*names, name) == 0)
			return true;
	}
	return false;
}

static bool
any_matches(const struct strings *patterns, const char *name)
{
	size_t i;

	for (i = 0; i < patterns->count; i++) {
		if (match_pattern(name, patterns->items[i], MATCH_CASE))
			return true;
	}
	return false;
}

static void
report_unknown(struct importer *imp, const struct directive *d,
    const char *const *names, const struct strings *patterns)
{
	size_t i, j;

	for (i = 0; i < patterns->count; i++) {
		for (j = 0; names[j] != NULL; j++) {
			if (match_pattern(
				names[j], patterns->items[i], MATCH_CASE))
				break;
		}
		if (names[j] == NULL)
			import_note(imp, &d->origin,
			    "%s: sallyport has no "
			    "\"%s\": left out",
			    d->word->name, patterns->items[i]);
	}
}

struct strings
import_algorithms(
    struct importer *imp, const struct directive *d, int kind, bool report)
{
	const char *const *names =
	    algorithm_names((enum algorithm_kind)kind, CRYPTO_MODERN);
	const char *const *defaults =
	    algorithm_defaults((enum algorithm_kind)kind, CRYPTO_MODERN);
	char change = strchr("+-^", d->args[0][0]) != NULL ? d->args[0][0] : 0;
	struct strings written = import_split(imp, d->args[0] + (change != 0));
	struct strings list = {0};
	size_t i;

	if (report)
		report_unknown(imp, d, names, &written);
	if (change == 0 || change == '^') {
		for (i = 0; i < written.count; i++) {
			if (known(names, written.items[i]))
				import_push(imp, &list, written.items[i]);
		}
		/* Patterns, where sshd allows them. */
		for (i = 0; change == 0 && names[i] != NULL; i++) {
			if (any_matches(&written, names[i]) &&
			    !any_matches(&list, names[i]))
				import_push(imp, &list, names[i]);
		}
		if (change == 0)
			return list;
	}
	for (i = 0; defaults[i] != NULL; i++) {
		if ((change != '-' || !any_matches(&written, defaults[i])) &&
		    !any_matches(&list, defaults[i]))
			import_push(imp, &list, defaults[i]);
	}
	for (i = 0; change == '+' && names[i] != NULL; i++) {
		if (any_matches(&written, names[i]) &&
		    !any_matches(&list, names[i]))
			import_push(imp, &list, names[i]);
	}
	return list;
}

static void
put_keys(const struct granting *g)
{
	struct importer *imp = g->imp;
	const struct directive *d;
	struct strings list;
	const char *wanted;

	d = import_first(imp, g->set, "pubkeyacceptedalgorithms");
	if (d != NULL) {
		list = import_algorithms(imp, d, ALGORITHM_USER_KEY, false);
		import_put_list(imp, IN, "key_types", &list);
	}
	fprintf(imp->out, IN "key_rsa_bits = %s;\n",
	    import_value(imp, g->set, "requiredrsasize", "1024"));
	list = import_key_sources(imp, g->set);
	import_put_list(imp, IN, "key_sources", &list);
	d = import_first(imp, g->set, "pubkeyauthoptions");
	wanted = d != NULL ? d->args[0] : "none";
	put_bool(g, "key_touch", strstr(wanted, "touch-required") != NULL);
	put_bool(g, "key_verify", strstr(wanted, "verify-required") != NULL);
}

/* ---- forwarding ---- */

/* yes, all, or this direction; and DisableForwarding is not set. */
static bool
forwards(const struct granting *g, const char *name, const char *direction)
{
	if (is(g, "disableforwarding", "yes", "no"))
		return false;
	return is(g, name, "yes", "yes") || is(g, name, "all", "yes") ||
	    is(g, name, direction, "yes");
}

/*
 * sshd compares what the client typed.  A name is that here, too; addresses
 * and patterns (which PermitOpen has not) mean something else, as does any
 * host of a listener.
 */
static const char *
typed_target(struct importer *imp, const char *name, const char *text)
{
	struct target target;

	if (strncmp(text, "*:", 2) == 0)
		return text;
	if (strcmp(name, "permitopen") == 0 && strpbrk(text, "*?") == NULL &&
	    parse_target(imp->arena, text, &target) == NULL &&
	    target.kind == TARGET_NAME)
		return text;
	return arena_printf(imp->arena, "=%s", text);
}

static void
put_targets(
    const struct granting *g, const char *key, const char *name, bool allowed)
{
	struct importer *imp = g->imp;
	const struct directive *d = import_first(imp, g->set, name);
	struct strings list = {0};
	struct target target;
	const char *fault;
	const char *text;
	size_t i;

	if (allowed && (d == NULL || strcasecmp(d->args[0], "any") == 0))
		import_push(imp, &list, "*:*");
	for (i = 0; allowed && list.count == i && d != NULL && i < d->count;
	     i++) {
		if (strcasecmp(d->args[i], "none") == 0)
			break;
		text = strchr(d->args[i], ':') != NULL ?
		    d->args[i] :
		    arena_printf(imp->arena, "*:%s", d->args[i]);
		text = typed_target(imp, name, text);
		fault = parse_target(imp->arena, text, &target);
		if (fault != NULL) {
			import_error(imp, &d->origin, "%s %s: %s", name,
			    d->args[i], fault);
			break;
		}
		import_push(imp, &list, text);
	}
	import_put_list(imp, IN, key, &list);
}

static void
put_everything(const struct granting *g, const char *key, bool allowed)
{
	struct strings list = {0};

	if (allowed)
		import_push(g->imp, &list, "*");
	import_put_list(g->imp, IN, key, &list);
}

static void
put_forwarding(const struct granting *g)
{
	bool none = is(g, "disableforwarding", "yes", "no");
	const struct directive *mask;
	const char *tun;

	put_targets(g, "local_forward", "permitopen",
	    forwards(g, "allowtcpforwarding", "local"));
	put_targets(g, "remote_forward", "permitlisten",
	    forwards(g, "allowtcpforwarding", "remote"));
	if (is(g, "gatewayports", "yes", "no"))
		put_word(g, "gateway_ports", "\"yes\"");
	else if (is(g, "gatewayports", "clientspecified", "no"))
		put_word(g, "gateway_ports", "\"client\"");
	put_everything(g, "unix_local",
	    forwards(g, "allowstreamlocalforwarding", "local"));
	put_everything(g, "unix_remote",
	    forwards(g, "allowstreamlocalforwarding", "remote"));
	mask = import_last(g->imp, g->set, "streamlocalbindmask");
	fprintf(g->imp->out, IN "unix_mask = \"%s\";\n",
	    mask != NULL ? mask->args[0] : "0177");
	put_bool(g, "unix_unlink", is(g, "streamlocalbindunlink", "yes", "no"));
	put_bool(
	    g, "agent", !none && is(g, "allowagentforwarding", "yes", "yes"));
	put_bool(g, "x11", !none && is(g, "x11forwarding", "yes", "no"));
	tun = import_value(g->imp, g->set, "permittunnel", "no");
	fprintf(g->imp->out, IN "tun = \"%s\";\n", none ? "no" : tun);
}

/* ---- the session ---- */

/* What the Subsystem line gives the server that ours takes the place of. */
static void
put_sftp_subsystem(const struct granting *g)
{
	const struct directive *d = import_sftp(g->imp, g->set);

	if (d != NULL &&
	    strcmp(import_subsystem_command(g->imp, d), "internal") == 0)
		import_sftp_options(
		    g->imp, g->set, d, import_subsystem_line(g->imp, d));
}

static void
put_command(const struct granting *g)
{
	struct importer *imp = g->imp;
	const struct directive *d = import_first(imp, g->set, "forcecommand");

	if (d == NULL || strcasecmp(d->rest, "none") == 0) {
		put_sftp_subsystem(g);
	} else if (import_is_internal(d->rest)) {
		put_word(g, "sftp_only", "true");
		import_sftp_options(imp, g->set, d, d->rest);
	} else {
		/* The user's shell reads it, so its quotes must arrive. */
		import_put_text(imp, IN, "command", d->rest);
	}
}

static void
put_path(const struct granting *g, const char *key, const char *name)
{
	const char *value = import_value(g->imp, g->set, name, "none");

	if (strcasecmp(value, "none") != 0)
		import_put_text(g->imp, IN, key, value);
}

/* A sentence instead of a file: sshd finds no such file and shows nothing. */
static void
put_banner(const struct granting *g)
{
	const struct directive *d = import_first(g->imp, g->set, "banner");

	if (d == NULL || strcasecmp(d->args[0], "none") == 0)
		return;
	if (d->args[0][0] != '/' || access(d->args[0], F_OK) != 0)
		import_note(g->imp, &d->origin,
		    "Banner %s: there is no such file, so sshd shows nothing: "
		    "left out",
		    d->args[0]);
	else
		import_put_text(g->imp, IN, "banner", d->args[0]);
}

static void
put_environment(const struct granting *g)
{
	struct importer *imp = g->imp;
	const struct directive *d = import_first(imp, g->set, "setenv");
	struct strings list = import_all(imp, g->set, "acceptenv"), kept;
	size_t i, j;

	import_put_list(imp, IN, "accept_env", &list);
	memset(&kept, 0, sizeof(kept));
	for (i = 0; d != NULL && i < d->count; i++) {
		size_t name = strcspn(d->args[i], "=") + 1;

		for (j = 0; j < kept.count; j++) {
			if (strncmp(kept.items[j], d->args[i], name) == 0)
				break;
		}
		if (parse_assignment(d->args[i]) != NULL)
			import_error(imp, &d->origin,
			    "SetEnv %s: not "
			    "NAME=value",
			    d->args[i]);
		else if (j == kept.count)
			import_push(imp, &kept, d->args[i]);
	}
	if (kept.count > 0)
		import_put_list(imp, IN, "set_env", &kept);
}

static void
put_session(const struct granting *g)
{
	put_banner(g);
	put_path(g, "chroot", "chrootdirectory");
	put_command(g);
	put_bool(g, "pty", is(g, "permittty", "yes", "yes"));
	put_bool(g, "user_rc", is(g, "permituserrc", "yes", "yes"));
	put_bool(g, "expose_auth", is(g, "exposeauthinfo", "yes", "no"));
	put_environment(g);
}

/* ---- limits ---- */

static void
put_time(const struct granting *g, const char *key, const char *name,
    const char *fallback)
{
	const char *value = import_value(g->imp, g->set, name, fallback);
	uint64_t seconds;

	if (strcasecmp(value, "none") == 0 ||
	    (parse_time(value, &seconds) == NULL && seconds == 0))
		put_word(g, key, "\"none\"");
	else
		import_put_text(g->imp, IN, key, value);
}

static void
put_channel_timeouts(const struct granting *g)
{
	struct importer *imp = g->imp;
	const struct directive *d;
	struct strings list = {0};
	struct channel_timeout timeout;
	size_t i;

	d = import_first(imp, g->set, "channeltimeout");
	for (i = 0; d != NULL && i < d->count; i++) {
		if (strcasecmp(d->args[i], "none") == 0)
			break;
		if (strncasecmp(d->args[i], "global=", 7) == 0) {
			import_put_text(
			    imp, IN, "idle_timeout", d->args[i] + 7);
			continue;
		}
		if (strstr(d->args[i], "=0") != NULL &&
		    d->args[i][strlen(d->args[i]) - 2] == '=')
			continue;
		if (parse_channel(imp->arena, d->args[i], &timeout) != NULL)
			import_error(imp, &d->origin,
			    "ChannelTimeout %s: not "
			    "understood",
			    d->args[i]);
		else
			import_push(imp, &list, d->args[i]);
	}
	if (list.count > 0)
		import_put_list(imp, IN, "channel_timeouts", &list);
}

static void
put_limits(const struct granting *g)
{
	struct importer *imp = g->imp;
	const char *count;

	fprintf(imp->out, IN "max_auth_tries = %s;\n",
	    import_value(imp, g->set, "maxauthtries", "6"));
	fprintf(imp->out, IN "max_sessions = %s;\n",
	    import_value(imp, g->set, "maxsessions", "10"));
	put_time(g, "keepalive_interval", "clientaliveinterval", "0");
	count = import_value(imp, g->set, "clientalivecountmax", "3");
	put_word(
	    g, "keepalive_count", strcmp(count, "0") == 0 ? "\"none\"" : count);
	put_time(g, "unused_timeout", "unusedconnectiontimeout", "none");
	put_channel_timeouts(g);
	if (import_first(imp, g->set, "loglevel") != NULL)
		import_put_text(imp, IN, "log_level",
		    import_log_level(
			import_value(imp, g->set, "loglevel", "INFO")));
}

/* Where it is not the one that import_modules() gives to all. */
static void
put_pam_service(const struct granting *g)
{
	const char *service =
	    import_value(g->imp, g->set, "pamservicename", "sshd");

	if (strcmp(service,
		import_value(g->imp, 0, "pamservicename", "sshd")) != 0)
		import_put_text(g->imp, IN, "pam_service", service);
}

void
import_grants(struct importer *imp, uint64_t set, bool root)
{
	struct granting g = {imp, set};
	struct strings chains = import_chains(imp, set, root);

	import_put_list(imp, IN, "methods", &chains);
	put_pam_service(&g);
	if (root)
		put_root_login(&g);
	put_keys(&g);
	put_session(&g);
	put_forwarding(&g);
	put_limits(&g);
	import_block_grants(imp, set);
}
