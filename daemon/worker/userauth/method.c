/*
 * The requests of the methods we know, read strictly into the wall's typed
 * messages (RFC 4252 sections 5, 7, 8 and 9, RFC 4256, PROTOCOL 3.1); what we
 * do not know goes to the monitor whole, for a module.
 */
#include "daemon/worker/userauth/userauth.h"

#include "lib/err.h"

#include <string.h>

#define NAME_MAX_BYTES 64

/* The beginning of every request, as the client sent it. */
struct request {
	struct bytes user, service, method;
};

static struct bytes
take(struct rd *r, size_t max)
{
	struct bytes b;

	b.data = rd_string(r, max, &b.len);
	return b;
}

static int
none(struct worker *w, struct rd *r, const struct request *q)
{
	int err = rd_end(r);

	if (err == 0)
		TELL(w, auth_none, .user = q->user, .service = q->service);
	return err;
}

static int
password(struct worker *w, struct rd *r, const struct request *q)
{
	bool change = rd_bool(r);
	struct bytes old = take(r, SSH_PASSWORD_MAX);
	struct bytes fresh = {(const uint8_t *)"", 0};
	int err;

	if (change)
		fresh = take(r, SSH_PASSWORD_MAX);
	if ((err = rd_end(r)) == 0)
		TELL(w, auth_password, .user = q->user, .service = q->service,
		    .change = change, .password = old, .new_password = fresh);
	return err;
}

static int
some_publickey(
    struct worker *w, struct rd *r, const struct request *q, bool hostbound)
{
	bool has_signature = rd_bool(r);
	struct bytes algorithm = take(r, NAME_MAX_BYTES);
	struct bytes key = take(r, SSH_KEY_BLOB_MAX);
	struct bytes host_key = {(const uint8_t *)"", 0};
	struct bytes signature = {(const uint8_t *)"", 0};
	int err;

	if (hostbound)
		host_key = take(r, SSH_KEY_BLOB_MAX);
	if (has_signature)
		signature = take(r, SSH_SIGNATURE_MAX);
	if ((err = rd_end(r)) == 0)
		TELL(w, auth_publickey, .user = q->user, .service = q->service,
		    .has_signature = has_signature, .hostbound = hostbound,
		    .algorithm = algorithm, .key = key, .host_key = host_key,
		    .signature = signature);
	return err;
}

static int
publickey(struct worker *w, struct rd *r, const struct request *q)
{
	return some_publickey(w, r, q, false);
}

static int
publickey_hostbound(struct worker *w, struct rd *r, const struct request *q)
{
	return some_publickey(w, r, q, true);
}

static int
hostbased(struct worker *w, struct rd *r, const struct request *q)
{
	struct bytes algorithm = take(r, NAME_MAX_BYTES);
	struct bytes key = take(r, SSH_KEY_BLOB_MAX);
	struct bytes client_host = take(r, 256);
	struct bytes client_user = take(r, SSH_USER_MAX);
	struct bytes signature = take(r, SSH_SIGNATURE_MAX);
	int err;

	if ((err = rd_end(r)) == 0)
		TELL(w, auth_hostbased, .user = q->user, .service = q->service,
		    .algorithm = algorithm, .key = key,
		    .client_host = client_host, .client_user = client_user,
		    .signature = signature);
	return err;
}

static int
keyboard_interactive(struct worker *w, struct rd *r, const struct request *q)
{
	struct bytes language = take(r, 64);
	struct bytes submethods = take(r, 256);
	int err;

	if ((err = rd_end(r)) == 0)
		TELL(w, auth_kbdint, .user = q->user, .service = q->service,
		    .language = language, .submethods = submethods);
	return err;
}

static int
other(struct worker *w, struct rd *r, const struct request *q)
{
	struct bytes data;

	data.data = rd_rest(r, &data.len);
	if (data.len > WALL_ASK_MAX)
		return E_TOO_LARGE;
	TELL(w, auth_other, .user = q->user, .service = q->service,
	    .method = q->method, .data = data);
	return 0;
}

static const struct {
	const char *name;
	int (*parse)(struct worker *, struct rd *, const struct request *);
} methods[] = {
    {"none", none},
    {"password", password},
    {"publickey", publickey},
    {"publickey-hostbound-v00@openssh.com", publickey_hostbound},
    {"hostbased", hostbased},
    {"keyboard-interactive", keyboard_interactive},
};

int
method_parse(struct worker *w, struct rd *r, struct bytes user,
    struct bytes service, struct bytes method)
{
	const struct request q = {user, service, method};

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strlen(methods[i].name) == method.len &&
		    memcmp(methods[i].name, method.data, method.len) == 0)
			return methods[i].parse(w, r, &q);
	return other(w, r, &q);
}
