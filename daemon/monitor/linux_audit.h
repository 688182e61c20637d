/*
 * Reports a connection to the Linux audit (audit.linux).
 */
#ifndef DAEMON_MONITOR_LINUX_AUDIT_H
#define DAEMON_MONITOR_LINUX_AUDIT_H

#include "lib/audit.h"

#include <stdbool.h>
#include <sys/types.h>

/* True: this module asks PAM, which has written records of its own. */
typedef bool linux_audit_pam_fn(const char *module, const void *arg);

/* In the template: ask the kernel, and say it if records are not taken.
 * setting: enum linux_audit_setting. */
void linux_audit_prepare(unsigned setting);

/*
 * In a monitor, before its first event: from then on events become records.
 * worker: where the worker's pid will be; 0: not known.
 */
void linux_audit_begin(
    linux_audit_pam_fn *is_pam, const void *arg, const uint32_t *worker);

/* After its last event: wait for the records, not for long. */
void linux_audit_finish(void);

#endif
