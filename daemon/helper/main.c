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
#include "privsep/peer.h"
#include "privsep/spawn.h"
#include "privsep/title.h"
#include "privsep/wall_queue.h"

#include <sys/syscall.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct wall master;

struct orders {
	struct module_settings settings;
	const char *file; /* of the module; NULL until it is to begin */
};

#define PEER_CONTEXT struct orders
WALL_MASTER_HELPER(PEER_DECLARE_STATIC)
PEER_HANDLE(MASTER_HELPER)
static const struct peer from_master = {.handle = peer_MASTER_HELPER};

static int
on_helper_option(struct orders *o, struct wall_message *message)
{
	const struct msg_helper_option *m = &message->helper_option;
	struct pairs *options = &o->settings.options;
	struct pair *p;

	options->items = mem_grow(
	    options->items, options->count + 1, sizeof(*options->items));
	p = &options->items[options->count++];
	p->key = mem_strdup(m->key);
	p->value = mem_strdup(m->value);
	p->origin.file = mem_strdup(m->file);
	p->origin.line = m->line;
	return 0;
}

static int
on_helper_begin(struct orders *o, struct wall_message *m)
{
	o->settings.name = mem_strdup(m->helper_begin.module);
	o->file = mem_strdup(m->helper_begin.file);
	return 0;
}

void
helper_run(int wall, int door)
{
	static struct orders orders;
	const char *why;

	wall_init(&master, wall, PATH_HELPER_MASTER, PATH_MASTER_HELPER);
	while (orders.file == NULL)
		if (peer_read(&from_master, &master, &orders) != 0)
			_exit(EXIT_FAILED);
	title_set("helper of %s", orders.settings.name);
	/* /dev/null stands for what other roles get there. */
	if (dup2(door, SPAWN_BUNDLE) < 0 ||
	    syscall(SYS_close_range, SPAWN_BUNDLE + 1, ~0U, 0) != 0)
		die_errno("the helper's door");
	if (fd_set_nonblocking(wall) != 0 ||
	    fd_set_nonblocking(SPAWN_BUNDLE) != 0)
		die_errno("O_NONBLOCK");
	start_drop(ROLE_HELPER);
	helper_confine(wall);
	why =
	    helper_serve(&orders.settings, orders.file, SPAWN_BUNDLE, &master);
	if (why != NULL) {
		char text[WALL_TEXT_MAX];

		snprintf(text, sizeof(text), "%s", why);
		(void)WALL_SEND(&master, helper_failed, .text = text);
		(void)wall_queue_drain(&master, WALL_PATIENCE_MS);
	}
	_exit(why == NULL ? 0 : EXIT_FAILED);
}
