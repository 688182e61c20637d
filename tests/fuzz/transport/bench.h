/*
 * A worker for the fuzz targets of transport/ and userauth/: brought to a
 * phase by hand, without keys, so that mutations reach the handlers.
 */
#ifndef TESTS_FUZZ_TRANSPORT_BENCH_H
#define TESTS_FUZZ_TRANSPORT_BENCH_H

#include "daemon/worker/worker.h"

/* Run one worker over the bytes as a client's stream, from its first. */
void bench_stream(const uint8_t *data, size_t size);

/*
 * Run one worker from a phase on over payloads, each with two bytes of length
 * before it, packed here.  The monitor answers; everybody's password is "pw".
 */
void bench_payloads(enum phase phase, const uint8_t *data, size_t size);

#endif
