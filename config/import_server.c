/*
 * Import of the server-wide part of sshd_config: listeners, keys, algorithms,
 * limits, log; and the modules with their key sources.
 */
#include "config/algorithms.h"
#include "config/importer.h"
#include "config/parse.h"
#include "config/show.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *
global(const struct importer *imp, const char *name, const char *fallback)
{
	return import_value(imp, name, fallback);
}

/* ---- listeners ---- */

static void
add_listener(struct importer *imp, const char *address, unsigned port)
{
	struct listener *l;

	size_t i;

	if (imp->listener_count == CONFIG_LISTENERS_MAX)
		return;
	for (i = 0; i < imp->listener_count; i++) {
		l = &imp->listeners[i];
		if (l->port == port && strcmp(l->address, address) == 0)
			return; /* said twice */
	}
	l = &imp->listeners[imp->listener_count++];
	l->address = arena_strdup(imp->arena, address);
	l->port = (uint16_t)port;
	l->name = arena_printf(imp->arena, "listener-%zu", imp->listener_count);
}

static void
listen_on_ports(struct importer *imp, const char *address)
{
	struct strings ports = import_all(imp, 0, "port");
	const struct directive *d = import_first(imp, 0, "port");
	size_t i;

	for (i = 0; i < ports.count; i++) {
		const char *text = ports.items[i];
		unsigned long port = strtoul(text, NULL, 10);

		if (text[strspn(text, "0123456789")] != '\0' || port == 0 ||
		    port > 65535)
			import_error(imp, &d->origin,
			    "Port %s: a number from 1 to 65535 is expected",
			    text);
		else
			add_listener(imp, address, (unsigned)port);
	}
	if (ports.count == 0)
		add_listener(imp, address, 22);
}

static void
listen_on_address(struct importer *imp, const struct directive *d)
{
	struct net_address address;
	char text[NET_TEXT_MAX], *plain;

	if (d->count > 1)
		import_error(imp, &d->origin,
		    "ListenAddress %s %s: sallyport "
		    "has no routing domains",
		    d->args[0], d->args[1]);
	plain = arena_strdup(imp->arena, d->args[0]);
	if (plain[0] == '[' && plain[strlen(plain) - 1] == ']') {
		plain[strlen(plain) - 1] = '\0';
		plain++;
	}
	if (net_parse(plain, &address) == 0)
		listen_on_ports(imp, net_print(&address, text));
	else if (net_parse_port(d->args[0], &address) == 0)
		add_listener(imp, net_print(&address, text), address.port);
	else
		import_error(imp, &d->origin,
		    "ListenAddress %s: a numeric "
		    "address is needed",
		    d->args[0]);
}

void
import_listeners(struct importer *imp)
{
	const char *family = global(imp, "addressfamily", "any");
	bool any = false;
	size_t i;

	imp->listeners = arena_array(
	    imp->arena, CONFIG_LISTENERS_MAX, sizeof(*imp->listeners));
	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcasecmp(d->word->name, "listenaddress") != 0)
			continue;
		listen_on_address(imp, d);
		any = true;
	}
	if (!any)
		listen_on_ports(imp,
		    strcasecmp(family, "inet") == 0	 ? "0.0.0.0" :
			strcasecmp(family, "inet6") == 0 ? "::" :
							   "*");
}

static void
put_listeners(struct importer *imp)
{
	size_t i;

	fputs("listeners = (\n", imp->out);
	for (i = 0; i < imp->listener_count; i++)
		fprintf(imp->out,
		    "\t{ name = \"%s\"; address = \"%s\"; port "
		    "= %u; }%s\n",
		    imp->listeners[i].name, imp->listeners[i].address,
		    imp->listeners[i].port,
		    i + 1 < imp->listener_count ? "," : "");
	fputs(");\n", imp->out);
}

/* ---- keys and algorithms ---- */

/* Does each cipher that the file leaves authenticate by itself? */
static bool
only_aead(struct importer *imp)
{
	const struct directive *d = import_first(imp, 0, "ciphers");
	struct strings list = {0};
	size_t i;

	if (d != NULL)
		list = import_algorithms(imp, d, ALGORITHM_CIPHER, false);
	for (i = 0; i < list.count; i++) {
		if (strstr(list.items[i], "gcm") == NULL &&
		    strstr(list.items[i], "poly1305") == NULL)
			return false;
	}
	return list.count > 0;
}

static void
put_algorithms(struct importer *imp, const char *key, const char *name,
    enum algorithm_kind kind)
{
	const struct directive *d = import_first(imp, 0, name);
	struct strings list;

	if (d == NULL)
		return;
	list = import_algorithms(imp, d, kind, true);
	if (list.count == 0 && kind == ALGORITHM_MAC && only_aead(imp))
		import_note(imp, &d->origin,
		    "%s: no cipher of the list needs one of these: left out",
		    d->word->name);
	else if (list.count == 0)
		import_error(imp, &d->origin,
		    "%s: nothing that sallyport has "
		    "is in the list; the default stays",
		    d->word->name);
	else
		import_put_list(imp, "\t", key, &list);
}

static struct strings
import_defaults(const struct importer *imp, enum algorithm_kind kind)
{
	const char *const *names = algorithm_defaults(kind, CRYPTO_MODERN);
	struct strings list = {0};

	for (; *names != NULL; names++)
		import_push(imp, &list, *names);
	return list;
}

/* An algorithm that any block accepts is there for all: overlays decide. */
static void
put_union(struct importer *imp, const char *key, const char *name,
    enum algorithm_kind kind)
{
	struct strings all = {0}, list;
	size_t i, j, k;

	if (import_first(imp, 0, name) == NULL) {
		if (!import_in_block(imp, name))
			return;
		all = import_defaults(imp, kind);
	}
	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcasecmp(d->word->name, name) != 0)
			continue;
		list = import_algorithms(imp, d, kind, true);
		for (j = 0; j < list.count; j++) {
			for (k = 0; k < all.count; k++) {
				if (strcmp(all.items[k], list.items[j]) == 0)
					break;
			}
			if (k == all.count)
				import_push(imp, &all, list.items[j]);
		}
	}
	if (all.count > 0)
		import_put_list(imp, "\t", key, &all);
}

static void
put_crypto(struct importer *imp)
{
	const struct directive *d = import_first(imp, 0, "compression");
	const char *moduli = global(imp, "modulifile", NULL);

	fputs("\ncrypto = {\n", imp->out);
	put_algorithms(imp, "kex", "kexalgorithms", ALGORITHM_KEX);
	if (import_gss_kex(imp))
		put_algorithms(
		    imp, "gss_kex", "gssapikexalgorithms", ALGORITHM_GSS_KEX);
	put_algorithms(imp, "ciphers", "ciphers", ALGORITHM_CIPHER);
	put_algorithms(imp, "macs", "macs", ALGORITHM_MAC);
	put_algorithms(imp, "host_key_algorithms", "hostkeyalgorithms",
	    ALGORITHM_HOST_KEY);
	put_union(imp, "ca_algorithms", "casignaturealgorithms", ALGORITHM_CA);
	put_union(imp, "key_algorithms", "pubkeyacceptedalgorithms",
	    ALGORITHM_USER_KEY);
	if (d != NULL && strcasecmp(d->args[0], "no") == 0)
		fputs("\tcompression = [ \"none\" ];\n", imp->out);
	/* Overlays have their own; this is only the floor under all. */
	fputs("\trsa_bits = 1024;\n", imp->out);
	import_rekey(imp, 0, "\t");
	if (moduli != NULL)
		import_put_text(imp, "\t", "moduli_file", moduli);
	fputs("};\n", imp->out);
}

/* ---- limits ---- */

static void
put_grace(struct importer *imp)
{
	const struct directive *d = import_first(imp, 0, "logingracetime");
	const char *text = global(imp, "logingracetime", "120");
	uint64_t seconds;

	if (parse_time(text, &seconds) != NULL)
		seconds = 120;
	if (seconds == 0 || seconds > 3600) {
		import_note(imp, &d->origin,
		    "LoginGraceTime %s: sallyport "
		    "waits an hour at most",
		    text);
		seconds = 3600;
	} else if (seconds < 5) {
		import_note(imp, &d->origin,
		    "LoginGraceTime %s: sallyport waits 5 s at least", text);
		seconds = 5;
	}
	fprintf(imp->out, "\tlogin_grace = %u;\n", (unsigned)seconds);
}

/* "A:B:C" as numbers of at most six digits; how many there are, 0: none. */
static size_t
numbers(const char *text, unsigned *values, size_t most)
{
	size_t n = 0, digits;

	while (n < most) {
		digits = strspn(text, "0123456789");
		if (digits == 0 || digits > 6)
			return 0;
		values[n++] = (unsigned)strtoul(text, NULL, 10);
		text += digits;
		if (*text == '\0')
			return n;
		if (*text++ != ':')
			return 0;
	}
	return 0;
}

static void
put_startups(struct importer *imp)
{
	unsigned values[3] = {10, 30, 100};
	const struct directive *d = import_first(imp, 0, "maxstartups");
	size_t n = d != NULL ? numbers(d->args[0], values, 3) : 3;

	if (n == 1) {
		values[2] = values[0];
		values[1] = 30; /* of no effect */
	} else if (n != 3) {
		import_error(imp, &d->origin,
		    "MaxStartups %s: one number, or three with colons",
		    d->args[0]);
		return;
	}
	fprintf(imp->out,
	    "\tstartups = { begin = %u; rate = %u; full = %u; };"
	    "\n",
	    values[0], values[1], values[2]);
}

static void
put_sources(struct importer *imp)
{
	const struct directive *d =
	    import_first(imp, 0, "persourcenetblocksize");
	unsigned values[2] = {32, 128};
	size_t n = d != NULL ? numbers(d->args[0], values, 2) : 2;

	if (n == 0)
		import_error(imp, &d->origin,
		    "PerSourceNetBlockSize %s: one number of bits, or two "
		    "with a colon",
		    d->args[0]);
	d = import_first(imp, 0, "persourcemaxstartups");
	fputs("\tsource = {", imp->out);
	if (d == NULL || strcasecmp(d->args[0], "none") == 0)
		fputs(" connections = \"none\";", imp->out);
	else
		import_put_number(imp, " ", "connections", d,
		    &(struct import_range){1, 1, 100000});
	fprintf(imp->out, " prefix4 = %u;", values[0]);
	if (n != 1)
		fprintf(imp->out, " prefix6 = %u;", values[1]);
	fputs(" };\n", imp->out);
}

/* sshd's crash:90s to ours; NULL: no such penalty. */
static const char *
penalty_key(const char *name)
{
	static const char *const keys[][2] = {{"crash", "crash"},
	    {"authfail", "auth_failure"}, {"invaliduser", "invalid_user"},
	    {"noauth", "no_auth"}, {"grace-exceeded", "grace_exceeded"},
	    {"refuseconnection", "refused"}, {"max", "maximum"},
	    {"min", "minimum"}, {"max-sources4", "max_sources4"},
	    {"max-sources6", "max_sources6"}};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcasecmp(name, keys[i][0]) == 0)
			return keys[i][1];
	}
	return NULL;
}

static void
put_penalty(struct importer *imp, const struct directive *d, const char *text)
{
	char *name = arena_strdup(imp->arena, text), *value;
	const char *key;
	uint64_t number;

	value = strchr(name, ':');
	if (value == NULL) {
		if (strcasecmp(name, "no") == 0)
			fputs(" enabled = false;", imp->out);
		return;
	}
	*value++ = '\0';
	key = penalty_key(name);
	if (key != NULL && parse_time(value, &number) == NULL)
		fprintf(
		    imp->out, " %s = %llu;", key, (unsigned long long)number);
	else if (strcasecmp(name, "overflow") == 0)
		fprintf(imp->out, " overflow_refuses = %s;",
		    strcasecmp(value, "deny-all") == 0 ? "true" : "false");
	else
		import_note(
		    imp, &d->origin, "PerSourcePenalties %s: left out", text);
}

static void
put_penalties(struct importer *imp)
{
	const struct directive *d = import_first(imp, 0, "persourcepenalties");
	const char *exempt = global(imp, "persourcepenaltyexemptlist", "none");
	struct strings list;
	size_t i;

	fputs("\tpenalties = {", imp->out);
	/* A file that names none was written for a server that had none. */
	if (d == NULL)
		fputs(" enabled = false;", imp->out);
	for (i = 0; d != NULL && i < d->count; i++)
		put_penalty(imp, d, d->args[i]);
	if (strcasecmp(exempt, "none") != 0) {
		list = import_split(imp, exempt);
		import_put_list(imp, " ", "exempt", &list);
	}
	fputs("\t};\n", imp->out);
}

/* ---- the rest ---- */

const char *
import_log_level(const char *level)
{
	static const char *const levels[][2] = {{"quiet", "quiet"},
	    {"fatal", "error"}, {"error", "error"}, {"info", "info"},
	    {"verbose", "verbose"}};
	size_t i;

	for (i = 0; i < 5; i++) {
		if (strcasecmp(level, levels[i][0]) == 0)
			return levels[i][1];
	}
	return "debug";
}

static void
put_lower(struct importer *imp, const char *key, const char *text)
{
	char *lower = arena_strdup(imp->arena, text), *p;

	for (p = lower; *p != '\0'; p++) {
		if (*p >= 'A' && *p <= 'Z')
			*p += 'a' - 'A';
	}
	import_put_text(imp, "\t", key, lower);
}

static void
put_plain(struct importer *imp)
{
	const struct directive *d = import_first(imp, 0, "versionaddendum");
	const char *addendum = d != NULL ? d->rest : "none";
	const char *pid = global(imp, "pidfile", NULL);
	const char *xauth = global(imp, "xauthlocation", NULL);

	if (strcasecmp(addendum, "none") != 0)
		import_put_text(imp, "", "version_addendum", addendum);
	if (pid != NULL)
		import_put_text(imp, "", "pid_file", pid);
	if (xauth != NULL)
		import_put_text(imp, "", "xauth", xauth);
	import_put_number(imp, "", "x11_display_offset",
	    import_first(imp, 0, "x11displayoffset"),
	    &(struct import_range){10, 0, 1000});
	fputs("\n", imp->out);
	fprintf(imp->out, "tcp_keepalive = %s;\n",
	    import_is(imp, 0, "tcpkeepalive", "yes", "yes") ? "true" : "false");
	import_qos(imp, 0, "", true);
}

static void
put_records(struct importer *imp)
{
	fprintf(imp->out,
	    "\nrecords = { motd = \"%s\"; last_login = \"%s\"; "
	    "};\n",
	    import_is(imp, 0, "printmotd", "yes", "yes") ? "server" : "pam",
	    import_is(imp, 0, "printlastlog", "yes", "yes") ? "server" : "pam");
}

static void
put_subsystems(struct importer *imp)
{
	const char *names[32];
	size_t i, j, count = 0;
	char *command;

	if (import_first(imp, 0, "subsystem") == NULL)
		return;
	fputs("\nsubsystems = (", imp->out);
	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcasecmp(d->word->name, "subsystem") != 0)
			continue;
		if (d->count < 2) {
			import_error(imp, &d->origin,
			    "Subsystem %s: its command is missing", d->args[0]);
			continue;
		}
		for (j = 0; j < count; j++) {
			if (strcmp(names[j], d->args[0]) == 0)
				break;
		}
		if (d->block != 0 || j < count)
			continue; /* a grant; a name's first line counts */
		if (count == 32) {
			import_error(
			    imp, &d->origin, "Subsystem: more than 32 of them");
			continue;
		}
		names[count] = d->args[0];
		command = import_subsystem_command(imp, d);
		fprintf(imp->out,
		    "%s\n\t{ name = \"%s\"; command = ", count++ > 0 ? "," : "",
		    d->args[0]);
		show_quoted(imp->out, command, SHOW_CONFIG);
		fputs("; }", imp->out);
	}
	fputs("\n);\n", imp->out);
}

void
import_server(struct importer *imp)
{
	put_listeners(imp);
	import_host_keys(imp);
	put_plain(imp);
	put_crypto(imp);
	fputs("\nlimits = {\n", imp->out);
	put_grace(imp);
	put_startups(imp);
	put_sources(imp);
	put_penalties(imp);
	fputs("};\n\nlog = {\n", imp->out);
	import_put_text(imp, "\t", "level",
	    import_log_level(global(imp, "loglevel", "INFO")));
	put_lower(imp, "facility", global(imp, "syslogfacility", "AUTH"));
	fputs("};\n", imp->out);
	put_records(imp);
	put_subsystems(imp);
}
