/*
 * A module whose structure is cut off; or, built with NEWER, has options that
 * are larger than the server's.
 */
#include "modules/sallyport_module.h"

SALLYPORT_MODULE = {
    .abi = SALLYPORT_MODULE_ABI,
#ifdef NEWER
    .size = sizeof(struct sallyport_module),
    .option_size = sizeof(struct sallyport_option) + 8,
#else
    .size = 24,
#endif
    .name = "bad_size",
};
