/*
 * Settings in sshd's keyword form, for tools that read "sshd -T": the ones of
 * the login.  Those of the whole server are in effective_server.c.
 */
#include "config/effective.h"

#include "config/algorithms.h"
#include "config/effective_server.h"
#include "config/policy/match.h"
#include "lib/match.h"

#include <string.h>

struct effect {
	const struct config *config;
	const struct decision *d;
	const struct decision *root;
	FILE *out;
};

static void
put(const struct effect *e, const char *keyword, const char *value)
{
	fprintf(e->out, "%s %s\n", keyword, value);
}

static void
put_bool(const struct effect *e, const char *keyword, bool yes)
{
	put(e, keyword, yes ? "yes" : "no");
}

/* CONFIG_NONE is sshd's word for never. */
static void
put_number(const struct effect *e, const char *keyword, uint32_t value,
    const char *none)
{
	if (value == CONFIG_NONE)
		put(e, keyword, none);
	else
		fprintf(e->out, "%s %u\n", keyword, value);
}

static void
put_path(const struct effect *e, const char *keyword, const char *path)
{
	put(e, keyword, path != NULL ? path : "none");
}

/* ---- methods ---- */

static bool
has_method(const struct effect *e, const char *method)
{
	for (size_t i = 0; i < e->d->chains.count; i++) {
		const struct chain *chain = &e->d->chains.items[i];

		for (size_t j = 0; j < chain->count; j++)
			if (strcmp(chain->steps[j].method, method) == 0)
				return true;
	}
	return false;
}

/* "any" where each chain is one step, as sshd means it. */
static void
put_chains(const struct effect *e)
{
	const struct chains *chains = &e->d->chains;
	bool any = true;

	for (size_t i = 0; i < chains->count; i++)
		any &= chains->items[i].count == 1 &&
		    chains->items[i].steps[0].module == NULL;
	fputs("authenticationmethods", e->out);
	for (size_t i = 0; i < chains->count && !any; i++)
		fprintf(e->out, " %s", chains->items[i].text);
	fputs(any ? " any\n" : "\n", e->out);
}

static const char *
root_login(const struct effect *e)
{
	static const char *const words[] = {[ROOT_NO] = "no",
	    [ROOT_FORCED_COMMAND] = "forced-commands-only",
	    [ROOT_PROHIBIT_PASSWORD] = "without-password",
	    [ROOT_KEY] = "without-password",
	    [ROOT_YES] = "yes"};
	const struct decision *root = e->root;

	if (e->d->grants.origins[GRANT_root_login].line != 0)
		return words[e->d->grants.root_login];
	return root->decoy && root->reason != REFUSAL_unknown_fact ?
	    "no" :
	    words[root->grants.root_login];
}

static void
put_authentication(const struct effect *e)
{
	const struct grants *g = &e->d->grants;

	put(e, "permitrootlogin", root_login(e));
	put_bool(e, "hostbasedauthentication", has_method(e, "hostbased"));
	put_bool(e, "pubkeyauthentication", has_method(e, "publickey"));
	put_bool(e, "gssapiauthentication", has_method(e, "gssapi-with-mic"));
	put_bool(e, "gssapicleanupcredentials", !g->keep_delegated);
	put_bool(e, "gssapistorecredentialsonrekey", g->renew_delegated);
	put_bool(e, "passwordauthentication", has_method(e, "password"));
	put_bool(e, "kbdinteractiveauthentication",
	    has_method(e, "keyboard-interactive"));
	put_chains(e);
	put_number(e, "maxauthtries", g->max_auth_tries, "none");
	put_number(e, "requiredrsasize", g->key_rsa_bits, "none");
	put(e, "pubkeyauthoptions",
	    g->key_touch && g->key_verify ? "touch-required,verify-required" :
		g->key_touch		  ? "touch-required" :
		g->key_verify		  ? "verify-required" :
					    "none");
	put_bool(e, "refuseconnection", g->refuse);
	put_path(e, "banner", g->banner);
}

/* ---- lists of names ---- */

static bool
is_everybody(const struct strings *list)
{
	return list->count == 1 && strcmp(list->items[0], "*") == 0;
}

static void
put_layers(const struct effect *e, const char *keyword, enum grant grant)
{
	const struct layers *layers = &e->d->layers[grant];

	for (size_t i = 0; i < layers->count; i++) {
		const struct strings *list = layers->items[i].list;

		for (size_t j = 0; j < list->count && !is_everybody(list); j++)
			put(e, keyword, list->items[j]);
	}
}

/* The part of the server's list that the login's own lists leave. */
static void
put_allowed(const struct effect *e, const char *keyword,
    const struct strings *all, enum grant grant)
{
	bool first = true;

	fprintf(e->out, "%s ", keyword);
	for (size_t i = 0; i < all->count; i++) {
		if (!policy_in_layers(e->d, grant, all->items[i]))
			continue;
		fprintf(e->out, "%s%s", first ? "" : ",", all->items[i]);
		first = false;
	}
	fputc('\n', e->out);
}

static void
put_lists(const struct effect *e)
{
	const struct strings *set = &e->d->grants.set_env;

	put_layers(e, "allowusers", GRANT_allow_users);
	put_layers(e, "denyusers", GRANT_deny_users);
	put_layers(e, "allowgroups", GRANT_allow_groups);
	put_layers(e, "denygroups", GRANT_deny_groups);
	put_layers(e, "acceptenv", GRANT_accept_env);
	for (size_t i = 0; i < set->count; i++)
		put(e, "setenv", set->items[i]);
	put_allowed(e, "casignaturealgorithms",
	    &e->config->crypto.ca_algorithms, GRANT_key_ca_algorithms);
	put_allowed(e, "pubkeyacceptedalgorithms",
	    &e->config->crypto.key_algorithms, GRANT_key_types);
	put_allowed(e, "hostbasedacceptedalgorithms",
	    &e->config->crypto.key_algorithms, GRANT_key_types);
}

/* ---- forwarding ---- */

static bool
is_closed(const struct effect *e, enum grant grant)
{
	const struct layers *layers = &e->d->layers[grant];

	for (size_t i = 0; i < layers->count; i++)
		if (((const struct strings *)layers->items[i].list)->count == 0)
			return true;
	return false;
}

/* yes, local, remote or no; open: where no list forbids all. */
static const char *
directions(bool local, bool remote)
{
	return local && remote ? "yes" :
	    local	       ? "local" :
	    remote	       ? "remote" :
				 "no";
}

static void
put_targets(const struct effect *e, const char *keyword, enum grant grant)
{
	const struct targets *list = e->d->layers[grant].items[0].list;
	bool any = list->count == 1 && strcmp(list->items[0].text, "*:*") == 0;

	fputs(keyword, e->out);
	for (size_t i = 0; i < list->count && !any; i++) {
		const char *text = list->items[i].text;

		fprintf(e->out, " %s", text + (text[0] == '='));
	}
	fputs(any ? " any\n" : list->count == 0 ? " none\n" : "\n", e->out);
}

static void
put_forwarding(const struct effect *e)
{
	static const char *const gateways[] = {[GATEWAY_NO] = "no",
	    [GATEWAY_CLIENT] = "clientspecified",
	    [GATEWAY_YES] = "yes"};
	static const char *const tunnels[] = {
	    "no", "point-to-point", "ethernet", "yes"};
	const struct grants *g = &e->d->grants;

	put_bool(e, "disableforwarding", !g->forwarding);
	put(e, "allowtcpforwarding",
	    directions(!is_closed(e, GRANT_local_forward),
		!is_closed(e, GRANT_remote_forward)));
	put(e, "allowstreamlocalforwarding",
	    directions(!is_closed(e, GRANT_unix_local),
		!is_closed(e, GRANT_unix_remote)));
	put_bool(e, "allowagentforwarding", g->agent);
	put_bool(e, "x11forwarding", g->x11);
	put_number(e, "x11displayoffset", g->x11_display_offset, "none");
	put(e, "gatewayports", gateways[g->gateway_ports]);
	put(e, "permittunnel", tunnels[g->tun & TUN_BOTH]);
	put_targets(e, "permitopen", GRANT_local_forward);
	put_targets(e, "permitlisten", GRANT_remote_forward);
	fprintf(e->out, "streamlocalbindmask %04o\n", g->unix_mask);
	put_bool(e, "streamlocalbindunlink", g->unix_unlink);
}

/* ---- the session ---- */

static void
put_command(const struct effect *e)
{
	const struct grants *g = &e->d->grants;

	if (!g->sftp_only) {
		put_path(e, "forcecommand", g->command);
		return;
	}
	fputs("forcecommand internal-sftp", e->out);
	if (g->sftp_read_only)
		fputs(" -R", e->out);
	if (g->sftp_umask != CONFIG_NONE)
		fprintf(e->out, " -u %04o", g->sftp_umask);
	if (g->sftp_start != NULL)
		fprintf(e->out, " -d %s", g->sftp_start);
	fputc('\n', e->out);
}

static void
put_subsystem(const struct effect *e, const char *name, const char *command)
{
	if (!policy_in_layers(e->d, GRANT_subsystems, name))
		return;
	fprintf(e->out, "subsystem %s %s\n", name,
	    command == NULL || strcmp(command, "internal") == 0 ?
		"internal-sftp" :
		command);
}

static void
put_subsystems(const struct effect *e)
{
	const struct strings *own = &e->d->grants.subsystem_commands;
	const struct config *c = e->config;

	for (size_t i = 0; i < c->subsystem_count; i++)
		if (policy_subsystem_command(e->d, c->subsystems[i].name) ==
		    NULL)
			put_subsystem(
			    e, c->subsystems[i].name, c->subsystems[i].command);
	for (size_t i = 0; i < own->count; i++) {
		char name[CONFIG_NAME_MAX + 1];
		size_t len = strcspn(own->items[i], "=");

		if (len >= sizeof(name))
			continue;
		memcpy(name, own->items[i], len);
		name[len] = '\0';
		/* The first of a name counts. */
		if (policy_subsystem_command(e->d, name) ==
		    &own->items[i][len + 1])
			put_subsystem(e, name, &own->items[i][len + 1]);
	}
}

static void
put_channels(const struct effect *e)
{
	const struct channel_timeouts *list = &e->d->grants.channel_timeouts;

	fputs("channeltimeout", e->out);
	for (size_t i = 0; i < list->count; i++)
		fprintf(e->out, " %s=%u", list->items[i].kind,
		    list->items[i].seconds);
	fputs(list->count == 0 ? " none\n" : "\n", e->out);
}

static void
put_session(const struct effect *e)
{
	const struct grants *g = &e->d->grants;

	put_bool(e, "permittty", g->pty);
	put_bool(e, "permituserrc", g->user_rc);
	put_bool(e, "exposeauthinfo", g->expose_auth);
	put_path(e, "chrootdirectory", g->chroot);
	put_command(e);
	put_subsystems(e);
	put_number(e, "maxsessions", g->max_sessions, "none");
	put_number(e, "clientaliveinterval", g->keepalive_interval, "0");
	put_number(e, "clientalivecountmax", g->keepalive_count, "0");
	put_number(e, "unusedconnectiontimeout", g->unused_timeout, "none");
	put_channels(e);
	fprintf(e->out, "rekeylimit %llu %u\n",
	    (unsigned long long)g->rekey_bytes,
	    g->rekey_seconds == CONFIG_NONE ? 0U : g->rekey_seconds);
	fprintf(e->out, "ipqos %s", effective_qos(g->ip_qos_interactive));
	fprintf(e->out, " %s\n", effective_qos(g->ip_qos_bulk));
	put(e, "loglevel", effective_log_level(g->log_level));
	if (g->pam_service != NULL)
		put(e, "pamservicename", g->pam_service);
}

void
config_effective(const struct config *config, const char *listener,
    const struct decision *d, const struct decision *root, FILE *out)
{
	const struct effect e = {config, d, root, out};

	effective_server(config, listener, out);
	put_authentication(&e);
	put_lists(&e);
	put_session(&e);
	put_forwarding(&e);
	effective_keys(config, d, out);
}
