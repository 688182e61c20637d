/*
 * Heads and checkpoints of the log.  The heads of monitors that have ended,
 * read from their slots, so that a monitor that was killed is told of, too, go
 * into a record of the server's own chain, several at a time.  A checkpoint
 * says how far that chain has come, and is signed by the keyholder.
 */
#include "daemon/master/ledger.h"

#include "lib/audit.h"
#include "lib/err.h"
#include "lib/loop.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/sshsig.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HEADS	 AUDIT_PAIRS_MAX
#define HEAD_MAX 96 /* a number, a colon, a hash */
#define PIECE	 240 /* of a signature */
#define LAST_MS	 2000

static struct {
	struct loop *loop;
	struct loop_timer timer;
	uint32_t seconds;
	ledger_keyholder_fn *keyholder;
	void *arg;
	/* Heads of monitors that have ended, until they are written. */
	size_t count;
	char names[HEADS][AUDIT_CHAIN_SIZE];
	struct audit_heads heads[HEADS];
	bool alive[HEADS]; /* it may write more */
	/* Asked for, by output; number 0: nothing. */
	struct {
		uint32_t number;
		struct audit_link link;
		char at[32];
		bool last;
	} asked[AUDIT_CHAINS];
	uint32_t next;
	uint64_t signed_at; /* ms, 0: never */
} ledger;

static void
tell_heads(size_t output)
{
	char texts[HEADS][HEAD_MAX], hex[AUDIT_HASH_HEX];
	struct audit_pairs pairs = {0};
	struct audit_heads *h;

	for (size_t i = 0; i < ledger.count; i++) {
		h = &ledger.heads[i];
		if (h->number[output] == 0)
			continue;
		audit_chain_hex(h->hash[output][h->number[output] & 1], hex);
		snprintf(texts[i], HEAD_MAX, "%llu:%s%s",
		    (unsigned long long)h->number[output], hex,
		    ledger.alive[i] ? "+" : "");
		pairs.names[pairs.count] = ledger.names[i];
		pairs.values[pairs.count++] = texts[i];
	}
	if (pairs.count > 0)
		AUDIT_TO(
		    output, audit_heads, .count = pairs.count, .heads = &pairs);
}

void
ledger_flush(void)
{
	for (size_t i = 0; ledger.count > 0 && i < AUDIT_CHAINS; i++)
		tell_heads(i);
	ledger.count = 0;
}

void
ledger_take(uint64_t connection, const struct audit_heads *heads, bool alive)
{
	bool any = false;

	for (size_t i = 0; i < AUDIT_CHAINS; i++)
		any = any || heads->number[i] != 0;
	if (!any)
		return;
	if (ledger.count == HEADS)
		ledger_flush();
	snprintf(ledger.names[ledger.count], AUDIT_CHAIN_SIZE, "%016llx",
	    (unsigned long long)connection);
	ledger.alive[ledger.count] = alive;
	ledger.heads[ledger.count++] = *heads;
}

static void
tell_checkpoint(
    size_t output, const struct audit_pairs *pieces, const char *reason)
{
	char head[AUDIT_HASH_HEX];

	audit_chain_hex(ledger.asked[output].link.hash, head);
	AUDIT_TO(output, audit_checkpoint,
	    .number = ledger.asked[output].link.number, .chain_head = head,
	    .at = ledger.asked[output].at, .last = ledger.asked[output].last,
	    .reason = reason, .signature = pieces);
	ledger.asked[output].number = 0;
}

static void
tell_signed(size_t output, const uint8_t *blob, size_t len)
{
	static const char *const names[AUDIT_PAIRS_MAX] = {
	    "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12"};
	char text[BASE64_SIZE(SSHSIG_MAX)], cut[AUDIT_PAIRS_MAX][PIECE + 1];
	size_t n = base64_encode(blob, len, text, sizeof(text)), at = 0;
	struct audit_pairs pieces = {0};

	if (n > AUDIT_PAIRS_MAX * (size_t)PIECE) {
		tell_checkpoint(output, NULL, "the signature is too long");
		return;
	}
	for (; at < n; at += PIECE) {
		snprintf(cut[pieces.count], PIECE + 1, "%s", &text[at]);
		pieces.names[pieces.count] = names[pieces.count];
		pieces.values[pieces.count] = cut[pieces.count];
		pieces.count++;
	}
	ledger.signed_at = loop_clock();
	tell_checkpoint(output, &pieces, NULL);
}

/* The bytes that are signed; sallyportctl audit verify makes them, too. */
static int
hash_statement(size_t output, uint8_t hash[SSHSIG_HASH])
{
	char text[512], hex[AUDIT_HASH_HEX];
	int n;

	audit_chain_hex(ledger.asked[output].link.hash, hex);
	n = snprintf(text, sizeof(text), AUDIT_CHECKPOINT_FORM,
	    audit_chain_name(),
	    (unsigned long long)ledger.asked[output].link.number, hex,
	    ledger.asked[output].at, ledger.asked[output].last ? "yes" : "no");
	return sshsig_hash(text, (size_t)n, hash);
}

static void
now_text(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

static void
ask(size_t output, bool last)
{
	struct wall *wall =
	    ledger.keyholder == NULL ? NULL : ledger.keyholder(ledger.arg);
	uint8_t hash[SSHSIG_HASH];
	struct audit_link link;

	if (ledger.asked[output].number != 0)
		tell_checkpoint(output, NULL, "the keyholder did not answer");
	if (!audit_chain_head(output, &link))
		return;
	ledger.asked[output].link = link;
	ledger.asked[output].number = ++ledger.next;
	ledger.asked[output].last = last;
	now_text(ledger.asked[output].at, sizeof(ledger.asked[output].at));
	if (wall == NULL || hash_statement(output, hash) != 0 ||
	    WALL_SEND(wall, checkpoint, .number = ledger.asked[output].number,
		.hash = {.data = hash, .len = sizeof(hash)}) != 0)
		tell_checkpoint(output, NULL, "there is no keyholder");
}

void
ledger_signed(const struct msg_checkpoint_signed *m)
{
	for (size_t i = 0; i < AUDIT_CHAINS; i++) {
		if (ledger.asked[i].number != m->number || m->number == 0)
			continue;
		if (m->blob.len == 0)
			tell_checkpoint(i, NULL, "the keyholder could not");
		else
			tell_signed(i, m->blob.data, m->blob.len);
	}
}

static void
on_timer(void *arg)
{
	(void)arg;
	ledger_flush();
	for (size_t i = 0; i < AUDIT_CHAINS; i++)
		ask(i, false);
	loop_timer_start(ledger.loop, &ledger.timer, ledger.seconds * 1000ULL,
	    on_timer, NULL);
}

void
ledger_start(struct loop *loop, uint32_t seconds,
    ledger_keyholder_fn *keyholder, void *arg)
{
	ledger.loop = loop;
	ledger.seconds = seconds;
	ledger.keyholder = keyholder;
	ledger.arg = arg;
	loop_timer_start(
	    loop, &ledger.timer, seconds * 1000ULL, on_timer, NULL);
}

static bool
waits(void)
{
	for (size_t i = 0; i < AUDIT_CHAINS; i++)
		if (ledger.asked[i].number != 0)
			return true;
	return false;
}

void
ledger_end(void)
{
	uint64_t until = loop_clock() + LAST_MS, now;
	struct wall_message m;
	struct wall *wall;
	int err;

	if (ledger.keyholder == NULL)
		return;
	ledger_flush();
	for (size_t i = 0; i < AUDIT_CHAINS; i++)
		ask(i, true);
	wall = ledger.keyholder(ledger.arg);
	while (wall != NULL && waits() && (now = loop_clock()) < until) {
		struct pollfd p = {.fd = wall->fd, .events = POLLIN};

		(void)poll(&p, 1, (int)(until - now));
		if ((err = wall_receive(wall, &m)) == E_AGAIN)
			continue;
		if (err != 0)
			break;
		if (m.type == MSG_checkpoint_signed)
			ledger_signed(&m.checkpoint_signed);
		wall_done(wall, &m);
	}
	for (size_t i = 0; i < AUDIT_CHAINS; i++)
		if (ledger.asked[i].number != 0)
			tell_checkpoint(
			    i, NULL, "the keyholder did not answer");
}

bool
ledger_age(uint64_t *seconds)
{
	if (ledger.signed_at == 0)
		return false;
	*seconds = (loop_clock() - ledger.signed_at) / 1000;
	return true;
}
