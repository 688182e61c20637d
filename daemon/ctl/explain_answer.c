/*
 * The key that is asked about, and what became of it on its way out of the
 * child in which the module ran.
 */
#include "daemon/ctl/explain.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/key_alg.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_MAX 65536

/* The algorithm that a client would use: the best that we know. */
void
key_answer_describe(const struct key *key, struct key_answer *a)
{
	const struct key_alg *alg;

	for (size_t i = 0; (alg = key_alg_at(i)) != NULL; i++)
		if (key_alg_serves(alg, key)) {
			snprintf(a->algorithm, sizeof(a->algorithm), "%s",
			    alg->name);
			break;
		}
	snprintf(a->facts.type, sizeof(a->facts.type), "%s", key_name(key));
	a->facts.bits = key_bits(key);
	key_fingerprint(
	    key, a->facts.fingerprint, sizeof(a->facts.fingerprint));
	if (key_cert(key) != NULL)
		key_fingerprint(key_cert(key)->ca, a->facts.ca_fingerprint,
		    sizeof(a->facts.ca_fingerprint));
}

void
key_answer_put(const struct key_answer *a, struct buf *out)
{
	buf_bytes(out, a, sizeof(*a));
	for (size_t i = 0; i < a->note_count; i++)
		buf_text(out, a->notes[i]);
	for (size_t i = 0; i < a->restriction_count; i++)
		buf_text(out, a->restrictions[i]);
	if (a->command != NULL)
		buf_text(out, a->command);
}

int
key_answer_take(struct key_answer *a, const struct buf *answer)
{
	struct rd r;

	if (answer->len < sizeof(*a))
		return E_FORMAT;
	memcpy(a, answer->data, sizeof(*a));
	rd_init(&r, &answer->data[sizeof(*a)], answer->len - sizeof(*a));
	/* Its pointers count only as being there or not. */
	for (size_t i = 0; i < a->note_count; i++)
		a->notes[i] = rd_strdup(&r, TEXT_MAX);
	for (size_t i = 0; i < a->restriction_count; i++)
		a->restrictions[i] = rd_strdup(&r, TEXT_MAX);
	if (a->command != NULL)
		a->command = rd_strdup(&r, TEXT_MAX);
	return rd_end(&r);
}

void
key_answer_free(struct key_answer *a)
{
	while (a->note_count > 0)
		free(a->notes[--a->note_count]);
	while (a->restriction_count > 0)
		free(a->restrictions[--a->restriction_count]);
	free(a->command);
	a->command = NULL;
}
