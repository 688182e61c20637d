/*
 * sallyportctl explain: what the running server says of a connection from this
 * source, before anybody has said who it is.
 */
#include "daemon/ctl/standing.h"

#include "daemon/ctl/client.h"

#include <string.h>
#include <unistd.h>

static void
judge_penalty(
    const struct record *r, const struct question *q, struct standings *s)
{
	struct net_network network;
	bool in_force = strcmp(record_get(r, "in_force"), "true") == 0;

	if (net_parse_network(record_get(r, "source"), &network) != 0 ||
	    !net_contains(&network, &q->facts.source))
		return;
	if (in_force)
		standing_add(s, STANDING_REFUSES, "penalty",
		    "%s is refused for %s seconds more, for %s; "
		    "\"sallyportctl penalties clear %s\" ends it",
		    record_get(r, "source"), record_get(r, "seconds"),
		    record_get(r, "cause"), record_get(r, "source"));
	else
		standing_add(s, STANDING_NOTE, "penalty",
		    "%s has %s seconds for %s, not yet enforced",
		    record_get(r, "source"), record_get(r, "seconds"),
		    record_get(r, "cause"));
}

static void
judge_status(const struct record *r, struct standings *s)
{
	if (strcmp(record_get(r, "draining"), "true") == 0)
		standing_add(s, STANDING_REFUSES, "server",
		    "it is draining: new connections are refused until "
		    "\"sallyportctl drain off\"");
	else
		standing_add(s, STANDING_GOOD, "server",
		    "process %s takes connections", record_get(r, "pid"));
}

void
explain_server(
    const struct ctl *ctl, const struct question *q, struct standings *s)
{
	static const char *const status[] = {"status"};
	static const char *const penalties[] = {"penalties"};
	struct ctl quiet = *ctl;
	struct records answer = {0};
	size_t before;
	int result;

	quiet.quiet = true;
	if (ctl->socket == NULL && q->config->control_socket == NULL)
		result = CTL_NOT_RUNNING;
	else
		result = client_ask(&quiet, status, 1, &answer, NULL);
	if (result == CTL_NOT_RUNNING) {
		standing_add(s, STANDING_NOTE, "server",
		    "none answers for this configuration: penalties and "
		    "draining were not looked at");
		return;
	}
	if (result != CTL_OK || answer.count == 0) {
		standing_add(s,
		    geteuid() == 0 ? STANDING_UNKNOWN : STANDING_NOTE, "server",
		    "it was not asked for penalties and draining%s",
		    geteuid() == 0 ? ": it does not answer" :
				     ", which root alone may");
		records_free(&answer);
		return;
	}
	judge_status(&answer.items[0], s);
	records_free(&answer);
	memset(&answer, 0, sizeof(answer));
	before = s->count;
	if (client_ask(&quiet, penalties, 1, &answer, NULL) != CTL_OK)
		standing_add(
		    s, STANDING_UNKNOWN, "penalty", "the server does not tell");
	for (size_t i = 0; i < answer.count; i++)
		judge_penalty(&answer.items[i], q, s);
	if (s->count == before)
		standing_add(s, STANDING_GOOD, "penalty",
		    "there is none on this source");
	records_free(&answer);
}
