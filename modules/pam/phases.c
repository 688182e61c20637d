/*
 * The phases of a PAM login, in the monitor: auth for the methods with a
 * password, account for every method, the change of an expired password,
 * credentials and session around the user's programs.
 */
#include "modules/pam/pam.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
pam_phase_begin(void *state, struct sallyport_login *login)
{
	struct pam_connection *c = calloc(1, sizeof(*c));
	const char *service;

	if (c == NULL)
		abort();
	c->state = state;
	c->login = login;
	/* The main service is handle 0, whatever is asked first. */
	service = pam_host->text(login, SALLYPORT_SERVICE);
	if (service[0] == '\0' || strchr(service, '/') != NULL)
		service = c->state->service;
	c->handles[0].service = strdup(service);
	c->handles[0].connection = c;
	if (c->handles[0].service == NULL)
		abort();
	c->count = 1;
	return c;
}

void
pam_phase_end(void *connection)
{
	struct pam_connection *c = connection;

	pam_converse_begin(c, MODE_SILENT);
	pam_host->call_begin(c->login, SALLYPORT_CALL_PAM_END, NULL);
	for (size_t i = c->count; i-- > 0;)
		pam_handle_end(&c->handles[i]);
	pam_host->call_end(c->login);
	pam_converse_end(c);
	free(c);
}

/* One call into libpam: its name, its conversation, its result. */
static int
call(struct pam_one *one, enum sallyport_call name, enum pam_mode mode,
    int (*function)(pam_handle_t *, int), int flags)
{
	struct pam_connection *c = one->connection;

	pam_converse_begin(c, mode);
	pam_host->call_begin(c->login, name, one->service);
	one->last = function(one->handle, flags);
	pam_host->call_end(c->login);
	pam_converse_end(c);
	pam_host->audit(c->login, "pam_result", one->service, "%d %s",
	    one->last, pam_strerror(one->handle, one->last));
	return one->last;
}

/* A module may have changed PAM_USER: the host says whether that is he. */
static bool
user_is_the_same(struct pam_one *one)
{
	struct sallyport_login *login = one->connection->login;
	const void *user = NULL;

	if (pam_get_item(one->handle, PAM_USER, &user) != PAM_SUCCESS ||
	    user == NULL)
		return false;
	if (strcmp(user, pam_host->text(login, SALLYPORT_USER)) == 0)
		return true;
	return pam_host->user_changed(login, user) == SALLYPORT_OK;
}

static void
give_reason(struct pam_one *one)
{
	pam_host->reason(
	    one->connection->login, "%s", pam_strerror(one->handle, one->last));
}

enum sallyport_verdict
pam_phase_authenticate(void *connection, struct sallyport_login *login)
{
	struct pam_connection *c = connection;
	bool asking = strcmp(pam_host->text(login, SALLYPORT_METHOD),
			  "keyboard-interactive") == 0;
	struct pam_one *one =
	    pam_handle_of(c, pam_host->text(login, SALLYPORT_PARAMETER));
	int status;

	if (one == NULL)
		return SALLYPORT_UNAVAILABLE;
	status = call(one, SALLYPORT_CALL_PAM_AUTHENTICATE,
	    asking ? MODE_ASK : MODE_PASSWORD, pam_authenticate,
	    PAM_DISALLOW_NULL_AUTHTOK);
	if (status == PAM_SUCCESS) {
		if (!user_is_the_same(one))
			return SALLYPORT_DENY;
		if (one == &c->handles[0])
			c->authenticated = true;
		return SALLYPORT_ALLOW;
	}
	if (one == &c->handles[0])
		c->refused = true;
	give_reason(one);
	if (asking || status != PAM_AUTH_ERR)
		pam_host->audit(login, "pam_error", one->service, "%s",
		    pam_strerror(one->handle, status));
	switch (status) {
	case PAM_MAXTRIES:
		pam_host->exhausted(login);
		return SALLYPORT_DENY;
	/* An outage; all else is a no, as the client may have caused it. */
	case PAM_AUTHINFO_UNAVAIL:
	case PAM_SYSTEM_ERR:
	case PAM_SERVICE_ERR:
	case PAM_BUF_ERR:
	case PAM_OPEN_ERR:
	case PAM_SYMBOL_ERR:
	case PAM_MODULE_UNKNOWN:
	case PAM_CRED_UNAVAIL:
		return SALLYPORT_UNAVAILABLE;
	default:
		return SALLYPORT_DENY;
	}
}

enum sallyport_verdict
pam_phase_account(void *connection, struct sallyport_login *login)
{
	struct pam_connection *c = connection;
	struct pam_one *one = pam_handle_of(c, "");
	bool asking = strcmp(pam_host->text(login, SALLYPORT_METHOD),
			  "keyboard-interactive") == 0;
	int status;

	if (one == NULL)
		return SALLYPORT_DENY;
	status = call(one, SALLYPORT_CALL_PAM_ACCOUNT,
	    asking ? MODE_ASK : MODE_SHOW, pam_acct_mgmt, 0);
	if (status != PAM_SUCCESS)
		give_reason(one);
	if (!user_is_the_same(one))
		return SALLYPORT_DENY;
	switch (status) {
	case PAM_SUCCESS:
		return SALLYPORT_ALLOW;
	case PAM_NEW_AUTHTOK_REQD:
		return SALLYPORT_EXPIRED;
	default: /* PAM_IGNORE as well: a stack must say something */
		pam_host->audit(login, "pam_denied", one->service, "%s",
		    pam_strerror(one->handle, status));
		return SALLYPORT_DENY;
	}
}

enum sallyport_verdict
pam_phase_change(void *connection, struct sallyport_login *login)
{
	struct pam_connection *c = connection;
	struct pam_one *one = pam_handle_of(c, "");
	bool asking = strcmp(pam_host->text(login, SALLYPORT_METHOD),
			  "keyboard-interactive") == 0;
	int status;

	if (one == NULL)
		return SALLYPORT_DENY;
	status = call(one, SALLYPORT_CALL_PAM_CHAUTHTOK,
	    asking ? MODE_ASK : MODE_CHANGE, pam_chauthtok,
	    PAM_CHANGE_EXPIRED_AUTHTOK);
	if (status == PAM_SUCCESS && user_is_the_same(one))
		return SALLYPORT_ALLOW;
	give_reason(one);
	if (status == PAM_MAXTRIES)
		pam_host->exhausted(login);
	return SALLYPORT_DENY;
}

/* Variables that the server sets itself, or that are for modules only. */
static bool
is_ours(const char *setting)
{
	static const char *const names[] = {
	    "SSH_CONNECTION=", "SSH_AUTH_INFO_", "SALLYPORT_CONN_ID="};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strncmp(setting, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

static void
give_environment(struct pam_one *one)
{
	char **list = pam_getenvlist(one->handle);

	for (char **p = list; p != NULL && *p != NULL; p++) {
		if (!is_ours(*p))
			pam_host->environment(one->connection->login, *p);
		explicit_bzero(*p, strlen(*p));
		free(*p);
	}
	free(list);
}

/*
 * A key login has no password to make tickets from, and sshd lets it in
 * whatever pam_setcred() says; so do we unless the policy asks for more.
 * After a wrong password a stack repeats its refusal here (pam_unix does),
 * which says nothing of the key that came then.
 */
static bool
credentials_missed_are_fatal(const struct pam_connection *c)
{
	if (c->authenticated)
		return true;
	return !c->refused && !c->state->cred_optional;
}

static bool
establish_credentials(struct pam_one *one)
{
	struct pam_connection *c = one->connection;
	int status = call(one, SALLYPORT_CALL_PAM_SETCRED, MODE_SHOW,
	    pam_setcred, PAM_ESTABLISH_CRED);

	c->credentials = true; /* whatever came of it is to be deleted */
	return (status == PAM_SUCCESS || !credentials_missed_are_fatal(c)) &&
	    user_is_the_same(one);
}

static void
delete_credentials(struct pam_one *one)
{
	if (!one->connection->credentials)
		return;
	call(one, SALLYPORT_CALL_PAM_SETCRED, MODE_SILENT, pam_setcred,
	    PAM_DELETE_CRED);
	one->connection->credentials = false;
}

/* Modules of the stack that look for tickets find those of the client. */
static bool
name_ticket_cache(struct pam_one *one)
{
	const char *cache =
	    pam_host->text(one->connection->login, SALLYPORT_TICKET_CACHE);
	char *setting = NULL;
	bool good = true;

	if (cache[0] == '\0')
		return true;
	good = asprintf(&setting, "KRB5CCNAME=%s", cache) >= 0 &&
	    pam_putenv(one->handle, setting) == PAM_SUCCESS;
	free(setting);
	return good;
}

enum sallyport_verdict
pam_phase_open(void *connection, struct sallyport_login *login)
{
	struct pam_connection *c = connection;
	struct pam_one *one = pam_handle_of(c, "");
	const char *tty = pam_host->text(login, SALLYPORT_TTY);

	if (one == NULL)
		return SALLYPORT_DENY;
	if (tty[0] != '\0' &&
	    pam_set_item(one->handle, PAM_TTY, tty) != PAM_SUCCESS)
		return SALLYPORT_DENY;
	if (!name_ticket_cache(one))
		return SALLYPORT_DENY;
	if (!establish_credentials(one)) {
		give_reason(one);
		delete_credentials(one);
		return SALLYPORT_DENY;
	}
	if (call(one, SALLYPORT_CALL_PAM_OPEN_SESSION, MODE_SHOW,
		pam_open_session, 0) != PAM_SUCCESS) {
		give_reason(one);
		delete_credentials(one);
		return SALLYPORT_DENY;
	}
	c->session = true;
	if (!user_is_the_same(one)) {
		pam_phase_close(connection, login);
		return SALLYPORT_DENY;
	}
	give_environment(one);
	return SALLYPORT_ALLOW;
}

void
pam_phase_close(void *connection, struct sallyport_login *login)
{
	struct pam_connection *c = connection;
	struct pam_one *one = &c->handles[0];

	(void)login;
	if (one->handle == NULL)
		return;
	if (c->session)
		call(one, SALLYPORT_CALL_PAM_CLOSE_SESSION, MODE_SILENT,
		    pam_close_session, 0);
	c->session = false;
	delete_credentials(one);
}
