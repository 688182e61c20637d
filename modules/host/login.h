/*
 * A login, as the host's functions answer a module about it, and what the
 * program that hosts the module does in its own way.
 */
#ifndef MODULES_HOST_LOGIN_H
#define MODULES_HOST_LOGIN_H

#include "config/config.h"
#include "config/policy/policy.h"
#include "lib/audit.h"
#include "modules/host/attempt.h"
#include "modules/host/load.h"
#include "modules/sallyport_ticket.h"

#include <pwd.h>

/* The function of a module that the host is calling. */
enum host_stage {
	STAGE_NONE,
	STAGE_BEGIN,
	STAGE_AUTHENTICATE,
	STAGE_ACCOUNT,
	STAGE_CHANGE,
	STAGE_OPEN,
	STAGE_CLOSE,
	STAGE_END,
	STAGE_COUNT
};

/* The host's functions that do not work in every stage: login.c. */
enum host_function {
	HOST_KEY,
	HOST_RESTRICT_TO,
	HOST_USER_CHANGED,
	HOST_ENVIRONMENT,
	HOST_EXHAUSTED,
	HOST_FAIL_DELAY,
	HOST_ASK,
	HOST_SHOW,
	HOST_ASK_CHANGE,
	HOST_PACKET_SEND,
	HOST_PACKET_RECEIVE,
	HOST_DEMAND,
	HOST_TELL_USER,
	HOST_ADD_GROUP,
	HOST_TICKET_ACCEPT,
	HOST_TICKET_VERIFY,
	HOST_TICKET_EXCHANGE,
	HOST_ASK_HELPER,
	HOST_FUNCTION_COUNT
};

/*
 * A connection, as modules see it.  The program sets all of it before the
 * first call; what is NULL is not known to it, and "" or 0 to modules.
 */
struct sallyport_login {
	const struct host_calls *calls;
	void *program; /* for those calls */
	const struct config *config;

	/* the call */
	const struct hosted *module;
	enum host_stage stage;
	unsigned misplaced; /* calls in a wrong stage that were told; bits */
	bool unkept; /* a restriction was refused: this call cannot allow */

	/* the connection */
	const struct net_address *source, *local;
	const char *listener, *connection;

	/* the user */
	const char *user; /* as NSS returned it, or as typed */
	bool illegal; /* the name; user is another then */
	const struct passwd *passwd; /* NULL: there is none */
	const gid_t *groups;
	size_t group_count;

	/* the policy */
	const struct decision *decision;
	const struct policy_facts *facts; /* without a key */
	const char *const *done; /* methods that have succeeded */
	size_t done_count;
	bool hopeless; /* it cannot succeed, and must not look so */

	struct attempt *attempt; /* the request */
};

/*
 * The program's own part of the host's functions, each as the one of its name
 * in struct sallyport_host.  They are called only in the stages in which the
 * function works.  NULL: it answers SALLYPORT_STATE, or does nothing.
 */
struct host_calls {
	/* login NULL: while it loads or unloads */
	void (*log)(struct sallyport_login *login, const char *module,
	    enum sallyport_log level, const char *text);
	void (*audit)(struct sallyport_login *login, const char *event,
	    const char *subject, char *text); /* may be cut up */
	void (*event)(struct sallyport_login *login,
	    const struct sallyport_event *event,
	    const struct audit_pairs *values, const char *text);
	/* what struct sallyport_login does not have */
	const char *(*text)(
	    struct sallyport_login *login, enum sallyport_text which);
	int64_t (*number)(
	    struct sallyport_login *login, enum sallyport_number which);
	struct bytes (*bytes)(
	    struct sallyport_login *login, enum sallyport_bytes which);
	/* the policy does not allow the key that was told */
	void (*key_refused)(struct sallyport_login *login, const char *why);
	int (*restrict_to)(struct sallyport_login *login,
	    enum sallyport_restriction what, const char *value);
	int (*user_changed)(struct sallyport_login *login, const char *name);
	int (*environment)(struct sallyport_login *login, const char *setting);
	void (*exhausted)(struct sallyport_login *login);
	void (*fail_delay)(
	    struct sallyport_login *login, uint32_t microseconds);
	int (*ask)(struct sallyport_login *login, const char *instruction,
	    struct sallyport_prompt *prompts, size_t count);
	int (*show)(struct sallyport_login *login, const char *text);
	int (*ask_change)(struct sallyport_login *login, const char *prompt,
	    const char **old_password, const char **new_password);
	int (*packet_send)(struct sallyport_login *login, uint8_t number,
	    const void *payload, size_t len);
	int (*packet_receive)(struct sallyport_login *login, uint8_t *number,
	    const uint8_t **payload, size_t *len);
	void (*call_begin)(struct sallyport_login *login,
	    enum sallyport_call call, const char *detail);
	void (*call_end)(struct sallyport_login *login);
	/* a file of the user was looked for, a program was run: the result */
	void (*looked)(
	    struct sallyport_login *login, const char *path, int err);
	void (*ran)(struct sallyport_login *login, const char *path, int err,
	    const char *why);
	int (*step)(struct sallyport_login *login, size_t index,
	    struct sallyport_step *step);
	int (*demand)(struct sallyport_login *login, const char *step);
	int (*tell_user)(struct sallyport_login *login, const char *text);
	int (*add_group)(struct sallyport_login *login, const char *name);
	int (*state_read)(struct sallyport_login *login, const char *name,
	    void **data, size_t *len);
	int (*state_write)(struct sallyport_login *login, const char *name,
	    const void *data, size_t len);
	int (*ask_helper)(struct sallyport_login *login, const void *request,
	    size_t len, void *reply, size_t max, size_t *reply_len,
	    uint32_t deadline);
	int (*ticket_accept)(struct sallyport_login *login, const void *token,
	    size_t len, struct sallyport_ticket *ticket);
	int (*ticket_verify)(struct sallyport_login *login, const void *data,
	    size_t len, const void *mic, size_t mic_len);
	int (*ticket_verify_exchange)(struct sallyport_login *login,
	    const void *data, size_t len, const void *mic, size_t mic_len,
	    struct sallyport_ticket *ticket);
};

/* May the module call it at this moment?  If not, the log hears of it. */
bool host_allows(struct sallyport_login *login, enum host_function function);

/* "authenticate()" */
const char *host_stage_name(enum host_stage stage);

/* The verdict that a module's call returned, judged: what is not one denies,
 * and what it could not restrict it cannot allow. */
enum sallyport_verdict host_verdict(
    struct sallyport_login *login, const char *name, int verdict);

#endif
