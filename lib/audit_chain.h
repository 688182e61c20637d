/*
 * Records that cannot be thinned out.  Each process numbers the records that it
 * writes to an output for machines, and puts into each a hash over the hash of
 * the one before and its own text:
 *
 *	H(0) = SHA-256("sallyport-audit\n" chain "\n")
 *	H(n) = SHA-256(H(n-1), text of record n without its hash)
 *
 * The text begins with "[sallyport@" (RFC 5424) or "{" (JSON), so that a syslog
 * daemon may put in front what it likes; of a record of the journal it is our
 * fields, each NAME=value and a newline, sorted.  A monitor's chain has the
 *name of its connection; the master's has one of its own, and takes up the
 *heads of the others (daemon/master/ledger.c).
 */
#ifndef LIB_AUDIT_CHAIN_H
#define LIB_AUDIT_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct rd;

#define AUDIT_CHAINS                                            \
	2 /* outputs that have one: the log's and the journal's \
	   */
#define AUDIT_HASH	 32
#define AUDIT_HASH_HEX	 65 /* with its NUL */
#define AUDIT_CHAIN_SIZE 17 /* of a name, with its NUL */
#define AUDIT_CHAIN_TEXT "sallyport-audit\n"

/*
 * A checkpoint's statement, which a host key signs (PROTOCOL.sshsig, namespace
 * SSHSIG_CHECKPOINT): chain, number and hash of its record, time, yes for the
 * last of the chain or no.
 */
#define AUDIT_CHECKPOINT_FORM                                                  \
	"sallyport-checkpoint 1\nchain %s\nnumber %llu\nhash %s\nat %s\nlast " \
	"%s\n"

/* One piece of what is hashed. */
struct audit_piece {
	const void *data;
	size_t len;
};
typedef int audit_hash_fn(
    const struct audit_piece *pieces, size_t count, uint8_t hash[AUDIT_HASH]);

/*
 * The hash function, SHA-256 of lib/ssh/digest.h where libcrypto is linked;
 * without one no record is chained.  Then the name of this process's chain, as
 * it begins; NULL: drawn.  A fork of it that writes begins one of its own.
 */
void audit_chain_use(audit_hash_fn *fn);
void audit_chain_begin(const char *name);
const char *audit_chain_name(void);

/* Where a process keeps its heads for another that sees the memory. */
struct audit_heads {
	uint64_t number[AUDIT_CHAINS]; /* 0: nothing was written */
	uint8_t hash[AUDIT_CHAINS][2][AUDIT_HASH]; /* [number & 1] holds */
};
void audit_chain_show(struct audit_heads *where);

/* The last record of an output; false: it has no chain. */
struct audit_link {
	uint64_t number;
	uint8_t hash[AUDIT_HASH];
};
bool audit_chain_head(size_t output, struct audit_link *link);

/* For the next image of this process. */
void audit_chain_save(struct buf *b);
void audit_chain_load(struct rd *r);

/* Lower case, terminated; and back: false if it is none. */
void audit_chain_hex(const uint8_t hash[AUDIT_HASH], char text[AUDIT_HASH_HEX]);
bool audit_chain_unhex(const char *text, size_t len, uint8_t hash[AUDIT_HASH]);

#endif
