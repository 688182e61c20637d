/*
 * The decoy rule for logins that cannot succeed: failures take the same time
 * whatever the reason, and no secret is right.
 */
#ifndef DAEMON_MONITOR_DECOY_H
#define DAEMON_MONITOR_DECOY_H

#include <stddef.h>
#include <stdint.h>

/* The generation's secret, made once in the template; forks inherit it. */
void decoy_init(void);

/*
 * How long, in microseconds since an attempt began, before its failure may
 * be seen: the floor and a little more that depends on the user name and the
 * secret; doubled until it lies behind `elapsed`.
 */
uint64_t decoy_delay(const char *user, uint64_t floor, uint64_t elapsed);

/* Up to a quarter of the floor, drawn anew each time: one user's delays are
 * spread wider than two users' lie apart. */
uint64_t decoy_jitter(uint64_t floor);

/* A password that is never right, of the length of the one that was typed. */
void decoy_password(char *password, size_t len);

#endif
