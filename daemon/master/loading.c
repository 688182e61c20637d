/*
 * The monitor template while it loads modules: code by others runs in it that
 * may hang, crash or exit.  The module and its entry point are named then,
 * and what it has written to standard error is told with it.
 */
#include "daemon/master/master.h"

#include "lib/log.h"
#include "lib/mem.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OUTPUT_MAX 1500 /* of standard error, that is told */

/* ": first line; second line", without what could steer a terminal. */
static void
read_output(int fd, char *text, size_t size)
{
	size_t used = 0;
	char raw[OUTPUT_MAX];
	ssize_t n = fd < 0 ? -1 : pread(fd, raw, sizeof(raw), 0);

	text[0] = '\0';
	while (n > 0 && (raw[n - 1] == '\n' || raw[n - 1] == ' '))
		n--;
	if (n <= 0)
		return;
	used = (size_t)snprintf(text, size, ": ");
	for (ssize_t i = 0; i < n && used + 3 < size; i++) {
		if (raw[i] == '\n') {
			if (i > 0 && raw[i - 1] != '\n') {
				text[used++] = ';';
				text[used++] = ' ';
			}
		} else {
			text[used++] =
			    raw[i] >= ' ' && raw[i] <= '~' ? raw[i] : '?';
		}
	}
	text[used] = '\0';
}

char *
loading_fault(const struct generation *g, const char *what)
{
	const struct loading *l = &g->loading;
	char output[OUTPUT_MAX + 8];

	if (l->module == NULL)
		return NULL;
	read_output(l->output, output, sizeof(output));
	return mem_printf("%s: module %s: %s %s%s", l->place, l->module,
	    l->entry, what, output);
}

static void
overdue(void *arg)
{
	struct generation *g = arg;
	char what[64], *why;

	snprintf(what, sizeof(what), "did not return within %u seconds",
	    (unsigned)g->config->deadlines.module);
	why = loading_fault(g, what);
	child_signal(g->monitors.pidfd, SIGKILL);
	generation_failed(g, why);
	free(why);
	loading_done(g);
}

/* Code of a module begins to run there. */
int
on_loading(struct child *c, struct wall_message *m)
{
	struct generation *g = c->generation;
	struct loading *l = &g->loading;

	loading_done(g);
	l->module = mem_strdup(m->loading.module);
	l->place = mem_strdup(m->loading.place);
	l->entry = mem_strdup(m->loading.entry);
	l->output = m->fds[0];
	m->fds[0] = -1;
	if (g->config->deadlines.module != CONFIG_NONE)
		loop_timer_start(g->master->loop, &l->deadline,
		    (uint64_t)g->config->deadlines.module * 1000, overdue, g);
	return 0;
}

int
on_loaded(struct child *c, struct wall_message *m)
{
	(void)m;
	loading_done(c->generation);
	return 0;
}

void
loading_done(struct generation *g)
{
	struct loading *l = &g->loading;

	loop_timer_stop(&l->deadline);
	if (l->module == NULL)
		return;
	free(l->module);
	free(l->place);
	free(l->entry);
	close(l->output);
	l->module = NULL;
}
