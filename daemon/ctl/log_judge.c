/*
 * Checks the records of a log: first the checkpoints, which say how much of the
 * server's chain is signed; then the heads, by which that chain counts others;
 * then each chain is walked in the order of its numbers.
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
static struct log_record *
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

/* "number:hash", and "+" if more may follow. */
static bool
read_head(
    const char *head, uint64_t *number, uint8_t hash[AUDIT_HASH], bool *alive)
{
	const char *colon = strchr(head, ':');

	if (colon == NULL)
		return false;
	*number = strtoull(head, NULL, 10);
	*alive = head[strlen(head) - 1] == '+';
	return *number != 0 &&
	    audit_chain_unhex(
		&colon[1], strlen(&colon[1]) - (*alive ? 1 : 0), hash);
}

/* True: nothing is there, and that has been told. */
static bool
tell_absent(const struct log_book *b, struct log_judge *j,
    const struct log_record *by, const char *chain, uint64_t number)
{
	if (find_record(b, by->kind, chain, number) != NULL)
		return false;
	if (find_record(b, by->kind, chain, 1) == NULL)
		tell(j, !j->partial,
		    "missing: all %" PRIu64
		    " records of chain %s, which %s:%" PRIu64 " counts",
		    number, chain, by->file, by->line);
	else
		tell(j, true,
		    "missing: the end of chain %s, up to record %" PRIu64
		    ", which %s:%" PRIu64 " counts",
		    chain, number, by->file, by->line);
	return true;
}

/* Compares the end of another chain with a record of the server about it.
 * credible: that record is signed, as far as that was asked for. */
static void
judge_head(const struct log_book *b, struct log_judge *j,
    const struct log_record *by, const char *chain, const char *head,
    bool credible)
{
	uint8_t hash[AUDIT_HASH];
	struct log_record *last;
	uint64_t number;
	bool alive;

	if (strlen(chain) != AUDIT_CHAIN_SIZE - 1 ||
	    !read_head(head, &number, hash, &alive)) {
		tell(j, true,
		    "changed: %s:%" PRIu64
		    " counts a chain in a way that is not understood",
		    by->file, by->line);
		return;
	}
	if (tell_absent(b, j, by, chain, number))
		return;
	last = find_record(b, by->kind, chain, number);
	if (memcmp(last->hash, hash, AUDIT_HASH) != 0)
		tell(j, true,
		    "changed: chain %s does not end at %s:%" PRIu64
		    " as %s:%" PRIu64 " says",
		    chain, last->file, last->line, by->file, by->line);
	else
		last->counted = last->counted || (credible && !alive);
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
judge_heads(const struct log_book *b, struct log_judge *j,
    const struct log_record *r, bool credible)
{
	char chain[AUDIT_CHAIN_SIZE], head[128];
	size_t at = 0;

	while (log_pair(
	    r, &heads_name, &at, chain, sizeof(chain), head, sizeof(head)))
		judge_head(b, j, r, chain, head, credible);
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

/* True: it is signed by a key that was given. */
static bool
judge_signature(struct log_judge *j, const struct log_record *r,
    const char *head, const char *at, bool last)
{
	struct buf blob;
	int err = E_NOT_FOUND;

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
	return err == 0;
}

static void
judge_checkpoint(
    const struct log_book *b, struct log_judge *j, struct log_record *r)
{
	char number[24], head[AUDIT_HASH_HEX], at[40], last[8];
	struct log_record *meant;
	uint8_t hash[AUDIT_HASH];
	bool ends = log_member(r, &last_name, last, sizeof(last)), is_signed;

	j->checkpoints++;
	if (!log_member(r, &number_name, number, sizeof(number)) ||
	    !log_member(r, &head_name, head, sizeof(head)) ||
	    !log_member(r, &at_name, at, sizeof(at)) ||
	    !audit_chain_unhex(head, strlen(head), hash)) {
		tell(j, true, "changed: the checkpoint at %s:%" PRIu64, r->file,
		    r->line);
		return;
	}
	if (strcmp(at, j->newest) > 0)
		snprintf(j->newest, sizeof(j->newest), "%s", at);
	is_signed = judge_signature(j, r, head, at, ends);
	/* An end that nobody signed may be anybody's. */
	r->ends = ends && (is_signed || j->n_keys == 0);
	meant = find_record(b, r->kind, r->chain, strtoull(number, NULL, 10));
	if (meant == NULL)
		return;
	if (memcmp(meant->hash, hash, AUDIT_HASH) == 0)
		meant->is_signed = meant->is_signed || is_signed;
	else
		tell(j, true,
		    "changed: record %s of chain %s at %s:%" PRIu64
		    " is not the one that was signed",
		    number, r->chain, meant->file, meant->line);
}

/* ---- chains: records[from] to records[to - 1] each ---- */

static bool
is_event(const struct log_record *r, const char *event)
{
	return strcmp(r->event, event) == 0;
}

static void
judge_checkpoints(
    const struct log_book *b, struct log_judge *j, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++)
		if (is_event(&b->records[i], "audit.checkpoint"))
			judge_checkpoint(b, j, &b->records[i]);
}

/* The number of the last record that a signature covers; 0: none does. */
static uint64_t
signed_up_to(const struct log_book *b, size_t from, size_t to)
{
	for (size_t i = to; i > from; i--)
		if (b->records[i - 1].is_signed)
			return b->records[i - 1].number;
	return 0;
}

static void
judge_counts(
    const struct log_book *b, struct log_judge *j, size_t from, size_t to)
{
	uint64_t covered =
	    j->n_keys == 0 ? UINT64_MAX : signed_up_to(b, from, to);

	for (size_t i = from; i < to; i++)
		if (is_event(&b->records[i], "audit.heads"))
			judge_heads(b, j, &b->records[i],
			    b->records[i].number <= covered);
}

/* A server's chain of which nothing is signed may be anybody's. */
static void
judge_signed(
    const struct log_book *b, struct log_judge *j, size_t from, size_t to)
{
	const struct log_record *r = &b->records[to - 1];
	bool servers = false;

	for (size_t i = from; i < to; i++)
		servers = servers || is_event(&b->records[i], "audit.heads") ||
		    is_event(&b->records[i], "audit.checkpoint");
	if (j->n_keys == 0 || !servers || signed_up_to(b, from, to) != 0)
		return;
	j->unsigned_chains++;
	tell(j, true,
	    "not signed: chain %s of a server, up to %s:%" PRIu64
	    ": none of its records is covered by a signature of the keys given",
	    r->chain, r->file, r->line);
}

static void
judge_end(struct log_judge *j, const struct log_record *r)
{
	if (r->ends || r->counted)
		return;
	j->open++;
	if (is_event(r, "conn.close"))
		tell(j, false,
		    "open: chain %s has ended with record %" PRIu64
		    " at %s:%" PRIu64 ", but no %srecord of a server counts it",
		    r->chain, r->number, r->file, r->line,
		    j->n_keys > 0 ? "signed " : "");
	else
		tell(j, false,
		    "open: chain %s goes no further than record %" PRIu64
		    " at %s:%" PRIu64 " (%s)",
		    r->chain, r->number, r->file, r->line, r->event);
}

static void
judge_chain(
    const struct log_book *b, struct log_judge *j, size_t from, size_t to)
{
	const struct log_record *r = &b->records[from];

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
		if (is_event(r, "log.drop"))
			tell(j, false,
			    "%s:%" PRIu64
			    ": the server itself says that records were lost",
			    r->file, r->line);
		if (r->ends && i + 1 < to)
			tell(j, true,
			    "changed: chain %s goes on behind %s:%" PRIu64
			    ", its last checkpoint",
			    r->chain, r->file, r->line);
	}
	judge_signed(b, j, from, to);
	judge_end(j, r);
}

typedef void chain_fn(
    const struct log_book *b, struct log_judge *j, size_t from, size_t to);

static void
each_chain(const struct log_book *b, struct log_judge *j, chain_fn *fn)
{
	size_t from = 0;

	for (size_t i = 1; i <= b->count; i++) {
		if (i < b->count &&
		    same_chain(&b->records[i], &b->records[from]))
			continue;
		fn(b, j, from, i);
		from = i;
	}
}

bool
log_book_judge(struct log_book *b, struct log_judge *j)
{
	if (b->count > 0)
		qsort(b->records, b->count, sizeof(*b->records), compare);
	each_chain(b, j, judge_checkpoints);
	each_chain(b, j, judge_counts);
	each_chain(b, j, judge_chain);
	if (j->n_keys > 0 && j->signatures == 0 && j->unsigned_chains == 0)
		tell(j, true,
		    "not signed: there is no checkpoint of a server in these "
		    "files");
	return j->findings == 0;
}
