/*
 * Any bytes as sshd_config: an import that reports no error must be a
 * configuration that loads, and decides.  Include is left out: it would open
 * what the bytes name.
 */
#include "config/import.h"
#include "config/load.h"
#include "config/policy/policy.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libconfig's scanner loses its string buffer at a syntax error. */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig.so";
}

static int
write_input(const uint8_t *data, size_t size)
{
	static const char word[] = "include";
	char *text = malloc(size + 1);
	int fd = memfd_create("sshd_config", 0);
	size_t i;

	if (text == NULL || fd < 0)
		abort();
	memcpy(text, data, size);
	text[size] = '\0';
	for (i = 0; i + sizeof(word) <= size + 1; i++) {
		if (strncasecmp(&text[i], word, sizeof(word) - 1) == 0)
			text[i] = 'x';
	}
	if (write(fd, text, size) != (ssize_t)size)
		abort();
	free(text);
	return fd;
}

static void
decide(const struct config *config)
{
	static const char *const groups[] = {"sftp", "staff"};
	struct policy_facts facts = {.user_state = FACT_KNOWN,
	    .user = "alice",
	    .uid = 1000,
	    .groups_state = FACT_KNOWN,
	    .groups = groups,
	    .group_count = 2,
	    .listener = "listener-1",
	    .now = 1700000000};
	struct decision d;

	(void)net_parse("10.1.2.3", &facts.source);
	decision_init(&d);
	policy_decide(config, &facts, &d);
	if (d.chains.count == 0)
		abort(); /* even a stranger is asked something */
	decision_free(&d);
}

static void
load(const char *text, size_t size)
{
	struct problems problems = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;

	config_bundle_add(&bundle, "imported", text, size);
	if (config_load(&bundle, &config, &problems) != 0) {
		problems_print(&problems, stderr);
		fputs(text, stderr);
		abort();
	}
	decide(config);
	config_free(config);
	config_bundle_free(&bundle);
	problems_free(&problems);
}

static void
count_row(void *context, const struct import_row *row)
{
	size_t *count = context;

	*count += row->note != NULL && row->value != NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = write_input(data, size);
	struct problems report = {0};
	char path[64], *text = NULL;
	size_t length = 0, rows = 0;
	FILE *out = open_memstream(&text, &length);
	int err;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	lseek(fd, 0, SEEK_SET);
	err = config_import_rows(path, out, &report, count_row, &rows);
	fclose(out);
	if (err == 0)
		load(text, length);
	free(text);
	problems_free(&report);
	close(fd);
	return 0;
}
