/*
 * A PAM module that does what a test wrote into a file: for test_pam_faults.py.
 * "control=PATH" names the file; its lines are "STAGE WORD", the stages auth,
 * establish, delete, account, open, close and chauthtok; the word is a PAM
 * status, or crash, ask=N (prompts in one call), say=PATH (shows a text and
 * waits for the file), user=NAME (changes PAM_USER).  Each call is a line in
 * PATH.log.  Never installed.
 */
#include <security/pam_modules.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROMPTS_MAX 8
#define WAIT_MAX    300 /* tenths of a second */

#define EXPORT __attribute__((visibility("default")))

static const char *
control_file(int argc, const char **argv)
{
	for (int i = 0; i < argc; i++)
		if (strncmp(argv[i], "control=", 8) == 0)
			return &argv[i][8];
	return "/nonexistent";
}

static int
converse(pam_handle_t *handle, int count, const struct pam_message *messages,
    struct pam_response **responses)
{
	const struct pam_message *list[PROMPTS_MAX];
	union {
		const void *item;
		const struct pam_conv *conversation;
	} u = {NULL};

	for (int i = 0; i < count; i++)
		list[i] = &messages[i];
	if (pam_get_item(handle, PAM_CONV, &u.item) != PAM_SUCCESS)
		return PAM_CONV_ERR;
	return u.conversation->conv(
	    count, list, responses, u.conversation->appdata_ptr);
}

/* N prompts in one call; the answers must be "1", "2", ... */
static int
ask(pam_handle_t *handle, int count)
{
	struct pam_message messages[PROMPTS_MAX];
	struct pam_response *responses = NULL;
	char texts[PROMPTS_MAX][32], wanted[16];
	bool good = true;

	for (int i = 0; i < count; i++) {
		snprintf(texts[i], sizeof(texts[i]), "Question %d: ", i + 1);
		messages[i].msg = texts[i];
		messages[i].msg_style =
		    i % 2 == 0 ? PAM_PROMPT_ECHO_ON : PAM_PROMPT_ECHO_OFF;
	}
	if (converse(handle, count, messages, &responses) != PAM_SUCCESS)
		return PAM_CONV_ERR;
	for (int i = 0; i < count; i++) {
		snprintf(wanted, sizeof(wanted), "%d", i + 1);
		good = good && responses[i].resp != NULL &&
		    strcmp(responses[i].resp, wanted) == 0;
		free(responses[i].resp);
	}
	free(responses);
	return good ? PAM_SUCCESS : PAM_AUTH_ERR;
}

/* A text, and nothing more until the test has seen it. */
static int
say(pam_handle_t *handle, const char *path)
{
	const struct pam_message message = {
	    .msg_style = PAM_TEXT_INFO, .msg = "Touch the probe."};
	struct pam_response *responses = NULL;

	if (converse(handle, 1, &message, &responses) != PAM_SUCCESS)
		return PAM_CONV_ERR;
	free(responses);
	for (int i = 0; i < WAIT_MAX && access(path, F_OK) != 0; i++)
		usleep(100000);
	return access(path, F_OK) == 0 ? PAM_SUCCESS : PAM_AUTH_ERR;
}

static int
obey(pam_handle_t *handle, const char *word)
{
	if (strcmp(word, "crash") == 0)
		abort();
	if (strncmp(word, "ask=", 4) == 0)
		return ask(handle, atoi(&word[4]) % (PROMPTS_MAX + 1));
	if (strncmp(word, "say=", 4) == 0)
		return say(handle, &word[4]);
	if (strncmp(word, "user=", 5) == 0)
		return pam_set_item(handle, PAM_USER, &word[5]);
	return atoi(word);
}

static int
stage(pam_handle_t *handle, const char *name, int argc, const char **argv)
{
	const char *path = control_file(argc, argv);
	char line[256], log[256], found[64], word[128];
	int status = PAM_SUCCESS;
	FILE *file;

	snprintf(log, sizeof(log), "%s.log", path);
	if ((file = fopen(log, "a")) != NULL) {
		fprintf(file, "%s %d\n", name, (int)getpid());
		fclose(file);
	}
	if ((file = fopen(path, "r")) == NULL)
		return PAM_SUCCESS;
	while (status == PAM_SUCCESS && fgets(line, sizeof(line), file) != NULL)
		if (sscanf(line, "%63s %127s", found, word) == 2 &&
		    strcmp(found, name) == 0)
			status = obey(handle, word);
	fclose(file);
	return status;
}

EXPORT int
pam_sm_authenticate(
    pam_handle_t *handle, int flags, int argc, const char **argv)
{
	(void)flags;
	return stage(handle, "auth", argc, argv);
}

EXPORT int
pam_sm_setcred(pam_handle_t *handle, int flags, int argc, const char **argv)
{
	return stage(handle, flags & PAM_DELETE_CRED ? "delete" : "establish",
	    argc, argv);
}

EXPORT int
pam_sm_acct_mgmt(pam_handle_t *handle, int flags, int argc, const char **argv)
{
	(void)flags;
	return stage(handle, "account", argc, argv);
}

EXPORT int
pam_sm_open_session(
    pam_handle_t *handle, int flags, int argc, const char **argv)
{
	(void)flags;
	return stage(handle, "open", argc, argv);
}

EXPORT int
pam_sm_close_session(
    pam_handle_t *handle, int flags, int argc, const char **argv)
{
	(void)flags;
	return stage(handle, "close", argc, argv);
}

EXPORT int
pam_sm_chauthtok(pam_handle_t *handle, int flags, int argc, const char **argv)
{
	if (flags & PAM_PRELIM_CHECK)
		return PAM_SUCCESS;
	return stage(handle, "chauthtok", argc, argv);
}
