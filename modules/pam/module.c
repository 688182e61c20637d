/*
 * pam.so: password and keyboard-interactive by Linux-PAM, account and session
 * for everybody.  The one shared object of sallyport that links libpam.
 */
#include "modules/pam/pam.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const struct sallyport_host *pam_host;

#define DEFAULT_SERVICE "sallyport"

static const struct sallyport_option options[] = {
    {"service", SALLYPORT_TEXT, 0, 0, 0, NULL, DEFAULT_SERVICE,
	"PAM service of account and session, and of auth by default, where "
	"the rule sets no pam_service"},
    {"services", SALLYPORT_TEXT,
	SALLYPORT_OPTION_MANY | SALLYPORT_OPTION_SERVICES, 0, 0, NULL, "",
	"more services to be checked and loaded in advance; those that rules "
	"name are anyway"},
    {"directory", SALLYPORT_PATH, 0, 0, 0, NULL, "/etc/pam.d",
	"where the services' files lie"},
    {"password_prompts", SALLYPORT_WORD, 0, 0, 0, "first all", "all",
	"which hidden prompts the password method answers: all, as sshd does"},
    {"setcred_optional", SALLYPORT_BOOL, 0, 0, 0, NULL, "true",
	"let key logins in whatever pam_setcred says, as sshd does"},
    {"preload", SALLYPORT_BOOL, 0, 0, 0, NULL, "true",
	"load the services' modules once, before the first login"},
    {NULL, 0, 0, 0, 0, NULL, NULL, NULL},
};

static const char *const methods[] = {"password", "keyboard-interactive", NULL};

static int
nobody_answers(int count, const struct pam_message **messages,
    struct pam_response **responses, void *data)
{
	(void)count;
	(void)messages;
	(void)responses;
	(void)data;
	return PAM_CONV_ERR;
}

/* libpam would quietly take the service "other", which denies. */
static bool
service_exists(const struct pam_state *state, const char *service)
{
	static const char *const directories[] = {
	    "/etc/pam.d", "/usr/lib/pam.d", "/usr/share/pam.d"};
	char path[512];

	if (strchr(service, '/') != NULL)
		return false;
	if (state->directory != NULL) {
		snprintf(
		    path, sizeof(path), "%s/%s", state->directory, service);
		return access(path, R_OK) == 0;
	}
	for (size_t i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", directories[i], service);
		if (access(path, R_OK) == 0)
			return true;
	}
	return access("/etc/pam.conf", R_OK) == 0 &&
	    access("/etc/pam.d", X_OK) != 0;
}

/*
 * pam_start loads a stack's modules, pam_end unloads them: a handle that
 * stays open keeps them in memory for every fork to come.
 */
static void
check_service(struct pam_state *state, const char *service, bool preload,
    const struct sallyport_setting *setting)
{
	const struct pam_conv conversation = {nobody_answers, NULL};
	pam_handle_t *handle = NULL;

	if (!service_exists(state, service)) {
		pam_host->problem(setting,
		    "there is no PAM service \"%s\" "
		    "(%s/%s)",
		    service,
		    state->directory != NULL ? state->directory : "/etc/pam.d",
		    service);
		return;
	}
	if (!preload || state->preloaded_count == PAM_PRELOADED_MAX)
		return;
	if (pam_start_service(state, service, "root", &conversation, &handle) !=
	    PAM_SUCCESS) {
		pam_host->problem(
		    setting, "PAM service \"%s\" does not start", service);
		return;
	}
	state->preloaded[state->preloaded_count++] = handle;
}

static void
unload(void *data)
{
	struct pam_state *state = data;

	for (size_t i = 0; i < state->preloaded_count; i++)
		pam_end(state->preloaded[i], PAM_SUCCESS | PAM_DATA_SILENT);
	free(state->service);
	free(state->directory);
	free(state);
}

static const struct sallyport_setting *
find(const struct sallyport_setting *settings, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(settings[i].name, name) == 0)
			return &settings[i];
	return NULL;
}

static bool
is_set(const struct sallyport_setting *setting, const char *word)
{
	return setting != NULL && strcmp(setting->value, word) == 0;
}

static int
load(const struct sallyport_host *host,
    const struct sallyport_setting *settings, size_t count, void **out)
{
	struct pam_state *state = calloc(1, sizeof(*state));
	const struct sallyport_setting *service, *directory;
	bool preload;

	if (state == NULL)
		return -1;
	pam_host = host;
	service = find(settings, count, "service");
	directory = find(settings, count, "directory");
	state->service =
	    strdup(service != NULL ? service->value : DEFAULT_SERVICE);
	state->directory = directory == NULL ? NULL : strdup(directory->value);
	state->all_prompts =
	    !is_set(find(settings, count, "password_prompts"), "first");
	state->cred_optional =
	    !is_set(find(settings, count, "setcred_optional"), "false");
	preload = !is_set(find(settings, count, "preload"), "false");
	*out = state;
	if (state->service == NULL)
		return -1;
	check_service(state, state->service, preload, service);
	for (size_t i = 0; i < count; i++)
		if (strcmp(settings[i].name, "services") == 0)
			check_service(
			    state, settings[i].value, preload, &settings[i]);
	return 0;
}

static void
describe(void *data, void (*print)(void *to, const char *line), void *to)
{
	const struct pam_state *state = data;
	char line[512];

	snprintf(line, sizeof(line),
	    "PAM service %s, or the rule's: account and session of "
	    "every login; password and keyboard-interactive",
	    state->service);
	print(to, line);
}

SALLYPORT_MODULE = {
    .abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_module),
    .name = "pam",
    .version = "1",
    .methods = methods,
    .options = options,
    .load = load,
    .unload = unload,
    .begin = pam_phase_begin,
    .end = pam_phase_end,
    .authenticate = pam_phase_authenticate,
    .account = pam_phase_account,
    .change_password = pam_phase_change,
    .open_session = pam_phase_open,
    .close_session = pam_phase_close,
    .describe = describe,
    /* PAM_CHANGE_EXPIRED_AUTHTOK: root is asked for the old one as well. */
    .flags = SALLYPORT_PROVES_OLD_PASSWORD,
};
