/*
 * Audits access to recordings and their removal; see note.h.
 */
#include "daemon/ctl/recordings/note.h"

#include "daemon/ctl/client.h"
#include "lib/audit.h"
#include "lib/mem.h"
#include "lib/syslog_out.h"

#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>
#include <unistd.h>

/* As the server says it, from this process. */
static bool
note_alone(const char *verb, const char *what)
{
	const struct syslog_out_options options = {
	    .ident = "sallyportctl", .facility = LOG_AUTHPRIV};
	const struct audit_output output = {.format = AUDIT_CLASSIC};
	char record[AUDIT_RECORD_MAX], actor[64];
	char *target = mem_printf("%s %s", verb, what);
	const struct audit_ctl_command fields = {
	    .verb = "recordings", .target = target, .actor = actor};
	bool sent;
	size_t len;

	snprintf(actor, sizeof(actor), "uid %u pid %d", (unsigned)getuid(),
	    (int)getpid());
	len = audit_encode(
	    record, sizeof(record), &output, AUDIT_ctl_command, &fields);
	sent = syslog_out_open(&options) == 0 &&
	    syslog_out_send(LOG_NOTICE, record, len);
	syslog_out_close();
	free(target);
	return sent;
}

int
note_act(const struct recordings_options *o, const char *verb, const char *what)
{
	const char *words[] = {"recordings", verb, what};
	struct records answer = {0};
	struct ctl quiet = *o->ctl;
	int status;

	/* Others may read what they may read; only root's reading is new. */
	if (!o->own || geteuid() != 0)
		return CTL_OK;
	quiet.quiet = true;
	status = client_ask(&quiet, words, 3, &answer, NULL);
	records_free(&answer);
	if (status == CTL_NOT_RUNNING && note_alone(verb, what))
		return CTL_OK;
	if (status == CTL_OK)
		return CTL_OK;
	return ctl_fail("%s %s: not done, as it cannot be audited: neither the "
			"server nor syslog takes the record",
	    verb, what);
}
