/*
 * The terminal of who plays a recording: its keys one by one while it plays,
 * and as it was afterwards.  In the process that keeps its rights, so that no
 * end of the reader leaves it otherwise.
 */
#ifndef DAEMON_CTL_RECORDINGS_TERMINAL_H
#define DAEMON_CTL_RECORDINGS_TERMINAL_H

#include "daemon/ctl/recordings/options.h"

/* Nothing, where standard input or output is no terminal.  Signals that would
 * end the process are held back for terminal_wait(). */
void terminal_begin(struct recordings_options *o);
void terminal_end(void);

/* Wait for the end of the other side of feed, or a signal (true), or so many
 * milliseconds (false). */
bool terminal_wait(int feed, int ms);

#endif
