/*
 * Key exchange, the monitor's half: it negotiates again from both KEXINITs,
 * puts the host key in with its own hand, computes the exchange hash, and
 * lets the keyholder sign it, or the ticketholder make a MIC (gss_kex.c).  A
 * session identifier or a signature can thus not be borrowed from another host.
 */
#include "daemon/monitor/gss_kex.h"
#include "daemon/monitor/health.h"
#include "daemon/monitor/selftest.h"

#include "config/algorithms.h"
#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/secret.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/kexinit.h"
#include "lib/ssh/key.h"
#include "lib/ssh/key_alg.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* Rekeys: so many at once, and so many a second after that. */
#define REKEY_BURST	  256
#define REKEYS_PER_SECOND 50

int
on_version(struct monitor *m, struct wall_message *message)
{
	const struct msg_version *v = &message->version;

	m->client_version.data =
	    (uint8_t *)mem_strndup((const char *)v->client.data, v->client.len);
	m->client_version.len = v->client.len;
	m->server_version.data =
	    (uint8_t *)mem_strndup((const char *)v->server.data, v->server.len);
	m->server_version.len = v->server.len;
	audit_set_identified();
	health_tell_client(m);
	return 0;
}

int
on_negotiation_failed(struct monitor *m, struct wall_message *message)
{
	const struct msg_negotiation_failed *f = &message->negotiation_failed;
	char reason[128];

	health_tell(m);
	snprintf(reason, sizeof(reason), "no matching %s found", f->kind);
	AUDIT(kex_fail, .reason = reason, .kind = f->kind, .offer = f->offer);
	return 0;
}

/* Tell of each connection that uses an algorithm for old peers. */
static void
tell_weak(const struct msg_newkeys *n)
{
	const char *names[] = {
	    n->kex, n->host_key, n->cipher_in, n->cipher_out};
	char text[256] = "";
	size_t used = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		bool told = i == 3 && strcmp(n->cipher_in, n->cipher_out) == 0;

		/* A name of ours, and so a short one. */
		if (!told && algorithm_is_weak(names[i]))
			used +=
			    (size_t)snprintf(&text[used], sizeof(text) - used,
				"%s%s", used > 0 ? ", " : "", names[i]);
	}
	if (used > 0)
		AUDIT(kex_weak, .reason = text);
}

int
on_newkeys(struct monitor *m, struct wall_message *message)
{
	const struct msg_newkeys *n = &message->newkeys;
	const struct kex_method *method = kex_find(n->kex, strlen(n->kex));

	if (m->newkeys >= m->exchanges)
		return E_STATE;
	m->newkeys++;
	if (m->exchanges > 1) {
		AUDIT(kex_rekey, .kex = n->kex);
		gss_kex_newkeys(m);
		return 0;
	}
	slot_took(m->slot, TIME_KEX, loop_clock() - m->began);
	selftest_tell(
	    m, "kex", n->kex, n->host_key, 1000 * (loop_clock() - m->began));
	AUDIT(kex_ok, .kex = n->kex, .hostkey = n->host_key,
	    .cipher_in = n->cipher_in, .cipher_out = n->cipher_out,
	    .mac_in = n->mac_in, .mac_out = n->mac_out,
	    .compression_in = n->compression_in,
	    .compression_out = n->compression_out,
	    .post_quantum = method != NULL &&
		(kex_attributes(method) & KEX_POST_QUANTUM) != 0,
	    .client = (const char *)m->client_version.data);
	tell_weak(n);
	return 0;
}

int
monitor_sign(struct monitor *m, unsigned key, const char *algorithm,
    const void *data, size_t len, struct buf *signature)
{
	struct wall_message answer;
	int err;

	monitor_call(m, CALL_KEYHOLDER, algorithm);
	err = WALL_SEND(&m->keyholder, sign, .key = key, .algorithm = algorithm,
	    .data = {.data = data, .len = len});
	if (err == 0)
		err = peer_answer(&m->keyholder, MSG_sign, -1, &answer);
	monitor_call_done(m);
	if (err != 0)
		return err;
	if (answer.signature.signature.len != 0)
		buf_bytes(signature, answer.signature.signature.data,
		    answer.signature.signature.len);
	else
		err = E_CRYPTO;
	wall_done(&m->keyholder, &answer);
	return err != 0 ? err : buf_end(signature);
}

/* Rekeys wait for their token; the client is told nothing. */
static void
take_token(struct monitor *m)
{
	uint64_t now = loop_clock();
	uint64_t filled;
	struct timespec pause = {0};

	if (m->rekey_at == 0)
		m->rekey_tokens = REKEY_BURST * 1000;
	else {
		filled =
		    m->rekey_tokens + (now - m->rekey_at) * REKEYS_PER_SECOND;
		m->rekey_tokens = filled > REKEY_BURST * 1000 ?
		    REKEY_BURST * 1000 :
		    (uint32_t)filled;
	}
	m->rekey_at = now;
	if (m->rekey_tokens < 1000) {
		pause.tv_nsec = 1000000L *
		    ((1000 - (long)m->rekey_tokens) / REKEYS_PER_SECOND);
		while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
			continue;
		m->rekey_tokens = 1000;
	}
	m->rekey_tokens -= 1000;
}

/* Both KEXINITs: ours must be what the listener offers. */
static int
negotiate(
    struct monitor *m, const struct msg_kex *k, struct kexinit_choice *choice)
{
	const struct offer *o = m->offer;
	const struct kexinit_offer offer = {.kex = o->kex,
	    .host_key = o->host_key_algorithms,
	    .ciphers = o->ciphers,
	    .macs = o->macs,
	    .compression = o->compression};
	struct kexinit client, server;
	enum kexinit_list failed;
	int err;

	if (!kexinit_matches(
		k->kexinit_server.data, k->kexinit_server.len, &offer))
		return E_VALUE;
	if ((err = kexinit_parse(k->kexinit_client.data, k->kexinit_client.len,
		 &client)) != 0 ||
	    (err = kexinit_parse(
		 k->kexinit_server.data, k->kexinit_server.len, &server)) != 0)
		return err;
	return kexinit_negotiate(&client, &server, choice, &failed);
}

static struct kex_field
field(struct bytes b)
{
	struct kex_field f = {.data = b.data, .len = b.len};

	return f;
}

static int
hash_exchange(struct monitor *m, const struct msg_kex *k,
    const struct kex_method *method, struct bytes host_key, uint8_t *hash,
    size_t *len)
{
	struct kex_transcript t = {.version_client = field(m->client_version),
	    .version_server = field(m->server_version),
	    .kexinit_client = field(k->kexinit_client),
	    .kexinit_server = field(k->kexinit_server),
	    .host_key = field(host_key),
	    .gex_min = k->gex_min,
	    .gex_n = k->gex_preferred,
	    .gex_max = k->gex_max,
	    .client_share = field(k->client_share),
	    .server_share = field(k->server_share),
	    .secret = field(k->shared_secret)};

	if ((method->attributes & KEX_GROUP_EXCHANGE) != 0) {
		t.gex_group.p = k->gex_p.data;
		t.gex_group.p_len = k->gex_p.len;
		t.gex_group.g = k->gex_g.data;
		t.gex_group.g_len = k->gex_g.len;
		if (!moduli_allows(m->template->moduli, k->gex_min,
			k->gex_preferred, k->gex_max, &t.gex_group))
			return E_VALUE;
	} else if ((k->gex_min | k->gex_preferred | k->gex_max) != 0 ||
	    k->gex_p.len != 0 || k->gex_g.len != 0)
		return E_VALUE;
	return kex_exchange_hash(method, &t, hash, len);
}

/* The host key's signature over the hash is the exchange's proof. */
static int
answer_signed(struct monitor *m, int key, const char *algorithm,
    struct bytes host_key, struct bytes hash)
{
	struct buf signature;
	int err;

	buf_init(&signature, SSH_SIGNATURE_MAX);
	err = monitor_sign(
	    m, (unsigned)key, algorithm, hash.data, hash.len, &signature);
	if (err == 0)
		MONITOR_SEND(m, kex_done, .exchange_hash = hash,
		    .session_id = {.data = m->session_id,
			.len = m->session_id_len},
		    .host_key = host_key,
		    .signature = {
			.data = signature.data, .len = signature.len});
	buf_free(&signature);
	return err;
}

/*
 * The key that the algorithm names.  GSS-API has none (RFC 4462 section 2.1:
 * KEXGSS_HOSTKEY is optional), whatever was negotiated: sshd sends none, and
 * OpenSSH's client with the same patch ends when one comes ("buffer is
 * read-only", Debian's 9.2).
 */
static int
find_host_key(const struct monitor *m, const char *algorithm, int *key,
    struct bytes *host_key)
{
	const struct monitor_template *t = m->template;
	const struct key_alg *alg = key_alg_find(algorithm, strlen(algorithm));

	*key = settings_host_key(m->offer, t->host_keys, algorithm);
	if (alg == NULL || *key < 0)
		return E_NO_MATCH;
	*host_key = alg->is_cert ? t->host_keys[*key].certificate :
				   t->host_keys[*key].public_key;
	return 0;
}

static int
answer(struct monitor *m, const struct msg_kex *k,
    const struct kexinit_choice *choice)
{
	const char *algorithm = choice->names[KEXINIT_HOST_KEY];
	const struct kex_method *method = kex_find(
	    choice->names[KEXINIT_KEX], strlen(choice->names[KEXINIT_KEX]));
	bool gss = method != NULL && (method->attributes & KEX_GSS) != 0;
	struct bytes host_key = {NULL, 0}, hash = {NULL, 0};
	uint8_t bytes[KEX_HASH_MAX];
	int key = -1, err = 0;

	if (method == NULL)
		return E_NO_MATCH;
	if (gss)
		algorithm = KEXINIT_NULL;
	else if (k->token.len != 0)
		err = E_VALUE;
	else
		err = find_host_key(m, algorithm, &key, &host_key);
	if (err == 0)
		err = hash_exchange(m, k, method, host_key, bytes, &hash.len);
	if (err != 0)
		return err;
	hash.data = bytes;
	if (m->session_id_len == 0) {
		memcpy(m->session_id, bytes, hash.len);
		m->session_id_len = hash.len;
	}
	err = gss ? gss_kex_answer(m, k->token, hash) :
		    answer_signed(m, key, algorithm, host_key, hash);
	if (err == 0)
		snprintf(m->host_key_algorithm, sizeof(m->host_key_algorithm),
		    "%.*s", (int)sizeof(m->host_key_algorithm) - 1, algorithm);
	wipe(bytes, sizeof(bytes));
	return err;
}

int
on_kex(struct monitor *m, struct wall_message *message)
{
	struct kexinit_choice choice;
	int err;

	if (m->client_version.data == NULL || m->exchange_failed)
		return E_STATE;
	health_tell(m);
	if (m->exchanges++ > 0)
		take_token(m);
	err = negotiate(m, &message->kex, &choice);
	if (err == 0)
		err = answer(m, &message->kex, &choice);
	if (err == 0 && m->state == STATE_KEX)
		monitor_move(m, STATE_AUTH);
	/* The client's fault, or the ticketholder's: the worker says so. */
	return m->exchange_failed ? 0 : err;
}

/* The number of a blob among the listener's keys, or -1. */
static int
our_key(const struct monitor *m, const uint8_t *blob, size_t len)
{
	const struct host_key_blob *keys = m->template->host_keys;

	for (size_t i = 0; i < m->offer->n_keys; i++) {
		int key = m->offer->keys[i];

		if (keys[key].public_key.len == len &&
		    memcmp(keys[key].public_key.data, blob, len) == 0)
			return key;
	}
	return -1;
}

/* The algorithm of a proof; for RSA the one just used, or the newer. */
static const char *
proof_algorithm(const struct monitor *m, struct bytes blob)
{
	struct key *key;
	const char *name = NULL;

	if (key_parse(blob.data, blob.len, &key) != 0)
		return NULL;
	if (key_type(key) != KEY_RSA)
		name = key_type_name(key_type(key), false);
	else if (strncmp(m->host_key_algorithm, "rsa-sha2-256", 12) == 0)
		name = "rsa-sha2-256";
	else
		name = "rsa-sha2-512";
	key_free(key);
	return name;
}

/* PROTOCOL 2.5: one signature for each key asked for, each key once. */
static int
prove(struct monitor *m, int key, struct buf *out)
{
	struct bytes blob = m->template->host_keys[key].public_key;
	const char *algorithm = proof_algorithm(m, blob);
	struct buf data, signature;
	int err;

	if (algorithm == NULL || (m->keys_proved & (1u << key)) != 0)
		return E_LIMIT;
	m->keys_proved |= 1u << key;
	buf_init(&data, SSH_KEY_BLOB_MAX);
	buf_init(&signature, SSH_SIGNATURE_MAX);
	buf_text(&data, "hostkeys-prove-00@openssh.com");
	buf_string(&data, m->session_id, m->session_id_len);
	buf_string(&data, blob.data, blob.len);
	err = buf_end(&data);
	if (err == 0)
		err = monitor_sign(m, (unsigned)key, algorithm, data.data,
		    data.len, &signature);
	if (err == 0)
		buf_string(out, signature.data, signature.len);
	buf_free(&data);
	buf_free(&signature);
	return err;
}

int
on_hostkeys_prove(struct monitor *m, struct wall_message *message)
{
	struct rd r;
	struct buf out;
	int err = 0;

	rd_init(&r, message->hostkeys_prove.keys.data,
	    message->hostkeys_prove.keys.len);
	buf_init(&out, WALL_KEYS_MAX);
	while (err == 0 && rd_left(&r) > 0) {
		size_t len;
		const uint8_t *blob = rd_string(&r, SSH_KEY_BLOB_MAX, &len);
		int key = r.err == 0 ? our_key(m, blob, len) : -1;

		err = key < 0 ? E_NOT_FOUND : prove(m, key, &out);
	}
	if (err != 0) {
		log_verbose("host keys are not proved: %s", err_text(err));
		buf_clear(&out);
	}
	MONITOR_SEND(m, hostkeys_proof,
	    .signatures = {.data = out.data, .len = out.len});
	buf_free(&out);
	return 0;
}
