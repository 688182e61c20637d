/*
 * A self-test in the master: a login that an administrator has asked for, with
 * a key that counts on its connection alone.
 */
#ifndef DAEMON_MASTER_SELFTEST_H
#define DAEMON_MASTER_SELFTEST_H

#include "daemon/master/master.h"

/* Kept by a connection in the lobby, until it is handed over. */
struct selftest {
	char user[SSH_USER_MAX + 1];
	uint8_t key[WALL_SELFTEST_KEY_MAX]; /* a public key */
	size_t key_len;
	uint64_t until; /* ms */
	int report; /* the monitor's end */
};

/* connection.c: the monitor has it, or nobody will; harmless without one. */
void connection_drop_selftest(struct connection *c);

#endif
