/*
 * The worker's auth_* messages, one handler each: they put one request of
 * the client into the monitor's own struct and believe nothing in it.  What
 * it leads to is auth.c's.
 */
#include "daemon/monitor/auth.h"
#include "lib/err.h"

#include <string.h>

/* A name into text; NULs and whatever is too long make it empty. */
static void
take_text(char *text, size_t size, struct bytes from)
{
	text[0] = '\0';
	if (from.len >= size || memchr(from.data, '\0', from.len) != NULL)
		return;
	memcpy(text, from.data, from.len);
	text[from.len] = '\0';
}

/* The same for what modules take for somebody's or some host's name. */
static void
take_name(char *text, size_t size, struct bytes from)
{
	take_text(text, size, from);
	if (!account_name_is_sane(text))
		text[0] = '\0';
}

int
on_auth_none(struct monitor *m, struct wall_message *message)
{
	const struct msg_auth_none *x = &message->auth_none;

	auth_attempt(m, "none", x->user, x->service);
	return auth_request(m);
}

int
on_auth_password(struct monitor *m, struct wall_message *message)
{
	const struct msg_auth_password *x = &message->auth_password;
	struct attempt *a = auth_attempt(m, "password", x->user, x->service);

	a->change = x->change;
	a->password = x->password;
	return auth_request(m);
}

int
on_auth_publickey(struct monitor *m, struct wall_message *message)
{
	const struct msg_auth_publickey *x = &message->auth_publickey;
	struct attempt *a = auth_attempt(m, "publickey", x->user, x->service);

	a->query = !x->has_signature;
	a->hostbound = x->hostbound;
	take_text(a->algorithm, sizeof(a->algorithm), x->algorithm);
	a->key = x->key;
	a->signature = x->signature;
	a->host_key = x->host_key;
	return auth_request(m);
}

int
on_auth_hostbased(struct monitor *m, struct wall_message *message)
{
	const struct msg_auth_hostbased *x = &message->auth_hostbased;
	struct attempt *a = auth_attempt(m, "hostbased", x->user, x->service);

	take_text(a->algorithm, sizeof(a->algorithm), x->algorithm);
	take_name(a->client_host, sizeof(a->client_host), x->client_host);
	take_name(a->client_user, sizeof(a->client_user), x->client_user);
	a->key = x->key;
	a->signature = x->signature;
	return auth_request(m);
}

int
on_auth_kbdint(struct monitor *m, struct wall_message *message)
{
	const struct msg_auth_kbdint *x = &message->auth_kbdint;
	struct attempt *a =
	    auth_attempt(m, "keyboard-interactive", x->user, x->service);

	a->submethods = x->submethods;
	return auth_request(m);
}

int
on_auth_other(struct monitor *m, struct wall_message *message)
{
	const struct msg_auth_other *x = &message->auth_other;
	struct attempt *a = auth_attempt(m, "", x->user, x->service);

	take_text(a->other, sizeof(a->other), x->method);
	/* The worker knows these itself: by this door they are a lie. */
	if (strcmp(a->other, "password") == 0 ||
	    strcmp(a->other, "publickey") == 0 ||
	    strcmp(a->other, "hostbased") == 0 ||
	    strcmp(a->other, "keyboard-interactive") == 0 ||
	    strcmp(a->other, "none") == 0)
		return E_VALUE;
	a->method = a->other;
	a->data = x->data;
	return auth_request(m);
}

/* Answers nobody waits for: ask.c takes those that somebody does. */
int
on_auth_answers(struct monitor *m, struct wall_message *message)
{
	(void)m;
	(void)message;
	return E_STATE;
}

/* A client may send several: the last may cross the verdict. */
int
on_auth_packet(struct monitor *m, struct wall_message *message)
{
	(void)m;
	(void)message;
	return 0;
}
