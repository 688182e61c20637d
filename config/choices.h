/*
 * Words and their values; each array ends by a NULL word.
 */
#ifndef CONFIG_CHOICES_H
#define CONFIG_CHOICES_H

#include "config/options.h"

extern const struct choice profile_choices[];
extern const struct choice level_choices[];
extern const struct choice format_choices[];
extern const struct choice facility_choices[];
extern const struct choice linux_audit_choices[];
extern const struct choice owner_choices[];
extern const struct choice root_choices[];
extern const struct choice tun_choices[];
extern const struct choice tcp_choices[];
extern const struct choice gateway_choices[];
extern const struct choice hang_up_choices[];
extern const struct choice qos_choices[];
extern const struct choice outcome_choices[];
extern const struct choice reason_choices[]; /* enum refusal */

#endif
