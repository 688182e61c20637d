/*
 * A monitor without processes: the real authentication, the real policy and
 * real modules, with a client that follows a script.
 */
#ifndef TESTS_UNIT_MODULES_FAKE_H
#define TESTS_UNIT_MODULES_FAKE_H

#include "daemon/monitor/auth.h"
#include "daemon/monitor/host.h"
#include "lib/audit.h"

#include <check.h>

#define FAKE_MAX 64

/* A message that the monitor sent, copied. */
struct sent {
	enum wall_type type;
	unsigned result; /* auth_verdict */
	char text[512]; /* methods, instruction, banner, prompt */
	unsigned count; /* prompts */
	char prompts[512]; /* texts, one a line, '*' before hidden ones */
	uint8_t number; /* auth_send */
};

/* The client's reaction to a question. */
enum client_does {
	ANSWERS_LATE,
	ANSWERS,
	LEAVES,
	ABANDONS,
	CHANGES,
	SENDS_PACKET
};
struct reply {
	enum client_does does;
	const char *answers[8]; /* NULL ended; CHANGES: old, new */
	int count_lie; /* added to the number of answers */
};

struct fake {
	struct monitor m;
	struct monitor_template t;
	struct offer offer;
	struct slot slot;
	struct config *config;
	struct sent sent[FAKE_MAX];
	size_t sent_count;
	struct reply replies[FAKE_MAX];
	size_t reply_count, replied;
	bool logged_in, disconnected;
	char disconnect_text[256];
	enum slot_call call;
	unsigned calls[SLOT_CALL_COUNT];
	uint8_t answers[4096];
};

/* The configuration in libconfig's syntax; modules must load. */
void fake_start(struct fake *f, const char *config);
void fake_end(struct fake *f);

/* One module, out of fake_modules(): as host_load_one(). */
int fake_load(const struct module_settings *settings,
    const struct pairs *services, struct hosted *h, struct problems *problems);

/* One request of the client; returns the last thing the monitor sent. */
const struct sent *fake_none(struct fake *f, const char *user);
const struct sent *fake_password(
    struct fake *f, const char *user, const char *password);
const struct sent *fake_kbdint(struct fake *f, const char *user);
const struct sent *fake_other(
    struct fake *f, const char *user, const char *method, const char *data);
/* algorithm, key, signature (NULL: a query). */
const struct sent *fake_publickey(struct fake *f, const char *user,
    const char *algorithm, const struct buf *key, const struct buf *signature,
    const struct buf *host_key);
void fake_reply(struct fake *f, enum client_does does, const char *a,
    const char *b, const char *c);
/* How many of a type were sent. */
unsigned fake_count(const struct fake *f, enum wall_type type);

/*
 * A directory of root's with copies of the modules that were built, made by
 * fake_prepare() and removed at the end of the program; a file of the build
 * tree; a copy.
 */
void fake_prepare(void); /* in main(), before any test forks */
const char *fake_modules(void);
const char *fake_built(const char *name);
void fake_copy(const char *from, const char *to);

/* The audit, seen: events since the start and the last one's reason. */
unsigned fake_audit(enum audit_event event);
void fake_audit_reset(void);
/* The method of the last login. */
const char *fake_audit_method(void);

#endif
