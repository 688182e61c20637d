/*
 * One line in the log for a help desk: why this login is refused, and what an
 * administrator can do about it.  sshd's own sentences stay beside it, for the
 * watchers that know them; this one has words that none of them looks for.
 */
#include "daemon/monitor/auth.h"

#include "lib/audit.h"
#include "privsep/directory.h"

#include <stdio.h>
#include <string.h>

#define DAY 86400

/* False: not known, or the account has no entry. */
static bool
look_up_shadow(struct monitor *m, struct directory_shadow *shadow)
{
	bool known;

	if (!m->user_known)
		return false;
	auth_call(m, CALL_NSS, "shadow");
	known = directory_shadow(m->passwd.pw_name, shadow);
	auth_call_done(m);
	return known && shadow->found;
}

/*
 * A PAM stack that ends in pam_deny says "Authentication failure" whatever was
 * wrong; the shadow entry says what.
 */
static const char *
shadow_reason(struct monitor *m, char *text, size_t size, const char **remedy)
{
	long today = (long)(m->auth->attempt.now / DAY);
	struct directory_shadow shadow;
	char date[DIRECTORY_DATE_SIZE];

	if (!look_up_shadow(m, &shadow))
		return NULL;
	if (shadow.expires >= 0 && shadow.expires <= today) {
		snprintf(text, size, "the account expired on %s",
		    directory_date(shadow.expires, date));
		*remedy = "chage -E sets another date";
	} else if (shadow.dead >= 0 && shadow.dead <= today) {
		snprintf(text, size,
		    "the password was due on %s and not changed in time",
		    directory_date(shadow.due, date));
		*remedy = "passwd sets another";
	} else if (shadow.locked) {
		snprintf(text, size, "the account is locked");
		*remedy = "passwd -u unlocks it";
	} else {
		return NULL;
	}
	return text;
}

void
auth_help_refused(struct monitor *m, enum refusal refusal, const char *reason,
    const char *detail)
{
	const char *remedy = refusals[refusal].remedy, *more = NULL;
	char text[sizeof(m->auth->attempt.reason)], whole[1024];

	if (refusal == REFUSAL_account)
		more = shadow_reason(m, text, sizeof(text), &remedy);
	/* The policy's detail begins with what the reason says in general. */
	if (more == NULL && detail != NULL && detail[0] != '\0')
		reason = detail;
	snprintf(whole, sizeof(whole), "%s%s%s", more != NULL ? more : reason,
	    more != NULL ? ": " : "", more != NULL ? reason : "");
	AUDIT(login_refused, .refusal = refusals[refusal].code, .reason = whole,
	    .remedy = remedy, .method = m->auth->attempt.method);
}

void
auth_help_failed(struct monitor *m)
{
	struct auth *a = m->auth;
	const char *method = a->attempt.method;
	struct directory_shadow shadow;

	if (a->lock_told || a->refused || !m->user_known ||
	    (strcmp(method, "password") != 0 &&
		strcmp(method, "keyboard-interactive") != 0))
		return;
	a->lock_told = true;
	if (look_up_shadow(m, &shadow) && shadow.locked)
		AUDIT(login_refused, .refusal = refusals[REFUSAL_locked].code,
		    .reason = "its password is locked, so no password is right",
		    .remedy = refusals[REFUSAL_locked].remedy,
		    .method = method);
}
