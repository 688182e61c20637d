/*
 * publickey.so: the reason of a refusal, in the monitor.  Each look-up gives
 * the reason why its candidate does not serve; one of them is told.
 */
#include "modules/publickey/publickey.h"

#include <stdarg.h>
#include <stdio.h>

void
pk_refuse(struct request *r, enum refusal refusal, const char *format, ...)
{
	va_list args;

	if (refusal <= r->refusal)
		return;
	r->refusal = refusal;
	r->as_sshd[0] = '\0';
	va_start(args, format);
	vsnprintf(r->why, sizeof(r->why), format, args);
	va_end(args);
}

void
pk_refuse_as(struct request *r, enum refusal refusal, const char *as_sshd,
    const char *why)
{
	if (refusal <= r->refusal)
		return;
	pk_refuse(r, refusal, "%s", why);
	snprintf(r->as_sshd, sizeof(r->as_sshd), "%s", as_sshd);
}

bool
pk_may_tell(struct request *r, const char *place)
{
	if (r->faults > FAULTS_MAX)
		return false;
	if (r->faults++ < FAULTS_MAX)
		return true;
	pk_host->audit(r->login, "keyline_bad", place, "%s",
	    "further faults in these files are not told");
	return false;
}

bool
pk_candidate(struct request *r)
{
	if (pk_tell_key(r, false, false, false))
		return true;
	pk_refuse(
	    r, REFUSAL_POLICY, "%s", pk_host->text(r->login, SALLYPORT_REASON));
	return false;
}
