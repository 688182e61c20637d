/*
 * The grants of one item: what a Match block says, or with block 0 what the
 * rest of the file says, sshd's defaults included where ours are others.
 */
#include "config/algorithms.h"
#include "config/importer.h"
#include "config/parse.h"
#include "config/show.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define IN IMPORT_IN

struct granting {
	struct importer *imp;
	size_t block;
};

bool
import_says(const struct importer *imp, size_t block, const char *name)
{
	return block == 0 || import_first(imp, block, name) != NULL;
}

static bool
says(const struct granting *g, const char *name)
{
	return import_says(g->imp, g->block, name);
}

/* The first argument of the block's own line, or the default. */
static const char *
value(const struct granting *g, const char *name, const char *fallback)
{
	const struct directive *d = import_first(g->imp, g->block, name);

	return d != NULL ? d->args[0] : fallback;
}

static bool
is(const struct granting *g, const char *name, const char *wanted,
    const char *fallback)
{
	return import_is(g->imp, g->block, name, wanted, fallback);
}

static void
put_word(const struct granting *g, const char *key, const char *word)
{
	fprintf(g->imp->out, IN "%s = %s;\n", key, word);
}

static void
put_bool(const struct granting *g, const char *key, bool yes)
{
	put_word(g, key, yes ? "true" : "false");
}

static void
put_number(const struct granting *g, const char *key, const char *name,
    const struct import_range *range)
{
	if (!says(g, name))
		return;
	import_put_number(
	    g->imp, IN, key, import_first(g->imp, g->block, name), range);
	fputs("\n", g->imp->out);
}

/* "KEY = true;" where the keyword says yes. */
static void
put_switch(const struct granting *g, const char *key, const char *name,
    const char *fallback)
{
	if (says(g, name))
		put_bool(g, key, is(g, name, "yes", fallback));
}

/* ---- who authenticates how ---- */

static bool
method_is_known(const struct granting *g, const char *step)
{
	static const char *const methods[] = {
	    "publickey", "password", "keyboard-interactive"};
	size_t i, len = strcspn(step, ":");

	for (i = 0; i < 3; i++) {
		if (strlen(methods[i]) == len &&
		    strncmp(step, methods[i], len) == 0)
			return true;
	}
	if (strcmp(step, "gssapi-with-mic") == 0)
		return import_kerberos(g->imp);
	if (strcmp(step, "gssapi-keyex") == 0)
		return import_gss_kex(g->imp);
	return len == 9 && strncmp(step, "hostbased", 9) == 0 &&
	    import_anywhere(g->imp, "hostbasedauthentication", "yes");
}

static bool
chain_is_known(const struct granting *g, const char *chain)
{
	struct strings steps = import_split(g->imp, chain);
	size_t i;

	for (i = 0; i < steps.count; i++) {
		if (!method_is_known(g, steps.items[i]))
			return false;
	}
	return steps.count > 0;
}

/* sshd lets no password count for such a root, in no chain. */
static void
check_root_chain(
    const struct granting *g, const struct directive *d, const char *chain)
{
	if ((strstr(chain, "password") != NULL ||
		strstr(chain, "keyboard-interactive") != NULL) &&
	    (strstr(chain, "publickey") != NULL ||
		strstr(chain, "gssapi-") != NULL ||
		strstr(chain, "hostbased") != NULL) &&
	    import_anywhere(g->imp, "permitrootlogin", "forced-commands-only"))
		import_error(g->imp, &d->origin,
		    "AuthenticationMethods %s: with PermitRootLogin "
		    "forced-commands-only the result lets root in by it, which "
		    "sshd never does",
		    chain);
}

static struct strings
chains_of(const struct granting *g, const struct directive *d)
{
	struct strings list = {0};
	size_t i;

	for (i = 0; i < d->count; i++) {
		if (!chain_is_known(g, d->args[i])) {
			import_note(g->imp, &d->origin,
			    "AuthenticationMethods %s: no module serves it: "
			    "left out",
			    d->args[i]);
			continue;
		}
		check_root_chain(g, d, d->args[i]);
		import_push(g->imp, &list, d->args[i]);
	}
	return list;
}

static struct strings
any_chain(const struct granting *g)
{
	static const char *const methods[] = {"publickey", "gssapi-keyex",
	    "gssapi-with-mic", "password", "keyboard-interactive", "hostbased"};
	struct strings list = {0};
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (method_is_known(g, methods[i]))
			import_push(g->imp, &list, methods[i]);
	}
	return list;
}

/* sshd takes what is delegated wherever it takes a ticket. */
static void
put_kerberos(const struct granting *g)
{
	put_switch(g, "gssapi", "gssapiauthentication", "no");
	put_switch(g, "delegation", "gssapiauthentication", "no");
	if (says(g, "gssapicleanupcredentials"))
		put_bool(g, "keep_delegated",
		    !is(g, "gssapicleanupcredentials", "yes", "yes"));
	if (says(g, "gssapistorecredentialsonrekey"))
		put_bool(g, "renew_delegated",
		    is(g, "gssapistorecredentialsonrekey", "yes", "no"));
}

static void
put_methods(const struct granting *g)
{
	const struct directive *d =
	    import_first(g->imp, g->block, "authenticationmethods");
	struct strings list;

	if (says(g, "authenticationmethods")) {
		list = d == NULL || strcasecmp(d->args[0], "any") == 0 ?
		    any_chain(g) :
		    chains_of(g, d);
		import_put_list(g->imp, IN, "methods", &list);
	}
	put_switch(g, "publickey", "pubkeyauthentication", "yes");
	put_switch(g, "password", "passwordauthentication", "yes");
	put_switch(
	    g, "keyboard_interactive", "kbdinteractiveauthentication", "yes");
	if (import_kerberos(g->imp))
		put_kerberos(g);
	if (import_anywhere(g->imp, "hostbasedauthentication", "yes"))
		put_switch(g, "hostbased", "hostbasedauthentication", "no");
}

static void
put_root_login(const struct granting *g)
{
	const char *text = value(g, "permitrootlogin", "prohibit-password");

	if (!says(g, "permitrootlogin"))
		return;
	if (strcasecmp(text, "yes") == 0 || strcasecmp(text, "no") == 0)
		put_word(g, "root_login",
		    strcasecmp(text, "yes") == 0 ? "\"yes\"" : "\"no\"");
	else if (strcasecmp(text, "forced-commands-only") == 0)
		put_word(g, "root_login", "\"forced-command\"");
	else
		put_word(g, "root_login", "\"prohibit-password\"");
}

/* ---- keys ---- */

static void
put_keys(const struct granting *g)
{
	struct importer *imp = g->imp;
	const struct directive *d;
	struct strings list;
	const char *wanted;

	d = import_first(imp, g->block, "pubkeyacceptedalgorithms");
	if (d != NULL) {
		list = import_algorithms(imp, d, ALGORITHM_USER_KEY, false);
		import_put_list(imp, IN, "key_types", &list);
	}
	put_number(g, "key_rsa_bits", "requiredrsasize",
	    &(struct import_range){1024, 1024, 16384});
	import_key_sources(imp, g->block);
	wanted = value(g, "pubkeyauthoptions", "none");
	if (says(g, "pubkeyauthoptions")) {
		put_bool(
		    g, "key_touch", strstr(wanted, "touch-required") != NULL);
		put_bool(
		    g, "key_verify", strstr(wanted, "verify-required") != NULL);
	}
}

/* ---- forwarding ---- */

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
put_targets(const struct granting *g, const char *key, const char *name)
{
	struct importer *imp = g->imp;
	const struct directive *d = import_first(imp, g->block, name);
	struct strings list = {0};
	struct target target;
	const char *fault, *text;
	size_t i;

	if (!says(g, name))
		return;
	if (d == NULL || strcasecmp(d->args[0], "any") == 0)
		import_push(imp, &list, "*:*");
	for (i = 0; list.count == i && d != NULL && i < d->count; i++) {
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

/* yes, all, or this direction. */
static bool
forwards(const struct granting *g, const char *name, const char *direction)
{
	return is(g, name, "yes", "yes") || is(g, name, "all", "yes") ||
	    is(g, name, direction, "yes");
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
put_tcp(const struct granting *g)
{
	static const char *const words[] = {
	    "\"no\"", "\"local\"", "\"remote\"", "\"yes\""};
	unsigned bits = (forwards(g, "allowtcpforwarding", "local") ? 1U : 0U) |
	    (forwards(g, "allowtcpforwarding", "remote") ? 2U : 0U);

	if (says(g, "allowtcpforwarding"))
		put_word(g, "tcp_forward", words[bits]);
	put_targets(g, "local_forward", "permitopen");
	put_targets(g, "remote_forward", "permitlisten");
	if (says(g, "gatewayports"))
		put_word(g, "gateway_ports",
		    is(g, "gatewayports", "yes", "no") ? "\"yes\"" :
			is(g, "gatewayports", "clientspecified", "no") ?
							 "\"client\"" :
							 "\"no\"");
}

static void
put_tunnel(const struct granting *g)
{
	const char *words[] = {"no", "point-to-point", "ethernet", "yes"};
	const struct directive *d =
	    import_first(g->imp, g->block, "permittunnel");
	size_t i;

	for (i = 0; i < 4; i++) {
		if (is(g, "permittunnel", words[i], "no"))
			break;
	}
	if (i == 4)
		import_error(g->imp, &d->origin,
		    "PermitTunnel %s: yes, no, point-to-point or ethernet",
		    d->args[0]);
	import_put_text(g->imp, IN, "tun", words[i % 4]);
}

static void
put_forwarding(const struct granting *g)
{
	if (says(g, "disableforwarding"))
		put_bool(
		    g, "forwarding", !is(g, "disableforwarding", "yes", "no"));
	put_tcp(g);
	if (says(g, "allowstreamlocalforwarding")) {
		put_everything(g, "unix_local",
		    forwards(g, "allowstreamlocalforwarding", "local"));
		put_everything(g, "unix_remote",
		    forwards(g, "allowstreamlocalforwarding", "remote"));
	}
	put_switch(g, "unix_unlink", "streamlocalbindunlink", "no");
	put_switch(g, "agent", "allowagentforwarding", "yes");
	put_switch(g, "x11", "x11forwarding", "no");
	if (says(g, "permittunnel"))
		put_tunnel(g);
}

/* ---- the session ---- */

static void
put_chroot(const struct granting *g)
{
	const char *path = value(g, "chrootdirectory", "none");

	if (says(g, "chrootdirectory"))
		import_put_text(g->imp, IN, "chroot",
		    strcasecmp(path, "none") == 0 ? "none" : path);
}

/* A sentence instead of a file: sshd finds no such file and shows nothing. */
static void
put_banner(const struct granting *g)
{
	const struct directive *d = import_first(g->imp, g->block, "banner");
	const char *path = "none";

	if (d != NULL && strcasecmp(d->args[0], "none") != 0) {
		if (d->args[0][0] != '/' || access(d->args[0], F_OK) != 0)
			import_note(g->imp, &d->origin,
			    "Banner %s: there is no such file, so sshd shows "
			    "nothing: left out",
			    d->args[0]);
		else
			path = d->args[0];
	}
	if (says(g, "banner"))
		import_put_text(g->imp, IN, "banner", path);
}

static void
put_set_env(const struct granting *g)
{
	struct importer *imp = g->imp;
	const struct directive *d = import_first(imp, g->block, "setenv");
	struct strings kept = {0};
	size_t i, j;

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
	if (d != NULL)
		import_put_list(imp, IN, "set_env", &kept);
}

/* sshd adds up what all matching blocks accept, in place of the rest. */
static void
put_accept_env(const struct granting *g)
{
	struct strings list = import_all(g->imp, g->block, "acceptenv");
	struct strings added = {0};
	size_t i;

	for (i = 0; i < list.count; i++)
		import_push(g->imp, &added,
		    arena_printf(g->imp->arena, "%s%s",
			g->block != 0 ? "+" : "", list.items[i]));
	if (says(g, "acceptenv"))
		import_put_list(g->imp, IN, "accept_env", &added);
}

static void
put_session(const struct granting *g)
{
	put_banner(g);
	put_chroot(g);
	import_force_command(g->imp, g->block);
	put_switch(g, "pty", "permittty", "yes");
	put_switch(g, "user_rc", "permituserrc", "yes");
	put_switch(g, "expose_auth", "exposeauthinfo", "no");
	put_accept_env(g);
	put_set_env(g);
}

/* ---- limits ---- */

static void
put_time(const struct granting *g, const char *key, const char *name,
    const char *fallback)
{
	const char *text = value(g, name, fallback);
	uint64_t seconds;

	if (!says(g, name))
		return;
	if (strcasecmp(text, "none") == 0 ||
	    (parse_time(text, &seconds) == NULL && seconds == 0))
		put_word(g, key, "\"none\"");
	else
		import_put_text(g->imp, IN, key, text);
}

static void
put_limits(const struct granting *g)
{
	put_number(g, "max_auth_tries", "maxauthtries",
	    &(struct import_range){6, 1, 100});
	put_number(g, "max_sessions", "maxsessions",
	    &(struct import_range){10, 0, 65536});
	put_time(g, "keepalive_interval", "clientaliveinterval", "0");
	if (is(g, "clientalivecountmax", "0", "3"))
		put_word(g, "keepalive_count", "\"none\"");
	else
		put_number(g, "keepalive_count", "clientalivecountmax",
		    &(struct import_range){3, 1, 1000});
	put_time(g, "unused_timeout", "unusedconnectiontimeout", "none");
}

void
import_grants(struct importer *imp, size_t block)
{
	struct granting g = {imp, block};

	if (import_is(imp, block, "refuseconnection", "yes", "no"))
		put_word(&g, "refuse", "true");
	else if (block != 0 &&
	    import_first(imp, block, "refuseconnection") != NULL &&
	    import_anywhere(imp, "refuseconnection", "yes"))
		import_note(imp,
		    &import_first(imp, block, "refuseconnection")->origin,
		    "RefuseConnection no: takes back no refusal of another "
		    "Match block");
	put_methods(&g);
	put_root_login(&g);
	put_keys(&g);
	put_session(&g);
	put_forwarding(&g);
	put_limits(&g);
	import_server_grants(imp, block);
}
