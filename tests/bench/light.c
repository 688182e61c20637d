/*
 * A light client for the benches: the unit tests' client over a socket, so
 * that two thousand connections fit on one machine and its own cost does not
 * hide the server's.  It checks the host's signature, logs in with an Ed25519
 * key, and either runs `true` and times that, or stays.
 *
 *	light login PORT USER KEY COUNT PARALLEL	a line of ms per login
 *	light idle PORT USER KEY COUNT	"ready", then until end of input
 */
#include "tests/unit/transport/client.h"

#include "lib/err.h"
#include "lib/ssh/key.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/key_sign.h"
#include "lib/ssh/ssh2.h"

#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <arpa/inet.h>
#include <check.h>
#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define WAIT_MS 60000

/* Check's functions, for the assertions of the unit tests' client outside of a
 * test. */
void
_mark_point(const char *file, int line)
{
	(void)file;
	(void)line;
}

void
_ck_assert_failed(
    const char *file, int line, const char *expression, const char *format, ...)
{
	(void)format;
	errx(1, "%s:%d: %s", file, line, expression);
}

static uint16_t port;
static const char *user;
static struct key_private *key;

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
load_key(const char *path)
{
	static char text[65536];
	FILE *f = fopen(path, "r");
	size_t len;

	if (f == NULL)
		err(1, "%s", path);
	len = fread(text, 1, sizeof(text), f);
	fclose(f);
	if (key_private_parse(text, len, &key) != 0)
		errx(1, "%s: not a key", path);
}

static int
dial(void)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
		err(1, "connect");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

/* More bytes, or the end of the program. */
static void
fill(struct client *c)
{
	struct pollfd p = {.fd = c->fd, .events = POLLIN};

	client_flush(c);
	if (poll(&p, 1, WAIT_MS) <= 0)
		errx(1, "the server says nothing");
	if (!client_read(c) && c->closed)
		errx(1, "the server has closed the connection");
}

static uint8_t
next(struct client *c)
{
	int e;

	while ((e = client_receive(c)) == E_AGAIN)
		fill(c);
	if (e != 0)
		errx(1, "a bad packet: %s", err_text(e));
	return c->payload_len > 0 ? c->payload[0] : 0;
}

/* Wait for a message; others of the kinds that may come are passed over. */
static void
expect(struct client *c, uint8_t number)
{
	uint8_t got;

	while ((got = next(c)) != number)
		if (got == SSH_MSG_DISCONNECT ||
		    got == SSH_MSG_USERAUTH_FAILURE ||
		    got == SSH_MSG_CHANNEL_OPEN_FAILURE ||
		    got == SSH_MSG_CHANNEL_FAILURE)
			errx(1, "message %u instead of %u", got, number);
}

static void
exchange(struct client *c)
{
	client_raw(c, c->version, strlen(c->version));
	client_raw(c, "\r\n", 2);
	client_send_kexinit(c);
	while (!client_hello(c))
		fill(c);
	expect(c, SSH_MSG_KEXINIT);
	client_negotiate(c);
	client_send_share(c);
	expect(c, SSH_MSG_KEX_ECDH_REPLY);
	client_take_reply(c);
	expect(c, SSH_MSG_NEWKEYS);
	client_take_newkeys(c);
}

/* Signs as RFC 4252 section 7 says: the request behind the session id. */
static void
log_in(struct client *c)
{
	const struct key *public = key_private_public(key);
	struct buf signed_, signature, *b;
	const uint8_t *blob;
	size_t len;

	b = client_start(c, SSH_MSG_SERVICE_REQUEST);
	buf_text(b, "ssh-userauth");
	client_finish(c);
	b = client_start(c, SSH_MSG_USERAUTH_REQUEST);
	buf_text(b, user);
	buf_text(b, "ssh-connection");
	buf_text(b, "publickey");
	buf_bool(b, true);
	buf_text(b, "ssh-ed25519");
	blob = key_blob(public, &len);
	buf_string(b, blob, len);
	buf_init(&signed_, 8192);
	buf_init(&signature, 4096);
	buf_string(&signed_, c->session_id, c->session_id_len);
	buf_bytes(&signed_, b->data, b->len);
	if (key_sign(key, key_alg_find("ssh-ed25519", 11), signed_.data,
		signed_.len, &signature) != 0)
		errx(1, "the key does not sign");
	buf_string(b, signature.data, signature.len);
	client_finish(c);
	expect(c, SSH_MSG_USERAUTH_SUCCESS);
	buf_free(&signed_);
	buf_free(&signature);
}

static void
run_true(struct client *c)
{
	struct buf *b = client_start(c, SSH_MSG_CHANNEL_OPEN);

	buf_text(b, "session");
	buf_u32(b, 0);
	buf_u32(b, 1 << 20);
	buf_u32(b, 32768);
	client_finish(c);
	expect(c, SSH_MSG_CHANNEL_OPEN_CONFIRMATION);
	b = client_start(c, SSH_MSG_CHANNEL_REQUEST);
	buf_u32(b, 0);
	buf_text(b, "exec");
	buf_bool(b, true);
	buf_text(b, "true");
	client_finish(c);
	expect(c, SSH_MSG_CHANNEL_CLOSE);
}

static void
open_connection(struct client *c)
{
	client_init(c, dial());
	c->version = "SSH-2.0-light_1.0";
	c->cipher_in = c->cipher_out = "aes128-gcm@openssh.com,aes128-ctr";
	exchange(c);
	log_in(c);
}

static void
one_login(void)
{
	struct client c;
	double start = now_ms();

	open_connection(&c);
	run_true(&c);
	/* One write: the lines of parallel processes do not mix. */
	dprintf(STDOUT_FILENO, "%.3f\n", now_ms() - start);
	client_free(&c);
}

static void
logins(int count, int parallel)
{
	int status, bad = 0;

	fflush(stdout);
	for (int i = 0; i < parallel; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid == 0) {
			for (int n = i; n < count; n += parallel)
				one_login();
			_exit(0);
		}
	}
	while (wait(&status) > 0)
		bad |= status;
	if (bad)
		errx(1, "a login failed");
}

static void
idle(int count)
{
	struct client *all = calloc((size_t)count, sizeof(*all));
	char byte;

	if (all == NULL)
		err(1, "calloc");
	for (int i = 0; i < count; i++)
		open_connection(&all[i]);
	printf("ready\n");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		continue;
	for (int i = 0; i < count; i++)
		client_free(&all[i]);
	free(all);
}

int
main(int argc, char **argv)
{
	if (argc < 6)
		errx(1,
		    "usage: light login|idle PORT USER KEY COUNT [PARALLEL]");
	port = (uint16_t)atoi(argv[2]);
	user = argv[3];
	if (kex_preload() != 0 || cipher_preload() != 0 || key_preload() != 0)
		errx(1, "libcrypto");
	load_key(argv[4]);
	if (strcmp(argv[1], "idle") == 0)
		idle(atoi(argv[5]));
	else
		logins(atoi(argv[5]), argc > 6 ? atoi(argv[6]) : 1);
	return 0;
}
