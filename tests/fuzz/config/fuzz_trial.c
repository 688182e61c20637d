/*
 * The file of a policy on trial: any bytes, and once more what they held.
 */
#include "config/trial.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trial_file file, again;
	struct buf bytes;

	if (trial_file_parse(data, size, &file) != 0)
		return 0;
	buf_init(&bytes, TRIAL_FILE_MAX);
	trial_file_write(&file, &bytes);
	if (buf_end(&bytes) != 0 ||
	    trial_file_parse(bytes.data, bytes.len, &again) != 0 ||
	    !config_bundle_equal(&file.before, &again.before) ||
	    !config_bundle_equal(&file.candidate, &again.candidate))
		abort();
	buf_free(&bytes);
	trial_file_free(&file);
	trial_file_free(&again);
	return 0;
}
