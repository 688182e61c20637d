/*
 * A command's words about its own failure, and its exit status.
 */
#ifndef DAEMON_CTL_SAY_H
#define DAEMON_CTL_SAY_H

/* Exit statuses, for scripts. */
enum ctl_status {
	CTL_OK,
	CTL_FAILED, /* it was done, and the answer is no */
	CTL_USAGE,
	CTL_NOT_RUNNING, /* no server answers */
	CTL_PARTLY, /* reload: a listener could not be opened */
};

struct ctl;

/*
 * The first of what went wrong: with --json a command that fails without an
 * answer answers {"error": "..."} on stdout.  The functions below keep theirs.
 */
void ctl_keep_error(const char *text);
const char *ctl_first_error(void); /* never NULL */

/* "sallyportctl: ..." on stderr; returns CTL_FAILED, ctl_usage CTL_USAGE. */
int ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
int ctl_usage(const struct ctl *ctl, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * The end of a command: who reads JSON finds some, also of a failure, and all
 * of the answer has been written.  The exit status.
 */
int ctl_end(const struct ctl *ctl, int status);

#endif
