/*
 * Penalties over a restart, in a file of the server's own.
 */
#ifndef DAEMON_MASTER_REMEMBER_H
#define DAEMON_MASTER_REMEMBER_H

#include "lib/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct accounts;
struct buf;
struct master;
struct penalties;

struct remembered {
	uint64_t changes, saved_at; /* of the last file; ms */
	int report; /* of its writer, 0: none */
	struct loop_fd on_report;
	bool complained;
};

/*
 * load: at a start.  tick: once a second, writes what has changed, at most
 * every 30 seconds.  stop: the server stops; waits for the file, two seconds at
 * most.
 */
void remember_load(struct master *m);
void remember_tick(struct master *m);
void remember_stop(struct master *m);

/*
 * The file's bytes, of two tables; and back into empty ones: 0, or an E_
 * code and they are still empty.  wall: seconds.  The buffer was born with
 * REMEMBER_MAX.
 */
#define REMEMBER_MAX   (4u << 20)
#define REMEMBER_SPARE 4096 /* of them what is of neither table */
void remember_write(const struct penalties *p, const struct accounts *a,
    uint64_t wall, struct buf *b);
int remember_parse(const void *data, size_t len, uint64_t wall,
    struct penalties *p, struct accounts *a);

#endif
