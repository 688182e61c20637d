/*
 * The hostbased module's own: what its files share.
 */
#ifndef MODULES_HOSTBASED_HOSTBASED_H
#define MODULES_HOSTBASED_HOSTBASED_H

#include "lib/ssh/key.h"
#include "modules/sallyport_module.h"

#include <stdbool.h>

#define HB_PATHS_MAX 8
#define HB_NAME_MAX  256
#define HB_FILE_MAX  (16 * 1024 * 1024)

struct hb_state {
	char *known_hosts[HB_PATHS_MAX];
	size_t known_hosts_count;
	char *equiv[HB_PATHS_MAX];
	size_t equiv_count;
	bool user_files; /* ~/.shosts and ~/.ssh/known_hosts */
	bool name_from_packet; /* believe the client's own name */
};

struct hb_request {
	const struct hb_state *state;
	struct sallyport_login *login;
	const struct key *key;
	char name[HB_NAME_MAX]; /* the client's host, in lower case */
	char address[64];
};

extern const struct sallyport_host *hb_host;

/* names.c: the host's name by the configured rule; false: none. */
bool hb_find_name(struct hb_request *r);

/* equiv.c: may that host and user log in as ours without further proof? */
bool hb_is_equivalent(const struct hb_request *r);
/* One file's answer, from its text: zero is "no entry". */
enum hb_answer { HB_NO_ENTRY, HB_REFUSED, HB_EQUIVALENT };
enum hb_answer hb_equiv_check(const char *text, size_t len, const char *name,
    const char *address, const char *client_user, const char *user);

/* known.c: is the key that host's? */
bool hb_is_known(const struct hb_request *r);
/* A file's bytes, opened as the administrator's or the user's; NULL: none. */
char *hb_read(
    const struct hb_request *r, const char *path, bool of_user, size_t *len);

#endif
