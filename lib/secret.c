/*
 * Memory for secrets, for every process that must keep one.
 */
#include "lib/secret.h"

#include "lib/err.h"

#include <sys/mman.h>

#include <string.h>
#include <unistd.h>

void
wipe(void *data, size_t len)
{
	if (len != 0)
		explicit_bzero(data, len);
}

int
secret_init(struct secret *s, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped = (len / page + 1) * page;
	void *data;

	memset(s, 0, sizeof(*s));
	data = mmap(NULL, mapped, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (data == MAP_FAILED)
		return E_SYSTEM;
	if (madvise(data, mapped, MADV_DONTDUMP) != 0) {
		munmap(data, mapped);
		return E_SYSTEM;
	}
	/* RLIMIT_MEMLOCK may be used up: then the swap must be encrypted. */
	(void)mlock(data, mapped);
	s->data = data;
	s->len = len;
	s->mapped = mapped;
	return 0;
}

int
secret_init_unshared(struct secret *s, size_t len)
{
	int err = secret_init(s, len);

	if (err == 0 && madvise(s->data, s->mapped, MADV_WIPEONFORK) != 0) {
		secret_free(s);
		return E_SYSTEM;
	}
	return err;
}

void
secret_free(struct secret *s)
{
	if (s->data == NULL)
		return;
	wipe(s->data, s->mapped);
	munmap(s->data, s->mapped);
	memset(s, 0, sizeof(*s));
}

bool
secret_equal(const void *a, size_t a_len, const void *b, size_t b_len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t diff = 0;

	if (a_len != b_len)
		return false;
	for (size_t i = 0; i < a_len; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}
