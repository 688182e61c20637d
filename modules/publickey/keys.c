/*
 * Lines of authorized_keys against the request's key: the key itself, or with
 * cert-authority the CA of its certificate.  A line that cannot be parsed
 * grants nothing and is logged; the next one counts as if it were not there.
 */
#include "modules/publickey/publickey.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_MAX 256

/* The names in principals="a,b", cut apart in place. */
static size_t
split_names(char *list, const char **names)
{
	size_t count = 0;

	for (char *name = list; name != NULL && count < NAMES_MAX;) {
		char *comma = strchr(name, ',');

		if (comma != NULL)
			*comma++ = '\0';
		if (*name != '\0')
			names[count++] = name;
		name = comma;
	}
	return count;
}

/* A cert-authority line whose key signed our certificate. */
static bool
judge_authority(struct request *r, struct authorized_line *line)
{
	const char *names[NAMES_MAX];
	char *list = NULL;
	size_t count = 1;
	bool good;

	if (!pk_judge_cert(r))
		return false;
	names[0] = pk_host->text(r->login, SALLYPORT_USER);
	if (line->options.principals != NULL) {
		list = mem_strdup(line->options.principals);
		count = split_names(list, names);
	}
	good = pk_cert_names(r, names, count);
	free(list);
	return good;
}

static bool
line_is_for_us(const struct request *r, const struct authorized_line *line)
{
	if (line->options.cert_authority)
		return r->cert != NULL && key_equal(line->key, r->cert->ca);
	return r->cert == NULL && key_equal(line->key, r->key);
}

static bool
take_line(struct request *r, struct authorized_line *line, const char *place)
{
	char why[REASON_MAX] = "";
	struct key_options of_cert;
	bool good;

	if (!pk_accept_options(r, &line->options, place))
		return false;
	if (r->cert == NULL) {
		key_options_free(&r->options);
		r->options = line->options;
		key_options_init(&line->options);
		return true;
	}
	if (!judge_authority(r, line))
		return false;
	key_options_of_cert(r->cert, &of_cert);
	good = key_options_combine(
		   &line->options, &of_cert, why, sizeof(why)) == 0;
	key_options_free(&of_cert);
	if (!good) {
		pk_refuse(r, REFUSAL_OPTIONS, "%s", why);
		return false;
	}
	if (!pk_accept_options(r, &line->options, place))
		return false;
	key_options_free(&r->options);
	r->options = line->options;
	key_options_init(&line->options);
	return true;
}

static bool
try_line(struct request *r, const char *text, size_t len, const char *file,
    unsigned number)
{
	struct authorized_line line;
	char why[REASON_MAX] = "", place[sizeof(r->place)];
	bool found = false;
	int err;

	memset(&line, 0, sizeof(line));
	err = authorized_keys_parse(text, len, &line, why, sizeof(why));
	if (err == E_NOT_FOUND)
		return false;
	snprintf(place, sizeof(place), "%s:%u", file, number);
	if (err != 0) {
		if (pk_may_tell(r, place))
			pk_host->audit(r->login, "keyline_bad", place, "%s",
			    why[0] != '\0' ? why : err_text(err));
		return false;
	}
	if (line.key != NULL && line_is_for_us(r, &line)) {
		snprintf(r->place, sizeof(r->place), "%s", place);
		found = pk_candidate(r) && take_line(r, &line, place);
	}
	authorized_line_free(&line);
	return found;
}

/*
 * sallyportctl selftest: the host says whose key it is, and where it counts.
 * Forwarding, terminals and the like are no part of the test.
 */
static bool
find_selftest(struct request *r)
{
	size_t ours, theirs;
	const uint8_t *a, *b;

	a = pk_host->bytes(r->login, SALLYPORT_SELFTEST_KEY, &ours);
	b = pk_host->bytes(r->login, SALLYPORT_PUBLIC_KEY, &theirs);
	if (ours == 0 || ours != theirs || memcmp(a, b, ours) != 0)
		return false;
	snprintf(r->source, sizeof(r->source), "selftest");
	r->place[0] = '\0';
	r->options.pty = r->options.port = r->options.agent = false;
	r->options.x11 = r->options.user_rc = r->options.tun = false;
	return pk_candidate(r);
}

bool
pk_find(struct request *r)
{
	const struct state *s = r->state;

	for (size_t i = 0; i < s->source_count && !r->refused; i++) {
		bool failed;

		/* Its command need not run for whom it does not count. */
		if (s->sources[i].names ||
		    !pk_host->counts_source(r->login, s->sources[i].name))
			continue;
		snprintf(
		    r->source, sizeof(r->source), "%s", s->sources[i].name);
		if (s->sources[i].ca_count > 0) {
			if (pk_find_authority(r, &s->sources[i]))
				return true;
			continue;
		}
		if (pk_source_walk(r, &s->sources[i], try_line, &failed))
			return true;
		if (failed)
			pk_refuse(r, REFUSAL_UNREADABLE,
			    "key source %s cannot be read", s->sources[i].name);
		r->refused |= failed && s->sources[i].refuse_on_error;
	}
	return !r->refused && find_selftest(r);
}
