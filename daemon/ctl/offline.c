/*
 * The configuration as it is on disk, for the commands that need no server.
 */
#include "daemon/ctl/ctl.h"

#include "config/load.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void
keep_first(const char *path, const struct problems *problems)
{
	size_t i = 0;
	char *line;

	while (
	    i < problems->count && problems->items[i].severity != PROBLEM_ERROR)
		i++;
	line = i < problems->count ? problem_line(&problems->items[i]) :
				     mem_printf("%s cannot be read", path);
	ctl_keep_error(line);
	free(line);
}

/* Without root nobody's server is at stake, and the file may be a draft. */
int
offline_read(const char *path, struct bundle *bundle, struct problems *problems)
{
	return geteuid() == 0 ?
	    config_bundle_read(path, bundle, problems) :
	    config_bundle_read_unjudged(path, bundle, problems);
}

static struct config *
read_config(const char *path,
    int (*read)(const char *, struct bundle *, struct problems *),
    struct bundle *bundle)
{
	struct bundle own = {0};
	struct problems problems = {0};
	struct config *config = NULL;

	if (read(path, &own, &problems) != 0 ||
	    config_load(&own, &config, &problems) != 0) {
		problems_print(&problems, stderr);
		keep_first(path, &problems);
		config = NULL;
	}
	problems_free(&problems);
	if (config != NULL && bundle != NULL)
		*bundle = own;
	else
		config_bundle_free(&own);
	return config;
}

struct config *
offline_config(const struct ctl *ctl, struct bundle *bundle)
{
	return read_config(ctl->config_file, offline_read, bundle);
}

struct config *
offline_draft(const char *path, struct bundle *bundle)
{
	return read_config(path, config_bundle_read_unjudged, bundle);
}
