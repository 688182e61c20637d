/*
 * The publickey module's own: what its files share.
 */
#ifndef MODULES_PUBLICKEY_PUBLICKEY_H
#define MODULES_PUBLICKEY_PUBLICKEY_H

#include "lib/ssh/authorized_keys.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/key.h"
#include "lib/ssh/key_alg.h"
#include "lib/ssh/krl.h"
#include "modules/sallyport_module.h"

#include <stdbool.h>
#include <sys/stat.h>

#define SOURCES_MAX	   1024
#define WORDS_MAX	   32 /* of a command */
#define PATHS_MAX	   16
#define KEY_FILE_BYTES_MAX (4 * 1024 * 1024)
#define REASON_MAX	   512
#define FAULTS_MAX	   16 /* told of one request */

/* A program that prints lines. */
struct program {
	char *words[WORDS_MAX + 1]; /* with tokens; words[0] is the path */
	size_t count;
	char *user;
	uint32_t uid, gid;
	uint32_t deadline; /* milliseconds */
	uint32_t output_max; /* bytes */
	uint32_t cache; /* seconds, 0: ask each time */
};

/* One key source, of which the order counts. */
struct source {
	char *name;
	char *files[PATHS_MAX]; /* patterns */
	size_t file_count;
	struct program program; /* count 0: none; asked behind the files */
	/* With keys of CAs it is an authority, and its files or program say
	 * whom it may name; none: the user alone. */
	char *ca_files[PATHS_MAX];
	size_t ca_count;
	char *patterns[PATHS_MAX]; /* principals themselves, with tokens */
	size_t pattern_count;
	bool refuse_on_error;
	bool names; /* lists principals, for every authority; no keys */
};

struct revocation {
	char *path;
	struct krl *krl; /* as last read; NULL: could not be */
	struct stat seen;
	char why[REASON_MAX];
};

struct state {
	struct source *sources;
	size_t source_count;
	char *ca_files[PATHS_MAX];
	size_t ca_count;
	struct source principals; /* files, command of the central CAs */
	bool has_principals;
	uint64_t max_lifetime;
	struct revocation revoked[PATHS_MAX];
	size_t revoked_count;
	uint32_t revoked_max_age; /* seconds, 0: any */
	struct cache *cache; /* shared by all connections */
};

/*
 * Why a key is refused, in the order of the questions: of several candidates
 * the one that came nearest to acceptance gives the reason.
 */
enum refusal {
	REFUSAL_NONE,
	REFUSAL_UNKNOWN, /* no source has the key, or the CA */
	REFUSAL_UNREADABLE, /* and one could not be read */
	REFUSAL_POLICY, /* found; the rule wants another kind of key */
	REFUSAL_CERT, /* its CA is trusted, the certificate is not good */
	REFUSAL_PRINCIPAL, /* good, and for somebody else */
	REFUSAL_OPTIONS, /* the line or the certificate: not now, not here */
	REFUSAL_PROOF, /* all of it fits, but the signature */
	REFUSAL_REVOKED /* nothing else counts */
};

/* One request. */
struct request {
	struct state *state;
	struct sallyport_login *login;
	struct key *key;
	const struct cert *cert; /* NULL: a plain key */
	const struct key_alg *alg;
	char fingerprint[KEY_FINGERPRINT_SIZE];
	char ca_fingerprint[KEY_FINGERPRINT_SIZE];
	/* what was found */
	struct key_options options;
	char source[64];
	char place[512];
	bool refused; /* nothing further is to be looked at */
	unsigned faults; /* told: see pk_may_tell() */
	enum refusal refusal;
	char why[REASON_MAX]; /* of that refusal */
	char as_sshd[REASON_MAX]; /* the sentence of its log; "": none */
};

extern const struct sallyport_host *pk_host;

/* refusal.c: the one way to say why; the nearest to acceptance stays. */
void pk_refuse(struct request *r, enum refusal refusal, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same, with the sentence that sshd logs as an error. */
void pk_refuse_as(struct request *r, enum refusal refusal, const char *as_sshd,
    const char *why);
/*
 * Ask before each record of a fault in what a user can write: a file has room
 * for a million of them, and journald drops what a service writes too fast.
 * False once FAULTS_MAX were told, and that there are more.
 */
bool pk_may_tell(struct request *r, const char *place);
/* pk_tell_key() for a candidate, whose refusal is a reason. */
bool pk_candidate(struct request *r);

/* settings.c: load()'s work. */
int pk_settings(
    struct state *s, const struct sallyport_setting *settings, size_t count);
void pk_settings_free(struct state *s);
extern const struct sallyport_option pk_options[];

/* Does it stand for several files (glob(7))? */
bool pk_is_glob(const char *pattern);
/* expand.c: %-tokens, which stand in a pattern for themselves; NULL (and a log
 * line) when it cannot be done. */
char *pk_expand(const struct request *r, const char *pattern, bool command);

/* source.c */
/* Called for each line; true ends the walk: found. */
typedef bool line_fn(struct request *r, const char *line, size_t len,
    const char *place, unsigned number);
/* Walk the lines of a source.  *failed: it could not be read as it should. */
bool pk_source_walk(
    struct request *r, const struct source *source, line_fn *fn, bool *failed);
/* Split text into lines and call fn for each. */
bool pk_lines(struct request *r, const char *text, size_t len,
    const char *place, line_fn *fn);

/* cache.c: outputs of commands, by their expanded words. */
struct cache *cache_create(void);
void cache_free(struct cache *c);
/* A copy (to be freed), or NULL. */
char *cache_get(struct cache *c, const char *key, uint64_t now, size_t *len);
void cache_put(struct cache *c, const char *key, const char *text, size_t len,
    uint64_t until);

/* keys.c: does a source have this key, or the CA of this certificate? */
bool pk_find(struct request *r);
/* certs.c: by the configured CA files; by those of one source. */
bool pk_find_ca(struct request *r);
bool pk_find_authority(struct request *r, const struct source *source);
/* Is the certificate good, for whomever; does it name one of these? */
bool pk_judge_cert(struct request *r);
bool pk_cert_names(struct request *r, const char *const *names, size_t count);

/* accept.c: what a line's options say about now and here. */
bool pk_accept_options(
    struct request *r, const struct key_options *options, const char *place);
/* Tell the host the restrictions. */
bool pk_restrict(struct request *r);
/* Say what the line and the certificate ask besides, for explain. */
void pk_describe(struct request *r);
/* Tell the host about the key; false when policy refuses it. */
bool pk_tell_key(struct request *r, bool proven, bool touched, bool verified);

/* revoked.c */
void pk_revoked_read(struct revocation *v);
/* True: the key must not be used, and why has been told. */
bool pk_is_revoked(struct request *r);

#endif
