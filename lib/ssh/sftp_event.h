/*
 * The kinds of events that the SFTP server tells, which travel over the wall.
 */
#ifndef LIB_SSH_SFTP_EVENT_H
#define LIB_SSH_SFTP_EVENT_H

/* Behind each, the members of struct sftp_event that it has. */
enum sftp_event_type {
	SFTP_EVENT_BEGIN, /* start of the session */
	SFTP_EVENT_OPEN, /* path, open_flags, mode */
	SFTP_EVENT_CLOSE, /* path, bytes_*, milliseconds, forced */
	SFTP_EVENT_OPENDIR, /* path */
	SFTP_EVENT_CLOSEDIR, /* path, forced */
	SFTP_EVENT_REMOVE, /* path */
	SFTP_EVENT_MKDIR, /* path, mode */
	SFTP_EVENT_RMDIR, /* path */
	SFTP_EVENT_RENAME, /* path, new_path */
	SFTP_EVENT_POSIX_RENAME, /* path, new_path */
	SFTP_EVENT_HARDLINK, /* path, new_path */
	SFTP_EVENT_SYMLINK, /* path: what it points to, new_path: the link */
	SFTP_EVENT_SETSTAT, /* path, attr */
	SFTP_EVENT_FSYNC, /* path */
	SFTP_EVENT_STATVFS, /* path */
	SFTP_EVENT_COPY, /* path, new_path, bytes_written */
	SFTP_EVENT_DENIED, /* request, reason, path where there is one */
	SFTP_EVENT_BAD_MESSAGE, /* reason; the session ends or goes on */
	SFTP_EVENT_LOOKUP, /* request, path: stat, realpath, readlink ... */
	SFTP_EVENT_REQUEST, /* request, id: every one */
	SFTP_EVENT_SUMMARY, /* totals, milliseconds; the last event */
	SFTP_EVENT_COUNT
};

#endif
