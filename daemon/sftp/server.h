/*
 * Shared by the parts of the SFTP server: the state of one session, one
 * request, and the replies to it.  Every handler answers exactly once.
 */
#ifndef DAEMON_SFTP_SERVER_H
#define DAEMON_SFTP_SERVER_H

#include "daemon/sftp/handle.h"
#include "daemon/sftp/proto.h"
#include "daemon/sftp/sftp.h"
#include "lib/buf.h"
#include "lib/rd.h"

#include <sys/stat.h>
#include <sys/uio.h>

#include <limits.h>

#define SFTP_BATCH_MAX	 32
#define SFTP_STAGE_FILES 8

/* WRITEs to one handle at adjacent offsets, not yet done. */
struct sftp_batch {
	struct sftp_handle *handle;
	uint64_t offset;
	uint64_t len;
	int count;
	uint32_t id[SFTP_BATCH_MAX];
	struct iovec data[SFTP_BATCH_MAX]; /* in the input buffer */
};

/* READ data on its way by reference (stage.c). */
struct sftp_stage {
	bool tried; /* at the first large READ */
	bool open;
	int pipe[2];
	size_t len; /* bytes in it; they follow s->out */
	unsigned used; /* places in the pipe, at most */
	unsigned slots; /* that it has */
	/*
	 * The files whose pages may not have been read by the client's side
	 * yet: in the pipe, or in the stream behind it.  More than there is
	 * room for: any file.
	 */
	struct {
		dev_t device;
		ino_t inode;
	} files[SFTP_STAGE_FILES];
	unsigned n_files;
};

struct sftp_server {
	const struct sftp_options *options;
	uint8_t *in; /* SFTP_IN_SIZE bytes; head..tail not yet handled */
	size_t head;
	size_t tail;
	bool in_ended;
	bool in_is_socket;
	bool in_polls; /* poll() before read() */
	bool in_flows; /* the last read brought much */
	struct buf out; /* over SFTP_OUT_SIZE bytes */
	size_t sent; /* of out */
	bool out_is_socket;
	struct sftp_stage stage;
	struct sftp_handles handles;
	struct sftp_batch batch;
	uint64_t permitted; /* a bit per row of the request table */
	bool draft_symlink;
	bool started; /* INIT has been seen */
	uint32_t version; /* the smaller of both sides' */
	int broken; /* SFTP_EXIT_ to end with, or 0 */
	struct sftp_totals totals;
	uint64_t began; /* handles_clock() */
	char directory[PATH_MAX];
	/* Paths of the request at hand: kept here, not zeroed on a stack. */
	char path[PATH_MAX];
	char new_path[PATH_MAX];
	char digest[SHA256_TEXT_SIZE]; /* of the handle that was closed */
};

struct sftp_request {
	const char *name;
	uint32_t id;
	struct rd body;
	/* Facts for the audit besides the status. */
	struct sftp_event event;
};

typedef void sftp_handler(struct sftp_server *s, struct sftp_request *q);

/* request.c: one packet, without its length; ends the session if broken. */
void sftp_dispatch(struct sftp_server *s, const uint8_t *packet, size_t len);
/* The permitted requests from the two lists; false if one is not valid. */
bool sftp_permitted(const struct sftp_options *options, uint64_t *permitted);

/*
 * stage.c: large READ data goes from the page cache to the client's stream by
 * reference, through a pipe of our own, and is never copied here.
 */
bool stage_is_open(struct sftp_server *s); /* opens it when first asked */
void stage_close(struct sftp_server *s);
/* Whether one more packet of the largest size can be taken. */
bool stage_has_room(const struct sftp_server *s);
/*
 * Stage a header and len bytes of a file.  If the file has fewer, their
 * number is returned and everything staged is at the end of s->out, the
 * header in front of those bytes, for the caller to put right.
 */
size_t stage_packet(struct sftp_server *s, uint8_t *header, size_t header_len,
    int fd, uint64_t offset, size_t len);
/* Move what s->out holds from mark on behind what is staged. */
void stage_move(struct sftp_server *s, size_t mark);
/* Pages of this file are about to be staged. */
void stage_names(struct sftp_server *s, dev_t device, ino_t inode);
/*
 * The contents of a file (fd; -1: of any) are about to change: wait until
 * nobody will read them out of pages of that file that were passed on before.
 */
void stage_settle(struct sftp_server *s, int fd);
/* server.c: write what fits without waiting; whether nothing is left. */
bool server_write_out(struct sftp_server *s);
/* Pass on what the client's stream takes; 0, or -1 with errno. */
int stage_pass(struct sftp_server *s);

/* write.c: do the WRITEs held back, before the input buffer moves. */
void sftp_batch_flush(struct sftp_server *s);

/* reply.c */
uint32_t sftp_status_of(int error);
void reply_status_text(
    struct sftp_server *s, uint32_t id, uint32_t status, const char *text);
/* Answer with a status; and send the request's event if it has one. */
void reply_status(struct sftp_server *s, struct sftp_request *q,
    uint32_t status, const char *text);
/* The same from errno; 0 is success. */
void reply_error(struct sftp_server *s, struct sftp_request *q, int error);
void reply_bad(struct sftp_server *s, struct sftp_request *q);
void reply_handle(
    struct sftp_server *s, struct sftp_request *q, uint32_t number);
void reply_attrs(
    struct sftp_server *s, struct sftp_request *q, const struct stat *st);
/* A NAME of one name without attributes. */
void reply_name(
    struct sftp_server *s, struct sftp_request *q, const char *name);
/* Send the request's event as a success (replies other than a status). */
void event_done(struct sftp_server *s, struct sftp_request *q);
void event_send(struct sftp_server *s, const struct sftp_event *event);
/* Name the event a request is to send, with its path. */
struct sftp_event *event_begin(
    struct sftp_request *q, enum sftp_event_type type, const char *path);

/*
 * The next path of the request into text[PATH_MAX].  False: the request has
 * been answered (malformed, or too long).
 */
bool request_path(struct sftp_server *s, struct sftp_request *q, char *text);
/* The next handle; NULL: answered.  kind 0 is any. */
struct sftp_handle *request_handle(
    struct sftp_server *s, struct sftp_request *q, enum sftp_handle_kind kind);
/* Whether the body was read without a failure; false: answered. */
bool request_sound(struct sftp_server *s, struct sftp_request *q);

/* attr.c */
void attr_read(struct rd *r, struct sftp_attr *attr);
void attr_write(struct buf *b, const struct stat *st);
void attr_write_none(struct buf *b);
/* Apply to a path (fd -1) or to an open file; 0 or errno. */
int attr_apply(
    int fd, const char *path, bool follow, const struct sftp_attr *attr);

/* The handlers, one per request. */
sftp_handler on_open, on_close, on_read, on_write, on_fstat, on_fsetstat,
    on_fsync, on_copy_data, on_fstatvfs;
sftp_handler on_lstat, on_stat, on_setstat, on_lsetstat, on_remove, on_mkdir,
    on_rmdir, on_rename, on_posix_rename, on_hardlink, on_symlink, on_readlink,
    on_statvfs;
sftp_handler on_realpath, on_expand_path, on_home_directory, on_limits,
    on_users_groups_by_id;
sftp_handler on_opendir, on_readdir;

/* Close a handle, tell of it, count it; 0 or errno. */
int handle_finish(struct sftp_server *s, struct sftp_request *q,
    struct sftp_handle *h, bool forced);

#endif
