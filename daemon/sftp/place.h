/*
 * The canonical name of a path, without /proc and without allocation.
 */
#ifndef DAEMON_SFTP_PLACE_H
#define DAEMON_SFTP_PLACE_H

/*
 * path, from the absolute directory if it is relative, with links, "." and
 * ".." resolved, into real[PATH_MAX].  Its last component need not exist.
 * 0 or errno.
 */
int place_real(const char *path, const char *directory, char *real);

#endif
