/*
 * Time windows in their own zones.  For the policy; asks the C library, with
 * TZ set for the moment, because the rules of zones are its business.  Called
 * by single-threaded processes only.
 */
#include "config/policy/time.h"

#include "config/policy/match.h"
#include "lib/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ZONEINFO    "/usr/share/zoneinfo/"
#define MINUTES_DAY (24 * 60)
#define CLOCKS_KEPT 32
#define ROW_MAX	    64 /* adjoining windows to walk along */

bool
zone_exists(const char *zone)
{
	char *path;
	bool exists;

	if (strcmp(zone, "UTC") == 0)
		return true;
	path = mem_printf(ZONEINFO "%s", zone);
	exists = access(path, R_OK) == 0;
	free(path);
	return exists;
}

char *
zone_enter(const char *zone)
{
	const char *old = getenv("TZ");
	char *saved = old != NULL ? mem_strdup(old) : NULL;
	char *value;

	if (zone != NULL) {
		value = mem_printf(":%s", zone);
		setenv("TZ", value, 1);
		free(value);
	}
	tzset();
	return saved;
}

void
zone_leave(const char *zone, char *saved)
{
	if (zone == NULL) {
		free(saved);
		return;
	}
	if (saved != NULL)
		setenv("TZ", saved, 1);
	else
		unsetenv("TZ");
	free(saved);
	tzset();
}

/* The moment when the window that began days_ago at this clock closes. */
static time_t
closing(const struct time_window *w, const struct tm *now, int days_ago)
{
	struct tm end = *now;

	end.tm_mday += (w->last <= w->first ? 1 : 0) - days_ago;
	end.tm_hour = (int)(w->last / 60);
	end.tm_min = (int)(w->last % 60);
	end.tm_sec = 0;
	end.tm_isdst = -1;
	return mktime(&end);
}

/* In the part of a window that began on that day, or on the day before. */
static bool
began_today(const struct time_window *w, const struct tm *tm)
{
	unsigned minute = (unsigned)(tm->tm_hour * 60 + tm->tm_min);

	return (w->days & 1U << tm->tm_wday) != 0 && minute >= w->first &&
	    (w->last <= w->first || minute < w->last);
}

static bool
began_yesterday(const struct time_window *w, const struct tm *tm)
{
	unsigned minute = (unsigned)(tm->tm_hour * 60 + tm->tm_min);
	unsigned yesterday = (unsigned)(tm->tm_wday + 6) % 7;

	return w->last <= w->first && (w->days & 1U << yesterday) != 0 &&
	    minute < w->last;
}

bool
window_holds(const struct time_window *w, const struct tm *tm)
{
	return began_today(w, tm) || began_yesterday(w, tm);
}

/*
 * The clock of a zone, or false where this machine has none.  One login asks
 * many windows of few zones at one moment, and each change of TZ reads the
 * zone's file: the last clocks are kept.
 */
static bool
clock_of(const char *zone, time_t now, struct tm *tm)
{
	static struct {
		char zone[64];
		time_t now;
		struct tm tm;
		bool known;
	} clocks[CLOCKS_KEPT], *c;
	static size_t next;
	const char *name = zone != NULL ? zone : "";
	char *saved;
	bool good;

	for (size_t i = 0; i < CLOCKS_KEPT; i++) {
		c = &clocks[i];
		if (c->known && c->now == now && strcmp(c->zone, name) == 0) {
			*tm = c->tm;
			return true;
		}
	}
	if (zone != NULL && !zone_exists(zone))
		return false;
	saved = zone_enter(zone);
	good = localtime_r(&now, tm) != NULL;
	zone_leave(zone, saved);
	c = &clocks[next++ % CLOCKS_KEPT];
	c->known = good && strlen(name) < sizeof(c->zone);
	if (c->known) {
		memcpy(c->zone, name, strlen(name) + 1);
		c->now = now;
		c->tm = *tm;
	}
	return good;
}

/* ends may be NULL: nobody asks. */
static enum tri
in_window(const struct time_window *w, time_t now, time_t *ends)
{
	struct tm tm;
	char *saved;

	if (!clock_of(w->zone, now, &tm))
		return TRI_UNKNOWN;
	if (!window_holds(w, &tm))
		return TRI_NO;
	if (ends != NULL) {
		saved = zone_enter(w->zone);
		*ends = closing(w, &tm, !began_today(w, &tm));
		zone_leave(w->zone, saved);
	}
	return TRI_YES;
}

static bool
is_always(const struct time_window *w)
{
	return w->days == 0x7f && w->first == 0 && w->last == MINUTES_DAY;
}

bool
policy_is_always(const struct time_windows *windows)
{
	size_t i;

	for (i = 0; i < windows->count; i++) {
		if (is_always(&windows->items[i]))
			return true;
	}
	return false;
}

/* The latest end of the windows that hold at now; ends may be NULL. */
static enum tri
one_moment(const struct time_windows *windows, time_t now, time_t *ends)
{
	enum tri result = TRI_NO, one;
	time_t end = 0;
	size_t i;

	for (i = 0; i < windows->count; i++) {
		const struct time_window *w = &windows->items[i];

		if (is_always(w)) {
			if (ends != NULL)
				*ends = 0;
			return TRI_YES;
		}
		one = in_window(w, now, ends != NULL ? &end : NULL);
		if (one == TRI_UNKNOWN && result == TRI_NO)
			result = TRI_UNKNOWN;
		if (one != TRI_YES)
			continue;
		if (ends != NULL && (result != TRI_YES || end > *ends))
			*ends = end;
		result = TRI_YES;
	}
	return result;
}

enum tri
policy_in_windows(const struct time_windows *windows, time_t now, time_t *ends)
{
	enum tri result;
	time_t end = 0, next = 0;
	int i;

	if (ends == NULL)
		return one_moment(windows, now, NULL);
	*ends = 0;
	result = one_moment(windows, now, &end);
	if (result != TRI_YES || end == 0)
		return result;
	for (i = 0; i < ROW_MAX; i++) {
		if (one_moment(windows, end, &next) != TRI_YES) {
			*ends = end;
			return TRI_YES;
		}
		if (next == 0 || next <= end)
			break;
		end = next;
	}
	return TRI_YES;
}

static void __attribute__((format(printf, 4, 5)))
append(char *text, size_t size, size_t *used, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(&text[*used], size - *used, format, args);
	va_end(args);
	*used =
	    n < 0 || (size_t)n >= size - *used ? size - 1 : *used + (size_t)n;
}

void
policy_windows_text(
    const struct time_windows *windows, time_t now, char *text, size_t size)
{
	const char *zone = NULL;
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < windows->count && used < size - 1; i++) {
		const struct time_window *w = &windows->items[i];
		char clock[48] = "?";
		struct tm tm;

		if (i == 0 || (zone == NULL) != (w->zone == NULL) ||
		    (zone != NULL && strcmp(zone, w->zone) != 0)) {
			if (clock_of(w->zone, now, &tm))
				strftime(
				    clock, sizeof(clock), "%a %H:%M %Z", &tm);
			append(text, size, &used, "%sit is %s, outside ",
			    i > 0 ? "; " : "", clock);
		} else {
			append(text, size, &used, ", ");
		}
		zone = w->zone;
		append(text, size, &used, "%s", w->text);
	}
	if (windows->count == 0)
		append(text, size, &used, "no window is open");
}

/* A name below the zones' folder, and no way out of it. */
static bool
zone_is_known(const char *zone)
{
	return zone[0] != '/' && zone[0] != '\0' &&
	    strstr(zone, "..") == NULL && zone_exists(zone);
}

bool
policy_moment(const char *text, time_t *when)
{
	const char *end, *zone;
	char *number_end, *saved;
	struct tm tm = {0};

	if (text[0] == '@') {
		*when = (time_t)strtoll(&text[1], &number_end, 10);
		return text[1] != '\0' && *number_end == '\0';
	}
	end = strptime(text, "%Y-%m-%d", &tm);
	if (end == NULL || (*end != ' ' && *end != 'T') ||
	    (end = strptime(&end[1], "%H:%M", &tm)) == NULL)
		return false;
	if (*end == ':' && (end = strptime(end, ":%S", &tm)) == NULL)
		return false;
	zone = *end == ' ' ? &end[1] : NULL;
	if (zone == NULL ? *end != '\0' : !zone_is_known(zone))
		return false;
	tm.tm_isdst = -1;
	saved = zone_enter(zone);
	*when = mktime(&tm);
	zone_leave(zone, saved);
	return *when != (time_t)-1;
}
