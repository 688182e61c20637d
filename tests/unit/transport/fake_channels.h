/*
 * Channels for tests of the transport: sessions whose commands are a source,
 * a sink or an echo of bytes, inside the worker itself.
 */
#ifndef TESTS_UNIT_TRANSPORT_FAKE_CHANNELS_H
#define TESTS_UNIT_TRANSPORT_FAKE_CHANNELS_H

#include <stdbool.h>
#include <stdint.h>

struct fake_channels {
	bool started;
	uint32_t peer, window;
	uint64_t to_send; /* source */
	uint64_t received; /* sink */
	bool sourcing, echoing, finished;
	unsigned requests, resumes;
	uint8_t next; /* the pattern of a source */
};

extern struct fake_channels fake_channels;

#endif
