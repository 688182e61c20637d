/*
 * A recording and its manifest from any bytes; a zero byte stands between them.
 * What is read must lie within bounds, and a chain whose blocks were all right
 * is one whose last block is the last that is proven.
 */
#include "daemon/ctl/recordings/cast.h"
#include "daemon/ctl/recordings/manifest.h"
#include "lib/ssh/digest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_cast(int fd)
{
	struct cast_line line;
	enum cast_found found;
	struct cast c;

	if (cast_open(&c, fd) != 0) {
		if (c.why[0] == '\0')
			abort();
		cast_close(&c);
		return;
	}
	while ((found = cast_next(&c, &line)) == CAST_LINE)
		if (line.len > CAST_LINE_MAX)
			abort();
	if ((found == CAST_BAD) != (c.why[0] != '\0') || c.proven > c.blocks ||
	    (c.fault[0] == '\0' && c.proven != c.blocks))
		abort();
	cast_close(&c);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *zero = size > 0 ? memchr(data, 0, size) : NULL;
	size_t len = zero != NULL ? (size_t)(zero - data) : size;
	int fd = memfd_create("recording", MFD_CLOEXEC);
	struct manifest m;
	char why[CAST_WHY_MAX];

	if (fd < 0 || digest_preload() != 0 ||
	    write(fd, data, len) != (ssize_t)len || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	read_cast(fd);
	close(fd);
	if (zero != NULL) {
		(void)manifest_read(
		    &m, "manifest", zero + 1, size - len - 1, why, sizeof(why));
		manifest_free(&m);
	}
	return 0;
}
