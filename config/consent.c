/*
 * The text that a login must agree to, from the bytes of a file of root's.
 * It goes to a terminal: what could move a cursor there is no part of it.
 */
#include "config/consent.h"

#include "config/check_file.h"
#include "lib/buf.h"
#include "lib/escape.h"
#include "lib/mem.h"
#include "lib/safefile.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* One character of data to out: its bytes there; *used are those of data. */
static size_t
put_character(char *out, const char *data, size_t len, size_t *used)
{
	size_t n = escape_printable(data, len);

	*used = 1;
	if (n > 0) {
		memcpy(out, data, n);
		*used = n;
		return n;
	}
	if (data[0] == '\r' && len > 1 && data[1] == '\n')
		return 0;
	*out = data[0] == '\n' || data[0] == '\t' ? data[0] : '?';
	return 1;
}

static bool
shows_nothing(const char *text)
{
	return text[strspn(text, " \t\n")] == '\0';
}

const char *
consent_text(const void *data, size_t len, char **text)
{
	const char *at = data;
	size_t mark = safefile_mark(data, len), used, written = 0;
	char *clean;

	*text = NULL;
	if (len > CONSENT_FILE_MAX)
		return "it is too large";
	if (len > 0 && memchr(data, '\0', len) != NULL)
		return "there is a zero byte in it";
	clean = mem_zalloc(len + 1);
	for (size_t i = mark; i < len; i += used)
		written +=
		    put_character(&clean[written], &at[i], len - i, &used);
	while (written > 0 && clean[written - 1] == '\n')
		clean[--written] = '\0';
	if (shows_nothing(clean)) {
		free(clean);
		return "there is no text in it";
	}
	*text = clean;
	return NULL;
}

bool
consent_agrees(const char *answer)
{
	static const char blanks[] = " \t\r\n";
	size_t len;

	answer += strspn(answer, blanks);
	len = strcspn(answer, blanks);
	return len == 3 && strncasecmp(answer, "yes", 3) == 0 &&
	    answer[len + strspn(&answer[len], blanks)] == '\0';
}

const char *
consent_check_file(const char *path, char *why)
{
	struct safefile_rules rules = {.owner = geteuid(),
	    .flags = SAFEFILE_FOLLOW,
	    .max = CONSENT_FILE_MAX};
	const char *fault = NULL;
	struct buf contents;
	char *text;

	if (!check_safe_file(path, 0, why))
		return why;
	buf_init(&contents, CONSENT_FILE_MAX);
	if (safefile_read(path, &rules, &contents, why) != 0)
		fault = why;
	else
		fault = consent_text(contents.data, contents.len, &text);
	if (fault == NULL)
		free(text);
	buf_free(&contents);
	return fault;
}
