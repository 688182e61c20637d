/*
 * Status slots: shared memory in which each monitor says which blocking call
 * it is in and until when, and what the dead cannot say any more (the login
 * record to close).  Monitors write their own slot, the master reads, and
 * leaves there what its own successor would have to know (worker), and what
 * the user is to be told.
 */
#ifndef PRIVSEP_SLOT_H
#define PRIVSEP_SLOT_H

#include "lib/audit_chain.h"
#include "privsep/accounts.h"
#include "privsep/leftovers.h"

#include <stdbool.h>
#include <stdint.h>

/* The named calls that may block; each has a deadline in the configuration. */
#define SLOT_CALLS(CALL)                                        \
	CALL(NONE, "none")                                      \
	CALL(NSS, "name service look-up")                       \
	CALL(MODULE, "module")                                  \
	CALL(PAM_AUTHENTICATE, "pam_authenticate")              \
	CALL(PAM_ACCOUNT, "pam_acct_mgmt")                      \
	CALL(PAM_CHAUTHTOK, "pam_chauthtok")                    \
	CALL(PAM_SETCRED, "pam_setcred")                        \
	CALL(PAM_OPEN_SESSION, "pam_open_session")              \
	CALL(PAM_CLOSE_SESSION, "pam_close_session")            \
	CALL(PAM_START, "pam_start")                            \
	CALL(PAM_END, "pam_end")                                \
	CALL(KEY_SOURCE, "key source")                          \
	CALL(KEYHOLDER, "keyholder")                            \
	CALL(SESSION, "session process")                        \
	CALL(CLOSING, "closing")                                \
	CALL(FILES, "file look-up")                             \
	CALL(MODULE_BEGIN, "module call begin()")               \
	CALL(MODULE_AUTHENTICATE, "module call authenticate()") \
	CALL(MODULE_ACCOUNT, "module call account()")           \
	CALL(MODULE_CHANGE, "module call change_password()")    \
	CALL(MODULE_OPEN, "module call open_session()")         \
	CALL(MODULE_CLOSE, "module call close_session()")       \
	CALL(MODULE_END, "module call end()")                   \
	CALL(TICKETHOLDER, "ticketholder")
#define SLOT_CALL_ENUM(name, text) CALL_##name,
enum slot_call { SLOT_CALLS(SLOT_CALL_ENUM) SLOT_CALL_COUNT };
#undef SLOT_CALL_ENUM

/* The text of a call. */
const char *slot_call_text(uint32_t call);

/* Is it one of PAM's own? */
bool slot_call_is_pam(uint32_t call);

/* The module that such a call is in, by its detail; NULL: in none. */
const char *slot_call_module(uint32_t call, const char *detail);

/* Operations whose times are kept in histograms that the master adds up. */
#define SLOT_TIMES(TIME)               \
	TIME(KEX, "kex")               \
	TIME(PAM, "pam")               \
	TIME(KEY_SOURCE, "key_source") \
	TIME(NSS, "name_service")      \
	TIME(SESSION, "session_open")
#define SLOT_TIME_ENUM(name, text) TIME_##name,
enum slot_time { SLOT_TIMES(SLOT_TIME_ENUM) SLOT_TIME_COUNT };
#undef SLOT_TIME_ENUM
#define SLOT_BUCKETS 14
extern const uint32_t slot_bounds[SLOT_BUCKETS]; /* milliseconds */

struct slot_times {
	uint64_t sum; /* milliseconds */
	uint64_t buckets[SLOT_BUCKETS + 1]; /* up to each bound; longer */
};

/* Proofs by method and outcome; what clients name besides is "other". */
#define SLOT_METHODS(METHOD)                     \
	METHOD(PUBLICKEY, "publickey")           \
	METHOD(PASSWORD, "password")             \
	METHOD(KEYBOARD, "keyboard-interactive") \
	METHOD(HOSTBASED, "hostbased")           \
	METHOD(OTHER, "other")
#define SLOT_METHOD_ENUM(name, text) SLOT_METHOD_##name,
enum slot_method { SLOT_METHODS(SLOT_METHOD_ENUM) SLOT_METHOD_COUNT };
#undef SLOT_METHOD_ENUM
enum slot_outcome {
	OUTCOME_FAILED,
	OUTCOME_PARTIAL,
	OUTCOME_ACCEPTED,
	OUTCOME_COUNT
};

/* Counts of a connection; numbers alone, so that they can be added. */
struct slot_counts {
	struct slot_times times[SLOT_TIME_COUNT];
	uint64_t proofs[SLOT_METHOD_COUNT][OUTCOME_COUNT];
	uint64_t log_lost;
};

#define SLOT_MESSAGE_MAX 500

/* Why open connections are judged anew. */
#define SLOT_RECHECKS(CAUSE)                         \
	CAUSE(RELOAD, "a reload")                    \
	CAUSE(FILES, "a changed list")               \
	CAUSE(INTERVAL, "recheck_interval")          \
	CAUSE(ADMINISTRATOR, "sallyportctl recheck") \
	CAUSE(END, "the end of a grant")
#define SLOT_RECHECK_ENUM(name, text) RECHECK_##name,
enum slot_recheck { SLOT_RECHECKS(SLOT_RECHECK_ENUM) RECHECK_COUNT };
#undef SLOT_RECHECK_ENUM
const char *slot_recheck_text(uint32_t cause);

/*
 * One connection.  Fields are written in place by one process and read by
 * another at any time, so the reader copies, terminates and bounds them.
 */
struct slot {
	uint64_t connection; /* 0: free */
	uint64_t deadline; /* CLOCK_MONOTONIC ms of the call, 0 none */
	uint32_t call; /* enum slot_call */
	uint32_t state; /* enum monitor_state */
	uint64_t since; /* wall clock seconds of the login, 0 before */
	uint64_t bytes_in, bytes_out;
	uint32_t channels, idle, rekeys, uid;
	uint32_t asking; /* 1 while the client is thinking */
	uint32_t utmp_pid; /* pid of an open login record, 0 none */
	uint32_t worker; /* its pid; the master alone writes it, 0 */
	uint32_t ended; /* the monitor's exit code + 1, 0 while it lives */
	char detail[64]; /* of the call: a module's or service's name */
	char line[32]; /* tty of the login record, "pts/3" */
	char user[64];
	char source[64];
	char rule[64];
	char method[64];
	char key[80]; /* fingerprint */
	char principal[128]; /* Kerberos */
	uint64_t
	    log_untold; /* records that syslog or the journal did not take */
	struct slot_counts counts;
	struct audit_heads heads; /* of its records */
	/* For the user's terminals; the master writes it when the last has been
	 * taken, counts up, and sends the monitor SIGUSR1. */
	char message[SLOT_MESSAGE_MAX + 1];
	uint32_t message_number, message_taken;
	/* Open connections are judged anew in rounds.  The master writes the
	 * first three, the number last, and sends SIGUSR1; the monitor the
	 * others.  at: wall clock seconds, when it wants to be judged, 0. */
	uint32_t recheck_generation, recheck_cause;
	uint32_t recheck_number;
	uint32_t recheck_done, recheck_verdict; /* enum judge_verdict */
	uint64_t recheck_at;
};

#define SLOTS_MAX 16384

/*
 * Slots for a generation in a memfd: create maps them and returns the
 * descriptor for the template; attach maps them there.  0 or E_SYSTEM.
 */
int slots_create(struct slot **slots, int *fd);
int slots_attach(int fd, struct slot **slots);
/* The table of children that cannot be ended, behind the slots. */
struct leftover *slots_leftovers(struct slot *slots);
/* Behind that, what is counted for accounts. */
struct accounts *slots_accounts(struct slot *slots);
/* Unmap; NULL is harmless. */
void slots_release(struct slot *slots);

/* A monitor counts in its slot (NULL: nobody counts). */
void slot_took(struct slot *slot, enum slot_time what, uint64_t ms);
void slot_proof(
    struct slot *slot, const char *method, enum slot_outcome outcome);

/* The master adds them up. */
void slot_counts_add(struct slot_counts *total, const struct slot_counts *more);
const char *slot_time_text(enum slot_time what);
const char *slot_method_text(enum slot_method method);

#endif
