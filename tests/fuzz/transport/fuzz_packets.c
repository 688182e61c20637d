/*
 * Payloads after the login, with rekeys.
 */
#include "tests/fuzz/transport/bench.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bench_payloads(PHASE_OPEN, data, size);
	return 0;
}
