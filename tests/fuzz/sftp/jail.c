/*
 * The jail of the SFTP fuzzer.  chroot(2) holds for those who share an
 * fs_struct: a thread that unshares its own is locked in alone, so libFuzzer
 * keeps its files and its coverage counters.
 */
#include "tests/fuzz/sftp/jail.h"

#include <sys/mman.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOBODY 65534

static char top[64], inside[96], secret[96];
static char secret_text[33]; /* another each time: no input can hold it */
static struct stat secret_before, top_before;
static bool privileged, locked_in;

static void
must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	abort();
}

/* Not root: root of a user namespace, while there is one thread yet. */
static void __attribute__((constructor)) become_able(void)
{
	privileged = geteuid() == 0;
	locked_in = privileged || unshare(CLONE_NEWUSER) == 0;
}

static int
remove_one(const char *path, const struct stat *st, int flag, struct FTW *f)
{
	(void)st;
	if (flag == FTW_D || flag == FTW_DNR)
		(void)chmod(path, 0700);
	if (f->level != 0)
		(void)remove(path);
	return 0;
}

static void
forget_tree(void)
{
	if (top[0] == '\0')
		return;
	(void)nftw(top, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	(void)rmdir(top);
}

static void
write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);

	must(fd >= 0 && write(fd, text, strlen(text)) > 0, path);
	close(fd);
}

/* It is readable to all: only the walls keep it. */
static void
make_secret(void)
{
	uint8_t bytes[16];

	must(getrandom(bytes, sizeof(bytes), 0) == sizeof(bytes), "random");
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(&secret_text[2 * i], 3, "%02x", bytes[i]);
	write_file(secret, secret_text, 0666);
	must(chmod(secret, 0666) == 0 && stat(secret, &secret_before) == 0,
	    secret);
}

static void
make_top(void)
{
	struct rlimit size = {1 << 20, 1 << 20};

	strcpy(top,
	    access("/dev/shm", W_OK) == 0 ? "/dev/shm/sftp-fuzz-XXXXXX" :
					    "/tmp/sftp-fuzz-XXXXXX");
	must(mkdtemp(top) != NULL, "mkdtemp");
	must(chmod(top, 0777) == 0, "chmod");
	snprintf(inside, sizeof(inside), "%s/jail", top);
	snprintf(secret, sizeof(secret), "%s/secret", top);
	must(setrlimit(RLIMIT_FSIZE, &size) == 0, "setrlimit");
	atexit(forget_tree);
}

static void
make_inside(void)
{
	static const char *const names[] = {"sub", "sub/deep"};
	char path[160];

	must(mkdir(inside, 0755) == 0, inside);
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", inside, names[i]);
		must(mkdir(path, 0755) == 0, path);
	}
	snprintf(path, sizeof(path), "%s/up", inside);
	must(symlink("../../../../secret", path) == 0, path);
	snprintf(path, sizeof(path), "%s/absolute", inside);
	must(symlink(top, path) == 0, path);
	snprintf(path, sizeof(path), "%s/file", inside);
	write_file(path, "some text in a file\n", 0644);
	if (!privileged)
		return;
	must(chown(path, NOBODY, NOBODY) == 0 &&
		chown(inside, NOBODY, NOBODY) == 0,
	    "chown");
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", inside, names[i]);
		must(chown(path, NOBODY, NOBODY) == 0, path);
	}
}

/* The directory stays outside: to leave it is the server's own affair. */
static void *
serve(void *argument)
{
	const struct sftp_options *options = argument;

	must(unshare(CLONE_FS) == 0, "unshare");
	must(chdir(top) == 0 && chroot(inside) == 0, "chroot");
	if (privileged)
		must(syscall(SYS_setresgid, NOBODY, NOBODY, NOBODY) == 0 &&
			syscall(SYS_setresuid, NOBODY, NOBODY, NOBODY) == 0,
		    "setresuid");
	(void)sftp_server_run(options);
	return NULL;
}

static int
memory_file(const uint8_t *data, size_t len)
{
	int fd = memfd_create("sftp", MFD_CLOEXEC);

	must(fd >= 0 && write(fd, data, len) == (ssize_t)len &&
		lseek(fd, 0, SEEK_SET) == 0,
	    "memfd");
	return fd;
}

size_t
jail_serve(const struct sftp_options *options, const uint8_t *stream,
    size_t len, uint8_t *out, size_t size)
{
	struct sftp_options o = *options;
	pthread_t thread;
	ssize_t n;

	if (!locked_in) {
		fputs("cannot make a jail here: skipped\n", stderr);
		exit(77);
	}
	if (top[0] == '\0')
		make_top();
	(void)nftw(inside, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	(void)rmdir(inside);
	make_inside();
	make_secret();
	must(stat(top, &top_before) == 0, top);
	o.in = memory_file(stream, len);
	o.out = memory_file(NULL, 0);
	must(pthread_create(&thread, NULL, serve, &o) == 0, "thread");
	must(pthread_join(thread, NULL) == 0, "join");
	n = pread(o.out, out, size, 0);
	must(n >= 0, "answers");
	close(o.in);
	close(o.out);
	return (size_t)n;
}

static bool
unchanged(const char *path, const struct stat *before)
{
	struct stat now;

	return stat(path, &now) == 0 && now.st_ino == before->st_ino &&
	    now.st_mode == before->st_mode && now.st_uid == before->st_uid &&
	    now.st_gid == before->st_gid && now.st_nlink == before->st_nlink &&
	    now.st_size == before->st_size &&
	    now.st_mtim.tv_sec == before->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == before->st_mtim.tv_nsec &&
	    now.st_ctim.tv_sec == before->st_ctim.tv_sec &&
	    now.st_ctim.tv_nsec == before->st_ctim.tv_nsec;
}

void
jail_check(const uint8_t *out, size_t len)
{
	if (!unchanged(secret, &secret_before) ||
	    !unchanged(top, &top_before)) {
		fputs("escaped: changed something outside\n", stderr);
		abort();
	}
	if (memmem(out, len, secret_text, strlen(secret_text)) != NULL) {
		fputs("escaped: read something outside\n", stderr);
		abort();
	}
}
