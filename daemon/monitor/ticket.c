/*
 * A Kerberos context at the ticketholder: a wall of its own, through the door
 * that all monitors share.  A ticketholder that dies or does not answer ends
 * that context and nothing else.
 */
#include "daemon/monitor/ticket.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "privsep/peer.h"
#include "privsep/wall_queue.h"

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

static int
begin(struct ticket_context *t, int door)
{
	int ends[2], err;

	if (wall_pair(ends) != 0)
		return E_SYSTEM;
	wall_init(
	    &t->wall, ends[0], PATH_MONITOR_TICKETS, PATH_TICKETS_MONITOR);
	err = peer_consult(door, ends[1], ANSWER_MS);
	close(ends[1]);
	return err;
}

int
ticket_ask(struct ticket_context *t, int door,
    const struct wall_message *question, struct wall_message *answer)
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
		err = peer_answer(&t->wall, question->type, ANSWER_MS, answer);
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
