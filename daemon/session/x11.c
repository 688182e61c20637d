/*
 * X11: a display of the user's on loopback, and the cookie that xauth is to
 * learn when the program starts.
 */
#include "daemon/session/inside.h"
#include "daemon/session/listener.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/rd.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define X11_BASE     6000
#define DISPLAYS_MAX 1000

/* Both end up in a command for xauth (CVE-2016-3115). */
static bool
sound(const char *protocol, const char *cookie)
{
	size_t len = strlen(cookie);

	if (len == 0 || len % 2 != 0 || protocol[0] == '\0')
		return false;
	for (const char *p = cookie; *p != '\0'; p++)
		if (!isxdigit((unsigned char)*p))
			return false;
	for (const char *p = protocol; *p != '\0'; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '_' &&
		    *p != '.')
			return false;
	return true;
}

/* A number that is free in every family the machine has. */
static int
bind_display(struct listener *l, uint32_t number)
{
	static const char *const loopback[] = {"127.0.0.1", "::1"};
	struct net_address a;
	int error = EADDRNOTAVAIL, fds[LISTENER_FDS], bound = 0;

	for (size_t i = 0; i < 2; i++) {
		(void)net_parse(loopback[i], &a);
		a.port = (uint16_t)(X11_BASE + number);
		error = listener_bind_ip(&a, &fds[bound]);
		if (error == 0)
			bound++;
		else if (error == EADDRINUSE)
			break;
	}
	if (error == EADDRINUSE || bound == 0) {
		while (bound > 0)
			close(fds[--bound]);
		return error;
	}
	error = 0;
	for (int i = 0; i < bound; i++) {
		int e = listener_take(l, fds[i]);

		error = error != 0 ? error : e;
	}
	return error;
}

static void
remember(struct session *s, const struct msg_bind_x11 *m, uint32_t number)
{
	struct display *d = mem_zalloc(sizeof(*d));

	d->channel = m->channel;
	d->name = mem_printf("localhost:%u.%u", number, m->screen);
	/* xauth would take "localhost:10.0" for a host; as sshd does. */
	d->authname = mem_printf("unix:%u.%u", number, m->screen);
	d->protocol = mem_strdup(m->protocol);
	d->cookie = mem_strdup(m->cookie);
	LIST_INSERT_HEAD(&s->displays, d, next);
}

static bool
names_display(struct bytes environment, const char *name)
{
	static const char variable[] = "DISPLAY=";
	size_t len, front = sizeof(variable) - 1;
	struct rd r;

	rd_init(&r, environment.data, environment.len);
	while (r.err == 0 && rd_left(&r) != 0) {
		const uint8_t *at = rd_string(&r, WALL_ENV_MAX, &len);

		if (r.err == 0 && len == front + strlen(name) &&
		    memcmp(at, variable, front) == 0 &&
		    memcmp(&at[front], name, strlen(name)) == 0)
			return true;
	}
	return false;
}

/* Its own, or that of an earlier session of this client with its cookie. */
const struct display *
display_of(const struct session *s, uint32_t channel, struct bytes environment)
{
	const struct display *d;

	LIST_FOREACH(d, &s->displays, next)
	if (d->channel == channel)
		return d;
	LIST_FOREACH(d, &s->displays, next)
	if (names_display(environment, d->name))
		return d;
	return NULL;
}

int
on_bind_x11(struct session *s, struct wall_message *message)
{
	const struct msg_bind_x11 *m = &message->bind_x11;
	struct listener *l = NULL;
	uint32_t number = m->display_offset;
	int error = EINVAL;

	/* Without it the program would have a display and no right to it. */
	if (access(s->start->xauth, X_OK) != 0) {
		listener_bound(s, m->number, ENOENT, 0, "");
		return 0;
	}
	if (sound(m->protocol, m->cookie)) {
		l = listener_new(s, m->number, INCOMING_X11);
		error = l == NULL ? EMFILE : EADDRINUSE;
	}
	for (uint32_t i = 0;
	     l != NULL && error == EADDRINUSE && i < DISPLAYS_MAX;
	     i++, number++)
		error = bind_display(l, number);
	if (error != 0) {
		if (l != NULL)
			listener_free(l);
		listener_bound(s, m->number, error, 0, strerror(error));
		return 0;
	}
	l->single = m->single;
	remember(s, m, number - 1);
	listener_bound(s, m->number, 0, X11_BASE + number - 1,
	    LIST_FIRST(&s->displays)->name);
	return 0;
}
