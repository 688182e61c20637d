/*
 * The monitor's functions that ask.c calls and this target never reaches.
 */
#include "daemon/monitor/monitor.h"

#include <stdlib.h>

void
monitor_move(struct monitor *m, enum monitor_state to)
{
	(void)m;
	(void)to;
	abort();
}

void
monitor_send(struct monitor *m, const struct wall_message *message)
{
	(void)m;
	(void)message;
	abort();
}

int
monitor_wait(struct monitor *m, const enum wall_type *types,
    struct wall_message *message)
{
	(void)m;
	(void)types;
	(void)message;
	abort();
}

void
monitor_call(struct monitor *m, enum slot_call call, const char *detail)
{
	(void)m;
	(void)call;
	(void)detail;
	abort();
}

void
monitor_call_done(struct monitor *m)
{
	(void)m;
	abort();
}

void
monitor_disconnect(struct monitor *m, uint32_t reason, const char *format, ...)
{
	(void)m;
	(void)reason;
	(void)format;
	abort();
}

void
monitor_login(struct monitor *m)
{
	(void)m;
	abort();
}
