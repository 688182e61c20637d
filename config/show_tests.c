/*
 * The tests of a policy back into the syntax they were written in: what is not
 * given is left out.
 */
#include "config/choices.h"
#include "config/show.h"

#include <string.h>

/* Not given, or not so: it need not be written. */
static bool
is_left_out(const struct option *option, const void *member)
{
	switch (option->type) {
	case OPTION_BOOL:
		return !*(const bool *)member;
	case OPTION_NUMBER:
		return *(const uint32_t *)member ==
		    (strcmp(option->name, "uid") == 0 ? CONFIG_NONE : 0);
	case OPTION_CHOICE:
		return option->choices == reason_choices &&
		    *(const uint32_t *)member == 0;
	case OPTION_STRINGS:
		return ((const struct strings *)member)->count == 0;
	default:
		return *(char *const *)member == NULL;
	}
}

static void
show_test_grants(FILE *out, const struct grants *grants)
{
	enum grant grant;

	fputs(" grants = {", out);
	for (grant = 0; grant < GRANT_COUNT; grant++) {
		const struct option *option = option_of_grant(grant);

		if (grants->origins[grant].line == 0)
			continue;
		fprintf(out, " %s = ", option->name);
		show_value(out, option, (const char *)grants + option->offset,
		    SHOW_CONFIG);
		fputc(';', out);
	}
	fputs(" };", out);
}

void
config_show_tests(const struct config *c, FILE *out)
{
	size_t i, j;

	fputs("tests = (", out);
	for (i = 0; i < c->test_count; i++) {
		const struct policy_test *t = &c->tests[i];

		fputs(i > 0 ? ",\n\t{" : "\n\t{", out);
		for (j = 0; j < option_count; j++) {
			const void *member =
			    (const char *)t + options[j].offset;

			if (options[j].section != SECTION_TEST ||
			    options[j].type == OPTION_LIST ||
			    (is_left_out(&options[j], member) &&
				!(member == &t->groups && t->groups_given)))
				continue;
			fprintf(out, " %s = ", options[j].name);
			show_value(out, &options[j], member, SHOW_CONFIG);
			fputc(';', out);
		}
		if (t->grants != NULL)
			show_test_grants(out, t->grants);
		fputs(" }", out);
	}
	fputs("\n);\n", out);
}
