/*
 * The helper processes that modules of a generation have (sallyport_helper.h):
 * started when its modules are loaded, again at a bounded rate when they end,
 * and killed with it.  They are code by strangers: what one sends is read at a
 * bounded rate, and a broken rule of its wall ends it alone.
 */
#include "daemon/master/master.h"

#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "privsep/wall_queue.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Between two starts (ms): doubled with each end, from the first again when
 * it has lived for so long. */
#define AGAIN_MS     1000
#define AGAIN_MAX_MS 60000
#define LIVED_MS     60000
/* To be ready, if modules have no deadline. */
#define START_SECONDS 60
/* After its door and its wall have closed. */
#define END_MS 2000
/* Messages that are read in a window, and its length. */
#define HEARD_MAX 120
#define HEARD_MS  10000

static const char *
name_of(const struct helper *h, char text[static LOG_SENDER_MAX])
{
	snprintf(text, LOG_SENDER_MAX, "helper of module %.40s", h->module);
	return text;
}

/* A retired generation's clients may still be logging in. */
static bool
is_over(const struct generation *g)
{
	return g->failed || (g->retired && g->connections == 0);
}

static const struct module_settings *
settings_of(const struct helper *h)
{
	const struct config *c = h->child.generation->config;

	for (size_t i = 0; i < c->module_count; i++)
		if (strcmp(c->modules[i].name, h->module) == 0)
			return &c->modules[i];
	return NULL;
}

const char *
helpers_account(const struct child *c)
{
	const struct module_settings *s =
	    settings_of((const struct helper *)(const void *)c);

	return s == NULL || s->helper_user == NULL ? "" : s->helper_user;
}

int
helpers_door(const struct child *c)
{
	return ((const struct helper *)(const void *)c)->door;
}

int
on_helper_wanted(struct child *c, struct wall_message *message)
{
	const struct msg_helper_wanted *m = &message->helper_wanted;
	struct generation *g = c->generation;
	struct helper *h;

	for (h = g->helpers; h != NULL; h = h->next)
		if (strcmp(h->module, m->module) == 0)
			return E_STATE;
	h = carry_blank_helper(g, m->module, m->file);
	return settings_of(h) == NULL ? E_VALUE : 0;
}

static void
put_down(const struct helper *h)
{
	child_signal(h->child.pidfd, SIGKILL);
}

/* By the helper, which can do so for all who come after it; or no monitor is
 * left that could come. */
static bool
is_shut(const struct helper *h)
{
	struct pollfd p = {.fd = h->door, .events = POLLRDHUP};

	return h->door < 0 || poll(&p, 1, 0) != 0;
}

bool
helpers_has_waiting(const struct helper *h)
{
	struct pollfd p = {.fd = h->door, .events = POLLIN};

	return h->door >= 0 && poll(&p, 1, 0) > 0;
}

/* Nobody can ask it any more: another one gets another door. */
static void
on_door(int fd, unsigned events, void *arg)
{
	struct helper *h = arg;
	char text[LOG_SENDER_MAX];

	(void)fd;
	(void)events;
	loop_fd_remove(&h->at_door);
	if (is_over(h->child.generation) || h->child.pid == 0)
		return;
	log_warn("%s has shut its door: it is ended", name_of(h, text));
	put_down(h);
}

static void
watch_door(struct helper *h)
{
	if (loop_fd_add(h->child.generation->master->loop, &h->at_door, h->door,
		LOOP_SHUT, on_door, h) != 0)
		log_error("a helper's door cannot be watched");
}

static void
close_door(struct helper *h)
{
	loop_fd_remove(&h->at_door);
	if (h->door >= 0)
		close(h->door);
	h->door = -1;
}

static void
fail_start(struct helper *h, const char *what)
{
	const struct module_settings *s = settings_of(h);
	char *why = mem_printf("%s:%u: module %s: its helper %s",
	    s == NULL || s->origin.file == NULL ? "" : s->origin.file,
	    s == NULL ? 0 : s->origin.line, h->module, what);

	generation_failed(h->child.generation, why);
	free(why);
}

static void
overdue(void *arg)
{
	struct helper *h = arg;
	char text[LOG_SENDER_MAX];

	put_down(h);
	if (!h->child.generation->ready)
		fail_start(h, "was not ready in time");
	else
		log_warn("%s was not ready in time", name_of(h, text));
}

static int
send_options(struct helper *h)
{
	const struct module_settings *s = settings_of(h);
	int err = s == NULL ? E_VALUE : 0;

	for (size_t i = 0; err == 0 && i < s->options.count; i++) {
		const struct pair *p = &s->options.items[i];

		err = WALL_SEND(&h->child.wall, helper_option, .key = p->key,
		    .value = p->value,
		    .file = p->origin.file == NULL ? "" : p->origin.file,
		    .line = p->origin.line);
	}
	if (err == 0)
		err = WALL_SEND(&h->child.wall, helper_begin,
		    .module = h->module, .file = h->file);
	return err;
}

static int
start(struct helper *h)
{
	struct generation *g = h->child.generation;
	uint32_t seconds = g->config->deadlines.module;
	int err;

	h->started_at = loop_now(g->master->loop);
	err = child_spawn(g, &h->child, PATH_MASTER_HELPER, PATH_HELPER_MASTER);
	if (err == 0 && (err = send_options(h)) != 0)
		put_down(h);
	loop_timer_start(g->master->loop, &h->deadline,
	    1000 * (uint64_t)(seconds == CONFIG_NONE ? START_SECONDS : seconds),
	    overdue, h);
	return err;
}

static void start_again(void *arg);
static int open_door(struct helper *h);

static void
later(struct helper *h)
{
	struct loop *loop = h->child.generation->master->loop;

	if (loop_now(loop) - h->started_at >= LIVED_MS)
		h->pause = 0;
	h->pause = h->pause == 0	 ? AGAIN_MS :
	    h->pause >= AGAIN_MAX_MS / 2 ? AGAIN_MAX_MS :
					   2 * h->pause;
	loop_timer_start(loop, &h->again, h->pause, start_again, h);
}

static void
start_again(void *arg)
{
	struct helper *h = arg;
	char text[LOG_SENDER_MAX];
	int err = 0;

	if (is_over(h->child.generation))
		return;
	h->restarts++;
	AUDIT(template_replaced, .component = name_of(h, text),
	    .reason = "ended");
	if (is_shut(h)) {
		close_door(h);
		err = open_door(h);
	}
	if ((err != 0 || start(h) != 0) && h->child.pid == 0) {
		loop_timer_stop(&h->deadline);
		log_error("%s could not be started", name_of(h, text));
		later(h);
	}
}

/* Also told to the monitors, which keep their end. */
static int
open_door(struct helper *h)
{
	struct generation *g = h->child.generation;
	int door[2], err;

	if (wall_pair(door) != 0)
		return E_SYSTEM;
	h->door = door[0];
	err = WALL_SEND_FD(
	    &g->monitors.wall, door[1], helper_door, .module = h->module);
	close(door[1]);
	if (err == 0)
		watch_door(h);
	return err;
}

bool
helpers_start(struct generation *g)
{
	/* It would be a second one beside that which serves. */
	if (g->master->options.test || g->master->options.rehearse)
		return true;
	for (struct helper *h = g->helpers; h != NULL && !g->failed;
	     h = h->next)
		if (open_door(h) != 0 || start(h) != 0)
			fail_start(h, "could not be started");
	return g->helpers == NULL;
}

static bool
all_ready(const struct generation *g)
{
	for (const struct helper *h = g->helpers; h != NULL; h = h->next)
		if (!h->child.ready)
			return false;
	return true;
}

static void
heard_again(void *arg)
{
	struct helper *h = arg;

	h->heard = 0;
	wall_queue_read(&h->child.wall, true);
}

bool
helpers_silenced(struct child *c)
{
	struct helper *h = (struct helper *)(void *)c;
	struct loop *loop = c->generation->master->loop;
	char text[LOG_SENDER_MAX];

	if (c->role != ROLE_HELPER)
		return false;
	if (!loop_timer_running(&h->window)) {
		h->heard = 0;
		loop_timer_start(loop, &h->window, HEARD_MS, heard_again, h);
	}
	if (h->heard++ < HEARD_MAX)
		return false;
	if (h->heard == HEARD_MAX + 1)
		log_warn("%s says too much: it is not heard for a while",
		    name_of(h, text));
	wall_queue_read(&c->wall, false);
	return true;
}

int
on_helper_ready(struct child *c, struct wall_message *m)
{
	struct helper *h = (struct helper *)(void *)c;
	struct generation *g = c->generation;

	(void)m;
	c->ready = true;
	loop_timer_stop(&h->deadline);
	if (!g->ready && all_ready(g))
		generation_helpers_ready(g);
	return 0;
}

int
on_helper_failed(struct child *c, struct wall_message *m)
{
	const char *why = m->helper_failed.text;
	char text[LOG_SENDER_MAX];

	log_relay(LOG_LEVEL_WARN, name_of((struct helper *)(void *)c, text),
	    why, strlen(why));
	return 0;
}

int
on_helper_count(struct child *c, struct wall_message *m)
{
	struct helper *h = (struct helper *)(void *)c;

	h->taken = m->helper_count.taken;
	h->answered = m->helper_count.answered;
	return 0;
}

int
on_helper_log(struct child *c, struct wall_message *m)
{
	const struct msg_helper_log *l = &m->helper_log;
	char text[LOG_SENDER_MAX];

	log_relay(l->level, name_of((struct helper *)(void *)c, text), l->line,
	    strlen(l->line));
	return 0;
}

void
helpers_lost(struct child *c, const siginfo_t *info)
{
	struct helper *h = (struct helper *)(void *)c;
	struct generation *g = c->generation;
	char what[64], text[LOG_SENDER_MAX];

	loop_timer_stop(&h->deadline);
	loop_timer_stop(&h->window);
	h->heard = 0;
	if (is_over(g))
		return;
	snprintf(what, sizeof(what), "ended: %s %d",
	    info->si_code == CLD_EXITED ? "status" : "signal", info->si_status);
	if (!g->ready) {
		fail_start(h, what);
		return;
	}
	log_warn("%s of generation %u %s", name_of(h, text), g->number, what);
	later(h);
}

void
helpers_carried(struct helper *h)
{
	struct generation *g = h->child.generation;

	h->started_at = loop_now(g->master->loop);
	if (h->door >= 0)
		watch_door(h);
	if (h->child.pid == 0)
		later(h);
	else if (!h->child.ready)
		loop_timer_start(g->master->loop, &h->deadline,
		    1000 * START_SECONDS, overdue, h);
}

static void
end(void *arg)
{
	put_down(arg);
}

bool
helpers_sweep(struct generation *g)
{
	bool left = false;

	if (!g->retired || g->connections != 0)
		return g->helpers != NULL;
	for (struct helper *h = g->helpers; h != NULL; h = h->next) {
		left |= h->child.pid != 0;
		loop_timer_stop(&h->again);
		if (h->child.wall.fd < 0)
			continue; /* told, and its time runs */
		loop_timer_stop(&h->window);
		loop_fd_remove(&h->child.on_wall);
		wall_free(&h->child.wall);
		close_door(h);
		loop_timer_start(g->master->loop, &h->deadline, END_MS, end, h);
	}
	return left;
}

void
helpers_free(struct generation *g)
{
	while (g->helpers != NULL) {
		struct helper *h = g->helpers;

		g->helpers = h->next;
		loop_timer_stop(&h->again);
		loop_timer_stop(&h->deadline);
		loop_timer_stop(&h->window);
		child_free(&h->child);
		close_door(h);
		free(h->module);
		free(h->file);
		free(h);
	}
}
