/*
 * Payloads of the service and of user authentication, with a monitor that
 * answers: every method, dialogues, a module's packets.
 */
#include "tests/fuzz/transport/bench.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bench_payloads(PHASE_SERVICE, data, size);
	return 0;
}
