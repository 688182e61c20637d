/*
 * Signatures of files, armoured or as a blob: what is taken apart can be put
 * into armour and taken out of it again, and is verified.
 */
#include "lib/buf.h"
#include "lib/ssh/key.h"
#include "lib/ssh/sshsig.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t hash[SSHSIG_HASH];
	struct buf blob, text, again;
	const struct key *keys[1];
	struct sshsig s;

	buf_init(&blob, SSHSIG_MAX);
	buf_init(&text, SSHSIG_TEXT_MAX);
	buf_init(&again, SSHSIG_MAX);
	if (sshsig_unarmour((const char *)data, size, &blob) != 0) {
		buf_clear(&blob);
		buf_bytes(&blob, data, size);
	}
	if (buf_end(&blob) == 0 && sshsig_parse(blob.data, blob.len, &s) == 0) {
		keys[0] = s.key;
		(void)sshsig_verify(&s, s.namespace, hash, keys, 1);
		if (sshsig_armour(blob.data, blob.len, &text) != 0 ||
		    sshsig_unarmour(
			(const char *)text.data, text.len, &again) != 0 ||
		    again.len != blob.len ||
		    memcmp(again.data, blob.data, blob.len) != 0)
			abort();
		sshsig_free(&s);
	}
	buf_free(&blob);
	buf_free(&text);
	buf_free(&again);
	return 0;
}
