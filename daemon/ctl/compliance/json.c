/*
 * A report for programs: sallyportctl(8) describes the members.
 */
#include "config.h"

#include "daemon/ctl/compliance/print.h"

#include "daemon/ctl/record.h"

static void
put_member(const char *name, const char *text, FILE *out)
{
	fprintf(out, ", \"%s\": ", name);
	if (text != NULL)
		json_text(text, out);
	else
		fputs("null", out);
}

static void
put_finding(const struct finding *f, bool first, FILE *out)
{
	fprintf(out, "%s{\"pass\": %s", first ? "" : ", ",
	    f->holds ? "true" : "false");
	put_member("what", f->what, out);
	put_member("value", f->value, out);
	put_member("where", f->where != NULL ? f->where : "", out);
	put_member("by", f->setter, out);
	if (f->origin.line != 0) {
		put_member("file", f->origin.file, out);
		fprintf(out, ", \"line\": %u", f->origin.line);
	}
	fputc('}', out);
}

static void
put_item(const struct item *item, bool first, FILE *out)
{
	fprintf(out, "%s\n\t{\"status\": \"%s\"", first ? "" : ",",
	    item_status_text(item->status));
	put_member("id", item->id, out);
	put_member("severity", item->severity, out);
	put_member("title", item->title, out);
	put_member("asked", item->asked, out);
	put_member("reason", item->reason, out);
	put_member("proof", item->proof, out);
	put_member("change", item->change, out);
	fputs(", \"findings\": [", out);
	for (size_t i = 0; i < item->finding_count; i++)
		put_finding(&item->findings[i], i == 0, out);
	fprintf(out, "], \"more\": %zu}", item->more);
}

void
report_json(const struct report *report, const char *config_file, FILE *out)
{
	fputs("{\"benchmark\": ", out);
	json_text(report->name, out);
	put_member("title", report->title, out);
	put_member("config", config_file, out);
	put_member("version", PACKAGE_VERSION, out);
	for (int i = 0; i < ITEM_STATUSES; i++)
		fprintf(out, ", \"%s\": %zu",
		    item_status_text((enum item_status)i), report->statuses[i]);
	fputs(", \"items\": [", out);
	for (size_t i = 0; i < report->count; i++)
		put_item(&report->items[i], i == 0, out);
	fputs("\n]}\n", out);
}
