/*
 * Seccomp filters and Landlock, by role.  A filter that cannot be set ends
 * the process; Landlock alone may be absent, which is logged.
 */
#ifndef PRIVSEP_SANDBOX_H
#define PRIVSEP_SANDBOX_H

/* Each: after the drop, before the first byte from outside. */
void sandbox_keyholder(void);
void sandbox_ticketholder(void);
void sandbox_recorder(void);
/* Code by others that calls what it likes, but starts no process, asks for no
 * privilege, and cannot outlive the process that started it. */
void sandbox_helper(void);
/* A process that parses files it was handed: memory and descriptors alone. */
void sandbox_reader(void);
void sandbox_worker_template(void);

/*
 * In the worker, right after the fork: the tighter filter on top.  Compiled
 * by sandbox_worker_template() in the template, so that it costs one system
 * call here.
 */
void sandbox_worker(void);

#endif
