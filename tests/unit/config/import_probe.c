/*
 * import_probe FILE: the imported configuration.
 * import_probe FILE USER UID ADDRESS PORT GROUP...: what it decides, for the
 * script that compares this with sshd -T.
 */
#include "config/effective.h"
#include "config/import.h"
#include "config/load.h"
#include "config/options.h"
#include "config/policy/match.h"
#include "config/show.h"

#include <stdlib.h>
#include <string.h>

static struct config *
import_and_load(const char *path, bool print)
{
	struct problems report = {0}, problems = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	int err = config_import(path, out, &report);

	fclose(out);
	problems_print(&report, stderr);
	if (print)
		fputs(text, stdout);
	config_bundle_add(&bundle, "imported", text, size);
	if (config_load(&bundle, &config, &problems) != 0 || err != 0) {
		problems_print(&problems, stderr);
		exit(EXIT_FAILURE);
	}
	problems_free(&problems);
	problems_free(&report);
	config_bundle_free(&bundle);
	free(text);
	return config;
}

static const char *
listener_of(const struct config *config, unsigned port)
{
	size_t i;

	for (i = 0; i < config->listener_count; i++) {
		if (config->listeners[i].port == port)
			return config->listeners[i].name;
	}
	return NULL;
}

/* The first of lists that add up; or an empty one, which forbids all. */
static const void *
value_of(const struct decision *d, enum grant grant)
{
	const struct option *option = option_of_grant(grant);
	const void *value = (const char *)&d->grants + option->offset;
	const struct layers *layers = decision_layers(d, grant);
	size_t i;

	for (i = 0; layers != NULL && i < layers->count; i++) {
		const struct strings *list = layers->items[i].list;

		if (list->count == 0)
			return list;
	}
	return value;
}

static void
print_decision(const struct decision *d)
{
	enum grant grant;
	size_t i;

	printf("verdict %s\nreason %s\n",
	    d->verdict == POLICY_GRANTED ? "granted" : "refused",
	    refusals[d->reason].code);
	printf("rule %s\n", d->rule->name);
	for (i = 0; i < d->chains.count; i++)
		printf("chain %s\n", d->chains.items[i].text);
	for (grant = 0; grant < GRANT_COUNT; grant++) {
		const struct option *option = option_of_grant(grant);

		printf("%s ", option->name);
		show_value(stdout, option, value_of(d, grant), SHOW_JSON);
		printf("\n");
	}
}

/* The same in sshd's words, each line behind an "=". */
static void
print_effective(const struct config *config, const struct decision *d)
{
	char *text = NULL, *line, *rest;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	config_effective(config, NULL, d, d, out);
	fclose(out);
	for (rest = text; (line = strsep(&rest, "\n")) != NULL;) {
		if (*line != '\0')
			printf("=%s\n", line);
	}
	free(text);
}

int
main(int argc, char **argv)
{
	struct policy_facts facts = {.user_state = FACT_KNOWN,
	    .groups_state = FACT_KNOWN,
	    .now = 1700000000};
	struct config *config;
	struct decision d;

	if (argc < 2)
		return EXIT_FAILURE;
	config = import_and_load(argv[1], argc < 6);
	if (argc >= 6) {
		facts.user = argv[2];
		facts.uid = (uid_t)atoi(argv[3]);
		if (net_parse(argv[4], &facts.source) != 0)
			return EXIT_FAILURE;
		facts.listener = listener_of(config, (unsigned)atoi(argv[5]));
		facts.groups = (const char *const *)argv + 6;
		facts.group_count = (size_t)argc - 6;
		decision_init(&d);
		policy_decide(config, &facts, &d);
		print_decision(&d);
		print_effective(config, &d);
		decision_free(&d);
	}
	config_free(config);
	return EXIT_SUCCESS;
}
