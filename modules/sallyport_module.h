/*
 * Authentication modules of the sallyport SSH server: the whole interface
 * between the server (the host) and a module.  A module is a shared object
 * that exports one constant, sallyport_module; this header is all it needs.
 * See sallyport_auth_module(3) and MODULES.md.
 *
 * Where a module runs: loaded once, as root, in the template of the monitors;
 * each connection is a fork of it, so what load() made is there already and
 * what a connection does is seen by no other.  One thread only.  A module may
 * block; the configuration's deadline bounds every call, and when it passes
 * the connection ends.
 *
 * The host never forgets for a module: attempts are counted, failures take
 * their time and look alike, users that do not exist or may not log in walk
 * through the same calls (with a made-up home, a made-up password) and fail
 * whatever the module says.  A module answers one question at a time.
 *
 * The interface grows at the end of structures and enumerations; size tells
 * how far they reach.  abi changes only when something that exists changes
 * its meaning, and then old modules are refused at the start of the server.
 */
#ifndef SALLYPORT_MODULE_H
#define SALLYPORT_MODULE_H

#include <stddef.h>
#include <stdint.h>

#define SALLYPORT_MODULE_ABI 1

/* Results of functions that can fail; 0 is success. */
enum sallyport_error {
	SALLYPORT_OK = 0,
	SALLYPORT_NOT_FOUND = -1, /* no such file */
	SALLYPORT_PERMISSIONS = -2, /* owner or mode refuses */
	SALLYPORT_TIMEOUT = -3, /* a deadline passed */
	SALLYPORT_TOO_LARGE = -4, /* a bound was reached */
	SALLYPORT_SYSTEM = -5, /* a system call or program failed */
	SALLYPORT_STATE = -6, /* not possible at this moment */
	SALLYPORT_GONE = -7, /* the client left, or asks another thing */
	SALLYPORT_REFUSED = -8 /* policy does not allow it */
};

/*
 * Verdicts.  Zero denies, so whatever was forgotten denies; any value that is
 * not here denies as well and is reported as a fault of the module.
 */
enum sallyport_verdict {
	SALLYPORT_DENY = 0, /* the proof is wrong, or refused */
	SALLYPORT_IGNORE, /* no opinion: the next module is asked */
	SALLYPORT_UNAVAILABLE, /* cannot tell now; counts as no */
	SALLYPORT_LOCKED, /* right or wrong, the account is locked */
	SALLYPORT_EXPIRED, /* account(): the password must be changed */
	SALLYPORT_ALLOW
};

enum sallyport_log {
	SALLYPORT_LOG_ERROR,
	SALLYPORT_LOG_WARN,
	SALLYPORT_LOG_INFO,
	SALLYPORT_LOG_VERBOSE,
	SALLYPORT_LOG_DEBUG
};

/* ---- options ---------------------------------------------------------- */

enum sallyport_option_type {
	SALLYPORT_TEXT, /* not empty */
	SALLYPORT_BOOL, /* "true" or "false" */
	SALLYPORT_NUMBER, /* decimal, min to max */
	SALLYPORT_SECONDS, /* 90, "90s", "1h30m", "2d": min to max seconds */
	SALLYPORT_PATH, /* absolute */
	SALLYPORT_WORD, /* one of the words in `words` */
	SALLYPORT_SIZE /* 4096, "64K", "1G": min to max bytes */
};

#define SALLYPORT_OPTION_MANY	  1u /* may stand several times: a list */
#define SALLYPORT_OPTION_REQUIRED 2u
/*
 * A list of texts that also gets the services that the policy names: what
 * stands behind "/" in the steps of chains with this module, and pam_service.
 * Without such a row a step with this module takes no parameter.
 */
#define SALLYPORT_OPTION_SERVICES 4u

/*
 * A row of the module's schema.  The host refuses options that have no row,
 * wrong types and values out of range, with file and line, before load().
 * A name may contain one "*", which stands for a name that the administrator
 * chooses: "*.command" takes `directory = { command = ... }`.
 */
struct sallyport_option {
	const char *name; /* NULL ends the table */
	enum sallyport_option_type type;
	unsigned flags;
	int64_t min, max;
	const char *words; /* separated by blanks */
	const char *fallback; /* what holds if absent, for the documentation */
	const char *help; /* one sentence */
};

/*
 * An option that is set, checked against its row; lists come one by one.  It
 * stays valid in load()'s process and all that are forked from it.
 */
struct sallyport_setting {
	const char *name; /* "directory.command" */
	const char *value; /* a number, time or size: decimal digits alone,
			      in units, seconds or bytes */
	const char *file; /* where the administrator wrote it */
	unsigned line;
};

/* ---- events ------------------------------------------------------------ */

/*
 * An event of the module's own, for host->event(): in the machine formats of
 * the log each field stands under its own name ("sallyport.module.field.NAME"
 * in JSON, m_NAME elsewhere).  Names: a-z, 0-9 and _, for the event also "."
 * and "-"; at most 12 fields.  What is not of that form is refused at load.
 */
struct sallyport_event {
	const char *name; /* NULL ends the table */
	enum sallyport_log level;
	const char *fields; /* names, separated by blanks */
	const char *help; /* one sentence */
};

/* ---- what a module can ask the host about a login ---------------------- */

/* One connection.  Opaque; valid from begin() to end(). */
struct sallyport_login;
struct sallyport_helper;

/* Texts: never NULL ("" when there is none). */
enum sallyport_text {
	SALLYPORT_USER, /* as the name service returned it; as typed
			   if there is no such user */
	SALLYPORT_HOME, /* home directory */
	SALLYPORT_SHELL,
	SALLYPORT_METHOD, /* the SSH method being answered */
	SALLYPORT_PARAMETER, /* what stands behind "/" in the chain's step:
				for pam, the service; "" if nothing */
	SALLYPORT_SOURCE, /* client's numeric address */
	SALLYPORT_LOCAL, /* our numeric address */
	SALLYPORT_LISTENER, /* name of the listener */
	SALLYPORT_CONNECTION, /* id of the connection, as in the audit */
	SALLYPORT_TTY, /* "/dev/pts/3" once there is one */
	/* Methods that succeeded, one a line, with the key's type and base64
	 * behind the method: as sshd(8) has SSH_AUTH_INFO_0. */
	SALLYPORT_COMPLETED,
	SALLYPORT_ALGORITHM, /* publickey, hostbased: signature algorithm */
	SALLYPORT_CLIENT_HOST, /* hostbased: name the client calls itself */
	SALLYPORT_CLIENT_USER, /* hostbased: user at the client */
	SALLYPORT_CLIENT_VERSION, /* identification line of the client */
	SALLYPORT_RULE, /* rule that decided */
	SALLYPORT_CA_ALGORITHMS, /* that may sign certificates, name-list */
	SALLYPORT_REASON, /* what reason() was given last */
	SALLYPORT_SERVICE, /* PAM service the rule sets, "" if none */
	SALLYPORT_GROUPS, /* names of the user's groups, one a line; those
			     that cannot be learnt are not among them */
	SALLYPORT_INSTANCE, /* name of this module in the configuration */
	SALLYPORT_TICKET_CACHE /* KRB5CCNAME of tickets delegated to us */
};

/* Numbers. */
enum sallyport_number {
	SALLYPORT_UID,
	SALLYPORT_GID,
	SALLYPORT_SOURCE_PORT,
	SALLYPORT_LOCAL_PORT,
	SALLYPORT_KNOWN, /* 1: the user exists */
	SALLYPORT_HAS_SIGNATURE, /* publickey: 0 is the query "would you?" */
	SALLYPORT_HOSTBOUND, /* publickey-hostbound-v00@openssh.com */
	SALLYPORT_RSA_BITS, /* smallest RSA key, by the configuration */
	SALLYPORT_TIME /* of the request or the last answer, since 1970 */
};

/* Bytes from the request; an absent one has length 0.  Not terminated. */
enum sallyport_bytes {
	SALLYPORT_SESSION_ID,
	SALLYPORT_REQUEST_USER, /* user name as the client sent it */
	SALLYPORT_REQUEST_SERVICE, /* "ssh-connection" */
	SALLYPORT_PASSWORD, /* password; wiped after the attempt */
	SALLYPORT_PUBLIC_KEY, /* key or certificate blob */
	SALLYPORT_SIGNATURE,
	SALLYPORT_REQUEST_HOST_KEY, /* hostbound: host key the client saw */
	SALLYPORT_HOST_KEY, /* the key we have proven to hold */
	SALLYPORT_METHOD_DATA, /* other methods: what followed the name */
	SALLYPORT_SUBMETHODS, /* keyboard-interactive */
	SALLYPORT_SELFTEST_KEY /* the user's in a self-test, else absent */
};

/* ---- what a module can tell ------------------------------------------- */

struct sallyport_key {
	uint32_t size;
	const char *type; /* "ssh-ed25519", "...-cert-v01@openssh.com" */
	const char *fingerprint; /* "SHA256:..." of the key itself */
	const char *source; /* name of the key source */
	const char *place; /* "file:line", for the log; or NULL */
	unsigned bits;
	/* of a certificate, else NULL and 0 */
	const char *key_id;
	uint64_t serial;
	const char *ca_type;
	const char *ca_fingerprint;
	int proven; /* the signature has been verified */
	/* of a FIDO key, once proven */
	int touched;
	int verified;
};

/*
 * A step of the chain that has succeeded in this connection.  The texts live
 * as long as the connection; NULL where there is none of the kind.
 */
struct sallyport_step {
	uint32_t size; /* sizeof, set by the caller */
	const char *method; /* "publickey" */
	const char *module; /* its name in the configuration */
	const char *parameter; /* "" if nothing */
	/* of the key, if it was one */
	const char *key_type;
	const char *fingerprint;
	const char *key_source;
	const char *key_id; /* "" if it was no certificate */
	const char *ca_fingerprint;
	uint64_t serial;
	int touched;
	int verified;
};

/* Restrictions that came with the proof.  They add up; none is ever lifted. */
enum sallyport_restriction {
	SALLYPORT_NO_PTY,
	SALLYPORT_NO_AGENT,
	SALLYPORT_NO_X11,
	SALLYPORT_NO_PORT_FORWARDING,
	SALLYPORT_NO_USER_RC,
	SALLYPORT_NO_TUN,
	SALLYPORT_COMMAND, /* value: the forced command */
	SALLYPORT_PERMIT_OPEN, /* value: host:port; all of one attempt form
				  the list of what is allowed */
	SALLYPORT_PERMIT_LISTEN,
	SALLYPORT_ENVIRONMENT, /* value: NAME=value, if policy allows NAME */
	SALLYPORT_TUN_UNIT /* value: decimal unit */
};

/* ---- conversation ------------------------------------------------------ */

#define SALLYPORT_PROMPTS_MAX 32

struct sallyport_prompt {
	const char *text;
	int echo; /* may the answer be seen while it is typed? */
	const char *answer; /* filled in; wiped at the next question or at the
			       end of the call: copy what you keep */
};

/* Names for calls that may block: what the log says when one hangs. */
enum sallyport_call {
	SALLYPORT_CALL_MODULE,
	SALLYPORT_CALL_PAM_START,
	SALLYPORT_CALL_PAM_AUTHENTICATE,
	SALLYPORT_CALL_PAM_ACCOUNT,
	SALLYPORT_CALL_PAM_CHAUTHTOK,
	SALLYPORT_CALL_PAM_SETCRED,
	SALLYPORT_CALL_PAM_OPEN_SESSION,
	SALLYPORT_CALL_PAM_CLOSE_SESSION,
	SALLYPORT_CALL_PAM_END,
	SALLYPORT_CALL_KEY_SOURCE,
	SALLYPORT_CALL_NAME_SERVICE
};

struct sallyport_command {
	uint32_t size;
	const char *const *argv; /* argv[0] is the absolute path; NULL ended */
	const char *const *environment; /* NAME=value, NULL ended; or NULL */
	uint32_t uid, gid; /* as whom; never 0 for uid */
	uint32_t deadline; /* milliseconds; then its group is killed */
	uint32_t output_max; /* bytes of standard output */
};

#define SALLYPORT_FORMAT(f, a) __attribute__((format(printf, f, a)))

/*
 * The host's functions for a module.  login is the argument of begin(); the
 * functions that take one may be called only from a call the host is making for
 * that login.
 */
struct sallyport_host {
	uint32_t abi;
	uint32_t size;

	/*
	 * During load(): say what is wrong with a setting (NULL: with the
	 * module as a whole); the server will not start.  Any number of times.
	 */
	void (*problem)(const struct sallyport_setting *setting,
	    const char *format, ...) SALLYPORT_FORMAT(2, 3);

	/* A line for the log, in its format and with the connection's id;
	 * escaped and bounded by the host.  login may be NULL in load(). */
	void (*log)(struct sallyport_login *login, enum sallyport_log level,
	    const char *format, ...) SALLYPORT_FORMAT(3, 4);

	const char *(*text)(
	    struct sallyport_login *login, enum sallyport_text which);
	int64_t (*number)(
	    struct sallyport_login *login, enum sallyport_number which);
	const uint8_t *(*bytes)(struct sallyport_login *login,
	    enum sallyport_bytes which, size_t *len);

	/* Why the verdict will be what it is: for the log, never the client.
	 * The last one given counts. */
	void (*reason)(struct sallyport_login *login, const char *format, ...)
	    SALLYPORT_FORMAT(2, 3);

	/*
	 * The key this attempt is about.  Asked again as more is known (the
	 * place, after verification the flags).  0, or SALLYPORT_REFUSED when
	 * policy does not allow such a key or such a source: try another
	 * source, or deny.
	 */
	int (*key)(
	    struct sallyport_login *login, const struct sallyport_key *key);

	/*
	 * A restriction, if this attempt succeeds; in authenticate() and
	 * account().  0, or SALLYPORT_REFUSED when it contradicts another,
	 * SALLYPORT_STATE elsewhere: deny then, or the host does.
	 */
	int (*restrict_to)(struct sallyport_login *login,
	    enum sallyport_restriction what, const char *value);

	/*
	 * The module's own library knows the user by another name now.  0 if
	 * that is the same account (same uid), else SALLYPORT_REFUSED: deny.
	 */
	int (*user_changed)(struct sallyport_login *login, const char *name);

	/*
	 * NAME=value for the user's programs, if this attempt succeeds.
	 * Copied.  From authenticate() to open_session().  SALLYPORT_REFUSED:
	 * not a variable for modules to set (LD_*, HOME, BASH_ENV, ...).
	 */
	int (*environment)(struct sallyport_login *login, const char *setting);

	/* This module is to be asked no more in this connection. */
	void (*exhausted)(struct sallyport_login *login);

	/* The failure should not be seen before so many microseconds have
	 * passed since the attempt began.  Longest wins; bounded. */
	void (*fail_delay)(
	    struct sallyport_login *login, uint32_t microseconds);

	/*
	 * Ask the client: one round of keyboard-interactive with all prompts.
	 * instruction may be NULL.  count 0 shows the instruction alone.
	 * SALLYPORT_STATE: the method has no questions (password, publickey).
	 * SALLYPORT_GONE: unwind, answer anything.
	 */
	int (*ask)(struct sallyport_login *login, const char *instruction,
	    struct sallyport_prompt *prompts, size_t count);

	/* Show a text at once, by whatever means the method has. */
	int (*show)(struct sallyport_login *login, const char *text);

	/*
	 * Inside change_password(), when the method is "password": have the
	 * client ask for the old and the new password.  As with ask, copy.
	 */
	int (*ask_change)(struct sallyport_login *login, const char *prompt,
	    const char **old_password, const char **new_password);

	/*
	 * Packets of a method of the module's own, numbers 60 to 79.  The
	 * payload received is without the number, and lives until the next
	 * packet or the end of the call.
	 */
	int (*packet_send)(struct sallyport_login *login, uint8_t number,
	    const void *payload, size_t len);
	int (*packet_receive)(struct sallyport_login *login, uint8_t *number,
	    const uint8_t **payload, size_t *len);

	/* Around what may block: its name for the log and its deadline.  Not
	 * nested; ended for you while the client is being asked. */
	void (*call_begin)(struct sallyport_login *login,
	    enum sallyport_call call, const char *detail);
	void (*call_end)(struct sallyport_login *login);

	/*
	 * Read a file of the user, as the user, in a process that can be
	 * killed: a dead file server costs a deadline, a link to a file of
	 * others gains nothing.  The descriptor is of memory that holds the
	 * bytes; none of the user's file system reaches the module.  Owner and
	 * modes of the file and of the directories up to the home directory are
	 * checked as sshd's StrictModes does.  On failure why[why_size] has a
	 * sentence.  The descriptor is the caller's to close.
	 */
	int (*open_user_file)(struct sallyport_login *login, const char *path,
	    size_t max, int *fd, char *why, size_t why_size);

	/* The same for a file of the administrator: root's all the way. */
	int (*open_file)(struct sallyport_login *login, const char *path,
	    size_t max, int *fd, char *why, size_t why_size);

	/*
	 * Run a program, which must be root's and writable by no one else:
	 * no shell, no descriptors but /dev/null and a pipe, a process group
	 * of its own.  0, its output (allocated: free()) and its exit status
	 * (0 to 255, or 256 + signal).
	 */
	int (*run)(struct sallyport_login *login,
	    const struct sallyport_command *command, char **output, size_t *len,
	    int *status, char *why, size_t why_size);

	/*
	 * A record of the audit beside the host's own.  event: a name of the
	 * catalogue that modules may emit (doc/MODULES.md: keyfile_refused,
	 * keyline_bad, keysource_error, ...; unknown ones become log lines);
	 * subject: the file, source or service it is about; then a sentence.
	 * The key of the attempt is added by the host.
	 */
	void (*audit)(struct sallyport_login *login, const char *event,
	    const char *subject, const char *format, ...)
	    SALLYPORT_FORMAT(4, 5);

	/* From here on, look at size before you call a function.  Does the
	 * policy have this revocation list asked for this login? */
	int (*asks_revoked)(struct sallyport_login *login, const char *path);

	/* Does the rule of this login count keys of this source?  One that it
	 * does not count need not be asked. */
	int (*counts_source)(struct sallyport_login *login, const char *source);

	/*
	 * An event of the module's table: a value for each of its fields, in
	 * their order, NULL where there is none; and a sentence.  0, or
	 * SALLYPORT_NOT_FOUND.
	 */
	int (*event)(struct sallyport_login *login, const char *name,
	    const char *const *values, const char *format, ...)
	    SALLYPORT_FORMAT(4, 5);

	/* The proofs before this one: step number index, from 0, in the order
	 * of their success.  0, or SALLYPORT_NOT_FOUND behind the last. */
	int (*step)(struct sallyport_login *login, size_t index,
	    struct sallyport_step *step);

	/* One more step, as in a chain ("keyboard-interactive:otp"), before
	 * success, if this call says ALLOW; in authenticate() and account().
	 * A step that has been done meets it; nothing takes one away.
	 * SALLYPORT_NOT_FOUND: no module serves it; deny, or the host does. */
	int (*demand)(struct sallyport_login *login, const char *step);

	/* Why, for the user, beside reason(), which is the log's: in
	 * account(), change_password() and open_session().  Clients show it
	 * when the connection ends by this verdict. */
	int (*tell_user)(struct sallyport_login *login, const char *format, ...)
	    SALLYPORT_FORMAT(2, 3);

	/* A group more for the user's programs; in open_session().
	 * SALLYPORT_NOT_FOUND: there is none; SALLYPORT_REFUSED: root's. */
	int (*add_group)(struct sallyport_login *login, const char *name);

	/*
	 * A small file of the module's own, for what must outlive the
	 * connection; by any name of up to 100 bytes, up to 1 MiB.  Read: the
	 * bytes, with a NUL behind them that does not count (allocated:
	 * free()), or SALLYPORT_NOT_FOUND.  Write: replaced as a whole, on the
	 * disk; data NULL removes it.  From the first of these to the end of
	 * the call, or until the client is asked, other connections wait for
	 * the files of this module; SALLYPORT_TIMEOUT: one did not let go in
	 * five seconds.
	 */
	int (*state_read)(struct sallyport_login *login, const char *name,
	    void **data, size_t *len);
	int (*state_write)(struct sallyport_login *login, const char *name,
	    const void *data, size_t len);
	const struct sallyport_tickets *tickets; /* sallyport_ticket.h */

	/* The files that match a pattern of glob(7), for open_user_file():
	 * looked for as it does; sorted, a NUL behind each (allocated:
	 * free()). */
	int (*match_user_files)(struct sallyport_login *login,
	    const char *pattern, char **names, size_t *len, char *why,
	    size_t why_size);
	/* The module's helper process: sallyport_helper.h. */
	int (*ask_helper)(struct sallyport_login *login, const void *request,
	    size_t len, void *reply, size_t max, size_t *reply_len,
	    uint32_t deadline);
};

/* ---- the module -------------------------------------------------------- */

/*
 * change_password() has the old password proven by itself, whatever has been
 * proven before.  Without the flag the host calls it only in a connection in
 * which authenticate() of this module did a step of the chain: a key alone
 * must not be enough to set a password.
 */
#define SALLYPORT_PROVES_OLD_PASSWORD 1u

/*
 * A function that is NULL is "not my business".  state is what load() gave,
 * connection what begin() gave; both may be NULL.
 */
struct sallyport_module {
	uint32_t abi; /* SALLYPORT_MODULE_ABI */
	uint32_t size; /* sizeof(struct sallyport_module) */
	const char *name; /* as in chains; letters, digits, - and _ */
	const char *version; /* for the log */
	const char *const *methods; /* that authenticate() serves; NULL ended */
	const struct sallyport_option *options; /* NULL: takes none */

	/*
	 * Once, when the server starts or reloads.  0, or anything else after
	 * at least one problem().  Afterwards the process must be as it was:
	 * threads, children, descriptors, signals, umask, limits, directory,
	 * environment, ids; else the start is refused.  May also run in
	 * `sallyportd -t` and `sallyportctl check`.
	 */
	int (*load)(const struct sallyport_host *host,
	    const struct sallyport_setting *settings, size_t count,
	    void **state);
	/* The end of the template, of a test, of `sallyportctl explain`. */
	void (*unload)(void *state);

	/* A connection asks for this module the first time / ends. */
	void *(*begin)(void *state, struct sallyport_login *login);
	void (*end)(void *connection);

	/* Answer one authentication request. */
	enum sallyport_verdict (*authenticate)(
	    void *connection, struct sallyport_login *login);

	/*
	 * May this account log in now: asked once of every module that has
	 * it, after the last method whatever that was, before success is
	 * sent.  All must say ALLOW or IGNORE.  EXPIRED: change_password() is
	 * called in a moment when the client can be asked, then account()
	 * again.
	 */
	enum sallyport_verdict (*account)(
	    void *connection, struct sallyport_login *login);
	enum sallyport_verdict (*change_password)(
	    void *connection, struct sallyport_login *login);

	/*
	 * Before the first program, forward or subsystem of the user, and
	 * when all is over, also when the client is lost.  close_session is
	 * called once open_session has been (or would have been, if that is
	 * NULL), whatever it said.  The user's programs inherit what
	 * open_session does to the process (limits, namespaces, ...).  Text
	 * for the user: host->tell_user(), or the reason() of a denial.
	 */
	enum sallyport_verdict (*open_session)(
	    void *connection, struct sallyport_login *login);
	void (*close_session)(void *connection, struct sallyport_login *login);

	/* Lines for `sallyportctl explain`. */
	void (*describe)(
	    void *state, void (*print)(void *to, const char *line), void *to);

	uint64_t flags; /* SALLYPORT_PROVES_OLD_PASSWORD; 0 in older modules */
	const struct sallyport_event *events; /* for host->event(); or NULL */

	/*
	 * Sizes of the elements of arrays, so that these can grow, too; 0: as
	 * in the first release.  SALLYPORT_SIZES sets them.
	 */
	uint16_t option_size, setting_size, prompt_size, event_size;
	/* In a process of its own, never root's: sallyport_helper.h. */
	int (*helper)(struct sallyport_helper *helper);
};

/*
 * How a module is exported:
 *
 *	SALLYPORT_MODULE = {
 *		SALLYPORT_SIZES,
 *		.name = "example",
 *		...
 *	};
 */
#define SALLYPORT_SIZES                                                       \
	.abi = SALLYPORT_MODULE_ABI, .size = sizeof(struct sallyport_module), \
	.option_size = sizeof(struct sallyport_option),                       \
	.setting_size = sizeof(struct sallyport_setting),                     \
	.prompt_size = sizeof(struct sallyport_prompt),                       \
	.event_size = sizeof(struct sallyport_event)

#define SALLYPORT_MODULE                                                 \
	__attribute__((                                                  \
	    visibility("default"))) extern const struct sallyport_module \
	    sallyport_module;                                            \
	const struct sallyport_module sallyport_module

#endif
