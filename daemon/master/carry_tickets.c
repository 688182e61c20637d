/*
 * The ticketholders that one image of the master leaves to the next: their
 * processes and walls, the held program, and the door of the monitors; and
 * behind them the helpers of modules.
 */
#include "daemon/master/master.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/rd.h"

void
carry_save_tickets(struct buf *b, const struct generation *g)
{
	uint32_t count = 0;

	carry_keep(b, g->tickets_binary);
	carry_keep(b, g->door);
	for (const struct tickets *t = g->tickets; t != NULL; t = t->next)
		count++;
	buf_u32(b, count);
	for (const struct tickets *t = g->tickets; t != NULL; t = t->next) {
		buf_bool(b, t->retired);
		carry_save_child(b, &t->child);
	}
	carry_save_helpers(b, g);
}

void
carry_load_tickets(struct rd *r, struct generation *g)
{
	struct tickets **at = &g->tickets;
	uint32_t count;

	g->tickets_binary = carry_take(r);
	g->door = carry_take(r);
	count = rd_u32(r);
	for (uint32_t i = 0; i < count && r->err == 0; i++) {
		*at = mem_zalloc(sizeof(**at));
		(*at)->retired = rd_bool(r);
		carry_load_child(r, g, &(*at)->child, ROLE_TICKETHOLDER,
		    PATH_MASTER_TICKETS, PATH_TICKETS_MASTER);
		at = &(*at)->next;
	}
	carry_load_helpers(r, g);
}
