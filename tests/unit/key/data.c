/*
 * Reads what make-data.sh made.
 */
#include "tests/unit/key/data.h"

#include "lib/mem.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *
data_read(const char *name, size_t *len)
{
	const char *srcdir = getenv("srcdir");
	char *path = mem_printf(
	    "%s/tests/unit/key/data/%s", srcdir == NULL ? "." : srcdir, name);
	FILE *f = fopen(path, "rb");
	char *data = mem_zalloc(128 * 1024);

	ck_assert_msg(f != NULL, "%s", path);
	*len = fread(data, 1, 128 * 1024 - 1, f);
	ck_assert(feof(f) != 0);
	fclose(f);
	free(path);
	return data;
}

struct key *
data_key(const char *name)
{
	struct key *key;
	size_t len;
	char *text = data_read(name, &len);

	ck_assert_int_eq(key_parse_line(text, len, &key, NULL, NULL), 0);
	free(text);
	return key;
}

uint8_t *
hex(const char *digits, size_t *len)
{
	uint8_t *bytes;
	char pair[3] = "";

	*len = strlen(digits) / 2;
	bytes = mem_alloc(*len + 1);
	for (size_t i = 0; i < *len; i++) {
		memcpy(pair, &digits[2 * i], 2);
		bytes[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return bytes;
}
