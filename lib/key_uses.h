/*
 * A table on disk of the keys and certificate authorities by which users have
 * logged in, and of their use.  Monitors write it, sallyportctl reads it.
 *
 * The file has a fixed size: a header, then sets of places.  An entry lies in
 * the places of one set alone, which the key's fingerprint and the user's name
 * choose, so a login reads and writes a few kilobytes whatever the number of
 * keys.  Each place has a checksum: a crash, or a reader beside a writer, costs
 * at most the place that was being written.  In a full set the entry that was
 * used longest ago is replaced.  Nothing is synchronised to the disk, and no
 * call here waits: a set that another process has locked is E_AGAIN.
 */
#ifndef LIB_KEY_USES_H
#define LIB_KEY_USES_H

#include "lib/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KEY_USES_FILE	  "uses"
#define KEY_USES_DIR	  "/lib/sallyport/keys" /* below the state directory */
#define KEY_USES_PLACE	  1024 /* bytes */
#define KEY_USES_SET	  8 /* places */
#define KEY_USES_SETS	  512
#define KEY_USES_SIZE	  (KEY_USES_PLACE * (1 + KEY_USES_SET * KEY_USES_SETS))
#define KEY_USES_USER_MAX 256

enum key_use_kind { KEY_USE_KEY, KEY_USE_CERT, KEY_USE_AUTHORITY };

/* One key (or authority) of one user. */
struct key_use {
	uint8_t kind; /* enum key_use_kind */
	char type[64]; /* "ssh-ed25519" */
	char fp[64]; /* "SHA256:..." */
	char user[KEY_USES_USER_MAX];
	char source[64]; /* of the module: "user" */
	char place[256]; /* where it stands: "/home/u/.ssh/authorized_keys:3" */
	char from[NET_TEXT_MAX]; /* where the last login came from */
	uint64_t first, last; /* seconds since 1970 */
	uint64_t count;
};

/* A place's bytes.  0, or E_LIMIT: they do not fit. */
int key_use_encode(const struct key_use *use, uint8_t out[KEY_USES_PLACE]);
/* Write magic and checksum: the last step of encoding, and of a fuzzer. */
void key_use_seal(uint8_t place[KEY_USES_PLACE]);
/* 0; E_NOT_FOUND: the place is empty; E_FORMAT: it is damaged. */
int key_use_decode(const uint8_t in[KEY_USES_PLACE], struct key_use *out);

/*
 * Open the table in a directory, making it if it is not there.  *damaged: what
 * was there is no table, and has been renamed to "uses.damaged".  The
 * descriptor, or -1 and errno.
 */
int key_uses_open(int directory, bool *damaged);
/* The same for reading alone: -1 and errno also if it is no table (EBADMSG). */
int key_uses_open_read(int directory);

struct key_uses_change {
	bool evicted; /* an entry has left for this one */
	unsigned damaged; /* places of the set that were no entries */
};

/*
 * One more use: first, last and count of use are those of this login alone.
 * 0, E_AGAIN or E_SYSTEM.
 */
int key_uses_add(
    int fd, const struct key_use *use, struct key_uses_change *change);

/* How many entries have left for newer ones, at least. */
uint64_t key_uses_evicted(int fd);

/* Entry number i of all places: as key_use_decode(), or E_SYSTEM. */
#define KEY_USES_PLACES (KEY_USES_SET * KEY_USES_SETS)
int key_uses_get(int fd, size_t i, struct key_use *out);

#endif
