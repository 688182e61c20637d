/*
 * Kerberos tickets that a client has delegated (ssh -K).  They come from the
 * ticketholder as bytes, are kept until the session opens, and are written
 * into the user's credential cache by a program that runs as the user: neither
 * this process nor any other of root's has a Kerberos library.
 */
#include "daemon/monitor/delegated.h"

#include "daemon/monitor/auth.h"
#include "lib/audit.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "privsep/errand_run.h"
#include "privsep/leftovers.h"
#include "privsep/tickets.h"

#include <sys/mman.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CACHE_MAX 1024 /* the name of a cache, or a sentence */
/* Rekeys may come by the second, and each would start a program. */
#define RENEW_PAUSE_MS 10000

static void
forget(struct delegated_tickets *t)
{
	if (t->data != NULL)
		explicit_bzero(t->data, t->len);
	free(t->data);
	memset(t, 0, sizeof(*t));
}

void
delegated_try(struct monitor *m, struct bytes tickets)
{
	struct delegated_tickets *t = &m->auth->delegated.tried;

	forget(t);
	t->are_there = true;
	if (tickets.len == 0)
		return;
	t->data = mem_alloc(tickets.len);
	memcpy(t->data, tickets.data, tickets.len);
	t->len = tickets.len;
}

void
delegated_forget_try(struct monitor *m)
{
	forget(&m->auth->delegated.tried);
}

void
delegated_count(struct monitor *m)
{
	struct auth *a = m->auth;

	forget(&a->delegated.counted);
	a->delegated.counted = a->delegated.tried;
	memset(&a->delegated.tried, 0, sizeof(a->delegated.tried));
}

void
delegated_settle(struct monitor *m)
{
	if (!m->auth->decision->grants.delegation)
		forget(&m->auth->delegated.counted);
}

/* Memory that is the program's input, and is emptied behind it. */
static int
make_input(const struct delegated_tickets *t)
{
	int fd = memfd_create("tickets", MFD_CLOEXEC);

	if (fd >= 0 &&
	    (write(fd, t->data, t->len) != (ssize_t)t->len ||
		lseek(fd, 0, SEEK_SET) != 0)) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* A name or a sentence, from a process of the user's. */
static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

/*
 * Run the program.  True: *printed is what it printed (free()); false: why has
 * a sentence.
 */
static bool
run(struct monitor *m, const struct errand_as *as, const char *const *argv,
    int input, char **printed, char why[CACHE_MAX])
{
	uint32_t seconds = m->template->config->deadlines.files;
	const struct errand_program program = {.as = *as,
	    .argv = argv,
	    .input = input,
	    .bare = true,
	    .at_once = LEFTOVERS_AT_ONCE,
	    .deadline_ms = seconds * 1000,
	    .output_max = CACHE_MAX};
	uint64_t began = loop_clock();
	size_t len;
	int err, status;

	err = errand_program(&program, printed, &len, &status, why, CACHE_MAX);
	if (err == SALLYPORT_TIMEOUT)
		AUDIT(call_deadline, .call = slot_call_text(CALL_FILES),
		    .component = TICKETSTORE_PROGRAM,
		    .duration_ms = loop_clock() - began);
	if (err != SALLYPORT_OK)
		return false;
	if (status == 0 && strlen(*printed) == len && is_plain(*printed))
		return true;
	if (status == 1 && len > 0 && is_plain(*printed))
		snprintf(why, CACHE_MAX, "%.*s", CACHE_MAX - 1, *printed);
	else
		snprintf(why, CACHE_MAX, "%s ended with status %d",
		    TICKETSTORE_PROGRAM, status);
	free(*printed);
	*printed = NULL;
	return false;
}

bool
delegated_waits(const struct monitor *m)
{
	return m->auth->delegated.counted.len > 0;
}

const char *
delegated_store(struct monitor *m, const struct errand_as *as)
{
	struct auth *a = m->auth;
	const char *const argv[] = {TICKETSTORE_PROGRAM, TICKETSTORE_FORMAT,
	    a->delegated.cache != NULL ? "renew" : "store", a->delegated.cache,
	    NULL};
	struct delegated_tickets *t = &a->delegated.counted;
	char why[CACHE_MAX] = "", *name = NULL;
	int input;

	input = make_input(t);
	if (input < 0)
		snprintf(why, sizeof(why), "%s", strerror(errno));
	else if (run(m, as, argv, input, &name, why) && name[0] == '\0')
		snprintf(why, sizeof(why), "the cache has no name");
	/* Also if the program is still there and could be read. */
	if (input >= 0 && ftruncate(input, 0) != 0)
		log_error("delegated tickets: %s", strerror(errno));
	if (input >= 0)
		close(input);
	forget(t);
	if (a->delegated.cache != NULL)
		a->delegated.renewed_at = loop_clock();
	if (name == NULL || name[0] == '\0') {
		AUDIT(tickets_lost, .principal = a->principal, .reason = why);
		free(name);
		return NULL;
	}
	AUDIT(tickets_stored, .principal = a->principal, .source = name);
	if (a->delegated.cache == NULL)
		a->delegated.cache = name;
	else
		free(name);
	return a->delegated.cache;
}

bool
delegated_renews(const struct monitor *m, const struct gss_exchange *x)
{
	const struct auth *a = m->auth;

	if (m->state != STATE_OPEN || !x->delegated ||
	    !a->decision->grants.renew_delegated)
		return false;
	if (a->delegated.cache == NULL && !delegated_waits(m))
		return false;
	if (strcmp(x->principal, a->principal) == 0)
		return true;
	AUDIT(tickets_lost, .principal = x->principal,
	    .reason = "the login is another principal's");
	return false;
}

void
delegated_renew(struct monitor *m, struct bytes tickets, const char *text)
{
	if (tickets.len == 0) {
		AUDIT(tickets_lost, .principal = m->auth->principal,
		    .reason = text);
		return;
	}
	delegated_try(m, tickets);
	delegated_count(m);
}

uint64_t
delegated_renewal(const struct monitor *m)
{
	const struct auth *a = m->auth;
	uint64_t now = loop_clock(), at;

	if (m->state != STATE_OPEN || a->delegated.cache == NULL ||
	    !delegated_waits(m))
		return UINT64_MAX;
	if (a->delegated.renewed_at == 0)
		return 0;
	at = a->delegated.renewed_at + RENEW_PAUSE_MS;
	return at > now ? at - now : 0;
}

void
delegated_wipe(struct monitor *m)
{
	forget(&m->auth->delegated.tried);
	forget(&m->auth->delegated.counted);
}

void
delegated_remove(struct monitor *m, const struct errand_as *as)
{
	char *cache = m->auth->delegated.cache, *printed = NULL;
	const char *const argv[] = {
	    TICKETSTORE_PROGRAM, TICKETSTORE_FORMAT, "remove", cache, NULL};
	char why[CACHE_MAX] = "";

	if (!m->auth->decision->grants.keep_delegated &&
	    !run(m, as, argv, -1, &printed, why))
		log_warn("the delegated tickets of %s stay in %s: %s",
		    m->passwd.pw_name, cache, why);
	free(printed);
	free(cache);
	m->auth->delegated.cache = NULL;
}
