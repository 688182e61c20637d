/*
 * Prints the option lists of sallyport.conf(5) from the schema, and the table
 * of sshd_config's keywords in doc/MIGRATING.md from the import's:
 *	make config/print_options && config/print_options PAGE
 * replaces what stands between the page's markers.
 */
#include "config/import.h"
#include "config/manual.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
read_page(const char *path)
{
	char *text = mem_zalloc(1 << 20);
	FILE *in = fopen(path, "r");

	if (in == NULL || fread(text, 1, (1 << 20) - 1, in) == 0) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	fclose(in);
	return text;
}

static const struct part {
	const char *begin, *end;
	void (*print)(FILE *out);
} kinds[] = {{MANUAL_BEGIN, MANUAL_END, manual_print},
    {IMPORT_WORDS_BEGIN, IMPORT_WORDS_END, import_print_words}};

int
main(int argc, char **argv)
{
	char *page, *begin = NULL, *end = NULL;
	FILE *out;
	const struct part *kind = kinds;
	size_t i = 0;

	if (argc != 2) {
		manual_print(stdout);
		return EXIT_SUCCESS;
	}
	page = read_page(argv[1]);
	while (begin == NULL && i < sizeof(kinds) / sizeof(kinds[0])) {
		kind = &kinds[i++];
		begin = strstr(page, kind->begin);
		end = strstr(page, kind->end);
	}
	out = begin != NULL && end != NULL ? fopen(argv[1], "w") : NULL;
	if (out == NULL) {
		fprintf(stderr, "%s: no markers, or not writable\n", argv[1]);
		return EXIT_FAILURE;
	}
	fwrite(page, 1, (size_t)(begin - page) + strlen(kind->begin), out);
	kind->print(out);
	fputs(end, out);
	free(page);
	return fclose(out) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
