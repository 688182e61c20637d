/*
 * The encoder of journald's native protocol, for lib/audit_journal.c, and the
 * way of its large records, for lib/syslog_out.c.  No value can end its field:
 * one with a newline is sent with its length.
 */
#include "lib/journal.h"

#include "lib/fd.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

void
journal_begin(struct journal *j, char *room, size_t size)
{
	*j = (struct journal){.data = room, .size = size};
}

static bool
good_name(const char *name, size_t len)
{
	if (len == 0 || len > JOURNAL_NAME_MAX || name[0] < 'A' ||
	    name[0] > 'Z')
		return false;
	return strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == len;
}

static void
put(struct journal *j, const void *data, size_t len)
{
	memcpy(&j->data[j->len], data, len);
	j->len += len;
}

bool
journal_field(
    struct journal *j, const char *name, const char *value, size_t len)
{
	bool framed = memchr(value, '\n', len) != NULL;
	size_t name_len = strlen(name), room = j->size - j->len;
	size_t around = name_len + 2 + (framed ? sizeof(uint64_t) : 0);
	uint8_t size[sizeof(uint64_t)];

	if (!good_name(name, name_len) || room < around ||
	    room - around < len) {
		j->cut = true;
		return false;
	}
	put(j, name, name_len);
	put(j, framed ? "\n" : "=", 1);
	for (size_t i = 0; i < sizeof(size); i++)
		size[i] = (uint8_t)((uint64_t)len >> (8 * i));
	if (framed)
		put(j, size, sizeof(size));
	put(j, value, len);
	put(j, "\n", 1);
	return true;
}

/* journald takes a descriptor from a message without bytes. */
static int
send_fd(int fd, int file)
{
	ssize_t n;

	do
		n = fd_send(fd, NULL, 0, &file, 1, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -1 : 0;
}

int
journal_send_sealed(int fd, const char *record, size_t len)
{
	const int seals =
	    F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int file, err = -1, saved;
	size_t done = 0;
	ssize_t n;

	file =
	    memfd_create("sallyport-journal", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (file < 0)
		return -1;
	for (; done < len; done += (size_t)n) {
		n = write(file, &record[done], len - done);
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n <= 0)
			break;
	}
	if (done == len && fcntl(file, F_ADD_SEALS, seals) == 0)
		err = send_fd(fd, file);
	saved = errno;
	close(file);
	errno = saved;
	return err;
}
