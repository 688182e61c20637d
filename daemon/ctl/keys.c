/*
 * sallyportctl keys: which keys still open doors.  It joins the table that
 * monitors keep of logins with the lines of users' authorized_keys.
 */
#include "daemon/ctl/keys.h"

#include "config/load.h"
#include "config/parse.h"
#include "daemon/ctl/ctl.h"
#include "daemon/ctl/record.h"
#include "daemon/ctl/when.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPIRES_SOON "30d"
#define PLACES_TOLD  32 /* of a key: a user's file may have it in each line */

struct keys_words {
	bool unused, expiring, csv;
	uint64_t unused_for, expiring_in; /* seconds */
};

static const char *const kinds[] = {
    [KEY_USE_KEY] = "key",
    [KEY_USE_CERT] = "certificate",
    [KEY_USE_AUTHORITY] = "authority",
};

/* ---- rows ---- */

/* Add a word to a list with commas, if it is not among its own already. */
static bool
add_word(char **list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = *list; p != NULL && *p != '\0';) {
		size_t n = strcspn(p, ",");

		if (n == len && strncmp(p, word, n) == 0)
			return false;
		p += n + (p[n] == ',');
	}
	if (*word == '\0')
		return false;
	mem_append(list, "%s%s", *list == NULL ? "" : ",", word);
	return true;
}

static void
add_row(struct records *r, const char *kind, const char *type, const char *fp,
    const char *comment, const char *where, const char *users,
    const struct key_use *use, uint64_t expires)
{
	record_begin(r);
	record_text(r, "fingerprint", fp);
	record_text(r, "type", type);
	record_text(r, "kind", kind);
	record_text(r, "comment", comment);
	record_text(r, "where", where);
	record_text(r, "users", users);
	record_number(r, "first", use == NULL ? 0 : use->first);
	record_number(r, "last", use == NULL ? 0 : use->last);
	record_number(r, "count", use == NULL ? 0 : use->count);
	record_text(r, "from", use == NULL ? "" : use->from);
	record_number(r, "expires", expires);
}

static bool
is_used_by(const struct key_use *uses, size_t n, const char *user)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(uses[i].user, user) == 0)
			return true;
	return false;
}

/* Facts about a key from the key files as they are at present. */
struct remarks {
	char *where;
	size_t places;
	const char *comment;
	uint64_t expires;
};

/* The latest end counts, and none (0) is later than any. */
static void
take_remarks(struct remarks *r, const struct key_line *l)
{
	if (r->comment == NULL || l->expires == 0 ||
	    (r->expires != 0 && l->expires > r->expires))
		r->expires = l->expires;
	r->comment = l->comment;
}

/*
 * The lines of its users, or those of others: anybody may write somebody else's
 * public key down, as often as he likes, and what he likes of it.
 */
static void
add_lines(struct remarks *r, const struct key_use *uses, size_t n,
    const struct key_lines *lines, bool by_users)
{
	bool authority = uses->kind == KEY_USE_AUTHORITY;

	for (size_t k = 0; k < lines->count; k++) {
		const struct key_line *l = &lines->items[k];

		if (l->authority != authority || strcmp(l->fp, uses->fp) != 0 ||
		    is_used_by(uses, n, l->user) != by_users)
			continue;
		if (by_users)
			take_remarks(r, l);
		if (r->places < PLACES_TOLD)
			r->places += add_word(&r->where, l->place);
		else
			(void)add_word(&r->where, "...");
	}
}

/* All uses of a key, from i on; returns how many entries these are. */
static size_t
add_used(struct records *r, const struct keys_table *t, size_t i,
    const struct key_lines *lines)
{
	struct key_use sum = t->uses[i];
	char *users = NULL, *places = NULL;
	struct remarks said = {0};
	size_t n = 0;

	sum.count = 0;
	for (; i + n < t->count; n++) {
		const struct key_use *u = &t->uses[i + n];

		if (u->kind != sum.kind || strcmp(u->fp, sum.fp) != 0)
			break;
		(void)add_word(&users, u->user);
		(void)add_word(&places, u->place);
		sum.count += u->count;
		if (u->first < sum.first)
			sum.first = u->first;
		if (u->last >= sum.last) {
			sum.last = u->last;
			memcpy(sum.from, u->from, sizeof(sum.from));
		}
	}
	/* Lines move: where it stands today goes before what a login saw. */
	for (int others = 0; others < 2 && sum.kind != KEY_USE_CERT; others++)
		add_lines(&said, &t->uses[i], n, lines, others == 0);
	add_row(r, kinds[sum.kind], sum.type, sum.fp,
	    said.comment == NULL ? "" : said.comment,
	    said.where != NULL ? said.where :
		places != NULL ? places :
				 "",
	    users == NULL ? "" : users, &sum, said.expires);
	free(users);
	free(places);
	free(said.where);
	return n;
}

static void
add_line(
    struct records *r, const struct key_line *line, const struct key_use *use)
{
	add_row(r, kinds[line->authority ? KEY_USE_AUTHORITY : KEY_USE_KEY],
	    line->type, line->fp, line->comment, line->place, line->user, use,
	    line->expires);
}

static void
make_rows(const struct keys_words *w, const struct keys_table *t,
    const struct key_lines *lines, struct records *r)
{
	uint64_t now = (uint64_t)time(NULL);

	if (!w->unused && !w->expiring) {
		for (size_t i = 0; i < t->count;)
			i += add_used(r, t, i, lines);
		return;
	}
	for (size_t i = 0; i < lines->count; i++) {
		const struct key_line *l = &lines->items[i];
		const struct key_use *use = keys_table_find(t, l);

		if (w->unused && use != NULL && use->last + w->unused_for > now)
			continue;
		if (w->expiring &&
		    (l->expires == 0 || l->expires > now + w->expiring_in))
			continue;
		add_line(r, l, use);
	}
}

/* ---- output ---- */

static const char *const columns[] = {"fingerprint", "type", "kind", "comment",
    "where", "users", "first", "last", "count", "from", "expires"};
#define N_COLUMNS (sizeof(columns) / sizeof(columns[0]))

/* RFC 4180; a comment may begin like a formula, which no spreadsheet shall
 * compute. */
static void
print_cell(const char *text)
{
	putchar('"');
	if (*text != '\0' && strchr("=+-@", *text) != NULL)
		putchar('\'');
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == 0x7f)
			printf("\\x%02x", c);
		else
			fputs(c == '"' ? "\"\"" : (char[2]){(char)c, '\0'},
			    stdout);
	}
	putchar('"');
}

static void
print_csv(const struct records *rows)
{
	for (size_t c = 0; c < N_COLUMNS; c++)
		printf("%s%s", c > 0 ? "," : "", columns[c]);
	fputs("\r\n", stdout);
	for (size_t i = 0; i < rows->count; i++) {
		for (size_t c = 0; c < N_COLUMNS; c++) {
			if (c > 0)
				putchar(',');
			print_cell(record_get(&rows->items[i], columns[c]));
		}
		fputs("\r\n", stdout);
	}
}

static uint64_t
number(const struct record *r, const char *name)
{
	return strtoull(record_get(r, name), NULL, 10);
}

static void
print_row(const struct record *r)
{
	plain_text(record_get(r, "fingerprint"), stdout);
	putchar(' ');
	plain_text(record_get(r, "type"), stdout);
	printf(" (%s)", record_get(r, "kind"));
	if (*record_get(r, "comment") != '\0') {
		putchar(' ');
		plain_text(record_get(r, "comment"), stdout);
	}
	printf("\n    users: ");
	plain_text(record_get(r, "users"), stdout);
	if (*record_get(r, "where") != '\0') {
		printf("\n    in: ");
		plain_text(record_get(r, "where"), stdout);
	}
	if (number(r, "count") == 0) {
		printf("\n    no login is remembered");
	} else {
		printf("\n    %s logins, first ", record_get(r, "count"));
		when_print(number(r, "first"));
		printf(", last ");
		when_print(number(r, "last"));
		printf(" from ");
		plain_text(record_get(r, "from"), stdout);
	}
	if (number(r, "expires") != 0) {
		printf("\n    expires ");
		when_print(number(r, "expires"));
	}
	putchar('\n');
}

static void
print_rows(const struct ctl *ctl, const struct keys_words *w,
    const struct keys_table *t, const struct records *rows)
{
	if (ctl->json) {
		records_json(rows, false, stdout);
		return;
	}
	if (w->csv) {
		print_csv(rows);
		return;
	}
	for (size_t i = 0; i < rows->count; i++)
		print_row(&rows->items[i]);
	if (w->unused || w->expiring)
		return;
	printf("%zu of %d places are used", t->count, KEY_USES_PLACES);
	if (t->evicted > 0)
		printf("; %" PRIu64 " entries have left for newer ones",
		    t->evicted);
	putchar('\n');
}

/* ---- the command ---- */

static int
take_time(
    const struct ctl *ctl, const char *name, const char *text, uint64_t *out)
{
	const char *fault = parse_time(text, out);

	return fault == NULL ? CTL_OK : ctl_usage(ctl, "%s: %s", name, fault);
}

static int
take_words(const struct ctl *ctl, int argc, char **argv, struct keys_words *w)
{
	int status = CTL_OK;

	for (int i = 0; i < argc && status == CTL_OK; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--csv") == 0) {
			w->csv = true;
		} else if (strcmp(argv[i], "--unused") == 0) {
			if (next == NULL)
				return ctl_usage(ctl, "--unused needs a time");
			w->unused = true;
			status =
			    take_time(ctl, argv[i++], next, &w->unused_for);
		} else if (strcmp(argv[i], "--expiring") == 0) {
			bool given = next != NULL && next[0] != '-';

			w->expiring = true;
			status = take_time(ctl, argv[i],
			    given ? next : EXPIRES_SOON, &w->expiring_in);
			i += given;
		} else {
			return ctl_usage(ctl, "no such option: %s", argv[i]);
		}
	}
	if (status == CTL_OK && w->csv && ctl->json)
		return ctl_usage(ctl, "--csv or --json");
	return status;
}

int
keys_command(const struct ctl *ctl, int argc, char **argv)
{
	struct keys_words w = {0};
	struct keys_table *t;
	struct config *config;
	struct key_lines lines = {0};
	struct records rows = {0};
	int status = take_words(ctl, argc, argv, &w);

	if (status != CTL_OK)
		return status;
	if (geteuid() != 0)
		return ctl_fail("only root can read users' files as them");
	if ((config = offline_config(ctl, NULL)) == NULL)
		return CTL_FAILED;
	t = mem_zalloc(sizeof(*t));
	status = keys_table_read(t);
	if (status == CTL_OK) {
		keys_scan(config, &lines);
		make_rows(&w, t, &lines, &rows);
		print_rows(ctl, &w, t, &rows);
		/* A file that could not be read may hold a key that was asked
		 * for. */
		if ((w.unused || w.expiring) && lines.unreadable > 0)
			status = CTL_FAILED;
	}
	records_free(&rows);
	key_lines_free(&lines);
	config_free(config);
	free(t);
	return status;
}
