/*
 * The offers of a generation's listeners: made once its host keys are known,
 * told to its worker templates, and sent to clients as those would begin.
 */
#include "daemon/master/master.h"

#include "config/offers.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "privsep/settings.h"

#include <stdlib.h>
#include <string.h>

void
offers_settle(struct generation *g)
{
	if (g->settings != NULL)
		return;
	g->settings =
	    settings_make(g->config, g->host_keys, g->n_host_keys, g->moduli);
	g->greetings =
	    mem_array(g->settings->n_offers, sizeof(struct greeting));
}

/* Would it find an algorithm for a client at all? */
static bool
has_host_key(const struct generation *g, const char *name)
{
	return g->settings->offers[settings_offer(g->config, name)]
		   .host_key_algorithms[0] != '\0';
}

/* Is the top level's offer used, by inetd or by a socket of systemd that is no
 * listener of the configuration? */
static bool
is_top_level_used(const struct generation *g)
{
	const struct master *m = g->master;

	if (m->options.inetd)
		return true;
	for (const struct listening *l = m->listening; l != NULL; l = l->next)
		if (l->inherited && offer_listener(g->config, l->name) == NULL)
			return true;
	return false;
}

/* With none a listener could serve nobody. */
char *
offers_fault(const struct generation *g)
{
	const struct config *c = g->config;

	for (size_t i = 0; i < c->listener_count; i++) {
		const struct listener *l = &c->listeners[i];

		if (!has_host_key(g, l->name))
			return mem_printf(
			    "%s:%u: listeners: %s: none of its host keys "
			    "serves one of its host_key_algorithms",
			    l->origin.line != 0 ? l->origin.file : "(default)",
			    l->origin.line, l->name);
	}
	if (!is_top_level_used(g) || has_host_key(g, ""))
		return NULL;
	return mem_printf("with %s the top level's host_keys are offered, and "
			  "none serves a host_key_algorithm",
	    g->master->options.inetd ? "-i" : "sockets of systemd");
}

int
offers_send(const struct generation *g, struct wall *wall)
{
	const struct settings *s = g->settings;
	struct wall_message m = {.type = MSG_offer, .fds = {-1, -1, -1, -1}};
	int err = 0;

	for (size_t i = 0; err == 0 && i < s->n_offers; i++) {
		settings_offer_message(&s->offers[i], &m.offer);
		err = wall_send(wall, &m);
	}
	m.type = MSG_settings;
	settings_message(s, &m.settings);
	return err != 0 ? err : wall_send(wall, &m);
}

/* Its first words to each client are said by us before it is there. */
int
on_greeting(struct child *c, struct wall_message *m)
{
	const struct msg_greeting *message = &m->greeting;
	const struct bytes *b = &message->greeting;
	struct generation *g = c->generation;
	struct greeting *greeting;

	if (g->settings == NULL || message->offer >= g->settings->n_offers ||
	    b->len < KEXINIT_COOKIE ||
	    message->cookie_at > b->len - KEXINIT_COOKIE)
		return E_FORMAT;
	/* In place of another template's, which had the same to say. */
	greeting = &g->greetings[message->offer];
	free((void *)(uintptr_t)greeting->text.data);
	greeting->text = (struct bytes){mem_dup(b->data, b->len), b->len};
	greeting->cookie_at = message->cookie_at;
	return 0;
}

void
offers_free(struct generation *g)
{
	for (size_t i = 0; g->settings != NULL && i < g->settings->n_offers;
	     i++)
		free((void *)(uintptr_t)g->greetings[i].text.data);
	free(g->greetings);
	settings_free(g->settings);
}
