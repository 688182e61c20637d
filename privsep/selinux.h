/*
 * SELinux contexts of a process, as pam_selinux leaves them, without
 * libselinux: the files of /proc that it would write.
 */
#ifndef PRIVSEP_SELINUX_H
#define PRIVSEP_SELINUX_H

#include <stdbool.h>
#include <stddef.h>

/* Longest context, its end included. */
#define SELINUX_CONTEXT_MAX 4096

/* Contexts that an exec clears: of the next program, and of keyrings made. */
enum selinux_context { SELINUX_EXEC, SELINUX_KEYCREATE };

/* Where the attributes are; tests change it. */
extern const char *selinux_directory;

/* Does the kernel enforce or permit by SELinux here? */
bool selinux_enabled(void);

/* This thread's context, "" if there is none.  0, E_SYSTEM or E_TOO_LARGE. */
int selinux_read(enum selinux_context which, char text[SELINUX_CONTEXT_MAX]);

/* Set this thread's context; "" is no change.  0 or E_SYSTEM. */
int selinux_write(enum selinux_context which, const char *text);

/* No exec context: the next program runs as the policy says.  No lock, no
 * allocation.  0 or E_SYSTEM. */
int selinux_clear_exec(void);

#endif
