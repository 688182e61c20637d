/*
 * Any bytes as JSON: read as texts, numbers and all else, within bounds.
 */
#include "lib/json_read.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_value(struct json_read *j)
{
	struct buf b;

	switch (json_read_peek(j)) {
	case JSON_TEXT:
		buf_init(&b, 4096);
		json_read_text(j, &b);
		buf_free(&b);
		break;
	case JSON_NUMBER:
		(void)json_read_micros(j);
		break;
	default:
		json_read_skip(j);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char name[JSON_NAME_MAX];
	struct json_read j;

	json_read_init(&j, data, size);
	json_read_skip(&j);
	if ((json_read_end(&j) != 0) != (j.why != NULL) || j.pos > j.len)
		abort();
	json_read_init(&j, data, size);
	json_read_open(&j, '{');
	while (json_read_member(&j, name))
		read_value(&j);
	(void)json_read_end(&j);
	json_read_init(&j, data, size);
	json_read_open(&j, '[');
	while (json_read_item(&j))
		read_value(&j);
	(void)json_read_end(&j);
	if (j.pos > j.len)
		abort();
	return 0;
}
