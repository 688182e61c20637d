/*
 * Turns worker, monitor and client in one process, for tests.
 */
#include "tests/unit/transport/rig.h"

#include "lib/err.h"

#include <sys/socket.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TURNS_MAX 5000

static char *
all(void (*fn)(struct buf *, unsigned, unsigned))
{
	struct buf b;

	buf_init(&b, 4096);
	fn(&b, 0, 0);
	buf_u8(&b, 0);
	return (char *)b.data;
}

static struct key_private *host_key;

void
rig_preload(void)
{
	signal(SIGPIPE, SIG_IGN); /* as the template does */
	if (host_key == NULL)
		host_key = fake_monitor_key();
	if (kex_preload() != 0 || cipher_preload() != 0)
		abort();
}

void
rig_init(struct rig *g)
{
	memset(g, 0, sizeof(*g));
	rig_preload();
	g->key = host_key;
	g->settings.offer.kex = all(kex_names);
	g->settings.offer.ciphers = all(cipher_names);
	g->settings.offer.macs = all(mac_names);
	g->settings.offer.compression = strdup("none,zlib@openssh.com");
	g->settings.offer.host_key = strdup("ssh-ed25519");
	g->settings.signature_algorithms = strdup("ssh-ed25519");
	g->settings.identification =
	    strdup("OpenSSH_compatible_sallyport_0.1.0");
	client_init(&g->c, -1);
}

void
rig_start(struct rig *g)
{
	int net[2], wall[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, net), 0);
	ck_assert_int_eq(wall_pair(wall), 0);
	g->c.fd = net[1];
	fake_monitor_init(&g->monitor, wall[1], g->key);
	memset(&fake_channels, 0, sizeof(fake_channels));
	g->w = worker_new(net[0], net[0], wall[0], &g->settings, NULL);
	ck_assert_ptr_nonnull(g->w);
}

void
rig_free(struct rig *g)
{
	if (g->w != NULL) {
		close(g->w->transport->in);
		worker_free(g->w);
	}
	fake_monitor_free(&g->monitor);
	client_free(&g->c);
	free((void *)(uintptr_t)g->settings.offer.kex);
	free((void *)(uintptr_t)g->settings.offer.ciphers);
	free((void *)(uintptr_t)g->settings.offer.macs);
	free((void *)(uintptr_t)g->settings.offer.compression);
	free((void *)(uintptr_t)g->settings.offer.host_key);
	free(g->settings.signature_algorithms);
	free(g->settings.identification);
}

void
rig_turn(struct rig *g)
{
	client_flush(&g->c);
	ck_assert_int_eq(loop_turn(g->w->loop, 0), 0);
	fake_monitor_turn(&g->monitor);
	client_read(&g->c);
}

void
rig_until_ended(struct rig *g)
{
	/* The client closes once it has seen our side shut. */
	for (int i = 0; i < TURNS_MAX; i++) {
		rig_turn(g);
		if (g->c.closed && g->c.fd >= 0)
			shutdown(g->c.fd, SHUT_WR);
		if (g->w->ended && g->c.closed)
			return;
		if (g->w->ended && g->w->transport->in_handle.loop == NULL) {
			fake_monitor_turn(&g->monitor);
			return;
		}
	}
	ck_abort_msg("the worker does not end");
}

void
rig_expect(struct rig *g, uint8_t number, struct rd *r)
{
	int err = E_AGAIN;

	for (int i = 0; i < TURNS_MAX && err == E_AGAIN; i++) {
		err = client_receive(&g->c);
		if (err == E_AGAIN)
			rig_turn(g);
	}
	ck_assert_msg(err == 0, "waiting for %u: %s; %s", number, err_text(err),
	    g->monitor.text);
	rd_init(r, g->c.payload, g->c.payload_len);
	ck_assert_uint_eq(rd_u8(r), number);
}

void
rig_nothing(struct rig *g)
{
	for (int i = 0; i < 50; i++)
		rig_turn(g);
	ck_assert_int_eq(client_receive(&g->c), E_AGAIN);
	ck_assert(!g->w->ended);
}

void
rig_expect_disconnect(struct rig *g, uint32_t reason)
{
	struct rd r;

	rig_expect(g, SSH_MSG_DISCONNECT, &r);
	ck_assert_uint_eq(rd_u32(&r), reason);
	rig_until_ended(g);
	ck_assert_uint_eq(g->monitor.seen[MSG_bye], 1);
}

void
rig_hello(struct rig *g)
{
	char line[300];

	for (int i = 0; i < TURNS_MAX && !client_hello(&g->c); i++)
		rig_turn(g);
	snprintf(line, sizeof(line), "%s\r\n", g->c.version);
	client_raw(&g->c, line, strlen(line));
}

static void
finish_kex(struct rig *g)
{
	struct rd r;
	size_t len;
	const uint8_t *at;

	client_negotiate(&g->c);
	client_send_share(&g->c);
	if (g->c.gex_n != 0) {
		rig_expect(g, SSH_MSG_KEX_DH_GEX_GROUP, &r);
		at = rd_mpint(&r, 1024, &len);
		buf_bytes(&g->c.gex_p, at, len);
		at = rd_mpint(&r, 1024, &len);
		buf_bytes(&g->c.gex_g, at, len);
		ck_assert_int_eq(rd_end(&r), 0);
		client_send_share(&g->c);
	}
	rig_expect(g, client_reply(&g->c), &r);
	client_take_reply(&g->c);
	rig_expect(g, SSH_MSG_NEWKEYS, &r);
	client_take_newkeys(&g->c);
	if (g->c.deflate != NULL)
		client_compress(&g->c);
}

/* Our NEWKEYS arrives. */
static void
settle(struct rig *g)
{
	for (int i = 0; i < 5; i++)
		rig_turn(g);
}

void
rig_kex(struct rig *g)
{
	struct rd r;

	client_send_kexinit(&g->c);
	rig_expect(g, SSH_MSG_KEXINIT, &r);
	finish_kex(g);
	if (strstr(g->c.kex, "ext-info-c") != NULL)
		rig_expect(g, SSH_MSG_EXT_INFO, &r);
	settle(g);
}

void
rig_rekey(struct rig *g)
{
	struct rd r;

	client_send_kexinit(&g->c);
	rig_expect(g, SSH_MSG_KEXINIT, &r);
	finish_kex(g);
	settle(g);
}

void
rig_service(struct rig *g)
{
	struct rd r;

	buf_text(client_start(&g->c, SSH_MSG_SERVICE_REQUEST), "ssh-userauth");
	client_finish(&g->c);
	rig_expect(g, SSH_MSG_SERVICE_ACCEPT, &r);
}

void
rig_send_none(struct rig *g)
{
	struct buf *b = client_start(&g->c, SSH_MSG_USERAUTH_REQUEST);

	buf_text(b, "test");
	buf_text(b, "ssh-connection");
	buf_text(b, "none");
	client_finish(&g->c);
}

void
rig_login(struct rig *g)
{
	struct rd r;

	rig_hello(g);
	rig_kex(g);
	rig_service(g);
	rig_send_none(g);
	rig_expect(g, SSH_MSG_USERAUTH_SUCCESS, &r);
	client_compress(&g->c);
	/* The channels' first request must not come before the success. */
	rig_expect(g, SSH_MSG_GLOBAL_REQUEST, &r);
}

void
rig_open_channel(struct rig *g, uint32_t window)
{
	struct buf *b = client_start(&g->c, SSH_MSG_CHANNEL_OPEN);
	struct rd r;

	buf_text(b, "session");
	buf_u32(b, 7);
	buf_u32(b, window);
	buf_u32(b, 32768);
	client_finish(&g->c);
	rig_expect(g, SSH_MSG_CHANNEL_OPEN_CONFIRMATION, &r);
}
