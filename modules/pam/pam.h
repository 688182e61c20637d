/*
 * The PAM module's own: what its files share.
 */
#ifndef MODULES_PAM_PAM_H
#define MODULES_PAM_PAM_H

#include "modules/sallyport_module.h"

#include <security/pam_appl.h>

#include <stdbool.h>

#define PAM_HANDLES_MAX	  8 /* services in one connection */
#define PAM_ROUNDS_MAX	  48 /* conversations of one phase */
#define PAM_PRELOADED_MAX 16

/* Made by load(), for all connections. */
struct pam_state {
	char *service; /* account and session of rules that name none */
	char *directory; /* of service files; NULL: the system's */
	bool all_prompts; /* password answers every hidden prompt */
	bool cred_optional;
	/* Kept open so that the stacks' modules stay loaded. */
	pam_handle_t *preloaded[PAM_PRELOADED_MAX];
	size_t preloaded_count;
};

/* The source of answers to a stack's questions. */
enum pam_mode {
	MODE_SILENT, /* nobody: texts to the log */
	MODE_SHOW, /* texts to the client, no questions */
	MODE_PASSWORD, /* the password that was sent */
	MODE_ASK, /* the client, by keyboard-interactive */
	MODE_CHANGE /* the client, by a password change request */
};

struct pam_connection;

struct pam_one {
	pam_handle_t *handle; /* NULL: not started */
	char *service;
	int last; /* status of the last call, for pam_end */
	struct pam_connection *connection;
};

struct pam_connection {
	const struct pam_state *state;
	struct sallyport_login *login;
	struct pam_one handles[PAM_HANDLES_MAX]; /* [0] is the main one */
	size_t count;
	bool authenticated, refused; /* by the main stack */
	bool credentials, session;
	/* of the call that runs */
	enum pam_mode mode;
	bool password_used;
	bool text_since_round; /* an error came: ask for another password */
	unsigned rounds;
	char *old_password, *new_password; /* MODE_CHANGE */
	char *text; /* gathered for the next change request */
};

extern const struct sallyport_host *pam_host;

/* conversation.c */
int pam_converse(int count, const struct pam_message **messages,
    struct pam_response **responses, void *one);
/* Before and after each call into libpam. */
void pam_converse_begin(struct pam_connection *c, enum pam_mode mode);
void pam_converse_end(struct pam_connection *c);

/* phases.c: the functions of the module's table. */
void *pam_phase_begin(void *state, struct sallyport_login *login);
void pam_phase_end(void *connection);
enum sallyport_verdict pam_phase_authenticate(
    void *connection, struct sallyport_login *login);
enum sallyport_verdict pam_phase_account(
    void *connection, struct sallyport_login *login);
enum sallyport_verdict pam_phase_change(
    void *connection, struct sallyport_login *login);
enum sallyport_verdict pam_phase_open(
    void *connection, struct sallyport_login *login);
void pam_phase_close(void *connection, struct sallyport_login *login);

/* handle.c */
struct pam_one *pam_handle_of(struct pam_connection *c, const char *service);
void pam_handle_end(struct pam_one *one);
int pam_start_service(const struct pam_state *state, const char *service,
    const char *user, const struct pam_conv *conversation,
    pam_handle_t **handle);

#endif
