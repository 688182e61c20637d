/*
 * The arguments of sallyport-ticketholder (see tickets.h).
 */
#include "privsep/tickets.h"

#include "lib/err.h"
#include "privsep/wall_version.h"

#include <stdio.h>
#include <string.h>

const char *
tickets_version(void)
{
	static char text[WALL_VERSION_MAX];
	uint64_t sum = WALL_VERSION_START;

	if (text[0] == '\0') {
		WALL_MONITORS_DOOR(WALL_VERSION_ADD)
		WALL_MONITOR_TICKETS(WALL_VERSION_ADD)
		WALL_TICKETS_MONITOR(WALL_VERSION_ADD)
		WALL_MASTER_TICKETS(WALL_VERSION_ADD)
		WALL_TICKETS_MASTER(WALL_VERSION_ADD)
		wall_version_write(text, sum);
	}
	return text;
}

int
tickets_parse(int argc, char **argv, struct tickets_arguments *out)
{
	unsigned uid = 0, gid = 0;
	int at = 0;

	if (argc != 4 || strcmp(argv[1], tickets_version()) != 0)
		return E_STATE;
	if (sscanf(argv[2], "--log-level=%d", &out->log_level) != 1 ||
	    sscanf(argv[3], "--drop=%u:%u:%n", &uid, &gid, &at) != 2 || at == 0)
		return E_FORMAT;
	out->uid = uid;
	out->gid = gid;
	snprintf(out->empty, sizeof(out->empty), "%s", &argv[3][at]);
	return strlen(&argv[3][at]) < sizeof(out->empty) ? 0 : E_FORMAT;
}
