/*
 * sallyportctl recordings list: the headers and manifests, as a table.
 */
#include "daemon/ctl/recordings/commands.h"
#include "daemon/ctl/recordings/list.h"

#include "daemon/ctl/record.h"
#include "daemon/ctl/recordings/cast.h"
#include "daemon/ctl/recordings/manifest.h"
#include "daemon/ctl/when.h"
#include "lib/escape.h"
#include "lib/match.h"
#include "lib/net.h"
#include "lib/safefile.h"

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool
source_matches(const char *source, const char *list)
{
	struct net_address a;

	return net_parse(source, &a) == 0 ?
	    match_address_list(&a, list) == MATCH_YES :
	    match_list(source, list, MATCH_CASE) == MATCH_YES;
}

static const char *
or_empty(const char *text)
{
	return text != NULL ? text : "";
}

bool
list_wants(const struct recordings_options *o, const struct recording *r,
    const struct cast_header *h)
{
	time_t start = (time_t)h->timestamp;

	return (o->user == NULL ||
		   match_list(h->user, o->user, MATCH_CASE) == MATCH_YES) &&
	    (o->rule == NULL ||
		match_list(or_empty(h->rule), o->rule, MATCH_CASE) ==
		    MATCH_YES) &&
	    (o->source == NULL ||
		source_matches(or_empty(h->source), o->source)) &&
	    (o->since == 0 || start >= o->since) &&
	    (o->until == 0 || start < o->until) &&
	    (!o->running || (r->running && r->fds[STORE_MANIFEST] < 0));
}

/* The manifest's, where there is one that can be read. */
static void
describe_end(struct records *records, const struct recording *r)
{
	char why[CAST_WHY_MAX];
	struct manifest m = {0};
	struct buf text;

	if (r->fds[STORE_MANIFEST] < 0) {
		record_text(
		    records, "state", r->running ? "running" : "broken off");
		return;
	}
	buf_init(&text, MANIFEST_MAX);
	/* Verifying may have read it already. */
	if (lseek(r->fds[STORE_MANIFEST], 0, SEEK_SET) == 0 &&
	    safefile_read_fd(r->fds[STORE_MANIFEST], MANIFEST_MAX, &text) ==
		0 &&
	    manifest_read(&m, r->base, text.data, text.len, why, sizeof(why)) ==
		0) {
		record_text(records, "state", "ended");
		record_text(records, "ended", m.ended);
		record_text(records, "end", m.end);
		record_bool(records, "signed", m.is_signed);
	} else {
		record_text(records, "state", "bad end");
	}
	manifest_free(&m);
	buf_free(&text);
}

void
list_describe(struct records *records, const struct recording *r,
    const struct cast_header *h)
{
	struct stat st;

	record_begin(records);
	record_text(records, "id", r->base);
	record_text(records, "file", r->name);
	record_number(records, "start", h->timestamp);
	record_text(records, "started", h->started);
	record_text(records, "host", or_empty(h->host));
	record_text(records, "user", h->user);
	record_text(records, "source", or_empty(h->source));
	record_number(records, "port", h->port);
	record_text(records, "rule", or_empty(h->rule));
	record_text(records, "fingerprint", or_empty(h->fp));
	record_text(records, "kind", h->kind);
	record_bool(records, "pty", h->pty);
	record_bool(records, "input", h->input);
	record_text(records, "command",
	    or_empty(h->request != NULL ? h->request : h->command));
	record_number(records, "bytes",
	    fstat(r->fds[STORE_CAST], &st) == 0 ? (uint64_t)st.st_size : 0);
	describe_end(records, r);
}

/* A value of at most so many columns, and two blanks. */
static void
print_cell(const struct record *r, const char *name, int width)
{
	char text[256];

	escape_text(text, sizeof(text), record_get(r, name), ESCAPE_LINE);
	printf("%-*s  ", width, *text != '\0' ? text : "-");
}

static void
print_row(const struct record *r)
{
	print_cell(r, "id", 18);
	when_print(strtoull(record_get(r, "start"), NULL, 10));
	printf("  ");
	print_cell(r, "user", 10);
	print_cell(r, "source", 15);
	print_cell(r, "rule", 10);
	print_cell(r, "state", 10);
	printf("%10s  ", record_get(r, "bytes"));
	if (*record_get(r, "command") != '\0')
		plain_text(record_get(r, "command"), stdout);
	else
		plain_text(record_get(r, "kind"), stdout);
	putchar('\n');
}

static void
print_head(void)
{
	printf("%-18s  %-19s  %-10s  %-15s  %-10s  %-10s  %10s  %s\n", "ID",
	    "STARTED", "USER", "SOURCE", "RULE", "STATE", "BYTES", "COMMAND");
}

int
list_read(struct recordings_options *o, int feed)
{
	struct records records = {0};
	struct recording r;
	struct cast c;
	int status = CTL_OK;

	if (!o->ctl->json)
		print_head();
	while (reader_next(feed, &r)) {
		if (cast_open(&c, r.fds[STORE_CAST]) != 0) {
			status = ctl_fail("%s: %s", r.name, c.why);
		} else if (list_wants(o, &r, &c.header)) {
			list_describe(&records, &r, &c.header);
			if (!o->ctl->json) {
				print_row(&records.items[0]);
				records_free(&records);
			}
		}
		cast_close(&c);
		recording_close(&r);
	}
	if (o->ctl->json)
		records_json(&records, false, stdout);
	records_free(&records);
	return status;
}
