/*
 * Files that grant access: rows of owners, modes and links in a tree of our
 * own.  Needs root to give files away; otherwise those rows are left out.
 */
#include "lib/err.h"
#include "lib/safefile.h"
#include "tests/unit/ground/suites.h"
#include "tests/unit/unit.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define USER  4711 /* nobody's uid */
#define OTHER 4712

static char *top;
static char why[SAFEFILE_WHY_MAX];

static const char *
at(const char *name)
{
	static char paths[4][PATH_MAX];
	static int next;

	next = (next + 1) % 4;
	snprintf(paths[next], PATH_MAX, "%s/%s", top, name);
	return paths[next];
}

static void
make_dir(const char *name, uid_t owner, mode_t mode)
{
	ck_assert_int_eq(mkdir(at(name), 0700), 0);
	ck_assert_int_eq(chown(at(name), owner, owner), 0);
	ck_assert_int_eq(chmod(at(name), mode), 0);
}

static void
make_file(const char *name, uid_t owner, mode_t mode)
{
	int fd = open(at(name), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	ck_assert_int_eq(write(fd, "content\n", 8), 8);
	ck_assert_int_eq(fchown(fd, owner, owner), 0);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void
make_link(const char *name, const char *target, uid_t owner)
{
	ck_assert_int_eq(symlink(target, at(name)), 0);
	ck_assert_int_eq(lchown(at(name), owner, owner), 0);
}

/* home/ of USER, with what an administrator meets in such places. */
static void
setup(void)
{
	umask(0);
	top = unit_folder();
	make_dir("home", USER, 0755);
	make_dir("home/.ssh", USER, 0700);
	make_file("home/.ssh/good", USER, 0644);
	make_file("home/.ssh/private", USER, 0600);
	make_file("home/.ssh/roots", 0, 0644);
	make_file("home/.ssh/group", USER, 0664);
	make_file("home/.ssh/world", USER, 0646);
	make_file("home/.ssh/others", OTHER, 0644);
	make_dir("home/open", USER, 0775);
	make_file("home/open/keys", USER, 0600);
	make_dir("home/theirs", OTHER, 0755);
	make_file("home/theirs/keys", USER, 0600);
	make_link("home/.ssh/link", "good", USER);
	make_link("home/.ssh/up", "../.ssh/good", USER);
	make_link("home/.ssh/their_link", "good", OTHER);
	make_link("home/.ssh/loop", "loop", USER);
	make_link("home/.ssh/to_open", "../open/keys", USER);
	make_link("home/.ssh/dangling", "nothing", USER);
	make_link("home/dirlink", ".ssh", USER);
	make_link("home/.ssh/absolute", at("home/.ssh/good"), USER);
	make_link("home/.ssh/out", "/etc/passwd", USER);
	ck_assert_int_eq(mkfifo(at("home/.ssh/fifo"), 0600), 0);
	ck_assert_int_eq(chown(at("home/.ssh/fifo"), USER, USER), 0);
}

static void
teardown(void)
{
	unit_remove(top);
	free(top);
}

#define FOLLOW	SAFEFILE_FOLLOW
#define PRIVATE SAFEFILE_PRIVATE
static const struct {
	const char *name;
	unsigned flags;
	int err;
	const char *says; /* part of the sentence */
} rows[] = {
    {"home/.ssh/good", 0, 0, ""},
    {"home//.ssh/./good", 0, 0, ""},
    {"home/.ssh/../.ssh/good", 0, 0, ""},
    {"home/.ssh/roots", 0, 0, ""},
    {"home/.ssh/private", PRIVATE, 0, ""},
    {"home/.ssh/good", PRIVATE, E_PERMISSIONS, "is too open for a private key"},
    {"home/.ssh/group", 0, E_PERMISSIONS,
	"home/.ssh/group (owner 4711, mode 0664)"},
    {"home/.ssh/world", 0, E_PERMISSIONS, "mode 0646"},
    {"home/.ssh/others", 0, E_PERMISSIONS, "owner 4712"},
    {"home/open/keys", 0, E_PERMISSIONS,
	"bad ownership or modes for directory"},
    {"home/theirs/keys", 0, E_PERMISSIONS, "home/theirs (owner 4712"},
    {"home/.ssh/link", 0, E_PERMISSIONS, "is a symbolic link"},
    {"home/dirlink/good", 0, E_PERMISSIONS, "is a symbolic link"},
    {"home/.ssh/link", FOLLOW, 0, ""},
    {"home/.ssh/up", FOLLOW, 0, ""},
    {"home/dirlink/link", FOLLOW, 0, ""},
    {"home/.ssh/absolute", FOLLOW, 0, ""},
    {"home/.ssh/out", FOLLOW, 0, ""}, /* root's, and all its way */
    {"home/.ssh/their_link", FOLLOW, E_PERMISSIONS,
	"bad ownership for symbolic link"},
    {"home/.ssh/to_open", FOLLOW, E_PERMISSIONS, "open"},
    {"home/.ssh/loop", FOLLOW, E_FORMAT, "too many symbolic links"},
    {"home/.ssh/dangling", FOLLOW, E_NOT_FOUND, "no file"},
    {"home/.ssh/nothing", 0, E_NOT_FOUND, "no file"},
    {"home/nothing/keys", 0, E_NOT_FOUND, "no file"},
    {"home/.ssh/good/x", 0, E_NOT_FOUND, "no file"},
    {"home/.ssh/good/", 0, E_NOT_FOUND, "no file"},
    {"home/.ssh", 0, E_FORMAT, "not a regular file"},
    {"home/.ssh/", 0, E_FORMAT, "not a regular file"},
    {"home/.ssh/fifo", 0, E_FORMAT, "not a regular file"},
};

START_TEST(owners_modes_and_links_are_judged_on_the_way)
{
	struct safefile_rules rules = {
	    .owner = USER, .flags = rows[_i].flags, .below = at("home")};
	int fd = -2;

	alarm(5); /* a fifo must not hold us */
	ck_assert_msg(
	    safefile_open(at(rows[_i].name), &rules, &fd, why) == rows[_i].err,
	    "%s: %s", rows[_i].name, why);
	ck_assert_msg(strstr(why, rows[_i].says) != NULL, "%s", why);
	if (rows[_i].err != 0) {
		ck_assert_int_eq(fd, -2);
		ck_assert_str_ne(why, "");
		return;
	}
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_str_eq(why, "");
	close(fd);
}
END_TEST

START_TEST(no_descriptor_stays_open)
{
	struct safefile_rules rules = {
	    .owner = USER, .flags = rows[_i].flags, .below = at("home")};
	int before = dup(0), after, fd = -1;

	close(before);
	if (safefile_open(at(rows[_i].name), &rules, &fd, why) == 0)
		close(fd);
	after = dup(0);
	ck_assert_int_eq(before, after);
	close(after);
}
END_TEST

START_TEST(without_a_below_the_way_is_judged_from_the_top)
{
	struct safefile_rules rules = {.owner = USER};
	int fd;

	/* /tmp is everybody's. */
	ck_assert_int_eq(safefile_open(at("home/.ssh/good"), &rules, &fd, why),
	    E_PERMISSIONS);
	ck_assert_ptr_nonnull(
	    strstr(why, "directory /tmp (owner 0, mode 1777)"));
	/* A name that only begins alike is not below. */
	rules.below = at("hom");
	ck_assert_int_eq(safefile_open(at("home/.ssh/good"), &rules, &fd, why),
	    E_PERMISSIONS);
	rules.below = at("home/");
	ck_assert_int_eq(
	    safefile_open(at("home/.ssh/good"), &rules, &fd, why), 0);
	close(fd);
	ck_assert_int_eq(safefile_open("/etc/passwd", &rules, &fd, why), 0);
	close(fd);
	ck_assert_int_eq(
	    safefile_open("etc/passwd", &rules, &fd, why), E_FORMAT);
	ck_assert_int_eq(safefile_open("", &rules, &fd, why), E_FORMAT);
}
END_TEST

START_TEST(the_trusted_directory_itself_is_judged)
{
	struct safefile_rules rules = {.owner = USER, .below = at("home")};
	int fd;

	ck_assert_int_eq(chmod(at("home"), 0775), 0);
	ck_assert_int_eq(safefile_open(at("home/.ssh/good"), &rules, &fd, why),
	    E_PERMISSIONS);
	ck_assert_ptr_nonnull(
	    strstr(why, "bad ownership or modes for directory /"));
	ck_assert_ptr_nonnull(strstr(why, at("home")));
	ck_assert_ptr_nonnull(strstr(why, "/home (owner 4711, mode 0775)"));
}
END_TEST

START_TEST(root_only_means_root_only)
{
	struct safefile_rules rules = {.owner = 0, .below = at("home")};
	int fd;

	ck_assert_int_eq(safefile_open(at("home/.ssh/roots"), &rules, &fd, why),
	    E_PERMISSIONS);
	ck_assert_ptr_nonnull(strstr(why, "owner 4711"));
}
END_TEST

START_TEST(files_are_read_up_to_their_limit)
{
	struct safefile_rules rules = {
	    .owner = USER, .max = 8, .below = at("home")};
	struct buf b;
	int fd;

	buf_init(&b, 100);
	ck_assert_int_eq(
	    safefile_read(at("home/.ssh/good"), &rules, &b, why), 0);
	ck_assert_uint_eq(b.len, 8);
	ck_assert_mem_eq(b.data, "content\n", 8);
	rules.max = 7;
	buf_clear(&b);
	ck_assert_int_eq(
	    safefile_read(at("home/.ssh/good"), &rules, &b, why), E_TOO_LARGE);
	ck_assert_ptr_nonnull(strstr(why, "larger than 7 bytes"));
	/* One that grows after it was judged. */
	fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	ck_assert_int_eq(safefile_read_fd(fd, 1000, &b), E_TOO_LARGE);
	close(fd);
	buf_free(&b);
}
END_TEST

START_TEST(long_paths_are_refused_not_cut)
{
	static char path[PATH_MAX + 400];
	struct safefile_rules rules = {.owner = USER};
	int fd;

	memset(path, 'a', sizeof(path) - 1);
	path[0] = '/';
	ck_assert_int_eq(safefile_open(path, &rules, &fd, why), E_FORMAT);
	path[PATH_MAX - 1] = '\0';
	ck_assert_int_eq(safefile_open(path, &rules, &fd, why), E_FORMAT);
	memset(path, '/', PATH_MAX - 1);
	ck_assert_int_eq(safefile_open(path, &rules, &fd, why), E_FORMAT);
}
END_TEST

Suite *
suite_safefile(void)
{
	Suite *s = suite_create("safefile");
	TCase *t = tcase_create("safefile");
	int n = (int)(sizeof(rows) / sizeof(rows[0]));

	if (geteuid() != 0)
		return s;
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
	    t, owners_modes_and_links_are_judged_on_the_way, 0, n);
	tcase_add_loop_test(t, no_descriptor_stays_open, 0, n);
	tcase_add_test(t, without_a_below_the_way_is_judged_from_the_top);
	tcase_add_test(t, the_trusted_directory_itself_is_judged);
	tcase_add_test(t, root_only_means_root_only);
	tcase_add_test(t, files_are_read_up_to_their_limit);
	tcase_add_test(t, long_paths_are_refused_not_cut);
	suite_add_tcase(s, t);
	return s;
}
