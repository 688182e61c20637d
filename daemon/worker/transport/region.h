/*
 * A region of memory for a stream of packets: address space for the worst
 * case, pages for what is used, given back when idle.
 */
#ifndef DAEMON_WORKER_TRANSPORT_REGION_H
#define DAEMON_WORKER_TRANSPORT_REGION_H

#include <stddef.h>
#include <stdint.h>

struct region {
	uint8_t *base;
	size_t size;
	size_t start, end; /* what is in it */
	size_t touched; /* bytes that have pages, at most */
};

/* 0 or E_SYSTEM. */
int region_init(struct region *r, size_t size);
void region_free(struct region *r);

/* Bytes in it. */
size_t region_used(const struct region *r);
/* Where len more bytes go; NULL if they do not fit even after moving. */
uint8_t *region_room(struct region *r, size_t len);
/* len bytes were put at the end / taken from the start. */
void region_add(struct region *r, size_t len);
void region_take(struct region *r, size_t len);
/* Give pages back that lie behind what is in it; the first page stays. */
void region_trim(struct region *r);

#endif
