/*
 * publickey.so: public keys and certificates (RFC 4252 section 7), in the
 * monitor.  A key is looked for where the configuration says, then its
 * signature is verified over the session identifier that the monitor itself
 * computed and the request exactly as the client must have signed it.
 */
#include "modules/publickey/publickey.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/secret.h"
#include "lib/ssh/key_sign.h"
#include "lib/ssh/ssh2.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTBOUND  "publickey-hostbound-v00@openssh.com"
#define SIGNED_MAX (4 * SSH_KEY_BLOB_MAX)

const struct sallyport_host *pk_host;

static const char *const methods[] = {"publickey", NULL};

static void
append_field(
    struct buf *b, struct sallyport_login *login, enum sallyport_bytes which)
{
	size_t len;
	const uint8_t *data = pk_host->bytes(login, which, &len);

	buf_string(b, data, len);
}

/* RFC 4252 section 7; OpenSSH's PROTOCOL section 1.7 adds the host key. */
static int
signed_data(const struct request *r, struct buf *b)
{
	bool hostbound = pk_host->number(r->login, SALLYPORT_HOSTBOUND) != 0;

	buf_init(b, SIGNED_MAX);
	append_field(b, r->login, SALLYPORT_SESSION_ID);
	buf_u8(b, SSH_MSG_USERAUTH_REQUEST);
	append_field(b, r->login, SALLYPORT_REQUEST_USER);
	append_field(b, r->login, SALLYPORT_REQUEST_SERVICE);
	buf_text(b, hostbound ? HOSTBOUND : "publickey");
	buf_bool(b, true);
	buf_text(b, r->alg->name);
	append_field(b, r->login, SALLYPORT_PUBLIC_KEY);
	if (hostbound)
		append_field(b, r->login, SALLYPORT_REQUEST_HOST_KEY);
	return buf_end(b);
}

/* A request bound to another host's key was not made for us. */
static bool
host_is_ours(struct request *r)
{
	size_t ours, theirs;
	const uint8_t *a, *b;

	if (pk_host->number(r->login, SALLYPORT_HOSTBOUND) == 0)
		return true;
	a = pk_host->bytes(r->login, SALLYPORT_HOST_KEY, &ours);
	b = pk_host->bytes(r->login, SALLYPORT_REQUEST_HOST_KEY, &theirs);
	if (ours > 0 && secret_equal(a, ours, b, theirs))
		return true;
	pk_refuse(r, REFUSAL_PROOF, "signed for another host's key");
	return false;
}

static bool
tell_proven(struct request *r, bool touched, bool verified)
{
	if (pk_tell_key(r, true, touched, verified))
		return true;
	pk_refuse(
	    r, REFUSAL_PROOF, "%s", pk_host->text(r->login, SALLYPORT_REASON));
	return false;
}

/* FIDO keys: a touch unless waived, a PIN if asked for. */
static bool
check_use(struct request *r, const struct key_sk_use *use)
{
	bool touched = use->flags & KEY_SK_PRESENT;
	bool verified = use->flags & KEY_SK_VERIFIED;

	if (!key_is_sk(r->key)) {
		if (!r->options.verify_required)
			return tell_proven(r, false, false);
		pk_refuse(r, REFUSAL_PROOF,
		    "verification is required, and the key knows none");
		return false;
	}
	if (!touched && !r->options.no_touch_required) {
		pk_refuse(r, REFUSAL_PROOF, "authenticator was not touched");
		return false;
	}
	if (!verified && r->options.verify_required) {
		pk_refuse(
		    r, REFUSAL_PROOF, "authenticator did not verify its user");
		return false;
	}
	return tell_proven(r, touched, verified);
}

static bool
check_signature(struct request *r)
{
	struct key_sk_use use = {0, 0};
	struct buf data;
	size_t len;
	const uint8_t *signature =
	    pk_host->bytes(r->login, SALLYPORT_SIGNATURE, &len);
	int err = signed_data(r, &data);

	if (err == 0)
		err = key_verify(
		    r->key, r->alg, data.data, data.len, signature, len, &use);
	buf_free(&data);
	if (err != 0) {
		pk_refuse(r, REFUSAL_PROOF, "%s", err_text(err));
		return false;
	}
	return check_use(r, &use);
}

/* The request's key, judged for itself: known algorithm, length. */
static bool
take_key(struct request *r)
{
	const char *name = pk_host->text(r->login, SALLYPORT_ALGORITHM);
	size_t len;
	const uint8_t *blob =
	    pk_host->bytes(r->login, SALLYPORT_PUBLIC_KEY, &len);
	char why[REASON_MAX] = "";
	int err;

	r->alg = key_alg_find(name, strlen(name));
	if (r->alg == NULL) {
		pk_refuse(r, REFUSAL_PROOF, "signature algorithm is not known");
		return false;
	}
	if ((err = key_parse(blob, len, &r->key)) != 0) {
		pk_refuse(r, REFUSAL_PROOF, "key: %s", err_text(err));
		return false;
	}
	if (!key_alg_serves(r->alg, r->key)) {
		pk_refuse(r, REFUSAL_PROOF,
		    "key and signature algorithm do not go together");
		return false;
	}
	r->cert = key_cert(r->key);
	key_fingerprint(r->key, r->fingerprint, sizeof(r->fingerprint));
	if (r->cert != NULL)
		key_fingerprint(
		    r->cert->ca, r->ca_fingerprint, sizeof(r->ca_fingerprint));
	if (key_check_length(r->key,
		(unsigned)pk_host->number(r->login, SALLYPORT_RSA_BITS), why,
		sizeof(why)) != 0) {
		pk_tell_key(r, false, false, false);
		pk_refuse(r, REFUSAL_PROOF, "%s", why);
		return false;
	}
	return true;
}

/* The principals that the certificate names, as far as there is room. */
static void
tell_certificate(struct request *r)
{
	char names[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < r->cert->principal_count; i++) {
		size_t room = sizeof(names) - len;
		int n = snprintf(&names[len], room, "%s%s", i == 0 ? "" : ",",
		    r->cert->principals[i]);

		if (n < 0 || (size_t)n >= room) {
			names[len] = '\0';
			break;
		}
		len += (size_t)n;
	}
	pk_host->audit(r->login, "cert_accepted", r->place, "%s", names);
}

static enum sallyport_verdict
judge(struct request *r)
{
	bool found;

	if (!take_key(r) || !host_is_ours(r))
		return SALLYPORT_DENY;
	pk_tell_key(r, false, false, false);
	if (pk_is_revoked(r))
		return SALLYPORT_DENY;
	found = (r->cert != NULL && pk_find_ca(r)) || r->refused || pk_find(r);
	if (!found || r->refused)
		return SALLYPORT_DENY;
	r->refusal = REFUSAL_NONE; /* of candidates before this one */
	if (pk_host->number(r->login, SALLYPORT_HAS_SIGNATURE) == 0) {
		pk_describe(r);
		return pk_restrict(r) ? SALLYPORT_ALLOW : SALLYPORT_DENY;
	}
	if (!check_signature(r) || !pk_restrict(r))
		return SALLYPORT_DENY;
	if (r->cert != NULL)
		tell_certificate(r);
	else
		pk_host->audit(r->login, "key_accepted", r->place, "%s", "");
	return SALLYPORT_ALLOW;
}

/* For the log, for explain and for the event: one reason, in one place. */
static void
tell_refusal(struct request *r)
{
	pk_refuse(r, REFUSAL_UNKNOWN, "%s",
	    r->cert != NULL ? "certificate's authority is not known" :
			      "key was not found");
	pk_host->reason(r->login, "%s", r->why);
	if (r->fingerprint[0] == '\0' || r->refusal == REFUSAL_REVOKED)
		return; /* no key at all; has its own event */
	if (r->as_sshd[0] != '\0')
		pk_host->audit(
		    r->login, "key_refusal", r->place, "%s", r->as_sshd);
	/* Behind the option that it does not know, sshd has this as well. */
	if (r->cert != NULL && r->cert->unknown_critical != NULL &&
	    r->as_sshd[0] != '\0' && strstr(r->as_sshd, "critical") != NULL)
		pk_host->audit(r->login, "key_refusal", r->place, "%s",
		    "Invalid certificate options");
	pk_host->audit(r->login,
	    r->cert != NULL && r->refusal >= REFUSAL_CERT ? "cert_rejected" :
							    "key_rejected",
	    r->refusal <= REFUSAL_UNREADABLE ? "" :
		r->place[0] != '\0'	     ? r->place :
					       r->source,
	    "%s", r->why);
}

static enum sallyport_verdict
authenticate(void *connection, struct sallyport_login *login)
{
	struct request r = {.state = connection, .login = login};
	enum sallyport_verdict verdict;

	key_options_init(&r.options);
	verdict = judge(&r);
	if (verdict == SALLYPORT_ALLOW)
		pk_host->reason(login, "%s", "");
	else
		tell_refusal(&r);
	key_options_free(&r.options);
	key_free(r.key);
	return verdict;
}

static int
load(const struct sallyport_host *host,
    const struct sallyport_setting *settings, size_t count, void **out)
{
	struct state *s = mem_zalloc(sizeof(*s));

	pk_host = host;
	*out = s;
	if (key_preload() != 0) {
		host->problem(NULL, "libcrypto lacks what keys need");
		return -1;
	}
	return pk_settings(s, settings, count);
}

static void
unload(void *state)
{
	pk_settings_free(state);
	free(state);
}

static void *
begin(void *state, struct sallyport_login *login)
{
	(void)login;
	return state;
}

static void
describe(void *data, void (*print)(void *to, const char *line), void *to)
{
	const struct state *s = data;
	char *line;

	for (size_t i = 0; i < s->source_count; i++) {
		const struct source *x = &s->sources[i];

		line = mem_printf("%s %s: %s %s",
		    x->names		? "principals" :
			x->ca_count > 0 ? "authority" :
					  "key source",
		    x->name,
		    x->program.count > 0  ? "command" :
			x->file_count > 0 ? "file" :
					    "keys",
		    x->program.count > 0  ? x->program.words[0] :
			x->file_count > 0 ? x->files[0] :
					    x->ca_files[0]);
		print(to, line);
		free(line);
	}
	for (size_t i = 0; i < s->ca_count; i++) {
		line =
		    mem_printf("certificates of the CAs in %s", s->ca_files[i]);
		print(to, line);
		free(line);
	}
	for (size_t i = 0; i < s->revoked_count; i++) {
		line = mem_printf("revoked keys: %s", s->revoked[i].path);
		print(to, line);
		free(line);
	}
}

SALLYPORT_MODULE = {
    .abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_module),
    .name = "publickey",
    .version = "1",
    .methods = methods,
    .options = pk_options,
    .load = load,
    .unload = unload,
    .begin = begin,
    .authenticate = authenticate,
    .describe = describe,
};
