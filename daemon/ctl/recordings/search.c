/*
 * sallyportctl recordings search: a text among what was shown on the screens of
 * recordings.  A line is looked at each time that the cursor leaves it, before
 * it is erased, and when nothing more comes.
 */
#include "daemon/ctl/recordings/commands.h"

#include "daemon/ctl/record.h"
#include "daemon/ctl/recordings/elapsed.h"
#include "daemon/ctl/recordings/list.h"
#include "daemon/ctl/recordings/vt.h"
#include "daemon/ctl/when.h"
#include "lib/escape.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

#define TEXT_MAX	    1024 /* characters that are looked for */
#define LINE_MAX_CHARACTERS 8192
#define COLUMNS_LEAST	    16
#define ROWS_LEAST	    4

struct search {
	const struct recordings_options *o;
	const struct recording *recording;
	const struct cast_header *header;
	uint64_t number, when; /* of the line that is drawn */
	uint32_t text[TEXT_MAX];
	size_t len;
	unsigned columns; /* of the screen */
	uint32_t line[LINE_MAX_CHARACTERS];
	struct records found; /* --json */
	bool any;
};

static uint32_t
fold(const struct search *s, uint32_t c)
{
	return s->o->ignore_case ? (uint32_t)towlower((wint_t)c) : c;
}

/* How often the text stands in the line and ends behind from. */
static unsigned
count_in(const struct search *s, size_t line_len, size_t from)
{
	size_t i = from >= s->len ? from - s->len + 1 : 0, k;
	unsigned count = 0;

	for (; i + s->len <= line_len; i++) {
		for (k = 0; k < s->len; k++)
			if (fold(s, s->line[i + k]) != s->text[k])
				break;
		count += k == s->len;
	}
	return count;
}

/* The line as text, to be freed. */
static char *
line_text(const struct search *s, size_t len)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	for (size_t i = 0; out != NULL && i < len; i++)
		fprintf(out, "%lc", (wint_t)s->line[i]);
	/* A line that does not fit into memory is found all the same. */
	if (out == NULL || fclose(out) != 0) {
		free(text);
		return mem_strdup("");
	}
	return text;
}

static void
tell(struct search *s, size_t len)
{
	char when[ELAPSED_SIZE], *text = line_text(s, len);

	s->any = true;
	if (s->o->ctl->json) {
		record_begin(&s->found);
		record_text(&s->found, "file", s->recording->name);
		record_text(&s->found, "id", s->recording->base);
		record_text(&s->found, "user", s->header->user);
		record_number(&s->found, "line", s->number);
		record_number(&s->found, "microseconds", s->when);
		record_number(&s->found, "time",
		    s->header->timestamp + s->when / 1000000);
		record_text(&s->found, "text", text);
	} else {
		plain_text(s->recording->name, stdout);
		printf(":%" PRIu64 ": %s ", s->number,
		    elapsed_seconds(s->when, when));
		when_print(s->header->timestamp + s->when / 1000000);
		printf(": ");
		plain_text(text, stdout);
		putchar('\n');
	}
	free(text);
}

/*
 * Finds matches that end in this row; they may begin in rows before it, as a
 * long line goes on over several rows.  A row that is drawn again is reported
 * only if it has more matches than before.
 */
static void
look_at(struct vt *vt, unsigned row, struct search *s)
{
	unsigned first = row, *told = vt_note(vt, row), count;
	size_t len = 0, from;

	while (first > 0 && vt_goes_on(vt, first - 1) &&
	    (row - first) * (size_t)s->columns < s->len)
		first--;
	for (; first < row; first++)
		len += vt_text(
		    vt, first, &s->line[len], LINE_MAX_CHARACTERS - len);
	from = len;
	len += vt_text(vt, row, &s->line[len], LINE_MAX_CHARACTERS - len);
	count = count_in(s, len, from);
	if (count > *told)
		tell(s, len);
	*told = count;
}

/* And in the rows that its line goes on in. */
static void
look(struct vt *vt, unsigned row, void *arg)
{
	struct search *s = arg;
	unsigned last = row;

	look_at(vt, row, s);
	while (
	    (last - row) * (size_t)s->columns < s->len && vt_goes_on(vt, last))
		look_at(vt, ++last, s);
}

/* On a terminal so small that nobody can read there, texts would be torn apart:
 * they are looked for on a larger one. */
static unsigned
readable(uint64_t side, unsigned least, unsigned usual)
{
	return side < least    ? usual :
	    side > VT_SIDE_MAX ? VT_SIDE_MAX :
				 (unsigned)side;
}

static void
set_size(struct search *s, struct vt **vt, uint64_t columns, uint64_t rows)
{
	const struct vt_calls calls = {.settled = look, .arg = s};

	s->columns = readable(columns, COLUMNS_LEAST, 80);
	if (*vt == NULL)
		*vt =
		    vt_new(s->columns, readable(rows, ROWS_LEAST, 24), &calls);
	else
		vt_resize(*vt, s->columns, readable(rows, ROWS_LEAST, 24));
}

static int
search_one(struct search *s, struct cast *c)
{
	struct vt *vt = NULL;
	enum cast_found found;
	struct cast_line line;

	set_size(s, &vt, c->header.width, c->header.height);
	while ((found = cast_next(c, &line)) == CAST_LINE) {
		s->number = line.number;
		s->when = line.when;
		if (line.code == 'o' || line.code == 'e')
			vt_feed(vt, line.data, line.len);
		else if (line.code == 'r')
			set_size(s, &vt, line.columns, line.rows);
		vt_settle(vt);
	}
	vt_free(vt);
	if (found == CAST_BAD)
		return ctl_fail("%s: %s", s->recording->name, c->why);
	if (c->fault[0] != '\0')
		return ctl_fail(
		    "%s: changed: %s", s->recording->name, c->fault);
	return CTL_OK;
}

static bool
take_text(struct search *s)
{
	const char *text = s->o->text;
	size_t left = strlen(text), n;
	uint32_t c;

	for (; left > 0; text += n, left -= n) {
		n = escape_character(text, left, &c);
		if (n == 0 || s->len == TEXT_MAX)
			return false;
		s->text[s->len++] = fold(s, c);
	}
	return s->len > 0;
}

/* As grep: 0 if there is such a text, 1 if there is none, or it failed. */
int
search_read(struct recordings_options *o, int feed)
{
	struct search *s = mem_zalloc(sizeof(*s));
	int status = CTL_OK;
	struct recording r;
	struct cast c;

	s->o = o;
	if (!take_text(s)) {
		free(s);
		return ctl_fail("the text is empty, too long or no UTF-8");
	}
	while (reader_next(feed, &r)) {
		s->recording = &r;
		s->header = &c.header;
		if (cast_open(&c, r.fds[STORE_CAST]) != 0)
			status = ctl_fail("%s: %s", r.name, c.why);
		else if (list_wants(o, &r, &c.header) &&
		    search_one(s, &c) != CTL_OK)
			status = CTL_FAILED;
		cast_close(&c);
		recording_close(&r);
	}
	if (o->ctl->json)
		records_json(&s->found, false, stdout);
	if (!s->any)
		status = CTL_FAILED;
	records_free(&s->found);
	free(s);
	return status;
}
