/*
 * Runs a fuzz target over its seed corpus in builds without libFuzzer, so
 * that `make check` replays every input that ever mattered.  The corpus of
 * tests/fuzz/X/fuzz_Y lies in tests/fuzz/X/corpus/fuzz_Y of the source tree.
 */
#include <sys/stat.h>

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
run(const char *path)
{
	FILE *f = fopen(path, "rb");
	uint8_t *data;
	long size;

	if (f == NULL || fseek(f, 0, SEEK_END) != 0 || (size = ftell(f)) < 0) {
		perror(path);
		exit(1);
	}
	rewind(f);
	/* The exact size, so that a sanitizer sees a read past the end. */
	data = malloc((size_t)size + (size == 0));
	if (data == NULL || fread(data, 1, (size_t)size, f) != (size_t)size) {
		perror(path);
		exit(1);
	}
	fclose(f);
	LLVMFuzzerTestOneInput(data, (size_t)size);
	free(data);
}

int
main(int argc, char **argv)
{
	const char *srcdir = getenv("srcdir");
	const char *name = strrchr(argv[0], '/');
	char folder[256] = "", path[4096], file[8192];
	struct dirent **list;
	int i, n;

	if (argc > 1) {
		for (i = 1; i < argc; i++)
			run(argv[i]);
		return 0;
	}
	if (strncmp(name == NULL ? argv[0] : &name[1], "lt-", 3) == 0)
		return 99;
	name = name == NULL ? argv[0] : &name[1];
	if (name - argv[0] > 1)
		snprintf(folder, sizeof(folder), "%.*s",
		    (int)(name - argv[0] - 1), argv[0]);
	/* argv[0] is "./tests/fuzz/X/fuzz_Y" under automake. */
	snprintf(path, sizeof(path), "%s/tests/fuzz/%s/corpus/%s",
	    srcdir == NULL ? "." : srcdir,
	    strrchr(folder, '/') == NULL ? folder : strrchr(folder, '/') + 1,
	    name);
	n = scandir(path, &list, NULL, alphasort);
	if (n < 0) {
		perror(path);
		return 1;
	}
	for (i = 0; i < n; i++) {
		struct stat st;

		snprintf(file, sizeof(file), "%s/%s", path, list[i]->d_name);
		if (stat(file, &st) == 0 && S_ISREG(st.st_mode))
			run(file);
		free(list[i]);
	}
	free(list);
	if (n <= 2) {
		fprintf(stderr, "%s: no seeds\n", path);
		return 1;
	}
	printf("%s: %d inputs\n", name, n - 2);
	return 0;
}
