/*
 * The state of a process that a module must leave as it was when it loads.
 */
#ifndef MODULES_HOST_SNAPSHOT_H
#define MODULES_HOST_SNAPSHOT_H

struct host_snapshot;

/* The process as it is; free it with host_snapshot_free(). */
struct host_snapshot *host_snapshot_take(void);
/*
 * The change since then, as the end of a sentence ("left 2 threads"), or
 * NULL.  The text is static.  A child process that is new is ended.
 */
const char *host_snapshot_compare(const struct host_snapshot *before);
void host_snapshot_free(struct host_snapshot *s);

#endif
