/*
 * Handles: one for the connection, from pam_start to pam_end, in one process;
 * and one for each other service that a chain's step names.  A handle is
 * started by the first call that needs it, so none ends unused (libpam would
 * report that as a forged login).
 */
#include "modules/pam/pam.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int
pam_start_service(const struct pam_state *state, const char *service,
    const char *user, const struct pam_conv *conversation,
    pam_handle_t **handle)
{
	if (state->directory != NULL)
		return pam_start_confdir(
		    service, user, conversation, state->directory, handle);
	return pam_start(service, user, conversation, handle);
}

/*
 * libpam's own delay would hold up this process: the host waits instead.  Also
 * after a success, since what a guard refuses then must take as long.
 */
static void
note_delay(int status, unsigned microseconds, void *one)
{
	struct pam_connection *c = ((struct pam_one *)one)->connection;

	(void)status;
	pam_host->fail_delay(c->login, microseconds);
}

static void __attribute__((format(printf, 3, 4)))
put_environment(struct pam_one *one, const char *name, const char *format, ...)
{
	char value[1024], setting[1100];
	va_list args;

	va_start(args, format);
	vsnprintf(value, sizeof(value), format, args);
	va_end(args);
	snprintf(setting, sizeof(setting), "%s=%s", name, value);
	pam_putenv(one->handle, setting);
}

static int
set_items(struct pam_one *one)
{
	struct sallyport_login *login = one->connection->login;
	const char *source = pam_host->text(login, SALLYPORT_SOURCE);
	const char *local = pam_host->text(login, SALLYPORT_LOCAL);
	union {
		void (*function)(int, unsigned, void *);
		const void *item;
	} delay = {.function = note_delay};
	int err = PAM_SUCCESS;

	if (source[0] != '\0')
		err = pam_set_item(one->handle, PAM_RHOST, source);
	if (err == PAM_SUCCESS)
		err = pam_set_item(one->handle, PAM_TTY, "ssh");
	if (err == PAM_SUCCESS &&
	    strcmp(pam_host->text(login, SALLYPORT_METHOD), "hostbased") == 0)
		err = pam_set_item(one->handle, PAM_RUSER,
		    pam_host->text(login, SALLYPORT_CLIENT_USER));
	if (err == PAM_SUCCESS)
		err = pam_set_item(one->handle, PAM_FAIL_DELAY, delay.item);
	if (err != PAM_SUCCESS)
		return err;
	if (source[0] != '\0' && local[0] != '\0')
		put_environment(one, "SSH_CONNECTION", "%s %lld %s %lld",
		    source,
		    (long long)pam_host->number(login, SALLYPORT_SOURCE_PORT),
		    local,
		    (long long)pam_host->number(login, SALLYPORT_LOCAL_PORT));
	put_environment(one, "SALLYPORT_CONN_ID", "%s",
	    pam_host->text(login, SALLYPORT_CONNECTION));
	return PAM_SUCCESS;
}

static int
start(struct pam_one *one)
{
	struct pam_connection *c = one->connection;
	const struct pam_conv conversation = {pam_converse, one};
	int err;

	pam_host->call_begin(c->login, SALLYPORT_CALL_PAM_START, one->service);
	err = pam_start_service(c->state, one->service,
	    pam_host->text(c->login, SALLYPORT_USER), &conversation,
	    &one->handle);
	if (err == PAM_SUCCESS)
		err = set_items(one);
	else
		one->handle = NULL;
	pam_host->call_end(c->login);
	one->last = err;
	return err;
}

/* The handle of a service, "" for the main one; NULL if it cannot start. */
struct pam_one *
pam_handle_of(struct pam_connection *c, const char *service)
{
	struct pam_one *one;
	size_t i;

	if (service[0] == '\0' || strchr(service, '/') != NULL)
		service = c->handles[0].service;
	for (i = 0; i < c->count; i++)
		if (strcmp(c->handles[i].service, service) == 0)
			break;
	if (i == c->count) {
		if (i == PAM_HANDLES_MAX)
			return NULL;
		c->handles[i].service = strdup(service);
		if (c->handles[i].service == NULL)
			return NULL;
		c->handles[i].connection = c;
		c->count++;
	}
	one = &c->handles[i];
	if (one->handle == NULL && start(one) != PAM_SUCCESS) {
		pam_host->reason(
		    c->login, "PAM service %s cannot start", one->service);
		pam_host->audit(c->login, "pam_error", one->service,
		    "service %s cannot start", one->service);
		return NULL;
	}
	put_environment(one, "SSH_AUTH_INFO_0", "%s",
	    pam_host->text(c->login, SALLYPORT_COMPLETED));
	return one;
}

void
pam_handle_end(struct pam_one *one)
{
	if (one->handle != NULL)
		pam_end(one->handle, one->last);
	one->handle = NULL;
	free(one->service);
	one->service = NULL;
}
