/*
 * Access to recordings, and their removal, is written to the audit before it
 * takes place.
 */
#ifndef DAEMON_CTL_RECORDINGS_NOTE_H
#define DAEMON_CTL_RECORDINGS_NOTE_H

#include "daemon/ctl/recordings/options.h"

/*
 * Tell the running server, which audits it as ctl.command; without one the
 * event goes to syslog from here.  CTL_OK, or it was said that it cannot be
 * audited, and so must not be done.
 */
int note_act(
    const struct recordings_options *o, const char *verb, const char *what);

#endif
