/*
 * The decision of the rules and guards over one connection.
 *
 * The monitor asks policy_decide() when the user is known, lets the chains of
 * the decision authenticate, asks policy_guard() before it sends success, and
 * freezes the decision.  explain runs the same functions with a trace.  An
 * unknown fact never grants: the decision refuses and says so.
 */
#ifndef CONFIG_POLICY_H
#define CONFIG_POLICY_H

#include "config/config.h"
#include "lib/refusals.h"

#include <stdio.h>
#include <time.h>

enum fact_state {
	FACT_UNKNOWN, /* could not be learnt: refuses where it is asked */
	FACT_ABSENT, /* there is none: no such user, no key was used */
	FACT_KNOWN
};

struct timed_grant; /* config/policy/timed.h */

struct policy_facts {
	/* FACT_ABSENT: NSS has no such user; user is then what was typed */
	enum fact_state user_state;
	bool user_silent; /* absent, but a source did not answer */
	const char *user; /* as NSS returned it */
	uid_t uid;
	enum fact_state groups_state;
	const char *const *groups;
	size_t group_count;
	struct net_address source; /* NET_NONE: not known (-i, pipes) */
	const char *listener; /* NULL: none (-i) */
	bool listener_unknown; /* it came by one, but which is not known */
	time_t now;
	/* of a test of the policy that does not give them */
	bool uid_unknown; /* uid is (uid_t)-1 then */
	bool now_unknown;

	/* Only after authentication, for guards and requirements: */
	/* the chain as it was walked, in order: "method" or
	 * "method:module" or "method:module/service" */
	const char *const *methods;
	size_t method_count;
	enum fact_state key_state;
	const char *key_type; /* "ssh-ed25519", "...-cert-v01@..." */
	const char *key_algorithm; /* of the signature; NULL: as the type */
	const char *key_fingerprint; /* "SHA256:..." */
	const char *key_source; /* name of the source that had it */
	const char *key_ca; /* CA's "SHA256:..." or NULL */
	const char *key_command; /* its own forced command, or NULL */
	unsigned key_bits;
	bool key_touched; /* sk: user present */
	bool key_verified; /* sk: PIN or biometry */
	/* The same login with the key that signed before; NULL: none did. */
	const struct policy_facts *earlier;
	enum fact_state principal_state;
	const char *principal; /* Kerberos: "user@REALM" */
	bool delegated; /* of a known principal: tickets as well */
	/* Grants for a time (timed.h): unknown, where the directory is. */
	enum fact_state timed_state;
	const struct timed_grant *timed;
	size_t timed_count;
};

enum policy_verdict {
	POLICY_REFUSED, /* zero: whatever was not decided is refused */
	POLICY_GRANTED,
	POLICY_MORE /* policy_guard: walk decision->more, then ask again */
};

struct layer_list {
	const void *list; /* as the grant's type */
	struct origin origin;
};

/* Never changed but by decision_add_layer(), which makes a new array: a copy
 * of a decision may grow apart from it. */
struct layers {
	const struct layer_list *items;
	size_t count;
};

struct decision {
	enum policy_verdict verdict;
	enum refusal reason;
	char why[512]; /* for the log, never for the client */
	const struct rule *rule; /* that decided; the decoy when refused */
	bool decoy; /* rule is the decoy: success is impossible */
	/* By which the rule matches, one of the facts'; NULL: it asks none. */
	const struct timed_grant *timed;
	/* The rule or guard that decided, decoy or not; NULL: no rule did. */
	const struct rule *decider;
	/*
	 * The scalars are final.  The lists in here are those of the rule and
	 * the overlays: ask the policy_may_* functions, which look at every
	 * layer.
	 */
	struct grants grants;
	/* of the lists that add up (TIGHTEN_LAYER): each must allow */
	struct layers layers[GRANT_COUNT];
	struct chains chains; /* what remains after guards */
	struct chain more; /* POLICY_MORE: steps still to walk */
	bool key_commands; /* grants.command came from keys */
	/*
	 * It came from an overlay, and stands in only for what that overlay
	 * itself refuses, which these say: no refusal of the rule, of another
	 * overlay or of a guard is undone.
	 */
	bool overlay_command, own_shell, own_exec, own_subsystems;
	/* the guards that have been applied, by index */
	bool applied[CONFIG_GUARDS_MAX];
	void *arena;
};

/* Does any rule, overlay or guard ask for groups?  If not none need be looked
 * up. */
bool policy_asks_groups(const struct config *config);

/* Empty, refusing.  Give it to decision_free(). */
void decision_init(struct decision *d);
void decision_free(struct decision *d);

/*
 * Before authentication: the first rule that matches, the overlays that match,
 * which fill what it leaves open, and the guards that can be judged without a
 * key or method.  When the verdict is POLICY_REFUSED (unknown user, no rule,
 * refuse) the decision holds the decoy's chains and prompts, to be walked
 * without ever succeeding.
 */
void policy_decide(const struct config *config,
    const struct policy_facts *facts, struct decision *d);

/*
 * After a chain was completed: requirements on the key, root_login, every
 * guard.  May refuse, may ask for more steps; it never grants what
 * policy_decide did not.  Ask once per completed chain.
 */
void policy_guard(const struct config *config, const struct policy_facts *facts,
    struct decision *d);

/*
 * The grants of a rule for these facts, with the overlays and guards that
 * match, whether or not it would let them in: no verdict.  What cannot be
 * judged does not match.
 */
void policy_by_rule(const struct config *config,
    const struct policy_facts *facts, const struct rule *rule,
    struct decision *d);

/* May this key be used at all: asked at a query, before any signature. */
bool policy_may_key(const struct decision *d, const struct policy_facts *facts,
    char *why, size_t why_size);

/*
 * The same, and what the guards that wait for the key already say of it: a
 * key that one of them refuses from this source may be good from another.
 */
bool policy_may_key_here(const struct config *config, const struct decision *d,
    const struct policy_facts *facts, char *why, size_t why_size);

/* May this Kerberos principal enter; and the realm of one. */
bool policy_may_principal(const struct decision *d, const char *principal);
const char *policy_realm(const char *principal);

/* May an authority have signed with this algorithm; does this revocation list
 * count (to one layer it is enough). */
bool policy_may_ca_algorithm(const struct decision *d, const char *name);
bool policy_asks_revoked(const struct decision *d, const char *path);
/* Do keys of this source count?  A decision without a rule says yes: such a
 * login fails, and must look like others. */
bool policy_counts_source(const struct decision *d, const char *source);

/* Time windows: asked at login and again at each session's opening. *ends is
 * the moment the window closes, 0 when it does not; ends may be NULL. */
bool policy_may_now(const struct decision *d, time_t now, time_t *ends);

/*
 * time.c: "@SECONDS" or "2026-11-30 09:00[:00] [Europe/Berlin]"; without a zone
 * the machine's.  false: not understood, or the zone is not known here.
 * Single-threaded, as policy_in_windows().
 */
bool policy_moment(const char *text, time_t *when);

bool policy_may_env(const struct decision *d, const char *name);
/* NAME=value of an authentication module, whoever logs in. */
bool policy_may_module_set(const char *setting);
bool policy_may_subsystem(const struct decision *d, const char *name);
/* The rule's own command for it, "internal" for sftp; NULL: it has none. */
const char *policy_subsystem_command(
    const struct decision *d, const char *name);

/* A client's request to start something. */
enum policy_request { REQUEST_SHELL, REQUEST_EXEC, REQUEST_SUBSYSTEM };

/* The outcome. */
enum policy_program { PROGRAM_SHELL, PROGRAM_COMMAND, PROGRAM_SFTP };
struct policy_start {
	enum policy_program program;
	const char *command; /* for the shell's -c, with PROGRAM_COMMAND */
	const char *original; /* what a forced command replaced, or NULL */
	bool forced;
	const char *refusal; /* NULL: it may start */
	bool final; /* a refusal for which no command may stand in */
};

/*
 * text: the command or the subsystem's name.  *start points into text, the
 * decision and the configuration.
 */
void policy_start(const struct config *config, const struct decision *d,
    enum policy_request request, const char *text, struct policy_start *start);

/* Is it one that lets nobody run a program of his choice (nologin)? */
bool policy_shell_is_none(const char *shell);
/*
 * The internal sftp starts no shell: does this account's stand against it all
 * the same, as it does where sshd starts a program by it?
 */
bool policy_shell_refuses_sftp(const struct decision *d,
    const struct policy_start *start, const char *shell);

/* The sentence for the user whose start was refused. */
const char *policy_start_sentence(
    const struct decision *d, const struct policy_start *start);

/*
 * refuser.c: the grant and the rule, guard or key that refused such a start,
 * for the log: "shell of guard no-shell (policy.conf:12)".
 */
void policy_start_refuser(const struct config *config, const struct decision *d,
    enum policy_request request, const char *text, char *why, size_t size);

/*
 * Restrictions from authorized_keys, certificates and modules: they only
 * tighten.  Origins are copied.  E_DENIED: the login must be refused (d says
 * why).
 */
int decision_tighten_off(struct decision *d, enum grant grant,
    struct origin origin); /* pty, agent, x11, tun, user_rc, forwards... */
/* A forced command of the rule or a guard goes before those of keys; two
 * different ones of keys and certificates are E_DENIED.  Implies nothing. */
int decision_tighten_command(
    struct decision *d, const char *command, struct origin origin);
/* permitopen, permitlisten: "host:port", "[v6]:port", or a port alone.
 * E_FORMAT: not understood, nothing was changed; refuse the key. */
int decision_tighten_targets(struct decision *d, enum grant grant,
    const char *const *texts, size_t count, struct origin origin);

/* Why, rule by rule: a trace of policy_decide and policy_guard. */
enum explain_format {
	EXPLAIN_TEXT,
	EXPLAIN_BRIEF, /* without defaults and what did not come to bear */
	EXPLAIN_WHY, /* brief, without the settings */
	EXPLAIN_JSON,
	EXPLAIN_JSON_OPEN /* the caller adds members and the last brace */
};
void policy_explain(const struct config *config,
    const struct policy_facts *facts, enum explain_format format, FILE *out);

#endif
