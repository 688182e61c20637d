/*
 * Replies, appended to the output buffer, and the events that go with them.
 * A packet is an SSH string, so buf_string_open/close make its frame.
 */
#include "daemon/sftp/server.h"

#include "lib/err.h"

#include <errno.h>
#include <string.h>

/* Texts where no errno says more; OpenSSH's, which clients show. */
static const char *const texts[SSH_FX_COUNT] = {
    [SSH_FX_OK] = "Success",
    [SSH_FX_EOF] = "End of file",
    [SSH_FX_NO_SUCH_FILE] = "No such file",
    [SSH_FX_PERMISSION_DENIED] = "Permission denied",
    [SSH_FX_FAILURE] = "Failure",
    [SSH_FX_BAD_MESSAGE] = "Bad message",
    [SSH_FX_NO_CONNECTION] = "No connection",
    [SSH_FX_CONNECTION_LOST] = "Connection lost",
    [SSH_FX_OP_UNSUPPORTED] = "Operation unsupported",
};

uint32_t
sftp_status_of(int error)
{
	switch (error) {
	case 0:
		return SSH_FX_OK;
	case ENOENT:
	case ENOTDIR:
	case EBADF:
	case ELOOP:
		return SSH_FX_NO_SUCH_FILE;
	case EPERM:
	case EACCES:
	case EFAULT:
	case EROFS:
		return SSH_FX_PERMISSION_DENIED;
	case ENAMETOOLONG:
	case EINVAL:
		return SSH_FX_BAD_MESSAGE;
	case ENOSYS:
	case EOPNOTSUPP:
		return SSH_FX_OP_UNSUPPORTED;
	default: /* ENOSPC, EDQUOT, EFBIG, EIO: the text tells which */
		return SSH_FX_FAILURE;
	}
}

void
event_send(struct sftp_server *s, const struct sftp_event *event)
{
	const struct sftp_options *o = s->options;
	struct sftp_event copy;

	if (o->on_event == NULL)
		return;
	if (event->type == SFTP_EVENT_LOOKUP && o->detail < SFTP_DETAIL_LOOKUPS)
		return;
	if (event->type == SFTP_EVENT_REQUEST &&
	    o->detail < SFTP_DETAIL_REQUESTS)
		return;
	copy = *event;
	copy.directory = s->directory;
	o->on_event(o->context, &copy);
}

struct sftp_event *
event_begin(struct sftp_request *q, enum sftp_event_type type, const char *path)
{
	q->event = (struct sftp_event){
	    .type = type, .request = q->name, .id = q->id, .path = path};
	return &q->event;
}

void
event_done(struct sftp_server *s, struct sftp_request *q)
{
	if (q->event.type != SFTP_EVENT_COUNT)
		event_send(s, &q->event);
	q->event.type = SFTP_EVENT_COUNT;
}

void
reply_status_text(
    struct sftp_server *s, uint32_t id, uint32_t status, const char *text)
{
	size_t packet = buf_string_open(&s->out);

	buf_u8(&s->out, SSH_FXP_STATUS);
	buf_u32(&s->out, id);
	buf_u32(&s->out, status);
	if (s->version >= 3) {
		buf_text(&s->out, text);
		buf_text(&s->out, ""); /* language */
	}
	buf_string_close(&s->out, packet);
}

static void
answer(struct sftp_server *s, struct sftp_request *q, uint32_t status,
    int error, const char *text)
{
	if (status != SSH_FX_OK && status != SSH_FX_EOF)
		s->totals.failed++;
	q->event.status = status;
	q->event.error = error;
	reply_status_text(s, q->id, status,
	    text != NULL	      ? text :
		status < SSH_FX_COUNT ? texts[status] :
					"Unknown status");
	event_done(s, q);
}

void
reply_status(struct sftp_server *s, struct sftp_request *q, uint32_t status,
    const char *text)
{
	answer(s, q, status, 0, text);
}

void
reply_error(struct sftp_server *s, struct sftp_request *q, int error)
{
	answer(s, q, sftp_status_of(error), error,
	    error == 0 ? NULL : strerror(error));
}

void
reply_bad(struct sftp_server *s, struct sftp_request *q)
{
	struct sftp_event *e = event_begin(q, SFTP_EVENT_BAD_MESSAGE, NULL);

	e->reason = err_text(q->body.err);
	reply_status(s, q, SSH_FX_BAD_MESSAGE, NULL);
}

void
reply_handle(struct sftp_server *s, struct sftp_request *q, uint32_t number)
{
	size_t packet = buf_string_open(&s->out);

	buf_u8(&s->out, SSH_FXP_HANDLE);
	buf_u32(&s->out, q->id);
	buf_u32(&s->out, sizeof(number));
	buf_u32(&s->out, number);
	buf_string_close(&s->out, packet);
	event_done(s, q);
}

void
reply_attrs(
    struct sftp_server *s, struct sftp_request *q, const struct stat *st)
{
	size_t packet = buf_string_open(&s->out);

	buf_u8(&s->out, SSH_FXP_ATTRS);
	buf_u32(&s->out, q->id);
	attr_write(&s->out, st);
	buf_string_close(&s->out, packet);
	event_done(s, q);
}

void
reply_name(struct sftp_server *s, struct sftp_request *q, const char *name)
{
	size_t packet = buf_string_open(&s->out);

	buf_u8(&s->out, SSH_FXP_NAME);
	buf_u32(&s->out, q->id);
	buf_u32(&s->out, 1);
	buf_text(&s->out, name);
	buf_text(&s->out, name); /* longname */
	attr_write_none(&s->out);
	buf_string_close(&s->out, packet);
	event_done(s, q);
}
