/*
 * Reads key sources line by line: files, opened as the user by the host, and
 * programs, run by the host.
 */
#include "modules/publickey/publickey.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SLOW_MS 1000

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

bool
pk_lines(struct request *r, const char *text, size_t len, const char *place,
    line_fn *fn)
{
	const char *end = &text[len];
	unsigned number = 0;

	text += safefile_mark(text, len);
	while (text < end && !r->refused) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line = newline == NULL ? (size_t)(end - text) :
						(size_t)(newline - text);

		number++;
		if (line > 0 && text[line - 1] == '\r')
			line--;
		if (line > AUTHORIZED_KEYS_LINE_MAX) {
			if (pk_may_tell(r, place))
				pk_host->audit(r->login, "keyline_bad", place,
				    "line %u is too long", number);
		} else if (line > 0 && fn(r, text, line, place, number)) {
			return true;
		}
		if (newline == NULL)
			break;
		text = &newline[1];
	}
	return false;
}

static void
note_slow(struct request *r, const char *name, uint64_t began)
{
	uint64_t took = now_ms() - began;

	if (took > SLOW_MS)
		pk_host->audit(r->login, "keysource_slow", name, "%llu",
		    (unsigned long long)took);
}

/*
 * Found in this file?  *room: how much it may hold, less what it did.
 * *failed: there is one, and it cannot be used.  *stuck: its file server does
 * not answer.
 */
static bool
walk_file(struct request *r, const struct source *source, const char *path,
    line_fn *fn, size_t *room, bool *failed, bool *stuck)
{
	/* 0 would be no limit; and a file that is empty is none too many. */
	size_t max = *room > 0 ? *room : 1;
	char why[SAFEFILE_WHY_MAX] = "";
	struct buf contents;
	bool found = false;
	int fd = -1, err;

	buf_init(&contents, max);
	pk_host->call_begin(r->login, SALLYPORT_CALL_KEY_SOURCE, source->name);
	err =
	    pk_host->open_user_file(r->login, path, max, &fd, why, sizeof(why));
	if (err == SALLYPORT_OK) {
		err = safefile_read_fd(fd, max, &contents);
		close(fd);
		if (err != 0)
			snprintf(
			    why, sizeof(why), "%s: %s", path, err_text(err));
	}
	pk_host->call_end(r->login);
	if (err == SALLYPORT_TOO_LARGE && max < KEY_FILE_BYTES_MAX)
		snprintf(why, sizeof(why),
		    "%s: too large beside the files before it", path);
	*room -= contents.len < *room ? contents.len : *room;
	if (err == 0) {
		found = pk_lines(
		    r, (const char *)contents.data, contents.len, path, fn);
	} else if (err == SALLYPORT_PERMISSIONS) {
		if (pk_may_tell(r, path))
			pk_host->audit(
			    r->login, "keyfile_refused", path, "%s", why);
		pk_refuse(r, REFUSAL_UNREADABLE, "%s", why);
	} else if (err != SALLYPORT_NOT_FOUND) {
		if (pk_may_tell(r, path))
			pk_host->audit(r->login, "keysource_error",
			    source->name, "%s", why);
		*failed = true;
	}
	*stuck = err == SALLYPORT_TIMEOUT;
	buf_free(&contents);
	return found;
}

/*
 * The files that a pattern stands for, in order, until one does not answer.
 * Together they hold no more than one file may: else thousands of large ones
 * of a user's would cost root a minute for each key that anybody offers.
 */
static bool
walk_glob(struct request *r, const struct source *source, const char *pattern,
    line_fn *fn, bool *failed)
{
	char why[SAFEFILE_WHY_MAX] = "", *names = NULL;
	bool found = false, stuck = false;
	size_t len = 0, room = KEY_FILE_BYTES_MAX;
	int err;

	pk_host->call_begin(r->login, SALLYPORT_CALL_KEY_SOURCE, source->name);
	err = pk_host->match_user_files(
	    r->login, pattern, &names, &len, why, sizeof(why));
	pk_host->call_end(r->login);
	if (err != SALLYPORT_OK) {
		pk_host->audit(r->login, "keysource_error", source->name,
		    "%s: %s", pattern, why);
		*failed = true;
		return false;
	}
	for (size_t at = 0; at < len && !found && !stuck && !r->refused;
	     at += strlen(&names[at]) + 1)
		found =
		    walk_file(r, source, &names[at], fn, &room, failed, &stuck);
	free(names);
	return found;
}

static bool
walk_pattern(struct request *r, const struct source *source,
    const char *pattern, line_fn *fn, bool *failed)
{
	char *path = pk_expand(r, pattern, false);
	size_t room = KEY_FILE_BYTES_MAX;
	bool found, stuck;

	if (path == NULL) {
		*failed = true;
		return false;
	}
	found = pk_is_glob(pattern) ?
	    walk_glob(r, source, path, fn, failed) :
	    walk_file(r, source, path, fn, &room, failed, &stuck);
	free(path);
	return found;
}

static bool
expand_words(
    const struct request *r, const struct program *p, char **words, char **key)
{
	struct buf b;

	buf_init(&b, 1024 * 1024);
	for (size_t i = 0; i < p->count; i++) {
		words[i] = pk_expand(r, p->words[i], true);
		if (words[i] == NULL) {
			buf_free(&b);
			return false;
		}
		buf_bytes(&b, words[i], strlen(words[i]));
		buf_u8(&b, '\n');
	}
	*key = mem_strndup((const char *)b.data, b.len);
	buf_free(&b);
	return true;
}

/* The program's output: from the cache, or by running it.  NULL: failed. */
static char *
run_program(struct request *r, const struct source *source,
    const char *const *words, const char *key, size_t *len)
{
	const struct program *p = &source->program;
	struct sallyport_command command = {.size = sizeof(command),
	    .argv = words,
	    .uid = p->uid,
	    .gid = p->gid,
	    .deadline = p->deadline,
	    .output_max = p->output_max};
	uint64_t now = (uint64_t)time(NULL), began = now_ms();
	char why[REASON_MAX] = "", *output = NULL;
	int status = 0, err;

	if (p->cache > 0 &&
	    (output = cache_get(r->state->cache, key, now, len)) != NULL)
		return output;
	pk_host->call_begin(r->login, SALLYPORT_CALL_KEY_SOURCE, source->name);
	err = pk_host->run(
	    r->login, &command, &output, len, &status, why, sizeof(why));
	pk_host->call_end(r->login);
	note_slow(r, source->name, began);
	if (err == SALLYPORT_OK && status == 0) {
		if (p->cache > 0)
			cache_put(
			    r->state->cache, key, output, *len, now + p->cache);
		return output;
	}
	if (err != SALLYPORT_OK)
		pk_host->audit(r->login, "keysource_error", source->name,
		    "%s: %s", words[0], why);
	else
		pk_host->audit(r->login, "keysource_error", source->name,
		    "%s ended with %s %d", words[0],
		    status >= 256 ? "signal" : "status",
		    status >= 256 ? status - 256 : status);
	free(output);
	return NULL;
}

static bool
walk_program(
    struct request *r, const struct source *source, line_fn *fn, bool *failed)
{
	char *words[WORDS_MAX + 1] = {NULL}, *key = NULL, *output = NULL;
	bool found = false;
	size_t len = 0;

	if (expand_words(r, &source->program, words, &key))
		output = run_program(
		    r, source, (const char *const *)words, key, &len);
	if (output != NULL)
		found = pk_lines(r, output, len, source->name, fn);
	else
		*failed = true;
	for (size_t i = 0; i < source->program.count; i++)
		free(words[i]);
	free(key);
	free(output);
	return found;
}

bool
pk_source_walk(
    struct request *r, const struct source *source, line_fn *fn, bool *failed)
{
	*failed = false;
	for (size_t i = 0; i < source->file_count && !r->refused; i++)
		if (walk_pattern(r, source, source->files[i], fn, failed))
			return true;
	if (source->program.count == 0 || r->refused ||
	    (*failed && source->refuse_on_error))
		return false;
	return walk_program(r, source, fn, failed);
}
