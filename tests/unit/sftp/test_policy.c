/*
 * Read-only, request lists, chroot, and what is told of all that.
 */
#include "tests/unit/sftp/client.h"
#include "tests/unit/sftp/suites.h"

#include <sys/stat.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct client c;

static void
start(const struct sftp_options *o)
{
	tree_make(&c);
	tree_write(&c, "a", "aaa", 3);
	ck_assert_int_eq(mkdir(tree_path(&c, "d"), 0755), 0);
	client_serve(&c, o, NULL);
}

/* The names and versions of the reply to INIT, as one text. */
static const char *
advertised(void)
{
	static char all[2048];
	char word[128];

	all[0] = '\0';
	while (rd_left(&c.r) != 0) {
		rd_text(&c.r, word, sizeof(word));
		ck_assert_int_eq(c.r.err, 0);
		strcat(all, word);
		strcat(all, " ");
	}
	return all;
}

START_TEST(the_extensions_are_openssh_s)
{
	start(&(struct sftp_options){0});
	ck_assert_str_eq(advertised(),
	    "posix-rename@openssh.com 1 statvfs@openssh.com 2 "
	    "fstatvfs@openssh.com 2 hardlink@openssh.com 1 "
	    "fsync@openssh.com 1 lsetstat@openssh.com 1 "
	    "limits@openssh.com 1 expand-path@openssh.com 1 copy-data 1 "
	    "home-directory 1 users-groups-by-id@openssh.com 1 ");
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(read_only_changes_nothing_and_tells_so)
{
	const uint32_t denied = SSH_FX_PERMISSION_DENIED;
	struct sftp_options o = {.read_only = true};
	const char *told;
	uint32_t h;

	start(&o);
	ck_assert_ptr_null(strstr(advertised(), "posix-rename"));
	for (uint32_t f = 0; f < 0x40; f++) {
		if ((f & SSH_FXF_CHANGES) == 0)
			continue;
		ck_assert_uint_eq(
		    ask_status(&c, SSH_FXP_OPEN, "su.", "a", f), denied);
		ck_assert_uint_eq(
		    ask_status(&c, SSH_FXP_OPEN, "su.", "n", f), denied);
	}
	ck_assert_int_eq(tree_size(&c, "a"), 3);
	ck_assert_int_eq(tree_size(&c, "n"), -1);
	h = ask_handle(&c, SSH_FXP_OPEN, "su.", "a", SSH_FXF_READ);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_WRITE, "hqs", h, UINT64_C(0), "x"), denied);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_FSETSTAT, "huu", h,
			      SSH_FILEXFER_ATTR_PERMISSIONS, 0777u),
	    denied);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_SETSTAT, "suq", "a",
			      SSH_FILEXFER_ATTR_SIZE, UINT64_C(0)),
	    denied);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_REMOVE, "s", "a"), denied);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_MKDIR, "s.", "x"), denied);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_RMDIR, "s", "d"), denied);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_RENAME, "ss", "a", "b"), denied);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_SYMLINK, "ss", "a", "b"), denied);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_EXTENDED, "sss",
			      "posix-rename@openssh.com", "a", "b"),
	    denied);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_EXTENDED, "sss",
			      "hardlink@openssh.com", "a", "b"),
	    denied);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_EXTENDED, "ssuu", "lsetstat@openssh.com",
		"a", SSH_FILEXFER_ATTR_PERMISSIONS, 0777u),
	    denied);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_EXTENDED, "shqqhq", "copy-data", h,
		UINT64_C(0), UINT64_C(0), h, UINT64_C(9)),
	    denied);
	ck_assert_int_eq(tree_size(&c, "a"), 3);
	ck_assert_int_eq(tree_size(&c, "b"), -1);
	ck_assert_int_eq(client_end(&c), 0);
	told = client_events(&c);
	ck_assert_ptr_nonnull(strstr(told,
	    "open \"a\" flags READ,WRITE mode 0666\n"
	    "Refusing open request in read-only mode\n"
	    "sent status Permission denied\n"));
	ck_assert_ptr_nonnull(strstr(
	    told, "Refusing copy-data request in read-only mode name \"a\"\n"));
	ck_assert_ptr_nonnull(strstr(told, " denied 132 failed 0\n"));
}
END_TEST

START_TEST(only_permitted_requests_are_served)
{
	struct sftp_options o = {
	    .allowed_requests = "open,close,read,stat,limits",
	    .denied_requests = "stat,readdir",
	};

	start(&o);
	ck_assert_str_eq(advertised(), "limits@openssh.com 1 ");
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_STAT, "s", "a"), SSH_FX_PERMISSION_DENIED);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_REMOVE, "s", "a"), SSH_FX_PERMISSION_DENIED);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_EXTENDED, "ss", "statvfs@openssh.com", "."),
	    SSH_FX_PERMISSION_DENIED);
	ask_handle(&c, SSH_FXP_OPEN, "su.", "a", SSH_FXF_READ);
	ck_assert_int_eq(tree_size(&c, "a"), 3);
	ck_assert_int_eq(client_end(&c), 0);
	ck_assert_ptr_nonnull(strstr(client_events(&c),
	    "Refusing remove request: not a permitted request "
	    "name \"a\"\n"));
}
END_TEST

START_TEST(an_unknown_name_in_a_list_serves_nobody)
{
	struct sftp_options o = {.denied_requests = "stat,opne"};

	tree_make(&c);
	client_serve_raw(&c, &o, NULL);
	ck_assert(!hear(&c));
	ck_assert_int_eq(client_end(&c), SFTP_EXIT_OPTIONS);
}
END_TEST

START_TEST(every_change_is_told_in_openssh_s_words)
{
	uint32_t h, d;
	const char *told;

	start(&(struct sftp_options){.start_directory = NULL});
	h = ask_handle(&c, SSH_FXP_OPEN, "suuu", "n",
	    SSH_FXF_WRITE | SSH_FXF_CREAT | SSH_FXF_TRUNC | SSH_FXF_EXCL,
	    SSH_FILEXFER_ATTR_PERMISSIONS, 0600u);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_WRITE, "hqs", h, UINT64_C(0), "hello"), 0);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_CLOSE, "h", h), 0);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_RENAME, "ss", "n", "m"), 0);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_MKDIR, "s.", "x\ny"), 0);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_RMDIR, "s", "x\ny"), 0);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_SETSTAT, "suu", "m",
			      SSH_FILEXFER_ATTR_PERMISSIONS, 0640u),
	    0);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_REMOVE, "s", "gone"), 2);
	d = ask_handle(&c, SSH_FXP_OPENDIR, "s", "d");
	ask_handle(&c, SSH_FXP_OPEN, "su.", "a", SSH_FXF_READ);
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_CLOSE, "h", d), 0);
	ck_assert_int_eq(client_end(&c), 0);
	told = client_events(&c);
	ck_assert_str_eq(told,
	    "session opened for local user tester from [192.0.2.1]\n"
	    "open \"n\" flags WRITE,CREATE,TRUNCATE,EXCL mode 0600\n"
	    "close \"n\" bytes read 0 written 5\n"
	    "rename old \"n\" new \"m\"\n"
	    "mkdir name \"x\\012y\" mode 0777\n"
	    "rmdir name \"x\\012y\"\n"
	    "set \"m\" mode 0640\n"
	    "remove name \"gone\"\n"
	    "sent status No such file: No such file or directory\n"
	    "opendir \"d\"\n"
	    "open \"a\" flags READ mode 0666\n"
	    "closedir \"d\"\n"
	    "forced close \"a\" bytes read 0 written 0\n"
	    "session summary: requests 11 opened 2 files read 0 written 1 "
	    "bytes read 0 written 5 removed 1 renamed 1 made 1 "
	    "attributes set 1 denied 0 failed 1\n"
	    "session closed for local user tester from [192.0.2.1]\n");
}
END_TEST

START_TEST(more_is_told_when_more_is_wanted)
{
	struct sftp_options o = {.detail = SFTP_DETAIL_REQUESTS};
	const char *told;

	start(&o);
	ask(&c, SSH_FXP_STAT, "s", "a");
	ck_assert(hear(&c));
	ck_assert_int_eq(client_end(&c), 0);
	told = client_events(&c);
	ck_assert_ptr_nonnull(strstr(told, "request 2: stat\nstat \"a\"\n"));
}
END_TEST

static void
jail(const struct client *client)
{
	if (chroot(client->root) != 0 || chdir("/") != 0)
		exit(77);
}

START_TEST(a_chroot_needs_nothing_inside_and_leads_nowhere)
{
	struct sftp_options o = {.start_directory = "/d",
	    .no_names = true,
	    .user = "me",
	    .home = "/d"};

	if (geteuid() != 0)
		return; /* chroot() */
	tree_make(&c);
	tree_write(&c, "a", "aaa", 3);
	ck_assert_int_eq(mkdir(tree_path(&c, "d"), 0755), 0);
	ck_assert_int_eq(symlink("/etc/passwd", tree_path(&c, "l")), 0);
	client_serve(&c, &o, jail);
	ck_assert_str_eq(ask_name(&c, SSH_FXP_REALPATH, "s", "."), "/d");
	ck_assert_str_eq(ask_name(&c, SSH_FXP_REALPATH, "s", "../../.."), "/");
	ck_assert_uint_eq(ask_status(&c, SSH_FXP_OPEN, "su.",
			      "../../../etc/passwd", SSH_FXF_READ),
	    SSH_FX_NO_SUCH_FILE);
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_OPEN, "su.", "/l", SSH_FXF_READ),
	    SSH_FX_NO_SUCH_FILE);
	/* chmod without following: no /proc to help here */
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_EXTENDED, "ssuu", "lsetstat@openssh.com",
		"/a", SSH_FILEXFER_ATTR_PERMISSIONS, 0600u),
	    SSH_FX_OK);
	ck_assert_str_eq(ask_name(&c, SSH_FXP_EXTENDED, "ss",
			     "expand-path@openssh.com", "~/x"),
	    "/d/x");
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

static void
careless_jail(const struct client *client)
{
	if (chdir("/etc") != 0 || chroot(client->root) != 0)
		exit(77);
}

/* The directory of a caller who forgot it is outside the root. */
START_TEST(a_directory_left_outside_a_chroot_is_left)
{
	struct sftp_options o = {.start_directory = "/none", .no_names = true};

	if (geteuid() != 0)
		return; /* chroot() */
	tree_make(&c);
	client_serve(&c, &o, careless_jail);
	ck_assert_str_eq(ask_name(&c, SSH_FXP_REALPATH, "s", "."), "/");
	ck_assert_uint_eq(
	    ask_status(&c, SSH_FXP_OPEN, "su.", "passwd", SSH_FXF_READ),
	    SSH_FX_NO_SUCH_FILE);
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(a_start_directory_that_is_missing_is_told)
{
	struct sftp_options o = {.start_directory = "/nowhere/at/all"};

	tree_make(&c);
	client_serve(&c, &o, NULL);
	ck_assert_str_ne(
	    ask_name(&c, SSH_FXP_REALPATH, "s", "."), "/nowhere/at/all");
	ck_assert_int_eq(client_end(&c), 0);
	ck_assert_ptr_nonnull(strstr(client_events(&c),
	    "/nowhere/at/all: start directory: No such file or directory\n"));
}
END_TEST

Suite *
suite_policy(void)
{
	Suite *s = suite_create("policy");
	TCase *t = tcase_create("policy");

	tcase_set_timeout(t, 30);
	tcase_add_test(t, the_extensions_are_openssh_s);
	tcase_add_test(t, read_only_changes_nothing_and_tells_so);
	tcase_add_test(t, only_permitted_requests_are_served);
	tcase_add_test(t, an_unknown_name_in_a_list_serves_nobody);
	tcase_add_test(t, every_change_is_told_in_openssh_s_words);
	tcase_add_test(t, more_is_told_when_more_is_wanted);
	tcase_add_test(t, a_chroot_needs_nothing_inside_and_leads_nowhere);
	tcase_add_test(t, a_directory_left_outside_a_chroot_is_left);
	tcase_add_test(t, a_start_directory_that_is_missing_is_told);
	suite_add_tcase(s, t);
	return s;
}
