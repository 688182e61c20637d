/*
 * Hold a configuration against a benchmark, or the site's own items.
 */
#ifndef CONFIG_COMPLIANCE_JUDGE_H
#define CONFIG_COMPLIANCE_JUDGE_H

#include "config/compliance/own.h"
#include "config/compliance/tables.h"

/*
 * The answers, for report_free().  only: the id of one item, NULL: all.  The
 * bundle is what the configuration was read from.
 */
struct report *compliance_judge(const struct config *config,
    const struct bundle *bundle, const struct benchmark_row *benchmark,
    const char *only);
struct report *compliance_judge_own(
    const struct config *config, const struct own_items *own, const char *only);

#endif
