/*
 * shosts.equiv and ~/.shosts (hosts.equiv(5), stricter): "[-]host [-]user".
 * Wild cards are ignored, and in every file the user at the client must be
 * called like the user here unless a user's own file names another.
 */
#include "modules/hostbased/hostbased.h"

#include "lib/mem.h"

#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define WORD_MAX 256

/* The next word of a line into word; the rest of the line. */
static const char *
take_word(const char *at, const char *end, char word[WORD_MAX])
{
	size_t n = 0;

	while (at < end && (*at == ' ' || *at == '\t' || *at == '\r'))
		at++;
	while (at < end && *at != ' ' && *at != '\t' && *at != '\r') {
		if (n + 1 < WORD_MAX)
			word[n++] = *at;
		at++;
	}
	word[n] = '\0';
	return at;
}

static bool
host_is(const char *word, const char *name, const char *address)
{
	if (word[0] == '@')
		return innetgr(&word[1], name, NULL, NULL) ||
		    innetgr(&word[1], address, NULL, NULL);
	return strcasecmp(word, name) == 0 || strcmp(word, address) == 0;
}

static bool
user_is(const char *word, const char *user)
{
	if (word[0] == '@')
		return innetgr(&word[1], NULL, user, NULL);
	return strcmp(word, user) == 0;
}

/* "-name" negates, "+name" is "name"; alone they are wild, and ignored. */
static const char *
strip_sign(const char *word, bool *negated)
{
	*negated = word[0] == '-';
	return word[0] == '-' || word[0] == '+' ? &word[1] : word;
}

static enum hb_answer
check_line(const char *line, const char *end, const char *name,
    const char *address, const char *client_user, const char *user)
{
	char words[3][WORD_MAX];
	const char *host, *who;
	const char *comment = memchr(line, '#', (size_t)(end - line));
	bool no_host, no_user = false;

	if (comment != NULL)
		end = comment;
	line = take_word(line, end, words[0]);
	line = take_word(line, end, words[1]);
	(void)take_word(line, end, words[2]);
	if (words[0][0] == '\0' || strcmp(words[0], "NO_PLUS") == 0 ||
	    words[2][0] != '\0')
		return HB_NO_ENTRY;
	host = strip_sign(words[0], &no_host);
	who = words[1][0] == '\0' ? user : strip_sign(words[1], &no_user);
	if (host[0] == '\0' || who[0] == '\0' ||
	    !host_is(host, name, address) || !user_is(who, client_user))
		return HB_NO_ENTRY;
	return no_host || no_user ? HB_REFUSED : HB_EQUIVALENT;
}

enum hb_answer
hb_equiv_check(const char *text, size_t len, const char *name,
    const char *address, const char *client_user, const char *user)
{
	const char *end = &text[len];
	enum hb_answer answer = HB_NO_ENTRY;

	/* The first entry that fits decides. */
	while (text < end && answer == HB_NO_ENTRY) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		if (newline == NULL)
			newline = end;
		answer =
		    check_line(text, newline, name, address, client_user, user);
		text = newline < end ? &newline[1] : end;
	}
	return answer;
}

static enum hb_answer
check_file(const struct hb_request *r, const char *path, bool of_user)
{
	const char *user = hb_host->text(r->login, SALLYPORT_USER);
	const char *client_user =
	    hb_host->text(r->login, SALLYPORT_CLIENT_USER);
	enum hb_answer answer;
	char *text;
	size_t len;

	/* The administrator's file speaks of hosts, not of other users. */
	if (!of_user && strcmp(client_user, user) != 0)
		return HB_NO_ENTRY;
	text = hb_read(r, path, of_user, &len);
	if (text == NULL)
		return HB_NO_ENTRY;
	answer =
	    hb_equiv_check(text, len, r->name, r->address, client_user, user);
	free(text);
	return answer;
}

bool
hb_is_equivalent(const struct hb_request *r)
{
	enum hb_answer answer = HB_NO_ENTRY;

	/* root is nobody's equal by a list for everybody. */
	for (size_t i = 0; i < r->state->equiv_count && answer == HB_NO_ENTRY &&
	     hb_host->number(r->login, SALLYPORT_UID) != 0;
	     i++)
		answer = check_file(r, r->state->equiv[i], false);
	if (answer == HB_NO_ENTRY && r->state->user_files) {
		char *path = mem_printf(
		    "%s/.shosts", hb_host->text(r->login, SALLYPORT_HOME));

		answer = check_file(r, path, true);
		free(path);
	}
	if (answer == HB_EQUIVALENT)
		return true;
	hb_host->reason(r->login,
	    answer == HB_REFUSED ? "%s is refused by name" :
				   "%s is not among the equivalent "
				   "hosts",
	    r->name);
	return false;
}
