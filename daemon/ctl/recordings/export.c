/*
 * sallyportctl recordings export: a recording in another form, on standard
 * output.
 */
#include "daemon/ctl/recordings/commands.h"

#include "daemon/ctl/recordings/export.h"
#include "daemon/ctl/recordings/vt.h"
#include "lib/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#define TEXT_MAX 8192 /* characters of a line of text */

static void
put_text(FILE *out, const char *text)
{
	export_string(out, text, strlen(text));
}

/* ---- asciicast ---- */

/* As any player knows it: without what is ours. */
static enum cast_found
export_asciicast(struct cast *c, FILE *out)
{
	const struct cast_header *h = &c->header;
	enum cast_found found;
	struct cast_line line;

	fprintf(out,
	    "{\"version\": 2, \"width\": %" PRIu64 ", \"height\": %" PRIu64
	    ", \"timestamp\": %" PRIu64,
	    h->width, h->height, h->timestamp);
	if (h->command != NULL && *h->command != '\0') {
		fputs(", \"command\": ", out);
		put_text(out, h->command);
	}
	if (h->term != NULL) {
		fputs(", \"env\": {\"TERM\": ", out);
		put_text(out, h->term);
		putc('}', out);
	}
	fputs("}\n", out);
	while ((found = cast_next(c, &line)) == CAST_LINE) {
		if (line.code == 'b')
			continue;
		fprintf(out, "[%" PRIu64 ".%06u, \"%c\", ", line.when / 1000000,
		    (unsigned)(line.when % 1000000),
		    line.code == 'e' ? 'o' : line.code);
		export_string(out, line.data, line.len);
		fputs("]\n", out);
	}
	return found;
}

/* ---- text ---- */

struct text {
	FILE *out;
	uint32_t line[TEXT_MAX];
};

static void
put_row(struct vt *vt, unsigned row, void *arg)
{
	struct text *t = arg;
	size_t len = vt_text(vt, row, t->line, TEXT_MAX);

	for (size_t i = 0; i < len; i++)
		fprintf(t->out, "%lc", (wint_t)t->line[i]);
	if (!vt_goes_on(vt, row))
		putc('\n', t->out);
}

/* Writes each row when it scrolls off, is cleared, or is left at the end. */
static enum cast_found
export_text(struct cast *c, FILE *out)
{
	struct text *t = mem_zalloc(sizeof(*t));
	const struct vt_calls calls = {.gone = put_row, .arg = t};
	struct vt *vt = vt_new(
	    (unsigned)c->header.width, (unsigned)c->header.height, &calls);
	enum cast_found found;
	struct cast_line line;

	t->out = out;
	while ((found = cast_next(c, &line)) == CAST_LINE) {
		if (line.code == 'o' || line.code == 'e')
			vt_feed(vt, line.data, line.len);
		else if (line.code == 'r')
			vt_resize(vt, line.columns, line.rows);
	}
	vt_end(vt);
	vt_free(vt);
	free(t);
	return found;
}

/* ---- HTML ---- */

/* The verdict stands in the page, so the file is read twice. */
static enum cast_found
export_page(const struct recordings_options *o, const struct recording *r,
    struct cast *c, FILE *out)
{
	struct logged logged = {0};
	struct verified v;
	const struct export_page page = {r->base, &v, &logged};
	enum cast_found found = CAST_BAD;
	FILE *log = o->log_fd >= 0 ? fdopen(o->log_fd, "r") : NULL;

	if (log != NULL) {
		logged_read(
		    &logged, log, c->header.conn, (time_t)c->header.timestamp);
		fclose(log);
	}
	cast_close(c);
	memset(&v, 0, sizeof(v));
	if (lseek(r->fds[STORE_CAST], 0, SEEK_SET) == 0)
		verify_recording(o, r, &v);
	if (lseek(r->fds[STORE_CAST], 0, SEEK_SET) == 0 &&
	    cast_open(c, r->fds[STORE_CAST]) == 0)
		found = export_html(c, &page, out);
	verified_free(&v);
	logged_free(&logged);
	return found;
}

/* ---- the command ---- */

static int
export_one(const struct recordings_options *o, const struct recording *r)
{
	enum cast_found found;
	int status = CTL_OK;
	struct cast c;

	if (cast_open(&c, r->fds[STORE_CAST]) != 0) {
		status = ctl_fail("%s: %s", r->name, c.why);
		cast_close(&c);
		return status;
	}
	if (strcmp(o->format, "html") == 0)
		found = export_page(o, r, &c, stdout);
	else if (strcmp(o->format, "text") == 0)
		found = export_text(&c, stdout);
	else
		found = export_asciicast(&c, stdout);
	if (found == CAST_BAD)
		status = ctl_fail("%s: %s", r->name, c.why);
	else if (c.fault[0] != '\0')
		status = ctl_fail("%s: changed: %s", r->name, c.fault);
	cast_close(&c);
	return status;
}

int
export_read(struct recordings_options *o, int feed)
{
	struct recording r;
	int status;

	if (!reader_next(feed, &r))
		return CTL_FAILED;
	status = export_one(o, &r);
	if (fflush(stdout) != 0 || ferror(stdout))
		status = ctl_fail("cannot write: %s", strerror(errno));
	recording_close(&r);
	return status;
}
