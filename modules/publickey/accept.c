/*
 * Applies the options of a key's line and of a certificate to this moment and
 * this client, and hands the host the restrictions that it must keep for the
 * session.
 */
#include "modules/publickey/publickey.h"

#include "lib/match.h"
#include "lib/net.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* from="" and source-address: the numeric address; names are not resolved. */
static bool
source_is_in(const struct request *r, const char *list)
{
	struct net_address a;

	if (net_parse(pk_host->text(r->login, SALLYPORT_SOURCE), &a) != 0)
		return false;
	return match_host_list(NULL, &a, list) == MATCH_YES;
}

/* In sshd's words, at once, as sshd does. */
static void
tell_elsewhere(struct request *r, const char *required, const char *place)
{
	const char *user = pk_host->text(r->login, SALLYPORT_USER);
	const char *source = pk_host->text(r->login, SALLYPORT_SOURCE);

	if (!pk_may_tell(r, place))
		return;
	if (r->cert != NULL)
		pk_host->audit(r->login, "key_elsewhere", place,
		    "cert: Authentication tried for %s with valid certificate "
		    "but not from a permitted source address (%s).",
		    user, source);
	else
		pk_host->audit(r->login, "key_elsewhere", place,
		    "%s: Authentication tried for %s with correct key but not "
		    "from a permitted host (host=%s, ip=%s, required=%s).",
		    place, user, source, source, required);
}

static void
refuse_options(struct request *r, const char *why)
{
	pk_refuse_as(r, REFUSAL_OPTIONS,
	    r->cert != NULL ? "Refused by certificate options" :
			      "Refused by key options",
	    why);
}

bool
pk_accept_options(
    struct request *r, const struct key_options *options, const char *place)
{
	uint64_t now = (uint64_t)pk_host->number(r->login, SALLYPORT_TIME);
	char why[REASON_MAX];

	if (options->expires != 0 && now >= options->expires) {
		snprintf(why, sizeof(why), "%s: key has expired", place);
		refuse_options(r, why);
		return false;
	}
	for (size_t i = 0; i < options->from_count; i++) {
		if (source_is_in(r, options->from[i]))
			continue;
		tell_elsewhere(r, options->from[i], place);
		snprintf(why, sizeof(why), "%s: not from this address", place);
		refuse_options(r, why);
		return false;
	}
	return true;
}

bool
pk_tell_key(struct request *r, bool proven, bool touched, bool verified)
{
	const struct sallyport_key key = {.size = sizeof(key),
	    .type = key_name(r->key),
	    .fingerprint = r->fingerprint,
	    .source = r->source,
	    .place = r->place,
	    .bits = key_bits(r->key),
	    .key_id = r->cert == NULL ? NULL : r->cert->key_id,
	    .serial = r->cert == NULL ? 0 : r->cert->serial,
	    .ca_type = r->cert == NULL ? NULL : key_name(r->cert->ca),
	    .ca_fingerprint = r->cert == NULL ? NULL : r->ca_fingerprint,
	    .proven = proven,
	    .touched = touched,
	    .verified = verified};

	return pk_host->key(r->login, &key) == SALLYPORT_OK;
}

static void
say(struct request *r, const char *what, const char *value)
{
	pk_host->log(r->login, SALLYPORT_LOG_DEBUG, "%s%s%s", what,
	    value[0] != '\0' ? " " : "", value);
}

static void
say_time(struct request *r, const char *what, uint64_t when)
{
	char text[64] = "for ever";
	time_t seconds = (time_t)when;
	struct tm tm;

	if (when <= INT64_MAX && gmtime_r(&seconds, &tm) != NULL)
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	say(r, what, text);
}

static void
describe_cert(struct request *r)
{
	char serial[32];

	snprintf(serial, sizeof(serial), "%llu",
	    (unsigned long long)r->cert->serial);
	say(r, "certificate", r->cert->key_id);
	say(r, "serial", serial);
	for (size_t i = 0; i < r->cert->principal_count; i++)
		say(r, "principal", r->cert->principals[i]);
	say_time(r, "valid from", r->cert->valid_after);
	say_time(r, "valid until", r->cert->valid_before);
}

void
pk_describe(struct request *r)
{
	const struct key_options *o = &r->options;

	for (size_t i = 0; i < o->from_count; i++)
		say(r, "from", o->from[i]);
	if (o->expires != 0)
		say_time(r, "expiry-time", o->expires);
	if (o->verify_required)
		say(r, "verify-required", "");
	if (o->no_touch_required)
		say(r, "no-touch-required", "");
	if (r->cert != NULL)
		describe_cert(r);
}

static bool
restrict_one(
    struct request *r, enum sallyport_restriction what, const char *value)
{
	if (pk_host->restrict_to(r->login, what, value) == SALLYPORT_OK)
		return true;
	pk_refuse(r, REFUSAL_OPTIONS, "the key's restrictions cannot be kept");
	return false;
}

static bool
restrict_list(struct request *r, enum sallyport_restriction what,
    char *const *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!restrict_one(r, what, list[i]))
			return false;
	return true;
}

bool
pk_restrict(struct request *r)
{
	const struct key_options *o = &r->options;
	char unit[32];

	if ((!o->pty && !restrict_one(r, SALLYPORT_NO_PTY, NULL)) ||
	    (!o->port &&
		!restrict_one(r, SALLYPORT_NO_PORT_FORWARDING, NULL)) ||
	    (!o->agent && !restrict_one(r, SALLYPORT_NO_AGENT, NULL)) ||
	    (!o->x11 && !restrict_one(r, SALLYPORT_NO_X11, NULL)) ||
	    (!o->user_rc && !restrict_one(r, SALLYPORT_NO_USER_RC, NULL)) ||
	    (!o->tun && !restrict_one(r, SALLYPORT_NO_TUN, NULL)))
		return false;
	if (o->tun && o->tunnel != AUTHORIZED_KEYS_TUNNEL_ANY) {
		snprintf(unit, sizeof(unit), "%u", (unsigned)o->tunnel);
		if (!restrict_one(r, SALLYPORT_TUN_UNIT, unit))
			return false;
	}
	if (o->command != NULL &&
	    !restrict_one(r, SALLYPORT_COMMAND, o->command))
		return false;
	return restrict_list(r, SALLYPORT_PERMIT_OPEN, o->permit_open,
		   o->permit_open_count) &&
	    restrict_list(r, SALLYPORT_PERMIT_LISTEN, o->permit_listen,
		o->permit_listen_count) &&
	    restrict_list(
		r, SALLYPORT_ENVIRONMENT, o->environment, o->environment_count);
}
