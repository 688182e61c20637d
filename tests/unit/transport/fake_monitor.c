/*
 * A monitor that decides little: for tests of the worker.
 */
#include "tests/unit/transport/fake_monitor.h"

#include "lib/err.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/key.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/key_sign.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct key_private *
fake_monitor_key(void)
{
	struct key_private *key = NULL;

	if (key_preload() != 0 ||
	    key_private_generate(KEY_ED25519, 0, &key) != 0)
		abort();
	return key;
}

void
fake_monitor_init(struct fake_monitor *f, int fd, struct key_private *key)
{
	memset(f, 0, sizeof(*f));
	wall_init(&f->wall, fd, PATH_MONITOR_WORKER, PATH_WORKER_MONITOR);
	f->key = key;
}

void
fake_monitor_free(struct fake_monitor *f)
{
	wall_free(&f->wall);
}

static void
copy(char *to, size_t size, struct bytes from)
{
	snprintf(to, size, "%.*s", (int)from.len, (const char *)from.data);
}

static struct kex_field
field(struct bytes b)
{
	return (struct kex_field){b.data, b.len};
}

static void
on_version_told(struct fake_monitor *f, const struct msg_version *m)
{
	copy(f->client_version, sizeof(f->client_version), m->client);
	copy(f->server_version, sizeof(f->server_version), m->server);
}

/* The hash stands for the MIC over it; one token is refused. */
static void
answer_gss(struct fake_monitor *f, const struct msg_kex *m, struct bytes hash)
{
	static const uint8_t answer[] = "answer", no[] = "no";

	copy(f->token, sizeof(f->token), m->token);
	if (strcmp(f->token, "refuse") == 0)
		(void)WALL_SEND(&f->wall, kex_failed, .token = {no, 2});
	else
		(void)WALL_SEND(&f->wall, kex_done, .exchange_hash = hash,
		    .session_id = {f->session_id, f->session_id_len},
		    .signature = hash, .token = {answer, 6});
}

/* As the real monitor: negotiate again, compute H, sign. */
static void
on_kex_told(struct fake_monitor *f, const struct msg_kex *m)
{
	struct kexinit client, server;
	struct kexinit_choice choice;
	enum kexinit_list failed;
	const struct kex_method *method;
	struct kex_transcript t;
	uint8_t hash[KEX_HASH_MAX];
	size_t hash_len, blob_len;
	const uint8_t *blob = key_blob(key_private_public(f->key), &blob_len);
	struct buf sig;
	bool gss;

	if (kexinit_parse(
		m->kexinit_client.data, m->kexinit_client.len, &client) != 0 ||
	    kexinit_parse(
		m->kexinit_server.data, m->kexinit_server.len, &server) != 0 ||
	    kexinit_negotiate(&client, &server, &choice, &failed) != 0)
		abort();
	method = kex_find(
	    choice.names[KEXINIT_KEX], strlen(choice.names[KEXINIT_KEX]));
	memset(&t, 0, sizeof(t));
	t.version_client = (struct kex_field){
	    (const uint8_t *)f->client_version, strlen(f->client_version)};
	t.version_server = (struct kex_field){
	    (const uint8_t *)f->server_version, strlen(f->server_version)};
	t.kexinit_client = field(m->kexinit_client);
	t.kexinit_server = field(m->kexinit_server);
	gss = (method->attributes & KEX_GSS) != 0;
	if (gss)
		blob_len = 0;
	t.host_key = (struct kex_field){blob, blob_len};
	t.client_share = field(m->client_share);
	t.server_share = field(m->server_share);
	t.secret = field(m->shared_secret);
	t.gex_min = m->gex_min;
	t.gex_n = m->gex_preferred;
	t.gex_max = m->gex_max;
	t.gex_group.p = m->gex_p.data;
	t.gex_group.p_len = m->gex_p.len;
	t.gex_group.g = m->gex_g.data;
	t.gex_group.g_len = m->gex_g.len;
	if (kex_exchange_hash(method, &t, hash, &hash_len) != 0)
		abort();
	if (f->session_id_len == 0) {
		memcpy(f->session_id, hash, hash_len);
		f->session_id_len = hash_len;
	}
	if (gss) {
		answer_gss(f, m, (struct bytes){hash, hash_len});
		return;
	}
	buf_init(&sig, SSH_SIGNATURE_MAX);
	if (key_sign(f->key, key_alg_find("ssh-ed25519", 11), hash, hash_len,
		&sig) != 0)
		abort();
	if (f->broken_signature)
		sig.data[sig.len - 1] ^= 1;
	(void)WALL_SEND(&f->wall, kex_done, .exchange_hash = {hash, hash_len},
	    .session_id = {f->session_id, f->session_id_len},
	    .host_key = {blob, blob_len}, .signature = {sig.data, sig.len});
	buf_free(&sig);
}

static void
verdict(struct fake_monitor *f, struct bytes user, bool yes)
{
	if (yes)
		(void)WALL_SEND(&f->wall, opened, .user = "test",
		    .window_max = 16 << 20, .rekey_bytes = f->rekey_bytes,
		    .rekey_seconds = f->rekey_seconds, .channel_timeouts = "",
		    .max_channels = 10);
	copy(f->user, sizeof(f->user), user);
	(void)WALL_SEND(&f->wall, auth_verdict,
	    .result = yes ? AUTH_SUCCESS : AUTH_FAILURE,
	    .methods = "password,keyboard-interactive");
}

static void
on_password(struct fake_monitor *f, const struct msg_auth_password *m)
{
	bool right = f->password != NULL &&
	    m->password.len == strlen(f->password) &&
	    memcmp(m->password.data, f->password, m->password.len) == 0;

	copy(f->method, sizeof(f->method),
	    m->change ? m->new_password : m->password);
	if (right && m->password.len == 7 && !m->change)
		(void)WALL_SEND(&f->wall, auth_change, .prompt = "New: ");
	else
		verdict(f, m->user, right);
}

static void
on_kbdint(struct fake_monitor *f)
{
	static const char prompt[] = "\0\0\0\4Say:\1";

	(void)WALL_SEND(&f->wall, auth_ask, .name = "n", .instruction = "i",
	    .count = 1, .prompts = {(const uint8_t *)prompt, 9});
}

static void
on_answers(struct fake_monitor *f, const struct msg_auth_answers *m)
{
	const struct bytes nobody = {(const uint8_t *)"", 0};
	size_t n = f->password == NULL ? 0 : strlen(f->password);

	verdict(f, nobody,
	    m->count == 1 && m->responses.len == n + 4 &&
		memcmp(&m->responses.data[4], f->password, n) == 0);
}

static void
answer(struct fake_monitor *f, const struct wall_message *m)
{
	switch (m->type) {
	case MSG_kex:
		on_kex_told(f, &m->kex);
		break;
	case MSG_auth_none:
		verdict(f, m->auth_none.user, f->password == NULL);
		break;
	case MSG_auth_password:
		on_password(f, &m->auth_password);
		break;
	case MSG_auth_publickey:
		if (!m->auth_publickey.has_signature)
			(void)WALL_SEND(&f->wall, auth_key_ok,
			    .algorithm = m->auth_publickey.algorithm,
			    .key = m->auth_publickey.key);
		else
			verdict(f, m->auth_publickey.user, false);
		break;
	case MSG_auth_kbdint:
		on_kbdint(f);
		break;
	case MSG_auth_answers:
		on_answers(f, &m->auth_answers);
		break;
	case MSG_auth_hostbased:
		verdict(f, m->auth_hostbased.user, false);
		break;
	case MSG_auth_other:
		copy(f->method, sizeof(f->method), m->auth_other.method);
		(void)WALL_SEND(&f->wall, auth_send, .number = 65,
		    .payload = {(const uint8_t *)"\1\2\3", 3});
		break;
	case MSG_auth_packet:
		f->payload_len = m->auth_packet.payload.len;
		memcpy(f->payload, m->auth_packet.payload.data,
		    f->payload_len < 1024 ? f->payload_len : 1024);
		break;
	default:
		break;
	}
}

static void
note(struct fake_monitor *f, const struct wall_message *m)
{
	f->seen[m->type]++;
	if (m->type == MSG_version) {
		on_version_told(f, &m->version);
	} else if (m->type == MSG_newkeys) {
		snprintf(f->kex, sizeof(f->kex), "%s", m->newkeys.kex);
		snprintf(f->cipher_in, sizeof(f->cipher_in), "%s",
		    m->newkeys.cipher_in);
		snprintf(f->cipher_out, sizeof(f->cipher_out), "%s",
		    m->newkeys.cipher_out);
		snprintf(f->compression_in, sizeof(f->compression_in), "%s",
		    m->newkeys.compression_in);
	} else if (m->type == MSG_negotiation_failed) {
		snprintf(
		    f->kind, sizeof(f->kind), "%s", m->negotiation_failed.kind);
	} else if (m->type == MSG_bye) {
		f->cause = m->bye.cause;
		f->reason = m->bye.reason;
		snprintf(f->text, sizeof(f->text), "%s", m->bye.text);
	} else if (m->type == MSG_log) {
		snprintf(f->line, sizeof(f->line), "%s", m->log.line);
	}
}

static int
one(struct fake_monitor *f)
{
	struct wall_message m;
	int err = wall_receive(&f->wall, &m);

	if (err == E_AGAIN)
		return err;
	if (err != 0) {
		f->closed = true;
		if (err != E_CLOSED)
			abort(); /* the worker broke the wall's rules */
		return err;
	}
	note(f, &m);
	if (!f->silent)
		answer(f, &m);
	wall_done(&f->wall, &m);
	return 0;
}

void
fake_monitor_turn(struct fake_monitor *f)
{
	struct pollfd p = {.fd = f->wall.fd, .events = POLLIN};

	while (!f->closed && poll(&p, 1, 0) == 1)
		(void)one(f);
}

void
fake_monitor_wait(struct fake_monitor *f)
{
	(void)one(f);
}
