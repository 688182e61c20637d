/*
 * Lines of authorized_keys and of principals files (sshd(8), AUTHORIZED_KEYS
 * FILE FORMAT), and the combination of what a line and what a certificate
 * allow.  A line that cannot be parsed grants nothing.
 */
#ifndef LIB_SSH_AUTHORIZED_KEYS_H
#define LIB_SSH_AUTHORIZED_KEYS_H

#include "lib/ssh/key.h"

#define AUTHORIZED_KEYS_LINE_MAX   65536
#define AUTHORIZED_KEYS_LIST_MAX   256 /* permitopen, permitlisten */
#define AUTHORIZED_KEYS_ENV_MAX	   256
#define AUTHORIZED_KEYS_TUNNEL_ANY UINT32_MAX
#define AUTHORIZED_KEYS_FROM_MAX   8 /* lists, after a combination */

/*
 * Permissions of a session.  One table: name of the member, option that allows,
 * option that forbids, extension of a certificate.  `restrict` clears all of
 * them.
 */
#define KEY_GRANT_LIST(G)                                                      \
	G(pty, "pty", "no-pty", "permit-pty")                                  \
	G(port, "port-forwarding", "no-port-forwarding",                       \
	    "permit-port-forwarding")                                          \
	G(agent, "agent-forwarding", "no-agent-forwarding",                    \
	    "permit-agent-forwarding")                                         \
	G(x11, "x11-forwarding", "no-x11-forwarding", "permit-X11-forwarding") \
	G(user_rc, "user-rc", "no-user-rc", "permit-user-rc")                  \
	G(tun, NULL, NULL, NULL) /* only tunnel="n" gives it back */

struct key_options {
#define KEY_GRANT_MEMBER(member, allow, forbid, extension) bool member;
	KEY_GRANT_LIST(KEY_GRANT_MEMBER)
#undef KEY_GRANT_MEMBER
	bool restricted; /* `restrict` was there */
	char *command; /* forced; NULL: none */
	char **from; /* lists of patterns and networks: EACH must allow */
	size_t from_count;
	char **environment; /* NAME=value */
	size_t environment_count;
	uint64_t expires; /* seconds since 1970; 0: never */
	char **permit_open; /* host:port; count 0: no restriction */
	size_t permit_open_count;
	char **permit_listen; /* [host:]port; count 0: no restriction */
	size_t permit_listen_count;
	uint32_t tunnel; /* unit or AUTHORIZED_KEYS_TUNNEL_ANY; only if tun */
	char *principals; /* comma separated; NULL: none given */
	bool cert_authority;
	bool verify_required;
	bool no_touch_required;
};

struct authorized_line {
	struct key *key; /* NULL: a principals file's line */
	struct key_options options;
	char *comment; /* of the key, or "" */
	char *principal; /* of a principals file's line, or NULL */
};

/*
 * One line of authorized_keys, without its newline.  0 and *out filled in;
 * E_NOT_FOUND for a blank line or a comment; else an error and a reason for
 * the log in why[size].  now is not looked at: expiry is the caller's.
 */
int authorized_keys_parse(const char *line, size_t len,
    struct authorized_line *out, char *why, size_t size);

/* The same for a line of a principals file: [options] principal [# comment]. */
int authorized_principals_parse(const char *line, size_t len,
    struct authorized_line *out, char *why, size_t size);

/* Free what is in it; harmless on a zeroed one. */
void authorized_line_free(struct authorized_line *line);
void key_options_free(struct key_options *options);

/* No restriction at all, as of a line with no options. */
void key_options_init(struct key_options *options);

/*
 * The options alone, as they stand before a key: name, name="value", ...
 * 0; else an error and a reason in why[size], and *options is as after
 * key_options_init().
 */
int key_options_parse(const char *text, size_t len, struct key_options *options,
    char *why, size_t size);

/* The permissions by the options and extensions of a certificate. */
struct cert;
void key_options_of_cert(const struct cert *cert, struct key_options *out);

/*
 * Narrow options to what other allows as well.  0; E_DENIED and a reason when
 * the two cannot be combined: two different forced commands, lists of
 * permitopen or permitlisten with nothing in common, too many sources.
 * On failure options are no longer to be used.
 */
int key_options_combine(struct key_options *options,
    const struct key_options *other, char *why, size_t size);

#endif
