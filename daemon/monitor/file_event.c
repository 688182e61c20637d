/*
 * SFTP operations as the session's server tells them: each an event.
 */
#include "daemon/monitor/sessions.h"

#include "daemon/sftp/sftp.h"
#include "lib/audit.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* SSH_FXF_ flags as words. */
static void
flag_words(uint32_t flags, char *text, size_t size)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} words[] = {{1, "READ"}, {2, "WRITE"}, {4, "APPEND"}, {8, "CREATE"},
	    {16, "TRUNCATE"}, {32, "EXCL"}};
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if ((flags & words[i].bit) != 0 && at < size)
			at += (size_t)snprintf(&text[at], size - at, "%s%s",
			    at == 0 ? "" : ",", words[i].word);
}

/* Empty over the wall: there is none. */
static const char *
present(const char *text)
{
	return text[0] != '\0' ? text : NULL;
}

static bool
is_digest(const char *text)
{
	return strlen(text) == 64 && strspn(text, "0123456789abcdef") == 64;
}

/* The request that was denied, and the reason: of the policy, or an error. */
static void
denied(const struct msg_file_event *e)
{
	char status[32];
	const char *reason = e->reason;

	snprintf(status, sizeof(status), "SFTP status %u", e->status);
	if (reason[0] == '\0')
		reason = e->error != 0 ? strerror((int)e->error) : status;
	AUDIT(file_denied, .kind = present(e->request),
	    .path = present(e->path), .newpath = present(e->target),
	    .reason = reason);
}

static void
utc(char *text, size_t size, uint32_t seconds)
{
	time_t when = (time_t)seconds;
	struct tm tm;

	gmtime_r(&when, &tm);
	strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &tm);
}

/* Only the attributes that the client set. */
static void
setstat(const struct msg_file_event *e)
{
	bool owner = (e->flags & SFTP_ATTR_OWNER) != 0;
	bool times = (e->flags & SFTP_ATTR_TIMES) != 0;
	char size[24], uid[16], gid[16], both[64], mtime[32];

	snprintf(size, sizeof(size), "%llu", (unsigned long long)e->size);
	snprintf(uid, sizeof(uid), "%u", e->owner);
	snprintf(gid, sizeof(gid), "%u", e->gid);
	utc(both, sizeof(both) - sizeof(mtime), e->atime);
	utc(mtime, sizeof(mtime), e->mtime);
	snprintf(&both[strlen(both)], sizeof(mtime), "/%.30s", mtime);
	AUDIT(file_setstat, .path = e->path,
	    .size = (e->flags & SFTP_ATTR_SIZE) != 0 ? size : NULL,
	    .mode = (e->flags & SFTP_ATTR_MODE) != 0 ?
		(e->mode & 07777) | AUDIT_MODE_GIVEN :
		0,
	    .owner = owner ? uid : NULL, .gid = owner ? gid : NULL,
	    .times = times ? both : NULL);
}

/* Operations that are events of their own; if they fail, they are denied. */
static bool
is_operation(uint8_t kind)
{
	switch ((enum sftp_event_type)kind) {
	case SFTP_EVENT_OPEN:
	case SFTP_EVENT_OPENDIR:
	case SFTP_EVENT_REMOVE:
	case SFTP_EVENT_MKDIR:
	case SFTP_EVENT_RMDIR:
	case SFTP_EVENT_RENAME:
	case SFTP_EVENT_POSIX_RENAME:
	case SFTP_EVENT_HARDLINK:
	case SFTP_EVENT_SYMLINK:
	case SFTP_EVENT_SETSTAT:
	case SFTP_EVENT_COPY:
		return true;
	default:
		return false;
	}
}

void
audit_file_event(const struct msg_file_event *e)
{
	char flags[96];

	if (e->kind == SFTP_EVENT_DENIED ||
	    (e->status != 0 && is_operation(e->kind))) {
		denied(e);
		return;
	}
	switch ((enum sftp_event_type)e->kind) {
	case SFTP_EVENT_BEGIN:
		AUDIT(file_begin, .channel = e->channel);
		break;
	case SFTP_EVENT_OPEN:
		flag_words(e->flags, flags, sizeof(flags));
		AUDIT(file_open, .path = e->path, .flags = flags,
		    .mode = (mode_t)e->mode);
		break;
	case SFTP_EVENT_CLOSE:
		AUDIT(file_close, .path = e->path, .bytes_read = e->bytes_read,
		    .bytes_written = e->bytes_written,
		    .digest = is_digest(e->digest) ? e->digest : NULL,
		    .partial = e->partial, .duration_ms = e->milliseconds);
		break;
	case SFTP_EVENT_OPENDIR:
		AUDIT(file_opendir, .path = e->path);
		break;
	case SFTP_EVENT_REMOVE:
		AUDIT(file_remove, .path = e->path);
		break;
	case SFTP_EVENT_MKDIR:
		AUDIT(file_mkdir, .path = e->path, .mode = (mode_t)e->mode);
		break;
	case SFTP_EVENT_RMDIR:
		AUDIT(file_rmdir, .path = e->path);
		break;
	case SFTP_EVENT_RENAME:
	case SFTP_EVENT_POSIX_RENAME:
		AUDIT(file_rename, .path = e->path, .newpath = e->target);
		break;
	case SFTP_EVENT_HARDLINK:
	case SFTP_EVENT_SYMLINK:
		AUDIT(file_link, .kind = present(e->request), .path = e->path,
		    .newpath = e->target);
		break;
	case SFTP_EVENT_SETSTAT:
		setstat(e);
		break;
	case SFTP_EVENT_SUMMARY:
		AUDIT(file_summary, .bytes_read = e->bytes_read,
		    .bytes_written = e->bytes_written,
		    .files_read = e->files_read,
		    .files_written = e->files_written,
		    .duration_ms = e->milliseconds);
		break;
	default:
		break;
	}
}
