/*
 * sallyportctl recordings: finds the command of a command and runs it.
 */
#include "daemon/ctl/ctl.h"

#include "config/load.h"
#include "daemon/ctl/recordings/arguments.h"
#include "daemon/ctl/recordings/choose.h"
#include "daemon/ctl/recordings/commands.h"
#include "daemon/ctl/recordings/note.h"
#include "daemon/ctl/recordings/prune.h"
#include "daemon/ctl/recordings/terminal.h"
#include "lib/mem.h"
#include "lib/ssh/key.h"

#include <locale.h>
#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How often it is looked whether a recording has ended. */
#define WATCH_MS 300

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

/* ---- what shows contents is audited ---- */

static int
run_search(struct recordings_options *o)
{
	char *what;
	int status;

	if (o->text == NULL)
		return ctl_usage(o->ctl, "a text is expected");
	what = mem_printf("%.200s", o->text);
	status = note_act(o, "search", what);
	free(what);
	return status == CTL_OK ? run_reader(o, search_read) : status;
}

struct showing {
	struct recording recording;
	struct stored where;
	bool follow;
	int monitor; /* pidfd of the one that writes its end, or -1 */
};

/* The reader has all it needs; its end, or a signal, is waited for. */
static void
feed_one(const struct recordings_options *o, int feed, void *arg)
{
	struct showing *s = arg;

	(void)o;
	if (!reader_send(feed, &s->recording))
		return;
	while (!terminal_wait(feed, WATCH_MS))
		if (s->follow && choose_has_ended(&s->where, s->monitor))
			break;
}

static int
run_showing(struct recordings_options *o, bool follow)
{
	struct showing s = {.follow = follow, .monitor = -1};
	int status;

	if (o->name_count != 1)
		return ctl_usage(o->ctl, "one recording is expected");
	if ((status = choose_one(o, &s.recording, &s.where)) != CTL_OK)
		return status;
	status = note_act(o, follow ? "watch" : "play", s.recording.base);
	if (status == CTL_OK) {
		/* The server is asked once: each time is in the audit. */
		if (s.recording.monitor > 0)
			s.monitor = (int)syscall(
			    SYS_pidfd_open, s.recording.monitor, 0);
		terminal_begin(o);
		status = reader_run(
		    o, follow ? watch_read : play_read, feed_one, &s);
		terminal_end();
		if (s.monitor >= 0)
			close(s.monitor);
	}
	recording_close(&s.recording);
	choose_free(&s.where);
	return status;
}

static int
run_play(struct recordings_options *o)
{
	return run_showing(o, false);
}

static int
run_watch(struct recordings_options *o)
{
	return run_showing(o, true);
}

/* The reader gets the log as a descriptor, too. */
static int
open_log(struct recordings_options *o)
{
	if (strcmp(o->log, "-") == 0)
		o->log_fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	else
		o->log_fd = open(o->log, O_RDONLY | O_CLOEXEC);
	return o->log_fd >= 0 ? CTL_OK :
				ctl_fail("%s: %s", o->log, strerror(errno));
}

static void
feed_export(const struct recordings_options *o, int feed, void *arg)
{
	(void)o;
	(void)reader_send(feed, arg);
}

static int
run_export(struct recordings_options *o)
{
	struct recording r;
	struct stored where;
	int status;

	if (o->name_count != 1 || o->format == NULL)
		return ctl_usage(
		    o->ctl, "one recording and --format are expected");
	if (o->log != NULL && strcmp(o->format, "html") != 0)
		return ctl_usage(o->ctl, "--log is for --format html");
	if (o->log != NULL && (status = open_log(o)) != CTL_OK)
		return status;
	if ((status = choose_one(o, &r, &where)) != CTL_OK)
		return status;
	if (o->key_count == 0 && strcmp(o->format, "html") == 0)
		choose_host_keys(o);
	status = note_act(o, "export", r.base);
	if (status == CTL_OK)
		status = reader_run(o, export_read, feed_export, &r);
	recording_close(&r);
	choose_free(&where);
	return status;
}

static const struct {
	const char *name;
	run_fn *run;
	unsigned take;
	bool text;
} commands[] = {
    {"list", run_list, TAKE_FILTERS | TAKE_RUNNING, false},
    {"show", run_show, TAKE_KEYS, false},
    {"play", run_play, TAKE_PLAY | TAKE_RAW, false},
    {"watch", run_watch, TAKE_RAW, false},
    {"verify", run_verify, TAKE_KEYS | TAKE_FILTERS, false},
    {"search", run_search, TAKE_FILTERS | TAKE_CASE, true},
    {"export", run_export, TAKE_EXPORT | TAKE_KEYS, false},
    {"prune", prune_run, TAKE_PRUNE, false},
};

/* The configuration's, of this machine; where none can be read, the default. */
static char *
own_directory(const struct recordings_options *o)
{
	struct problems problems = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;
	char *directory;

	if (config_bundle_read_unjudged(
		o->ctl->config_file, &bundle, &problems) != 0 ||
	    config_load(&bundle, &config, &problems) != 0)
		config = config_defaults();
	directory = mem_strdup(config->recordings.directory);
	config_free(config);
	config_bundle_free(&bundle);
	problems_free(&problems);
	return directory;
}

/* Is the path the directory, or below it? */
static bool
lies_in(const char *path, const char *directory)
{
	char *real = realpath(path, NULL);
	size_t len = directory != NULL ? strlen(directory) : 0;
	bool below = real != NULL && len > 0 &&
	    strncmp(real, directory, len) == 0 &&
	    (real[len] == '/' || real[len] == '\0');

	free(real);
	return below;
}

/* Where the server has its recordings, unless another place is named. */
static void
use_directory(struct recordings_options *o)
{
	char *place = own_directory(o), *real = realpath(place, NULL);

	bool own = o->directory == NULL || lies_in(o->directory, real);

	o->own = own && o->name_count == 0;
	for (size_t i = 0; i < o->name_count; i++)
		o->own |= choose_is_path(o->names[i]) ?
		    lies_in(o->names[i], real) :
		    own;
	free(real);
	if (o->directory == NULL)
		o->directory = o->place = place;
	else
		free(place);
}

int
recordings_command(const struct ctl *ctl, int argc, char **argv)
{
	struct recordings_options o = {.ctl = ctl, .speed = 1, .log_fd = -1};
	int status = CTL_USAGE;

	/* The locale of the caller must not change which characters are
	 * printed, nor their width. */
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
		free(o.place);
		return status;
	}
	return ctl_usage(ctl,
	    "what of the recordings: list, show, play, watch, verify, "
	    "search, export, prune");
}
