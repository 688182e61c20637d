/*
 * The program that puts what a client has delegated into the credential cache
 * of a user, as that user, and removes it again.  Here is what its files
 * share.
 */
#ifndef DAEMON_TICKETSTORE_TICKETSTORE_H
#define DAEMON_TICKETSTORE_TICKETSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DELEGATED_TICKETS_MAX 8
#define DELEGATED_NAME_MAX    1024

/* WALL_ticket_delegated's bytes in their parts. */
struct delegated {
	char principal[DELEGATED_NAME_MAX + 1];
	struct {
		const uint8_t *data;
		size_t len;
	} tickets[DELEGATED_TICKETS_MAX];
	size_t count; /* at least 1 */
};

/* delegated.c: 0 or an E_ code; *out points into the bytes. */
int delegated_parse(const uint8_t *data, size_t len, struct delegated *out);

/*
 * cache.c: into a new cache of the user's default type, whose name is for
 * KRB5CCNAME (free()).  NULL and *name, or a sentence of why not.
 */
const char *cache_store(const struct delegated *tickets, char **name);
/*
 * In place of what is in this one, if that is of the same principal: a user
 * who has ended it, or has made it another's, keeps it so.  NULL, or a
 * sentence.
 */
const char *cache_renew(const struct delegated *tickets, const char *name);
/* Destroy one; NULL, or a sentence. */
const char *cache_remove(const char *name);

#endif
