/*
 * The states of a monitor, and the only function that changes them.
 */
#include "daemon/monitor/monitor.h"
#include "privsep/die.h"

static const uint32_t moves[STATE_COUNT] = {
    [STATE_KEX] = IN(AUTH) | IN(CLOSING),
    [STATE_AUTH] = IN(ASKING) | IN(CHANGING) | IN(OPENING) | IN(CLOSING),
    [STATE_ASKING] = IN(AUTH) | IN(CLOSING),
    [STATE_CHANGING] = IN(AUTH) | IN(CLOSING),
    [STATE_OPENING] = IN(OPEN) | IN(CLOSING),
    [STATE_OPEN] = IN(CLOSING),
    [STATE_CLOSING] = 0,
};

void
monitor_move(struct monitor *m, enum monitor_state to)
{
	if (m->state == to && to == STATE_CLOSING)
		return;
	if ((unsigned)to >= STATE_COUNT || (moves[m->state] & (1u << to)) == 0)
		bug("monitor: move from state %u to %u", m->state, to);
	m->state = to;
	__atomic_store_n(&m->slot->state, to, __ATOMIC_RELAXED);
}
