/*
 * Files of grants for a time: what one says, and whether it holds.  Read by
 * the monitor, by judges of open connections and by sallyportctl; other tools
 * may have written them, so whatever is not understood is an error, and that
 * file grants nothing.
 */
#include "config/policy/timed.h"

#include "config/parse.h"
#include "lib/err.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LINE_MAX_BYTES 512

struct parsing {
	struct timed_grant *grant;
	unsigned seen, line;
	char *why;
};

__attribute__((format(printf, 2, 3))) static int
wrong(struct parsing *p, const char *format, ...)
{
	char text[TIMED_WHY_MAX - 32];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (p->line == 0)
		snprintf(p->why, TIMED_WHY_MAX, "%s", text);
	else
		snprintf(p->why, TIMED_WHY_MAX, "line %u: %s", p->line, text);
	return E_FORMAT;
}

bool
timed_is_value(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > TIMED_TEXT_MAX || text[0] == ' ' ||
	    text[len - 1] == ' ')
		return false;
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

/* Digits at fixed places, and nothing behind: no strptime(), which takes more.
 */
static bool
read_time(const char *text, uint64_t *when)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";
	struct tm tm = {0}, back;
	time_t t;

	if (strlen(text) != sizeof(form) - 1)
		return false;
	for (size_t i = 0; form[i] != '\0'; i++)
		if (form[i] == 'd' ? text[i] < '0' || text[i] > '9' :
				     text[i] != form[i])
			return false;
	tm.tm_year = atoi(text) - 1900;
	tm.tm_mon = atoi(&text[5]) - 1;
	tm.tm_mday = atoi(&text[8]);
	tm.tm_hour = atoi(&text[11]);
	tm.tm_min = atoi(&text[14]);
	tm.tm_sec = atoi(&text[17]);
	back = tm;
	t = timegm(&back);
	/* A day that does not exist comes back as another. */
	if (t < 0 || back.tm_mon != tm.tm_mon || back.tm_mday != tm.tm_mday ||
	    back.tm_hour != tm.tm_hour || back.tm_min != tm.tm_min ||
	    back.tm_sec != tm.tm_sec)
		return false;
	*when = (uint64_t)t;
	return true;
}

const char *
timed_time(uint64_t when, char text[TIMED_TIME_MAX])
{
	time_t t = (time_t)when;
	struct tm tm;

	if (gmtime_r(&t, &tm) == NULL ||
	    strftime(text, TIMED_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(text, TIMED_TIME_MAX, "?");
	return text;
}

enum timed_key { USER, RULE, BEGINS, UNTIL, TICKET, APPROVER, MADE_BY, KEYS };
static const char *const keys[KEYS] = {
    "user", "rule", "begins", "until", "ticket", "approver", "made_by"};

static int
take(struct parsing *p, enum timed_key key, const char *value)
{
	struct timed_grant *g = p->grant;
	const char *fault;
	char *texts[KEYS] = {[USER] = g->user,
	    [TICKET] = g->ticket,
	    [APPROVER] = g->approver,
	    [MADE_BY] = g->made_by};

	if ((p->seen & (1u << key)) != 0)
		return wrong(p, "%s: a second time", keys[key]);
	p->seen |= 1u << key;
	if (key == BEGINS || key == UNTIL) {
		if (!read_time(value, key == BEGINS ? &g->begins : &g->until))
			return wrong(p,
			    "%s: no time such as 2026-11-30T18:00:00Z",
			    keys[key]);
		return 0;
	}
	if (key == RULE) {
		if ((fault = parse_name(value)) != NULL)
			return wrong(p, "rule: %s", fault);
		snprintf(g->rule, sizeof(g->rule), "%s", value);
		return 0;
	}
	memcpy(texts[key], value, strlen(value) + 1);
	return 0;
}

static int
take_line(struct parsing *p, char *line)
{
	char *equals = strstr(line, " = ");

	if (line[0] == '\0' || line[0] == '#')
		return 0;
	if (equals == NULL)
		return wrong(p, "no \"key = value\"");
	*equals = '\0';
	if (!timed_is_value(&equals[3]))
		return wrong(p,
		    "a value that is empty, too long, or holds "
		    "what cannot be printed");
	for (unsigned i = 0; i < KEYS; i++)
		if (strcmp(line, keys[i]) == 0)
			return take(p, (enum timed_key)i, &equals[3]);
	return wrong(p, "there is no key \"%.40s\"", line);
}

/* Over the whole: what must be there, and is not longer than nothing. */
static int
judge(struct parsing *p)
{
	const unsigned needed = 1u << USER | 1u << RULE | 1u << UNTIL;

	p->line = 0;
	for (unsigned i = 0; i < KEYS; i++)
		if ((needed & 1u << i) != 0 && (p->seen & 1u << i) == 0)
			return wrong(p, "\"%s\" is missing", keys[i]);
	if (p->grant->begins >= p->grant->until)
		return wrong(p, "it ends before it begins");
	return 0;
}

int
timed_parse(const char *text, size_t len, struct timed_grant *grant,
    char why[TIMED_WHY_MAX])
{
	struct parsing p = {.grant = grant, .why = why};
	char line[LINE_MAX_BYTES];
	size_t at = 0;
	int err = 0;

	memset(grant, 0, sizeof(*grant));
	why[0] = '\0';
	if (len > TIMED_FILE_MAX)
		err = wrong(&p, "longer than %d bytes", TIMED_FILE_MAX);
	while (at < len && err == 0) {
		const char *end = memchr(&text[at], '\n', len - at);
		size_t n = (end == NULL ? len : (size_t)(end - text)) - at;

		p.line++;
		if (end == NULL)
			err = wrong(&p, "the file is cut short");
		else if (n >= sizeof(line) ||
		    memchr(&text[at], '\0', n) != NULL)
			err = wrong(&p, "too long, or a byte zero in it");
		if (err != 0 || n >= sizeof(line))
			break;
		memcpy(line, &text[at], n);
		line[n] = '\0';
		err = take_line(&p, line);
		at += n + 1;
	}
	if (err == 0)
		err = judge(&p);
	if (err != 0)
		memset(grant, 0, sizeof(*grant));
	return err;
}

void
timed_write(const struct timed_grant *g, FILE *out)
{
	char begins[TIMED_TIME_MAX], until[TIMED_TIME_MAX];

	fprintf(out, "user = %s\nrule = %s\nbegins = %s\nuntil = %s\n", g->user,
	    g->rule, timed_time(g->begins, begins),
	    timed_time(g->until, until));
	if (g->ticket[0] != '\0')
		fprintf(out, "ticket = %s\n", g->ticket);
	if (g->approver[0] != '\0')
		fprintf(out, "approver = %s\n", g->approver);
	if (g->made_by[0] != '\0')
		fprintf(out, "made_by = %s\n", g->made_by);
}

const struct timed_grant *
timed_find(const struct policy_facts *facts, const char *rule)
{
	const struct timed_grant *found = NULL;

	if (facts->timed_state != FACT_KNOWN || facts->now_unknown)
		return NULL;
	for (size_t i = 0; i < facts->timed_count; i++) {
		const struct timed_grant *g = &facts->timed[i];

		if (strcmp(g->rule, rule) == 0 &&
		    strcmp(g->user, facts->user) == 0 &&
		    g->begins <= (uint64_t)facts->now &&
		    (uint64_t)facts->now < g->until &&
		    (found == NULL || g->until > found->until))
			found = g;
	}
	return found;
}

bool
timed_rule_asks(const struct rule *rule)
{
	for (size_t i = 0; i < rule->match_count; i++)
		if (rule->matches[i].by_grant)
			return true;
	return false;
}

bool
policy_asks_grants(const struct config *config)
{
	for (size_t i = 0; i < config->rule_count; i++)
		if (timed_rule_asks(&config->rules[i]))
			return true;
	return false;
}
