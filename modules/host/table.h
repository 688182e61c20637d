/*
 * The functions that modules get, in every program that hosts them.
 */
#ifndef MODULES_HOST_TABLE_H
#define MODULES_HOST_TABLE_H

#include "modules/host/login.h"

extern const struct sallyport_host host_table;

#endif
