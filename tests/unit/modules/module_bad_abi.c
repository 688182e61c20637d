/*
 * A module of another day.
 */
#include "modules/sallyport_module.h"

SALLYPORT_MODULE = {
    .abi = SALLYPORT_MODULE_ABI + 1,
    .size = sizeof(struct sallyport_module),
    .name = "bad_abi",
};
