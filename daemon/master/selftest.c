/*
 * The verb "selftest" of the administrators' socket: one connection that never
 * touches a network, and a public key that is one user's on it, for seconds.
 * Root alone can ask; what it gets is the client's end of a socketpair, so the
 * key is of no use to anybody who does not hold that.  All the rest is a login
 * as any other: the policy, PAM and the account decide.
 */
#include "daemon/master/admit.h"
#include "daemon/master/control.h"
#include "daemon/master/selftest.h"

#include "lib/err.h"
#include "lib/fd.h"
#include "lib/mem.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/key.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECONDS_MAX 600

/* The words of the request: "-" stands for what is not given. */
struct asked {
	const char *user, *key, *seconds, *source, *listener;
};

static const struct listener *
find_listener(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->listener_count; i++)
		if (strcmp(config->listeners[i].name, name) == 0)
			return &config->listeners[i];
	return NULL;
}

/* NULL, or what is wrong with the key. */
static const char *
take_key(struct selftest *t, const char *text)
{
	struct key *key = NULL;
	struct buf blob;
	const char *why = NULL;

	buf_init_over(&blob, t->key, sizeof(t->key));
	if (base64_decode(text, strlen(text), &blob) != 0 ||
	    key_parse(blob.data, blob.len, &key) != 0)
		why = "this is no public key";
	else if (key_cert(key) != NULL)
		why = "a certificate is no key of a self-test";
	t->key_len = blob.len;
	key_free(key);
	return why;
}

static const char *
take_words(struct master *m, const struct asked *a, struct selftest *t,
    struct net_address *source)
{
	char *end;
	unsigned long seconds = strtoul(a->seconds, &end, 10);

	if (a->user[0] == '\0' || strlen(a->user) > SSH_USER_MAX)
		return "a user is expected";
	if (a->seconds[0] < '0' || a->seconds[0] > '9' || *end != '\0' ||
	    seconds == 0 || seconds > SECONDS_MAX)
		return "the key is valid for 1 to 600 seconds";
	if (net_parse(a->source, source) != 0)
		return "the source is no address";
	if (strcmp(a->listener, "-") != 0 &&
	    find_listener(m->current->config, a->listener) == NULL)
		return "there is no such listener";
	snprintf(t->user, sizeof(t->user), "%s", a->user);
	t->until = loop_now(m->loop) + seconds * 1000;
	return take_key(t, a->key);
}

/* Where a client would have connected to. */
static void
local_address(struct master *m, const struct net_address *source,
    const char *listener, struct net_address *local)
{
	const struct config *config = m->current->config;
	const struct listener *l = find_listener(config, listener);

	(void)net_parse(source->family == NET_V6 ? "::1" : "127.0.0.1", local);
	if (l == NULL && config->listener_count > 0)
		l = &config->listeners[0];
	local->port = l == NULL ? 0 : l->port;
}

static int
make_sockets(int client[2], int report[2])
{
	static const char word[] = "connection";

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, client) != 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, report) !=
		0 ||
	    fd_set_nonblocking(client[1]) != 0)
		return E_SYSTEM;
	/* It lies in the report until it is read, and goes with it. */
	return fd_send(report[1], word, sizeof(word) - 1, &client[0], 1,
		   MSG_DONTWAIT) < 0 ?
	    E_SYSTEM :
	    0;
}

static void
answer(struct control_client *c, uint64_t id)
{
	const struct generation *g = c->m->current;
	char text[BASE64_SIZE(SSH_KEY_BLOB_MAX)], number[24];

	snprintf(number, sizeof(number), "%016llx", (unsigned long long)id);
	control_record(c);
	control_text(c, "connection", number);
	control_number(c, "pid", (uint64_t)getpid());
	for (size_t i = 0; i < g->n_host_keys; i++) {
		const struct bytes *key = &g->host_keys[i].public_key;

		base64_encode(key->data, key->len, text, sizeof(text));
		control_record(c);
		control_text(c, "host_key", text);
	}
	control_ok(c);
}

static void
begin(struct control_client *c, const struct asked *a, struct selftest *t)
{
	struct master *m = c->m;
	struct net_address source = {0}, local = {0};
	int client[2] = {-1, -1}, report[2] = {-1, -1};
	const char *listener = strcmp(a->listener, "-") == 0 ? "" : a->listener;
	const char *why = take_words(m, a, t, &source);
	uint64_t id = 0;

	if (why == NULL && make_sockets(client, report) != 0)
		why = strerror(errno);
	if (why != NULL) {
		control_error(c, "%s", why);
		fd_close_all(client, 2);
		fd_close_all(report, 2);
		free(t);
		return;
	}
	local_address(m, &source, listener, &local);
	t->report = report[1];
	close(client[0]);
	why = admit_selftest(m, client[1], t, &source, &local, listener, &id);
	if (why != NULL) {
		close(report[0]);
		control_error(
		    c, "a connection from %s is refused: %s", a->source, why);
		return;
	}
	c->pass = report[0];
	answer(c, id);
}

void
control_selftest(
    struct control_client *c, const char *const *words, size_t count)
{
	const struct asked a = {words[0], words[1], words[2],
	    count > 3 ? words[3] : "127.0.0.1", count > 4 ? words[4] : "-"};
	struct selftest *t;

	if (c->m->current == NULL || !c->m->current->ready) {
		control_error(c, "no configuration is in force");
		return;
	}
	t = mem_zalloc(sizeof(*t));
	t->report = -1;
	begin(c, &a, t);
}
