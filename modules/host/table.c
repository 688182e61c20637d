/*
 * The functions that modules get.  Each is held against the stage of the call;
 * files and programs are the same wherever a module is hosted, the rest is the
 * program's own (struct host_calls).
 */
#include "modules/host/table.h"

#include "lib/log.h"
#include "modules/host/events.h"
#include "modules/host/facts.h"
#include "modules/host/problem.h"
#include "privsep/errand_run.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Its own part, in a stage in which there is one. */
#define ASK_PROGRAM(login, stage, call, ...)                              \
	(!host_allows((login), (stage)) || (login)->calls->call == NULL ? \
		SALLYPORT_STATE :                                         \
		(login)->calls->call((login), __VA_ARGS__))

#define FORMAT(text, format)                                 \
	do {                                                 \
		va_list args;                                \
		va_start(args, format);                      \
		vsnprintf(text, sizeof(text), format, args); \
		va_end(args);                                \
	} while (0)

/* ---- words ---- */

static void SALLYPORT_FORMAT(3, 4) host_log(struct sallyport_login *login,
    enum sallyport_log level, const char *format, ...)
{
	const struct host_calls *calls =
	    login != NULL ? login->calls : host_loading_calls();
	char text[LOG_LINE_MAX];

	if (calls == NULL || calls->log == NULL)
		return;
	FORMAT(text, format);
	calls->log(login,
	    login != NULL ? login->module->settings->name : host_loading_name(),
	    level, text);
}

static void SALLYPORT_FORMAT(4, 5) host_audit(struct sallyport_login *login,
    const char *event, const char *subject, const char *format, ...)
{
	char text[512];

	if (login->calls->audit == NULL)
		return;
	FORMAT(text, format);
	login->calls->audit(login, event, subject, text);
}

static int SALLYPORT_FORMAT(4, 5) host_event(struct sallyport_login *login,
    const char *name, const char *const *values, const char *format, ...)
{
	const struct sallyport_event *e = host_events(login->module->module);
	char names[AUDIT_PAIRS_MAX][HOST_FIELD_SIZE], text[LOG_LINE_MAX];
	struct audit_pairs pairs = {0};
	const char *list;

	while (e != NULL && e->name != NULL && strcmp(e->name, name) != 0)
		e++;
	if (e == NULL || e->name == NULL)
		return SALLYPORT_NOT_FOUND;
	list = e->fields == NULL ? "" : e->fields;
	while (pairs.count < AUDIT_PAIRS_MAX &&
	    host_event_field(&list, names[pairs.count]) != NULL) {
		pairs.names[pairs.count] = names[pairs.count];
		pairs.values[pairs.count] =
		    values == NULL ? NULL : values[pairs.count];
		pairs.count++;
	}
	FORMAT(text, format);
	if (login->calls->event != NULL)
		login->calls->event(login, e, &pairs, text);
	return SALLYPORT_OK;
}

static int SALLYPORT_FORMAT(2, 3)
    host_tell_user(struct sallyport_login *login, const char *format, ...)
{
	char text[sizeof(login->attempt->told)];

	FORMAT(text, format);
	return ASK_PROGRAM(login, HOST_TELL_USER, tell_user, text);
}

/* ---- claims ---- */

/* A module that goes on in spite of a refusal here is not believed. */
static int
host_restrict_to(struct sallyport_login *login, enum sallyport_restriction what,
    const char *value)
{
	int err =
	    ASK_PROGRAM(login, HOST_RESTRICT_TO, restrict_to, what, value);

	login->unkept |= err != SALLYPORT_OK;
	return err;
}

static int
host_demand(struct sallyport_login *login, const char *step)
{
	int err = ASK_PROGRAM(login, HOST_DEMAND, demand, step);

	login->unkept |= err != SALLYPORT_OK;
	return err;
}

static int
host_user_changed(struct sallyport_login *login, const char *name)
{
	return ASK_PROGRAM(login, HOST_USER_CHANGED, user_changed, name);
}

static int
host_environment(struct sallyport_login *login, const char *setting)
{
	return ASK_PROGRAM(login, HOST_ENVIRONMENT, environment, setting);
}

static void
host_exhausted(struct sallyport_login *login)
{
	if (host_allows(login, HOST_EXHAUSTED) &&
	    login->calls->exhausted != NULL)
		login->calls->exhausted(login);
}

static void
host_fail_delay(struct sallyport_login *login, uint32_t microseconds)
{
	if (host_allows(login, HOST_FAIL_DELAY) &&
	    login->calls->fail_delay != NULL)
		login->calls->fail_delay(login, microseconds);
}

static int
host_add_group(struct sallyport_login *login, const char *name)
{
	return ASK_PROGRAM(login, HOST_ADD_GROUP, add_group, name);
}

/* ---- the client ---- */

static int
host_ask(struct sallyport_login *login, const char *instruction,
    struct sallyport_prompt *prompts, size_t count)
{
	return ASK_PROGRAM(login, HOST_ASK, ask, instruction, prompts, count);
}

static int
host_show(struct sallyport_login *login, const char *text)
{
	return ASK_PROGRAM(login, HOST_SHOW, show, text);
}

static int
host_ask_change(struct sallyport_login *login, const char *prompt,
    const char **old_password, const char **new_password)
{
	return ASK_PROGRAM(login, HOST_ASK_CHANGE, ask_change, prompt,
	    old_password, new_password);
}

static int
host_packet_send(struct sallyport_login *login, uint8_t number,
    const void *payload, size_t len)
{
	return ASK_PROGRAM(
	    login, HOST_PACKET_SEND, packet_send, number, payload, len);
}

static int
host_packet_receive(struct sallyport_login *login, uint8_t *number,
    const uint8_t **payload, size_t *len)
{
	return ASK_PROGRAM(
	    login, HOST_PACKET_RECEIVE, packet_receive, number, payload, len);
}

/* ---- calls that may block ---- */

static void
host_call_begin(
    struct sallyport_login *login, enum sallyport_call call, const char *detail)
{
	if (login->calls->call_begin != NULL)
		login->calls->call_begin(login, call, detail);
}

static void
host_call_end(struct sallyport_login *login)
{
	if (login->calls->call_end != NULL)
		login->calls->call_end(login);
}

/* ---- files and programs ---- */

/* Files of the user are looked at as the user. */
static struct errand_as
as_user(struct sallyport_login *login)
{
	const uid_t uid = (uid_t)host_number(login, SALLYPORT_UID);

	return (struct errand_as){.uid = uid,
	    .gid = (gid_t)host_number(login, SALLYPORT_GID),
	    .groups = login->groups,
	    .group_count = login->group_count,
	    .whose = uid,
	    .private_group_of =
		login->config->private_groups ? login->user : NULL};
}

static unsigned
file_deadline(const struct sallyport_login *login)
{
	return login->config->deadlines.key_command * 1000;
}

static int
host_open_user_file(struct sallyport_login *login, const char *path, size_t max,
    int *fd, char *why, size_t why_size)
{
	const struct errand_as as = as_user(login);
	int err = errand_open(&as, path, host_text(login, SALLYPORT_HOME), max,
	    file_deadline(login), fd, why, why_size);

	if (login->calls->looked != NULL)
		login->calls->looked(login, path, err);
	return err;
}

static int
host_match_user_files(struct sallyport_login *login, const char *pattern,
    char **names, size_t *len, char *why, size_t why_size)
{
	const struct errand_as as = as_user(login);

	return errand_match(
	    &as, pattern, file_deadline(login), names, len, why, why_size);
}

static int
host_open_file(struct sallyport_login *login, const char *path, size_t max,
    int *fd, char *why, size_t why_size)
{
	const struct errand_as as = {
	    .whose = (uid_t)host_number(login, SALLYPORT_UID)};

	return errand_open(
	    &as, path, NULL, max, file_deadline(login), fd, why, why_size);
}

static int
host_run(struct sallyport_login *login, const struct sallyport_command *command,
    char **output, size_t *len, int *status, char *why, size_t why_size)
{
	int err;

	if (command->size < sizeof(*command) || command->argv == NULL ||
	    command->argv[0] == NULL)
		return SALLYPORT_STATE;
	err = errand_run(command, (uid_t)host_number(login, SALLYPORT_UID),
	    output, len, status, why, why_size);
	if (login->calls->ran != NULL)
		login->calls->ran(login, command->argv[0], err, why);
	return err;
}

static int
host_state_read(
    struct sallyport_login *login, const char *name, void **data, size_t *len)
{
	return login->calls->state_read == NULL ?
	    SALLYPORT_STATE :
	    login->calls->state_read(login, name, data, len);
}

static int
host_state_write(struct sallyport_login *login, const char *name,
    const void *data, size_t len)
{
	return login->calls->state_write == NULL ?
	    SALLYPORT_STATE :
	    login->calls->state_write(login, name, data, len);
}

/* ---- policy, other processes ---- */

static int
host_asks_revoked(struct sallyport_login *login, const char *path)
{
	return policy_asks_revoked(login->decision, path);
}

static int
host_counts_source(struct sallyport_login *login, const char *source)
{
	return policy_counts_source(login->decision, source);
}

static int
host_step(
    struct sallyport_login *login, size_t index, struct sallyport_step *step)
{
	return login->calls->step == NULL ?
	    SALLYPORT_NOT_FOUND :
	    login->calls->step(login, index, step);
}

static int
host_ask_helper(struct sallyport_login *login, const void *request, size_t len,
    void *reply, size_t max, size_t *reply_len, uint32_t deadline)
{
	return ASK_PROGRAM(login, HOST_ASK_HELPER, ask_helper, request, len,
	    reply, max, reply_len, deadline);
}

static int
host_ticket_accept(struct sallyport_login *login, const void *token, size_t len,
    struct sallyport_ticket *ticket)
{
	return ASK_PROGRAM(
	    login, HOST_TICKET_ACCEPT, ticket_accept, token, len, ticket);
}

static int
host_ticket_verify(struct sallyport_login *login, const void *data, size_t len,
    const void *mic, size_t mic_len)
{
	return ASK_PROGRAM(
	    login, HOST_TICKET_VERIFY, ticket_verify, data, len, mic, mic_len);
}

static int
host_ticket_verify_exchange(struct sallyport_login *login, const void *data,
    size_t len, const void *mic, size_t mic_len,
    struct sallyport_ticket *ticket)
{
	return ASK_PROGRAM(login, HOST_TICKET_EXCHANGE, ticket_verify_exchange,
	    data, len, mic, mic_len, ticket);
}

static const struct sallyport_tickets host_tickets = {
    .size = sizeof(struct sallyport_tickets),
    .accept = host_ticket_accept,
    .verify = host_ticket_verify,
    .verify_exchange = host_ticket_verify_exchange,
};

const struct sallyport_host host_table = {
    .abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_host),
    .problem = host_problem,
    .log = host_log,
    .text = host_text,
    .number = host_number,
    .bytes = host_bytes,
    .reason = host_reason,
    .key = host_key,
    .restrict_to = host_restrict_to,
    .user_changed = host_user_changed,
    .environment = host_environment,
    .exhausted = host_exhausted,
    .fail_delay = host_fail_delay,
    .ask = host_ask,
    .show = host_show,
    .ask_change = host_ask_change,
    .packet_send = host_packet_send,
    .packet_receive = host_packet_receive,
    .call_begin = host_call_begin,
    .call_end = host_call_end,
    .open_user_file = host_open_user_file,
    .open_file = host_open_file,
    .run = host_run,
    .audit = host_audit,
    .asks_revoked = host_asks_revoked,
    .counts_source = host_counts_source,
    .event = host_event,
    .step = host_step,
    .demand = host_demand,
    .tell_user = host_tell_user,
    .add_group = host_add_group,
    .state_read = host_state_read,
    .state_write = host_state_write,
    .tickets = &host_tickets,
    .match_user_files = host_match_user_files,
    .ask_helper = host_ask_helper,
};
