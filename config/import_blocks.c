/*
 * Import of the server-wide keywords that sshd_config allows in a Match block:
 * rekeying, DSCP, X11 displays, timeouts, demands on certificates.  Outside of
 * Match these are keys of the top level.
 */
#include "config/algorithms.h"
#include "config/importer.h"
#include "config/parse.h"
#include "config/show.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define IN IMPORT_IN

/* ---- rekeying ---- */

#define REKEY_MOST  (7 * 86400) /* what config/options.c takes */
#define REKEY_LEAST 65536

static void
put_rekey_bytes(struct importer *imp, const struct directive *d, uint64_t value,
    const char *indent)
{
	if (value < REKEY_LEAST) {
		import_note(imp, &d->origin,
		    "RekeyLimit %s: sallyport rekeys after 64K at the earliest",
		    d->args[0]);
		value = REKEY_LEAST;
	}
	fprintf(imp->out, "%srekey_bytes = %lluL;\n", indent,
	    (unsigned long long)value);
}

void
import_rekey(struct importer *imp, size_t block, const char *indent)
{
	const struct directive *d = import_first(imp, block, "rekeylimit");
	uint64_t value, seconds = 0;

	if (d == NULL) {
		fprintf(imp->out, "%srekey_seconds = \"none\";\n", indent);
		return;
	}
	if (d->count > 1 && strcasecmp(d->args[1], "none") != 0)
		(void)parse_time(d->args[1], &seconds);
	if (strcasecmp(d->args[0], "default") != 0 &&
	    strcasecmp(d->args[0], "none") != 0 &&
	    parse_size(d->args[0], &value) == NULL)
		put_rekey_bytes(imp, d, value, indent);
	if (seconds == 0)
		fprintf(imp->out, "%srekey_seconds = \"none\";\n", indent);
	else if (seconds > REKEY_MOST)
		fprintf(
		    imp->out, "%srekey_seconds = %d;\n", indent, REKEY_MOST);
	else
		import_put_text(imp, indent, "rekey_seconds", d->args[1]);
}

/* ---- DSCP ---- */

/* The old ToS names and numbers, as ssh_config(5) has them, are no classes. */
void
import_qos(struct importer *imp, size_t block, const char *indent, bool report)
{
	static const char known[] =
	    " af11 af12 af13 af21 af22 af23 af31 af32 "
	    "af33 af41 af42 af43 cs0 cs1 cs2 cs3 cs4 cs5 cs6 cs7 ef le none ";
	const struct directive *d = import_last(imp, block, "ipqos");
	size_t i;

	for (i = 0; d != NULL && i < 2; i++) {
		const char *word = d->args[i < d->count ? i : 0];

		if (strstr(known, arena_printf(imp->arena, " %s ", word)) !=
		    NULL)
			import_put_text(imp, indent,
			    i == 0 ? "ip_qos_interactive" : "ip_qos_bulk",
			    word);
		else if (report)
			import_note(
			    imp, &d->origin, "IPQoS %s: DSCP names only", word);
	}
}

void
import_unix_mask(struct importer *imp, size_t block)
{
	const struct directive *d =
	    import_last(imp, block, "streamlocalbindmask");

	const char *text = d != NULL ? d->args[0] : "0177";
	uint32_t mask;

	if (parse_mode(text, &mask) != NULL || mask > 0777) {
		import_error(imp, &d->origin,
		    "StreamLocalBindMask %s: an octal mask is expected", text);
		text = "0177";
	}
	import_put_text(imp, IN, "unix_mask", text);
}

/* ---- channels ---- */

static void
put_channel_timeouts(struct importer *imp, const struct directive *d)
{
	struct strings list = {0};
	struct channel_timeout timeout;
	size_t i;

	for (i = 0; i < d->count; i++) {
		const char *text = d->args[i], *equals = strchr(text, '=');

		if (strcasecmp(text, "none") == 0)
			break;
		if (equals != NULL && strcasecmp(equals + 1, "none") == 0)
			text = arena_printf(
			    imp->arena, "%.*s=0", (int)(equals - text), text);
		if (parse_channel(imp->arena, text, &timeout) != NULL)
			import_error(imp, &d->origin,
			    "ChannelTimeout %s: not "
			    "understood",
			    d->args[i]);
		else
			import_push(imp, &list, text);
	}
	import_put_list(imp, IN, "channel_timeouts", &list);
}

/* ---- certificates and revocation ---- */

static void
put_ca_algorithms(struct importer *imp, const struct directive *d)
{
	struct strings list = {0};

	if (d != NULL)
		list = import_algorithms(imp, d, ALGORITHM_CA, false);
	else
		import_push(imp, &list, "*");
	import_put_list(imp, IN, "key_ca_algorithms", &list);
}

static void
put_revoked(struct importer *imp, const struct directive *d)
{
	struct strings list = {0};
	size_t i;

	for (i = 0; d != NULL && i < d->count; i++) {
		if (import_revokes(d->args[i]))
			import_push(imp, &list, d->args[i]);
	}
	import_put_list(imp, IN, "key_revoked", &list);
}

/* All have it unless a Match block says it: only then it needs a grant. */
static bool
is_due(const struct importer *imp, size_t block, const char *name)
{
	return block != 0 ? import_first(imp, block, name) != NULL :
			    import_in_block(imp, name);
}

void
import_server_grants(struct importer *imp, size_t block)
{
	const struct directive *d;

	d = import_first(imp, block, "channeltimeout");
	if (d != NULL)
		put_channel_timeouts(imp, d);
	d = import_first(imp, block, "loglevel");
	if (block != 0 && d != NULL)
		import_put_text(
		    imp, IN, "log_level", import_log_level(d->args[0]));
	d = import_first(imp, block, "pamservicename");
	if (block != 0 && d != NULL)
		import_put_text(imp, IN, "pam_service", d->args[0]);
	if (block != 0 && import_first(imp, block, "rekeylimit") != NULL)
		import_rekey(imp, block, IN);
	d = import_first(imp, block, "x11displayoffset");
	if (block != 0 && d != NULL) {
		import_put_number(imp, IN, "x11_display_offset", d,
		    &(struct import_range){10, 0, 1000});
		fputs("\n", imp->out);
	}
	if (is_due(imp, block, "casignaturealgorithms"))
		put_ca_algorithms(
		    imp, import_first(imp, block, "casignaturealgorithms"));
	if (is_due(imp, block, "revokedkeys"))
		put_revoked(imp, import_first(imp, block, "revokedkeys"));
	import_subsystems(imp, block);
}
