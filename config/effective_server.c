/*
 * Settings of the whole server in sshd's keyword form; and of the publickey
 * module's sources those that count for a login.
 */
#include "config/effective_server.h"

#include "config/choices.h"
#include "config/kerberos.h"
#include "config/offers.h"
#include "config/policy/match.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

const char *
effective_qos(uint32_t byte)
{
	const struct choice *choice;

	for (choice = qos_choices; choice->word != NULL; choice++)
		if (choice->value == byte)
			return choice->word;
	return "none";
}

const char *
effective_log_level(uint32_t level)
{
	switch ((int)level) {
	case LOG_LEVEL_QUIET:
		return "QUIET";
	case LOG_LEVEL_ERROR:
	case LOG_LEVEL_WARN:
		return "ERROR";
	case LOG_LEVEL_INFO:
		return "INFO";
	case LOG_LEVEL_VERBOSE:
		return "VERBOSE";
	default:
		return "DEBUG1";
	}
}

static void
put_joined(const char *keyword, const struct strings *list, FILE *out)
{
	fprintf(out, "%s ", keyword);
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s%s", i > 0 ? "," : "", list->items[i]);
	fputc('\n', out);
}

static void
put_each(const char *keyword, const struct strings *list, FILE *out)
{
	for (size_t i = 0; i < list->count; i++)
		fprintf(out, "%s %s\n", keyword, list->items[i]);
}

/* ---- listeners ---- */

static bool
is_new_port(const struct config *c, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (c->listeners[i].port == c->listeners[index].port)
			return false;
	return true;
}

static void
put_listeners(const struct config *c, FILE *out)
{
	for (size_t i = 0; i < c->listener_count; i++)
		if (is_new_port(c, i))
			fprintf(out, "port %u\n", c->listeners[i].port);
	fputs("addressfamily any\n", out);
	for (size_t i = 0; i < c->listener_count; i++) {
		const struct listener *l = &c->listeners[i];

		if (l->family == AF_UNSPEC)
			fprintf(out,
			    "listenaddress [::]:%u\n"
			    "listenaddress 0.0.0.0:%u\n",
			    l->port, l->port);
		else
			fprintf(out,
			    l->family == AF_INET6 ? "listenaddress [%s]:%u\n" :
						    "listenaddress %s:%u\n",
			    l->address, l->port);
	}
}

/* ---- modules ---- */

static const struct module_settings *
find_module(const struct config *c, const char *file)
{
	for (size_t i = 0; i < c->module_count; i++) {
		const char *name = strrchr(c->modules[i].file, '/');

		name = name != NULL ? name + 1 : c->modules[i].file;
		if (strcmp(name, file) == 0)
			return &c->modules[i];
	}
	return NULL;
}

/* The first value of "SOURCE.MEMBER", or of "MEMBER" without a source. */
static const char *
option_value(
    const struct module_settings *m, const char *source, const char *member)
{
	size_t len = source != NULL ? strlen(source) : 0;

	for (size_t i = 0; m != NULL && i < m->options.count; i++) {
		const char *key = m->options.items[i].key;

		if (source != NULL &&
		    (strncmp(key, source, len) != 0 || key[len] != '.'))
			continue;
		if (strcmp(key + (source != NULL ? len + 1 : 0), member) == 0)
			return m->options.items[i].value;
	}
	return NULL;
}

static bool
option_is_true(
    const struct module_settings *m, const char *source, const char *member)
{
	const char *value = option_value(m, source, member);

	return value != NULL && strcmp(value, "true") == 0;
}

/* All values of it, behind each other; false: there is none. */
static bool
put_values(const struct module_settings *m, const char *source,
    const char *member, FILE *out)
{
	size_t len = source != NULL ? strlen(source) : 0;
	bool any = false;

	for (size_t i = 0; i < m->options.count; i++) {
		const struct pair *p = &m->options.items[i];
		const char *value = p->value;

		if (source != NULL &&
		    (strncmp(p->key, source, len) != 0 || p->key[len] != '.'))
			continue;
		if (strcmp(p->key + (source != NULL ? len + 1 : 0), member) !=
		    0)
			continue;
		/* sshd's files are below the home directory. */
		if (strncmp(value, "%h/", 3) == 0 &&
		    strcmp(member, "file") == 0)
			value += 3;
		fprintf(out, " %s", value);
		any = true;
	}
	return any;
}

/* The member of the modules' key sources that an sshd keyword shows. */
struct shown_member {
	const char *keyword;
	const char *member;
	bool names; /* of sources that list principals */
	const char *top; /* the member's place for all, or NULL */
};

static bool
counts(const struct module_settings *m, const struct decision *d,
    const char *source, bool names)
{
	return policy_counts_source(d, source) &&
	    option_is_true(m, source, "principals") == names;
}

/* An authority's own list is of principals, not of keys. */
static bool
is_shown(const struct module_settings *m, const char *source,
    const struct shown_member *shown)
{
	return strcmp(shown->member, "ca_keys") == 0 || shown->names ||
	    option_value(m, source, "ca_keys") == NULL;
}

static void
put_member(const struct module_settings *m, const struct decision *d,
    const struct shown_member *shown, FILE *out)
{
	bool any = false, sources = false;

	fputs(shown->keyword, out);
	for (size_t i = 0; i < m->options.count; i++) {
		const struct pair *p = &m->options.items[i];

		if (strcmp(p->key, "sources") != 0)
			continue;
		sources = true;
		if (counts(m, d, p->value, shown->names) &&
		    is_shown(m, p->value, shown))
			any |= put_values(m, p->value, shown->member, out);
	}
	if (!sources && !shown->names && strcmp(shown->member, "file") == 0 &&
	    policy_counts_source(d, "user")) {
		any |= put_values(m, "user", "file", out) ||
		    put_values(m, NULL, "files", out);
		if (!any)
			fputs(" .ssh/authorized_keys", out);
		any = true;
	}
	if (shown->top != NULL && policy_counts_source(d, "ca_keys"))
		any |= put_values(m,
		    strcmp(shown->top, "ca_keys") == 0 ? NULL : shown->top,
		    shown->member, out);
	fputs(any ? "\n" : " none\n", out);
}

void
effective_keys(const struct config *config, const struct decision *d, FILE *out)
{
	static const struct shown_member shown[] = {
	    {"authorizedkeysfile", "file", false, NULL},
	    {"authorizedkeyscommand", "command", false, NULL},
	    {"authorizedkeyscommanduser", "user", false, NULL},
	    {"trustedusercakeys", "ca_keys", false, "ca_keys"},
	    {"authorizedprincipalsfile", "file", true, "principals"},
	    {"authorizedprincipalscommand", "command", true, "principals"},
	    {"authorizedprincipalscommanduser", "user", true, "principals"}};
	const struct module_settings *m = find_module(config, "publickey.so");
	bool any = false;

	if (m == NULL)
		return;
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
		put_member(m, d, &shown[i], out);
	fputs("revokedkeys", out);
	for (size_t i = 0; i < m->options.count; i++) {
		const struct pair *p = &m->options.items[i];

		if (strcmp(p->key, "revoked") != 0 ||
		    !policy_asks_revoked(d, p->value))
			continue;
		fprintf(out, " %s", p->value);
		any = true;
	}
	fputs(any ? "\n" : " none\n", out);
}

/* ---- the rest ---- */

static void
put_upper(const char *keyword, const char *word, FILE *out)
{
	fprintf(out, "%s ", keyword);
	for (; *word != '\0'; word++)
		fputc(toupper((unsigned char)*word), out);
	fputc('\n', out);
}

static const char *
facility(uint32_t value)
{
	const struct choice *choice;

	for (choice = facility_choices; choice->word != NULL; choice++)
		if (choice->value == value)
			return choice->word;
	return "auth";
}

static void
put_limits(const struct config *c, FILE *out)
{
	const struct limit_settings *l = &c->limits;
	const struct penalty_settings *p = &l->penalties;

	fprintf(out, "logingracetime %u\n", l->login_grace);
	fprintf(out, "maxstartups %u:%u:%u\n", l->startups.begin,
	    l->startups.rate, l->startups.full);
	if (l->source.connections == CONFIG_NONE)
		fputs("persourcemaxstartups none\n", out);
	else
		fprintf(
		    out, "persourcemaxstartups %u\n", l->source.connections);
	fprintf(out, "persourcenetblocksize %u:%u\n", l->source.prefix4,
	    l->source.prefix6);
	if (!p->enabled) {
		fputs("persourcepenalties no\n", out);
		return;
	}
	fprintf(out,
	    "persourcepenalties crash:%u authfail:%u invaliduser:%u noauth:%u "
	    "grace-exceeded:%u refuseconnection:%u max:%u min:%u "
	    "max-sources4:%u max-sources6:%u overflow:%s overflow6:%s\n",
	    p->crash, p->auth_failure, p->invalid_user, p->no_auth,
	    p->grace_exceeded, p->refused, p->maximum, p->minimum,
	    p->max_sources4, p->max_sources6,
	    p->overflow_refuses ? "deny-all" : "permissive",
	    p->overflow_refuses ? "deny-all" : "permissive");
}

/* Settings of which there is one value. */
static void
put_fixed(const struct config *c, FILE *out)
{
	const struct module_settings *hosts = find_module(c, "hostbased.so");
	const struct module_settings *pam = find_module(c, "pam.so");
	bool own = option_is_true(hosts, NULL, "user_files");

	fprintf(out, "usepam %s\n", pam != NULL ? "yes" : "no");
	if (option_value(pam, NULL, "service") != NULL)
		fprintf(out, "pamservicename %s\n",
		    option_value(pam, NULL, "service"));
	fprintf(out, "ignorerhosts %s\nignoreuserknownhosts %s\n",
	    own ? "no" : "yes", own ? "no" : "yes");
	fprintf(out, "hostbasedusesnamefrompacketonly %s\n",
	    option_is_true(hosts, NULL, "name_from_packet") ? "yes" : "no");
	fprintf(out, "gssapikeyexchange %s\n",
	    config_exchanges_by_gss(c) ? "yes" : "no");
	fputs("kerberosauthentication no\nx11uselocalhost yes\n"
	      "strictmodes yes\npermitemptypasswords no\nusedns no\n"
	      "fingerprinthash SHA256\nsecuritykeyprovider internal\n"
	      "hostkeyagent none\npermituserenvironment no\n",
	    out);
}

void
effective_server(const struct config *c, const char *name, FILE *out)
{
	const struct listener *l =
	    name != NULL ? offer_listener(c, name) : NULL;
	const struct crypto_settings *k = l != NULL ? &l->crypto : &c->crypto;

	put_listeners(c, out);
	put_fixed(c, out);
	put_limits(c, out);
	put_joined("kexalgorithms", &k->kex, out);
	if (config_exchanges_by_gss(c) && k->gss_kex.count > 0)
		put_joined("gssapikexalgorithms", &k->gss_kex, out);
	put_joined("ciphers", &k->ciphers, out);
	put_joined("macs", &k->macs, out);
	put_joined("hostkeyalgorithms", &k->host_key_algorithms, out);
	put_each("hostkey", l != NULL ? &l->host_keys : &c->host_keys, out);
	put_each("hostcertificate", &c->host_certificates, out);
	fprintf(
	    out, "compression %s\n", k->compression.count > 1 ? "yes" : "no");
	fprintf(out, "tcpkeepalive %s\n", c->tcp_keepalive ? "yes" : "no");
	fprintf(out, "printmotd %s\nprintlastlog %s\n",
	    c->records.motd == OWNER_SERVER ? "yes" : "no",
	    c->records.last_login == OWNER_SERVER ? "yes" : "no");
	fprintf(
	    out, "pidfile %s\n", c->pid_file != NULL ? c->pid_file : "none");
	fprintf(
	    out, "modulifile %s\nxauthlocation %s\n", k->moduli_file, c->xauth);
	fprintf(out, "versionaddendum %s\n",
	    c->version_addendum != NULL ? c->version_addendum : "none");
	put_upper("syslogfacility", facility(c->log.facility), out);
}
