/*
 * File attributes: from the wire, to the wire, and onto a file.
 */
#include "daemon/sftp/server.h"

#include <sys/syscall.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* the same on every architecture; Linux 6.6 */
#endif

_Static_assert(SFTP_ATTR_SIZE == SSH_FILEXFER_ATTR_SIZE &&
	SFTP_ATTR_OWNER == SSH_FILEXFER_ATTR_UIDGID &&
	SFTP_ATTR_MODE == SSH_FILEXFER_ATTR_PERMISSIONS &&
	SFTP_ATTR_TIMES == SSH_FILEXFER_ATTR_ACMODTIME,
    "the bits of the protocol");

void
attr_read(struct rd *r, struct sftp_attr *attr)
{
	uint32_t count = 0;
	size_t len;

	*attr = (struct sftp_attr){.flags = rd_u32(r)};
	if ((attr->flags & SSH_FILEXFER_ATTR_SIZE) != 0)
		attr->size = rd_u64(r);
	if ((attr->flags & SSH_FILEXFER_ATTR_UIDGID) != 0) {
		attr->uid = rd_u32(r);
		attr->gid = rd_u32(r);
	}
	if ((attr->flags & SSH_FILEXFER_ATTR_PERMISSIONS) != 0)
		attr->permissions = rd_u32(r);
	if ((attr->flags & SSH_FILEXFER_ATTR_ACMODTIME) != 0) {
		attr->atime = rd_u32(r);
		attr->mtime = rd_u32(r);
	}
	if ((attr->flags & SSH_FILEXFER_ATTR_EXTENDED) != 0)
		count = rd_u32(r);
	while (count-- != 0 && r->err == 0) { /* type, data: none known */
		(void)rd_string(r, SFTP_PACKET_MAX, &len);
		(void)rd_string(r, SFTP_PACKET_MAX, &len);
	}
}

/* Version 3 has 32 bits for a time: what does not fit goes to the end. */
static uint32_t
wire_time(time_t t)
{
	if (t < 0)
		return 0;
	return t > UINT32_MAX ? UINT32_MAX : (uint32_t)t;
}

void
attr_write(struct buf *b, const struct stat *st)
{
	buf_u32(b,
	    SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_UIDGID |
		SSH_FILEXFER_ATTR_PERMISSIONS | SSH_FILEXFER_ATTR_ACMODTIME);
	buf_u64(b, st->st_size < 0 ? 0 : (uint64_t)st->st_size);
	buf_u32(b, st->st_uid);
	buf_u32(b, st->st_gid);
	buf_u32(b, st->st_mode);
	buf_u32(b, wire_time(st->st_atime));
	buf_u32(b, wire_time(st->st_mtime));
}

void
attr_write_none(struct buf *b)
{
	buf_u32(b, 0);
}

/*
 * chmod that does not follow a link.  Old kernels cannot, and glibc's help
 * needs /proc, which a chroot may lack; then through a descriptor.
 */
static int
chmod_nofollow(const char *path, mode_t mode)
{
	struct stat st;
	int fd, error = 0;

	if (syscall(SYS_fchmodat2, AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW) ==
	    0)
		return 0;
	if (errno != ENOSYS && errno != EPERM)
		return errno;
	if (lstat(path, &st) != 0)
		return errno;
	if (S_ISLNK(st.st_mode))
		return EOPNOTSUPP;
	fd = open(
	    path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (fchmod(fd, mode) != 0)
		error = errno;
	close(fd);
	return error;
}

static int
set_owner(int fd, const char *path, bool follow, const struct sftp_attr *attr)
{
	int flag = follow ? 0 : AT_SYMLINK_NOFOLLOW;

	if (fd >= 0)
		return fchown(fd, attr->uid, attr->gid) == 0 ? 0 : errno;
	return fchownat(AT_FDCWD, path, attr->uid, attr->gid, flag) == 0 ?
	    0 :
	    errno;
}

static int
set_mode(int fd, const char *path, bool follow, const struct sftp_attr *attr)
{
	mode_t mode = attr->permissions & 07777;

	if (fd >= 0)
		return fchmod(fd, mode) == 0 ? 0 : errno;
	if (!follow)
		return chmod_nofollow(path, mode);
	return chmod(path, mode) == 0 ? 0 : errno;
}

static int
set_times(int fd, const char *path, bool follow, const struct sftp_attr *attr)
{
	struct timespec times[2] = {
	    {.tv_sec = attr->atime}, {.tv_sec = attr->mtime}};
	int flag = follow ? 0 : AT_SYMLINK_NOFOLLOW;

	if (fd >= 0)
		return futimens(fd, times) == 0 ? 0 : errno;
	return utimensat(AT_FDCWD, path, times, flag) == 0 ? 0 : errno;
}

static int
set_size(int fd, const char *path, bool follow, const struct sftp_attr *attr)
{
	int own, error = 0;

	if (attr->size > INT64_MAX)
		return EFBIG;
	if (fd >= 0)
		return ftruncate(fd, (off_t)attr->size) == 0 ? 0 : errno;
	if (!follow)
		return EINVAL; /* a link has no size to set */
	/* Opened, not truncate(2): a FIFO or device must not hang the session.
	 */
	own = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (own < 0)
		return errno;
	if (ftruncate(own, (off_t)attr->size) != 0)
		error = errno;
	if (close(own) != 0 && error == 0)
		error = errno;
	return error;
}

/*
 * Each attribute is tried, whatever became of those before it, and the first
 * error is reported: clients send owner, mode and times in one request and
 * expect what is possible to be done.  Owner before mode, because it clears
 * set-id bits; times last, because a new size sets them.
 */
int
attr_apply(int fd, const char *path, bool follow, const struct sftp_attr *attr)
{
	static const struct {
		uint32_t flag;
		int (*set)(int, const char *, bool, const struct sftp_attr *);
	} steps[] = {
	    {SSH_FILEXFER_ATTR_SIZE, set_size},
	    {SSH_FILEXFER_ATTR_UIDGID, set_owner},
	    {SSH_FILEXFER_ATTR_PERMISSIONS, set_mode},
	    {SSH_FILEXFER_ATTR_ACMODTIME, set_times},
	};
	int error, first = 0;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		if ((attr->flags & steps[i].flag) == 0)
			continue;
		error = steps[i].set(fd, path, follow, attr);
		if (first == 0)
			first = error;
	}
	return first;
}
