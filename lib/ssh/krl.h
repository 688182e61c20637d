/*
 * Revocation lists: OpenSSH's KRLs (PROTOCOL.krl) and plain lists of public
 * keys, one a line.
 */
#ifndef LIB_SSH_KRL_H
#define LIB_SSH_KRL_H

#include "lib/ssh/key.h"

#define KRL_FILE_MAX (64 * 1024 * 1024)

struct krl;

/*
 * A list from the contents of a file; which of the two kinds is seen from its
 * first bytes.  0 and *krl; any doubt is an error (E_FORMAT, E_UNSUPPORTED for
 * an unknown critical extension or a signed KRL, ...), and the caller then
 * refuses all keys.  line, if not NULL, gets the number of the first bad line
 * of a key list, 0 otherwise.
 */
int krl_parse(const void *file, size_t len, struct krl **krl, unsigned *line);

/* NULL is harmless. */
void krl_free(struct krl *krl);

/*
 * 0 when the list does not revoke the key (as a key, as a certificate, or by
 * its CA); E_REVOKED.
 */
int krl_check(const struct krl *krl, const struct key *key);

/* The header of the list; 0 and "" for plain key lists. */
uint64_t krl_number(const struct krl *krl);
uint64_t krl_generated(const struct krl *krl); /* seconds since 1970 */
const char *krl_comment(const struct krl *krl);

/* For the audit: how many keys, certificates and ranges it names. */
size_t krl_entries(const struct krl *krl);

#endif
