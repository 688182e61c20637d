/*
 * Whether the policy asks for recordings.
 */
#ifndef CONFIG_RECORDING_H
#define CONFIG_RECORDING_H

#include "config/config.h"

/* May a rule, an overlay or a guard have a channel recorded? */
bool config_records(const struct config *config);

#endif
