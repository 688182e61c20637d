/*
 * Writes the seed corpora of fuzz_wall and fuzz_monitor:
 *	make_seeds tests/fuzz/wall/corpus
 * Each message of the table alone, small and larger, for the codec; for the
 * monitor, courses of a connection that together call every handler.
 */
#include "lib/ssh/kex.h"
#include "lib/ssh/kexinit.h"
#include "tests/fuzz/wall/scene.h"
#include "tests/unit/privsep/sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct buf course;

static void
write_file(
    const char *folder, const char *kind, const char *name, const struct buf *b)
{
	char path[4096];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s/%s", folder, kind, name);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(b->data, 1, b->len, f) != b->len ||
	    fclose(f) != 0) {
		perror(path);
		exit(1);
	}
}

static void
codec_seeds(const char *folder)
{
	for (unsigned t = 1; t < WALL_TYPES; t++) {
		const struct sample_field *f = sample_fields((enum wall_type)t);
		struct wall_message m;
		char name[64];
		struct buf b;

		buf_init(&b, 65536);
		sample_empty(&m, (enum wall_type)t);
		for (; f->name != NULL; f++)
			sample_set(&m, f, f->limit > 5 ? 5 : f->limit);
		sample_encode(&m, &b);
		snprintf(name, sizeof(name), "%s", wall_name(m.type));
		write_file(folder, "fuzz_wall", name, &b);
		buf_free(&b);
	}
}

/* One more message in the course. */
static void
say(const struct wall_message *m, bool session)
{
	struct buf b;

	buf_init(&b, 65535);
	sample_encode(m, &b);
	buf_u8(&course, session ? 1 : 0);
	buf_u16(&course, (uint16_t)b.len);
	buf_bytes(&course, b.data, b.len);
	buf_free(&b);
}
#define MESSAGE(x, ...) \
	(&(const struct wall_message){.type = MSG_##x, .x = {__VA_ARGS__}})
#define UP(x, ...)   say(MESSAGE(x, __VA_ARGS__), false)
#define NEWS(x, ...) say(MESSAGE(x, __VA_ARGS__), true)
#define B(text)                                           \
	{                                                 \
		(const uint8_t *)(text), sizeof(text) - 1 \
	}
#define WHO .user = B(SCENE_USER), .service = B("ssh-connection")

static void
finish(const char *folder, const char *name)
{
	UP(bye, .cause = BYE_PEER_CLOSED, .text = "");
	write_file(folder, "fuzz_monitor", name, &course);
	buf_clear(&course);
}

/* By a method that the scene offers. */
static void
exchange_by(const char *name)
{
	const uint8_t cookie[KEXINIT_COOKIE] = {0};
	const struct kex_method *method = kex_find(name, strlen(name));
	struct kexinit_offer wish = scene_offer;
	struct kex_client *half;
	struct buf kexinit, client, theirs, ours, secret;
	struct wall_message m;

	buf_init(&kexinit, SSH_KEXINIT_MAX);
	buf_init(&client, SSH_KEXINIT_MAX);
	buf_init(&theirs, WALL_SHARE_MAX);
	buf_init(&ours, WALL_SHARE_MAX);
	buf_init(&secret, WALL_SHARE_MAX);
	kexinit_write(&kexinit, cookie, &scene_offer);
	wish.kex = name;
	kexinit_write(&client, cookie, &wish);
	if (kex_client_start(method, NULL, &half, &theirs) != 0 ||
	    kex_server_respond(
		method, theirs.data, theirs.len, &ours, &secret) != 0)
		abort();
	kex_client_free(half);
	sample_empty(&m, MSG_kex);
	m.kex.kexinit_client = (struct bytes){client.data, client.len};
	m.kex.kexinit_server = (struct bytes){kexinit.data, kexinit.len};
	m.kex.client_share = (struct bytes){theirs.data, theirs.len};
	m.kex.server_share = (struct bytes){ours.data, ours.len};
	m.kex.shared_secret = (struct bytes){secret.data, secret.len};
	if ((method->attributes & KEX_GSS) != 0)
		m.kex.token = (struct bytes)B("\x60\x05token");
	say(&m, false);
	buf_free(&kexinit);
	buf_free(&client);
	buf_free(&theirs);
	buf_free(&ours);
	buf_free(&secret);
}

static void
exchange(void)
{
	exchange_by("curve25519-sha256");
}

static void
begin(void)
{
	UP(version, .client = B("SSH-2.0-seed"), .server = B("SSH-2.0-s"));
	exchange();
	UP(newkeys, .kex = "curve25519-sha256", .host_key = "ssh-ed25519",
	    .cipher_in = "aes256-gcm@openssh.com",
	    .cipher_out = "aes256-gcm@openssh.com", .mac_in = "", .mac_out = "",
	    .compression_in = "none", .compression_out = "none");
}

static void
login(void)
{
	begin();
	UP(auth_password, WHO, .password = B(SCENE_PASSWORD));
}

static void
auth_seeds(const char *folder)
{
	UP(log, .level = LOG_LEVEL_VERBOSE, .line = "a line");
	UP(version, .client = B("SSH-2.0-x"), .server = B("SSH-2.0-s"));
	UP(negotiation_failed, .kind = "cipher", .offer = "rot13");
	finish(folder, "negotiation");
	/* There is no ticketholder on the stage: the exchange is refused. */
	UP(version, .client = B("SSH-2.0-seed"), .server = B("SSH-2.0-s"));
	exchange_by(SCENE_GSS);
	exchange_by(SCENE_GSS);
	finish(folder, "gss");
	begin();
	UP(auth_none, WHO);
	UP(auth_publickey, WHO, .algorithm = B("ssh-ed25519"), .key = B("k"));
	UP(auth_hostbased, WHO, .algorithm = B("ssh-ed25519"), .key = B("k"),
	    .client_host = B("h"), .client_user = B("u"), .signature = B("s"));
	UP(auth_password, WHO, .password = B("no"));
	UP(auth_other, WHO, .method = B("no-such"), .data = B("x"));
	finish(folder, "methods");
	begin();
	UP(auth_kbdint, WHO);
	UP(auth_answers, .count = 1, .responses = B("\0\0\0\3yes"));
	UP(session_open, .channel = 0);
	finish(folder, "conversation");
	begin();
	UP(auth_kbdint, WHO);
	UP(auth_password, WHO, .password = B(SCENE_PASSWORD));
	finish(folder, "abandoned");
	begin();
	UP(auth_other, WHO, .method = B("packets@stage"));
	UP(auth_packet, .number = 61, .payload = B(SCENE_PASSWORD));
	finish(folder, "packets");
	begin();
	UP(auth_password, WHO, .password = B(SCENE_OLD));
	UP(auth_password, WHO, .change = true, .password = B(SCENE_OLD),
	    .new_password = B("new"));
	finish(folder, "change");
	begin();
	UP(auth_answers, .count = 0);
	finish(folder, "answers_unasked");
	begin();
	UP(auth_packet, .number = 60);
	finish(folder, "packet_unasked");
	/* Unasked ones reach their handlers in ASKING only, behind the end of
	 * the conversation they were not part of. */
	begin();
	UP(auth_kbdint, WHO);
	UP(auth_packet, .number = 60);
	finish(folder, "packet_for_answers");
	begin();
	UP(auth_other, WHO, .method = B("packets@stage"));
	UP(auth_answers, .count = 0);
	finish(folder, "answers_for_packet");
}

static void
open_seeds(const char *folder)
{
	login();
	UP(session_open, .channel = 1);
	UP(pty, .channel = 1, .term = "xterm", .columns = 80, .rows = 24);
	UP(env, .channel = 1, .name = "LANG", .value = "C");
	UP(env, .channel = 1, .name = "LD_PRELOAD", .value = "x");
	UP(x11, .channel = 1, .protocol = "MIT-MAGIC-COOKIE-1",
	    .cookie = "00ff");
	NEWS(session_ready);
	NEWS(bound, .number = 1, .port = 6010, .detail = "localhost:10.0");
	UP(agent, .channel = 1);
	NEWS(bound, .number = 2, .detail = "/tmp/agent");
	UP(start, .channel = 1, .kind = START_SHELL, .command = "");
	NEWS(ran, .channel = 1, .pid = 1234);
	UP(window, .channel = 1, .columns = 90, .rows = 30);
	UP(signal, .channel = 1, .name = "TERM");
	NEWS(session_log, .level = LOG_LEVEL_VERBOSE, .line = "news");
	NEWS(ended, .channel = 1, .status = 0);
	UP(channel_closed, .channel = 1, .bytes_in = 5, .bytes_out = 6);
	UP(report, .channels = 1, .bytes_in = 1, .bytes_out = 1);
	finish(folder, "shell");
	login();
	UP(session_open, .channel = 1);
	UP(start, .channel = 1, .kind = START_EXEC, .command = "id");
	NEWS(ran, .channel = 1, .error = 2);
	UP(session_open, .channel = 2);
	UP(start, .channel = 2, .kind = START_SUBSYSTEM, .command = "sftp");
	NEWS(file_event, .channel = 2, .kind = 1, .path = "/x", .target = "");
	UP(hostkeys_prove,
	    .keys =
		B("\0\0\0\x33"
		  "\0\0\0\x0bssh-ed25519\0\0\0\x20"
		  "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07"
		  "\x3a\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07"
		  "\x51\x1a"));
	exchange();
	finish(folder, "exec");
	login();
	UP(tcp_connect, .channel = 3, .host = "localhost", .port = 80,
	    .originator = "::1", .originator_port = 9);
	NEWS(resolved, .number = 1, .addresses = B("\4\0\0\0\0\177\0\0\1"),
	    .text = "");
	NEWS(reached, .channel = 3, .address = "127.0.0.1", .text = "");
	UP(unix_connect, .channel = 4, .path = "/run/x");
	NEWS(located, .number = 2, .path = "/run/x", .text = "");
	NEWS(reached, .channel = 4, .reason = 2, .address = "", .text = "no");
	UP(tcp_listen, .request = 1, .address = "", .port = 8080);
	NEWS(bound, .number = 3, .port = 8080, .detail = "");
	UP(unix_listen, .request = 2, .path = "/tmp/s");
	NEWS(located, .number = 4, .path = "/var/tmp/s", .text = "");
	NEWS(bound, .number = 4, .detail = "");
	NEWS(accepted, .number = 3, .address = "127.0.0.1", .port = 5);
	UP(channel_offered, .channel = 9, .kind = INCOMING_TCP, .address = "",
	    .port = 8080, .originator = "127.0.0.1", .originator_port = 5);
	UP(unlisten, .request = 3, .address = "", .port = 8080, .path = "");
	NEWS(unbound, .number = 3);
	UP(tun, .channel = 5, .mode = 1, .unit = 0);
	UP(channel_closed, .channel = 3, .bytes_in = 1, .bytes_out = 2);
	UP(tcp_connect, .channel = 6, .host = "none", .port = 80,
	    .originator = "::1", .originator_port = 9);
	NEWS(resolved, .number = 5, .text = "no such name");
	UP(tcp_connect, .channel = 7, .host = "192.0.2.1", .port = 80,
	    .originator = "::1", .originator_port = 9);
	UP(unix_connect, .channel = 8, .path = "/run/../none");
	NEWS(located, .number = 6, .path = "", .text = "No such file");
	UP(unix_connect, .channel = 10, .path = "/run/x");
	NEWS(located, .number = 7, .path = "/run/../x", .text = "");
	NEWS(located, .number = 7, .path = "/run/x", .text = "");
	UP(unix_listen, .request = 4, .path = "/none/s");
	NEWS(located, .number = 8, .path = "", .text = "No such file");
	UP(tcp_connect, .channel = 11, .host = "x", .port = 80,
	    .originator = "::1", .originator_port = 9);
	NEWS(resolved, .number = 9, .addresses = B("\6\0\0"), .text = "");
	finish(folder, "forward");
}

int
main(int argc, char **argv)
{
	if (argc != 2 || kex_preload() != 0)
		return 1;
	buf_init(&course, 1024 * 1024);
	codec_seeds(argv[1]);
	auth_seeds(argv[1]);
	open_seeds(argv[1]);
	buf_free(&course);
	return 0;
}
