/*
 * Logins with keys, for the cases of publickey.so: a user whom nobody else
 * sees, in a mount namespace of its own, over its own /etc/passwd.
 */
#ifndef TESTS_UNIT_MODULES_KEY_LOGIN_H
#define TESTS_UNIT_MODULES_KEY_LOGIN_H

#include "tests/unit/modules/fake.h"

#include "lib/buf.h"
#include "lib/ssh/key.h"
#include "lib/ssh/key_private.h"

#define USER	"spt_modules_key"
#define USER_ID 64117

extern struct fake f;
extern char work[128], home[160]; /* a directory for files; the user's */
extern struct key_private *mine; /* the user's key */

/* A command of the shell that must succeed. */
void sh(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* set_up(), files, then start() with the module's options; at last end(). */
void set_up(void);
void start(const char *options, const char *methods);
void end(void);

/* The public half as authorized_keys has it; the caller frees it. */
char *line_of(const struct key_private *key, const char *options);
void write_file(const char *path, const char *text, uid_t owner);
/* Our key alone in authorized_keys. */
void authorize(const char *options);

/* Key and signature of a request; tampered: of another session. */
struct blob {
	struct buf key, signature;
};
void sign(struct blob *b, const struct key_private *key, const char *algorithm,
    const uint8_t *blob, size_t blob_len, const struct buf *host_key,
    bool tampered);
void free_blob(struct blob *b);

/* A whole attempt with a key; true when it was right. */
bool try_key(const struct key_private *key, bool tampered);
/* Would this key do? */
enum wall_type query_key(const struct key_private *key);

#endif
