/*
 * Credential caches of the type that krb5.conf's default_ccache_name gives the
 * user.  Each login has one of its own, as with sshd: its end takes nothing
 * from another's.
 */
#include "daemon/ticketstore/ticketstore.h"

#include "lib/mem.h"

#include <krb5.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char why[512];

static const char *
say(krb5_context context, const char *what, krb5_error_code code)
{
	const char *text = krb5_get_error_message(context, code);

	snprintf(why, sizeof(why), "%s: %s", what, text);
	krb5_free_error_message(context, text);
	return why;
}

static bool
begins(const char *name, const char *with)
{
	return strncmp(name, with, strlen(with)) == 0;
}

/* A keyring of this process would end with it. */
static bool
outlives_us(const char *name)
{
	if (begins(name, "MEMORY:"))
		return false;
	return !begins(name, "KEYRING:") ||
	    begins(name, "KEYRING:persistent:") ||
	    begins(name, "KEYRING:user:");
}

/* A file beside the default one, of a name that nobody can foresee. */
static krb5_error_code
make_file(krb5_context context, const char *beside, krb5_ccache *cache)
{
	char *name = mem_printf(
	    "%s%s_XXXXXX", begins(beside, "FILE:") ? "" : "FILE:", beside);
	char *path = strchr(name, ':') + 1;
	int fd = mkstemp(path);
	krb5_error_code code;

	if (fd < 0) {
		snprintf(why, sizeof(why), "%s: %m", path);
		free(name);
		return KRB5_CC_IO;
	}
	close(fd);
	code = krb5_cc_resolve(context, name, cache);
	if (code != 0)
		(void)unlink(path);
	free(name);
	return code;
}

/* The default cache of a collection without one is the first. */
static bool
is_vacant(krb5_context context)
{
	krb5_principal owner = NULL;
	krb5_ccache cache = NULL;
	bool vacant = krb5_cc_default(context, &cache) != 0 ||
	    krb5_cc_get_principal(context, cache, &owner) != 0;

	krb5_free_principal(context, owner);
	if (cache != NULL)
		(void)krb5_cc_close(context, cache);
	return vacant;
}

static krb5_error_code
fill(krb5_context context, const struct delegated *d, krb5_ccache cache)
{
	krb5_principal owner = NULL;
	krb5_error_code code = krb5_parse_name(context, d->principal, &owner);

	if (code == 0)
		code = krb5_cc_initialize(context, cache, owner);
	krb5_free_principal(context, owner);
	for (size_t i = 0; i < d->count && code == 0; i++) {
		krb5_data bytes = {.length = (unsigned)d->tickets[i].len,
		    .data = (char *)(uintptr_t)d->tickets[i].data};
		krb5_creds *ticket = NULL;

		code = krb5_unmarshal_credentials(context, &bytes, &ticket);
		if (code == 0)
			code = krb5_cc_store_cred(context, cache, ticket);
		krb5_free_creds(context, ticket);
	}
	return code;
}

static const char *
store(krb5_context context, const struct delegated *d, const char *standard,
    char **name)
{
	char *type = mem_strndup(standard, strcspn(standard, ":"));
	bool collection = strchr(standard, ':') != NULL &&
	    krb5_cc_support_switch(context, type);
	bool first = collection && is_vacant(context);
	krb5_ccache cache = NULL;
	krb5_error_code code = collection ?
	    krb5_cc_new_unique(context, type, NULL, &cache) :
	    make_file(context, standard, &cache);
	char *full = NULL;

	free(type);
	if (code == 0)
		code = fill(context, d, cache);
	if (code == 0)
		code = krb5_cc_get_full_name(context, cache, &full);
	if (code != 0) {
		if (why[0] == '\0')
			(void)say(context, standard, code);
		if (cache != NULL)
			(void)krb5_cc_destroy(context, cache);
		return why;
	}
	if (first)
		(void)krb5_cc_switch(context, cache);
	(void)krb5_cc_close(context, cache);
	*name = full;
	return NULL;
}

const char *
cache_store(const struct delegated *d, char **name)
{
	krb5_context context = NULL;
	krb5_error_code code = krb5_init_context(&context);
	const char *standard, *fault;

	if (code != 0)
		return say(NULL, "krb5.conf", code);
	standard = krb5_cc_default_name(context);
	if (standard == NULL) {
		fault = "krb5.conf names no default_ccache_name";
	} else if (!outlives_us(standard)) {
		snprintf(why, sizeof(why),
		    "%s does not outlive the process that writes it", standard);
		fault = why;
	} else {
		fault = store(context, d, standard, name);
	}
	krb5_free_context(context);
	return fault;
}

/* kdestroy(1) ends a cache, and kinit(1) makes it another's. */
static krb5_error_code
check_owner(krb5_context context, const struct delegated *d, krb5_ccache cache,
    const char *name)
{
	krb5_principal ours = NULL, theirs = NULL;
	krb5_error_code code = krb5_parse_name(context, d->principal, &ours);

	if (code == 0)
		code = krb5_cc_get_principal(context, cache, &theirs);
	if (code == 0 && !krb5_principal_compare(context, ours, theirs)) {
		snprintf(why, sizeof(why),
		    "%s: it is another principal's by now", name);
		code = KRB5_PRINC_NOMATCH;
	}
	krb5_free_principal(context, ours);
	krb5_free_principal(context, theirs);
	return code;
}

/* A FILE, or one of a DIR; else NULL. */
static const char *
path_of(const char *name)
{
	return begins(name, "FILE:") || begins(name, "DIR::") ? &name[5] : NULL;
}

/* At once: who reads the file meanwhile has the old one or the new. */
static krb5_error_code
replace_file(krb5_context context, const struct delegated *d, const char *path)
{
	krb5_ccache fresh = NULL;
	krb5_error_code code = make_file(context, path, &fresh);

	if (code != 0)
		return code;
	code = fill(context, d, fresh);
	if (code == 0 && rename(krb5_cc_get_name(context, fresh), path) != 0)
		code = errno;
	if (code != 0)
		(void)krb5_cc_destroy(context, fresh);
	else
		(void)krb5_cc_close(context, fresh);
	return code;
}

const char *
cache_renew(const struct delegated *d, const char *name)
{
	const char *path = path_of(name);
	krb5_context context = NULL;
	krb5_ccache cache = NULL;
	krb5_error_code code = krb5_init_context(&context);

	if (code != 0)
		return say(NULL, "krb5.conf", code);
	code = krb5_cc_resolve(context, name, &cache);
	if (code == 0)
		code = check_owner(context, d, cache, name);
	if (code == 0)
		code = path != NULL ? replace_file(context, d, path) :
				      fill(context, d, cache);
	if (code != 0 && why[0] == '\0')
		(void)say(context, name, code);
	if (cache != NULL)
		(void)krb5_cc_close(context, cache);
	krb5_free_context(context);
	return code != 0 ? why : NULL;
}

const char *
cache_remove(const char *name)
{
	krb5_context context = NULL;
	krb5_ccache cache = NULL;
	krb5_error_code code = krb5_init_context(&context);

	if (code != 0)
		return say(NULL, "krb5.conf", code);
	code = krb5_cc_resolve(context, name, &cache);
	if (code == 0)
		code = krb5_cc_destroy(context, cache);
	/* The user may have been faster: kdestroy(1). */
	if (code != 0 && code != KRB5_FCC_NOFILE)
		(void)say(context, name, code);
	krb5_free_context(context);
	return why[0] != '\0' ? why : NULL;
}
