/*
 * Times on sallyportctl's command line, and how it prints them.
 */
#ifndef DAEMON_CTL_WHEN_H
#define DAEMON_CTL_WHEN_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* "now", "@1700000000", "08:30", "2026-11-21 08:30[:00] [ZONE]"; local time. */
bool when_parse(const char *text, time_t *when);

/* "2026-11-21 08:30:00", local time, on stdout; "-" for 0. */
void when_print(uint64_t seconds);

#endif
