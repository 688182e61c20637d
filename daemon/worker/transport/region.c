/*
 * The worker's two stream buffers.  They are mapped at their full size, so
 * that bytes are never copied from a smaller one to a larger one; what the
 * kernel has not been made to touch costs nothing.
 */
#include "daemon/worker/transport/region.h"

#include "lib/err.h"

#include <sys/mman.h>

#include <string.h>

#define PAGE 4096

int
region_init(struct region *r, size_t size)
{
	void *base = mmap(NULL, size, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	memset(r, 0, sizeof(*r));
	if (base == MAP_FAILED)
		return E_SYSTEM;
	/* A huge page would undo the thrift; kernels without them refuse. */
	(void)madvise(base, size, MADV_NOHUGEPAGE);
	r->base = base;
	r->size = size;
	return 0;
}

void
region_free(struct region *r)
{
	if (r->base != NULL)
		munmap(r->base, r->size);
	memset(r, 0, sizeof(*r));
}

size_t
region_used(const struct region *r)
{
	return r->end - r->start;
}

uint8_t *
region_room(struct region *r, size_t len)
{
	if (r->start == r->end)
		r->start = r->end = 0;
	if (len > r->size - r->end && r->start != 0) {
		memmove(r->base, &r->base[r->start], r->end - r->start);
		r->end -= r->start;
		r->start = 0;
	}
	return len > r->size - r->end ? NULL : &r->base[r->end];
}

void
region_add(struct region *r, size_t len)
{
	r->end += len;
	if (r->end > r->touched)
		r->touched = r->end;
}

void
region_take(struct region *r, size_t len)
{
	r->start += len;
	if (r->start == r->end)
		r->start = r->end = 0;
}

void
region_trim(struct region *r)
{
	size_t keep = r->end < PAGE ? PAGE : (r->end + PAGE - 1) / PAGE * PAGE;

	if (r->touched > keep) {
		(void)madvise(&r->base[keep], r->size - keep, MADV_DONTNEED);
		r->touched = keep;
	}
}
