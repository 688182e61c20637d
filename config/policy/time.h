/*
 * Zones and the windows in them.  Single-threaded: zones are looked at through
 * TZ.
 */
#ifndef CONFIG_POLICY_TIME_H
#define CONFIG_POLICY_TIME_H

#include "config/config.h"

#include <time.h>

/* Does this machine know the zone? */
bool zone_exists(const char *zone);

/* Set TZ to the zone (NULL: leave it); what is returned goes to zone_leave().
 */
char *zone_enter(const char *zone);
void zone_leave(const char *zone, char *saved);

/* Is the window open by this clock, which is of the window's own zone? */
bool window_holds(const struct time_window *w, const struct tm *tm);

#endif
