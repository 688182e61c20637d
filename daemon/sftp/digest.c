/*
 * Digests of whole transfers.  An upload is whole if its bytes came in order
 * from the first and the file ends with the last of them; so is a download
 * that has read up to the end of the file.
 */
#include "daemon/sftp/digest.h"

#include "lib/mem.h"

#include <sys/stat.h>

#include <stdlib.h>

void
digest_begin(struct sftp_digest *d)
{
	d->on = true;
}

static void
start(struct sftp_digest *d)
{
	if (d->hash == NULL)
		d->hash = mem_alloc(sizeof(*d->hash));
	sha256_init(d->hash);
	d->next = 0;
}

void
digest_break(struct sftp_digest *d)
{
	free(d->hash);
	d->hash = NULL;
	d->broken = d->writes = d->on;
}

void
digest_resized(struct sftp_digest *d, uint64_t size)
{
	if (d->on && size < d->next)
		digest_break(d);
}

static void
add(struct sftp_digest *d, uint64_t offset, const void *data, size_t len)
{
	if (d->broken || len == 0)
		return;
	if (d->hash == NULL)
		start(d);
	if (offset != d->next) {
		digest_break(d);
		return;
	}
	sha256_add(d->hash, data, len);
	d->next += len;
}

void
digest_read(
    struct sftp_digest *d, uint64_t offset, const void *data, size_t len)
{
	if (d->on && !d->writes)
		add(d, offset, data, len);
}

void
digest_written(
    struct sftp_digest *d, uint64_t offset, const void *data, size_t len)
{
	if (!d->on)
		return;
	if (!d->writes) {
		d->writes = true;
		d->broken = false;
		start(d);
	}
	add(d, offset, data, len);
}

void
digest_end(
    struct sftp_digest *d, int fd, char out[SHA256_TEXT_SIZE], bool *partial)
{
	struct stat st;

	out[0] = '\0';
	if (d->hash != NULL &&
	    (fstat(fd, &st) != 0 || (uint64_t)st.st_size != d->next))
		digest_break(d);
	*partial = d->broken;
	if (d->hash != NULL)
		sha256_end_text(d->hash, out);
	free(d->hash);
	d->hash = NULL;
}
