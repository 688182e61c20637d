/*
 * The arguments of `sallyportctl recordings COMMAND`.
 */
#ifndef DAEMON_CTL_RECORDINGS_ARGUMENTS_H
#define DAEMON_CTL_RECORDINGS_ARGUMENTS_H

#include "daemon/ctl/recordings/options.h"

/* The options that a command takes. */
enum recordings_take {
	TAKE_FILTERS = 1, /* --user --since --until --rule --source */
	TAKE_RUNNING = 2, /* --running */
	TAKE_KEYS = 4, /* --key */
	TAKE_PLAY = 8, /* --speed --idle */
	TAKE_RAW = 16, /* --raw */
	TAKE_CASE = 32, /* -i */
	TAKE_EXPORT = 64, /* --format --log */
	TAKE_PRUNE = 128, /* --older-than --max-total --dry-run */
	TAKE_DIRECTORY = 256, /* --directory */
};

/*
 * Options and names; with text the first name is what is searched for.
 * CTL_OK, or what was wrong has been said.
 */
int arguments_take(struct recordings_options *o, int argc, char **argv,
    unsigned take, bool text);

#endif
