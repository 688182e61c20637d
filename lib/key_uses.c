/*
 * The table of what each key did.  Its bytes are root's, and are judged as a
 * stranger's: a disk may have made something else of them.
 */
#include "lib/key_uses.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/rd.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MAGIC	   0x53504b55 /* "SPKU" */
#define HEAD	   12 /* magic, checksum */
#define KIND_COUNT 3
#define EVICTED_AT 512 /* in the header's place */

static const char header[] = "sallyport: what each key did, version 1\n";

/* FNV-1a: against accidents, not against root. */
static uint64_t
hash(const void *data, size_t len, uint64_t h)
{
	const uint8_t *p = data;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * UINT64_C(1099511628211);
	return h;
}

#define HASH_START UINT64_C(14695981039346656037)

void
key_use_seal(uint8_t place[KEY_USES_PLACE])
{
	struct buf b;

	buf_init_over(&b, place, HEAD);
	buf_u32(&b, MAGIC);
	buf_u64(&b, hash(&place[HEAD], KEY_USES_PLACE - HEAD, HASH_START));
}

int
key_use_encode(const struct key_use *use, uint8_t out[KEY_USES_PLACE])
{
	struct buf b;

	memset(out, 0, KEY_USES_PLACE);
	buf_init_over(&b, out, KEY_USES_PLACE);
	buf_u32(&b, MAGIC);
	buf_u64(&b, 0);
	buf_u8(&b, use->kind);
	buf_u64(&b, use->first);
	buf_u64(&b, use->last);
	buf_u64(&b, use->count);
	buf_text(&b, use->type);
	buf_text(&b, use->fp);
	buf_text(&b, use->user);
	buf_text(&b, use->source);
	buf_text(&b, use->place);
	buf_text(&b, use->from);
	if (buf_end(&b) != 0)
		return E_LIMIT;
	key_use_seal(out);
	return 0;
}

static bool
is_empty(const uint8_t *p)
{
	for (size_t i = 0; i < KEY_USES_PLACE; i++)
		if (p[i] != 0)
			return false;
	return true;
}

int
key_use_decode(const uint8_t in[KEY_USES_PLACE], struct key_use *out)
{
	struct rd r;
	uint32_t magic;
	uint64_t sum;

	memset(out, 0, sizeof(*out));
	if (is_empty(in))
		return E_NOT_FOUND;
	rd_init(&r, in, KEY_USES_PLACE);
	magic = rd_u32(&r);
	sum = rd_u64(&r);
	out->kind = rd_u8(&r);
	out->first = rd_u64(&r);
	out->last = rd_u64(&r);
	out->count = rd_u64(&r);
	rd_text(&r, out->type, sizeof(out->type));
	rd_text(&r, out->fp, sizeof(out->fp));
	rd_text(&r, out->user, sizeof(out->user));
	rd_text(&r, out->source, sizeof(out->source));
	rd_text(&r, out->place, sizeof(out->place));
	rd_text(&r, out->from, sizeof(out->from));
	(void)rd_bytes(&r, rd_left(&r));
	if (rd_end(&r) != 0 || magic != MAGIC || out->kind >= KIND_COUNT ||
	    out->count == 0 || out->fp[0] == '\0' || out->user[0] == '\0' ||
	    sum != hash(&in[HEAD], KEY_USES_PLACE - HEAD, HASH_START)) {
		memset(out, 0, sizeof(*out));
		return E_FORMAT;
	}
	return 0;
}

/* ---- the file ---- */

/* 1: a table; 0: nothing yet; -1: something else. */
static int
judge(int fd)
{
	char text[sizeof(header) - 1];
	struct stat st;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return -1;
	if (st.st_size == 0)
		return 0;
	if (pread(fd, text, sizeof(text), 0) != (ssize_t)sizeof(text) ||
	    memcmp(text, header, sizeof(text)) != 0)
		return -1;
	return st.st_size == KEY_USES_SIZE	    ? 1 :
	    st.st_size == (off_t)sizeof(header) - 1 ? 0 :
						      -1;
}

/* Two processes at once write the same bytes, and a header alone is a table
 * that somebody else is about to begin. */
static bool
begin(int fd)
{
	return pwrite(fd, header, sizeof(header) - 1, 0) ==
	    (ssize_t)sizeof(header) - 1 &&
	    ftruncate(fd, KEY_USES_SIZE) == 0;
}

static int
open_or_make(int directory)
{
	return openat(directory, KEY_USES_FILE,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
}

int
key_uses_open(int directory, bool *damaged)
{
	int fd = open_or_make(directory), is, error;

	*damaged = false;
	if (fd < 0)
		return -1;
	is = judge(fd);
	if (is < 0) {
		close(fd);
		*damaged = true;
		if (renameat(directory, KEY_USES_FILE, directory,
			KEY_USES_FILE ".damaged") != 0 ||
		    (fd = open_or_make(directory)) < 0)
			return -1;
		is = judge(fd);
	}
	if (is > 0 || (is == 0 && begin(fd)))
		return fd;
	error = is < 0 ? EBADMSG : errno;
	close(fd);
	errno = error;
	return -1;
}

int
key_uses_open_read(int directory)
{
	int fd = openat(directory, KEY_USES_FILE,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || judge(fd) > 0)
		return fd;
	close(fd);
	errno = EBADMSG;
	return -1;
}

/* A lock of this open file, not of the process; closing it releases it too. */
static int
lock_places(int fd, off_t at, size_t places, short type)
{
	struct flock lock = {.l_type = type,
	    .l_whence = SEEK_SET,
	    .l_start = at,
	    .l_len = (off_t)(places * KEY_USES_PLACE)};

	return fcntl(fd, F_OFD_SETLK, &lock);
}

uint64_t
key_uses_evicted(int fd)
{
	uint8_t bytes[8];
	struct rd r;

	if (pread(fd, bytes, sizeof(bytes), EVICTED_AT) !=
	    (ssize_t)sizeof(bytes))
		return 0;
	rd_init(&r, bytes, sizeof(bytes));
	return rd_u64(&r);
}

/* One that two processes count at once may be counted once. */
static void
count_evicted(int fd)
{
	uint8_t bytes[8];
	struct buf b;

	if (lock_places(fd, 0, 1, F_WRLCK) != 0)
		return;
	buf_init_over(&b, bytes, sizeof(bytes));
	buf_u64(&b, key_uses_evicted(fd) + 1);
	if (pwrite(fd, bytes, sizeof(bytes), EVICTED_AT) < 0)
		errno = 0; /* only a count */
	(void)lock_places(fd, 0, 1, F_UNLCK);
}

static bool
is_same(const struct key_use *a, const struct key_use *b)
{
	return a->kind == b->kind && strcmp(a->fp, b->fp) == 0 &&
	    strcmp(a->user, b->user) == 0;
}

/* The place of the set for this use: its own, an empty or damaged one, or
 * that of the entry used longest ago. */
static size_t
choose(uint8_t set[KEY_USES_SET][KEY_USES_PLACE], const struct key_use *use,
    struct key_use *found, struct key_uses_change *change)
{
	struct key_use entry;
	uint64_t oldest = UINT64_MAX;
	size_t best = 0;
	int err;

	memset(change, 0, sizeof(*change));
	for (size_t i = 0; i < KEY_USES_SET; i++) {
		err = key_use_decode(set[i], &entry);
		change->damaged += err == E_FORMAT;
		if (err == 0 && is_same(&entry, use)) {
			*found = entry;
			change->evicted = false;
			return i;
		}
		/* A clock that was wrong makes no entry stay for ever. */
		if (err != 0)
			entry.last = 0;
		if (entry.last > use->last)
			entry.last = 1;
		if (entry.last < oldest) {
			oldest = entry.last;
			best = i;
			change->evicted = err == 0;
		}
	}
	return best;
}

static int
add_locked(
    int fd, off_t at, const struct key_use *use, struct key_uses_change *change)
{
	uint8_t set[KEY_USES_SET][KEY_USES_PLACE], place[KEY_USES_PLACE];
	struct key_use found = {0}, next = *use;
	size_t i;
	int err;

	if (pread(fd, set, sizeof(set), at) != (ssize_t)sizeof(set))
		return E_SYSTEM;
	i = choose(set, use, &found, change);
	if (found.count > 0) {
		next.first = found.first;
		next.count += found.count;
	}
	if ((err = key_use_encode(&next, place)) != 0)
		return err;
	return pwrite(fd, place, sizeof(place),
		   at + (off_t)(i * KEY_USES_PLACE)) == (ssize_t)sizeof(place) ?
	    0 :
	    E_SYSTEM;
}

int
key_uses_add(int fd, const struct key_use *use, struct key_uses_change *change)
{
	uint64_t h = hash(use->fp, strlen(use->fp), HASH_START);
	off_t at;
	int err;

	h = hash(use->user, strlen(use->user), h) % KEY_USES_SETS;
	at = KEY_USES_PLACE * (off_t)(1 + h * KEY_USES_SET);
	memset(change, 0, sizeof(*change));
	if (lock_places(fd, at, KEY_USES_SET, F_WRLCK) != 0)
		return errno == EAGAIN || errno == EACCES ? E_AGAIN : E_SYSTEM;
	err = add_locked(fd, at, use, change);
	if (err == 0 && change->evicted)
		count_evicted(fd);
	(void)lock_places(fd, at, KEY_USES_SET, F_UNLCK);
	return err;
}

int
key_uses_get(int fd, size_t i, struct key_use *out)
{
	uint8_t place[KEY_USES_PLACE];

	memset(out, 0, sizeof(*out));
	if (pread(fd, place, sizeof(place),
		(off_t)KEY_USES_PLACE * (off_t)(1 + i)) !=
	    (ssize_t)sizeof(place))
		return E_SYSTEM;
	return key_use_decode(place, out);
}
