/*
 * A client's stream from its first byte: identification, packets in the clear.
 */
#include "tests/fuzz/transport/bench.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bench_stream(data, size);
	return 0;
}
