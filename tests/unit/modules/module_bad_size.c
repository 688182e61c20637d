/*
 * A module whose structure is cut off.
 */
#include "modules/sallyport_module.h"

SALLYPORT_MODULE = {
    .abi = SALLYPORT_MODULE_ABI,
    .size = 24,
    .name = "bad_size",
};
