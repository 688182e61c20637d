/*
 * Prints the option lists of sallyport.conf(5) from the schema:
 *	make config/print_options && config/print_options PAGE
 * replaces what stands between the page's markers.
 */
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

int
main(int argc, char **argv)
{
	char *page, *begin, *end;
	FILE *out;

	if (argc != 2) {
		manual_print(stdout);
		return EXIT_SUCCESS;
	}
	page = read_page(argv[1]);
	begin = strstr(page, MANUAL_BEGIN);
	end = strstr(page, MANUAL_END);
	out = begin != NULL && end != NULL ? fopen(argv[1], "w") : NULL;
	if (out == NULL) {
		fprintf(stderr, "%s: no markers, or not writable\n", argv[1]);
		return EXIT_FAILURE;
	}
	fwrite(page, 1, (size_t)(begin - page) + strlen(MANUAL_BEGIN), out);
	manual_print(out);
	fputs(end, out);
	free(page);
	return fclose(out) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
