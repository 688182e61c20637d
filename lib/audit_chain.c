/*
 * The chains of this process, one for each output (see audit_chain.h), for the
 * emitter and the encoders.
 */
#include "lib/audit_chain.h"

#include "lib/audit_table.h"
#include "lib/buf.h"
#include "lib/rd.h"
#include "lib/syslog_out.h"

#include <sys/random.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOURNAL_LINES 96 /* of a record */

static struct {
	audit_hash_fn *hash;
	char name[AUDIT_CHAIN_SIZE];
	pid_t pid; /* whose chains these are */
	struct audit_link links[AUDIT_CHAINS];
	bool used[AUDIT_CHAINS];
	uint32_t kind[AUDIT_CHAINS]; /* of the output: another, another chain */
	struct audit_heads *shown;
	struct audit_seal *at_hand;
} chain;

void
audit_chain_use(audit_hash_fn *fn)
{
	chain.hash = fn;
}

void
audit_chain_begin(const char *name)
{
	uint64_t drawn = 0;

	while (name == NULL && getrandom(&drawn, sizeof(drawn), 0) < 0 &&
	    errno == EINTR)
		continue;
	if (name == NULL)
		snprintf(chain.name, sizeof(chain.name), "%016llx",
		    (unsigned long long)drawn);
	else
		snprintf(chain.name, sizeof(chain.name), "%s", name);
	memset(chain.links, 0, sizeof(chain.links));
	memset(chain.used, 0, sizeof(chain.used));
	chain.pid = getpid();
	chain.shown = NULL;
}

void
audit_chain_kind(size_t output, uint32_t kind)
{
	if (output >= AUDIT_CHAINS || chain.kind[output] == kind)
		return;
	chain.kind[output] = kind;
	if (chain.used[output])
		audit_chain_begin(NULL);
}

const char *
audit_chain_name(void)
{
	return chain.name;
}

static void
show(size_t output)
{
	const struct audit_link *l = &chain.links[output];

	if (chain.shown == NULL)
		return;
	/* If the process dies between the two writes, the head before stays
	 * valid. */
	memcpy(chain.shown->hash[output][l->number & 1], l->hash, AUDIT_HASH);
	__atomic_store_n(
	    &chain.shown->number[output], l->number, __ATOMIC_RELEASE);
}

void
audit_chain_show(struct audit_heads *where)
{
	memset(where, 0, sizeof(*where));
	chain.shown = where;
}

bool
audit_chain_head(size_t output, struct audit_link *link)
{
	if (output >= AUDIT_CHAINS || !chain.used[output] ||
	    chain.pid != getpid())
		return false;
	*link = chain.links[output];
	return true;
}

void
audit_chain_save(struct buf *b)
{
	buf_text(b, chain.name);
	for (size_t i = 0; i < AUDIT_CHAINS; i++) {
		buf_bool(b, chain.used[i]);
		buf_u32(b, chain.kind[i]);
		buf_u64(b, chain.links[i].number);
		buf_bytes(b, chain.links[i].hash, AUDIT_HASH);
	}
}

void
audit_chain_load(struct rd *r)
{
	bool same = true;

	rd_text(r, chain.name, sizeof(chain.name));
	for (size_t i = 0; i < AUDIT_CHAINS; i++) {
		chain.used[i] = rd_bool(r);
		same = rd_u32(r) == chain.kind[i] && same;
		chain.links[i].number = rd_u64(r);
		rd_copy(r, chain.links[i].hash, AUDIT_HASH);
	}
	chain.pid = getpid();
	if (!same)
		audit_chain_begin(NULL);
}

void
audit_chain_hex(const uint8_t hash[AUDIT_HASH], char text[AUDIT_HASH_HEX])
{
	for (size_t i = 0; i < AUDIT_HASH; i++)
		snprintf(&text[2 * i], 3, "%02x", hash[i]);
}

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool
audit_chain_unhex(const char *text, size_t len, uint8_t hash[AUDIT_HASH])
{
	if (len != 2 * AUDIT_HASH)
		return false;
	for (size_t i = 0; i < AUDIT_HASH; i++) {
		int high = digit(text[2 * i]), low = digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		hash[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

struct audit_seal *
audit_seal(void)
{
	return chain.at_hand;
}

void
audit_seal_open(struct audit_seal *seal, size_t output)
{
	chain.at_hand = NULL;
	if (chain.hash == NULL || chain.name[0] == '\0' ||
	    output >= AUDIT_CHAINS)
		return;
	if (chain.pid != getpid())
		audit_chain_begin(NULL);
	*seal = (struct audit_seal){.output = output,
	    .name = chain.name,
	    .number = chain.links[output].number + 1};
	chain.at_hand = seal;
}

void
audit_seal_drop(void)
{
	chain.at_hand = NULL;
}

/* H(n-1): of the record before, or what a chain begins with. */
static int
hash_before(const struct audit_link *l, uint8_t before[AUDIT_HASH])
{
	const struct audit_piece first[] = {
	    {AUDIT_CHAIN_TEXT, sizeof(AUDIT_CHAIN_TEXT) - 1},
	    {chain.name, strlen(chain.name)}, {"\n", 1}};

	if (l->number == 0)
		return chain.hash(first, 3, before);
	memcpy(before, l->hash, AUDIT_HASH);
	return 0;
}

/* A hash that could not be made is none, and a reader says so. */
static void
link_on(const struct audit_seal *seal, const char *text, size_t len,
    const char *rest, size_t rest_len, char hex[AUDIT_HASH_HEX])
{
	struct audit_link *l = &chain.links[seal->output];
	uint8_t before[AUDIT_HASH];
	const struct audit_piece pieces[] = {
	    {before, AUDIT_HASH}, {text, len}, {rest, rest_len}};

	if (hash_before(l, before) != 0 || chain.hash(pieces, 3, l->hash) != 0)
		memset(l->hash, 0, AUDIT_HASH);
	l->number = seal->number;
	chain.used[seal->output] = true;
	show(seal->output);
	audit_chain_hex(l->hash, hex);
}

void
audit_seal_close(struct audit_seal *seal, char *record, size_t len)
{
	char hex[AUDIT_HASH_HEX];

	chain.at_hand = NULL;
	if (seal->width == 0)
		return; /* a format without */
	link_on(seal, &record[seal->from], seal->at - seal->from,
	    &record[seal->at + seal->width], len - seal->at - seal->width, hex);
	memcpy(&record[seal->at + seal->digits], hex, sizeof(hex) - 1);
}

struct line {
	const char *text;
	size_t len;
};

static int
compare_lines(const void *one, const void *other)
{
	const struct line *a = one, *b = other;
	size_t n = a->len < b->len ? a->len : b->len;
	int order = memcmp(a->text, b->text, n);

	return order != 0 ? order : a->len < b->len ? -1 : a->len > b->len;
}

size_t
audit_chain_sort(const char *record, size_t len, char *sorted)
{
	struct line lines[JOURNAL_LINES] = {{NULL, 0}};
	size_t count = 0, n, used = 0;

	for (; len > 0 && count < JOURNAL_LINES; record += n, len -= n) {
		const char *newline = memchr(record, '\n', len);

		n = newline == NULL ? len : (size_t)(newline - record) + 1;
		lines[count++] = (struct line){record, n};
	}
	qsort(lines, count, sizeof(lines[0]), compare_lines);
	for (size_t i = 0; i < count; i++) {
		memcpy(&sorted[used], lines[i].text, lines[i].len);
		used += lines[i].len;
	}
	return used;
}

void
audit_seal_close_journal(struct audit_seal *seal, const char *record,
    size_t len, char hex[AUDIT_HASH_HEX])
{
	char sorted[SYSLOG_OUT_RECORD_MAX] = "";

	chain.at_hand = NULL;
	link_on(
	    seal, sorted, audit_chain_sort(record, len, sorted), "", 0, hex);
}
