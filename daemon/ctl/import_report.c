/*
 * A page for the change request: what of an sshd_config maps, what differs,
 * what is left out, and whom it is about on this machine.  Text or HTML from
 * the same rows.
 */
#include "daemon/ctl/import_report.h"

#include "config/policy/match.h"
#include "lib/mem.h"
#include "privsep/directory.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define USERS_MAX  5000 /* that are listed */
#define GROUPS_MAX 1024

struct page {
	const struct import_report *report;
	FILE *out;
	bool html;
};

void
import_rows_add(void *context, const struct import_row *row)
{
	struct import_rows *rows = context;
	struct import_row *copy;

	rows->items =
	    mem_grow(rows->items, rows->count + 1, sizeof(*rows->items));
	copy = &rows->items[rows->count++];
	*copy = *row;
	copy->origin.file = mem_strdup(row->origin.file);
	copy->keyword = mem_strdup(row->keyword);
	copy->value = mem_strdup(row->value);
	copy->match = row->match != NULL ? mem_strdup(row->match) : NULL;
	copy->note = mem_strdup(row->note);
}

void
import_rows_free(struct import_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		free((char *)rows->items[i].origin.file);
		free((char *)rows->items[i].keyword);
		free((char *)rows->items[i].value);
		free((char *)rows->items[i].match);
		free((char *)rows->items[i].note);
	}
	free(rows->items);
}

/* ---- text and HTML ---- */

/* In HTML nothing of the text is markup; in Markdown's notes ` is none. */
static void
put_text(const struct page *p, const char *text)
{
	for (; *text != '\0'; text++) {
		if (p->html && *text == '<')
			fputs("&lt;", p->out);
		else if (p->html && *text == '>')
			fputs("&gt;", p->out);
		else if (p->html && *text == '&')
			fputs("&amp;", p->out);
		else if (p->html && *text == '"')
			fputs("&quot;", p->out);
		else if (*text != '`')
			fputc(*text, p->out);
	}
}

static void
put_heading(const struct page *p, const char *text)
{
	fputs(p->html ? "<h2>" : "\n", p->out);
	put_text(p, text);
	if (p->html) {
		fputs("</h2>\n", p->out);
		return;
	}
	fputc('\n', p->out);
	for (size_t i = strlen(text); i > 0; i--)
		fputc('-', p->out);
	fputc('\n', p->out);
}

static void
put_paragraph(const struct page *p, const char *text)
{
	fputs(p->html ? "<p>" : "", p->out);
	put_text(p, text);
	fputs(p->html ? "</p>\n" : "\n", p->out);
}

static void
begin_table(const struct page *p)
{
	fputs(p->html ? "<table>\n" : "", p->out);
}

static void
end_table(const struct page *p)
{
	fputs(p->html ? "</table>\n" : "", p->out);
}

/* "PLACE: WHAT", and below it the note. */
static void
put_row(
    const struct page *p, const char *place, const char *what, const char *note)
{
	fputs(p->html ? "<tr><td>" : "", p->out);
	put_text(p, place);
	fputs(p->html ? "</td><td>" : ": ", p->out);
	put_text(p, what);
	fputs(p->html ? "</td><td>" : "\n    ", p->out);
	put_text(p, note);
	fputs(p->html ? "</td></tr>\n" : "\n", p->out);
}

static void
begin_page(const struct page *p)
{
	char *title = mem_printf("From sshd to sallyport: %s", p->report->path);

	if (p->html) {
		fputs("<!DOCTYPE html>\n<html lang=\"en\"><head>"
		      "<meta charset=\"utf-8\"><title>",
		    p->out);
		put_text(p, title);
		fputs("</title><style>body{font-family:sans-serif}"
		      "td{border:1px solid #999;padding:.2em .5em;"
		      "vertical-align:top}table{border-collapse:collapse}"
		      "</style></head><body><h1>",
		    p->out);
	}
	put_text(p, title);
	fputs(p->html ? "</h1>\n" : "\n", p->out);
	free(title);
}

/* ---- the file's lines ---- */

static size_t
count_rows(const struct page *p, bool kept)
{
	size_t n = 0;

	for (size_t i = 0; i < p->report->rows->count; i++)
		n += p->report->rows->items[i].kept == kept;
	return n;
}

static void
put_rows(const struct page *p, bool kept)
{
	begin_table(p);
	for (size_t i = 0; i < p->report->rows->count; i++) {
		const struct import_row *row = &p->report->rows->items[i];
		char *place, *what;

		if (row->kept != kept)
			continue;
		place = mem_printf("%s:%u", row->origin.file, row->origin.line);
		what = mem_printf("%s %s%s%s%s", row->keyword, row->value,
		    row->match != NULL ? " (Match " : "",
		    row->match != NULL ? row->match : "",
		    row->match != NULL ? ")" : "");
		put_row(p, place, what, row->note);
		free(place);
		free(what);
	}
	end_table(p);
}

static void
put_problems(const struct page *p, enum severity severity)
{
	const struct problems *problems = p->report->problems;

	begin_table(p);
	for (size_t i = 0; i < problems->count; i++) {
		const struct problem *one = &problems->items[i];
		char *place;

		if (one->severity != severity)
			continue;
		place = mem_printf("%s:%u",
		    one->file != NULL ? one->file : "the result", one->line);
		put_row(p, place, one->text, "");
		free(place);
	}
	end_table(p);
}

/* ---- accounts ---- */

static bool
may_log_in(const struct passwd *pw)
{
	const char *name = strrchr(pw->pw_shell, '/');

	name = name != NULL ? name + 1 : pw->pw_shell;
	return strcmp(name, "nologin") != 0 && strcmp(name, "false") != 0;
}

/* The source and the listener are not known: what depends on them does. */
static void
learn(const struct config *config, const struct passwd *pw,
    struct policy_facts *facts)
{
	static gid_t groups[GROUPS_MAX];
	static const char *names[GROUPS_MAX];
	size_t count = GROUPS_MAX;

	for (size_t i = 0; i < facts->group_count; i++)
		free((char *)names[i]);
	memset(facts, 0, sizeof(*facts));
	facts->user_state = FACT_KNOWN;
	facts->user = pw->pw_name;
	facts->uid = pw->pw_uid;
	facts->now = time(NULL);
	facts->key_state = FACT_ABSENT;
	facts->listener_unknown = true;
	facts->groups = names;
	if (!directory_groups(pw->pw_name, pw->pw_gid, groups, &count,
		policy_asks_groups(config)))
		return;
	facts->groups_state = FACT_KNOWN;
	for (size_t i = 0; i < count; i++) {
		names[facts->group_count] = directory_group_name(groups[i]);
		if (names[facts->group_count] != NULL)
			facts->group_count++;
	}
}

/* The Match blocks that hold for the user, or may; NULL: none. */
static char *
blocks_of(const struct config *config, const struct policy_facts *facts)
{
	char *list = NULL, why[256];

	for (size_t i = 0; i < config->overlay_count; i++) {
		const struct rule *overlay = &config->overlays[i];
		enum tri result;

		if (strncmp(overlay->name, "match-", 6) != 0)
			continue;
		result = policy_match(overlay, false, facts, why, sizeof(why));
		if (result == TRI_NO)
			continue;
		mem_append(&list, "%s%s%s", list != NULL ? ", " : "",
		    overlay->name,
		    result == TRI_UNKNOWN ? " (from some addresses)" : "");
	}
	return list;
}

static const char *
outcome(const struct config *config, const struct policy_facts *facts,
    char *text, size_t size)
{
	struct decision d;

	decision_init(&d);
	policy_decide(config, facts, &d);
	if (d.verdict == POLICY_GRANTED)
		snprintf(text, size, "may log in");
	else if (d.reason == REFUSAL_unknown_fact)
		snprintf(text, size, "depends on where they come from");
	else
		snprintf(text, size, "refused: %s", d.why);
	decision_free(&d);
	return text;
}

static void
put_users(const struct page *p)
{
	const struct config *config = p->report->config;
	struct policy_facts facts = {0};
	const struct passwd *pw;
	size_t listed = 0;
	char text[sizeof(((struct decision *)NULL)->why) + 16];

	begin_table(p);
	setpwent();
	while ((pw = getpwent()) != NULL && listed < USERS_MAX) {
		char *blocks, *note;

		learn(config, pw, &facts);
		blocks = blocks_of(config, &facts);
		if (blocks != NULL || may_log_in(pw)) {
			note = mem_printf("%s%s%s",
			    outcome(config, &facts, text, sizeof(text)),
			    blocks != NULL ? "; " : "",
			    blocks != NULL ? blocks : "");
			put_row(p, pw->pw_name,
			    may_log_in(pw) ? "" : "no shell", note);
			free(note);
			listed++;
		}
		free(blocks);
	}
	endpwent();
	end_table(p);
	if (listed == USERS_MAX)
		put_paragraph(p, "There are more: the list ends here.");
}

/* ---- the page ---- */

static void
put_summary(const struct page *p)
{
	const struct problems *problems = p->report->problems;
	char *text = mem_printf("%zu lines map, %zu have no effect in the "
				"result; %zu differences are told, %zu errors.",
	    count_rows(p, true), count_rows(p, false),
	    problems->count - problems->errors, problems->errors);

	put_paragraph(p, text);
	if (problems->errors > 0)
		put_paragraph(p,
		    "With errors the result lets in more, or others, than "
		    "sshd: mend them before it is used.");
	free(text);
}

void
import_report_write(const struct import_report *report, bool html, FILE *out)
{
	const struct page page = {report, out, html}, *p = &page;

	begin_page(p);
	put_summary(p);
	if (report->problems->errors > 0) {
		put_heading(p, "Errors");
		put_problems(p, PROBLEM_ERROR);
	}
	put_heading(p, "What differs");
	put_paragraph(p,
	    "What lets in more, or others, than sshd does would be an error. "
	    "These are told so that somebody sees that they do not matter.");
	put_problems(p, PROBLEM_WARNING);
	put_heading(p, "What is left out");
	put_rows(p, false);
	put_heading(p, "What maps");
	put_rows(p, true);
	put_heading(p, "Accounts of this machine");
	if (report->config != NULL) {
		put_paragraph(p,
		    "With a login shell, or in a Match block. match-N is the "
		    "file's Nth.");
		put_users(p);
	} else {
		put_paragraph(p, "Not looked at: the result does not load.");
	}
	fputs(html ? "</body></html>\n" : "", out);
}
