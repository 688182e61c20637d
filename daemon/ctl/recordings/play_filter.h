/*
 * Filters a recording for the viewer's terminal: only sequences that draw pass.
 * Sequences that make a terminal answer (and so type), that set its title or
 * clipboard, load fonts, or change what its keys and mouse send, are left out.
 */
#ifndef DAEMON_CTL_RECORDINGS_PLAY_FILTER_H
#define DAEMON_CTL_RECORDINGS_PLAY_FILTER_H

#include "daemon/ctl/recordings/vt_parse.h"
#include "lib/buf.h"

/* Append what may pass; p is zero at the start of a recording. */
void play_filter(
    struct vt_parse *p, const char *data, size_t len, struct buf *out);

#endif
