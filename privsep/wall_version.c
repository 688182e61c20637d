/*
 * The version of a program that another one starts (see wall_version.h).
 */
#include "config.h"

#include "privsep/wall_version.h"

#include <stdio.h>

/* FNV-1a: two tables differ by mistake, nobody chooses them. */
void
wall_version_add(uint64_t *sum, const char *text, uint64_t number)
{
	for (; *text != '\0'; text++)
		*sum = (*sum ^ (uint8_t)*text) * 0x100000001b3u;
	for (int i = 0; i < 64; i += 8)
		*sum = (*sum ^ (uint8_t)(number >> i)) * 0x100000001b3u;
}

void
wall_version_write(char text[WALL_VERSION_MAX], uint64_t sum)
{
	snprintf(text, WALL_VERSION_MAX, "%s/%016llx", PACKAGE_VERSION,
	    (unsigned long long)sum);
}
