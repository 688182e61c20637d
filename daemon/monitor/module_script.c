/*
 * The script of sallyport-module-test: a line each for what the client asks,
 * what it answers, and what the test expects.
 */
#include "daemon/monitor/module_test.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 34

struct words {
	char *text;
	char *word[WORDS_MAX];
	size_t count;
};

/* Blanks between words; "..." keeps them. */
static void
split(struct words *w, const char *line)
{
	char *at;

	w->text = at = mem_strdup(line);
	w->count = 0;
	for (;;) {
		while (isspace((unsigned char)*at))
			at++;
		if (*at == '\0' || *at == '#' || w->count == WORDS_MAX)
			return;
		if (*at == '"') {
			w->word[w->count++] = ++at;
			at += strcspn(at, "\"");
		} else {
			w->word[w->count++] = at;
			while (*at != '\0' && !isspace((unsigned char)*at))
				at++;
		}
		if (*at != '\0')
			*at++ = '\0';
	}
}

/* The next line with words on it; false: the end. */
static bool
next_line(struct test *t, struct words *w)
{
	char line[65536];

	if (t->kept != NULL) {
		split(w, t->kept);
		free(t->kept);
		t->kept = NULL;
		return true;
	}
	while (fgets(line, sizeof(line), t->script) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		t->line++;
		split(w, line);
		if (w->count > 0) {
			t->kept = mem_strdup(line);
			return true;
		}
		free(w->text);
	}
	return false;
}

static void
fault(struct test *t, const char *what, const char *more)
{
	fprintf(stderr, "line %u: %s%s\n", t->line, what, more);
	t->failed = true;
}

static struct bytes
bytes_of(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

/* ---- answers ---- */

/* The message points into these until the next one. */
static struct words reply;
static struct buf responses;

static void
answer(struct wall_message *x)
{
	buf_free(&responses);
	buf_init(&responses, WALL_ASK_MAX);
	for (size_t i = 1; i < reply.count; i++)
		buf_text(&responses, reply.word[i]);
	x->type = MSG_auth_answers;
	x->auth_answers.count = (uint32_t)reply.count - 1;
	x->auth_answers.responses =
	    (struct bytes){responses.data, responses.len};
}

int
script_reply(struct test *t, enum wall_type type, struct wall_message *x)
{
	const char *verb;

	free(reply.text);
	memset(&reply, 0, sizeof(reply));
	*x = (struct wall_message){.fds = {-1, -1, -1, -1}};
	if (!next_line(t, &reply)) {
		fault(t, "the module asks, and the script has ended", "");
		return E_CLOSED;
	}
	verb = reply.word[0];
	if (type == MSG_auth_answers && strcmp(verb, "answer") == 0) {
		answer(x);
	} else if (type == MSG_auth_password && strcmp(verb, "change") == 0 &&
	    reply.count == 3) {
		x->type = MSG_auth_password;
		x->auth_password.change = true;
		x->auth_password.password = bytes_of(reply.word[1]);
		x->auth_password.new_password = bytes_of(reply.word[2]);
	} else if (type == MSG_auth_packet && strcmp(verb, "packet") == 0 &&
	    reply.count == 3) {
		x->type = MSG_auth_packet;
		x->auth_packet.number = (uint8_t)atoi(reply.word[1]);
		x->auth_packet.payload = bytes_of(reply.word[2]);
	} else if (strcmp(verb, "leave") != 0) {
		fault(t, "the module asks, and this is no answer: ", t->kept);
		return E_CLOSED;
	}
	free(t->kept);
	t->kept = NULL;
	return strcmp(verb, "leave") == 0 ? E_CLOSED : 0;
}

/* ---- requests ---- */

static void
request(struct test *t, const struct words *w)
{
	struct wall_message x = {.fds = {-1, -1, -1, -1}};
	const char *method = w->word[0];
	struct bytes user = bytes_of(t->user);
	struct bytes service = bytes_of("ssh-connection");

	t->outcome = "nothing";
	if (t->m.state != STATE_AUTH) {
		fault(t, "the client can log in no more: ", method);
	} else if (strcmp(method, "none") == 0) {
		x.auth_none.user = user;
		x.auth_none.service = service;
		(void)on_auth_none(&t->m, &x);
	} else if (strcmp(method, "password") == 0) {
		x.auth_password.user = user;
		x.auth_password.service = service;
		x.auth_password.password =
		    bytes_of(w->count > 1 ? w->word[1] : "");
		(void)on_auth_password(&t->m, &x);
	} else if (strcmp(method, "keyboard-interactive") == 0) {
		x.auth_kbdint.user = user;
		x.auth_kbdint.service = service;
		(void)on_auth_kbdint(&t->m, &x);
	} else {
		x.auth_other.user = user;
		x.auth_other.service = service;
		x.auth_other.method = bytes_of(w->count > 1 ? w->word[1] : "");
		x.auth_other.data = bytes_of(w->count > 2 ? w->word[2] : "");
		(void)on_auth_other(&t->m, &x);
	}
}

static void
expect(struct test *t, const struct words *w)
{
	const char *what = w->count > 1 ? w->word[1] : "";

	if (strcmp(what, "text") == 0 && w->count == 3) {
		if (t->shown == NULL || strstr(t->shown, w->word[2]) == NULL)
			fault(t, "the client was not told: ", w->word[2]);
	} else if (t->outcome == NULL || strcmp(t->outcome, what) != 0) {
		fprintf(stderr, "line %u: expected %s, got %s\n", t->line, what,
		    t->outcome == NULL ? "nothing" : t->outcome);
		t->failed = true;
	}
}

static void
run_line(struct test *t, const struct words *w)
{
	static const char *const requests[] = {
	    "none", "password", "keyboard-interactive", "method"};
	const char *verb = w->word[0];

	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		if (strcmp(verb, requests[i]) == 0) {
			request(t, w);
			return;
		}
	if (strcmp(verb, "open") == 0)
		test_open(t, w->count > 1 ? w->word[1] : NULL);
	else if (strcmp(verb, "expect") == 0)
		expect(t, w);
	else
		fault(t, "nobody asks for this: ", verb);
}

void
script_run(struct test *t)
{
	struct words w;

	while (next_line(t, &w)) {
		/* It is this one's, not an answer to it. */
		free(t->kept);
		t->kept = NULL;
		run_line(t, &w);
		free(w.text);
	}
	free(reply.text);
	buf_free(&responses);
}
