/*
 * Worker, fake monitor and a client's bytes, in one process.
 */
#include "tests/fuzz/transport/bench.h"

#include "daemon/worker/settings.h"
#include "daemon/worker/transport/transport.h"
#include "tests/unit/transport/fake_monitor.h"

#include "lib/log.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static struct worker_settings settings = {
    .offer = {.kex = "curve25519-sha256,"
		     "diffie-hellman-group-exchange-sha256",
	.host_key = "ssh-ed25519",
	.ciphers = "aes128-gcm@openssh.com,aes128-ctr",
	.macs = "hmac-sha2-256",
	.compression = "none,zlib@openssh.com"},
    .signature_algorithms = (char[]){"ssh-ed25519"},
    .identification = (char[]){"sallyport"},
};
static struct key_private *key;
static struct fake_monitor monitor;
static int client;

static struct worker *
begin(void)
{
	int net[2], wall[2];
	struct worker *w;

	if (key == NULL) {
		signal(SIGPIPE, SIG_IGN);
		log_use_stderr(false);
		key = fake_monitor_key();
		if (kex_preload() != 0 || cipher_preload() != 0)
			abort();
	}
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, net) != 0 ||
	    wall_pair(wall) != 0)
		abort();
	client = net[1];
	fcntl(client, F_SETFL, O_NONBLOCK);
	fake_monitor_init(&monitor, wall[1], key);
	monitor.password = "pw";
	w = worker_new(net[0], net[0], wall[0], &settings, NULL);
	if (w == NULL)
		abort();
	return w;
}

static void
turn(struct worker *w)
{
	static uint8_t sink[65536];

	if (loop_turn(w->loop, 0) != 0)
		abort();
	fake_monitor_turn(&monitor);
	while (recv(client, sink, sizeof(sink), MSG_DONTWAIT) > 0)
		;
}

static void
feed(struct worker *w, const uint8_t *data, size_t size)
{
	ssize_t n;

	while (size > 0 && !w->ended) {
		n = send(client, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			data += n;
			size -= (size_t)n;
		}
		turn(w);
		if (n <= 0 && w->transport->holds != 0)
			break;
	}
	for (int i = 0; i < 4; i++)
		turn(w);
}

static void
end(struct worker *w)
{
	int net = w->transport->in;

	close(client);
	for (int i = 0; i < 4; i++)
		if (loop_turn(w->loop, 0) != 0)
			abort();
	worker_free(w);
	close(net);
	fake_monitor_free(&monitor);
}

void
bench_stream(const uint8_t *data, size_t size)
{
	struct worker *w = begin();

	feed(w, data, size);
	end(w);
}

/* As if an exchange had led here, but for the keys. */
static void
skip_to(struct worker *w, enum phase phase)
{
	struct transport *t = w->transport;

	t->hello_done = true;
	TELL(w, version, .client = {(const uint8_t *)"SSH-2.0-x", 9},
	    .server = {(const uint8_t *)"SSH-2.0-y", 9});
	fake_monitor_turn(&monitor);
	t->ex.again = true;
	t->ex.stage = STAGE_NONE;
	t->ex.sent = false;
	exchange_forget(t);
	w->phase = phase;
	if (phase == PHASE_OPEN)
		transport_authenticated(w);
}

void
bench_payloads(enum phase phase, const uint8_t *data, size_t size)
{
	struct worker *w = begin();
	struct buf b;
	size_t len, padding;

	skip_to(w, phase);
	buf_init(&b, 1 << 20);
	while (size > 2) {
		len = (size_t)data[0] << 8 | data[1];
		len = len < size - 2 ? len : size - 2;
		padding = cipher_padding(NULL, len);
		buf_u32(&b, (uint32_t)(1 + len + padding));
		buf_u8(&b, (uint8_t)padding);
		buf_bytes(&b, &data[2], len);
		for (size_t i = 0; i < padding; i++)
			buf_u8(&b, 0);
		data += 2 + len;
		size -= 2 + len;
	}
	feed(w, b.data, b.len);
	buf_free(&b);
	end(w);
}
