/*
 * Penalties over a restart: a file of the server's own, replaced as a whole by
 * a process that is made for it, so that the master waits for no disk.  The
 * file begins with a magic word and the time, and ends with a digest; one that
 * is damaged is set aside, and the server starts without it.
 */
#include "daemon/master/remember.h"

#include "daemon/master/master.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/safefile.h"
#include "lib/statedir.h"

#include <openssl/evp.h>
#include <sys/file.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define DIRECTORY   LOCALSTATEDIR "/lib/sallyport/penalties"
#define MAGIC	    "sallyport penalties 2\n"
#define DIGEST_LEN  32
#define REMEMBER_MS 30000 /* between two files */
#define STOP_MS	    2000 /* for the last one */
#define STEP_MS	    10

static void
digest(const void *data, size_t len, uint8_t out[DIGEST_LEN])
{
	memset(out, 0, DIGEST_LEN);
	(void)EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL);
}

void
remember_write(const struct penalties *p, const struct accounts *a,
    uint64_t wall, struct buf *b)
{
	uint8_t sum[DIGEST_LEN];

	buf_bytes(b, MAGIC, strlen(MAGIC));
	buf_u64(b, wall);
	buf_u64(b, loop_clock());
	penalties_save(p, b, REMEMBER_MAX - ACCOUNTS_SAVED - REMEMBER_SPARE);
	accounts_save(a, b);
	digest(b->data, b->len, sum);
	buf_bytes(b, sum, sizeof(sum));
}

int
remember_parse(const void *data, size_t len, uint64_t wall, struct penalties *p,
    struct accounts *a)
{
	uint8_t sum[DIGEST_LEN];
	uint64_t then, clock, away;
	const uint8_t *magic;
	struct rd r;
	int err;

	if (len < sizeof(sum))
		return E_FORMAT;
	len -= sizeof(sum);
	digest(data, len, sum);
	if (memcmp(sum, (const uint8_t *)data + len, sizeof(sum)) != 0)
		return E_FORMAT;
	rd_init(&r, data, len);
	magic = rd_bytes(&r, strlen(MAGIC));
	if (r.err != 0 || memcmp(magic, MAGIC, strlen(MAGIC)) != 0)
		return E_FORMAT;
	then = rd_u64(&r);
	clock = rd_u64(&r);
	/* A clock that went back has let no time pass. */
	away = wall > then ? wall - then : 0;
	(void)penalties_load(p, &r);
	if (r.err == 0)
		(void)accounts_load(a, &r, away);
	if ((err = rd_end(&r)) != 0) {
		(void)penalties_clear(p, NULL);
		return err;
	}
	penalties_age(p, clock, away * 1000);
	return 0;
}

/* All generations share them. */
static struct accounts *
accounts_of(const struct master *m)
{
	return slots_accounts(m->generations->slots);
}

static uint64_t
changes(const struct master *m)
{
	return penalties_changes(m->penalties) +
	    __atomic_load_n(&accounts_of(m)->changes, __ATOMIC_SEQ_CST);
}

/* The main file's path, under which its server's are kept. */
static bool
file_name(const struct master *m, char name[STATEDIR_FILE_MAX])
{
	return statedir_name(m->options.config_file, name);
}

static void
set_aside(const char *path, const char *why)
{
	char *other = mem_printf("%s.damaged", path);
	bool moved = rename(path, other) == 0;

	log_error("%s: the penalties of the server before cannot be read: %s%s",
	    path, why, moved ? "; the file is now *.damaged" : "");
	free(other);
}

void
remember_load(struct master *m)
{
	/* As statedir_open() follows root's links on the way there. */
	const struct safefile_rules rules = {
	    .flags = SAFEFILE_FOLLOW, .max = REMEMBER_MAX};
	char name[STATEDIR_FILE_MAX], why[SAFEFILE_WHY_MAX] = "", *path;
	struct buf bytes;
	int err;

	if (!file_name(m, name))
		return;
	path = mem_printf("%s/%s", DIRECTORY, name);
	buf_init(&bytes, REMEMBER_MAX);
	if (access(path, F_OK) == 0) {
		err = safefile_read(path, &rules, &bytes, why);
		if (err == 0)
			err = remember_parse(bytes.data, bytes.len,
			    (uint64_t)time(NULL), m->penalties, accounts_of(m));
		if (err != 0)
			set_aside(path, why[0] != '\0' ? why : err_text(err));
	}
	m->remembered.changes = changes(m);
	buf_free(&bytes);
	free(path);
}

/* The directory, locked; the lock is also its writer's, which a child is.  -1
 * and errno: EWOULDBLOCK while another writes. */
static int
lock_directory(void)
{
	int fd = statedir_open(DIRECTORY), error;

	if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0) {
		error = errno;
		close(fd);
		errno = error;
		fd = -1;
	}
	return fd;
}

static void
complain(struct master *m, const char *why)
{
	if (!m->remembered.complained)
		log_warn("%s: penalties are not kept for a restart: %s",
		    DIRECTORY, why);
	m->remembered.complained = true;
	m->remembered.changes = UINT64_MAX; /* tried again */
}

static void
end_report(struct master *m)
{
	loop_fd_remove(&m->remembered.on_report);
	if (m->remembered.report > 0)
		close(m->remembered.report);
	m->remembered.report = 0;
}

/* The writer has ended: without a word if it was killed. */
static void
on_report(int fd, unsigned events, void *arg)
{
	struct master *m = arg;
	int error = EIO;
	ssize_t n = read(fd, &error, sizeof(error));

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	end_report(m);
	if (n != (ssize_t)sizeof(error) || error != 0)
		complain(m, strerror(error));
	else
		m->remembered.complained = false;
}

/* In the writer: its descriptors are the directory, by which it has the lock,
 * and the report. */
static int
write_file(const char *name, const struct buf *b)
{
	int error = statedir_replace(3, name, b->data, b->len) ? 0 : errno;

	return write(4, &error, sizeof(error)) == (ssize_t)sizeof(error) ? 0 :
									   1;
}

/* A child of a child, which nobody has to wait for. */
static bool
write_apart(int directory, int report, const char *name, const struct buf *b)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		/* First away from the numbers that they are to have. */
		directory = fcntl(directory, F_DUPFD, SPAWN_FDS);
		report = fcntl(report, F_DUPFD, SPAWN_FDS);
		if (dup2(directory, 3) != 3 || dup2(report, 4) != 4 ||
		    close_range(5, ~0u, 0) != 0)
			_exit(1);
		switch (fork()) {
		case -1:
			_exit(1);
		case 0:
			_exit(write_file(name, b));
		default:
			_exit(0);
		}
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static void
start_writer(
    struct master *m, int directory, const char *name, const struct buf *b)
{
	int ends[2];

	end_report(m);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
		complain(m, strerror(errno));
		return;
	}
	m->remembered.report = ends[0];
	if (loop_fd_add(m->loop, &m->remembered.on_report, ends[0], LOOP_READ,
		on_report, m) != 0 ||
	    !write_apart(directory, ends[1], name, b)) {
		end_report(m);
		complain(m, "no process could be made for it");
	}
	close(ends[1]);
}

static void
count_one(const struct net_key *source, enum offence offence, uint32_t seconds,
    bool in_force, void *arg)
{
	(void)source;
	(void)offence;
	(void)seconds;
	(void)in_force;
	++*(unsigned *)arg;
}

/* Nothing to keep, and no file that says otherwise. */
static bool
has_nothing(const struct master *m, const char *name)
{
	char *path = mem_printf("%s/%s", DIRECTORY, name);
	unsigned count = 0;
	bool nothing;

	penalties_each(m->penalties, NULL, count_one, &count);
	nothing = count == 0 && accounts_of(m)->changes == 0 &&
	    access(path, F_OK) != 0;
	free(path);
	return nothing;
}

/* False: another file is being written, and this one is tried again. */
static bool
save(struct master *m)
{
	char name[STATEDIR_FILE_MAX];
	struct buf bytes;
	int fd;

	m->remembered.saved_at = loop_clock();
	m->remembered.changes = changes(m);
	if (!file_name(m, name) || has_nothing(m, name))
		return true;
	if ((fd = lock_directory()) < 0) {
		m->remembered.changes = UINT64_MAX;
		if (errno == EWOULDBLOCK)
			return false;
		complain(m, strerror(errno));
		return true;
	}
	buf_init(&bytes, REMEMBER_MAX);
	remember_write(
	    m->penalties, accounts_of(m), (uint64_t)time(NULL), &bytes);
	if (buf_end(&bytes) != 0)
		complain(m, err_text(bytes.err));
	else
		start_writer(m, fd, name, &bytes);
	buf_free(&bytes);
	close(fd);
	return true;
}

static bool
is_due(const struct master *m)
{
	return !m->options.linger && !m->options.inetd &&
	    m->generations != NULL && changes(m) != m->remembered.changes;
}

void
remember_tick(struct master *m)
{
	if (is_due(m) &&
	    (m->remembered.saved_at == 0 ||
		loop_clock() - m->remembered.saved_at >= REMEMBER_MS))
		(void)save(m);
}

/* The next server reads the file: it is whole when its lock is free again. */
void
remember_stop(struct master *m)
{
	bool saved = !is_due(m);
	int fd = -1;

	if (m->options.linger || m->options.inetd)
		return;
	for (int left = STOP_MS; left > 0 && fd < 0; left -= STEP_MS) {
		if (!saved)
			saved = save(m);
		if (saved &&
		    ((fd = lock_directory()) >= 0 || errno != EWOULDBLOCK))
			break;
		(void)poll(NULL, 0, STEP_MS);
	}
	if (fd >= 0)
		close(fd);
}
