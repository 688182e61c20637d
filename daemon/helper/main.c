/*
 * The role of a module's helper process: started by the master as root with
 * a wall and a door; hears which module it is for, drops to that module's
 * account, and only then loads code by others.
 */
#include "daemon/helper/helper.h"

#include "daemon/roles.h"
#include "daemon/start.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/mem.h"
#include "privsep/die.h"
#include "privsep/drop.h"
#include "privsep/spawn.h"
#include "privsep/title.h"
#include "privsep/wall_queue.h"

#include <sys/syscall.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct wall master;
static struct module_settings settings;

static void
keep_option(const struct msg_helper_option *m)
{
	struct pairs *options = &settings.options;
	struct pair *p;

	options->items = mem_grow(
	    options->items, options->count + 1, sizeof(*options->items));
	p = &options->items[options->count++];
	p->key = mem_strdup(m->key);
	p->value = mem_strdup(m->value);
	p->origin.file = mem_strdup(m->file);
	p->origin.line = m->line;
}

/* Until it is told to begin; the module's file. */
static const char *
hear(void)
{
	struct wall_message m;
	const char *file = NULL;

	while (file == NULL) {
		if (wall_receive(&master, &m) != 0)
			_exit(EXIT_FAILED);
		if (m.type == MSG_helper_option)
			keep_option(&m.helper_option);
		else {
			settings.name = mem_strdup(m.helper_begin.module);
			file = mem_strdup(m.helper_begin.file);
		}
		wall_done(&master, &m);
	}
	return file;
}

void
helper_run(int wall, int door)
{
	const char *file, *why;

	wall_init(&master, wall, PATH_HELPER_MASTER, PATH_MASTER_HELPER);
	file = hear();
	title_set("helper of %s", settings.name);
	/* /dev/null stands for what other roles get there. */
	if (dup2(door, SPAWN_BUNDLE) < 0 ||
	    syscall(SYS_close_range, SPAWN_BUNDLE + 1, ~0U, 0) != 0)
		die_errno("the helper's door");
	if (fd_set_nonblocking(wall) != 0 ||
	    fd_set_nonblocking(SPAWN_BUNDLE) != 0)
		die_errno("O_NONBLOCK");
	start_drop(ROLE_HELPER);
	helper_confine(wall);
	why = helper_serve(&settings, file, SPAWN_BUNDLE, &master);
	if (why != NULL) {
		char text[WALL_TEXT_MAX];

		snprintf(text, sizeof(text), "%s", why);
		(void)WALL_SEND(&master, helper_failed, .text = text);
		(void)wall_queue_drain(&master, WALL_PATIENCE_MS);
	}
	_exit(why == NULL ? 0 : EXIT_FAILED);
}
