/*
 * Global requests, RFC 4254 section 4: remote forwards are the monitor's to
 * decide; the proof of host keys it makes.  Answers leave in the order in
 * which the client asked.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

struct request {
	struct channels *t;
	struct rd *r;
	bool want_reply;
};

typedef int request_handler(struct request *q);

static void
send_answer(struct channels *t, const struct global *g)
{
	struct buf *b = packet_start(t->w,
	    g->state == ANSWER_YES ? SSH_MSG_REQUEST_SUCCESS :
				     SSH_MSG_REQUEST_FAILURE);

	if (g->state == ANSWER_YES && g->tell_port)
		buf_u32(b, g->port);
	if (g->state == ANSWER_YES && g->proof_len != 0)
		buf_bytes(b, g->proof, g->proof_len);
	packet_send(t->w);
}

static void
forget(struct channels *t, struct global *g)
{
	TAILQ_REMOVE(&t->globals, g, next);
	t->n_globals--;
	free(g->proof);
	free(g);
}

static void
flush_answers(struct channels *t)
{
	struct global *g;

	while ((g = TAILQ_FIRST(&t->globals)) != NULL &&
	    g->state != ANSWER_WAITING) {
		if (g->want_reply)
			send_answer(t, g);
		forget(t, g);
	}
}

void
channels_globals_free(struct channels *t)
{
	while (!TAILQ_EMPTY(&t->globals))
		forget(t, TAILQ_FIRST(&t->globals));
}

static struct global *
push(struct request *q, enum global_kind kind, enum answer_state state)
{
	struct channels *t = q->t;
	struct global *g;

	if (t->n_globals >= GLOBALS_MAX)
		return NULL;
	g = mem_zalloc(sizeof(*g));
	g->kind = (uint8_t)kind;
	g->state = (uint8_t)state;
	g->want_reply = q->want_reply;
	g->request = t->next_request++;
	TAILQ_INSERT_TAIL(&t->globals, g, next);
	t->n_globals++;
	return g;
}

static int
answer_here(struct request *q, enum answer_state state)
{
	if (push(q, GLOBAL_LOCAL, state) == NULL)
		return E_LIMIT;
	flush_answers(q->t);
	return 0;
}

/* tcpip-forward and its cancellation share their fields. */
static int
tcp_request(struct request *q, bool listen)
{
	char *address = channel_text(q->r, WALL_HOST_MAX);
	uint32_t port = rd_u32(q->r);
	struct global *g;
	int err = rd_end(q->r);

	if (err != 0 || address == NULL || port > PORT_MAX) {
		free(address);
		return err != 0 ? err : answer_here(q, ANSWER_NO);
	}
	if ((g = push(q, GLOBAL_LISTEN, ANSWER_WAITING)) == NULL) {
		free(address);
		return E_LIMIT;
	}
	g->tell_port = listen && port == 0;
	if (listen)
		TELL(q->t->w, tcp_listen, .request = g->request,
		    .address = address, .port = port);
	else
		TELL(q->t->w, unlisten, .request = g->request,
		    .address = address, .port = port, .path = "");
	free(address);
	return 0;
}

static int
on_tcpip_forward(struct request *q)
{
	return tcp_request(q, true);
}

static int
on_cancel_tcpip_forward(struct request *q)
{
	return tcp_request(q, false);
}

static int
unix_request(struct request *q, bool listen)
{
	char *path = channel_text(q->r, WALL_PATH_MAX - 1);
	struct global *g;
	int err = rd_end(q->r);

	if (err != 0 || path == NULL || path[0] == '\0') {
		free(path);
		return err != 0 ? err : answer_here(q, ANSWER_NO);
	}
	if ((g = push(q, GLOBAL_LISTEN, ANSWER_WAITING)) == NULL) {
		free(path);
		return E_LIMIT;
	}
	if (listen)
		TELL(q->t->w, unix_listen, .request = g->request, .path = path);
	else
		TELL(q->t->w, unlisten, .request = g->request, .address = "",
		    .path = path);
	free(path);
	return 0;
}

static int
on_streamlocal_forward(struct request *q)
{
	return unix_request(q, true);
}

static int
on_cancel_streamlocal_forward(struct request *q)
{
	return unix_request(q, false);
}

static int
on_no_more_sessions(struct request *q)
{
	int err = rd_end(q->r);

	if (err != 0)
		return err;
	q->t->no_more_sessions = true;
	return answer_here(q, ANSWER_YES);
}

/* PROTOCOL 2.5: the client has key blobs it wants to see proven. */
static int
on_hostkeys_prove_req(struct request *q)
{
	struct bytes keys;
	struct rd inner;
	size_t len;

	keys.data = rd_rest(q->r, &keys.len);
	rd_init(&inner, keys.data, keys.len);
	do
		(void)rd_string(&inner, SSH_KEY_BLOB_MAX, &len);
	while (inner.err == 0 && rd_left(&inner) != 0);
	if (inner.err != 0)
		return inner.err;
	if (!q->want_reply || keys.len > WALL_KEYS_MAX ||
	    q->t->proofs >= PROOFS_MAX)
		return answer_here(q, ANSWER_NO);
	q->t->proofs++;
	if (push(q, GLOBAL_PROVE, ANSWER_WAITING) == NULL)
		return E_LIMIT;
	TELL(q->t->w, hostkeys_prove, .keys = keys);
	return 0;
}

static const struct {
	const char *name;
	request_handler *handler;
} requests[] = {
    {"tcpip-forward", on_tcpip_forward},
    {"cancel-tcpip-forward", on_cancel_tcpip_forward},
    {"streamlocal-forward@openssh.com", on_streamlocal_forward},
    {"cancel-streamlocal-forward@openssh.com", on_cancel_streamlocal_forward},
    {"no-more-sessions@openssh.com", on_no_more_sessions},
    {"hostkeys-prove-00@openssh.com", on_hostkeys_prove_req},
};

/* keepalive@openssh.com and all that is unknown: a failure is an answer. */
int
global_request(struct worker *w, struct rd *r)
{
	struct request q = {.t = w->channels, .r = r};
	const uint8_t *name;
	size_t len;

	if (q.t == NULL)
		return E_STATE;
	channels_announce(q.t);
	name = rd_string(r, SSH_PACKET_MAX, &len);
	q.want_reply = rd_bool(r);
	if (r->err != 0)
		return r->err;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strlen(requests[i].name) == len &&
		    memcmp(requests[i].name, name, len) == 0)
			return requests[i].handler(&q);
	return answer_here(&q, ANSWER_NO);
}

static struct global *
find(struct channels *t, enum global_kind kind, uint32_t request)
{
	struct global *g;

	if (t == NULL)
		return NULL;
	TAILQ_FOREACH(g, &t->globals, next)
	if (g->kind == kind && g->state == ANSWER_WAITING &&
	    (kind == GLOBAL_PROVE || g->request == request))
		return g;
	return NULL;
}

int
on_listening(struct worker *w, struct wall_message *m)
{
	struct global *g =
	    find(w->channels, GLOBAL_LISTEN, m->listening.request);

	if (g == NULL)
		return E_STATE;
	g->state = ANSWER_YES;
	g->port = m->listening.port;
	flush_answers(w->channels);
	return 0;
}

int
on_not_listening(struct worker *w, struct wall_message *m)
{
	struct global *g =
	    find(w->channels, GLOBAL_LISTEN, m->not_listening.request);

	if (g == NULL)
		return E_STATE;
	g->state = ANSWER_NO;
	flush_answers(w->channels);
	return 0;
}

int
on_hostkeys_proof(struct worker *w, struct wall_message *m)
{
	struct global *g = find(w->channels, GLOBAL_PROVE, 0);
	const struct bytes *s = &m->hostkeys_proof.signatures;

	if (g == NULL)
		return E_STATE;
	g->state = s->len != 0 ? ANSWER_YES : ANSWER_NO;
	g->proof = mem_dup(s->data, s->len);
	g->proof_len = s->len;
	flush_answers(w->channels);
	return 0;
}

/* Once, when the login is through: every host key (PROTOCOL 2.5). */
void
channels_announce(struct channels *t)
{
	struct buf *b;

	if (t->announced || t->w->phase != PHASE_OPEN)
		return;
	t->announced = true;
	if (t->hostkeys_len == 0)
		return;
	b = packet_start(t->w, SSH_MSG_GLOBAL_REQUEST);
	buf_text(b, "hostkeys-00@openssh.com");
	buf_bool(b, false);
	buf_bytes(b, t->hostkeys, t->hostkeys_len);
	packet_send(t->w);
}
