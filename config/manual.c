/*
 * Schema to mdoc(7).  For config/print_options, which writes the page, and
 * the test that fails when the page is stale.
 */
#include "config/manual.h"
#include "config/options.h"

#include <stdbool.h>
#include <string.h>

/* The page shows a distribution's paths, wherever this build goes. */
static const char *
put_path(FILE *out, const char *text)
{
	static const char *const paths[][2] = {
	    {"\"" SYSCONFDIR, "\\(dq/etc/sallyport"},
	    {"\"" LOCALSTATEDIR, "\\(dq/var"},
	    {"\"" RUNSTATEDIR, "\\(dq/run"},
	    {"\"" MODULEDIR, "\\(dq/usr/lib/sallyport/modules"},
	};
	size_t i;

	for (i = 0; i < 4; i++) {
		if (strncmp(text, paths[i][0], strlen(paths[i][0])) != 0)
			continue;
		if (out != NULL)
			fputs(paths[i][1], out);
		return text + strlen(paths[i][0]);
	}
	return text;
}

/* One word, with what mdoc must not read as anything else; its length. */
static size_t
put_word(FILE *out, const char *word, size_t len, bool first)
{
	size_t i;

	if (first && (*word == '.' || *word == '\''))
		fputs("\\&", out);
	for (i = 0; i < len; i++) {
		if (put_path(out, word + i) != word + i) {
			i = (size_t)(put_path(NULL, word + i) - word) - 1;
			continue;
		}
		if (word[i] == '\\')
			fputs("\\e", out);
		else if (word[i] == '"')
			fputs("\\(dq", out);
		else if (word[i] == '-')
			fputs("\\-", out);
		else
			fputc(word[i], out);
	}
	return len + 3; /* room for what escapes take */
}

/* Words in lines of a page's width; a new sentence on a new line. */
static void
put_text(FILE *out, const char *text, size_t column)
{
	bool first = column == 0, ended = false;
	size_t len;

	for (; *text != '\0'; text += len) {
		while (*text == ' ')
			text++;
		len = strcspn(text, " ");
		if (!first && (column + len > 62 || ended)) {
			fputc('\n', out);
			column = 0;
			first = true;
		}
		if (!first && column > 0 && text[-1] == ' ')
			fputc(' ', out);
		column += put_word(out, text, len, first);
		ended = len > 0 && text[len - 1] == '.';
		first = false;
	}
	fputc('\n', out);
}

static void
put_range(FILE *out, const struct option *option)
{
	if ((option->flags & OPTION_REQUIRED) != 0)
		fputs("(required)\n", out);

	switch (option->type) {
	case OPTION_NUMBER:
	case OPTION_PORT:
	case OPTION_TIME:
	case OPTION_SIZE:
	case OPTION_SIZE32:
		fprintf(out, "from %llu to %llu\n",
		    (unsigned long long)option->min,
		    (unsigned long long)option->max);
		break;
	default:
		break;
	}
	if ((option->flags & OPTION_NONE_OK) != 0)
		fputs("or \\(dqnone\\(dq\n", out);
}

static void
put_choices(FILE *out, const struct option *option)
{
	const struct choice *choice;

	fputs("One of", out);
	for (choice = option->choices; choice->word != NULL; choice++)
		fprintf(out, "%s\n.Cm %s",
		    choice == option->choices ? "" : " ,", choice->word);
	fputs(" .\n", out);
}

static void
put_option(FILE *out, const struct option *option)
{
	fprintf(out, ".It Cm %s\n", option->name);
	put_text(out, option->help, 0);
	if (option->choices != NULL) {
		put_choices(out, option);
	} else if (option->type != OPTION_LIST) {
		fputs(".br\nType:\n", out);
		put_text(out, option_type_text(option->type), 0);
		put_range(out, option);
	}
	if (option->fallback != NULL) {
		fputs(".br\nDefault:\n", out);
		put_text(out, option->fallback, 0);
	}
	if ((option->flags & OPTION_JOINS) != 0)
		fputs(".br\nIn overlays: may begin with + and add up.\n", out);
	if (option->section == SECTION_GRANT)
		fprintf(
		    out, ".br\nGuards: %s.\n", tighten_text(option->tighten));
}

static void
put_section(FILE *out, const char *title, const char *intro,
    enum option_section section)
{
	size_t i;

	fprintf(out, ".Ss %s\n%s\n.Bl -tag -width Ds\n", title, intro);
	for (i = 0; i < option_count; i++) {
		if (options[i].section == section)
			put_option(out, &options[i]);
	}
	fputs(".El\n", out);
}

void
manual_print(FILE *out)
{
	put_section(out, "Server", "Top level keys; a dot stands for a group.",
	    SECTION_SERVER);
	put_section(out, "Listeners", "In each group of\n.Cm listeners .",
	    SECTION_LISTENER);
	put_section(
	    out, "Modules", "In each group of\n.Cm modules .", SECTION_MODULE);
	put_section(out, "Subsystems", "In each group of\n.Cm subsystems .",
	    SECTION_SUBSYSTEM);
	put_section(out, "Rules",
	    "In each group of\n.Cm rules ,\n"
	    "beside what it grants.",
	    SECTION_RULE);
	put_section(out, "Overlays",
	    "In each group of\n.Cm overlays ,\n"
	    "beside what it sets where nothing is set yet.",
	    SECTION_OVERLAY);
	put_section(out, "Guards",
	    "In each group of\n.Cm guards ,\n"
	    "beside what it takes away.",
	    SECTION_GUARD);
	put_section(out, "Match",
	    "In\n.Cm match ;\n"
	    "all that stands there must hold.\n"
	    "A single string may stand for a list of one.",
	    SECTION_MATCH);
	put_section(out, "Match, after authentication",
	    "In the\n.Cm match\nof guards.", SECTION_GUARD_MATCH);
	put_section(out, "Grants",
	    "In rules and overlays; and in guards,\n"
	    "where \\(dqGuards\\(dq tells how they tighten.",
	    SECTION_GRANT);
	put_section(out, "Tests",
	    "In each group of\n.Cm tests .\n"
	    "A fact that is left out is unknown, and the test fails where the\n"
	    "policy asks it.",
	    SECTION_TEST);
}
