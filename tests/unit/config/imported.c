/*
 * Imports of texts, for the cases of config/import*.c.
 */
#include "tests/unit/config/imported.h"

#include "config/import.h"
#include "lib/mem.h"
#include "tests/unit/unit.h"

#include <stdlib.h>
#include <string.h>

char *imported_place;

char *
imported_put(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", imported_place, name);
	FILE *out = fopen(path, "w");

	ck_assert(out != NULL);
	fputs(text, out);
	fclose(out);
	return path;
}

void
imported_begin(void)
{
	imported_place = unit_folder();
}

void
imported_end(void)
{
	unit_remove(imported_place);
	free(imported_place);
}

/* The import of a text; the report without the path goes to *report. */
char *
imported(const char *text, char **report)
{
	struct problems problems = {0};
	char *path, *got = NULL, *line;
	size_t size = 0, i;
	FILE *out = open_memstream(&got, &size);

	path = imported_put("sshd_config", text);
	(void)config_import(path, out, &problems);
	fclose(out);
	*report = mem_zalloc(65536);
	for (i = 0; i < problems.count; i++) {
		line = problem_line(&problems.items[i]);
		ck_assert(strncmp(line, path, strlen(path)) == 0);
		strcat(*report, line + strlen(path) + 1);
		strcat(*report, "\n");
		free(line);
	}
	problems_free(&problems);
	free(path);
	return got;
}
