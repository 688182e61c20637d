/*
 * The SFTP server, version 3 with OpenSSH's extensions: a library that the
 * session's child calls (`internal`: no exec, nothing needed in a chroot), and
 * that the program sallyport-sftp-server wraps for others.
 */
#ifndef DAEMON_SFTP_SFTP_H
#define DAEMON_SFTP_SFTP_H

#include "lib/ssh/sftp_event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Flags for the attributes that are present; the bits are the protocol's. */
enum sftp_attr_flag {
	SFTP_ATTR_SIZE = 1,
	SFTP_ATTR_OWNER = 2,
	SFTP_ATTR_MODE = 4,
	SFTP_ATTR_TIMES = 8,
};

/* Attributes as a client sends them. */
struct sftp_attr {
	uint32_t flags; /* enum sftp_attr_flag */
	uint64_t size;
	uint32_t uid;
	uint32_t gid;
	uint32_t permissions;
	uint32_t atime;
	uint32_t mtime;
};

/* Totals of a session, reported once at its end. */
struct sftp_totals {
	uint64_t requests;
	uint64_t files_opened;
	uint64_t files_read; /* handles that were read from */
	uint64_t files_written; /* handles that were written to */
	uint64_t bytes_read;
	uint64_t bytes_written;
	uint64_t removed;
	uint64_t renamed;
	uint64_t made; /* directories, hard and symbolic links */
	uint64_t attributes_set;
	uint64_t denied; /* refused by read-only or the request lists */
	uint64_t failed; /* any other error answered */
};

/* How much the receiver of events wants. */
enum sftp_detail {
	SFTP_DETAIL_CHANGES, /* what an audit needs */
	SFTP_DETAIL_LOOKUPS, /* and SFTP_EVENT_LOOKUP */
	SFTP_DETAIL_REQUESTS /* and SFTP_EVENT_REQUEST */
};

/*
 * One event.  Pointers live for the call only; texts are as the client sent
 * them, any byte but NUL: the receiver escapes.  An event is sent when its
 * outcome is known; status 0 is success.
 */
struct sftp_event {
	enum sftp_event_type type;
	const char *request; /* the protocol's name of it, "posix-rename" */
	uint32_t id;
	const char *path; /* or NULL */
	const char *new_path; /* or NULL */
	const char *directory; /* where a relative path starts */
	const char *reason; /* a text of ours, or NULL */
	uint32_t open_flags; /* SSH_FXF_ */
	uint32_t mode;
	uint64_t bytes_read;
	uint64_t bytes_written;
	uint64_t milliseconds; /* CLOSE, SUMMARY: how long it was open */
	bool forced; /* closed by the end of the session */
	const char *digest; /* CLOSE: SHA-256 of a whole transfer, else "" */
	bool partial; /* CLOSE: it was asked for, and there is none */
	const struct sftp_attr *attr;
	const struct sftp_totals *totals;
	uint32_t status; /* SSH_FX_ as answered */
	int error; /* errno behind it, or 0 */
};

typedef void sftp_event_receiver(void *context, const struct sftp_event *event);

struct sftp_options {
	int in; /* pipe or socket from the client; left open */
	int out; /* pipe or socket to the client, may be the same */

	/*
	 * Directory to start in, as seen from the root; NULL: stay here.  A
	 * caller who has called chroot() has called chdir("/") too.
	 */
	const char *start_directory;
	const char *user; /* the account's name */
	const char *home; /* its home as seen from here; NULL: unknown */
	bool set_umask;
	uint32_t umask;
	bool read_only;
	/* Comma-separated request names, or NULL; denied goes first. */
	const char *denied_requests;
	const char *allowed_requests;
	/* Never ask NSS (inside a chroot): names are numbers. */
	bool no_names;
	/* SYMLINK has the draft's order: sftp_peer_swaps_symlink(). */
	bool draft_symlink;
	/* Tell SHA-256 of what was moved; no data goes by reference then. */
	bool digest;

	sftp_event_receiver *on_event; /* or NULL */
	void *context;
	enum sftp_detail detail;
};

/* Results of sftp_server_run(): an exit status. */
#define SFTP_EXIT_OK	   0 /* the client closed its side */
#define SFTP_EXIT_LOST	   1 /* a stream failed */
#define SFTP_EXIT_PROTOCOL 255 /* the client broke the protocol */
#define SFTP_EXIT_OPTIONS  2 /* an option does not hold; nothing was read */

/*
 * Serve until the client closes.  The caller is the account already; it runs
 * in a process of its own: this changes the directory, the umask and the
 * dispositions of SIGPIPE and SIGXFSZ, and makes the process not dumpable.
 */
int sftp_server_run(const struct sftp_options *options);

/*
 * Whether each name in a comma-separated list is a request; if not, the
 * first unknown one is at *bad (of *bad_len bytes).
 */
bool sftp_requests_known(const char *list, const char **bad, size_t *bad_len);

/* The name of request number index for `-Q requests`, NULL after the last. */
const char *sftp_request_name(size_t index);

/*
 * Whether this peer (its identification line) sends SYMLINK's names in the
 * draft's order to a server of our software name.
 */
bool sftp_peer_swaps_symlink(const char *peer, const char *ours);

/*
 * The event in the words of OpenSSH's sftp-server, escaped, one call of
 * line() per line.
 */
void sftp_event_lines(const struct sftp_event *event, const char *user,
    const char *from, void (*line)(void *context, const char *text),
    void *context);

#endif
