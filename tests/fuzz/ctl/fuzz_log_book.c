/*
 * Logs of any bytes, read and judged; a key stands by for their checkpoints.
 */
#include "daemon/ctl/log_book.h"

#include "lib/ssh/digest.h"
#include "lib/ssh/key.h"

#include <stdlib.h>
#include <string.h>

static const char line[] =
#include "tests/fuzz/key/certificate.inc"
    ;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
say(bool finding, const char *text, void *arg)
{
	size_t *said = arg;

	*said += finding && text[0] != '\0';
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct key *key;
	struct log_book book = {0};
	size_t said = 0;
	struct log_judge judge = {.n_keys = 1, .say = say, .arg = &said};
	const struct key *keys[1];
	char *copy;

	if (key == NULL &&
	    (digest_preload() != 0 ||
		key_parse_line(line, strlen(line), &key, NULL, NULL) != 0))
		abort();
	keys[0] = key;
	judge.keys = keys;
	/* Its own memory, to the byte: nothing is read behind it. */
	if ((copy = malloc(size + (size == 0))) == NULL)
		return 0;
	memcpy(copy, data, size);
	log_book_read(&book, "log", copy, size);
	if (log_book_judge(&book, &judge) != (said == 0))
		abort();
	log_book_free(&book);
	free(copy);
	return 0;
}
