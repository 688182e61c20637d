/*
 * SFTP operations as the session's server tells them: each an event.
 */
#include "daemon/monitor/sessions.h"

#include "daemon/sftp/sftp.h"
#include "lib/audit.h"

#include <stdio.h>
#include <string.h>

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

static void
denied(const struct msg_file_event *e, const char *what)
{
	char reason[64];

	snprintf(reason, sizeof(reason), "status %u", e->status);
	AUDIT(file_denied, .kind = what, .path = e->path, .newpath = e->target,
	    .reason = reason);
}

void
audit_file_event(const struct msg_file_event *e)
{
	static const char *const names[SFTP_EVENT_COUNT] = {
	    [SFTP_EVENT_OPEN] = "open",
	    [SFTP_EVENT_OPENDIR] = "opendir",
	    [SFTP_EVENT_REMOVE] = "remove",
	    [SFTP_EVENT_MKDIR] = "mkdir",
	    [SFTP_EVENT_RMDIR] = "rmdir",
	    [SFTP_EVENT_RENAME] = "rename",
	    [SFTP_EVENT_POSIX_RENAME] = "rename",
	    [SFTP_EVENT_HARDLINK] = "hardlink",
	    [SFTP_EVENT_SYMLINK] = "symlink",
	    [SFTP_EVENT_SETSTAT] = "setstat",
	    [SFTP_EVENT_COPY] = "copy",
	    [SFTP_EVENT_DENIED] = "request",
	};
	char flags[96];

	if (e->kind >= SFTP_EVENT_COUNT)
		return;
	if (e->kind == SFTP_EVENT_DENIED ||
	    (e->status != 0 && names[e->kind] != NULL)) {
		denied(e, names[e->kind]);
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
		AUDIT(file_close, .path = e->path, .bytes_read = e->bytes_out,
		    .bytes_written = e->bytes_in);
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
		AUDIT(file_link, .kind = names[e->kind], .path = e->path,
		    .newpath = e->target);
		break;
	case SFTP_EVENT_SETSTAT:
		AUDIT(file_setstat, .path = e->path, .mode = (mode_t)e->mode);
		break;
	case SFTP_EVENT_SUMMARY:
		AUDIT(file_summary, .bytes_read = e->bytes_out,
		    .bytes_written = e->bytes_in);
		break;
	default:
		break;
	}
}
