/*
 * sallyportctl recordings show and verify: a recording's header, its manifest,
 * and whether it is what the server wrote.
 */
#include "daemon/ctl/recordings/commands.h"

#include "daemon/ctl/recordings/elapsed.h"
#include "daemon/ctl/recordings/list.h"
#include "daemon/ctl/recordings/verify.h"
#include "daemon/ctl/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
describe_verdict(struct records *records, const struct verified *v)
{
	record_text(records, "verdict", verdict_word(v->verdict));
	record_text(records, "why", v->text);
	record_text(records, "signer", v->signer);
	record_number(records, "good_blocks", v->cast.proven);
	record_number(records, "good_microseconds", v->cast.proven_when);
}

static void
describe_manifest(struct records *records, const struct manifest *m)
{
	record_number(records, "blocks", m->blocks);
	record_text(records, "head", m->head != NULL ? m->head : "");
	record_number(records, "output_bytes", m->output);
	record_number(records, "error_bytes", m->error);
	record_number(records, "input_bytes", m->input);
	record_number(records, "hidden_bytes", m->hidden);
	record_number(records, "marks", m->marks);
}

/* 0: complete; 4: not changed as far as it goes; 1: broken. */
static int
worse(int status, enum verdict verdict)
{
	int own = verdict == VERDICT_COMPLETE ? CTL_OK :
	    verdict == VERDICT_BROKEN	      ? CTL_FAILED :
						CTL_PARTLY;

	if (status == CTL_FAILED || own == CTL_FAILED)
		return CTL_FAILED;
	return own != CTL_OK ? own : status;
}

static void
print_all(const struct record *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct field *f = &r->fields[i];

		if (*f->value == '\0')
			continue;
		printf("%s: ", f->name);
		if (strcmp(f->name, "start") == 0)
			when_print(strtoull(f->value, NULL, 10));
		else
			plain_text(f->value, stdout);
		putchar('\n');
	}
}

int
show_read(struct recordings_options *o, int feed)
{
	struct records records = {0};
	struct recording r;
	struct verified v;
	int status = CTL_OK;

	while (reader_next(feed, &r)) {
		verify_recording(o, &r, &v);
		if (v.has_header) {
			list_describe(&records, &r, &v.cast.header);
		} else {
			record_begin(&records);
			record_text(&records, "file", r.name);
		}
		if (v.has_manifest)
			describe_manifest(&records, &v.manifest);
		describe_verdict(&records, &v);
		status = worse(status, v.verdict);
		verified_free(&v);
		recording_close(&r);
	}
	if (o->ctl->json)
		records_json(&records, false, stdout);
	for (size_t i = 0; !o->ctl->json && i < records.count; i++) {
		if (i > 0)
			putchar('\n');
		print_all(&records.items[i]);
	}
	records_free(&records);
	return status;
}

int
verify_read(struct recordings_options *o, int feed)
{
	struct records records = {0};
	struct recording r;
	struct verified v;
	int status = CTL_OK;

	while (reader_next(feed, &r)) {
		verify_recording(o, &r, &v);
		if (v.has_header && !list_wants(o, &r, &v.cast.header)) {
			verified_free(&v);
			recording_close(&r);
			continue;
		}
		record_begin(&records);
		record_text(&records, "file", r.name);
		describe_verdict(&records, &v);
		if (!o->ctl->json) {
			plain_text(r.name, stdout);
			printf(": %s: ", verdict_word(v.verdict));
			plain_text(v.text, stdout);
			putchar('\n');
			records_free(&records);
		}
		status = worse(status, v.verdict);
		verified_free(&v);
		recording_close(&r);
	}
	if (o->ctl->json)
		records_json(&records, false, stdout);
	records_free(&records);
	return status;
}
