/*
 * The other side of the transport, for tests.  It checks the host key's
 * signature and derives its own keys; mistakes are asserted.
 */
#include "tests/unit/transport/client.h"

#include "lib/err.h"
#include "lib/ssh/key.h"
#include "lib/ssh/key_sign.h"
#include "lib/ssh/ssh2.h"

#include <sys/socket.h>

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STREAM_MAX (64u << 20)

void
client_init(struct client *c, int fd)
{
	memset(c, 0, sizeof(*c));
	c->fd = fd;
	buf_init(&c->in, STREAM_MAX);
	buf_init(&c->out, STREAM_MAX);
	buf_init(&c->kexinit, SSH_PACKET_MAX);
	buf_init(&c->server_kexinit, SSH_PACKET_MAX);
	buf_init(&c->share, 4096);
	buf_init(&c->packet, SSH_PACKET_MAX);
	buf_init(&c->gex_p, 4096);
	buf_init(&c->gex_g, 4096);
	c->version = "SSH-2.0-test_1.0 of the worker";
	c->kex = "curve25519-sha256,ext-info-c,kex-strict-c-v00@openssh.com";
	c->host_key = "ssh-ed25519";
	c->cipher_in = c->cipher_out = "aes128-gcm@openssh.com";
	c->mac_in = c->mac_out = "hmac-sha2-256";
	c->compression = "none";
}

void
client_free(struct client *c)
{
	cipher_free(c->seal);
	cipher_free(c->open);
	cipher_free(c->next_open);
	compressor_free(c->deflate);
	inflater_free(c->inflate);
	kex_client_free(c->half);
	buf_free(&c->in);
	buf_free(&c->out);
	buf_free(&c->kexinit);
	buf_free(&c->server_kexinit);
	buf_free(&c->share);
	buf_free(&c->packet);
	buf_free(&c->gex_p);
	buf_free(&c->gex_g);
	free(c->payload);
	if (c->fd >= 0)
		close(c->fd);
}

void
client_flush(struct client *c)
{
	ssize_t n;

	if (c->out.len == 0 || c->fd < 0)
		return;
	n = send(c->fd, c->out.data, c->slow ? 1 : c->out.len,
	    MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0)
		buf_consume(&c->out, (size_t)n);
	else if (errno != EAGAIN)
		buf_clear(&c->out); /* the worker has left */
}

void
client_raw(struct client *c, const void *data, size_t len)
{
	buf_bytes(&c->out, data, len);
	if (!c->slow)
		client_flush(c);
}

static void
store_u32(uint8_t *at, uint32_t value)
{
	for (int i = 3; i >= 0; i--, value >>= 8)
		at[i] = (uint8_t)value;
}

void
client_send(struct client *c, const void *payload, size_t len)
{
	size_t padding, whole, room, bound = len;
	uint8_t *p, *inside;

	if (c->deflate != NULL)
		bound = compressor_bound(c->deflate, len);
	room = bound + 300 + CIPHER_TAG_MAX;
	p = malloc(room);
	ck_assert_ptr_nonnull(p);
	inside = &p[CIPHER_HEAD];
	if (c->deflate != NULL)
		ck_assert_int_eq(compressor_run(c->deflate, payload, len,
				     inside, bound, &len),
		    0);
	else if (len != 0)
		memcpy(inside, payload, len);
	padding = cipher_padding(c->seal, len);
	whole = CIPHER_HEAD + len + padding;
	memset(&inside[len], 7, padding);
	store_u32(p, (uint32_t)(whole - 4));
	p[4] = (uint8_t)padding;
	ck_assert_int_eq(cipher_seal(c->seal, c->seq_out++, p, whole), 0);
	client_raw(c, p, whole + cipher_tag(c->seal));
	free(p);
}

void
client_number(struct client *c, uint8_t number)
{
	client_send(c, &number, 1);
}

struct buf *
client_start(struct client *c, uint8_t number)
{
	buf_clear(&c->packet);
	buf_u8(&c->packet, number);
	return &c->packet;
}

void
client_finish(struct client *c)
{
	ck_assert_int_eq(buf_end(&c->packet), 0);
	client_send(c, c->packet.data, c->packet.len);
}

bool
client_read(struct client *c)
{
	static uint8_t bytes[256 * 1024];
	ssize_t n;

	if (c->fd < 0 || c->closed)
		return false;
	n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n > 0)
		buf_bytes(&c->in, bytes, (size_t)n);
	else if (n == 0 || errno != EAGAIN)
		c->closed = true;
	return n > 0;
}

bool
client_hello(struct client *c)
{
	const uint8_t *end =
	    c->in.len == 0 ? NULL : memchr(c->in.data, '\n', c->in.len);
	size_t len;

	if (end == NULL)
		return false;
	len = (size_t)(end - c->in.data);
	ck_assert_uint_gt(len, 8);
	ck_assert_uint_lt(len, sizeof(c->server_version));
	ck_assert_int_eq(c->in.data[len - 1], '\r');
	memcpy(c->server_version, c->in.data, len - 1);
	c->server_version[len - 1] = '\0';
	buf_consume(&c->in, len + 1);
	return true;
}

static void
keep_payload(struct client *c, const uint8_t *p, size_t len)
{
	free(c->payload);
	c->payload = malloc(len + 1);
	ck_assert_ptr_nonnull(c->payload);
	memcpy(c->payload, p, len);
	c->payload_len = len;
}

int
client_receive(struct client *c)
{
	uint8_t *p = c->in.data, *inside;
	uint32_t length;
	size_t whole, len;
	int err;

	err = cipher_peek(c->open, c->seq_in, p, c->in.len, &length);
	if (err != 0)
		return err;
	ck_assert_uint_le(length, SSH_PACKET_MAX);
	ck_assert(cipher_aligned(c->open, length));
	whole = 4 + (size_t)length + cipher_tag(c->open);
	if (c->in.len < whole)
		return E_AGAIN;
	if ((err = cipher_open(c->open, c->seq_in, p, length)) != 0)
		return err;
	c->seq_in++;
	ck_assert_uint_ge(p[4], 4);
	ck_assert_uint_lt((size_t)p[4] + 1, length);
	inside = &p[CIPHER_HEAD];
	len = length - p[4] - 1;
	if (c->inflate != NULL)
		ck_assert_int_eq(
		    inflater_run(c->inflate, inside, len, &inside, &len), 0);
	keep_payload(c, inside, len);
	buf_consume(&c->in, whole);
	return 0;
}

void
client_send_kexinit(struct client *c)
{
	struct buf *b = &c->kexinit;

	buf_clear(b);
	buf_u8(b, SSH_MSG_KEXINIT);
	buf_bytes(b, "0123456789abcdef", 16);
	buf_text(b, c->kex);
	buf_text(b, c->host_key);
	buf_text(b, c->cipher_in);
	buf_text(b, c->cipher_out);
	buf_text(b, c->mac_in);
	buf_text(b, c->mac_out);
	buf_text(b, c->compression);
	buf_text(b, c->compression);
	buf_text(b, "");
	buf_text(b, "");
	buf_bool(b, c->guess_follows);
	buf_u32(b, 0);
	client_send(c, b->data, b->len);
}

void
client_negotiate(struct client *c)
{
	struct kexinit client, server;
	enum kexinit_list failed;

	buf_clear(&c->server_kexinit);
	buf_bytes(&c->server_kexinit, c->payload, c->payload_len);
	ck_assert_int_eq(
	    kexinit_parse(c->kexinit.data, c->kexinit.len, &client), 0);
	ck_assert_int_eq(kexinit_parse(c->server_kexinit.data,
			     c->server_kexinit.len, &server),
	    0);
	ck_assert_int_eq(
	    kexinit_negotiate(&client, &server, &c->choice, &failed), 0);
	c->method = kex_find(
	    c->choice.names[KEXINIT_KEX], strlen(c->choice.names[KEXINIT_KEX]));
	ck_assert_ptr_nonnull(c->method);
	if (c->session_id_len == 0)
		c->strict = c->choice.strict;
	c->gex_min = c->gex_n = c->gex_max = 0;
	buf_clear(&c->gex_p);
	buf_clear(&c->gex_g);
}

static bool
is_gex(const struct client *c)
{
	return (kex_attributes(c->method) & KEX_GROUP_EXCHANGE) != 0;
}

static bool
is_gss(const struct client *c)
{
	return (kex_attributes(c->method) & KEX_GSS) != 0;
}

uint8_t
client_reply(const struct client *c)
{
	return is_gex(c) ? SSH_MSG_KEX_DH_GEX_REPLY :
	    is_gss(c)	 ? SSH_MSG_KEXGSS_COMPLETE :
			   SSH_MSG_KEX_ECDH_REPLY;
}

void
client_send_share(struct client *c)
{
	struct kex_group group = {c->gex_p.data, c->gex_p.len, c->gex_g.data,
	    c->gex_g.len, (unsigned)c->gex_p.len * 8};
	struct buf *b;

	if (is_gex(c) && c->gex_n == 0) {
		c->gex_min = 2048;
		c->gex_n = 3072;
		c->gex_max = 8192;
		b = client_start(c, SSH_MSG_KEX_DH_GEX_REQUEST);
		buf_u32(b, c->gex_min);
		buf_u32(b, c->gex_n);
		buf_u32(b, c->gex_max);
		client_finish(c);
		return;
	}
	buf_clear(&c->share);
	kex_client_free(c->half);
	c->half = NULL;
	ck_assert_int_eq(kex_client_start(c->method, is_gex(c) ? &group : NULL,
			     &c->half, &c->share),
	    0);
	b = client_start(
	    c, is_gex(c) ? SSH_MSG_KEX_DH_GEX_INIT : SSH_MSG_KEX_ECDH_INIT);
	if (is_gss(c))
		buf_text(b, c->token != NULL ? c->token : "token");
	kex_write_share(c->method, b, c->share.data, c->share.len);
	client_finish(c);
}

static struct kex_field
text_field(const char *text)
{
	return (struct kex_field){(const uint8_t *)text, strlen(text)};
}

static struct kex_field
buf_field(const struct buf *b)
{
	return (struct kex_field){b->data, b->len};
}

static struct cipher *
make_cipher(struct client *c, const struct buf *secret, const uint8_t *hash,
    size_t hash_len, const char letters[3], bool seal, const char *name,
    const char *mac_name)
{
	const struct cipher_alg *alg = cipher_find(name, strlen(name));
	const struct mac_alg *mac = mac_find(mac_name, strlen(mac_name));
	uint8_t k[3][64];
	struct cipher *made = NULL;

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(kex_derive_key(c->method, secret->data,
				     secret->len, hash, hash_len, c->session_id,
				     c->session_id_len, letters[i], k[i], 64),
		    0);
	ck_assert_int_eq(
	    cipher_new(&made, alg, mac, seal, k[1], k[0], k[2]), 0);
	return made;
}

static void
check_signature(const uint8_t *key_blob_, size_t key_len, const uint8_t *sig,
    size_t sig_len, const uint8_t *hash, size_t hash_len)
{
	struct key *key = NULL;

	ck_assert_int_eq(key_parse(key_blob_, key_len, &key), 0);
	ck_assert_int_eq(key_verify(key, key_alg_find("ssh-ed25519", 11), hash,
			     hash_len, sig, sig_len, NULL),
	    0);
	key_free(key);
}

void
client_take_reply(struct client *c)
{
	struct kex_transcript t;
	struct buf secret;
	struct rd r;
	uint8_t hash[KEX_HASH_MAX];
	size_t hash_len, share_len, sig_len, len;
	const uint8_t *share, *sig;
	struct cipher *seal;

	memset(&t, 0, sizeof(t));
	rd_init(&r, c->payload, c->payload_len);
	ck_assert_uint_eq(rd_u8(&r), client_reply(c));
	if (!is_gss(c))
		t.host_key.data = rd_string(&r, 4096, &t.host_key.len);
	share = kex_read_share(c->method, &r, &share_len);
	sig = rd_string(&r, 4096, &sig_len);
	if (is_gss(c)) {
		ck_assert(rd_bool(&r));
		(void)rd_string(&r, 4096, &len);
		ck_assert_uint_eq(len, strlen("answer"));
	}
	ck_assert_int_eq(rd_end(&r), 0);
	buf_init(&secret, KEX_SECRET_MAX);
	ck_assert_int_eq(
	    kex_client_finish(c->half, share, share_len, &secret), 0);
	t.version_client = text_field(c->version);
	t.version_server = text_field(c->server_version);
	t.kexinit_client = buf_field(&c->kexinit);
	t.kexinit_server = buf_field(&c->server_kexinit);
	t.client_share = buf_field(&c->share);
	t.server_share = (struct kex_field){share, share_len};
	t.secret = buf_field(&secret);
	t.gex_min = c->gex_min;
	t.gex_n = c->gex_n;
	t.gex_max = c->gex_max;
	t.gex_group = (struct kex_group){
	    c->gex_p.data, c->gex_p.len, c->gex_g.data, c->gex_g.len, 0};
	ck_assert_int_eq(kex_exchange_hash(c->method, &t, hash, &hash_len), 0);
	if (is_gss(c))
		ck_assert_mem_eq(sig, hash, hash_len);
	else
		check_signature(t.host_key.data, t.host_key.len, sig, sig_len,
		    hash, hash_len);
	if (c->session_id_len == 0) {
		memcpy(c->session_id, hash, hash_len);
		c->session_id_len = hash_len;
	}
	seal = make_cipher(c, &secret, hash, hash_len, "ACE", true,
	    c->choice.names[KEXINIT_CIPHER_IN],
	    c->choice.names[KEXINIT_MAC_IN]);
	c->next_open = make_cipher(c, &secret, hash, hash_len, "BDF", false,
	    c->choice.names[KEXINIT_CIPHER_OUT],
	    c->choice.names[KEXINIT_MAC_OUT]);
	buf_free(&secret);
	client_number(c, SSH_MSG_NEWKEYS);
	cipher_free(c->seal);
	c->seal = seal;
	if (c->strict)
		c->seq_out = 0;
}

void
client_take_newkeys(struct client *c)
{
	ck_assert_uint_eq(c->payload_len, 1);
	ck_assert_uint_eq(c->payload[0], SSH_MSG_NEWKEYS);
	cipher_free(c->open);
	c->open = c->next_open;
	c->next_open = NULL;
	if (c->strict)
		c->seq_in = 0;
}

void
client_compress(struct client *c)
{
	if (strcmp(c->choice.names[KEXINIT_COMPRESSION_IN],
		"zlib@openssh.com") != 0)
		return;
	compressor_free(c->deflate);
	inflater_free(c->inflate);
	c->deflate = compressor_new();
	c->inflate = inflater_new(SSH_PACKET_MAX);
}
