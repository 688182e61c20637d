/*
 * The configuration's bytes: from disk once, by root, checked as files that
 * grant access; then through a sealed memfd.  Used by the master (read and
 * seal), the templates (back from the descriptor) and sallyportctl.
 */
#include "config/bundle.h"
#include "config/config.h"
#include "config/crypto_policy.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/safefile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUNDLE_MAGIC "sallyport bundle 1"
#define SEALS	     (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

int
config_bundle_add(
    struct bundle *bundle, const char *path, const void *bytes, size_t len)
{
	struct bundle_file *file;

	if (bundle->count >= CONFIG_FILES_MAX)
		return E_LIMIT;
	bundle->files =
	    mem_grow(bundle->files, bundle->count + 1, sizeof(*bundle->files));
	file = &bundle->files[bundle->count++];
	file->path = mem_strdup(path);
	file->bytes = mem_alloc(len + 1);
	if (len != 0)
		memcpy(file->bytes, bytes, len);
	file->bytes[len] = '\0';
	file->len = len;
	return 0;
}

void
config_bundle_free(struct bundle *bundle)
{
	size_t i;

	for (i = 0; i < bundle->count; i++) {
		free(bundle->files[i].path);
		free(bundle->files[i].bytes);
	}
	free(bundle->files);
	memset(bundle, 0, sizeof(*bundle));
}

/* A file of any owner: no use to a server, but its words can be judged. */
static int
read_unjudged(const char *path, struct buf *bytes, char why[SAFEFILE_WHY_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	int err = E_SYSTEM;

	if (fd < 0 || fstat(fd, &st) != 0) {
		snprintf(why, SAFEFILE_WHY_MAX, "%s", strerror(errno));
	} else if (!S_ISREG(st.st_mode)) {
		snprintf(why, SAFEFILE_WHY_MAX, "is not a regular file");
	} else {
		err = safefile_read_fd(fd, CONFIG_FILE_MAX, bytes);
		if (err != 0)
			snprintf(why, SAFEFILE_WHY_MAX, "%s", err_text(err));
	}
	if (fd >= 0)
		close(fd);
	return err;
}

static void
read_file(const char *path, bool judged, struct bundle *bundle,
    struct problems *problems)
{
	struct safefile_rules rules = {.owner = geteuid(),
	    .flags = SAFEFILE_FOLLOW,
	    .max = CONFIG_FILE_MAX};
	char why[SAFEFILE_WHY_MAX] = "";
	struct buf bytes;
	int err;

	buf_init(&bytes, CONFIG_FILE_MAX);
	/* Else a directory on the way may be blamed for what is not there. */
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		snprintf(why, sizeof(why), "no such file");
		err = E_NOT_FOUND;
	} else {
		err = judged ? safefile_read(path, &rules, &bytes, why) :
			       read_unjudged(path, &bytes, why);
	}
	if (err == E_TOO_LARGE)
		problem_error(problems, path, 0,
		    "larger than %d bytes: not "
		    "read",
		    CONFIG_FILE_MAX);
	else if (err != 0)
		problem_error(problems, path, 0, "%s", why);
	else if (config_bundle_add(bundle, path, bytes.data, bytes.len) != 0)
		problem_error(
		    problems, path, 0, "more than %d files", CONFIG_FILES_MAX);
	buf_free(&bytes);
}

static int
is_drop_in(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return entry->d_name[0] != '.' && len > 5 &&
	    strcmp(entry->d_name + len - 5, ".conf") == 0;
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void
read_drop_ins(const char *directory, bool judged, struct bundle *bundle,
    struct problems *problems)
{
	struct dirent **entries = NULL;
	int i, count;
	char *path;

	count = scandir(directory, &entries, is_drop_in, by_name);
	if (count < 0 && errno != ENOENT)
		problem_error(problems, directory, 0, "cannot be listed: %s",
		    strerror(errno));
	for (i = 0; i < count; i++) {
		path = mem_printf("%s/%s", directory, entries[i]->d_name);
		read_file(path, judged, bundle, problems);
		free(path);
		free(entries[i]);
	}
	free(entries);
}

/* The system's policy on algorithms goes along where some file may name it; a
 * word too many costs nothing. */
static bool
may_need_policy(const struct bundle *bundle)
{
	for (size_t i = 0; i < bundle->count; i++)
		if (memmem(bundle->files[i].bytes, bundle->files[i].len,
			"\"system\"", strlen("\"system\"")) != NULL)
			return access(CRYPTO_POLICY_FILE, F_OK) == 0 ||
			    errno != ENOENT;
	return false;
}

static int
read_bundle(const char *main_path, bool judged, struct bundle *bundle,
    struct problems *problems)
{
	size_t errors = problems->errors;
	char *path, *directory, *slash;

	memset(bundle, 0, sizeof(*bundle));
	path = main_path[0] == '/' ? mem_strdup(main_path) :
				     realpath(main_path, NULL);
	if (path == NULL) {
		problem_error(problems, main_path, 0, "%s", strerror(errno));
		return E_SYSTEM;
	}
	slash = strrchr(path, '/');
	directory = mem_printf("%.*s/policy.d", (int)(slash - path), path);
	read_drop_ins(directory, judged, bundle, problems);
	read_file(path, judged, bundle, problems);
	if (may_need_policy(bundle))
		read_file(CRYPTO_POLICY_FILE, judged, bundle, problems);
	free(directory);
	free(path);
	if (problems->errors == errors)
		return 0;
	config_bundle_free(bundle);
	return E_VALUE;
}

int
config_bundle_read(
    const char *main_path, struct bundle *bundle, struct problems *problems)
{
	return read_bundle(main_path, true, bundle, problems);
}

int
config_bundle_read_unjudged(
    const char *main_path, struct bundle *bundle, struct problems *problems)
{
	return read_bundle(main_path, false, bundle, problems);
}

static int
write_all(int fd, const uint8_t *bytes, size_t len)
{
	ssize_t done;

	while (len > 0) {
		done = write(fd, bytes, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return -1;
		bytes += done;
		len -= (size_t)done;
	}
	return 0;
}

void
config_bundle_write(const struct bundle *bundle, struct buf *out)
{
	buf_text(out, BUNDLE_MAGIC);
	buf_u32(out, (uint32_t)bundle->count);
	for (size_t i = 0; i < bundle->count; i++) {
		buf_text(out, bundle->files[i].path);
		buf_string(out, bundle->files[i].bytes, bundle->files[i].len);
	}
}

int
config_bundle_seal(const struct bundle *bundle)
{
	struct buf out;
	int fd, saved;

	buf_init(&out, BUNDLE_MAX);
	config_bundle_write(bundle, &out);
	fd = memfd_create("sallyport-config", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd != -1 &&
	    (buf_end(&out) != 0 || write_all(fd, out.data, out.len) != 0 ||
		fcntl(fd, F_ADD_SEALS, SEALS) != 0)) {
		saved = buf_end(&out) != 0 ? E2BIG : errno;
		close(fd);
		errno = saved;
		fd = -1;
	}
	buf_free(&out);
	return fd;
}

static int
read_bytes(struct rd *r, struct bundle *bundle)
{
	const uint8_t *magic, *path, *bytes;
	size_t magic_len, path_len, len;
	char *name;
	uint32_t count;

	magic = rd_string(r, sizeof(BUNDLE_MAGIC), &magic_len);
	count = rd_u32(r);
	if (magic == NULL || magic_len != strlen(BUNDLE_MAGIC) ||
	    memcmp(magic, BUNDLE_MAGIC, magic_len) != 0)
		return E_FORMAT;
	for (; count > 0; count--) {
		path = rd_string(r, 4096, &path_len);
		bytes = rd_string(r, CONFIG_FILE_MAX, &len);
		if (path == NULL || bytes == NULL)
			return E_FORMAT;
		name = mem_strndup((const char *)path, path_len);
		if (config_bundle_add(bundle, name, bytes, len) != 0) {
			free(name);
			return E_LIMIT;
		}
		free(name);
	}
	return rd_end(r);
}

int
config_bundle_parse(const void *bytes, size_t len, struct bundle *bundle)
{
	struct rd r;
	int err;

	memset(bundle, 0, sizeof(*bundle));
	rd_init(&r, bytes, len);
	err = read_bytes(&r, bundle);
	if (err != 0)
		config_bundle_free(bundle);
	return err;
}

bool
config_bundle_equal(const struct bundle *a, const struct bundle *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (strcmp(a->files[i].path, b->files[i].path) != 0 ||
		    a->files[i].len != b->files[i].len ||
		    memcmp(a->files[i].bytes, b->files[i].bytes,
			a->files[i].len) != 0)
			return false;
	return true;
}

int
config_bundle_from_fd(int fd, struct bundle *bundle)
{
	off_t size;
	void *map;
	int err;

	memset(bundle, 0, sizeof(*bundle));
	if ((fcntl(fd, F_GET_SEALS) & SEALS) != SEALS)
		return E_PERMISSIONS;
	size = lseek(fd, 0, SEEK_END);
	if (size <= 0 || (size_t)size > BUNDLE_MAX)
		return E_FORMAT;
	map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return E_SYSTEM;
	err = config_bundle_parse(map, (size_t)size, bundle);
	munmap(map, (size_t)size);
	return err;
}
