/*
 * Objects of JSON by a table: fields.h.
 */
#include "daemon/ctl/recordings/fields.h"

#include <stdlib.h>
#include <string.h>

static void
read_value(struct json_read *j, const struct field_row *row, void *to)
{
	char *at = (char *)to + row->offset;

	switch (row->type) {
	case IS_TEXT:
		*(char **)(void *)at = json_read_string(j, j->len);
		break;
	case IS_NUMBER:
		*(uint64_t *)(void *)at = json_read_u64(j);
		break;
	case IS_BOOL:
		*(bool *)at = json_read_bool(j);
		break;
	case IS_OBJECT:
		fields_read(j, row->rows, to);
	}
}

void
fields_read(struct json_read *j, const struct field_row *rows, void *to)
{
	char name[JSON_NAME_MAX];
	uint32_t seen = 0;
	size_t i;

	json_read_open(j, '{');
	while (json_read_member(j, name)) {
		for (i = 0; rows[i].name != NULL; i++)
			if (strcmp(rows[i].name, name) == 0)
				break;
		if (rows[i].name == NULL) {
			json_read_skip(j);
		} else if ((seen & 1u << i) != 0) {
			json_read_fail(j, "a name comes twice");
		} else {
			seen |= 1u << i;
			read_value(j, &rows[i], to);
		}
	}
	for (i = 0; rows[i].name != NULL; i++)
		if (rows[i].required && (seen & 1u << i) == 0)
			json_read_fail(j, "a member is missing");
}

void
fields_free(const struct field_row *rows, void *of)
{
	for (; rows->name != NULL; rows++) {
		char *at = (char *)of + rows->offset;

		if (rows->type == IS_OBJECT) {
			fields_free(rows->rows, of);
		} else if (rows->type == IS_TEXT) {
			free(*(char **)(void *)at);
			*(char **)(void *)at = NULL;
		}
	}
}
