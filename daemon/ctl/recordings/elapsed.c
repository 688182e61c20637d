/*
 * Times inside of a recording: elapsed.h.
 */
#include "daemon/ctl/recordings/elapsed.h"

#include <inttypes.h>
#include <stdio.h>

const char *
elapsed_seconds(uint64_t micros, char text[ELAPSED_SIZE])
{
	uint64_t s = micros / 1000000;

	snprintf(text, ELAPSED_SIZE, "%02" PRIu64 ":%02u:%02u", s / 3600,
	    (unsigned)(s / 60 % 60), (unsigned)(s % 60));
	return text;
}

const char *
elapsed_print(uint64_t micros, char text[ELAPSED_SIZE])
{
	char whole[ELAPSED_SIZE];

	snprintf(text, ELAPSED_SIZE, "%.32s.%06u",
	    elapsed_seconds(micros, whole), (unsigned)(micros % 1000000));
	return text;
}
