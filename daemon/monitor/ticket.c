/*
 * A Kerberos context at the ticketholder: a wall of its own, through the door
 * that all monitors share.  A ticketholder that dies or does not answer ends
 * that context and nothing else.
 */
#include "daemon/monitor/ticket.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "privsep/wall_queue.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Longer than the ticketholder lets one call take. */
#define ANSWER_MS 5000

void
ticket_init(struct ticket_context *t)
{
	memset(t, 0, sizeof(*t));
	t->wall.fd = -1;
}

void
ticket_end(struct ticket_context *t)
{
	if (t->wall.fd >= 0)
		wall_free(&t->wall);
	t->wall.fd = -1;
	t->failed = false;
}

/* The door is all monitors': what it does not take is not kept by this one. */
static int
knock(int shared, int end)
{
	struct wall door;
	int fd = dup(shared), err;

	if (fd < 0)
		return E_SYSTEM;
	wall_init(&door, fd, PATH_MONITORS_DOOR, PATH_MONITORS_DOOR);
	err = wall_send(&door,
	    &(const struct wall_message){
		.type = MSG_consult, .fds = {end, -1, -1, -1}});
	if (err == 0)
		err = wall_queue_drain(&door, ANSWER_MS);
	wall_free(&door);
	return err;
}

static int
begin(struct ticket_context *t, int door)
{
	int ends[2], err;

	if (wall_pair(ends) != 0)
		return E_SYSTEM;
	wall_init(
	    &t->wall, ends[0], PATH_MONITOR_TICKETS, PATH_TICKETS_MONITOR);
	err = knock(door, ends[1]);
	close(ends[1]);
	return err;
}

static int
await(struct wall *w)
{
	struct pollfd p = {.fd = w->fd, .events = POLLIN};
	int n;

	do
		n = poll(&p, 1, ANSWER_MS);
	while (n < 0 && errno == EINTR);
	return n == 0 ? E_TIMEOUT : n < 0 ? E_SYSTEM : 0;
}

static int
receive(struct wall *w, enum wall_type wanted, struct wall_message *answer)
{
	int err = wall_receive(w, answer);

	if (err != 0 || answer->type == wanted)
		return err;
	wall_done(w, answer);
	return E_FORMAT;
}

int
ticket_ask(struct ticket_context *t, int door,
    const struct wall_message *question, enum wall_type wanted,
    struct wall_message *answer)
{
	int err = 0;

	if (door < 0 || t->failed)
		return E_STATE;
	if (t->wall.fd < 0)
		err = begin(t, door);
	if (err == 0)
		err = wall_send(&t->wall, question);
	if (err == 0)
		err = wall_queue_drain(&t->wall, ANSWER_MS);
	if (err == 0)
		err = await(&t->wall);
	if (err == 0)
		err = receive(&t->wall, wanted, answer);
	if (err == 0)
		return 0;
	t->failed = true;
	log_error("the ticketholder does not answer: %s", err_text(err));
	return err;
}

struct gss_exchange *
gss_exchange_new(void)
{
	struct gss_exchange *x = mem_zalloc(sizeof(*x));

	ticket_init(&x->ticket);
	return x;
}

void
gss_exchange_free(struct gss_exchange *x)
{
	if (x != NULL)
		ticket_end(&x->ticket);
	free(x);
}
