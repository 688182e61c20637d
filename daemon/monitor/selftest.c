/*
 * The monitor's part of a self-test: whether its key counts, and the report.
 * Nothing here decides a login; the module publickey finds the key behind all
 * its sources and verifies the signature as of any other.
 */
#include "daemon/monitor/selftest.h"

#include "daemon/monitor/auth.h"
#include "lib/buf.h"
#include "lib/escape.h"
#include "lib/loop.h"
#include "lib/mem.h"

#include <sys/socket.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WORD_MAX 1024 /* of a name, or of what more there is */

struct selftest {
	int report;
	char user[SSH_USER_MAX + 1];
	uint8_t key[WALL_SELFTEST_KEY_MAX];
	size_t key_len;
	uint64_t until; /* ms */
	uint64_t call_began; /* microseconds */
};

void
selftest_begin(struct monitor *m, const struct msg_serve *serve, int report)
{
	struct selftest *t = mem_zalloc(sizeof(*t));

	t->report = report;
	snprintf(t->user, sizeof(t->user), "%s", serve->selftest_user);
	memcpy(t->key, serve->selftest_key.data, serve->selftest_key.len);
	t->key_len = serve->selftest_key.len;
	t->until = serve->selftest_until;
	m->selftest = t;
}

int
selftest_fd(const struct monitor *m)
{
	return m->selftest == NULL ? -1 : m->selftest->report;
}

struct bytes
selftest_key(struct monitor *m)
{
	const struct bytes none = {NULL, 0};
	const struct selftest *t = m->selftest;

	if (t == NULL || !m->user_frozen || strcmp(t->user, m->user) != 0)
		return none;
	if (loop_clock() >= t->until) {
		selftest_tell(m, "untried", "expired",
		    "the self-test's key is valid no more", 0);
		return none;
	}
	if (!policy_counts_source(m->auth->decision, SELFTEST_SOURCE)) {
		selftest_tell(m, "untried", "key_sources",
		    "the rule counts keys of some sources alone, and a "
		    "self-test's is of none of them",
		    0);
		return none;
	}
	return (struct bytes){t->key, t->key_len};
}

static void
put_word(struct buf *b, const char *name, const char *value)
{
	char word[4 * WORD_MAX];
	size_t len;

	len = escape_text(
	    word, sizeof(word), value, ESCAPE_BACKSLASH | ESCAPE_SPACE);
	buf_bytes(b, name, strlen(name));
	buf_bytes(b, word, len);
}

void
selftest_tell(struct monitor *m, const char *step, const char *name,
    const char *detail, uint64_t us)
{
	char text[32];
	struct buf b;

	if (m->selftest == NULL)
		return;
	buf_init(&b, 3 * 4 * WORD_MAX);
	put_word(&b, "step=", step);
	put_word(&b, " name=", name == NULL ? "" : name);
	put_word(&b, " detail=", detail == NULL ? "" : detail);
	snprintf(text, sizeof(text), " us:%" PRIu64 "\n", us);
	buf_bytes(&b, text, strlen(text));
	/* sallyportctl reads as it comes; one that does not loses the rest. */
	if (buf_end(&b) == 0)
		(void)send(m->selftest->report, b.data, b.len,
		    MSG_DONTWAIT | MSG_NOSIGNAL);
	buf_free(&b);
}

/* Microseconds: a call may be too short for the loop's clock. */
static uint64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

void
selftest_call(struct monitor *m)
{
	if (m->selftest != NULL)
		m->selftest->call_began = now_us();
}

void
selftest_call_done(struct monitor *m)
{
	uint64_t us;

	if (m->selftest == NULL || m->slot->call == CALL_NONE)
		return;
	us = now_us() - m->selftest->call_began;
	selftest_tell(m, "call", slot_call_text(m->slot->call), m->slot->detail,
	    us == 0 ? 1 : us);
}

void
selftest_environment(struct monitor *m, char *const *list)
{
	for (; m->selftest != NULL && *list != NULL; list++) {
		char *name = mem_strndup(*list, strcspn(*list, "="));

		selftest_tell(m, "variable", name, NULL, 0);
		free(name);
	}
}

void
selftest_replace(struct monitor *m, struct policy_start *start)
{
	if (m->selftest == NULL)
		return;
	selftest_tell(m, "started",
	    start->program == PROGRAM_SFTP	? "sftp" :
		start->program == PROGRAM_SHELL ? "shell" :
						  "command",
	    start->forced ? start->command : NULL, 0);
	start->program = PROGRAM_COMMAND;
	start->command = "(report of a self-test)";
	start->forced = true;
}
