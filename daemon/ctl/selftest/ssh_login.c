/*
 * The self-test's client behind the key exchange: the login by a key, and one
 * program on one channel.
 */
#include "daemon/ctl/selftest/ssh_inside.h"

#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/ssh/key.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/key_sign.h"

#include <stdio.h>
#include <string.h>

#define WINDOW	   (1u << 20)
#define OUTPUT_MAX (4u << 20)

/* RFC 4252 section 7: the request, signed behind the session identifier. */
static int
send_key(struct ssh *c, const char *user, const struct key_private *key,
    const char *algorithm)
{
	const struct key_alg *alg = key_alg_find(algorithm, strlen(algorithm));
	struct buf *b = ssh_start(c, SSH_MSG_USERAUTH_REQUEST);
	struct buf data, signature;
	const uint8_t *blob;
	size_t len;
	int status;

	blob = key_blob(key_private_public(key), &len);
	buf_text(b, user);
	buf_text(b, "ssh-connection");
	buf_text(b, "publickey");
	buf_bool(b, true);
	buf_text(b, algorithm);
	buf_string(b, blob, len);
	buf_init(&data, SSH_PACKET_MAX);
	buf_init(&signature, SSH_SIGNATURE_MAX);
	buf_string(&data, c->session_id, c->session_id_len);
	buf_bytes(&data, b->data, b->len);
	if (alg == NULL ||
	    key_sign(key, alg, data.data, data.len, &signature) != 0) {
		status = ssh_fail(c, "the key does not sign");
	} else {
		buf_string(b, signature.data, signature.len);
		status = ssh_finish(c);
	}
	buf_free(&data);
	buf_free(&signature);
	return status;
}

static void
keep_text(char *out, size_t size, const uint8_t *text, size_t len)
{
	if (len > size - 1)
		len = size - 1;
	memcpy(out, text, len);
	out[len] = '\0';
}

/* FAILURE: what can go on, and whether what was shown counts. */
static enum ssh_login
take_failure(struct ssh *c, char *methods, size_t size)
{
	struct rd r;
	const uint8_t *list;
	size_t len;
	bool partial;

	rd_init(&r, c->payload.data, c->payload.len);
	(void)rd_u8(&r);
	list = rd_string(&r, SSH_PACKET_MAX, &len);
	partial = rd_bool(&r);
	if (rd_end(&r) != 0)
		return SSH_LOGIN_FAILED;
	keep_text(methods, size, list, len);
	return partial ? SSH_LOGIN_MORE : SSH_LOGIN_REFUSED;
}

static enum ssh_login
await_verdict(struct ssh *c, char *methods, size_t size)
{
	for (;;) {
		switch (ssh_next(c)) {
		case SSH_MSG_USERAUTH_SUCCESS:
			return SSH_LOGIN_DONE;
		case SSH_MSG_USERAUTH_FAILURE:
			return take_failure(c, methods, size);
		case SSH_MSG_USERAUTH_BANNER:
			continue;
		case -1:
			return SSH_LOGIN_FAILED;
		default:
			(void)ssh_fail(c, "an unexpected message");
			return SSH_LOGIN_FAILED;
		}
	}
}

/* "none" asks for the methods; a rule may let somebody in by it. */
static enum ssh_login
ask_methods(struct ssh *c, const char *user, char *methods, size_t size)
{
	struct buf *b = ssh_start(c, SSH_MSG_SERVICE_REQUEST);

	buf_text(b, "ssh-userauth");
	if (ssh_finish(c) != 0 || ssh_expect(c, SSH_MSG_SERVICE_ACCEPT) != 0)
		return SSH_LOGIN_FAILED;
	b = ssh_start(c, SSH_MSG_USERAUTH_REQUEST);
	buf_text(b, user);
	buf_text(b, "ssh-connection");
	buf_text(b, "none");
	return ssh_finish(c) == 0 ? await_verdict(c, methods, size) :
				    SSH_LOGIN_FAILED;
}

static bool
is_listed(const char *list, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = list; (at = strstr(at, name)) != NULL; at++)
		if ((at == list || at[-1] == ',') &&
		    (at[len] == ',' || at[len] == '\0'))
			return true;
	return false;
}

enum ssh_login
ssh_log_in(struct ssh *c, const char *user, const struct key_private *key,
    const char *algorithm, char *methods, size_t size)
{
	enum ssh_login first = ask_methods(c, user, methods, size);

	if (first != SSH_LOGIN_REFUSED || !is_listed(methods, "publickey"))
		return first;
	if (send_key(c, user, key, algorithm) != 0)
		return SSH_LOGIN_FAILED;
	return await_verdict(c, methods, size);
}

/* ---- the program ---- */

/* Data came on the channel; its window is given back at once. */
static int
take_data(struct ssh *c, struct buf *output, bool is_error)
{
	struct rd r;
	const uint8_t *data;
	size_t len;
	struct buf *b;

	rd_init(&r, c->payload.data, c->payload.len);
	(void)rd_u8(&r);
	(void)rd_u32(&r); /* channel */
	if (is_error)
		(void)rd_u32(&r);
	data = rd_string(&r, SSH_PACKET_MAX, &len);
	if (rd_end(&r) != 0)
		return ssh_fail(c, "data that cannot be read");
	if (is_error)
		keep_text(c->why, sizeof(c->why), data, len);
	else if (output->len + len > OUTPUT_MAX)
		return ssh_fail(c, "the report is too long");
	else
		buf_bytes(output, data, len);
	b = ssh_start(c, SSH_MSG_CHANNEL_WINDOW_ADJUST);
	buf_u32(b, c->channels - 1);
	buf_u32(b, (uint32_t)len);
	return ssh_finish(c);
}

/* The exit status, among requests of the server's that want no answer. */
static void
take_request(struct ssh *c, int *status)
{
	struct rd r;
	const uint8_t *name;
	size_t len;
	uint32_t value;

	rd_init(&r, c->payload.data, c->payload.len);
	(void)rd_u8(&r);
	(void)rd_u32(&r);
	name = rd_string(&r, 64, &len);
	(void)rd_bool(&r);
	if (r.err != 0 || len != 11 || memcmp(name, "exit-status", 11) != 0)
		return;
	value = rd_u32(&r);
	if (rd_end(&r) == 0)
		*status = (int)(value & 255);
}

static int
open_channel(struct ssh *c)
{
	struct buf *b = ssh_start(c, SSH_MSG_CHANNEL_OPEN);
	int got;

	buf_text(b, "session");
	buf_u32(b, c->channels);
	buf_u32(b, WINDOW);
	buf_u32(b, 32768);
	if (ssh_finish(c) != 0)
		return -1;
	got = ssh_next(c);
	if (got != SSH_MSG_CHANNEL_OPEN_CONFIRMATION) {
		if (got == SSH_MSG_CHANNEL_OPEN_FAILURE)
			return 1;
		return got < 0 ? -1 : ssh_fail(c, "an unexpected message");
	}
	c->channels++;
	return 0;
}

/* The server's number of the channel that has just been confirmed. */
static uint32_t
peer_channel(const struct ssh *c)
{
	struct rd r;

	rd_init(&r, c->payload.data, c->payload.len);
	(void)rd_u8(&r);
	(void)rd_u32(&r);
	return rd_u32(&r);
}

/* Until the channel has closed.  1: what was asked for was not started. */
static int
follow(struct ssh *c, uint32_t peer, struct buf *output, int *status)
{
	int refused = 0, got;
	bool closed = false;
	struct buf *b;

	while ((got = ssh_next(c)) >= 0) {
		int err = 0;

		if (got == SSH_MSG_CHANNEL_DATA)
			err = take_data(c, output, false);
		else if (got == SSH_MSG_CHANNEL_EXTENDED_DATA)
			err = take_data(c, output, true);
		else if (got == SSH_MSG_CHANNEL_REQUEST)
			take_request(c, status);
		else if (got == SSH_MSG_CHANNEL_FAILURE && !closed)
			refused = 1;
		if (err == 0 && !closed &&
		    (got == SSH_MSG_CHANNEL_CLOSE ||
			got == SSH_MSG_CHANNEL_FAILURE)) {
			b = ssh_start(c, SSH_MSG_CHANNEL_CLOSE);
			buf_u32(b, peer);
			err = ssh_finish(c);
			closed = true;
		}
		if (err != 0)
			return -1;
		if (got == SSH_MSG_CHANNEL_CLOSE)
			return refused;
	}
	return -1;
}

int
ssh_run(struct ssh *c, const char *request, const char *argument,
    struct buf *output, int *status)
{
	uint32_t peer;
	struct buf *b;
	int opened = open_channel(c);

	*status = -1;
	if (opened != 0)
		return opened;
	peer = peer_channel(c);
	b = ssh_start(c, SSH_MSG_CHANNEL_REQUEST);
	buf_u32(b, peer);
	buf_text(b, request);
	buf_bool(b, true);
	if (argument != NULL)
		buf_text(b, argument);
	if (ssh_finish(c) != 0)
		return -1;
	return follow(c, peer, output, status);
}

void
ssh_leave(struct ssh *c)
{
	struct buf *b = ssh_start(c, SSH_MSG_DISCONNECT);

	buf_u32(b, SSH_DISCONNECT_BY_APPLICATION);
	buf_text(b, "the self-test is over");
	buf_text(b, "");
	(void)ssh_finish(c);
}
