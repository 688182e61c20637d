/*
 * The monitor's side of a module's helper process: a wall of its own for each
 * request, through the door that all monitors share.  The request lies in the
 * wall before the helper gets the other end, and the wall goes with the
 * answer or the deadline: no answer can reach another connection, or be late.
 */
#include "daemon/monitor/auth.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "privsep/peer.h"
#include "privsep/wall_queue.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DEADLINE_MS	5000
#define DEADLINE_MAX_MS 60000

/* Milliseconds that are left. */
static int
left(uint64_t until)
{
	uint64_t now = loop_clock();

	return now >= until ? 0 : (int)(until - now);
}

struct question {
	struct bytes request;
	uint32_t patience;
	void *reply;
	size_t max, *len;
};

/* Send, pass the other end on, wait; the helper has that end alone. */
static int
converse(int door, const struct question *q)
{
	uint64_t until = loop_clock() + q->patience;
	struct wall_message m;
	struct wall wall;
	int ends[2], err;

	if (wall_pair(ends) != 0)
		return E_SYSTEM;
	wall_init(&wall, ends[0], PATH_MONITOR_HELPER, PATH_HELPER_MONITOR);
	err = WALL_SEND(
	    &wall, helper_request, .patience = q->patience, .data = q->request);
	if (err == 0 && wall_queue_waiting(&wall))
		err = E_LIMIT;
	if (err == 0)
		err = peer_consult(door, ends[1], left(until));
	close(ends[1]);
	if (err == 0)
		err = peer_answer(&wall, MSG_helper_request, left(until), &m);
	if (err == 0) {
		const struct bytes *b = &m.helper_answer.data;

		if (b->len > q->max)
			err = E_TOO_LARGE;
		else {
			if (b->len > 0)
				memcpy(q->reply, b->data, b->len);
			*q->len = b->len;
		}
		wall_done(&wall, &m);
	}
	wall_free(&wall);
	return err;
}

static int
failed(struct monitor *m, const char *name, int err)
{
	const char *why = err == E_TIMEOUT ? "did not answer in time" :
	    err == E_CLOSED		   ? "gave no answer" :
					     err_text(err);

	m->auth->unanswered = true;
	snprintf(m->auth->attempt.reason, sizeof(m->auth->attempt.reason),
	    "the helper of module %s: %s", name, why);
	log_error("the helper of module %s: %s", name, why);
	return err == E_TIMEOUT ? SALLYPORT_TIMEOUT :
	    err == E_TOO_LARGE	? SALLYPORT_TOO_LARGE :
				  SALLYPORT_SYSTEM;
}

int
helper_ask(struct sallyport_login *login, const void *request, size_t len,
    void *reply, size_t max, size_t *reply_len, uint32_t deadline)
{
	struct monitor *m = login->program;
	const struct hosted *h = &m->template->modules[m->auth->current];
	struct question q = {.request = {.data = request, .len = len},
	    .patience = deadline == 0	   ? DEADLINE_MS :
		deadline > DEADLINE_MAX_MS ? DEADLINE_MAX_MS :
					     deadline,
	    .reply = reply,
	    .max = max,
	    .len = reply_len};
	int err;

	if (!host_has_helper(h))
		return SALLYPORT_STATE;
	*reply_len = 0;
	if (len > WALL_HELPER_MAX)
		err = E_TOO_LARGE;
	else
		err = h->door <= 0 ? E_CLOSED : converse(h->door, &q);
	if (err != 0)
		return failed(m, h->settings->name, err);
	m->auth->unanswered = false;
	return SALLYPORT_OK;
}

int
host_answered(struct monitor *m, const char *name, int verdict)
{
	bool unanswered = m->auth->unanswered;

	m->auth->unanswered = false;
	if (!unanswered ||
	    (verdict != SALLYPORT_ALLOW && verdict != SALLYPORT_IGNORE))
		return verdict;
	log_error("module %s goes on without its helper's answer", name);
	return SALLYPORT_UNAVAILABLE;
}
