/*
 * Questions to a decision: may this key be used, is it time, may the session
 * set this variable.  Every layer of a list must allow; an empty list allows
 * nothing.  Asked by the monitor, for each request of the worker.  Forwards
 * are judged in forward.c.
 */
#include "config/policy/policy.h"
#include "config/arena.h"
#include "config/parse.h"
#include "config/policy/match.h"
#include "lib/match.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

bool
policy_in_layers(const struct decision *d, enum grant grant, const char *text)
{
	const struct layers *layers = &d->layers[grant];
	size_t i;

	for (i = 0; i < layers->count; i++) {
		const struct strings *list = layers->items[i].list;

		if (list->count == 0 || !policy_in_patterns(list, text))
			return false;
	}
	return layers->count > 0;
}

/* ---- keys ---- */

static bool
is_certificate(const char *type)
{
	return strstr(type, "-cert-v0") != NULL;
}

static bool
key_is_listed(const struct decision *d, const struct policy_facts *f)
{
	if (policy_in_layers(d, GRANT_key_types, f->key_type))
		return true;
	return f->key_algorithm != NULL &&
	    policy_in_layers(d, GRANT_key_types, f->key_algorithm);
}

/* The fault of the key, or NULL. */
static const char *
key_fault(const struct decision *d, const struct policy_facts *f)
{
	const struct grants *g = &d->grants;
	bool sk;

	if (f->key_state != FACT_KNOWN || f->key_type == NULL)
		return "the key is not known";
	sk = strncmp(f->key_type, "sk-", 3) == 0;
	if (!key_is_listed(d, f))
		return "its type is not in key_types";
	if (f->key_source != NULL &&
	    !policy_in_layers(d, GRANT_key_sources, f->key_source))
		return "its source is not in key_sources";
	if (g->key_certificate && !is_certificate(f->key_type))
		return "it is no certificate";
	if (is_certificate(f->key_type) &&
	    (f->key_ca == NULL ||
		!policy_in_layers(d, GRANT_key_cas, f->key_ca)))
		return "its authority is not in key_cas";
	if (strstr(f->key_type, "rsa") != NULL && f->key_bits < g->key_rsa_bits)
		return "it is shorter than key_rsa_bits";
	if (sk && g->key_touch && !f->key_touched)
		return "it was not touched";
	if (sk && g->key_verify && !f->key_verified)
		return "its token did not verify the user";
	return NULL;
}

bool
policy_may_key(const struct decision *d, const struct policy_facts *facts,
    char *why, size_t why_size)
{
	const char *fault = key_fault(d, facts);

	if (fault != NULL && why != NULL)
		snprintf(why, why_size, "key %s: %s",
		    facts->key_fingerprint != NULL ? facts->key_fingerprint :
						     "?",
		    fault);
	return fault == NULL;
}

/* True if later methods cannot turn this match off. */
static bool
match_is_settled(const struct rule *guard)
{
	size_t i, j;

	for (i = 0; i < guard->match_count; i++) {
		const struct strings *methods = &guard->matches[i].methods;

		for (j = 0; j < methods->count; j++) {
			if (methods->items[j][0] == '!')
				return false;
		}
	}
	return true;
}

bool
policy_may_key_here(const struct config *config, const struct decision *d,
    const struct policy_facts *facts, char *why, size_t why_size)
{
	struct decision tightened = *d;
	char matched[256];
	bool good;
	size_t i;

	tightened.arena = arena_new();
	tightened.chains.count = 0; /* they are the decision's own */
	for (i = 0; i < config->guard_count; i++) {
		const struct rule *guard = &config->guards[i];

		if (!d->applied[i] && match_is_settled(guard) &&
		    policy_match(guard, false, facts, matched,
			sizeof(matched)) == TRI_YES) {
			tightened.applied[i] = true;
			decision_apply_guard(&tightened, guard);
		}
	}
	good = policy_may_key(&tightened, facts, why, why_size);
	if (good && tightened.grants.refuse && !d->grants.refuse) {
		good = false;
		policy_describe_origin(config, &tightened, GRANT_refuse,
		    &tightened.grants.origins[GRANT_refuse], matched,
		    sizeof(matched));
		snprintf(why, why_size, "key %s: %s", facts->key_fingerprint,
		    matched);
	}
	arena_free(tightened.arena);
	return good;
}

bool
policy_may_principal(const struct decision *d, const char *principal)
{
	return policy_in_layers(d, GRANT_principals, principal);
}

/* Behind the last "@" that no backslash quotes; "" if there is none. */
const char *
policy_realm(const char *principal)
{
	const char *realm = "", *p;

	for (p = principal; *p != '\0'; p++) {
		if (*p == '\\' && p[1] != '\0')
			p++;
		else if (*p == '@')
			realm = p + 1;
	}
	return realm;
}

bool
policy_may_ca_algorithm(const struct decision *d, const char *name)
{
	return policy_in_layers(d, GRANT_key_ca_algorithms, name);
}

bool
policy_counts_source(const struct decision *d, const char *source)
{
	return d->layers[GRANT_key_sources].count == 0 ||
	    policy_in_layers(d, GRANT_key_sources, source);
}

bool
policy_asks_revoked(const struct decision *d, const char *path)
{
	const struct layers *layers = &d->layers[GRANT_key_revoked];
	size_t i;

	for (i = 0; i < layers->count; i++) {
		const struct strings *list = layers->items[i].list;

		if (list->count > 0 && policy_in_patterns(list, path))
			return true;
	}
	return layers->count == 0;
}

/* ---- times ---- */

bool
policy_may_now(const struct decision *d, time_t now, time_t *ends)
{
	const struct layers *layers = &d->layers[GRANT_times];
	time_t end = 0;
	size_t i;

	if (ends != NULL)
		*ends = 0;
	for (i = 0; i < layers->count; i++) {
		if (policy_in_windows(layers->items[i].list, now,
			ends != NULL ? &end : NULL) != TRI_YES)
			return false;
		if (ends != NULL && end != 0 && (*ends == 0 || end < *ends))
			*ends = end;
	}
	return layers->count > 0;
}

/* ---- names ---- */

/*
 * Variables that steer the dynamic linker, libc or shells, or say who the user
 * is: nobody gives those but the server and the administrator.
 */
static bool
is_steering(const char *name)
{
	static const char *const never[] = {"LD_*", "GCONV_PATH",
	    "GLIBC_TUNABLES", "HOSTALIASES", "MALLOC_TRACE", "BASH_ENV",
	    "BASH_FUNC_*", "BASHOPTS", "ENV", "IFS", "PS4", "SHELLOPTS", "HOME",
	    "USER", "LOGNAME", "SHELL"};
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (match_pattern(name, never[i], MATCH_CASE))
			return true;
	}
	return false;
}

/*
 * The variables above, and others that only the server sets, whatever is
 * listed: a client sends variables, or a user's own key file sets them, and a
 * forced command may restrict either.
 */
static bool
is_dangerous(const char *name)
{
	static const char *const never[] = {"LOCALDOMAIN", "LOCPATH", "NLSPATH",
	    "RESOLV_*", "RES_OPTIONS", "TZDIR", "PATH", "MAIL", "TMPDIR",
	    "KRB5CCNAME", "SSH_*", "SALLYPORT_*"};
	size_t i;

	for (i = 0; i < sizeof(never) / sizeof(never[0]); i++) {
		if (match_pattern(name, never[i], MATCH_CASE))
			return true;
	}
	return is_steering(name) || *name == '\0' ||
	    strpbrk(name, "=\n") != NULL;
}

bool
policy_may_module_set(const char *setting)
{
	char name[256];
	size_t len = strcspn(setting, "=");

	if (parse_assignment(setting) != NULL || len >= sizeof(name))
		return false;
	memcpy(name, setting, len);
	name[len] = '\0';
	if (strcmp(name, "SSH_AUTH_SOCK") == 0 ||
	    strcmp(name, "SSH_AGENT_PID") == 0)
		return true;
	return !is_steering(name) &&
	    !match_pattern(name, "SSH_*", MATCH_CASE) &&
	    !match_pattern(name, "SALLYPORT_*", MATCH_CASE);
}

bool
policy_may_env(const struct decision *d, const char *name)
{
	return d->verdict == POLICY_GRANTED && !is_dangerous(name) &&
	    policy_in_layers(d, GRANT_accept_env, name);
}

bool
policy_may_subsystem(const struct decision *d, const char *name)
{
	return d->verdict == POLICY_GRANTED &&
	    policy_in_layers(d, GRANT_subsystems, name);
}

const char *
policy_subsystem_command(const struct decision *d, const char *name)
{
	const struct strings *list = &d->grants.subsystem_commands;
	size_t i, len = strlen(name);

	for (i = 0; i < list->count; i++) {
		if (strncmp(list->items[i], name, len) == 0 &&
		    list->items[i][len] == '=')
			return &list->items[i][len + 1];
	}
	return NULL;
}
