/*
 * Certificates of the CAs that the administrator trusts for everybody, and
 * whom they name: the user, or the names in principals files, then those that a
 * principals command prints.
 */
#include "modules/publickey/publickey.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CA_FILE_MAX    (1024 * 1024)
#define NAME_BYTES_MAX 4096

/* sshd's sentence where it has one. */
static const char *
as_sshd(
    const struct request *r, enum cert_verdict verdict, char *text, size_t size)
{
	switch (verdict) {
	case CERT_PAST:
		return "Certificate invalid: expired";
	case CERT_NOT_YET_VALID:
		return "Certificate invalid: not yet valid";
	case CERT_WRONG_KIND:
		return "Certificate invalid: not a user certificate";
	case CERT_NO_PRINCIPALS:
		return "Certificate lacks principal list";
	case CERT_CRITICAL:
		if (r->cert->unknown_critical == NULL)
			return "Invalid certificate options";
		snprintf(text, size,
		    "Certificate critical option \"%s\" is not supported",
		    r->cert->unknown_critical);
		return text;
	default:
		return "";
	}
}

bool
pk_judge_cert(struct request *r)
{
	const struct cert_rules rules = {.kind = CERT_USER,
	    .now = (uint64_t)pk_host->number(r->login, SALLYPORT_TIME),
	    .max_lifetime = r->state->max_lifetime,
	    .rsa_min_bits =
		(unsigned)pk_host->number(r->login, SALLYPORT_RSA_BITS),
	    .ca_algorithms = pk_host->text(r->login, SALLYPORT_CA_ALGORITHMS)};
	char why[REASON_MAX] = "", sentence[REASON_MAX];
	enum cert_verdict verdict =
	    cert_check(r->key, &rules, why, sizeof(why));

	if (verdict == CERT_GOOD)
		return true;
	pk_refuse_as(r,
	    verdict == CERT_NO_PRINCIPALS ? REFUSAL_PRINCIPAL : REFUSAL_CERT,
	    as_sshd(r, verdict, sentence, sizeof(sentence)), why);
	return false;
}

bool
pk_cert_names(struct request *r, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (cert_names(r->cert, names[i]))
			return true;
	pk_refuse_as(r, REFUSAL_PRINCIPAL,
	    "Certificate invalid: name is not a listed principal",
	    "certificate names no principal of the user");
	return false;
}

/* Is the certificate's CA in this file? */
static bool
is_ca_line(struct request *r, const char *text, size_t len, const char *file,
    unsigned number)
{
	struct key *key = NULL;
	bool same = false;

	for (; len > 0 && (*text == ' ' || *text == '\t'); text++)
		len--;
	if (len == 0 || *text == '#')
		return false;
	if (key_parse_line(text, len, &key, NULL, NULL) == 0)
		same = key_equal(key, r->cert->ca);
	else
		pk_host->audit(
		    r->login, "keyline_bad", file, "line %u is no key", number);
	key_free(key);
	if (same)
		snprintf(r->place, sizeof(r->place), "%s:%u", file, number);
	return same;
}

static bool
ca_is_trusted(struct request *r, char *const *files, size_t count)
{
	bool found = false;

	for (size_t i = 0; i < count && !found; i++) {
		const char *path = files[i];
		char why[SAFEFILE_WHY_MAX] = "";
		struct buf b;
		int fd = -1, err;

		buf_init(&b, CA_FILE_MAX);
		err = pk_host->open_file(
		    r->login, path, CA_FILE_MAX, &fd, why, sizeof(why));
		if (err == SALLYPORT_OK) {
			err = safefile_read_fd(fd, CA_FILE_MAX, &b);
			close(fd);
		}
		if (err == 0) {
			found = pk_lines(
			    r, (const char *)b.data, b.len, path, is_ca_line);
		} else {
			pk_host->audit(
			    r->login, "keysource_error", path, "%s", why);
		}
		buf_free(&b);
	}
	return found;
}

/* Keep what a matching principals line and the certificate both allow. */
static bool
take_options(struct request *r, struct key_options *options)
{
	struct key_options of_cert;
	char why[REASON_MAX] = "";
	int err;

	key_options_of_cert(r->cert, &of_cert);
	err = key_options_combine(options, &of_cert, why, sizeof(why));
	key_options_free(&of_cert);
	if (err != 0) {
		pk_refuse(r, REFUSAL_OPTIONS, "%s", why);
		return false;
	}
	if (!pk_accept_options(r, options, r->place))
		return false;
	key_options_free(&r->options);
	r->options = *options;
	key_options_init(options);
	return true;
}

static bool
try_principal(struct request *r, const char *text, size_t len, const char *file,
    unsigned number)
{
	struct authorized_line line;
	char why[REASON_MAX] = "";
	bool found = false;
	int err;

	memset(&line, 0, sizeof(line));
	err = authorized_principals_parse(text, len, &line, why, sizeof(why));
	if (err == E_NOT_FOUND)
		return false;
	if (err != 0) {
		if (pk_may_tell(r, file))
			pk_host->audit(r->login, "keyline_bad", file,
			    "line %u: %s", number, why);
		return false;
	}
	if (line.principal != NULL && cert_names(r->cert, line.principal)) {
		snprintf(r->place, sizeof(r->place), "%s:%u", file, number);
		found = take_options(r, &line.options);
	}
	authorized_line_free(&line);
	return found;
}

/* false, and the reason told, when the source names none of them. */
static bool
names_principal(struct request *r, const struct source *source)
{
	bool failed;

	if (pk_source_walk(r, source, try_principal, &failed))
		return true;
	if (failed && source->refuse_on_error)
		r->refused = true;
	if (failed)
		pk_refuse(r, REFUSAL_PRINCIPAL, "principals cannot be read");
	return false;
}

/* The certificate must name the user himself. */
static bool
find_user(struct request *r)
{
	const char *names[1] = {pk_host->text(r->login, SALLYPORT_USER)};
	struct key_options none;
	bool good;

	if (!pk_cert_names(r, names, 1))
		return false;
	key_options_init(&none);
	good = take_options(r, &none);
	key_options_free(&none);
	return good;
}

/* %u, %U and, for this group, %g; the caller frees. */
static char *
expand_name(const struct request *r, const char *pattern, const char *group,
    size_t group_len)
{
	struct buf b;
	char number[32], *text = NULL;
	const char *user = pk_host->text(r->login, SALLYPORT_USER);

	buf_init(&b, NAME_BYTES_MAX);
	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p != '%') {
			buf_u8(&b, (uint8_t)*p);
			continue;
		}
		p++;
		if (*p == 'u') {
			buf_bytes(&b, user, strlen(user));
		} else if (*p == 'U') {
			snprintf(number, sizeof(number), "%lld",
			    (long long)pk_host->number(
				r->login, SALLYPORT_UID));
			buf_bytes(&b, number, strlen(number));
		} else if (*p == 'g') {
			buf_bytes(&b, group, group_len);
		} else {
			buf_u8(&b, '%');
		}
	}
	if (buf_end(&b) == 0)
		text = mem_strndup((const char *)b.data, b.len);
	buf_free(&b);
	return text;
}

static bool
cert_has(struct request *r, char *name)
{
	bool named = name != NULL && cert_names(r->cert, name);

	if (named)
		snprintf(r->place, sizeof(r->place), "principal %s", name);
	free(name);
	return named;
}

static bool
asks_group(const char *pattern)
{
	const char *p = strchr(pattern, '%');

	while (p != NULL && p[1] != 'g')
		p = strchr(&p[2], '%');
	return p != NULL;
}

static bool
cert_has_one_of(struct request *r, const char *pattern)
{
	const char *group;
	size_t len;

	if (!asks_group(pattern))
		return cert_has(r, expand_name(r, pattern, "", 0));
	for (group = pk_host->text(r->login, SALLYPORT_GROUPS); *group != '\0';
	     group += len + (group[len] == '\n')) {
		len = strcspn(group, "\n");
		if (cert_has(r, expand_name(r, pattern, group, len)))
			return true;
	}
	return false;
}

/* The principals of the options themselves. */
static bool
names_itself(struct request *r, const struct source *source)
{
	struct key_options none;
	bool good;

	for (size_t i = 0; i < source->pattern_count; i++) {
		if (!cert_has_one_of(r, source->patterns[i]))
			continue;
		key_options_init(&none);
		good = take_options(r, &none);
		key_options_free(&none);
		return good;
	}
	return false;
}

/*
 * The authority's own list (NULL: none), then the sources of principals that
 * count for the login; without any the certificate must name the user.
 */
static bool
find_principal(struct request *r, const struct source *own)
{
	const struct state *s = r->state;
	bool listed = own != NULL;

	if (own != NULL && names_itself(r, own))
		return true;
	if (own != NULL && own->file_count + own->program.count > 0 &&
	    names_principal(r, own))
		return true;
	for (size_t i = 0; i < s->source_count && !r->refused; i++) {
		const struct source *x = &s->sources[i];

		if (!x->names || !pk_host->counts_source(r->login, x->name))
			continue;
		listed = true;
		if (names_principal(r, x))
			return true;
	}
	if (!listed)
		return find_user(r);
	pk_refuse_as(r, REFUSAL_PRINCIPAL,
	    "Certificate does not contain an authorized principal",
	    "certificate names no principal of the user");
	return false;
}

bool
pk_find_ca(struct request *r)
{
	const struct state *s = r->state;

	if (s->ca_count == 0 || !pk_host->counts_source(r->login, "ca_keys") ||
	    !ca_is_trusted(r, s->ca_files, s->ca_count))
		return false;
	snprintf(r->source, sizeof(r->source), "%s", "ca_keys");
	if (!pk_candidate(r) || !pk_judge_cert(r))
		return false;
	return find_principal(r, s->has_principals ? &s->principals : NULL);
}

bool
pk_find_authority(struct request *r, const struct source *source)
{
	if (r->cert == NULL ||
	    !ca_is_trusted(r, source->ca_files, source->ca_count) ||
	    !pk_candidate(r) || !pk_judge_cert(r))
		return false;
	return find_principal(r,
	    source->file_count + source->program.count + source->pattern_count >
		    0 ?
		source :
		NULL);
}
