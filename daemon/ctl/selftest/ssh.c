/*
 * The transport of the self-test's client: packets, the key exchange by the
 * client's halves of lib/ssh, and waiting.
 */
#include "daemon/ctl/selftest/ssh_inside.h"

#include "lib/err.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/secret.h"
#include "lib/ssh/key.h"
#include "lib/ssh/key_sign.h"

#include <sys/random.h>
#include <sys/socket.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define VERSION	  "SSH-2.0-sallyport_selftest"
#define HELLO_MAX 8192 /* before the server's identification, and with it */

struct ssh *
ssh_new(int fd, uint64_t until, int watched, void (*on_watched)(void *arg),
    void *arg)
{
	struct ssh *c = mem_zalloc(sizeof(*c));

	c->fd = fd;
	c->until = until;
	c->watched = watched;
	c->on_watched = on_watched;
	c->arg = arg;
	buf_init(&c->in, 2 * SSH_PACKET_MAX);
	buf_init(&c->kexinit, SSH_KEXINIT_MAX);
	buf_init(&c->server_kexinit, SSH_KEXINIT_MAX);
	buf_init(&c->packet, SSH_PACKET_MAX);
	buf_init(&c->payload, SSH_PACKET_MAX);
	return c;
}

void
ssh_free(struct ssh *c)
{
	if (c == NULL)
		return;
	cipher_free(c->seal);
	cipher_free(c->open);
	buf_free(&c->in);
	buf_free(&c->kexinit);
	buf_free(&c->server_kexinit);
	buf_free(&c->packet);
	buf_free(&c->payload);
	close(c->fd);
	wipe(c, sizeof(*c));
	free(c);
}

const char *
ssh_why(const struct ssh *c)
{
	return c->why;
}

const char *
ssh_algorithms(const struct ssh *c)
{
	return c->algorithms;
}

int
ssh_fail(struct ssh *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->why, sizeof(c->why), format, args);
	va_end(args);
	return -1;
}

/* ---- bytes ---- */

/* Until the socket is ready for it; the watched one is served meanwhile. */
static int
await(struct ssh *c, short events)
{
	for (;;) {
		uint64_t now = loop_clock();
		struct pollfd p[2] = {{.fd = c->fd, .events = events},
		    {.fd = c->watched, .events = POLLIN}};

		if (now >= c->until)
			return ssh_fail(c, "the time is over");
		if (poll(p, 2, (int)(c->until - now)) < 0 && errno != EINTR)
			return ssh_fail(c, "poll: %s", strerror(errno));
		if ((p[1].revents & POLLIN) != 0)
			c->on_watched(c->arg);
		else if (p[1].revents != 0)
			c->watched = -1; /* its other end has gone */
		if (p[0].revents != 0)
			return 0;
	}
}

static int
send_all(struct ssh *c, const uint8_t *data, size_t len)
{
	while (len > 0) {
		ssize_t n = send(c->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			data += n;
			len -= (size_t)n;
		} else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			if (await(c, POLLOUT) != 0)
				return -1;
		} else {
			return ssh_fail(c, "the server has gone");
		}
	}
	return 0;
}

static int
read_more(struct ssh *c)
{
	uint8_t bytes[16384];
	ssize_t n;

	if (await(c, POLLIN) != 0)
		return -1;
	n = recv(c->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0)
		return ssh_fail(c, "the server has closed the connection");
	buf_bytes(&c->in, bytes, (size_t)n);
	return buf_end(&c->in) == 0 ? 0 : ssh_fail(c, "too much at once");
}

/* ---- packets ---- */

struct buf *
ssh_start(struct ssh *c, uint8_t number)
{
	buf_clear(&c->packet);
	buf_u8(&c->packet, number);
	return &c->packet;
}

int
ssh_send(struct ssh *c, const struct buf *payload)
{
	size_t len = payload->len, padding, whole;
	struct buf b;
	uint8_t *p;
	int status = -1;

	if (buf_end(payload) != 0)
		return ssh_fail(c, "a packet is too large");
	padding = cipher_padding(c->seal, len);
	whole = CIPHER_HEAD + len + padding;
	buf_init(&b, whole + CIPHER_TAG_MAX);
	buf_u32(&b, (uint32_t)(whole - 4));
	buf_u8(&b, (uint8_t)padding);
	buf_bytes(&b, payload->data, len);
	if ((p = buf_add(&b, padding + cipher_tag(c->seal))) == NULL ||
	    getrandom(p, padding, 0) != (ssize_t)padding ||
	    cipher_seal(c->seal, c->seq_out++, b.data, whole) != 0)
		(void)ssh_fail(c, "a packet cannot be sealed");
	else
		status = send_all(c, b.data, b.len);
	buf_free(&b);
	return status;
}

int
ssh_finish(struct ssh *c)
{
	return ssh_send(c, &c->packet);
}

/* The packet at the front of what came: 0, E_AGAIN, or what is wrong. */
static int
open_packet(struct ssh *c)
{
	uint8_t *p = c->in.data;
	uint32_t length;
	size_t whole;
	int err = cipher_peek(c->open, c->seq_in, p, c->in.len, &length);

	if (err != 0)
		return err;
	if (length > SSH_PACKET_MAX || !cipher_aligned(c->open, length))
		return E_FORMAT;
	whole = 4 + (size_t)length + cipher_tag(c->open);
	if (c->in.len < whole)
		return E_AGAIN;
	if ((err = cipher_open(c->open, c->seq_in++, p, length)) != 0)
		return err;
	if (p[4] < 4 || (size_t)p[4] + 1 >= length)
		return E_FORMAT;
	buf_clear(&c->payload);
	buf_bytes(&c->payload, &p[CIPHER_HEAD], length - p[4] - 1);
	buf_consume(&c->in, whole);
	return buf_end(&c->payload);
}

/* The server's words about why it ends. */
static int
disconnected(struct ssh *c)
{
	struct rd r;
	const uint8_t *text;
	size_t len;

	rd_init(&r, c->payload.data, c->payload.len);
	(void)rd_u8(&r);
	(void)rd_u32(&r); /* reason code */
	text = rd_string(&r, SSH_PACKET_MAX, &len);
	if (r.err != 0)
		return ssh_fail(c, "the server has ended the connection");
	return ssh_fail(
	    c, "%.*s", (int)(len > 400 ? 400 : len), (const char *)text);
}

/* The server tells of its host keys, or asks whether we are there. */
static int
answer_request(struct ssh *c)
{
	struct rd r;
	size_t len;
	bool wants;

	rd_init(&r, c->payload.data, c->payload.len);
	(void)rd_u8(&r);
	(void)rd_string(&r, SSH_PACKET_MAX, &len);
	wants = rd_bool(&r);
	if (r.err != 0)
		return ssh_fail(c, "a request that cannot be read");
	(void)ssh_start(c, SSH_MSG_REQUEST_FAILURE);
	return wants ? ssh_finish(c) : 0;
}

int
ssh_next(struct ssh *c)
{
	int err;

	for (;;) {
		while ((err = open_packet(c)) == E_AGAIN)
			if (read_more(c) != 0)
				return -1;
		if (err != 0)
			return ssh_fail(c, "a bad packet: %s", err_text(err));
		switch (c->payload.data[0]) {
		case SSH_MSG_DISCONNECT:
			return disconnected(c);
		case SSH_MSG_IGNORE:
		case SSH_MSG_DEBUG:
		case SSH_MSG_EXT_INFO:
		case SSH_MSG_UNIMPLEMENTED:
			continue;
		case SSH_MSG_GLOBAL_REQUEST:
			if (answer_request(c) != 0)
				return -1;
			continue;
		default:
			return c->payload.data[0];
		}
	}
}

int
ssh_expect(struct ssh *c, uint8_t number)
{
	int got = ssh_next(c);

	if (got < 0 || got == number)
		return got < 0 ? -1 : 0;
	return ssh_fail(
	    c, "message %d of the server instead of %u", got, (unsigned)number);
}

/* ---- the key exchange ---- */

static int
take_version(struct ssh *c)
{
	const uint8_t *end;
	size_t len;

	while (c->in.len == 0 ||
	    (end = memchr(c->in.data, '\n', c->in.len)) == NULL) {
		if (c->in.len > HELLO_MAX)
			return ssh_fail(c, "the server does not speak SSH");
		if (read_more(c) != 0)
			return -1;
	}
	len = (size_t)(end - c->in.data);
	if (len < 9 || len > SSH_VERSION_MAX || c->in.data[len - 1] != '\r' ||
	    memcmp(c->in.data, "SSH-2.0-", 8) != 0)
		return ssh_fail(c, "the server does not speak SSH");
	memcpy(c->server_version, c->in.data, len - 1);
	c->server_version[len - 1] = '\0';
	buf_consume(&c->in, len + 1);
	return 0;
}

static void
put_names(struct buf *out, const struct buf *names)
{
	buf_string(out, names->data, names->len);
}

/* All that this library can do, so that any server's choice is met. */
static int
send_kexinit(struct ssh *c)
{
	static const char strict[] = ",kex-strict-c-v00@openssh.com";
	struct buf *b = &c->kexinit, kex, ciphers, macs, keys;
	uint8_t cookie[KEXINIT_COOKIE];

	buf_init(&kex, 4096);
	buf_init(&ciphers, 4096);
	buf_init(&macs, 4096);
	buf_init(&keys, 4096);
	kex_names(&kex, 0, KEX_GSS | KEX_GROUP_EXCHANGE);
	buf_bytes(&kex, strict, sizeof(strict) - 1);
	cipher_names(&ciphers, 0, 0);
	mac_names(&macs, 0, 0);
	for (size_t i = 0; key_alg_at(i) != NULL; i++)
		if (!key_alg_at(i)->is_cert) {
			if (keys.len > 0)
				buf_bytes(&keys, ",", 1);
			buf_bytes(&keys, key_alg_at(i)->name,
			    strlen(key_alg_at(i)->name));
		}
	buf_u8(b, SSH_MSG_KEXINIT);
	if (getrandom(cookie, sizeof(cookie), 0) == (ssize_t)sizeof(cookie))
		buf_bytes(b, cookie, sizeof(cookie));
	put_names(b, &kex);
	put_names(b, &keys);
	put_names(b, &ciphers);
	put_names(b, &ciphers);
	put_names(b, &macs);
	put_names(b, &macs);
	for (int i = 0; i < 2; i++)
		buf_text(b, "none");
	for (int i = 0; i < 2; i++)
		buf_text(b, "");
	buf_bool(b, false);
	buf_u32(b, 0);
	buf_free(&kex);
	buf_free(&ciphers);
	buf_free(&macs);
	buf_free(&keys);
	return ssh_send(c, b);
}

static int
negotiate(struct ssh *c)
{
	struct kexinit client, server;
	enum kexinit_list failed = KEXINIT_KEX;

	buf_bytes(&c->server_kexinit, c->payload.data, c->payload.len);
	if (buf_end(&c->server_kexinit) != 0 ||
	    kexinit_parse(c->kexinit.data, c->kexinit.len, &client) != 0 ||
	    kexinit_parse(
		c->server_kexinit.data, c->server_kexinit.len, &server) != 0)
		return ssh_fail(c, "the server's KEXINIT cannot be read");
	if (kexinit_negotiate(&client, &server, &c->choice, &failed) != 0)
		return ssh_fail(c, "no common %s", kexinit_list_name(failed));
	c->method = kex_find(
	    c->choice.names[KEXINIT_KEX], strlen(c->choice.names[KEXINIT_KEX]));
	snprintf(c->algorithms, sizeof(c->algorithms), "%s, %s, %s",
	    c->choice.names[KEXINIT_KEX], c->choice.names[KEXINIT_HOST_KEY],
	    c->choice.names[KEXINIT_CIPHER_OUT]);
	return c->method != NULL ? 0 : ssh_fail(c, "no key exchange method");
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
make_cipher(struct ssh *c, const struct buf *secret, const uint8_t *hash,
    const char letters[3], bool seal, enum kexinit_list cipher,
    enum kexinit_list mac)
{
	const char *name = c->choice.names[cipher];
	const char *mac_name = c->choice.names[mac];
	uint8_t k[3][CIPHER_KEY_MAX];
	struct cipher *made = NULL;
	int err = 0;

	for (int i = 0; i < 3 && err == 0; i++)
		err = kex_derive_key(c->method, secret->data, secret->len, hash,
		    c->session_id_len, c->session_id, c->session_id_len,
		    letters[i], k[i], sizeof(k[i]));
	if (err == 0)
		err = cipher_new(&made, cipher_find(name, strlen(name)),
		    mac_find(mac_name, strlen(mac_name)), seal, k[1], k[0],
		    k[2]);
	wipe(k, sizeof(k));
	return err == 0 ? made : NULL;
}

/* The hash was signed by a key that is the server's own. */
static int
check_host(struct ssh *c, struct kex_field blob, struct kex_field signature,
    const uint8_t *hash, size_t hash_len,
    bool (*is_ours)(const uint8_t *key, size_t len, void *arg), void *arg)
{
	const char *name = c->choice.names[KEXINIT_HOST_KEY];
	struct key *key = NULL;
	int err;

	if (!is_ours(blob.data, blob.len, arg))
		return ssh_fail(c, "the host key is not the server's");
	if ((err = key_parse(blob.data, blob.len, &key)) == 0)
		err = key_verify(key, key_alg_find(name, strlen(name)), hash,
		    hash_len, signature.data, signature.len, NULL);
	key_free(key);
	return err == 0 ?
	    0 :
	    ssh_fail(c, "the host key's signature: %s", err_text(err));
}

static int
switch_keys(struct ssh *c, const struct buf *secret, const uint8_t *hash)
{
	struct cipher *seal = make_cipher(
	    c, secret, hash, "ACE", true, KEXINIT_CIPHER_IN, KEXINIT_MAC_IN);
	struct cipher *open = make_cipher(
	    c, secret, hash, "BDF", false, KEXINIT_CIPHER_OUT, KEXINIT_MAC_OUT);
	int status = -1;

	(void)ssh_start(c, SSH_MSG_NEWKEYS);
	if (seal == NULL || open == NULL)
		(void)ssh_fail(c, "no keys could be made");
	else if (ssh_finish(c) == 0 && ssh_expect(c, SSH_MSG_NEWKEYS) == 0)
		status = 0;
	c->seal = seal;
	c->open = open;
	if (c->choice.strict)
		c->seq_in = c->seq_out = 0;
	return status;
}

static int
take_reply(struct ssh *c, struct kex_client *half, const struct buf *share,
    struct buf *secret,
    bool (*is_ours)(const uint8_t *key, size_t len, void *arg), void *arg)
{
	struct kex_transcript t = {0};
	struct kex_field signature;
	struct rd r;
	uint8_t hash[KEX_HASH_MAX];

	rd_init(&r, c->payload.data, c->payload.len);
	(void)rd_u8(&r);
	t.host_key.data = rd_string(&r, SSH_KEY_BLOB_MAX, &t.host_key.len);
	t.server_share.data =
	    kex_read_share(c->method, &r, &t.server_share.len);
	signature.data = rd_string(&r, SSH_SIGNATURE_MAX, &signature.len);
	if (rd_end(&r) != 0 ||
	    kex_client_finish(
		half, t.server_share.data, t.server_share.len, secret) != 0)
		return ssh_fail(c, "the key exchange cannot be finished");
	t.version_client = text_field(VERSION);
	t.version_server = text_field(c->server_version);
	t.kexinit_client = buf_field(&c->kexinit);
	t.kexinit_server = buf_field(&c->server_kexinit);
	t.client_share = buf_field(share);
	t.secret = buf_field(secret);
	if (kex_exchange_hash(c->method, &t, hash, &c->session_id_len) != 0)
		return ssh_fail(c, "the exchange has no hash");
	memcpy(c->session_id, hash, c->session_id_len);
	if (check_host(c, t.host_key, signature, hash, c->session_id_len,
		is_ours, arg) != 0)
		return -1;
	return switch_keys(c, secret, hash);
}

int
ssh_exchange(struct ssh *c,
    bool (*is_ours)(const uint8_t *key, size_t len, void *arg), void *arg)
{
	static const char line[] = VERSION "\r\n";
	struct kex_client *half = NULL;
	struct buf share, secret, *b;
	int status = -1;

	buf_init(&share, KEX_SHARE_MAX);
	buf_init(&secret, KEX_SECRET_MAX);
	if (send_all(c, (const uint8_t *)line, sizeof(line) - 1) != 0 ||
	    send_kexinit(c) != 0 || take_version(c) != 0 ||
	    ssh_expect(c, SSH_MSG_KEXINIT) != 0 || negotiate(c) != 0)
		goto out;
	if (kex_client_start(c->method, NULL, &half, &share) != 0) {
		(void)ssh_fail(c, "the key exchange cannot begin");
		goto out;
	}
	b = ssh_start(c, SSH_MSG_KEX_ECDH_INIT);
	kex_write_share(c->method, b, share.data, share.len);
	if (ssh_finish(c) == 0 && ssh_expect(c, SSH_MSG_KEX_ECDH_REPLY) == 0)
		status = take_reply(c, half, &share, &secret, is_ours, arg);
out:
	kex_client_free(half);
	buf_free(&share);
	buf_free(&secret);
	return status;
}
