/*
 * The facts of a login that modules are told.  Nothing is given away about
 * users who may not log in: those look real from here.
 */
#include "modules/host/facts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NOBODY 65534

/* The configuration's, as far as the decision leaves them. */
static const char *
ca_algorithms(const struct sallyport_login *login)
{
	static char list[2048];
	const struct strings *names = &login->config->crypto.ca_algorithms;
	size_t used = 0;

	list[0] = '\0';
	for (size_t i = 0; i < names->count && used < sizeof(list); i++) {
		if (!policy_may_ca_algorithm(login->decision, names->items[i]))
			continue;
		used += (size_t)snprintf(&list[used], sizeof(list) - used,
		    "%s%s", used > 0 ? "," : "", names->items[i]);
	}
	return list;
}

static const char *
address(const struct net_address *a, char text[NET_TEXT_MAX])
{
	return a == NULL || a->family == NET_NONE ? "" : net_print(a, text);
}

/* NULL: there is none. */
static const char *
find_text(struct sallyport_login *login, enum sallyport_text which)
{
	static char addresses[2][NET_TEXT_MAX];
	const struct attempt *a = login->attempt;
	const struct decision *d = login->decision;

	switch (which) {
	case SALLYPORT_USER:
		return login->user;
	case SALLYPORT_HOME:
		return login->passwd == NULL ? "/nonexistent" :
					       login->passwd->pw_dir;
	case SALLYPORT_SHELL:
		return login->passwd == NULL ? "/bin/sh" :
					       login->passwd->pw_shell;
	case SALLYPORT_METHOD:
		return a->method;
	case SALLYPORT_PARAMETER:
		return a->step == NULL ? NULL : a->step->service;
	case SALLYPORT_SOURCE:
		return address(login->source, addresses[0]);
	case SALLYPORT_LOCAL:
		return address(login->local, addresses[1]);
	case SALLYPORT_LISTENER:
		return login->listener;
	case SALLYPORT_CONNECTION:
		return login->connection;
	case SALLYPORT_ALGORITHM:
		return a->algorithm;
	case SALLYPORT_CLIENT_HOST:
		return a->client_host;
	case SALLYPORT_CLIENT_USER:
		return a->client_user;
	case SALLYPORT_RULE:
		return d->rule == NULL ? NULL : d->rule->name;
	case SALLYPORT_CA_ALGORITHMS:
		return ca_algorithms(login);
	case SALLYPORT_REASON:
		return a->reason;
	case SALLYPORT_SERVICE:
		return d->grants.pam_service;
	case SALLYPORT_INSTANCE:
		return login->module->settings->name;
	case SALLYPORT_TTY:
	case SALLYPORT_COMPLETED:
	case SALLYPORT_CLIENT_VERSION:
	case SALLYPORT_GROUPS:
	case SALLYPORT_TICKET_CACHE:
		break;
	}
	return login->calls->text == NULL ? NULL :
					    login->calls->text(login, which);
}

const char *
host_text(struct sallyport_login *login, enum sallyport_text which)
{
	const char *text = find_text(login, which);

	return text == NULL ? "" : text;
}

int64_t
host_number(struct sallyport_login *login, enum sallyport_number which)
{
	const struct passwd *pw = login->passwd;
	const struct attempt *a = login->attempt;

	switch (which) {
	case SALLYPORT_UID:
		return pw == NULL ? NOBODY : pw->pw_uid;
	case SALLYPORT_GID:
		return pw == NULL ? NOBODY : pw->pw_gid;
	case SALLYPORT_KNOWN:
		return pw != NULL;
	case SALLYPORT_HAS_SIGNATURE:
		return !a->query;
	case SALLYPORT_HOSTBOUND:
		return a->hostbound;
	case SALLYPORT_RSA_BITS:
		return login->config->crypto.rsa_bits;
	case SALLYPORT_TIME:
		return a->now;
	case SALLYPORT_SOURCE_PORT:
	case SALLYPORT_LOCAL_PORT:
		break;
	}
	return login->calls->number == NULL ?
	    0 :
	    login->calls->number(login, which);
}

static struct bytes
find_bytes(struct sallyport_login *login, enum sallyport_bytes which)
{
	const struct attempt *a = login->attempt;

	switch (which) {
	case SALLYPORT_REQUEST_USER:
		return !login->illegal ?
		    a->user :
		    (struct bytes){
			(const uint8_t *)login->user, strlen(login->user)};
	case SALLYPORT_REQUEST_SERVICE:
		return a->service;
	case SALLYPORT_PASSWORD:
		return a->password;
	case SALLYPORT_PUBLIC_KEY:
		return a->key;
	case SALLYPORT_SIGNATURE:
		return a->signature;
	case SALLYPORT_REQUEST_HOST_KEY:
		return a->host_key;
	case SALLYPORT_METHOD_DATA:
		return a->data;
	case SALLYPORT_SUBMETHODS:
		return a->submethods;
	case SALLYPORT_SESSION_ID:
	case SALLYPORT_HOST_KEY:
	case SALLYPORT_SELFTEST_KEY:
		break;
	}
	return login->calls->bytes == NULL ? (struct bytes){NULL, 0} :
					     login->calls->bytes(login, which);
}

const uint8_t *
host_bytes(
    struct sallyport_login *login, enum sallyport_bytes which, size_t *len)
{
	struct bytes b = find_bytes(login, which);

	*len = b.len;
	return b.data == NULL ? (const uint8_t *)"" : b.data;
}

void
host_reason(struct sallyport_login *login, const char *format, ...)
{
	struct attempt *a = login->attempt;
	va_list args;

	va_start(args, format);
	vsnprintf(a->reason, sizeof(a->reason), format, args);
	va_end(args);
}

int
host_key(struct sallyport_login *login, const struct sallyport_key *key)
{
	struct attempt *a = login->attempt;
	struct policy_facts facts = *login->facts;
	const char *methods[CHAIN_STEPS_MAX + 1];
	char why[sizeof(a->reason)] = "";

	if (!host_allows(login, HOST_KEY) ||
	    !key_facts_take(&a->key_facts, key))
		return SALLYPORT_STATE;
	if (login->hopeless)
		return SALLYPORT_OK; /* the decoy sees the same look-ups */
	key_facts_tell(&a->key_facts, a->algorithm, &facts);
	/* A source that is not known yet is judged when it is, or at the end.
	 */
	if (a->key_facts.source[0] == '\0')
		facts.key_source = NULL;
	facts.methods = methods;
	facts.method_count = 0;
	for (size_t i = 0; i < login->done_count; i++)
		methods[facts.method_count++] = login->done[i];
	methods[facts.method_count++] = a->method;
	if (policy_may_key_here(
		login->config, login->decision, &facts, why, sizeof(why)))
		return SALLYPORT_OK;
	memcpy(a->reason, why, sizeof(a->reason));
	if (login->calls->key_refused != NULL)
		login->calls->key_refused(login, why);
	return SALLYPORT_REFUSED;
}
