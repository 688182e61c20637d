/*
 * The arguments of sallyport-ticketholder (see tickets.h).
 */
#include "config.h"

#include "privsep/tickets.h"

#include "lib/err.h"
#include "privsep/wall.h"

#include <stdio.h>
#include <string.h>

/* FNV-1a, as in session_exec.c. */
static void
add(uint64_t *sum, const char *text, uint64_t number)
{
	for (; *text != '\0'; text++)
		*sum = (*sum ^ (uint8_t)*text) * 0x100000001b3u;
	for (int i = 0; i < 64; i += 8)
		*sum = (*sum ^ (uint8_t)(number >> i)) * 0x100000001b3u;
}

#define ADD_FIELD(type, name, limit) add(&sum, #type " " #name, (limit));
#define ADD(name_, states, budget, fds, answers)                \
	add(&sum, #name_, ((uint64_t)MSG_##name_ << 32) | fds); \
	WALL_##name_(ADD_FIELD)

const char *
tickets_version(void)
{
	static char text[TICKETS_VERSION_MAX];
	uint64_t sum = 0xcbf29ce484222325u;

	if (text[0] != '\0')
		return text;
	WALL_MONITORS_DOOR(ADD)
	WALL_MONITOR_TICKETS(ADD)
	WALL_TICKETS_MONITOR(ADD)
	WALL_MASTER_TICKETS(ADD)
	WALL_TICKETS_MASTER(ADD)
	snprintf(text, sizeof(text), "%s/%016llx", PACKAGE_VERSION,
	    (unsigned long long)sum);
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
