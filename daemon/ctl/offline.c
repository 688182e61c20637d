/*
 * The configuration as it is on disk, for the commands that need no server.
 */
#include "daemon/ctl/ctl.h"

#include "config/load.h"

#include <stdio.h>

struct config *
offline_config(const struct ctl *ctl, struct bundle *bundle)
{
	struct bundle own = {0};
	struct problems problems = {0};
	struct config *config = NULL;

	if (config_bundle_read(ctl->config_file, &own, &problems) != 0 ||
	    config_load(&own, &config, &problems) != 0) {
		problems_print(&problems, stderr);
		config = NULL;
	}
	problems_free(&problems);
	if (config != NULL && bundle != NULL)
		*bundle = own;
	else
		config_bundle_free(&own);
	return config;
}
