/*
 * Requests that name files, and listings.
 */
#include "tests/unit/sftp/client.h"
#include "tests/unit/sftp/suites.h"

#include <sys/stat.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct client c;
static const struct sftp_options plain = {.no_names = true};

static void
start(const struct sftp_options *o)
{
	tree_make(&c);
	tree_write(&c, "a", "aaa", 3);
	tree_write(&c, "b", "b", 1);
	ck_assert_int_eq(mkdir(tree_path(&c, "d"), 0755), 0);
	client_serve(&c, o, NULL);
}

START_TEST(rename_never_replaces_and_posix_rename_does)
{
	start(&plain);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_RENAME, "ss", "a", "b"), SSH_FX_FAILURE);
	ck_assert_str_eq(c.text, "File exists");
	ck_assert_int_eq(tree_size(&c, "b"), 1);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_RENAME, "ss", "a", "d/a"), SSH_FX_OK);
	ck_assert_int_eq(tree_size(&c, "a"), -1);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_RENAME, "ss", "d", "e"), SSH_FX_OK);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_EXTENDED, "sss",
			      "posix-rename@openssh.com", "e/a", "b"),
	    SSH_FX_OK);
	ck_assert_int_eq(tree_size(&c, "b"), 3);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_RENAME, "ss", "none", "x"),
	    SSH_FX_NO_SUCH_FILE);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(remove_is_for_files_and_rmdir_for_directories)
{
	start(&plain);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_REMOVE, "s", "d"), SSH_FX_FAILURE);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_RMDIR, "s", "a"), SSH_FX_NO_SUCH_FILE);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_REMOVE, "s", "a"), 0);
	ck_assert_int_eq(tree_size(&c, "a"), -1);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_RMDIR, "s", "d"), 0);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_RMDIR, "s", "d"), SSH_FX_NO_SUCH_FILE);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(new_files_and_directories_obey_the_umask)
{
	struct sftp_options o = {.set_umask = true, .umask = 027};
	struct stat st;

	start(&o);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_MKDIR, "s.", "x"), 0);
	ck_assert_int_eq(stat(tree_path(&c, "x"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0750);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_MKDIR, "suu", "y",
			      SSH_FILEXFER_ATTR_PERMISSIONS, 01777u),
	    SSH_FX_OK);
	ck_assert_int_eq(stat(tree_path(&c, "y"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 01750);
	ask_handle(&c, SSH_FXP_OPEN, "suuu", "f", SSH_FXF_WRITE | SSH_FXF_CREAT,
	    SSH_FILEXFER_ATTR_PERMISSIONS, 0666u);
	ck_assert_int_eq(stat(tree_path(&c, "f"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_MKDIR, "s.", "x"), SSH_FX_FAILURE);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

static void
link_leads(const char *link_name, const char *target)
{
	char text[64] = "";

	ck_assert_int_gt(
	    readlink(tree_path(&c, link_name), text, sizeof(text) - 1), 0);
	ck_assert_str_eq(text, target);
}

START_TEST(symlink_has_the_order_that_the_peer_has)
{
	struct sftp_options o = {.draft_symlink = false};

	start(&o);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_SYMLINK, "ss", "a", "l"), 0);
	link_leads("l", "a");
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_SYMLINK, "ss", "a", "l"), SSH_FX_FAILURE);
	ck_assert_int_eq(client_end(&c), 0);
	ck_assert_ptr_nonnull(
	    strstr(client_events(&c), "symlink old \"a\" new \"l\"\n"));
	o.draft_symlink = true;
	start(&o);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_SYMLINK, "ss", "l", "a"), 0);
	link_leads("l", "a");
	ck_assert_int_eq(client_end(&c), 0);
	ck_assert_ptr_nonnull(
	    strstr(client_events(&c), "symlink old \"a\" new \"l\"\n"));
}
END_TEST

START_TEST(a_hard_link_is_the_same_file)
{
	struct stat a, l;

	start(&plain);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_EXTENDED, "sss",
			      "hardlink@openssh.com", "a", "l"),
	    SSH_FX_OK);
	ck_assert_int_eq(stat(tree_path(&c, "a"), &a), 0);
	ck_assert_int_eq(stat(tree_path(&c, "l"), &l), 0);
	ck_assert(a.st_ino == l.st_ino);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(stat_follows_and_lstat_does_not)
{
	start(&plain);
	ck_assert_int_eq(symlink("a", tree_path(&c, "l")), 0);
	for (int i = 0; i < 2; i++) {
		ask(&c, i == 0 ? SSH_FXP_STAT : SSH_FXP_LSTAT, "s", "l");
		ck_assert(hear(&c));
		ck_assert_uint_eq(c.type, SSH_FXP_ATTRS);
		ck_assert_uint_eq(rd_u32(&c.r), 0xf);
		ck_assert_uint_eq(rd_u64(&c.r), i == 0 ? 3 : 1);
		(void)rd_u64(&c.r); /* owner */
		ck_assert_uint_eq(
		    rd_u32(&c.r) & S_IFMT, i == 0 ? S_IFREG : S_IFLNK);
	}
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_STAT, "s", "none"), SSH_FX_NO_SUCH_FILE);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(setstat_changes_the_target_and_lsetstat_the_link)
{
	struct stat st;

	start(&plain);
	ck_assert_int_eq(symlink("a", tree_path(&c, "l")), 0);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_SETSTAT, "suuuu", "l",
		SSH_FILEXFER_ATTR_PERMISSIONS | SSH_FILEXFER_ATTR_ACMODTIME,
		0640u, 5u, 6u),
	    SSH_FX_OK);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_EXTENDED, "ssuuu", "lsetstat@openssh.com",
		"l", SSH_FILEXFER_ATTR_ACMODTIME, 7u, 8u),
	    SSH_FX_OK);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_EXTENDED, "ssuu", "lsetstat@openssh.com",
		"b", SSH_FILEXFER_ATTR_PERMISSIONS, 0600u),
	    SSH_FX_OK);
	/* no mode, no size of a link */
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_EXTENDED, "ssuu", "lsetstat@openssh.com",
		"l", SSH_FILEXFER_ATTR_PERMISSIONS, 0600u),
	    SSH_FX_OP_UNSUPPORTED);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_EXTENDED, "ssuq", "lsetstat@openssh.com",
		"l", SSH_FILEXFER_ATTR_SIZE, UINT64_C(0)),
	    SSH_FX_BAD_MESSAGE);
	ck_assert_int_eq(stat(tree_path(&c, "a"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(st.st_mtime, 6);
	ck_assert_int_eq(st.st_size, 3);
	ck_assert_int_eq(lstat(tree_path(&c, "l"), &st), 0);
	ck_assert_int_eq(st.st_mtime, 8);
	ck_assert_int_eq(stat(tree_path(&c, "b"), &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(setstat_sets_size_and_then_times)
{
	struct stat st;

	start(&plain);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_SETSTAT, "suquu", "a",
		SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_ACMODTIME,
		UINT64_C(1), 5u, 6u),
	    SSH_FX_OK);
	ck_assert_int_eq(stat(tree_path(&c, "a"), &st), 0);
	ck_assert_int_eq(st.st_size, 1);
	ck_assert_int_eq(st.st_mtime, 6);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_SETSTAT, "suq", "d",
			      SSH_FILEXFER_ATTR_SIZE, UINT64_C(0)),
	    SSH_FX_FAILURE);
	/* A size that is announced and not there cuts nothing. */
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_SETSTAT, "suq", "b",
		SSH_FILEXFER_ATTR_SIZE | SSH_FILEXFER_ATTR_PERMISSIONS,
		UINT64_C(0)),
	    SSH_FX_BAD_MESSAGE);
	ck_assert_int_eq(tree_size(&c, "b"), 1);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(statvfs_has_eleven_numbers)
{
	uint32_t h;

	start(&plain);
	h = ask_handle(&c, SSH_FXP_OPENDIR, "s", ".");
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			ask(&c, SSH_FXP_EXTENDED, "ss", "statvfs@openssh.com",
			    ".");
		else
			ask(&c, SSH_FXP_EXTENDED, "sh", "fstatvfs@openssh.com",
			    h);
		ck_assert(hear(&c));
		ck_assert_uint_eq(c.type, SSH_FXP_EXTENDED_REPLY);
		ck_assert_uint_eq(rd_left(&c.r), 88);
		ck_assert_uint_ge(rd_u64(&c.r), 512); /* f_bsize */
		(void)rd_bytes(&c.r, 72);
		ck_assert_uint_eq(rd_u64(&c.r), 255); /* f_namemax */
	}
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

/* Count names until EOF; each packet is one that every client takes. */
static int
count_names(uint32_t h, uint8_t *seen, int max)
{
	char name[256], line[512];
	uint32_t count, total = 0;

	for (;;) {
		ask(&c, SSH_FXP_READDIR, "h", h);
		ck_assert(hear(&c));
		if (c.type == SSH_FXP_STATUS)
			break;
		ck_assert_uint_le(c.reply_len, SFTP_NAMES_MAX);
		count = rd_u32(&c.r);
		ck_assert_uint_ge(count, 1);
		total += count;
		while (count-- != 0) {
			rd_text(&c.r, name, sizeof(name));
			rd_text(&c.r, line, sizeof(line));
			(void)rd_bytes(&c.r, 32); /* attributes */
			ck_assert_int_eq(c.r.err, 0);
			ck_assert_ptr_nonnull(strstr(line, name));
			if (name[0] == 'n') {
				ck_assert_int_lt(atoi(&name[1]), max);
				seen[atoi(&name[1])]++;
			}
		}
		ck_assert_int_eq(rd_end(&c.r), 0);
	}
	ck_assert_uint_eq(heard_status(&c), SSH_FX_EOF);
	return (int)total;
}

START_TEST(a_large_directory_is_listed_once_and_whole)
{
	static uint8_t seen[20000];
	char name[32];
	uint32_t h;
	int dir;

	start(&plain);
	dir = open(tree_path(&c, "d"), O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 20000; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		ck_assert_int_eq(mknodat(dir, name, S_IFREG | 0644, 0), 0);
	}
	close(dir);
	h = ask_handle(&c, SSH_FXP_OPENDIR, "s", "d");
	ck_assert_int_eq(count_names(h, seen, 20000), 20002);
	for (int i = 0; i < 20000; i++)
		ck_assert_uint_eq(seen[i], 1);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_CLOSE, "h", h), 0);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_OPENDIR, "s", "a"), SSH_FX_NO_SUCH_FILE);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

/* Any byte but NUL and slash is a name's. */
static const char *const names[] = {"a b", "new\nline", "\303\244\303\266",
    "\377\376 not utf-8", "-rf", "tab\t", "\"'\\", "..."};

START_TEST(odd_names_survive)
{
	char name[64];
	uint32_t h, count;
	bool found = false;

	start(&plain);
	ask_handle(&c, SSH_FXP_OPEN, "su.", names[_i],
	    SSH_FXF_WRITE | SSH_FXF_CREAT | SSH_FXF_EXCL);
	ck_assert_int_eq(tree_size(&c, names[_i]), 0);
	h = ask_handle(&c, SSH_FXP_OPENDIR, "s", ".");
	ask(&c, SSH_FXP_READDIR, "h", h);
	ck_assert(hear(&c));
	for (count = rd_u32(&c.r); count != 0; count--) {
		size_t len;

		rd_text(&c.r, name, sizeof(name));
		(void)rd_string(&c.r, 512, &len);
		(void)rd_bytes(&c.r, 32);
		found = found || strcmp(name, names[_i]) == 0;
	}
	ck_assert(found);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_REMOVE, "s", names[_i]), 0);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(a_nul_or_an_endless_name_is_refused)
{
	static char path[8192];
	struct buf *b;

	start(&plain);
	b = ask_begin(&c, SSH_FXP_REMOVE);
	buf_string(b, "a\0b", 3);
	ask_send(&c);
	ck_assert(hear(&c));
	ck_assert_uint_eq(heard_status(&c), SSH_FX_BAD_MESSAGE);
	ck_assert_int_eq(tree_size(&c, "a"), 3);
	memset(path, 'x', sizeof(path) - 1);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_STAT, "s", path), SSH_FX_BAD_MESSAGE);
	ck_assert_str_eq(c.text, "File name too long");
	path[300] = '\0';
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_STAT, "s", path), SSH_FX_BAD_MESSAGE);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

Suite *
suite_tree(void)
{
	Suite *s = suite_create("tree");
	TCase *t = tcase_create("tree");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, rename_never_replaces_and_posix_rename_does);
	tcase_add_test(t, remove_is_for_files_and_rmdir_for_directories);
	tcase_add_test(t, new_files_and_directories_obey_the_umask);
	tcase_add_test(t, symlink_has_the_order_that_the_peer_has);
	tcase_add_test(t, a_hard_link_is_the_same_file);
	tcase_add_test(t, stat_follows_and_lstat_does_not);
	tcase_add_test(t, setstat_changes_the_target_and_lsetstat_the_link);
	tcase_add_test(t, setstat_sets_size_and_then_times);
	tcase_add_test(t, statvfs_has_eleven_numbers);
	tcase_add_test(t, a_large_directory_is_listed_once_and_whole);
	tcase_add_loop_test(
	    t, odd_names_survive, 0, (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_test(t, a_nul_or_an_endless_name_is_refused);
	suite_add_tcase(s, t);
	return s;
}
