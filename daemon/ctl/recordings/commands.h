/*
 * The commands' halves that run in the reader's process.
 */
#ifndef DAEMON_CTL_RECORDINGS_COMMANDS_H
#define DAEMON_CTL_RECORDINGS_COMMANDS_H

#include "daemon/ctl/recordings/reader.h"

/* export.c: one recording */
reader_fn export_read;
/* list.c */
reader_fn list_read;
/* play.c: one recording */
reader_fn play_read, watch_read;
/* search.c */
reader_fn search_read;
/* show.c */
reader_fn show_read, verify_read;

#endif
