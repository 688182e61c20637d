/*
 * The table of channels of one connection.  A number is a slot and above it
 * a generation, so that an answer that comes late, from either wall, never
 * meets the channel that has the slot by then.
 */
#include "daemon/worker/channel/channel.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_MASK   ((1u << SLOT_BITS) - 1)
#define GENERATIONS (UINT32_MAX >> SLOT_BITS)
#define SLOTS_FIRST 8

void
channels_start(struct worker *w, const struct msg_opened *settings)
{
	struct channels *t;

	if (w->channels != NULL)
		return;
	t = mem_zalloc(sizeof(*t));
	t->w = w;
	t->limit = settings->max_channels;
	if (t->limit == 0 || t->limit > CHANNELS_MAX)
		t->limit = CHANNELS_MAX;
	t->keepalive_interval = settings->keepalive_interval;
	t->keepalive_count = settings->keepalive_count;
	t->idle_timeout = settings->idle_timeout;
	t->unused_timeout = settings->unused_timeout;
	t->warn_before = settings->warn_before;
	t->window_max = settings->window_max < WINDOW_SMALL ?
	    WINDOW_SMALL :
	    settings->window_max;
	if (t->window_max > 1u << 30)
		t->window_max = 1u << 30;
	t->timeouts = mem_strdup(settings->channel_timeouts);
	t->global_timeout = channels_timeout(t, "global");
	t->hostkeys = mem_dup(settings->hostkeys.data, settings->hostkeys.len);
	t->hostkeys_len = settings->hostkeys.len;
	t->openssh = strstr(w->client_version, "OpenSSH") != NULL;
	t->bulk_limit = 256 * 1024;
	TAILQ_INIT(&t->small);
	TAILQ_INIT(&t->bulk);
	TAILQ_INIT(&t->globals);
	t->activity_at = t->empty_at = t->reported_at = loop_now(w->loop);
	w->channels = t;
	channels_schedule(t);
}

void
channels_end(struct worker *w)
{
	struct channels *t = w->channels;

	if (t == NULL)
		return;
	t->ending = true;
	for (uint32_t i = 0; i < t->n_slots; i++)
		if (t->slots[i] != NULL)
			channel_free(t->slots[i]);
	loop_defer_cancel(&t->pump);
	loop_timer_stop(&t->pump_timer);
	loop_timer_stop(&t->patience);
	loop_timer_stop(&t->tick);
	loop_fd_remove(&t->session_handle);
	channels_globals_free(t);
	free(t->slots);
	free(t->generations);
	free(t->timeouts);
	free(t->hostkeys);
	free(t);
	w->channels = NULL;
}

/* Slots are taken in turn, so that a number comes back as late as it can. */
static uint32_t
find_slot(struct channels *t)
{
	uint32_t more;

	for (uint32_t i = 0; i < t->n_slots; i++) {
		uint32_t slot = (t->next_slot + i) % t->n_slots;

		if (t->slots[slot] == NULL)
			return slot;
	}
	more = t->n_slots == 0 ? SLOTS_FIRST : t->n_slots * 2;
	if (more > CHANNELS_MAX)
		more = CHANNELS_MAX;
	t->slots = mem_grow(t->slots, more, sizeof(*t->slots));
	t->generations =
	    mem_grow(t->generations, more, sizeof(*t->generations));
	for (uint32_t i = t->n_slots; i < more; i++) {
		t->slots[i] = NULL;
		t->generations[i] = 0;
	}
	more -= t->n_slots;
	t->n_slots += more;
	return t->n_slots - more;
}

static const char *
kind_name(enum channel_kind kind)
{
	static const char *const names[] = {
	    [KIND_SESSION] = "session",
	    [KIND_DIRECT_TCP] = "direct-tcpip",
	    [KIND_DIRECT_UNIX] = "direct-streamlocal@openssh.com",
	    [KIND_TUN] = "tun-connection",
	    [KIND_FORWARDED_TCP] = "forwarded-tcpip",
	    [KIND_FORWARDED_UNIX] = "forwarded-streamlocal@openssh.com",
	    [KIND_AGENT] = "agent-connection",
	    [KIND_X11] = "x11-connection",
	};

	return names[kind];
}

struct channel *
channel_new(struct channels *t, enum channel_kind kind)
{
	struct channel *c;
	uint32_t slot;

	if (t->count >= t->limit)
		return NULL;
	slot = find_slot(t);
	t->next_slot = slot + 1;
	c = mem_zalloc(sizeof(*c));
	c->table = t;
	c->kind = kind;
	c->id = slot | t->generations[slot] << SLOT_BITS;
	STAILQ_INIT(&c->letters);
	c->input.fd = c->output.fd = c->error.fd = -1;
	c->window = c->window_size = channel_window_start(t);
	t->windows += c->window_size;
	c->used_at = loop_now(t->w->loop);
	t->slots[slot] = c;
	t->count++;
	t->unreported = true;
	channel_timeout_name(c, "%s", kind_name(kind));
	return c;
}

void
channel_free(struct channel *c)
{
	struct channels *t = c->table;
	uint32_t slot = c->id & SLOT_MASK;

	TELL(t->w, channel_closed, .channel = c->id, .bytes_in = c->bytes_in,
	    .bytes_out = c->bytes_out, .timed_out = c->timed_out);
	channel_unready(c);
	channel_close_ends(c);
	if (c->table->gathering == c)
		c->table->gathering = NULL;
	channel_backlog_free(c);
	channel_say_nothing(c);
	channel_letters_free(c);
	loop_timer_stop(&c->timer);
	if (c->interactive && --t->n_pty == 0 && !t->ending)
		transport_interactive(t->w, false);
	t->windows -= c->window_size;
	t->slots[slot] = NULL;
	t->generations[slot]++;
	t->count--;
	t->unreported = true;
	if (t->count == 0)
		t->empty_at = loop_now(t->w->loop);
	free(c->answers);
	free(c->modes);
	free(c);
	if (!t->ending)
		channels_schedule(t);
}

struct channel *
channel_find(struct channels *t, uint32_t id)
{
	uint32_t slot = id & SLOT_MASK;

	if (t == NULL || slot >= t->n_slots || t->slots[slot] == NULL ||
	    t->slots[slot]->id != id)
		return NULL;
	return t->slots[slot];
}

int
channel_of_packet(struct worker *w, struct rd *r, struct channel **c)
{
	uint32_t id = rd_u32(r);

	if (r->err != 0)
		return r->err;
	if (w->channels == NULL)
		return E_STATE;
	channels_announce(w->channels);
	*c = channel_find(w->channels, id);
	if (*c == NULL || (*c)->state != CHANNEL_OPEN || (*c)->close_received) {
		log_verbose("packet for channel %u, which is not open", id);
		return E_VALUE;
	}
	return 0;
}

/* A number that was a channel's, and is no more. */
static bool
has_ended(const struct channels *t, uint32_t id)
{
	uint32_t slot = id & SLOT_MASK;

	return slot < t->n_slots &&
	    id >> SLOT_BITS < (t->generations[slot] & GENERATIONS);
}

int
channel_of_late_packet(struct worker *w, struct rd *r, struct channel **c)
{
	struct rd ahead = *r;
	uint32_t id = rd_u32(&ahead);
	struct channel *found;

	*c = NULL;
	if (ahead.err != 0 || w->channels == NULL)
		return channel_of_packet(w, r, c);
	found = channel_find(w->channels, id);
	if (found == NULL ? !has_ended(w->channels, id) :
			    !found->close_received)
		return channel_of_packet(w, r, c);
	log_debug("packet for channel %u, which has ended", id);
	*r = ahead;
	return 0;
}

void
channel_timeout_name(struct channel *c, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(c->timeout_name, sizeof(c->timeout_name), format, args);
	va_end(args);
	c->timeout = channels_timeout(c->table, c->timeout_name);
	if (c->timeout != 0)
		channels_schedule(c->table);
}

/*
 * Idle means that nobody types: what a terminal prints by itself does not
 * count, but a transfer in either direction does.
 */
void
channel_used(struct channel *c, bool input)
{
	struct channels *t = c->table;

	c->used_at = loop_now(t->w->loop);
	if (input || !c->pty)
		t->activity_at = c->used_at;
	if (!t->unreported) {
		t->unreported = true;
		channels_schedule(t);
	}
}
