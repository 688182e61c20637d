/*
 * The helpers of modules that one image of the master leaves to the next.
 * Where that is another process, the kernel ends them with the old one, and
 * the new one starts them again behind the same doors.
 */
#include "daemon/master/master.h"

#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/rd.h"

#define HELPERS_MAX 16

struct helper *
carry_blank_helper(struct generation *g, const char *module, const char *file)
{
	struct helper *h = mem_zalloc(sizeof(*h)), **at = &g->helpers;

	while (*at != NULL)
		at = &(*at)->next;
	*at = h;
	h->child.role = ROLE_HELPER;
	h->child.generation = g;
	h->child.pidfd = h->child.wall.fd = h->door = -1;
	h->module = mem_strdup(module);
	h->file = mem_strdup(file);
	return h;
}

void
carry_save_helpers(struct buf *b, const struct generation *g)
{
	uint32_t count = 0;

	for (const struct helper *h = g->helpers; h != NULL; h = h->next)
		count++;
	buf_u32(b, count);
	for (const struct helper *h = g->helpers; h != NULL; h = h->next) {
		buf_text(b, h->module);
		buf_text(b, h->file);
		carry_keep(b, h->door);
		buf_u32(b, h->restarts);
		buf_u64(b, h->taken);
		buf_u64(b, h->answered);
		carry_save_child(b, &h->child);
	}
}

void
carry_load_helpers(struct rd *r, struct generation *g)
{
	uint32_t count = rd_u32(r);

	for (uint32_t i = 0; i < count && i < HELPERS_MAX && r->err == 0; i++) {
		char module[64 + 1], file[4096 + 1];
		struct helper *h;

		rd_text(r, module, sizeof(module));
		rd_text(r, file, sizeof(file));
		if (r->err != 0)
			return;
		h = carry_blank_helper(g, module, file);
		h->door = carry_take(r);
		h->restarts = rd_u32(r);
		h->taken = rd_u64(r);
		h->answered = rd_u64(r);
		carry_load_child(r, g, &h->child, ROLE_HELPER,
		    PATH_MASTER_HELPER, PATH_HELPER_MASTER);
	}
}
