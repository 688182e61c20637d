/*
 * sallyportctl recordings: finds the command of a command and runs it.
 */
#include "daemon/ctl/ctl.h"

#include "daemon/ctl/recordings/arguments.h"
#include "daemon/ctl/recordings/choose.h"
#include "daemon/ctl/recordings/commands.h"
#include "lib/ssh/key.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#define DIRECTORY LOCALSTATEDIR "/lib/sallyport/recordings"

typedef int run_fn(struct recordings_options *o);

static int
run_reader(struct recordings_options *o, reader_fn *read)
{
	int count = 0, status;

	status = reader_run(o, read, choose_feed, &count);
	return count < 0 ? CTL_FAILED : status;
}

static int
run_list(struct recordings_options *o)
{
	if (o->name_count > 0)
		return ctl_usage(o->ctl, "options alone are expected");
	return run_reader(o, list_read);
}

static int
run_show(struct recordings_options *o)
{
	if (o->name_count == 0)
		return ctl_usage(o->ctl, "a recording is expected");
	if (o->key_count == 0)
		choose_host_keys(o);
	return run_reader(o, show_read);
}

static int
run_verify(struct recordings_options *o)
{
	if (o->key_count == 0)
		choose_host_keys(o);
	return run_reader(o, verify_read);
}

static const struct {
	const char *name;
	run_fn *run;
	unsigned take;
	bool text;
} commands[] = {
    {"list", run_list, TAKE_FILTERS | TAKE_RUNNING, false},
    {"show", run_show, TAKE_KEYS, false},
    {"verify", run_verify, TAKE_KEYS | TAKE_FILTERS, false},
};

/* Where the server has its recordings, unless another place is named. */
static void
use_directory(struct recordings_options *o)
{
	o->own = o->directory == NULL;
	if (o->own)
		o->directory = DIRECTORY;
}

int
recordings_command(const struct ctl *ctl, int argc, char **argv)
{
	struct recordings_options o = {.ctl = ctl, .speed = 1};
	int status = CTL_USAGE;

	/* What shows, and how wide it is, does not depend on who asks. */
	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (argc == 0 || strcmp(commands[i].name, argv[0]) != 0)
			continue;
		status = arguments_take(&o, argc - 1, argv + 1,
		    commands[i].take | TAKE_DIRECTORY, commands[i].text);
		if (status == CTL_OK) {
			use_directory(&o);
			status = commands[i].run(&o);
		}
		for (size_t k = 0; k < o.key_count; k++)
			key_free(o.keys[k]);
		return status;
	}
	return ctl_usage(ctl, "what of the recordings: list, show, verify");
}
