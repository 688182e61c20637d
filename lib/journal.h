/*
 * Records in journald's native protocol: fields one after another, each as
 * "NAME=value\n", or, where the value has a newline, as NAME, a newline, the
 * length in 64 bits (little endian), the value, a newline.  See
 * systemd.io/JOURNAL_NATIVE_PROTOCOL.
 */
#ifndef LIB_JOURNAL_H
#define LIB_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#define JOURNAL_PATH "/run/systemd/journal/socket"
/* Where journald reads what is written to /dev/log. */
#define JOURNAL_SYSLOG_PATH "/run/systemd/journal/dev-log"
/* journald drops a field with a longer name, or with other characters. */
#define JOURNAL_NAME_MAX 64

/* A record in the making; no terminator is written. */
struct journal {
	char *data;
	size_t len, size;
	bool cut; /* a field was left out */
};

void journal_begin(struct journal *j, char *room, size_t size);

/*
 * Add a field; the value may hold any bytes.  A field that does not fit, or
 * whose name journald would not take (A-Z, 0-9 and _, begins with a letter,
 * at most JOURNAL_NAME_MAX), is left out whole: false.
 */
bool journal_field(
    struct journal *j, const char *name, const char *value, size_t len);

/*
 * Send a record that no datagram holds: as a sealed memfd.  Does not block.
 * 0, or -1 with errno as sendmsg() and memfd_create() set it.
 */
int journal_send_sealed(int fd, const char *record, size_t len);

#endif
