/*
 * Reading the system-wide policy on algorithms: crypto_policy.h.
 */
#include "config/crypto_policy.h"

#include "config/config.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NAMES_MAX 128 /* of a list */
#define RSA_LEAST 1024
#define RSA_MOST  16384
#define OLD_BEGIN "CRYPTO_POLICY="

enum word_kind { WORD_LIST, WORD_BITS, WORD_GSS, WORD_HOSTBASED };

static const struct word {
	const char *name;
	enum word_kind kind;
	enum algorithm_kind list;
} words[] = {
    {"Ciphers", WORD_LIST, ALGORITHM_CIPHER},
    {"MACs", WORD_LIST, ALGORITHM_MAC},
    {"KexAlgorithms", WORD_LIST, ALGORITHM_KEX},
    {"GSSAPIKexAlgorithms", WORD_LIST, ALGORITHM_GSS_KEX},
    {"HostKeyAlgorithms", WORD_LIST, ALGORITHM_HOST_KEY},
    {"PubkeyAcceptedAlgorithms", WORD_LIST, ALGORITHM_USER_KEY},
    {"PubkeyAcceptedKeyTypes", WORD_LIST, ALGORITHM_USER_KEY},
    {"CASignatureAlgorithms", WORD_LIST, ALGORITHM_CA},
    {"HostbasedAcceptedAlgorithms", WORD_HOSTBASED, ALGORITHM_USER_KEY},
    {"HostbasedAcceptedKeyTypes", WORD_HOSTBASED, ALGORITHM_USER_KEY},
    {"RequiredRSASize", WORD_BITS, 0},
    {"RSAMinSize", WORD_BITS, 0},
    {"GSSAPIKeyExchange", WORD_GSS, ALGORITHM_GSS_KEX},
};

struct reading {
	const char *path;
	unsigned line;
	struct arena *arena;
	struct problems *problems;
	struct crypto_policy *policy;
	/* One list of ours is for keys of users and of hosts. */
	const char *const *hostbased;
	unsigned hostbased_line;
};

static bool
has(const char *const *names, const char *name)
{
	for (; *names != NULL; names++)
		if (strcmp(*names, name) == 0)
			return true;
	return false;
}

static bool
is_name(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) &&
		    strchr("@.-_", text[i]) == NULL)
			return false;
	return len > 0 && len <= CONFIG_NAME_MAX && text[0] != '-';
}

/* "a,b,c": those that are known; NULL was told. */
static const char *const *
read_names(struct reading *r, const struct word *word, const char *value)
{
	const char **names =
	    arena_array(r->arena, NAMES_MAX + 1, sizeof(*names));
	const char *const *known = algorithm_names(word->list, CRYPTO_LEGACY);
	const char *unknown = "";
	size_t count = 0;

	for (const char *at = value;; at++) {
		size_t len = strcspn(at, ",");
		const char *name = arena_strndup(r->arena, at, len);

		if (!is_name(at, len) || count == NAMES_MAX) {
			problem_error(r->problems, r->path, r->line,
			    "%s: names, with commas between them, are expected",
			    word->name);
			return NULL;
		}
		if (!has(known, name))
			unknown = arena_printf(r->arena, "%s%s%s", unknown,
			    *unknown == '\0' ? "" : ", ", name);
		else if (!has(names, name))
			names[count++] = name;
		at += len;
		if (*at == '\0')
			break;
	}
	if (*unknown != '\0')
		problem_warning(r->problems, r->path, r->line,
		    "%s: this server does not have %s", word->name, unknown);
	return names;
}

static void
take_list(struct reading *r, const struct word *word, const char *value)
{
	struct crypto_policy *p = r->policy;

	if (p->lists[word->list].names != NULL) {
		problem_error(r->problems, r->path, r->line,
		    "%s: stands there already, in line %u", word->name,
		    p->lists[word->list].line);
		return;
	}
	p->lists[word->list].names = read_names(r, word, value);
	p->lists[word->list].line = r->line;
}

static void
take_bits(struct reading *r, const struct word *word, const char *value)
{
	char *end;
	unsigned long bits = strtoul(value, &end, 10);

	if (!isdigit((unsigned char)value[0]) || *end != '\0' ||
	    bits < RSA_LEAST || bits > RSA_MOST || r->policy->rsa_bits != 0) {
		problem_error(r->problems, r->path, r->line,
		    "%s: one number from %d to %d is expected", word->name,
		    RSA_LEAST, RSA_MOST);
		return;
	}
	r->policy->rsa_bits = (uint32_t)bits;
	r->policy->rsa_line = r->line;
}

/* "no" is an empty list. */
static void
take_gss(struct reading *r, const struct word *word, const char *value)
{
	static const char *const none[] = {NULL};

	if (strcmp(value, "no") == 0) {
		r->policy->lists[word->list].names = none;
		r->policy->lists[word->list].line = r->line;
	} else if (strcmp(value, "yes") != 0) {
		problem_error(r->problems, r->path, r->line,
		    "%s: yes or no is expected", word->name);
	}
}

static void
take_hostbased(struct reading *r, const struct word *word, const char *value)
{
	if (r->hostbased != NULL) {
		problem_error(r->problems, r->path, r->line,
		    "%s: stands there already, in line %u", word->name,
		    r->hostbased_line);
		return;
	}
	r->hostbased = read_names(r, word, value);
	r->hostbased_line = r->line;
}

static void
take(struct reading *r, const char *name, const char *value)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct word *word = &words[i];

		if (strcasecmp(word->name, name) != 0)
			continue;
		if (word->kind == WORD_LIST)
			take_list(r, word, value);
		else if (word->kind == WORD_BITS)
			take_bits(r, word, value);
		else if (word->kind == WORD_GSS)
			take_gss(r, word, value);
		else
			take_hostbased(r, word, value);
		return;
	}
	/* It may bound what nothing else here does, as Include would. */
	problem_error(r->problems, r->path, r->line,
	    "%s: this server does not know the keyword", name);
}

/* "name value" or "name=value", in place. */
static void
take_pair(struct reading *r, char *text, const char *separators)
{
	char *value = text + strcspn(text, separators);

	if (*value != '\0')
		*value++ = '\0';
	value += strspn(value, " \t");
	if (*text == '\0' || *value == '\0' ||
	    value[strcspn(value, " \t")] != '\0')
		problem_error(r->problems, r->path, r->line,
		    "a keyword and one value are expected");
	else
		take(r, text, value);
}

/* CRYPTO_POLICY='-oCiphers=... -oMACs=...' */
static void
take_old(struct reading *r, char *text)
{
	size_t len = strlen(text);
	char *word;

	if (len < 2 || text[0] != '\'' || text[len - 1] != '\'') {
		problem_error(r->problems, r->path, r->line,
		    OLD_BEGIN " is expected to be in single quotes");
		return;
	}
	text[len - 1] = '\0';
	for (word = strtok(text + 1, " \t"); word != NULL;
	     word = strtok(NULL, " \t")) {
		if (strncmp(word, "-o", 2) == 0)
			take_pair(r, word + 2, "=");
		else
			problem_error(r->problems, r->path, r->line,
			    "options that begin with -o are expected");
	}
}

static void
take_line(struct reading *r, char *text)
{
	size_t len;

	text += strspn(text, " \t");
	len = strlen(text);
	while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL)
		text[--len] = '\0';
	if (*text == '\0' || *text == '#')
		return;
	if (strncmp(text, OLD_BEGIN, strlen(OLD_BEGIN)) == 0)
		take_old(r, text + strlen(OLD_BEGIN));
	else
		take_pair(r, text, " \t=");
}

/* Both lists fill the one of user keys: an algorithm must be allowed for keys
 * of users and for those of client hosts. */
static void
join_hostbased(struct reading *r)
{
	const char *const *users = r->policy->lists[ALGORITHM_USER_KEY].names;
	const char **both;
	size_t count = 0;

	if (r->hostbased == NULL)
		return;
	if (users == NULL) {
		r->policy->lists[ALGORITHM_USER_KEY].names = r->hostbased;
		r->policy->lists[ALGORITHM_USER_KEY].line = r->hostbased_line;
		return;
	}
	both = arena_array(r->arena, NAMES_MAX + 1, sizeof(*both));
	for (; *users != NULL; users++)
		if (has(r->hostbased, *users))
			both[count++] = *users;
	r->policy->lists[ALGORITHM_USER_KEY].names = both;
}

void
crypto_policy_parse(const char *path, const char *text, size_t len,
    struct arena *arena, struct problems *problems,
    struct crypto_policy *policy)
{
	struct reading r = {.path = path,
	    .arena = arena,
	    .problems = problems,
	    .policy = policy};

	memset(policy, 0, sizeof(*policy));
	if (memchr(text, '\0', len) != NULL) {
		problem_error(problems, path, 0, "is not a text");
		return;
	}
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t n = end != NULL ? (size_t)(end - text) : len;

		r.line++;
		take_line(&r, arena_strndup(arena, text, n));
		n += end != NULL;
		text += n;
		len -= n;
	}
	join_hostbased(&r);
}
