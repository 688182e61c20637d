/*
 * New host keys on disk.  Written beside their place under a name of their
 * own, synced, and only then linked into it: link() does not replace, so two
 * that run at once cannot give the host two keys.
 */
#include "lib/ssh/key_generate.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/key_private.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct place {
	int dir; /* the directory */
	const char *name; /* in it */
};

enum key_type
key_generate_type(const char *path, unsigned *bits)
{
	static const struct {
		const char *ending;
		enum key_type type;
		unsigned bits;
	} rows[] = {
	    {"_mldsa44_ed25519_key", KEY_MLDSA44_ED25519, 0},
	    {"_ed25519_key", KEY_ED25519, 0},
	    {"_ecdsa_key", KEY_ECDSA_P256, 0},
	    {"_rsa_key", KEY_RSA, KEY_GENERATE_RSA_BITS},
	};
	size_t len = strlen(path), ending;

	*bits = 0;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ending = strlen(rows[i].ending);
		if (len > ending &&
		    strcmp(&path[len - ending], rows[i].ending) == 0) {
			*bits = rows[i].bits;
			return rows[i].type;
		}
	}
	return KEY_NONE;
}

static int
write_all(int fd, const struct buf *b)
{
	size_t at = 0;
	ssize_t n;

	while (at < b->len) {
		n = write(fd, &b->data[at], b->len - at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return E_SYSTEM;
		at += (size_t)n;
	}
	return 0;
}

/* The contents, on disk, under a temporary name; -1 or a descriptor. */
static int
write_temporary(const struct place *p, const char *temporary, mode_t mode,
    const struct buf *b)
{
	int fd = openat(p->dir, temporary,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int saved;

	if (fd < 0)
		return E_SYSTEM;
	if (write_all(fd, b) == 0 && fchmod(fd, mode) == 0 && fsync(fd) == 0 &&
	    close(fd) == 0)
		return 0;
	saved = errno;
	close(fd);
	unlinkat(p->dir, temporary, 0);
	errno = saved;
	return E_SYSTEM;
}

static char *
temporary_name(const struct place *p)
{
	return mem_printf(".%s.%ld.new", p->name, (long)getpid());
}

/* 0, E_EXISTS or E_SYSTEM. */
static int
put_private(const struct place *p, const struct buf *b)
{
	char *temporary = temporary_name(p);
	int err = write_temporary(p, temporary, 0600, b), saved;

	if (err == 0 && linkat(p->dir, temporary, p->dir, p->name, 0) != 0)
		err = errno == EEXIST ? E_EXISTS : E_SYSTEM;
	saved = errno;
	unlinkat(p->dir, temporary, 0);
	errno = saved;
	free(temporary);
	return err;
}

/* An older .pub without its private half is of no use: it is replaced. */
static int
put_public(const struct place *p, const struct buf *b)
{
	char *temporary = temporary_name(p);
	char *name = mem_printf("%s.pub", p->name);
	int err = write_temporary(p, temporary, 0644, b);

	if (err == 0 && renameat(p->dir, temporary, p->dir, name) != 0) {
		err = E_SYSTEM;
		unlinkat(p->dir, temporary, 0);
	}
	free(name);
	free(temporary);
	return err;
}

static int
put_both(
    const struct place *p, const struct key_private *key, const char *comment)
{
	struct buf private, public;
	int err;

	buf_init(&private, KEY_FILE_MAX);
	buf_init(&public, KEY_FILE_MAX);
	if ((err = key_private_write(key, comment, &private)) != 0)
		goto out;
	key_write_line(key_private_public(key), comment, &public);
	buf_u8(&public, '\n');
	if ((err = buf_end(&public)) != 0 ||
	    (err = put_private(p, &private)) != 0 ||
	    (err = put_public(p, &public)) != 0)
		goto out;
	err = fsync(p->dir) == 0 ? 0 : E_SYSTEM;
out:
	buf_free(&private);
	buf_free(&public);
	return err;
}

/* The directory is opened once: what happens to its name is no matter. */
static int
open_place(const char *path, struct place *p)
{
	const char *slash = strrchr(path, '/');
	char *dir = slash == NULL ? mem_strdup(".") :
	    slash == path	  ? mem_strdup("/") :
				    mem_strndup(path, (size_t)(slash - path));

	p->name = slash == NULL ? path : &slash[1];
	p->dir = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(dir);
	return p->dir < 0 ? E_SYSTEM : 0;
}

static int
copy_public(const struct key_private *key, struct key **public)
{
	size_t len;
	const uint8_t *blob = key_blob(key_private_public(key), &len);

	return public == NULL ? 0 : key_parse(blob, len, public);
}

static int
generate(const struct place *p, enum key_type type, unsigned bits,
    const char *comment, struct key **public)
{
	struct key_private *key = NULL;
	struct stat st;
	int err;

	/* Asked first, because an RSA key takes its time to make. */
	if (fstatat(p->dir, p->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return E_EXISTS;
	if (errno != ENOENT)
		return E_SYSTEM;
	if ((err = key_private_generate(type, bits, &key)) == 0 &&
	    (err = put_both(p, key, comment)) == 0)
		err = copy_public(key, public);
	key_private_free(key);
	return err;
}

int
key_generate_file(const char *path, enum key_type type, unsigned bits,
    const char *comment, struct key **public, char *why, size_t size)
{
	struct place place = {.dir = -1};
	int err = open_place(path, &place);

	if (err == 0)
		err = generate(&place, type, bits, comment, public);
	if (err != 0)
		snprintf(why, size, "%s: %s", path,
		    err == E_SYSTEM ? strerror(errno) : err_text(err));
	if (place.dir >= 0)
		close(place.dir);
	return err;
}
