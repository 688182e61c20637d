/*
 * Listings: streamed from the kernel, one bounded packet of names per
 * READDIR, whatever the directory's size.
 */
#include "daemon/sftp/names.h"
#include "daemon/sftp/server.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* One entry at most: two names, the line's columns, attributes. */
#define ENTRY_MAX (2 * NAME_MAX + 2 * NAME_TEXT_MAX + 128)

void
on_opendir(struct sftp_server *s, struct sftp_request *q)
{
	uint32_t number;
	DIR *directory;
	int fd;

	if (!request_path(s, q, s->path))
		return;
	event_begin(q, SFTP_EVENT_OPENDIR, s->path);
	if (!handles_have_room(&s->handles)) {
		reply_error(s, q, EMFILE);
		return;
	}
	fd = open(s->path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0) {
		reply_error(s, q, errno);
		return;
	}
	if ((directory = fdopendir(fd)) == NULL) {
		reply_error(s, q, errno);
		close(fd);
		return;
	}
	handles_add(&s->handles, fd, directory, s->path, &number);
	reply_handle(s, q, number);
}

static void
add_entry(struct sftp_server *s, const char *name, const struct stat *st)
{
	char line[ENTRY_MAX];
	size_t len =
	    names_long(line, sizeof(line), name, st, s->options->no_names);

	buf_text(&s->out, name);
	buf_string(&s->out, line, len);
	attr_write(&s->out, st);
}

/*
 * Add entries until the packet is full or the directory ends: their number,
 * or 0 with errno.  An entry that is gone meanwhile is left out.
 */
static uint32_t
add_entries(struct sftp_server *s, struct sftp_handle *h)
{
	size_t start = s->out.len;
	uint32_t count = 0;
	struct dirent *entry;
	struct stat st;

	errno = 0;
	while (s->out.len - start < SFTP_NAMES_MAX - 2 * ENTRY_MAX &&
	    (errno = 0, entry = readdir(h->directory)) != NULL) {
		if (fstatat(h->fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) !=
		    0)
			continue;
		add_entry(s, entry->d_name, &st);
		count++;
	}
	return count;
}

static void
store_count(struct sftp_server *s, size_t at, uint32_t count)
{
	struct buf place;

	buf_init_over(&place, &s->out.data[at], sizeof(count));
	buf_u32(&place, count);
}

void
on_readdir(struct sftp_server *s, struct sftp_request *q)
{
	struct sftp_handle *h = request_handle(s, q, HANDLE_DIRECTORY);
	size_t packet, number;
	uint32_t count;

	if (h == NULL)
		return;
	packet = buf_string_open(&s->out);
	buf_u8(&s->out, SSH_FXP_NAME);
	buf_u32(&s->out, q->id);
	number = s->out.len;
	buf_u32(&s->out, 0);
	count = add_entries(s, h);
	if (count != 0) {
		store_count(s, number, count);
		buf_string_close(&s->out, packet);
		return;
	}
	s->out.len = packet;
	if (errno == 0)
		reply_status(s, q, SSH_FX_EOF, NULL);
	else
		reply_error(s, q, errno);
}
