/*
 * The process that holds the machine's Kerberos keys, and alone maps a
 * Kerberos library: the program sallyport-ticketholder.  Here is what its
 * files share.
 */
#ifndef DAEMON_TICKETHOLDER_TICKETHOLDER_H
#define DAEMON_TICKETHOLDER_TICKETHOLDER_H

#include "lib/buf.h"
#include "privsep/wall.h"

#include <krb5.h>

/* The keytab in memory, from which all contexts are accepted. */
#define TICKET_KEYTAB "MEMORY:sallyport"

/*
 * configuration.c: krb5.conf as it is, for every context that libgssapi makes
 * later, where there is no file to read.  Once, as root; 0 or an error, and
 * its text in why.
 */
int configuration_read(char *why, size_t size);

/*
 * keytab.c: copy the keys that count into TICKET_KEYTAB, as root: all, or with
 * strict those of host/ and this machine's name.  0 and *count; or an error,
 * and a sentence in why.
 */
int keytab_read(krb5_context context, const char *path, bool strict,
    uint32_t *count, char *why, size_t size);
/* A descriptor that becomes readable when the file changes; -1: errno. */
int keytab_watch(const char *path);
/* Read it: has the file changed? */
bool keytab_changed(int watch);

/* accept.c: one security context. */
struct accept;

/* Once, behind keytab_read(): credentials to accept with; 0, or why not. */
int accept_prepare(krb5_context context, char *why, size_t size);

struct accept *accept_new(void);
void accept_free(struct accept *a);

/*
 * A token of the client's.  Fills all of *answer; what it points to lives
 * until the next call.
 */
void accept_token(
    struct accept *a, struct bytes token, struct msg_ticket_answer *answer);

/* Is the MIC over the data by the client of a complete context? */
void accept_mic(struct accept *a, struct bytes data, struct bytes mic,
    struct msg_ticket_checked *answer);

/*
 * A MIC of ours over an exchange hash, of a complete context in which the
 * client has asked for a proof of ours (RFC 4462 section 2.1).
 */
void accept_sign(
    struct accept *a, struct bytes hash, struct msg_ticket_signed *answer);

/*
 * The tickets that the client has delegated, which go from the context into
 * *out; they are the caller's to free, behind the last use of *answer.  They
 * are told behind a right MIC of the client's, or with rekey behind
 * accept_sign()'s.
 */
void accept_take(struct accept *a, bool rekey, struct buf *out,
    struct msg_ticket_delegated *answer);

#endif
