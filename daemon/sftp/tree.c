/*
 * Requests that name files by path.
 */
#include "daemon/sftp/server.h"

#include <sys/statvfs.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool
two_paths(struct sftp_server *s, struct sftp_request *q)
{
	return request_path(s, q, s->path) && request_path(s, q, s->new_path);
}

void
on_stat(struct sftp_server *s, struct sftp_request *q)
{
	struct stat st;

	if (!request_path(s, q, s->path))
		return;
	event_begin(q, SFTP_EVENT_LOOKUP, s->path);
	if (stat(s->path, &st) != 0)
		reply_error(s, q, errno);
	else
		reply_attrs(s, q, &st);
}

void
on_lstat(struct sftp_server *s, struct sftp_request *q)
{
	struct stat st;

	if (!request_path(s, q, s->path))
		return;
	event_begin(q, SFTP_EVENT_LOOKUP, s->path);
	if (lstat(s->path, &st) != 0)
		reply_error(s, q, errno);
	else
		reply_attrs(s, q, &st);
}

static void
setstat_path(struct sftp_server *s, struct sftp_request *q, bool follow)
{
	struct sftp_attr attr;

	if (!request_path(s, q, s->path))
		return;
	attr_read(&q->body, &attr);
	if (!request_sound(s, q))
		return;
	event_begin(q, SFTP_EVENT_SETSTAT, s->path)->attr = &attr;
	s->totals.attributes_set++;
	if ((attr.flags & SSH_FILEXFER_ATTR_SIZE) != 0)
		stage_settle(s, -1);
	reply_error(s, q, attr_apply(-1, s->path, follow, &attr));
}

void
on_setstat(struct sftp_server *s, struct sftp_request *q)
{
	setstat_path(s, q, true);
}

void
on_lsetstat(struct sftp_server *s, struct sftp_request *q)
{
	setstat_path(s, q, false);
}

void
on_remove(struct sftp_server *s, struct sftp_request *q)
{
	int error;

	if (!request_path(s, q, s->path))
		return;
	event_begin(q, SFTP_EVENT_REMOVE, s->path);
	error = unlink(s->path) == 0 ? 0 : errno;
	s->totals.removed += error == 0;
	reply_error(s, q, error);
}

void
on_mkdir(struct sftp_server *s, struct sftp_request *q)
{
	struct sftp_attr attr;
	mode_t mode = 0777;
	int error;

	if (!request_path(s, q, s->path))
		return;
	attr_read(&q->body, &attr);
	if (!request_sound(s, q))
		return;
	if ((attr.flags & SSH_FILEXFER_ATTR_PERMISSIONS) != 0)
		mode = attr.permissions & 07777;
	event_begin(q, SFTP_EVENT_MKDIR, s->path)->mode = mode;
	error = mkdir(s->path, mode) == 0 ? 0 : errno;
	s->totals.made += error == 0;
	reply_error(s, q, error);
}

void
on_rmdir(struct sftp_server *s, struct sftp_request *q)
{
	int error;

	if (!request_path(s, q, s->path))
		return;
	event_begin(q, SFTP_EVENT_RMDIR, s->path);
	error = rmdir(s->path) == 0 ? 0 : errno;
	s->totals.removed += error == 0;
	reply_error(s, q, error);
}

/*
 * Rename that never replaces (version 3's meaning), where the file system
 * has no RENAME_NOREPLACE: by a hard link for files; for what cannot be
 * linked, after a look, as there is no better way.
 */
static int
rename_by_link(const char *path, const char *new_path)
{
	struct stat st;

	if (lstat(path, &st) != 0)
		return errno;
	if (S_ISREG(st.st_mode)) {
		if (link(path, new_path) == 0)
			return unlink(path) == 0 ? 0 : errno;
		if (errno != EOPNOTSUPP && errno != ENOSYS && errno != EPERM &&
		    errno != EXDEV && errno != EMLINK)
			return errno;
	}
	if (lstat(new_path, &st) == 0)
		return EEXIST;
	return rename(path, new_path) == 0 ? 0 : errno;
}

static int
rename_new(const char *path, const char *new_path)
{
	if (renameat2(AT_FDCWD, path, AT_FDCWD, new_path, RENAME_NOREPLACE) ==
	    0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return errno;
	return rename_by_link(path, new_path);
}

void
on_rename(struct sftp_server *s, struct sftp_request *q)
{
	int error;

	if (!two_paths(s, q))
		return;
	event_begin(q, SFTP_EVENT_RENAME, s->path)->new_path = s->new_path;
	error = rename_new(s->path, s->new_path);
	s->totals.renamed += error == 0;
	reply_error(s, q, error);
}

void
on_posix_rename(struct sftp_server *s, struct sftp_request *q)
{
	int error;

	if (!two_paths(s, q))
		return;
	event_begin(q, SFTP_EVENT_POSIX_RENAME, s->path)->new_path =
	    s->new_path;
	error = rename(s->path, s->new_path) == 0 ? 0 : errno;
	s->totals.renamed += error == 0;
	reply_error(s, q, error);
}

void
on_hardlink(struct sftp_server *s, struct sftp_request *q)
{
	int error;

	if (!two_paths(s, q))
		return;
	event_begin(q, SFTP_EVENT_HARDLINK, s->path)->new_path = s->new_path;
	error = link(s->path, s->new_path) == 0 ? 0 : errno;
	s->totals.made += error == 0;
	reply_error(s, q, error);
}

/*
 * The draft says linkpath, targetpath; OpenSSH wrote target, link, and so do
 * its clients; some clients use the draft's order unless the server is
 * named OpenSSH (see peer.c).
 */
void
on_symlink(struct sftp_server *s, struct sftp_request *q)
{
	char *target = s->draft_symlink ? s->new_path : s->path;
	char *link_path = s->draft_symlink ? s->path : s->new_path;
	int error;

	if (!two_paths(s, q))
		return;
	event_begin(q, SFTP_EVENT_SYMLINK, target)->new_path = link_path;
	error = symlink(target, link_path) == 0 ? 0 : errno;
	s->totals.made += error == 0;
	reply_error(s, q, error);
}

void
on_readlink(struct sftp_server *s, struct sftp_request *q)
{
	ssize_t n;

	if (!request_path(s, q, s->path))
		return;
	event_begin(q, SFTP_EVENT_LOOKUP, s->path);
	n = readlink(s->path, s->new_path, sizeof(s->new_path) - 1);
	if (n < 0) {
		reply_error(s, q, errno);
		return;
	}
	s->new_path[n] = '\0';
	reply_name(s, q, s->new_path);
}

static void
reply_statvfs(
    struct sftp_server *s, struct sftp_request *q, const struct statvfs *st)
{
	size_t packet = buf_string_open(&s->out);
	uint64_t flags = 0;

	if ((st->f_flag & ST_RDONLY) != 0)
		flags |= SFTP_ST_RDONLY;
	if ((st->f_flag & ST_NOSUID) != 0)
		flags |= SFTP_ST_NOSUID;
	buf_u8(&s->out, SSH_FXP_EXTENDED_REPLY);
	buf_u32(&s->out, q->id);
	buf_u64(&s->out, st->f_bsize);
	buf_u64(&s->out, st->f_frsize);
	buf_u64(&s->out, st->f_blocks);
	buf_u64(&s->out, st->f_bfree);
	buf_u64(&s->out, st->f_bavail);
	buf_u64(&s->out, st->f_files);
	buf_u64(&s->out, st->f_ffree);
	buf_u64(&s->out, st->f_favail);
	buf_u64(&s->out, st->f_fsid);
	buf_u64(&s->out, flags);
	buf_u64(&s->out, st->f_namemax);
	buf_string_close(&s->out, packet);
	event_done(s, q);
}

void
on_statvfs(struct sftp_server *s, struct sftp_request *q)
{
	struct statvfs st;

	if (!request_path(s, q, s->path))
		return;
	event_begin(q, SFTP_EVENT_STATVFS, s->path);
	if (statvfs(s->path, &st) != 0)
		reply_error(s, q, errno);
	else
		reply_statvfs(s, q, &st);
}

void
on_fstatvfs(struct sftp_server *s, struct sftp_request *q)
{
	struct sftp_handle *h = request_handle(s, q, HANDLE_FREE);
	struct statvfs st;

	if (h == NULL)
		return;
	event_begin(q, SFTP_EVENT_STATVFS, h->path);
	if (fstatvfs(h->fd, &st) != 0)
		reply_error(s, q, errno);
	else
		reply_statvfs(s, q, &st);
}
