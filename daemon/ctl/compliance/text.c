/*
 * A report for people.
 */
#include "daemon/ctl/compliance/print.h"

#include "daemon/ctl/record.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

char *
finding_place(const struct finding *f)
{
	const char *where = f->where != NULL ? f->where : "";
	const char *setter = f->setter != NULL ? f->setter : "";
	const char *comma = *where != '\0' && *setter != '\0' ? ", by " : "";
	char *line, *place;

	if (f->origin.line != 0)
		line = mem_printf("%s:%u", f->origin.file, f->origin.line);
	else
		line = mem_strdup(f->what[0] == '/' ? "" : "default");
	if (*where == '\0' && *setter == '\0')
		return line;
	place = mem_printf("%s%s%s%s%s%s", where, comma, setter,
	    *line != '\0' ? " (" : "", line, *line != '\0' ? ")" : "");
	free(line);
	return place;
}

static void
put_finding(const struct finding *f, FILE *out)
{
	char *place = finding_place(f);

	fputs(f->holds ? "    ok   " : "    not  ", out);
	plain_text(f->what, out);
	fputs(": ", out);
	plain_text(f->value, out);
	if (*place != '\0') {
		fputs("  [", out);
		plain_text(place, out);
		fputc(']', out);
	}
	fputc('\n', out);
	free(place);
}

static void
put_line(const char *word, const char *text, FILE *out)
{
	fprintf(out, "    %-6s ", word);
	plain_text(text, out);
	fputc('\n', out);
}

static void
put_item(const struct item *item, FILE *out)
{
	static const char *const words[] = {[ITEM_PASS] = "PASS",
	    [ITEM_FAIL] = "FAIL",
	    [ITEM_NOT_APPLICABLE] = "N/A "};

	fprintf(out, "%s  %s  ", words[item->status], item->id);
	plain_text(item->title, out);
	if (item->severity[0] != '\0')
		fprintf(out, " (%s)", item->severity);
	fputc('\n', out);
	if (item->asked[0] != '\0')
		put_line("asked", item->asked, out);
	for (size_t i = 0; i < item->finding_count; i++)
		put_finding(&item->findings[i], out);
	if (item->more > 0)
		fprintf(out, "    ... and %zu more\n", item->more);
	if (item->reason != NULL)
		put_line("reason", item->reason, out);
	if (item->proof != NULL)
		put_line("proof", item->proof, out);
	if (item->status == ITEM_FAIL && item->change != NULL)
		put_line("change", item->change, out);
}

void
report_text(const struct report *report, const char *config_file, bool failed,
    FILE *out)
{
	const size_t *n = report->statuses;

	plain_text(report->title, out);
	fputs(": ", out);
	plain_text(config_file, out);
	fputs("\n\n", out);
	for (size_t i = 0; i < report->count; i++)
		if (!failed || report->items[i].status == ITEM_FAIL)
			put_item(&report->items[i], out);
	fprintf(out, "\n%zu pass, %zu fail, %zu not applicable\n", n[ITEM_PASS],
	    n[ITEM_FAIL], n[ITEM_NOT_APPLICABLE]);
}
