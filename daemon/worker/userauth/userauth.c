/*
 * SSH_MSG_SERVICE_REQUEST and the requests of RFC 4252: one at a time goes to
 * the monitor, which alone judges; while it does, nothing is read.
 */
#include "daemon/worker/userauth/userauth.h"

#include "daemon/worker/phases.h"
#include "daemon/worker/transport/transport.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 64
#define ANSWERS_MAX    128
/* A module asks 64 times at most; behind the wall's budget, which a client's
 * packets must not exhaust, the monitor would blame us. */
#define PACKETS_MAX 512

struct userauth *
userauth_new(struct worker *w)
{
	(void)w;
	return mem_zalloc(sizeof(struct userauth));
}

void
userauth_free(struct userauth *u)
{
	free(u);
}

int
userauth_service_request(struct worker *w, struct rd *r)
{
	char name[NAME_MAX_BYTES + 1];

	rd_text(r, name, sizeof(name));
	if (rd_end(r) == 0 && strcmp(name, "ssh-userauth") == 0) {
		w->phase = PHASE_USERAUTH;
		buf_text(packet_start(w, SSH_MSG_SERVICE_ACCEPT), name);
		packet_send(w);
		return 0;
	}
	if (rd_end(r) != 0)
		return rd_end(r);
	/* A description is UTF-8: the client's own bytes may not be. */
	for (char *p = name; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	worker_disconnect(w, BYE_PROTOCOL_ERROR,
	    SSH_DISCONNECT_SERVICE_NOT_AVAILABLE, "bad service request %s",
	    name);
	return 0;
}

static struct bytes
take(struct rd *r, size_t max)
{
	struct bytes b;

	b.data = rd_string(r, max, &b.len);
	return b;
}

int
userauth_request(struct worker *w, struct rd *r)
{
	struct userauth *u = w->userauth;
	struct bytes user = take(r, SSH_USER_MAX);
	struct bytes service = take(r, NAME_MAX_BYTES);
	struct bytes method = take(r, NAME_MAX_BYTES);
	int err = r->err;

	if (err == 0)
		err = method_parse(w, r, user, service, method);
	if (err != 0)
		return err;
	/* In a dialogue this abandons it: RFC 4256 section 3.1. */
	u->state = USERAUTH_PENDING;
	transport_hold(w, HOLD_AUTH);
	return 0;
}

/* RFC 4256 section 3.4. */
static int
answers(struct worker *w, struct rd *r)
{
	uint32_t count = rd_u32(r);
	struct bytes all;
	size_t len, at = r->pos;

	if (count > ANSWERS_MAX)
		rd_fail(r, E_LIMIT);
	for (uint32_t i = 0; i < count && r->err == 0; i++)
		rd_string(r, WALL_ASK_MAX, &len);
	if (r->err == 0 && r->pos - at > WALL_ASK_MAX)
		rd_fail(r, E_TOO_LARGE);
	if (rd_end(r) != 0)
		return rd_end(r);
	all = (struct bytes){&r->data[at], r->pos - at};
	w->userauth->state = USERAUTH_PENDING;
	transport_hold(w, HOLD_AUTH);
	TELL(w, auth_answers, .count = count, .responses = all);
	return 0;
}

/* A packet of a module's method, for the module to read. */
static int
method_packet(struct worker *w, struct rd *r)
{
	uint8_t number = r->data[0];
	struct bytes payload;

	payload.data = rd_rest(r, &payload.len);
	if (payload.len > WALL_ASK_MAX)
		return E_TOO_LARGE;
	if (++w->userauth->packets > PACKETS_MAX)
		return E_LIMIT;
	TELL(w, auth_packet, .number = number, .payload = payload);
	return 0;
}

/* 51 to 53 and 60 to 79; only in a dialogue of ours are they expected. */
int
userauth_method_packet(struct worker *w, struct rd *r)
{
	uint8_t number = r->data[0];

	if (w->userauth->state == USERAUTH_ASKING &&
	    number == SSH_MSG_USERAUTH_INFO_RESPONSE)
		return answers(w, r);
	if (w->userauth->state == USERAUTH_METHOD && number >= 60)
		return method_packet(w, r);
	return transport_unknown(w, r);
}
