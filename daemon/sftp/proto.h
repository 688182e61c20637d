/*
 * The numbers of the SSH File Transfer Protocol, version 3
 * (draft-ietf-secsh-filexfer-02), and this server's limits.
 */
#ifndef DAEMON_SFTP_PROTO_H
#define DAEMON_SFTP_PROTO_H

#include <stdint.h>

#define SFTP_VERSION 3

/* Requests, then replies. */
enum {
	SSH_FXP_INIT = 1,
	SSH_FXP_VERSION = 2,
	SSH_FXP_OPEN = 3,
	SSH_FXP_CLOSE = 4,
	SSH_FXP_READ = 5,
	SSH_FXP_WRITE = 6,
	SSH_FXP_LSTAT = 7,
	SSH_FXP_FSTAT = 8,
	SSH_FXP_SETSTAT = 9,
	SSH_FXP_FSETSTAT = 10,
	SSH_FXP_OPENDIR = 11,
	SSH_FXP_READDIR = 12,
	SSH_FXP_REMOVE = 13,
	SSH_FXP_MKDIR = 14,
	SSH_FXP_RMDIR = 15,
	SSH_FXP_REALPATH = 16,
	SSH_FXP_STAT = 17,
	SSH_FXP_RENAME = 18,
	SSH_FXP_READLINK = 19,
	SSH_FXP_SYMLINK = 20,
	SSH_FXP_STATUS = 101,
	SSH_FXP_HANDLE = 102,
	SSH_FXP_DATA = 103,
	SSH_FXP_NAME = 104,
	SSH_FXP_ATTRS = 105,
	SSH_FXP_EXTENDED = 200,
	SSH_FXP_EXTENDED_REPLY = 201
};

enum {
	SSH_FX_OK = 0,
	SSH_FX_EOF = 1,
	SSH_FX_NO_SUCH_FILE = 2,
	SSH_FX_PERMISSION_DENIED = 3,
	SSH_FX_FAILURE = 4,
	SSH_FX_BAD_MESSAGE = 5,
	SSH_FX_NO_CONNECTION = 6,
	SSH_FX_CONNECTION_LOST = 7,
	SSH_FX_OP_UNSUPPORTED = 8,
	SSH_FX_COUNT
};

/* Flags of OPEN. */
#define SSH_FXF_READ   0x01u
#define SSH_FXF_WRITE  0x02u
#define SSH_FXF_APPEND 0x04u
#define SSH_FXF_CREAT  0x08u
#define SSH_FXF_TRUNC  0x10u
#define SSH_FXF_EXCL   0x20u
/* The flags that change the file system. */
#define SSH_FXF_CHANGES \
	(SSH_FXF_WRITE | SSH_FXF_APPEND | SSH_FXF_CREAT | SSH_FXF_TRUNC)

/* Flags for the attributes that are present. */
#define SSH_FILEXFER_ATTR_SIZE	      0x00000001u
#define SSH_FILEXFER_ATTR_UIDGID      0x00000002u
#define SSH_FILEXFER_ATTR_PERMISSIONS 0x00000004u
#define SSH_FILEXFER_ATTR_ACMODTIME   0x00000008u
#define SSH_FILEXFER_ATTR_EXTENDED    0x80000000u

/* Flags in the reply to statvfs@openssh.com. */
#define SFTP_ST_RDONLY 1u
#define SFTP_ST_NOSUID 2u

/*
 * A packet without its length field; what one READ or WRITE carries.  They
 * are OpenSSH's, which its client takes for granted.
 */
#define SFTP_PACKET_MAX (256u * 1024)
#define SFTP_DATA_MAX	(SFTP_PACKET_MAX - 1024)

/* A packet of names stays below what every client must accept (section 3). */
#define SFTP_NAMES_MAX 32768u

/* Open handles, whatever the descriptor limit says. */
#define SFTP_HANDLES_MAX 16384u
/* Descriptors that are not handles: streams, log, a second file, NSS. */
#define SFTP_SPARE_FDS 16u

/* Buffers: one whole packet and what arrives behind it, and replies. */
#define SFTP_READ_CHUNK (256u * 1024)
#define SFTP_IN_SIZE	(2 * SFTP_READ_CHUNK + 4096)
/* Above so many bytes of replies the server writes before it goes on. */
#define SFTP_OUT_HIGH (192u * 1024)
/* Staged data may have to go back into this buffer. */
#define SFTP_OUT_SIZE (SFTP_OUT_HIGH + SFTP_PACKET_MAX + SFTP_STAGE_SIZE + 8192)

/* The streams' pipes, where the kernel allows; a user has 64 MB of them. */
#define SFTP_PIPE_SIZE	(512 * 1024)
#define SFTP_STAGE_SIZE (1024 * 1024)

/* Below so many bytes a READ is cheaper copied than passed by reference. */
#define SFTP_STAGE_MIN (16u * 1024)

#endif
