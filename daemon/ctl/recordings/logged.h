/*
 * The audit's events of one connection, from a log: for the list beside an
 * exported recording.
 */
#ifndef DAEMON_CTL_RECORDINGS_LOGGED_H
#define DAEMON_CTL_RECORDINGS_LOGGED_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

struct logged_event {
	int64_t when; /* microseconds since 1970 */
	char *event; /* "file.open", or "" where the format has no name */
	char *text; /* the sentence */
};

struct logged {
	struct logged_event *items; /* by time */
	size_t count;
	size_t left_out; /* there were more than are kept */
};

#define LOGGED_MAX 20000

/*
 * The lines that are about the connection: the server's formats json, rfc5424
 * and text, and what "journalctl -o json" prints.  start, seconds since 1970,
 * gives the year to lines that have none.
 */
void logged_read(struct logged *m, FILE *log, const char *conn, time_t start);
void logged_free(struct logged *m);

#endif
