/*
 * The client of sallyportctl selftest against a server that says anything: in
 * the key exchange ('k'), from the login on without encryption ('l'), and the
 * report of the session ('s').
 */
#include "daemon/ctl/selftest/report.h"
#include "daemon/ctl/selftest/ssh.h"
#include "lib/loop.h"
#include "lib/ssh/cipher.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/key.h"
#include "lib/ssh/key_private.h"

#include <sys/socket.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 2000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct key_private *key;

static void
prepare(void)
{
	if (key != NULL)
		return;
	if (key_preload() != 0 || kex_preload() != 0 || cipher_preload() != 0 ||
	    key_private_generate(KEY_ED25519, 0, &key) != 0)
		abort();
}

static void
ignore(void *arg)
{
	(void)arg;
}

static bool
any_key(const uint8_t *blob, size_t len, void *arg)
{
	(void)blob;
	(void)len;
	(void)arg;
	return true;
}

static void
log_in(struct ssh *c)
{
	char methods[64];
	struct buf output;
	int status;

	buf_init(&output, 8u << 20);
	if (ssh_log_in(c, "user", key, "ssh-ed25519", methods,
		sizeof(methods)) == SSH_LOGIN_DONE)
		while (ssh_run(c, "exec", "x", &output, &status) >= 0)
			continue;
	if (memchr(ssh_why(c), '\0', SSH_WHY_MAX) == NULL)
		abort();
	buf_free(&output);
}

/* All that the server says, and its end. */
static void
talk(char how, const uint8_t *data, size_t size)
{
	int fds[2];
	struct ssh *c;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
		abort();
	(void)send(fds[1], data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)shutdown(fds[1], SHUT_WR);
	c = ssh_new(fds[0], loop_clock() + WAIT_MS, -1, ignore, NULL);
	if (how == 'k')
		(void)ssh_exchange(c, any_key, NULL);
	else
		log_in(c);
	ssh_leave(c);
	ssh_free(c);
	close(fds[1]);
}

static void
report(const uint8_t *data, size_t size)
{
	struct selftest_report r = {0};
	char *text = malloc(size + 1);

	if (text == NULL)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	(void)selftest_take_session(&r, text);
	records_free(&r.session);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	prepare();
	if (data[0] == 's')
		report(&data[1], size - 1);
	else
		talk((char)data[0], &data[1], size - 1);
	return 0;
}
