/*
 * Names of forwards: their addresses go to the monitor, which decides which
 * of them may be connected to.  Nothing is connected to here.
 */
#include "daemon/session/inside.h"

#include "daemon/session/resolve.h"
#include "lib/err.h"
#include "lib/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <signal.h>

struct lookup {
	LIST_ENTRY(lookup) next;
	struct session *s;
	uint32_t number;
	pid_t resolver; /* 0: it has been waited for */
	int fd;
	struct loop_fd handle;
	struct loop_timer timer;
	struct resolution result;
};

static void
tell(struct session *s, uint32_t number, const struct resolution *r)
{
	uint8_t bytes[ADDRESSES_BYTES];
	size_t len = addresses_write(&r->addresses, bytes);

	(void)WALL_SEND(&s->monitor, resolved, .number = number,
	    .addresses = {.data = bytes, .len = len},
	    .text = len == 0 ? r->text : "");
}

static void
tell_failure(struct session *s, uint32_t number, const char *text)
{
	struct resolution none = {.answered = true};

	strncpy(none.text, text, sizeof(none.text) - 1);
	tell(s, number, &none);
}

static void
forget(struct lookup *l)
{
	loop_fd_remove(&l->handle);
	loop_timer_stop(&l->timer);
	close(l->fd);
	if (l->resolver != 0)
		(void)kill(l->resolver, SIGKILL); /* reaped with the others */
	LIST_REMOVE(l, next);
	l->s->n_reaches--;
	free(l);
}

static void
on_timeout(void *arg)
{
	struct lookup *l = arg;

	tell_failure(l->s, l->number, "the name was not resolved in time");
	forget(l);
}

static void
on_resolved(int fd, unsigned events, void *arg)
{
	struct lookup *l = arg;
	int err = resolve_read(fd, &l->result);

	(void)events;
	if (err == E_AGAIN)
		return;
	l->resolver = 0; /* it is ending by itself */
	if (err == 0)
		tell(l->s, l->number, &l->result);
	else
		tell_failure(l->s, l->number, "the look-up failed");
	forget(l);
}

/*
 * In a chroot nothing is looked up: the resolver would read files and load
 * libraries that lie there.
 */
static void
answer_in_chroot(struct session *s, const struct msg_resolve *m)
{
	static const char *const loopback[] = {"::1", "127.0.0.1"};
	struct resolution r = {.answered = true};

	if (strcasecmp(m->host, "localhost") != 0) {
		tell_failure(s, m->number, "no names are known in the chroot");
		return;
	}
	for (size_t i = 0; i < 2; i++)
		if (net_parse(loopback[i], &r.addresses.items[i]) == 0)
			r.addresses.count++;
	tell(s, m->number, &r);
}

static int
start(struct session *s, const struct msg_resolve *m)
{
	struct lookup *l;
	pid_t pid;
	int fd, error;

	if (s->finishing || s->n_reaches >= REACHES_MAX)
		return EAGAIN;
	if ((error = resolve_start(m->host, &pid, &fd)) != 0)
		return error;
	l = mem_zalloc(sizeof(*l));
	l->s = s;
	l->number = m->number;
	l->resolver = pid;
	l->fd = fd;
	LIST_INSERT_HEAD(&s->lookups, l, next);
	s->n_reaches++;
	if (loop_fd_add(s->loop, &l->handle, fd, LOOP_READ, on_resolved, l) !=
	    0) {
		error = errno;
		forget(l);
		return error;
	}
	loop_timer_start(
	    s->loop, &l->timer, (uint64_t)m->seconds * 1000, on_timeout, l);
	return 0;
}

int
on_resolve(struct session *s, struct wall_message *message)
{
	const struct msg_resolve *m = &message->resolve;
	int error;

	if (s->in_chroot)
		answer_in_chroot(s, m);
	else if ((error = start(s, m)) != 0)
		tell_failure(s, m->number, strerror(error));
	return 0;
}

void
lookups_end(struct session *s)
{
	while (!LIST_EMPTY(&s->lookups))
		forget(LIST_FIRST(&s->lookups));
}

bool
lookup_child_ended(struct session *s, pid_t pid)
{
	struct lookup *l;

	LIST_FOREACH(l, &s->lookups, next)
	if (l->resolver == pid) {
		l->resolver = 0;
		return true;
	}
	return false;
}
