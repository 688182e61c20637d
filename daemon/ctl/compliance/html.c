/*
 * A report as a page of its own: no script, no style, font or picture from
 * elsewhere, and a policy that lets a browser load none.
 */
#include "config.h"

#include "daemon/ctl/compliance/print.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char style[] =
    ":root{color-scheme:light dark;--line:#d5d9de;--soft:#5b6470;"
    "--pass:#12703a;--fail:#b3261e;--none:#5b6470;--back:#f6f7f9}"
    "@media(prefers-color-scheme:dark){:root{--line:#3a4048;--soft:#a6adb7;"
    "--pass:#62c98d;--fail:#ff8a80;--none:#a6adb7;--back:#1d2126}}"
    "body{font:15px/1.45 system-ui,sans-serif;max-width:68em;margin:2em auto;"
    "padding:0 1em}h1{font-size:1.5em;margin:0}p{margin:.3em 0}"
    ".soft{color:var(--soft)}"
    ".sums{display:flex;gap:1em;margin:1.2em 0}"
    ".sums div{border:1px solid var(--line);border-radius:6px;"
    "padding:.5em 1em;min-width:7em}.sums b{display:block;font-size:1.6em}"
    "details{border:1px solid var(--line);border-radius:6px;margin:.4em 0}"
    "summary{padding:.5em .8em;cursor:pointer;display:flex;gap:.8em;"
    "align-items:baseline}"
    "summary code{min-width:8em}summary .soft{margin-left:auto;"
    "white-space:nowrap}"
    ".tag{font-weight:600;min-width:3.2em}"
    ".pass{color:var(--pass)}.fail{color:var(--fail)}"
    ".notapplicable{color:var(--none)}"
    ".body{padding:.2em .8em .8em;border-top:1px solid var(--line);"
    "background:var(--back)}"
    "table{border-collapse:collapse;width:100%;margin:.6em 0}"
    "th,td{text-align:left;vertical-align:top;padding:.25em .6em .25em 0;"
    "border-bottom:1px solid var(--line);overflow-wrap:anywhere}"
    "th{font-weight:600;color:var(--soft)}"
    "pre{white-space:pre-wrap;border:1px solid var(--line);"
    "border-radius:6px;padding:.6em;margin:.4em 0}"
    "@media print{details{break-inside:avoid}body{margin:0}}";

/* Nothing of the text is markup, and control bytes are not shown as such. */
static void
put_text(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '<')
			fputs("&lt;", out);
		else if (c == '>')
			fputs("&gt;", out);
		else if (c == '&')
			fputs("&amp;", out);
		else if (c == '"')
			fputs("&quot;", out);
		else if (c == '\'')
			fputs("&#39;", out);
		else if ((c < 0x20 && c != '\n') || c == 0x7f)
			fprintf(out, "\\x%02x", c);
		else
			fputc(c, out);
	}
}

static void
put_tagged(const char *open, const char *text, const char *close, FILE *out)
{
	fputs(open, out);
	put_text(text, out);
	fputs(close, out);
}

static void
put_finding(const struct finding *f, FILE *out)
{
	char *place = finding_place(f);

	fprintf(out, "<tr><td class=\"%s\">%s", f->holds ? "pass" : "fail",
	    f->holds ? "ok" : "not");
	put_tagged("</td><td><code>", f->what, "</code></td><td>", out);
	put_tagged("<code>", f->value, "</code></td><td>", out);
	put_tagged("", place, "</td></tr>\n", out);
	free(place);
}

static void
put_findings(const struct item *item, FILE *out)
{
	if (item->finding_count == 0)
		return;
	fputs("<table><tr><th></th><th>Key or file</th><th>In the end</th>"
	      "<th>For whom, and where it stands</th></tr>\n",
	    out);
	for (size_t i = 0; i < item->finding_count; i++)
		put_finding(&item->findings[i], out);
	fputs("</table>\n", out);
	if (item->more > 0)
		fprintf(out, "<p class=\"soft\">... and %zu more</p>\n",
		    item->more);
}

static void
put_item(const struct item *item, FILE *out)
{
	static const char *const words[] = {[ITEM_PASS] = "pass",
	    [ITEM_FAIL] = "FAIL",
	    [ITEM_NOT_APPLICABLE] = "n/a"};
	bool failed = item->status == ITEM_FAIL;

	fprintf(out, "<details%s><summary><span class=\"tag %s\">%s</span>",
	    failed ? " open" : "", item_status_text(item->status),
	    words[item->status]);
	put_tagged("<code>", item->id, "</code><span>", out);
	put_tagged("", item->title, "</span>", out);
	put_tagged("<span class=\"soft\">", item->severity,
	    "</span></summary>\n<div class=\"body\">\n", out);
	if (item->asked[0] != '\0')
		put_tagged("<p><b>Asked:</b> ", item->asked, "</p>\n", out);
	put_findings(item, out);
	if (item->reason != NULL)
		put_tagged("<p><b>Reason:</b> ", item->reason, "</p>\n", out);
	if (item->proof != NULL)
		put_tagged("<p><b>Proof:</b> ", item->proof, "</p>\n", out);
	if (failed && item->change != NULL)
		put_tagged("<p><b>Would pass with</b></p><pre>", item->change,
		    "</pre>\n", out);
	fputs("</div></details>\n", out);
}

static void
put_sum(const struct report *report, enum item_status status, const char *word,
    FILE *out)
{
	fprintf(out, "<div><b class=\"%s\">%zu</b>%s</div>",
	    item_status_text(status), report->statuses[status], word);
}

static void
put_head(const struct report *report, const char *config_file, FILE *out)
{
	char host[256] = "?", when[64] = "?";
	time_t now = time(NULL);
	struct tm tm;

	if (gethostname(host, sizeof(host) - 1) != 0)
		strcpy(host, "?");
	if (localtime_r(&now, &tm) != NULL)
		strftime(when, sizeof(when), "%F %H:%M %Z", &tm);
	put_tagged("<h1>", report->title, "</h1>\n<p class=\"soft\">", out);
	put_text(host, out);
	put_tagged(", ", config_file, ", ", out);
	fprintf(out, "%s, sallyport %s</p>\n<div class=\"sums\">", when,
	    PACKAGE_VERSION);
	put_sum(report, ITEM_PASS, "pass", out);
	put_sum(report, ITEM_FAIL, "fail", out);
	put_sum(report, ITEM_NOT_APPLICABLE, "not applicable", out);
	fputs("</div>\n", out);
}

void
report_html(const struct report *report, const char *config_file, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head>"
	      "<meta charset=\"utf-8\">"
	      "<meta http-equiv=\"Content-Security-Policy\" content=\""
	      "default-src 'none'; style-src 'unsafe-inline'\">"
	      "<meta name=\"viewport\" content=\"width=device-width\">",
	    out);
	put_tagged("<title>", report->title, "</title>\n", out);
	fprintf(out, "<style>%s</style></head><body>\n", style);
	put_head(report, config_file, out);
	for (size_t i = 0; i < report->count; i++)
		if (report->items[i].status == ITEM_FAIL)
			put_item(&report->items[i], out);
	for (size_t i = 0; i < report->count; i++)
		if (report->items[i].status != ITEM_FAIL)
			put_item(&report->items[i], out);
	fputs("</body></html>\n", out);
}
