/*
 * A module's helper process: the side that the server has in it.  For
 * sallyportd and for sallyport-module-test.
 */
#ifndef DAEMON_HELPER_HELPER_H
#define DAEMON_HELPER_HELPER_H

#include "config/config.h"
#include "privsep/wall.h"

/*
 * For good: bounded in memory, descriptors and threads, filtered, and killed
 * with its parent, who alone has the other end of the socket `parent`; a parent
 * that is gone already ends it here.  Behind the drop of the ids, before the
 * module's library is there.
 */
void helper_confine(int parent);

/*
 * Load the library and call its helper(); door and master stay the caller's.
 * master: lines, counts, "ready" go there; NULL: lines to the log of this
 * process.  NULL when all is over, or why it has ended before.
 */
const char *helper_serve(const struct module_settings *settings,
    const char *file, int door, struct wall *master);

#endif
