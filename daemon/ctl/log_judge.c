/*
 * Checks the records of a log: walks each chain in the order of its numbers,
 * then compares it with the server's own records about it and with the
 * checkpoints that a host key has signed.
 */
#include "daemon/ctl/log_book.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/digest.h"
#include "lib/ssh/key.h"
#include "lib/ssh/sshsig.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAY_MAX 512

static void tell(struct log_judge *j, bool finding, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void
tell(struct log_judge *j, bool finding, const char *format, ...)
{
	char text[SAY_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	j->findings += finding;
	j->say(finding, text, j->arg);
}

static const char *
kind_text(enum log_kind kind)
{
	return kind == LOG_SD ? "rfc5424" :
	    kind == LOG_JSON  ? "json" :
				"journal";
}

static int
compare(const void *one, const void *other)
{
	const struct log_record *a = one, *b = other;
	int order;

	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if ((order = strcmp(a->chain, b->chain)) != 0)
		return order;
	if (a->number != b->number)
		return a->number < b->number ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static bool
same_chain(const struct log_record *a, const struct log_record *b)
{
	return a->kind == b->kind && strcmp(a->chain, b->chain) == 0;
}

static bool
same_text(const struct log_record *a, const struct log_record *b)
{
	return a->text_len == b->text_len && a->rest_len == b->rest_len &&
	    memcmp(a->text, b->text, a->text_len) == 0 &&
	    memcmp(a->rest, b->rest, a->rest_len) == 0 &&
	    memcmp(a->hash, b->hash, AUDIT_HASH) == 0;
}

/* Does r follow one with this hash?  before NULL: it is the first. */
static bool
follows(const struct log_record *r, const uint8_t *before)
{
	struct digest_part first[] = {
	    {AUDIT_CHAIN_TEXT, sizeof(AUDIT_CHAIN_TEXT) - 1},
	    {r->chain, strlen(r->chain)}, {"\n", 1}};
	uint8_t start[AUDIT_HASH], hash[AUDIT_HASH];
	struct digest_part parts[] = {{before, AUDIT_HASH},
	    {r->text, r->text_len}, {r->rest, r->rest_len}};

	if (before == NULL) {
		if (digest_parts(DIGEST_SHA256, first, 3, start, 0) != 0)
			return false;
		parts[0].data = start;
	}
	return digest_parts(DIGEST_SHA256, parts, 3, hash, 0) == 0 &&
	    memcmp(hash, r->hash, AUDIT_HASH) == 0;
}

static void
tell_beginning(struct log_judge *j, const struct log_record *r)
{
	if (r->number == 1)
		return;
	tell(j, !j->partial,
	    "missing: records 1 to %" PRIu64 " of chain %s (%s), before "
	    "%s:%" PRIu64 " (%s)",
	    r->number - 1, r->chain, kind_text(r->kind), r->file, r->line,
	    r->event);
}

static void
tell_step(
    struct log_judge *j, const struct log_record *a, const struct log_record *r)
{
	if (r->number == a->number) {
		tell(j, true,
		    "%s: record %" PRIu64 " of chain %s, at %s:%" PRIu64
		    " and %s:%" PRIu64,
		    same_text(a, r) ? "doubled" : "changed", r->number,
		    r->chain, a->file, a->line, r->file, r->line);
		return;
	}
	if (r->number != a->number + 1)
		tell(j, true,
		    "missing: records %" PRIu64 " to %" PRIu64
		    " of chain %s, between %s:%" PRIu64 " (%s) and %s:%" PRIu64
		    " (%s)",
		    a->number + 1, r->number - 1, r->chain, a->file, a->line,
		    a->event, r->file, r->line, r->event);
	else if (!follows(r, a->hash))
		tell(j, true,
		    "changed: record %" PRIu64 " of chain %s at %s:%" PRIu64
		    " (%s), or the one before it",
		    r->number, r->chain, r->file, r->line, r->event);
}

/* The record of that number, NULL: there is none. */
static const struct log_record *
find_record(const struct log_book *b, enum log_kind kind, const char *chain,
    uint64_t number)
{
	size_t low = 0, high = b->count;
	struct log_record wanted = {.kind = kind, .number = number};

	snprintf(wanted.chain, sizeof(wanted.chain), "%s", chain);
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&b->records[middle], &wanted) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == b->count || !same_chain(&b->records[low], &wanted) ||
	    b->records[low].number != number)
		return NULL;
	return &b->records[low];
}

/* "number:hash" of the last record of a process that has ended. */
static void
judge_head(const struct log_book *b, struct log_judge *j,
    const struct log_record *by, const char *chain, const char *head)
{
	const char *colon = strchr(head, ':');
	uint64_t number = strtoull(head, NULL, 10);
	bool alive = strchr(head, '+') != NULL;
	const struct log_record *last;
	uint8_t hash[AUDIT_HASH];

	if (colon == NULL || number == 0 ||
	    !audit_chain_unhex(&colon[1], strcspn(&colon[1], "+"), hash))
		return;
	last = find_record(b, by->kind, chain, number);
	if (last == NULL && find_record(b, by->kind, chain, 1) == NULL) {
		tell(j, !j->partial,
		    "missing: all %" PRIu64
		    " records of chain %s, which %s:%" PRIu64 " counts",
		    number, chain, by->file, by->line);
		return;
	}
	if (last == NULL)
		tell(j, true,
		    "missing: the end of chain %s, up to record %" PRIu64
		    ", which %s:%" PRIu64 " counts",
		    chain, number, by->file, by->line);
	else if (memcmp(last->hash, hash, AUDIT_HASH) != 0)
		tell(j, true,
		    "changed: chain %s does not end at %s:%" PRIu64
		    " as %s:%" PRIu64 " says",
		    chain, last->file, last->line, by->file, by->line);
	if (!alive && find_record(b, by->kind, chain, number + 1) != NULL)
		tell(j, true,
		    "changed: chain %s goes on behind record %" PRIu64
		    ", its last as %s:%" PRIu64 " says",
		    chain, number, by->file, by->line);
}

static const struct log_name heads_name = {
    "h_", "sallyport.heads.", "SALLYPORT_M_"};
static const struct log_name signature_name = {
    "sig_", "sallyport.signature.", "SALLYPORT_M_"};
static const struct log_name number_name = {
    "number", "sallyport.number", "SALLYPORT_NUMBER"};
static const struct log_name head_name = {
    "chead", "sallyport.chain_head", "SALLYPORT_CHAIN_HEAD"};
static const struct log_name at_name = {"at", "sallyport.at", "SALLYPORT_AT"};
static const struct log_name last_name = {
    "last", "sallyport.last", "SALLYPORT_LAST"};

static void
judge_heads(
    const struct log_book *b, struct log_judge *j, const struct log_record *r)
{
	char chain[AUDIT_CHAIN_SIZE], head[128];
	size_t at = 0;

	while (log_pair(
	    r, &heads_name, &at, chain, sizeof(chain), head, sizeof(head)))
		if (strlen(chain) == AUDIT_CHAIN_SIZE - 1)
			judge_head(b, j, r, chain, head);
}

/* The pieces of a checkpoint's signature, in the order in which they stand. */
static bool
read_signature(const struct log_record *r, struct buf *blob)
{
	char pieces[12][260], name[8];
	char value[260];
	size_t at = 0, count = 0;
	struct buf text;
	bool ok;

	memset(pieces, 0, sizeof(pieces));
	while (log_pair(r, &signature_name, &at, name, sizeof(name), value,
	    sizeof(value))) {
		unsigned long n = strtoul(name, NULL, 10);

		if (n < 1 || n > 12)
			continue;
		memcpy(pieces[n - 1], value, sizeof(value));
		count++;
	}
	buf_init(&text, sizeof(pieces));
	for (size_t i = 0; i < 12; i++)
		buf_bytes(&text, pieces[i], strlen(pieces[i]));
	ok = count > 0 && buf_end(&text) == 0 &&
	    base64_decode((const char *)text.data, text.len, blob) == 0;
	buf_free(&text);
	return ok;
}

static int
verify(const struct log_judge *j, const struct log_record *r,
    const struct buf *blob, const char *head, const char *at, bool last)
{
	uint8_t hash[SSHSIG_HASH];
	struct sshsig s = {0};
	char number[24], text[512];
	int n, err = sshsig_parse(blob->data, blob->len, &s);

	(void)log_member(r, &number_name, number, sizeof(number));
	n = snprintf(text, sizeof(text), AUDIT_CHECKPOINT_FORM, r->chain,
	    strtoull(number, NULL, 10), head, at, last ? "yes" : "no");
	if (err == 0)
		err = sshsig_hash(text, (size_t)n, hash);
	if (err == 0)
		err = sshsig_verify(
		    &s, SSHSIG_CHECKPOINT, hash, j->keys, j->n_keys);
	sshsig_free(&s);
	return err;
}

static void
judge_signature(struct log_judge *j, const struct log_record *r,
    const char *head, const char *at, bool last)
{
	struct buf blob;
	int err;

	buf_init(&blob, SSHSIG_MAX);
	if (!read_signature(r, &blob)) {
		tell(j, false, "not signed: the checkpoint at %s:%" PRIu64,
		    r->file, r->line);
	} else if (j->n_keys > 0) {
		err = verify(j, r, &blob, head, at, last);
		if (err != 0)
			tell(j, true,
			    "changed: the signature of the checkpoint at "
			    "%s:%" PRIu64 ": %s",
			    r->file, r->line,
			    err == E_DENIED ? "by none of the keys given" :
					      err_text(err));
		else
			j->signatures++;
	}
	buf_free(&blob);
}

/* True: nothing follows in this chain. */
static bool
judge_checkpoint(
    const struct log_book *b, struct log_judge *j, const struct log_record *r)
{
	char number[24], head[AUDIT_HASH_HEX], at[40], last[8];
	const struct log_record *meant;
	uint8_t hash[AUDIT_HASH];
	bool ends = log_member(r, &last_name, last, sizeof(last));

	j->checkpoints++;
	if (!log_member(r, &number_name, number, sizeof(number)) ||
	    !log_member(r, &head_name, head, sizeof(head)) ||
	    !log_member(r, &at_name, at, sizeof(at)) ||
	    !audit_chain_unhex(head, strlen(head), hash)) {
		tell(j, true, "changed: the checkpoint at %s:%" PRIu64, r->file,
		    r->line);
		return ends;
	}
	if (strcmp(at, j->newest) > 0)
		snprintf(j->newest, sizeof(j->newest), "%s", at);
	meant = find_record(b, r->kind, r->chain, strtoull(number, NULL, 10));
	if (meant != NULL && memcmp(meant->hash, hash, AUDIT_HASH) != 0)
		tell(j, true,
		    "changed: record %s of chain %s at %s:%" PRIu64
		    " is not the one that was signed",
		    number, r->chain, meant->file, meant->line);
	judge_signature(j, r, head, at, ends);
	return ends;
}

/* One chain: records[from] to records[to - 1]. */
static void
judge_chain(
    const struct log_book *b, struct log_judge *j, size_t from, size_t to)
{
	const struct log_record *r = &b->records[from];
	bool ended = false;

	j->chains++;
	tell_beginning(j, r);
	if (r->number == 1 && !follows(r, NULL))
		tell(j, true,
		    "changed: record 1 of chain %s at %s:%" PRIu64 " (%s)",
		    r->chain, r->file, r->line, r->event);
	for (size_t i = from; i < to; i++) {
		r = &b->records[i];
		if (i > from)
			tell_step(j, &b->records[i - 1], r);
		if (strcmp(r->event, "audit.heads") == 0)
			judge_heads(b, j, r);
		if (strcmp(r->event, "audit.checkpoint") == 0)
			ended = judge_checkpoint(b, j, r) || ended;
		if (strcmp(r->event, "log.drop") == 0)
			tell(j, false,
			    "%s:%" PRIu64
			    ": the server itself says that records were lost",
			    r->file, r->line);
		ended = ended || strcmp(r->event, "conn.close") == 0;
	}
	if (ended)
		return;
	j->open++;
	tell(j, false,
	    "open: chain %s goes no further than record %" PRIu64
	    " at %s:%" PRIu64 " (%s)",
	    r->chain, r->number, r->file, r->line, r->event);
}

bool
log_book_judge(struct log_book *b, struct log_judge *j)
{
	size_t from = 0;

	if (b->count > 0)
		qsort(b->records, b->count, sizeof(*b->records), compare);
	for (size_t i = 1; i <= b->count; i++) {
		if (i < b->count &&
		    same_chain(&b->records[i], &b->records[from]))
			continue;
		judge_chain(b, j, from, i);
		from = i;
	}
	return j->findings == 0;
}
