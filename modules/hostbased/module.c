/*
 * hostbased.so: RFC 4252 section 9.  The client's host signs that this user
 * of its asks; we believe it if the host is equivalent and the key is its.
 */
#include "modules/hostbased/hostbased.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/key_sign.h"
#include "lib/ssh/ssh2.h"

#include <stdlib.h>
#include <string.h>

#define MANY SALLYPORT_OPTION_MANY

const struct sallyport_host *hb_host;

static const char *const methods[] = {"hostbased", NULL};

static const struct sallyport_option options[] = {
    {"known_hosts", SALLYPORT_PATH, MANY, 0, 0, NULL,
	"/etc/ssh/ssh_known_hosts", "files with the keys of hosts"},
    {"equiv", SALLYPORT_PATH, MANY, 0, 0, NULL, "/etc/ssh/shosts.equiv",
	"files with the hosts whose users are ours"},
    {"user_files", SALLYPORT_BOOL, 0, 0, 0, NULL, "false",
	"read ~/.shosts and ~/.ssh/known_hosts as well"},
    {"name_from_packet", SALLYPORT_BOOL, 0, 0, 0, NULL, "false",
	"go by the name the client says, without looking it up"},
    {NULL, 0, 0, 0, 0, NULL, NULL, NULL},
};

static void
append_field(
    struct buf *b, struct sallyport_login *login, enum sallyport_bytes which)
{
	size_t len;
	const uint8_t *data = hb_host->bytes(login, which, &len);

	buf_string(b, data, len);
}

static bool
check_signature(const struct hb_request *r, const struct key_alg *alg)
{
	struct key_sk_use use = {0, 0};
	struct buf b;
	size_t len;
	const uint8_t *signature =
	    hb_host->bytes(r->login, SALLYPORT_SIGNATURE, &len);
	int err;

	buf_init(&b, 4 * SSH_KEY_BLOB_MAX);
	append_field(&b, r->login, SALLYPORT_SESSION_ID);
	buf_u8(&b, SSH_MSG_USERAUTH_REQUEST);
	append_field(&b, r->login, SALLYPORT_REQUEST_USER);
	append_field(&b, r->login, SALLYPORT_REQUEST_SERVICE);
	buf_text(&b, "hostbased");
	buf_text(&b, alg->name);
	append_field(&b, r->login, SALLYPORT_PUBLIC_KEY);
	buf_text(&b, hb_host->text(r->login, SALLYPORT_CLIENT_HOST));
	buf_text(&b, hb_host->text(r->login, SALLYPORT_CLIENT_USER));
	err = buf_end(&b);
	if (err == 0)
		err = key_verify(
		    r->key, alg, b.data, b.len, signature, len, &use);
	buf_free(&b);
	if (err != 0)
		hb_host->reason(r->login, "%s", err_text(err));
	return err == 0;
}

static bool
tell_key(const struct hb_request *r, bool proven)
{
	const struct cert *cert = key_cert(r->key);
	char fingerprint[KEY_FINGERPRINT_SIZE], ca[KEY_FINGERPRINT_SIZE];
	struct sallyport_key key = {.size = sizeof(key),
	    .type = key_name(r->key),
	    .fingerprint = fingerprint,
	    .source = "hostbased",
	    .bits = key_bits(r->key),
	    .proven = proven};

	key_fingerprint(r->key, fingerprint, sizeof(fingerprint));
	if (cert != NULL) {
		key_fingerprint(cert->ca, ca, sizeof(ca));
		key.key_id = cert->key_id;
		key.serial = cert->serial;
		key.ca_type = key_name(cert->ca);
		key.ca_fingerprint = ca;
	}
	if (hb_host->key(r->login, &key) == SALLYPORT_OK)
		return true;
	hb_host->audit(r->login, "key_rejected", key.source, "%s",
	    hb_host->text(r->login, SALLYPORT_REASON));
	return false;
}

static bool
judge(struct hb_request *r, struct key **key)
{
	const char *name = hb_host->text(r->login, SALLYPORT_ALGORITHM);
	const struct key_alg *alg = key_alg_find(name, strlen(name));
	char why[256] = "";
	size_t len;
	const uint8_t *blob =
	    hb_host->bytes(r->login, SALLYPORT_PUBLIC_KEY, &len);

	if (alg == NULL || key_parse(blob, len, key) != 0) {
		hb_host->reason(r->login, "key or algorithm is not known");
		return false;
	}
	r->key = *key;
	if (!key_alg_serves(alg, r->key) || key_is_sk(r->key)) {
		hb_host->reason(
		    r->login, "key and signature algorithm do not go together");
		return false;
	}
	if (key_check_length(r->key,
		(unsigned)hb_host->number(r->login, SALLYPORT_RSA_BITS), why,
		sizeof(why)) != 0) {
		hb_host->reason(r->login, "%s", why);
		return false;
	}
	return tell_key(r, false) && hb_find_name(r) && hb_is_equivalent(r) &&
	    hb_is_known(r) && check_signature(r, alg) && tell_key(r, true);
}

static enum sallyport_verdict
authenticate(void *connection, struct sallyport_login *login)
{
	struct hb_request r = {.state = connection, .login = login};
	struct key *key = NULL;
	bool good = judge(&r, &key);

	hb_host->audit(login, good ? "hostbased_ok" : "hostbased_fail", r.name,
	    "%s", good ? "" : hb_host->text(login, SALLYPORT_REASON));
	key_free(key);
	return good ? SALLYPORT_ALLOW : SALLYPORT_DENY;
}

static void
add(char **list, size_t *count, const char *value,
    const struct sallyport_setting *o)
{
	if (*count == HB_PATHS_MAX)
		hb_host->problem(o, "more than %d of these", HB_PATHS_MAX);
	else
		list[(*count)++] = mem_strdup(value);
}

static int
load(const struct sallyport_host *host,
    const struct sallyport_setting *settings, size_t count, void **out)
{
	struct hb_state *s = mem_zalloc(sizeof(*s));

	hb_host = host;
	*out = s;
	if (key_preload() != 0) {
		host->problem(NULL, "libcrypto lacks what keys need");
		return -1;
	}
	for (size_t i = 0; i < count; i++) {
		const struct sallyport_setting *o = &settings[i];
		bool on = strcmp(o->value, "true") == 0;

		if (strcmp(o->name, "known_hosts") == 0)
			add(s->known_hosts, &s->known_hosts_count, o->value, o);
		else if (strcmp(o->name, "equiv") == 0)
			add(s->equiv, &s->equiv_count, o->value, o);
		else if (strcmp(o->name, "user_files") == 0)
			s->user_files = on;
		else if (strcmp(o->name, "name_from_packet") == 0)
			s->name_from_packet = on;
	}
	if (s->known_hosts_count == 0)
		add(s->known_hosts, &s->known_hosts_count,
		    "/etc/ssh/ssh_known_hosts", NULL);
	if (s->equiv_count == 0)
		add(s->equiv, &s->equiv_count, "/etc/ssh/shosts.equiv", NULL);
	return 0;
}

static void
unload(void *data)
{
	struct hb_state *s = data;

	for (size_t i = 0; i < s->known_hosts_count; i++)
		free(s->known_hosts[i]);
	for (size_t i = 0; i < s->equiv_count; i++)
		free(s->equiv[i]);
	free(s);
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
	const struct hb_state *s = data;
	char *line;

	for (size_t i = 0; i < s->equiv_count; i++) {
		line = mem_printf("hosts in %s, with keys in %s, names %s",
		    s->equiv[i], s->known_hosts[0],
		    s->name_from_packet ? "as the client says" : "looked up");
		print(to, line);
		free(line);
	}
}

SALLYPORT_MODULE = {
    .abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_module),
    .name = "hostbased",
    .version = "1",
    .methods = methods,
    .options = options,
    .load = load,
    .unload = unload,
    .begin = begin,
    .authenticate = authenticate,
    .describe = describe,
};
