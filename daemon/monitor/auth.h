/*
 * Authentication of one connection: what on_auth.c and the files around it
 * share, and, at the end, what the rest of the monitor calls.
 */
#ifndef DAEMON_MONITOR_AUTH_H
#define DAEMON_MONITOR_AUTH_H

#include "config/policy/policy.h"
#include "daemon/monitor/chain.h"
#include "daemon/monitor/host.h"
#include "daemon/monitor/monitor.h"
#include "daemon/monitor/own.h"
#include "daemon/monitor/ticket.h"
#include "lib/audit.h"
#include "lib/net.h"
#include "lib/sha256.h"
#include "modules/host/login.h"
#include "modules/host/restrictions.h"
#include "modules/sallyport_ticket.h"
#include "privsep/account.h"

#define AUTH_REFUSED_KEYS_MAX 32
#define AUTH_ENV_MAX	      1024 /* as sshd */
#define AUTH_DEMANDS_MAX      8 /* steps that modules demand besides */
#define AUTH_LEFT_MAX	      32 /* processes that modules left behind */
#define AUTH_ASKS_MAX	      64 /* rounds in one connection */
#define AUTH_CHANGE_METHODS   "keyboard-interactive,password"
#define AUTH_CONSENT_METHODS  "keyboard-interactive"
#define AUTH_QUERIES_FREE                                \
	32 /* key queries, of either answer, before they \
	    * count as failures */

/* The key itself, for revocation lists that come later. */
struct key_copy {
	uint8_t *data; /* owned */
	size_t len;
};

/* A key that succeeded in a chain that asks for several. */
struct earlier_key {
	struct earlier_key *next;
	struct attempt key;
	struct key_copy copy;
	struct policy_facts facts; /* the login's, with this key */
};

/* A module in this connection. */
struct joined {
	void *connection; /* begin()'s */
	bool begun, exhausted, session;
	bool proved; /* its authenticate() did a step of a chain */
};

struct delegated_tickets {
	bool are_there; /* the client has delegated */
	uint8_t *data; /* NULL: none were taken */
	size_t len;
};

struct auth {
	struct sallyport_login login;
	struct decision *decision;
	struct chain *chains; /* of the walk; guards drop the decision's */
	struct chain_walk walk;
	struct chain_walk before; /* as it was before the current proof */
	bool refused; /* nothing can succeed any more */
	bool blind; /* refused from the first request on: no key would do */
	enum refusal refusal; /* why */
	bool refused_told; /* why has been logged */
	bool lock_told; /* as has that its password is locked */
	bool account_ended; /* a right proof, and the account ended it */
	bool ended_by_dialogue; /* the proof was keyboard-interactive */
	bool banner_sent;
	bool invalid_told;

	/* facts */
	struct policy_facts facts;
	struct account_groups groups;
	struct timed_grant *timed; /* of facts */

	/* fingerprints of keys whose refusal has been told */
	char refused_keys[AUTH_REFUSED_KEYS_MAX][80];
	bool refused_certs[AUTH_REFUSED_KEYS_MAX];
	size_t refused_key_count;

	struct step_facts *steps[CHAIN_STEPS_MAX]; /* host_steps.c */
	size_t step_count;
	struct arena *demands; /* of demanded; NULL: none */
	struct chain demanded[AUTH_DEMANDS_MAX]; /* a step each */
	size_t demand_count;

	struct {
		bool token; /* taken by the request */
		bool limited; /* the request cannot succeed, for want of one */
		bool told;
		size_t done; /* steps, and outages, before the request */
		unsigned outages;
	} guess;

	unsigned requests, failures, queries, asks;
	unsigned outages; /* of the failures: a module could not tell */
	unsigned offers; /* queries that were answered with a yes */
	struct attempt attempt;
	struct attempt last_key; /* facts of the key that counted last */
	struct key_copy last_copy;
	struct earlier_key *earlier; /* of those that did before */
	char principal[WALL_TEXT_MAX + 1]; /* of the ticket that counted last */
	struct restrictions granted; /* of all steps that succeeded */
	const struct hosted *by; /* module of the last success */

	struct joined joined[HOST_MODULES_MAX];
	size_t current; /* module being called */
	bool unanswered; /* its helper failed last: nor can it then */
	int free_fd; /* the lowest, before that call */
	struct own own; /* the monitor's, as before any call */
	bool state_held; /* host_state.c: these are open */
	int state_directory, state_lock;
	pid_t left[AUTH_LEFT_MAX]; /* children that modules left behind */
	size_t left_count;
	enum slot_call call;
	char call_detail[64];
	bool in_call;
	uint64_t call_began;
	enum slot_call last_call; /* that a module ended itself */
	uint64_t last_call_ms;

	size_t changing; /* module whose password must be changed, + 1 */
	bool in_change;
	struct {
		bool due; /* all else is proven; only an answer may follow */
		char *text; /* owned */
		char digest[SHA256_TEXT_SIZE]; /* of the file's bytes */
	} consent;
	struct attempt
	    proof; /* whose change or consent follows in a later request */
	const struct hosted *proof_by;

	/* A context at the ticketholder, of the attempt: host_ticket.c. */
	struct {
		struct ticket_context context;
		struct wall_message last; /* answer, borrowed by the module */
		bool has_last;
	} ticket;

	/* delegated.c: tickets of the try that runs, and of the login */
	struct {
		struct delegated_tickets tried, counted;
		char *cache; /* where they were stored; or NULL */
		uint64_t renewed_at; /* ms; 0: never */
	} delegated;

	/* answers of the last round */
	uint8_t *answers;
	size_t answers_len;

	char tty[64];
	char **environment;
	size_t environment_count;
	bool in_session; /* open_session or close_session runs */
	bool session_asked; /* auth_open_session() was called */
	int session_result;
	char session_error[300];
	char *session_text; /* what modules want the user to see */
	char *exposed; /* a line a method, for SSH_USER_AUTH; or NULL */
	uint64_t began;
};

/* ---- auth.c: the course of a request ----------------------------------- */

/* A request has come; a->attempt is filled in.  Answers it. */
int auth_request(struct monitor *m);
/* Start an attempt: wipe the last one; the clock starts. */
struct attempt *auth_attempt(struct monitor *m, const char *method,
    struct bytes user, struct bytes service);

/* The key blob the client saw in its key exchange (auth_hostkey.c). */
struct bytes auth_host_key(struct monitor *m);

/* ---- auth_facts.c ------------------------------------------------------- */

/* Look the user up, decide; once. */
void auth_learn(struct monitor *m);
/* The audit's rule: the rule or guard that decided, if one did. */
void auth_name_decider(struct monitor *m);

/*
 * auth_help.c: for people who read the log, why a login is refused: at
 * auth_refuse(), with its arguments; and at a wrong password, where that is
 * one that cannot be right.
 */
void auth_help_refused(struct monitor *m, enum refusal refusal,
    const char *reason, const char *detail);
void auth_help_failed(struct monitor *m);
/* The user's name as modules are told it. */
const char *auth_user_name(const struct monitor *m);

/* ---- auth_try.c --------------------------------------------------------- */

enum sallyport_verdict auth_try_step(
    struct monitor *m, const struct chain_step *step);
/* Does any loaded module serve this step?  For the chain engine. */
bool auth_serves(const struct chain_step *step, void *monitor);
/* The connection's data of module number i, begun if it was not. */
void *auth_join(struct monitor *m, size_t i);
/* Judge a verdict's number: what is not one denies. */
enum sallyport_verdict auth_verdict(
    struct monitor *m, size_t module, int verdict);
/* A call to a module begins, under its name and in that stage. */
void auth_enter(struct monitor *m, size_t module, enum host_stage stage);
void auth_leave(struct monitor *m);
/* The name of the call for the log and for its deadline. */
enum slot_call auth_stage_call(enum host_stage stage);

/* ---- host_children.c ---------------------------------------------------- */

/* Children of modules get none of this connection's sockets. */
void host_children_watch(struct monitor *m);
/* After a call: what has it left? */
void host_children_look(struct monitor *m);
/* The session opens: orphans of its programs are nobody's. */
void host_children_session(void);
void host_children_end(struct monitor *m);

/* ---- host_claims.c: what a module says of the login --------------------- */

int claim_restriction(struct sallyport_login *login,
    enum sallyport_restriction what, const char *value);
int claim_user_changed(struct sallyport_login *login, const char *name);
int claim_environment(struct sallyport_login *login, const char *setting);
void claim_exhausted(struct sallyport_login *login);
int claim_text(struct sallyport_login *login, const char *text);
int claim_group(struct sallyport_login *login, const char *name);
void claim_fail_delay(struct sallyport_login *login, uint32_t microseconds);

/* ---- host_log.c, host_audit.c: what a module says to the log ------------- */

void module_log(struct sallyport_login *login, const char *module,
    enum sallyport_log level, const char *text);
void module_event(struct sallyport_login *login,
    const struct sallyport_event *event, const struct audit_pairs *values,
    const char *text);
void module_audit(struct sallyport_login *login, const char *event,
    const char *subject, char *text);

/* host_steps.c: what the steps of the chain have proven. */
void auth_step_done(struct monitor *m, const struct chain_step *step);
bool auth_step_was_done(const struct auth *a, const struct chain_step *step);
void auth_steps_free(struct auth *a);

/* host_state.c: files of a module's own, in this directory. */
void host_state_root(const char *directory);
int state_read(
    struct sallyport_login *login, const char *name, void **data, size_t *len);
int state_write(struct sallyport_login *login, const char *name,
    const void *data, size_t len);
/* The call has ended, or the client is asked: others may have them. */
void host_state_release(struct monitor *m);

/* host_demand.c: steps that modules demand besides. */
int auth_demand(struct sallyport_login *login, const char *step);
/* The call has said ALLOW: what it demanded holds.  False: too many. */
bool auth_demand_keep(struct monitor *m);
/* If one is still due, the client is told to go on with it: true. */
bool auth_demand_next(struct monitor *m);
int auth_step(
    struct sallyport_login *login, size_t index, struct sallyport_step *out);

/* ---- host_helper.c ------------------------------------------------------ */

int helper_ask(struct sallyport_login *login, const void *request, size_t len,
    void *reply, size_t max, size_t *reply_len, uint32_t deadline);
/* The verdict of a call in which the helper may have failed. */
int host_answered(struct monitor *m, const char *name, int verdict);

/* ---- host_ticket.c ------------------------------------------------------ */

int ticket_accept(struct sallyport_login *login, const void *token, size_t len,
    struct sallyport_ticket *ticket);
int ticket_verify(struct sallyport_login *login, const void *data, size_t len,
    const void *mic, size_t mic_len);
int ticket_verify_exchange(struct sallyport_login *login, const void *data,
    size_t len, const void *mic, size_t mic_len,
    struct sallyport_ticket *ticket);
/* The attempt's context is over; harmless without one. */
void host_ticket_end(struct monitor *m);

/* ---- auth_finish.c ------------------------------------------------------ */

/* A chain is complete: guards, account, password age; then the login. */
void auth_finish(struct monitor *m);
/* keyboard-interactive while a password must be changed. */
void auth_change(struct monitor *m);
/* Any request while an answer to consent_file is due. */
void auth_consent(struct monitor *m);
/* The connection ends: a due answer has not been given.  Harmless twice. */
void auth_consent_end(struct monitor *m);

/* ---- auth_answer.c: what the client is told, and the log ---------------- */

void auth_fail(struct monitor *m, enum sallyport_verdict verdict);
/* A line more for auth_exposed(): the method that has just counted. */
void auth_expose(struct monitor *m);
void auth_partial(struct monitor *m, const char *methods);
/*
 * The proof of a known user is complete and the account may not log in (after
 * auth_refuse()): the client is told, and the connection ends without a
 * penalty.  No other proof would do, so it is asked for none.
 */
void auth_end_account(struct monitor *m, enum sallyport_verdict verdict);
/* The client has left a dialogue for another request: a failure untold. */
void auth_abandoned(struct monitor *m);
void auth_succeed(struct monitor *m);
/* The proof is done, success waits for a new password, or consent. */
void auth_proof_done(struct monitor *m);
/*
 * Is the refusal of the attempt's key to be told?  Once in a connection: a
 * client asks for a key, and may sign with it nevertheless.  Nothing is told
 * of keys of a login that cannot succeed: why it cannot has been.
 */
bool auth_refused_key_is_news(struct monitor *m);
/*
 * The decision or an account says no: log it once, nothing can succeed.
 * reason: a sentence that says more than the refusal's own, or NULL.
 */
void auth_refuse(struct monitor *m, enum refusal refusal, const char *reason,
    const char *detail);
/* Not counted, not delayed: methods for a `none`. */
void auth_list(struct monitor *m);
void auth_banner(struct monitor *m);

/* ---- ask.c -------------------------------------------------------------- */

int ask_round(struct sallyport_login *login, const char *instruction,
    struct sallyport_prompt *prompts, size_t count);
int ask_show(struct sallyport_login *login, const char *text);
int ask_change(struct sallyport_login *login, const char *prompt,
    const char **old, const char **fresh);
int ask_packet_send(struct sallyport_login *login, uint8_t number,
    const void *payload, size_t len);
int ask_packet_receive(struct sallyport_login *login, uint8_t *number,
    const uint8_t **payload, size_t *len);
/* Wipe the answers. */
void ask_forget(struct monitor *m);
/* Control bytes but newline and tab become '?'; bounded. */
char *ask_clean(const char *text, size_t max);

/* ---- auth_call.c: named calls ------------------------------------------- */

void auth_call(struct monitor *m, enum slot_call call, const char *detail);
void auth_call_done(struct monitor *m);
/* Interrupt it while the client thinks, and take it up again. */
enum slot_call auth_call_pause(struct monitor *m);
void auth_call_resume(struct monitor *m, enum slot_call call);
uint64_t auth_clock(void); /* microseconds */
/* A module that calls exit() is noticed, audited, and cleaned up after. */
void auth_watch_exit(struct monitor *m);

/* ======== what monitor.c, on_session.c and states.c call ================= */

/* When the connection begins, and when it ends (harmless twice).  auth_close
 * closes the modules' sessions, deletes credentials, ends every module; it is
 * to be called however the connection ended, while m is still whole. */
void auth_init(struct monitor *m);
void auth_close(struct monitor *m);

/*
 * Before the first shell, command, subsystem or forward: the modules'
 * sessions (PAM's).  tty is "/dev/pts/3" or NULL.  Once: later calls return
 * what the first did, and tell modules nothing.  0; E_DENIED, and *text is a
 * sentence for the user and the log (owned by auth).  The process's limits,
 * umask, groups, namespaces are then as the session's programs shall have
 * them.
 */
int auth_open_session(struct monitor *m, const char *tty, const char **text);

/* Texts that modules gave for the user while the session was opened ("" if
 * none): motd, last login.  For the first terminal. */
const char *auth_session_text(struct monitor *m);

/* NAME=value of modules and keys for the user's programs; NULL ended. */
char *const *auth_environment(struct monitor *m);
/* One more, in place of another of its name; 0, E_FORMAT or E_LIMIT. */
int auth_set_environment(struct monitor *m, const char *setting);

/* The tun unit that a key demands; false if none does. */
bool auth_tun_unit(struct monitor *m, uint32_t *unit);

/* Base groups of the user, as NSS knows them. */
const gid_t *auth_groups(struct monitor *m, size_t *count);

/*
 * In the loop: tickets that a rekey has brought go into the cache that the
 * session has, by a program that is waited for, with a pause behind each.
 * Milliseconds until it wants to be called again; UINT64_MAX: nothing waits.
 */
uint64_t auth_renew_tickets(struct monitor *m);

/* The names of the user's groups, one a line; looked up when first asked. */
const char *auth_group_text(struct monitor *m);
/* The methods that succeeded, a line each as sshd's ExposeAuthInfo; or "". */
const char *auth_exposed(struct monitor *m);

/* The client left before it was in: the exit code, also after auth_close(). */
int auth_exit_code(struct monitor *m);
/* How the account ended the login, if it did; before auth_close(). */
enum close_account auth_account_end(const struct monitor *m);

#endif
