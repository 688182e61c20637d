/*
 * The way a grant changed, by the schema's own idea of its safe side.  A list
 * is tighter when nothing was added to what it allows; where that cannot be
 * seen from the words alone the change is not judged, which counts against it.
 */
#include "config/diff/judge.h"

#include "config/options.h"
#include "config/policy/granted.h"
#include "config/policy/match.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

void
findings_add(
    struct findings *findings, enum diff_direction direction, char *text)
{
	struct finding *f;

	findings->items = mem_grow(
	    findings->items, findings->count + 1, sizeof(*findings->items));
	f = &findings->items[findings->count++];
	f->direction = direction;
	f->text = text;
}

void
findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free(findings->items[i].text);
	free(findings->items);
	*findings = (struct findings){0};
}

/* ---- grants that cells stand for ---- */

static bool
is_of_cells(enum grant grant)
{
	switch (grant) {
	case GRANT_refuse:
	case GRANT_allow_users:
	case GRANT_deny_users:
	case GRANT_allow_groups:
	case GRANT_deny_groups:
	case GRANT_methods:
	case GRANT_publickey:
	case GRANT_password:
	case GRANT_keyboard_interactive:
	case GRANT_gssapi:
	case GRANT_hostbased:
	case GRANT_key_types:
	case GRANT_key_sources:
	case GRANT_key_cas:
	case GRANT_key_rsa_bits:
	case GRANT_key_certificate:
	case GRANT_key_touch:
	case GRANT_key_verify:
	case GRANT_principals:
	case GRANT_times:
		return true;
	default:
		return false;
	}
}

/* Grants that let nobody do more, whatever they say. */
static bool
opens_nothing(enum grant grant)
{
	return grant == GRANT_banner || grant == GRANT_consent_file ||
	    grant == GRANT_log_level || grant == GRANT_warn_before ||
	    grant == GRANT_ip_qos_interactive || grant == GRANT_ip_qos_bulk ||
	    grant == GRANT_record_idle || grant == GRANT_record_notice ||
	    grant == GRANT_x11_display_offset;
}

/* ---- single values ---- */

static bool
differs(const struct option *option, const void *old, const void *new)
{
	char *before = granted_value_text(option, old);
	char *after = granted_value_text(option, new);
	bool result = strcmp(before, after) != 0;

	free(before);
	free(after);
	return result;
}

static enum diff_direction
ordered(bool tighter, bool looser)
{
	return tighter ? DIFF_TIGHTER : looser ? DIFF_LOOSER : DIFF_UNJUDGED;
}

static uint64_t
number_of(const struct option *option, const void *member)
{
	return option->type == OPTION_SIZE ? *(const uint64_t *)member :
	    option->type == OPTION_BOOL	   ? *(const bool *)member :
					     *(const uint32_t *)member;
}

/* They differ. */
static enum diff_direction
judge_value(const struct option *option, const void *old, const void *new)
{
	uint64_t a, b;

	if (opens_nothing((enum grant)option->grant))
		return DIFF_TIGHTER;
	if (option->tighten == TIGHTEN_SAME || option->tighten == TIGHTEN_UNSET)
		return ordered(
		    *(char *const *)old == NULL, *(char *const *)new == NULL);
	if (option->tighten == TIGHTEN_NEVER ||
	    option->tighten == TIGHTEN_LAYER)
		return DIFF_UNJUDGED;
	a = number_of(option, old);
	b = number_of(option, new);
	/* A umask of none is the session's, which nobody here knows. */
	if (option->tighten == TIGHTEN_BITS_OR &&
	    (a == CONFIG_NONE || b == CONFIG_NONE))
		return DIFF_UNJUDGED;
	switch (option->tighten) {
	case TIGHTEN_TRUE:
		return ordered(b != 0, b == 0);
	case TIGHTEN_FALSE:
		return ordered(b == 0, b != 0);
	case TIGHTEN_SMALLER:
		return ordered(b<a, b> a);
	case TIGHTEN_LARGER:
		return ordered(b > a, b < a);
	case TIGHTEN_BITS_OR:
		return ordered((a & ~b) == 0, (b & ~a) == 0);
	case TIGHTEN_BITS_AND:
		return ordered((b & ~a) == 0, (a & ~b) == 0);
	default:
		return DIFF_UNJUDGED;
	}
}

/*
 * A forced command and sftp_only stand in for what is refused, go before the
 * restriction that a key's own line is, and serve accounts whose shell lets
 * nobody in: to have one where there was none is not tighter for everybody.
 * In a chroot other sockets have the paths that are permitted; and a name that
 * a remote forward asks for is refused by gateway_ports = "client" alone.
 */
static bool
opens_beside(
    enum grant grant, const struct grants *old, const struct grants *new)
{
	switch (grant) {
	case GRANT_command:
	case GRANT_sftp_only:
		return true;
	case GRANT_chroot:
		return new->unix_local.count + new->unix_remote.count > 0;
	case GRANT_gateway_ports:
		return old->gateway_ports == GATEWAY_CLIENT &&
		    new->remote_forward.count > 0;
	default:
		return false;
	}
}

/* ---- lists ---- */

struct words {
	char **items;
	size_t count;
	bool owned;
	bool patterns; /* "!" excludes */
};

static void
words_of(const struct option *option, const void *list, struct words *w)
{
	const struct strings *strings = list;
	const struct targets *targets = list;
	const struct channel_timeouts *timeouts = list;

	*w = (struct words){.owned = true};
	if (option->type == OPTION_TARGETS) {
		w->items = mem_array(targets->count + 1, sizeof(*w->items));
		for (; w->count < targets->count; w->count++)
			w->items[w->count] =
			    mem_strdup(targets->items[w->count].text);
	} else if (option->type == OPTION_CHANNELS) {
		w->items = mem_array(timeouts->count + 1, sizeof(*w->items));
		for (; w->count < timeouts->count; w->count++)
			w->items[w->count] =
			    mem_printf("%s=%u", timeouts->items[w->count].kind,
				timeouts->items[w->count].seconds);
	} else {
		*w =
		    (struct words){strings->items, strings->count, false, true};
	}
}

static void
words_free(struct words *w)
{
	for (size_t i = 0; w->owned && i < w->count; i++)
		free(w->items[i]);
	if (w->owned)
		free(w->items);
}

static bool
has_word(const struct words *w, const char *word)
{
	for (size_t i = 0; i < w->count; i++)
		if (strcmp(w->items[i], word) == 0)
			return true;
	return false;
}

static bool
excludes(const struct words *w, size_t at)
{
	return w->patterns && w->items[at][0] == '!';
}

static size_t
count_positive(const struct words *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->count; i++)
		n += !excludes(w, i);
	return n;
}

static bool
allows_all(const struct words *w)
{
	return has_word(w, w->patterns ? "*" : "*:*") ||
	    (w->count > 0 && count_positive(w) == 0);
}

/* For certain: whatever a allows, b allows. */
static bool
within(const struct words *a, const struct words *b)
{
	size_t i;

	if (a->count == 0)
		return true;
	for (i = 0; i < b->count; i++)
		if (excludes(b, i) && !has_word(a, b->items[i]))
			return false;
	if (allows_all(b))
		return true;
	if (allows_all(a))
		return false;
	for (i = 0; i < a->count; i++)
		if (!excludes(a, i) && !has_word(b, a->items[i]))
			return false;
	return true;
}

/* The first entry that fits counts: more of them are tighter behind it only. */
static bool
goes_before(const struct words *a, const struct words *b)
{
	if (a->count > b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->items[i], b->items[i]) != 0)
			return false;
	return true;
}

static bool
list_within(const struct option *option, const void *a, const void *b)
{
	struct words one, other;
	bool result;

	words_of(option, a, &one);
	words_of(option, b, &other);
	result = option->type == OPTION_CHANNELS ? goes_before(&one, &other) :
						   within(&one, &other);
	words_free(&one);
	words_free(&other);
	return result;
}

/* Lists whose entries take something away: more of them is tighter. */
static bool
takes_away(enum grant grant)
{
	return grant == GRANT_key_revoked || grant == GRANT_channel_timeouts;
}

/* Is each list of a held by one of b that is as tight? */
static bool
layers_hold(
    const struct option *option, const struct layers *a, const struct layers *b)
{
	bool away = takes_away((enum grant)option->grant);
	size_t i, j;

	for (i = 0; i < a->count; i++) {
		for (j = 0; j < b->count; j++) {
			const void *one = a->items[i].list;
			const void *other = b->items[j].list;

			if (away ? list_within(option, one, other) :
				   list_within(option, other, one))
				break;
		}
		if (j == b->count)
			return false;
	}
	return true;
}

/* ---- one grant ---- */

static char *
place(const struct decision *d, enum grant grant)
{
	const struct origin *o = &d->grants.origins[grant];

	return o->line == 0 ? mem_strdup("default") :
			      mem_printf("%s:%u", o->file, o->line);
}

static void
tell(const struct decision *old, const struct decision *new,
    const struct option *option, enum diff_direction direction,
    struct findings *findings)
{
	enum grant grant = (enum grant)option->grant;
	char *before = granted_text(old, option);
	char *after = granted_text(new, option);
	char *old_place = place(old, grant), *new_place = place(new, grant);

	findings_add(findings, direction,
	    mem_printf("%s: %s (%s) is now %s (%s)", option->name, before,
		old_place, after, new_place));
	free(before);
	free(after);
	free(old_place);
	free(new_place);
}

static void
judge_list(const struct decision *old, const struct decision *new,
    const struct option *option, struct findings *findings)
{
	const struct layers *a =
	    decision_layers(old, (enum grant)option->grant);
	const struct layers *b =
	    decision_layers(new, (enum grant)option->grant);
	bool tighter = layers_hold(option, a, b);
	bool looser = layers_hold(option, b, a);

	if (tighter && looser)
		return;
	tell(old, new, option, ordered(tighter, looser), findings);
}

static enum diff_direction
judge_scalar(const struct option *option, const struct decision *old,
    const struct decision *new, const void *a, const void *b)
{
	enum diff_direction direction = judge_value(option, a, b);

	return direction == DIFF_TIGHTER &&
		opens_beside(
		    (enum grant)option->grant, &old->grants, &new->grants) ?
	    DIFF_UNJUDGED :
	    direction;
}

void
judge_grants_of(const struct decision *old, const struct decision *new,
    bool root, struct findings *findings)
{
	enum grant grant;

	for (grant = 0; grant < GRANT_COUNT; grant++) {
		const struct option *option = option_of_grant(grant);
		const void *a = (const char *)&old->grants + option->offset;
		const void *b = (const char *)&new->grants + option->offset;

		if (is_of_cells(grant) || (grant == GRANT_root_login && !root))
			continue;
		if (decision_layers(old, grant) != NULL)
			judge_list(old, new, option, findings);
		else if (differs(option, a, b))
			tell(old, new, option,
			    judge_scalar(option, old, new, a, b), findings);
	}
}
