/*
 * When keys are exchanged, and the first step of it: both KEXINITs and the
 * choice they lead to (RFC 4253 sections 7.1 and 9).
 */
#include "daemon/worker/phases.h"
#include "daemon/worker/transport/transport.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <string.h>

/* RFC 4344 section 3.1: well before the sequence number repeats. */
#define PACKETS_MAX (UINT64_C(1) << 31)

static void exchange_late(void *arg);

static void
start_deadline(struct transport *t)
{
	t->ex.heard = t->ex.reads = false;
	loop_timer_start(t->w->loop, &t->ex.deadline,
	    t->ex.again ? EXCHANGE_MS : HELLO_MS, exchange_late, t);
}

/*
 * A later exchange is late only if the peer had the time to answer: a
 * suspended client says nothing, and a slow reader meets our KEXINIT behind
 * all that was sent before it, and meanwhile grants windows for that.
 */
static bool
may_still_answer(const struct transport *t)
{
	const struct exchange *ex = &t->ex;

	return ex->again &&
	    (!ex->heard || ex->reads || region_used(&t->tx) > 0 ||
		sockopt_unsent(t) > 0);
}

static void
exchange_late(void *arg)
{
	struct transport *t = arg;

	if (may_still_answer(t)) {
		start_deadline(t);
		return;
	}
	worker_disconnect(t->w, BYE_TIMEOUT, SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
	    "key exchange took too long");
}

void
kexinit_ours(const struct worker_settings *s,
    const uint8_t cookie[KEXINIT_COOKIE], struct buf *b)
{
	kexinit_write(b, cookie, &s->offer);
}

/* The first is the greeting's, if the client has had it. */
static void
make_ours(struct transport *t)
{
	uint8_t cookie[KEXINIT_COOKIE];

	if (t->settings->greeted && !t->ex.again)
		memcpy(cookie, t->settings->cookie, sizeof(cookie));
	else
		output_random(t, cookie, sizeof(cookie));
	buf_init(&t->ex.ours, SSH_KEXINIT_MAX);
	kexinit_ours(t->settings, cookie, &t->ex.ours);
}

void
kexinit_begin(struct transport *t)
{
	struct exchange *ex = &t->ex;

	if (ex->sent)
		return;
	make_ours(t);
	output_now(t, ex->ours.data, ex->ours.len);
	ex->sent = true;
	if (ex->stage == STAGE_NONE)
		ex->stage = STAGE_KEXINIT;
	loop_timer_stop(&ex->due);
	if (!loop_timer_running(&ex->deadline))
		start_deadline(t);
}

static bool
over(const struct transport *t, const struct direction *d)
{
	return d->packets >= PACKETS_MAX || d->bytes >= d->bytes_max ||
	    (t->rekey_bytes != 0 && d->bytes >= t->rekey_bytes);
}

void
kexinit_check_limits(struct transport *t)
{
	if (t->ex.stage == STAGE_NONE && t->w->phase == PHASE_OPEN &&
	    (over(t, &t->to) || over(t, &t->from)))
		kexinit_begin(t);
}

/*
 * Its time has come, but a peer that is silent, perhaps suspended, is left
 * alone: there is nothing to protect.
 */
static void
exchange_due(void *arg)
{
	struct transport *t = arg;

	t->ex.timed = true;
}

void
kexinit_heard(struct transport *t, uint8_t number)
{
	struct exchange *ex = &t->ex;

	if (ex->sent) {
		ex->heard = true;
		if (number == SSH_MSG_CHANNEL_WINDOW_ADJUST)
			ex->reads = true;
	} else if (ex->timed && ex->stage == STAGE_NONE &&
	    t->w->phase == PHASE_OPEN) {
		kexinit_begin(t);
	}
}

void
kexinit_schedule(struct transport *t)
{
	t->ex.timed = false;
	if (t->rekey_seconds != 0)
		loop_timer_start(t->w->loop, &t->ex.due,
		    (uint64_t)t->rekey_seconds * 1000, exchange_due, t);
}

static int
no_match(
    struct transport *t, const struct kexinit *client, enum kexinit_list failed)
{
	const struct kexinit_names *list = &client->lists[failed];
	const char *kind = kexinit_list_name(failed);
	char offer[WALL_TEXT_MAX + 1];
	size_t len = list->len < WALL_TEXT_MAX ? list->len : WALL_TEXT_MAX;

	memcpy(offer, list->data, len);
	offer[len] = '\0';
	TELL(t->w, negotiation_failed, .kind = kind, .offer = offer);
	worker_disconnect(t->w, BYE_NEGOTIATION_FAILED,
	    SSH_DISCONNECT_KEY_EXCHANGE_FAILED,
	    "no matching %s found. Their offer: %.800s", kind, offer);
	return E_NO_MATCH;
}

/* Both KEXINITs are here. */
static int
negotiate(struct transport *t)
{
	struct exchange *ex = &t->ex;
	struct kexinit client, server;
	enum kexinit_list failed = KEXINIT_KEX;
	int err;

	err = kexinit_parse(ex->theirs.data, ex->theirs.len, &client);
	if (err == 0)
		err = kexinit_parse(ex->ours.data, ex->ours.len, &server);
	if (err != 0)
		return err;
	err = kexinit_negotiate(&client, &server, &ex->choice, &failed);
	if (err != 0)
		return no_match(t, &client, failed);
	ex->drop_guess = ex->choice.drop_guess;
	if (!ex->again) {
		ex->strict = ex->choice.strict;
		ex->ext_info = ex->choice.ext_info;
		/* Strict: KEXINIT is the first packet of all. */
		if (ex->strict && t->from.seq != 0) {
			worker_disconnect(t->w, BYE_PROTOCOL_ERROR,
			    SSH_DISCONNECT_PROTOCOL_ERROR,
			    "strict KEX violation: KEXINIT was not the "
			    "first packet");
			return E_STATE;
		}
	}
	return exchange_begin(t);
}

static void
pace_over(void *arg)
{
	struct transport *t = arg;
	int err;

	if (t->w->phase == PHASE_CLOSING)
		return;
	t->ex.tokens = 0;
	t->ex.tokens_at = loop_now(t->w->loop);
	kexinit_begin(t);
	err = negotiate(t);
	if (err != 0)
		worker_packet_failed(t->w, SSH_MSG_KEXINIT, err);
	transport_release(t->w, HOLD_PACE);
}

/*
 * A token bucket for the exchanges a client asks for; traffic earns tokens
 * too, as a small limit on the client's side is no attack.  Milliseconds to
 * wait for one.
 */
static uint64_t
take_token(struct transport *t)
{
	struct exchange *ex = &t->ex;
	uint64_t now = loop_now(t->w->loop);
	uint64_t total = t->from.total + t->to.total;

	ex->tokens +=
	    (double)(now - ex->tokens_at) / 1000.0 * REKEY_TOKENS_PER_S;
	ex->tokens += (double)(total - ex->tokens_total) / REKEY_TOKEN_BYTES;
	ex->tokens_at = now;
	ex->tokens_total = total;
	if (ex->tokens > REKEY_TOKENS)
		ex->tokens = REKEY_TOKENS;
	if (ex->tokens >= 1.0) {
		ex->tokens -= 1.0;
		return 0;
	}
	return (uint64_t)((1.0 - ex->tokens) * 1000.0 / REKEY_TOKENS_PER_S) + 1;
}

int
transport_kexinit(struct worker *w, struct rd *r)
{
	struct transport *t = w->transport;
	struct exchange *ex = &t->ex;
	uint64_t wait = 0;

	if (ex->received)
		return E_STATE;
	if (r->len > SSH_KEXINIT_MAX)
		return E_TOO_LARGE;
	/* The monitor signs once before the login. */
	if (ex->again && w->phase != PHASE_OPEN)
		return E_STATE;
	ex->received = true;
	buf_init(&ex->theirs, SSH_KEXINIT_MAX);
	buf_bytes(&ex->theirs, r->data, r->len);
	if (ex->again && !ex->sent)
		wait = take_token(t);
	if (wait != 0) {
		ex->stage = STAGE_KEXINIT;
		transport_hold(w, HOLD_PACE);
		loop_timer_start(w->loop, &ex->pace, wait, pace_over, t);
		return 0;
	}
	kexinit_begin(t);
	return negotiate(t);
}
