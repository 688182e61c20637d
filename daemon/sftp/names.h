/*
 * Names of users and groups, and the "ls -l" line that READDIR carries.
 */
#ifndef DAEMON_SFTP_NAMES_H
#define DAEMON_SFTP_NAMES_H

#include <sys/stat.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest name told; a longer one counts as unknown. */
#define NAME_TEXT_MAX 64

/*
 * The name of an id; "" if there is none.  Remembered for the session: a
 * listing asks for the same few again and again.  Asks NSS: never in a chroot.
 */
const char *names_user(uint32_t uid);
const char *names_group(uint32_t gid);

/*
 * The line for one entry into line[size], cut if it must be, terminated;
 * returns its length.  Ids are shown as numbers if numeric.
 */
size_t names_long(char *line, size_t size, const char *name,
    const struct stat *st, bool numeric);

#endif
