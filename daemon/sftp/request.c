/*
 * The table of requests, which of them this session permits, and the way from
 * a packet to its handler.
 */
#include "daemon/sftp/server.h"

#include "lib/err.h"

#include <errno.h>
#include <string.h>

/* The first field of a request. */
enum subject { NOTHING, PATH, HANDLE };

struct row {
	const char *name; /* in -Q, -p, -P and audit */
	enum subject subject; /* told of when it is refused */
	const char *extension; /* its wire name, if it is one */
	const char *version; /* as advertised */
	uint8_t type;
	bool changes; /* refused when read-only; on_open looks at flags */
	sftp_handler *handler;
};

#define BASE(name, subject, type, changes, handler)                         \
	{                                                                   \
		name, subject, NULL, NULL, SSH_FXP_##type, changes, handler \
	}
#define EXTENSION(name, subject, wire, version, changes, handler)        \
	{                                                                \
		name, subject, wire, version, SSH_FXP_EXTENDED, changes, \
		    handler                                              \
	}

/* Base requests in order of number, from OPEN: found by index. */
static const struct row rows[] = {
    BASE("open", PATH, OPEN, false, on_open),
    BASE("close", HANDLE, CLOSE, false, on_close),
    BASE("read", HANDLE, READ, false, on_read),
    BASE("write", HANDLE, WRITE, true, on_write),
    BASE("lstat", PATH, LSTAT, false, on_lstat),
    BASE("fstat", HANDLE, FSTAT, false, on_fstat),
    BASE("setstat", PATH, SETSTAT, true, on_setstat),
    BASE("fsetstat", HANDLE, FSETSTAT, true, on_fsetstat),
    BASE("opendir", PATH, OPENDIR, false, on_opendir),
    BASE("readdir", HANDLE, READDIR, false, on_readdir),
    BASE("remove", PATH, REMOVE, true, on_remove),
    BASE("mkdir", PATH, MKDIR, true, on_mkdir),
    BASE("rmdir", PATH, RMDIR, true, on_rmdir),
    BASE("realpath", PATH, REALPATH, false, on_realpath),
    BASE("stat", PATH, STAT, false, on_stat),
    BASE("rename", PATH, RENAME, true, on_rename),
    BASE("readlink", PATH, READLINK, false, on_readlink),
    BASE("symlink", PATH, SYMLINK, true, on_symlink),
    EXTENSION("posix-rename", PATH, "posix-rename@openssh.com", "1", true,
	on_posix_rename),
    EXTENSION("statvfs", PATH, "statvfs@openssh.com", "2", false, on_statvfs),
    EXTENSION(
	"fstatvfs", HANDLE, "fstatvfs@openssh.com", "2", false, on_fstatvfs),
    EXTENSION("hardlink", PATH, "hardlink@openssh.com", "1", true, on_hardlink),
    EXTENSION("fsync", HANDLE, "fsync@openssh.com", "1", true, on_fsync),
    EXTENSION("lsetstat", PATH, "lsetstat@openssh.com", "1", true, on_lsetstat),
    EXTENSION("limits", NOTHING, "limits@openssh.com", "1", false, on_limits),
    EXTENSION("expand-path", PATH, "expand-path@openssh.com", "1", false,
	on_expand_path),
    EXTENSION("copy-data", HANDLE, "copy-data", "1", true, on_copy_data),
    EXTENSION("home-directory", PATH, "home-directory", "1", false,
	on_home_directory),
    EXTENSION("users-groups-by-id", NOTHING, "users-groups-by-id@openssh.com",
	"1", false, on_users_groups_by_id),
};
#define ROWS	  (sizeof(rows) / sizeof(rows[0]))
#define BASE_ROWS (SSH_FXP_SYMLINK - SSH_FXP_OPEN + 1)

_Static_assert(ROWS <= 64, "one bit each in a uint64_t");

const char *
sftp_request_name(size_t index)
{
	return index < ROWS ? rows[index].name : NULL;
}

static size_t
row_named(const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == len &&
		    memcmp(rows[i].name, name, len) == 0)
			break;
	return i;
}

/* The bits of a list; false at the first unknown name. */
static bool
list_bits(const char *list, uint64_t *bits, const char **bad, size_t *bad_len)
{
	size_t len, row;

	*bits = 0;
	while (*list != '\0') {
		len = strcspn(list, ",");
		row = row_named(list, len);
		if (row == ROWS) {
			*bad = list;
			*bad_len = len;
			return false;
		}
		*bits |= UINT64_C(1) << row;
		list += len;
		if (*list == ',')
			list++;
	}
	return true;
}

bool
sftp_requests_known(const char *list, const char **bad, size_t *bad_len)
{
	uint64_t bits;

	return list_bits(list, &bits, bad, bad_len);
}

bool
sftp_permitted(const struct sftp_options *options, uint64_t *permitted)
{
	uint64_t denied = 0, allowed = ~UINT64_C(0);
	const char *bad;
	size_t len;

	if (options->denied_requests != NULL &&
	    !list_bits(options->denied_requests, &denied, &bad, &len))
		return false;
	if (options->allowed_requests != NULL &&
	    !list_bits(options->allowed_requests, &allowed, &bad, &len))
		return false;
	*permitted = allowed & ~denied;
	return true;
}

static void
reply_version(struct sftp_server *s)
{
	size_t packet = buf_string_open(&s->out);

	buf_u8(&s->out, SSH_FXP_VERSION);
	buf_u32(&s->out, SFTP_VERSION);
	for (size_t i = BASE_ROWS; i < ROWS; i++) {
		if ((s->permitted >> i & 1) == 0)
			continue;
		if (rows[i].changes && s->options->read_only)
			continue;
		buf_text(&s->out, rows[i].extension);
		buf_text(&s->out, rows[i].version);
	}
	buf_string_close(&s->out, packet);
}

/* The rest of INIT is extensions of the client's, of which none concern us. */
static void
on_init(struct sftp_server *s, struct sftp_request *q)
{
	uint32_t version = rd_u32(&q->body);

	if (q->body.err != 0 || s->started) {
		s->broken = SFTP_EXIT_PROTOCOL;
		return;
	}
	s->started = true;
	s->version = version < SFTP_VERSION ? version : SFTP_VERSION;
	reply_version(s);
}

/* Without judging the body: what it names, for the audit. */
static const char *
subject_of(
    struct sftp_server *s, const struct sftp_request *q, enum subject subject)
{
	const struct sftp_handle *h;
	struct rd body = q->body;

	if (subject == PATH) {
		rd_text(&body, s->path, sizeof(s->path));
		return body.err == 0 ? s->path : NULL;
	}
	if (subject == NOTHING || rd_u32(&body) != sizeof(uint32_t))
		return NULL;
	h = handles_find(&s->handles, rd_u32(&body));
	return body.err == 0 && h != NULL ? h->path : NULL;
}

static void
refuse(struct sftp_server *s, struct sftp_request *q, const struct row *row,
    const char *reason)
{
	event_begin(q, SFTP_EVENT_DENIED, subject_of(s, q, row->subject))
	    ->reason = reason;
	s->totals.denied++;
	s->totals.failed--; /* counted as denied, not as failed */
	reply_status(s, q, SSH_FX_PERMISSION_DENIED, NULL);
}

static void
run(struct sftp_server *s, struct sftp_request *q, const struct row *row)
{
	q->name = row->name;
	if (s->options->detail >= SFTP_DETAIL_REQUESTS) {
		event_begin(q, SFTP_EVENT_REQUEST, NULL);
		event_done(s, q);
	}
	if ((s->permitted >> (row - rows) & 1) == 0)
		refuse(s, q, row, "not a permitted request");
	else if (row->changes && s->options->read_only)
		refuse(s, q, row, "read-only");
	else
		row->handler(s, q);
}

static void
run_extended(struct sftp_server *s, struct sftp_request *q)
{
	const uint8_t *name;
	size_t len;

	name = rd_string(&q->body, SFTP_PACKET_MAX, &len);
	if (!request_sound(s, q))
		return;
	for (size_t i = BASE_ROWS; i < ROWS; i++) {
		if (strlen(rows[i].extension) == len &&
		    memcmp(rows[i].extension, name, len) == 0) {
			run(s, q, &rows[i]);
			return;
		}
	}
	reply_status(s, q, SSH_FX_OP_UNSUPPORTED, NULL);
}

void
sftp_dispatch(struct sftp_server *s, const uint8_t *packet, size_t len)
{
	struct sftp_request q;
	uint8_t type;

	q.name = "unknown";
	q.event.type = SFTP_EVENT_COUNT;
	rd_init(&q.body, packet, len);
	type = rd_u8(&q.body);
	if (type == SSH_FXP_INIT) {
		on_init(s, &q);
		return;
	}
	q.id = rd_u32(&q.body);
	/* Without a number there is nothing to answer to. */
	if (q.body.err != 0 || !s->started) {
		s->broken = SFTP_EXIT_PROTOCOL;
		return;
	}
	s->totals.requests++;
	if (type != SSH_FXP_WRITE)
		sftp_batch_flush(s);
	if (type >= SSH_FXP_OPEN && type <= SSH_FXP_SYMLINK)
		run(s, &q, &rows[type - SSH_FXP_OPEN]);
	else if (type == SSH_FXP_EXTENDED)
		run_extended(s, &q);
	else
		reply_status(s, &q, SSH_FX_OP_UNSUPPORTED, NULL);
}

bool
request_sound(struct sftp_server *s, struct sftp_request *q)
{
	if (q->body.err == 0)
		return true;
	reply_bad(s, q);
	return false;
}

bool
request_path(struct sftp_server *s, struct sftp_request *q, char *text)
{
	rd_text(&q->body, text, PATH_MAX);
	if (q->body.err != E_TOO_LARGE)
		return request_sound(s, q);
	reply_error(s, q, ENAMETOOLONG);
	return false;
}

struct sftp_handle *
request_handle(
    struct sftp_server *s, struct sftp_request *q, enum sftp_handle_kind kind)
{
	struct sftp_handle *h;
	struct rd number;

	rd_sub(&q->body, 256, &number);
	h = handles_find(&s->handles, rd_u32(&number));
	if (q->body.err != 0) {
		reply_bad(s, q);
		return NULL;
	}
	if (rd_end(&number) == 0 && h != NULL &&
	    (kind == HANDLE_FREE || h->kind == kind))
		return h;
	reply_status(s, q, SSH_FX_FAILURE, "Invalid handle");
	return NULL;
}
