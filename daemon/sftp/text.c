/*
 * Events in the words of OpenSSH's sftp-server, which log watchers know.
 * Whatever a client named is escaped: no path can end a line or a quotation.
 */
#include "daemon/sftp/proto.h"
#include "daemon/sftp/sftp.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* A path of which every byte is escaped: "\ooo". */
#define QUOTED_MAX (4 * PATH_MAX + 1)
#define LINE_MAX_  (2 * QUOTED_MAX + 256)

struct teller {
	const struct sftp_event *event;
	void (*line)(void *context, const char *text);
	void *context;
	char path[QUOTED_MAX];
	char new_path[QUOTED_MAX];
};

static void say(const struct teller *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
say(const struct teller *t, const char *format, ...)
{
	static char text[LINE_MAX_];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	t->line(t->context, text);
}

/* Printable ASCII as it is, the rest in octal; '"' and '\' get a '\'. */
static void
quote(char *quoted, const char *text)
{
	char *at = quoted;

	for (; text != NULL && *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (at + 5 > quoted + QUOTED_MAX)
			break;
		if (c == '"' || c == '\\') {
			*at++ = '\\';
			*at++ = (char)c;
		} else if (c >= 0x20 && c < 0x7f)
			*at++ = (char)c;
		else {
			*at++ = '\\';
			*at++ = (char)('0' + (c >> 6));
			*at++ = (char)('0' + (c >> 3 & 7));
			*at++ = (char)('0' + (c & 7));
		}
	}
	*at = '\0';
}

static const char *
flag_names(uint32_t flags, char names[64])
{
	static const char *const known[] = {
	    "READ", "WRITE", "APPEND", "CREATE", "TRUNCATE", "EXCL"};
	size_t len = 0;

	names[0] = '\0';
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((flags >> i & 1) != 0)
			len += (size_t)snprintf(&names[len], 64 - len, "%s%s",
			    len == 0 ? "" : ",", known[i]);
	return names;
}

static void
say_open(const struct teller *t)
{
	char names[64];

	say(t, "open \"%s\" flags %s mode 0%o", t->path,
	    flag_names(t->event->open_flags, names), t->event->mode);
}

static void
say_setstat(const struct teller *t)
{
	const struct sftp_attr *a = t->event->attr;
	char text[64] = "";
	time_t when = a->mtime;
	struct tm tm;

	if ((a->flags & SSH_FILEXFER_ATTR_SIZE) != 0)
		say(t, "set \"%s\" size %llu", t->path,
		    (unsigned long long)a->size);
	if ((a->flags & SSH_FILEXFER_ATTR_PERMISSIONS) != 0)
		say(t, "set \"%s\" mode %04o", t->path, a->permissions);
	if ((a->flags & SSH_FILEXFER_ATTR_ACMODTIME) != 0) {
		if (localtime_r(&when, &tm) != NULL)
			strftime(text, sizeof(text), "%Y%m%d-%H:%M:%S", &tm);
		say(t, "set \"%s\" modtime %s", t->path, text);
	}
	if ((a->flags & SSH_FILEXFER_ATTR_UIDGID) != 0)
		say(t, "set \"%s\" owner %lu group %lu", t->path,
		    (unsigned long)a->uid, (unsigned long)a->gid);
}

static void
say_denied(const struct teller *t)
{
	const struct sftp_event *e = t->event;
	bool open = e->path != NULL && e->open_flags != 0;
	bool named = e->path != NULL && !open;
	const char *after =
	    strcmp(e->reason, "read-only") == 0 ? " in read-only mode" : ": ";

	if (open)
		say_open(t);
	say(t, "Refusing %s request%s%s%s%s%s", e->request, after,
	    after[0] == ':' ? e->reason : "", named ? " name \"" : "",
	    named ? t->path : "", named ? "\"" : "");
}

static void
say_summary(const struct teller *t, const char *user, const char *from)
{
	const struct sftp_totals *n = t->event->totals;
	typedef unsigned long long u;

	say(t,
	    "session summary: requests %llu opened %llu files read %llu "
	    "written %llu bytes read %llu written %llu removed %llu "
	    "renamed %llu made %llu attributes set %llu denied %llu "
	    "failed %llu",
	    (u)n->requests, (u)n->files_opened, (u)n->files_read,
	    (u)n->files_written, (u)n->bytes_read, (u)n->bytes_written,
	    (u)n->removed, (u)n->renamed, (u)n->made, (u)n->attributes_set,
	    (u)n->denied, (u)n->failed);
	say(t, "session closed for local user %s from [%s]", user, from);
}

static void
say_close(const struct teller *t, const char *forced)
{
	const struct sftp_event *e = t->event;

	if (e->type == SFTP_EVENT_CLOSEDIR)
		say(t, "%sclosedir \"%s\"", forced, t->path);
	else
		say(t, "%sclose \"%s\" bytes read %llu written %llu", forced,
		    t->path, (unsigned long long)e->bytes_read,
		    (unsigned long long)e->bytes_written);
}

static void
say_what(const struct teller *t, const char *user, const char *from)
{
	const struct sftp_event *e = t->event;

	switch (e->type) {
	case SFTP_EVENT_BEGIN:
		say(t, "session opened for local user %s from [%s]", user,
		    from);
		break;
	case SFTP_EVENT_OPEN:
		say_open(t);
		break;
	case SFTP_EVENT_CLOSE:
	case SFTP_EVENT_CLOSEDIR:
		say_close(t, e->forced ? "forced " : "");
		break;
	case SFTP_EVENT_OPENDIR:
	case SFTP_EVENT_FSYNC:
	case SFTP_EVENT_STATVFS:
		say(t, "%s \"%s\"", e->request, t->path);
		break;
	case SFTP_EVENT_REMOVE:
	case SFTP_EVENT_RMDIR:
		say(t, "%s name \"%s\"", e->request, t->path);
		break;
	case SFTP_EVENT_MKDIR:
		say(t, "mkdir name \"%s\" mode 0%o", t->path, e->mode);
		break;
	case SFTP_EVENT_RENAME:
	case SFTP_EVENT_POSIX_RENAME:
	case SFTP_EVENT_HARDLINK:
	case SFTP_EVENT_SYMLINK:
		say(t, "%s old \"%s\" new \"%s\"", e->request, t->path,
		    t->new_path);
		break;
	case SFTP_EVENT_COPY:
		say(t, "copy-data from \"%s\" to \"%s\" bytes %llu", t->path,
		    t->new_path, (unsigned long long)e->bytes_written);
		break;
	case SFTP_EVENT_SETSTAT:
		say_setstat(t);
		break;
	case SFTP_EVENT_DENIED:
		say_denied(t);
		break;
	case SFTP_EVENT_BAD_MESSAGE:
		say(t, "%s: %s%s%s", e->path != NULL ? t->path : "bad message",
		    e->reason, e->error != 0 ? ": " : "",
		    e->error != 0 ? strerror(e->error) : "");
		break;
	case SFTP_EVENT_LOOKUP:
		say(t, "%s \"%s\"", e->request, t->path);
		break;
	case SFTP_EVENT_REQUEST:
		say(t, "request %u: %s", e->id, e->request);
		break;
	case SFTP_EVENT_SUMMARY:
		say_summary(t, user, from);
		break;
	case SFTP_EVENT_COUNT:
		break;
	}
}

static const char *
status_name(uint32_t status)
{
	static const char *const names[SSH_FX_COUNT] = {"Success",
	    "End of file", "No such file", "Permission denied", "Failure",
	    "Bad message", "No connection", "Connection lost",
	    "Operation unsupported"};

	return status < SSH_FX_COUNT ? names[status] : "Unknown status";
}

void
sftp_event_lines(const struct sftp_event *event, const char *user,
    const char *from, void (*line)(void *context, const char *text),
    void *context)
{
	static struct teller t; /* large, and one session a process */

	t.event = event;
	t.line = line;
	t.context = context;
	quote(t.path, event->path);
	quote(t.new_path, event->new_path);
	say_what(&t, user, from);
	if (event->status != SSH_FX_OK && event->status != SSH_FX_EOF)
		say(&t, "sent status %s%s%s", status_name(event->status),
		    event->error != 0 ? ": " : "",
		    event->error != 0 ? strerror(event->error) : "");
}
