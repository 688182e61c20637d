/*
 * The keys and authorities of a login, for `sallyportctl keys`.  The client has
 * its answer before, nothing here waits, and a failure costs an entry of the
 * table and a line of the log.
 */
#include "daemon/monitor/key_record.h"

#include "daemon/monitor/auth.h"
#include "lib/err.h"
#include "lib/key_uses.h"
#include "lib/log.h"
#include "lib/statedir.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DIRECTORY   LOCALSTATEDIR KEY_USES_DIR
#define PENDING_MAX 16

static struct {
	struct key_use uses[PENDING_MAX];
	size_t count;
} pending;

static void
add(const struct monitor *m, enum key_use_kind kind, const char *type,
    const char *fp, const struct key_facts *k)
{
	struct key_use *u = &pending.uses[pending.count];

	if (pending.count == PENDING_MAX ||
	    strlen(m->passwd.pw_name) >= sizeof(u->user))
		return;
	memset(u, 0, sizeof(*u));
	u->kind = (uint8_t)kind;
	snprintf(u->type, sizeof(u->type), "%s", type);
	snprintf(u->fp, sizeof(u->fp), "%s", fp);
	snprintf(u->user, sizeof(u->user), "%s", m->passwd.pw_name);
	snprintf(u->source, sizeof(u->source), "%s", k->source);
	/* A place that does not fit would be another one. */
	if (strlen(k->place) < sizeof(u->place))
		snprintf(u->place, sizeof(u->place), "%s", k->place);
	net_print(&m->source, u->from);
	u->first = u->last = (uint64_t)time(NULL);
	u->count = 1;
	pending.count++;
}

static void
add_key(const struct monitor *m, const struct key_facts *k)
{
	bool cert = k->ca_fingerprint[0] != '\0';

	if (!k->told)
		return;
	add(m, cert ? KEY_USE_CERT : KEY_USE_KEY, k->type, k->fingerprint, k);
	if (cert)
		add(m, KEY_USE_AUTHORITY, k->ca_type, k->ca_fingerprint, k);
}

/* The uses that are locked out stay pending. */
static void
write_to(int fd)
{
	struct key_uses_change change;
	size_t left = 0;
	int err;

	for (size_t i = 0; i < pending.count; i++) {
		err = key_uses_add(fd, &pending.uses[i], &change);
		if (err == E_AGAIN)
			pending.uses[left++] = pending.uses[i];
		else if (err != 0)
			log_warn("%s: cannot keep the use of %s: %s", DIRECTORY,
			    pending.uses[i].fp,
			    err == E_SYSTEM ? strerror(errno) : err_text(err));
		if (change.damaged > 0)
			log_warn("%s: %u damaged entries are no longer kept",
			    DIRECTORY, change.damaged);
	}
	pending.count = left;
}

static void
write_pending(void)
{
	bool damaged = false;
	int directory = statedir_open(DIRECTORY), fd = -1;

	if (directory >= 0)
		fd = key_uses_open(directory, &damaged);
	if (damaged)
		log_warn("%s/%s was no table of uses: it has been renamed to "
			 "%s.damaged",
		    DIRECTORY, KEY_USES_FILE, KEY_USES_FILE);
	if (fd >= 0) {
		write_to(fd);
		close(fd);
	} else {
		log_warn("%s: cannot keep what keys did: %s", DIRECTORY,
		    strerror(errno));
		pending.count = 0;
	}
	if (directory >= 0)
		close(directory);
}

void
key_record_login(struct monitor *m)
{
	const struct auth *a = m->auth;

	pending.count = 0;
	/* Its key was made for it, and nobody has it. */
	if (m->selftest != NULL)
		return;
	for (const struct earlier_key *e = a->earlier; e != NULL; e = e->next)
		add_key(m, &e->key.key_facts);
	add_key(m, &a->last_key.key_facts);
	if (pending.count > 0)
		write_pending();
}

void
key_record_finish(void)
{
	if (pending.count > 0)
		write_pending();
	if (pending.count > 0)
		log_warn("%s: the use of %zu keys is not kept: the table is "
			 "locked",
		    DIRECTORY, pending.count);
}
