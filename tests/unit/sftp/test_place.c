/*
 * realpath over a tree with links, and the requests that build on it.
 */
#include "daemon/sftp/place.h"
#include "tests/unit/sftp/client.h"
#include "tests/unit/sftp/suites.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct client c;

static void
make(void)
{
	tree_make(&c);
	mkdir(tree_path(&c, "d"), 0755);
	mkdir(tree_path(&c, "d/e"), 0755);
	tree_write(&c, "d/f", "x", 1);
	ck_assert_int_eq(symlink("d/e", tree_path(&c, "rel")), 0);
	ck_assert_int_eq(symlink("/", tree_path(&c, "abs")), 0);
	ck_assert_int_eq(symlink("loop", tree_path(&c, "loop")), 0);
	ck_assert_int_eq(symlink("rel/../f", tree_path(&c, "up")), 0);
	ck_assert_int_eq(symlink("gone", tree_path(&c, "dangling")), 0);
}

/* In "path" and "real", a leading % is the tree. */
static const struct {
	const char *path;
	const char *real;
	int error;
} places[] = {
    {"", "%", 0},
    {".", "%", 0},
    {"./././", "%", 0},
    {"d/./e/..", "%/d", 0},
    {"rel", "%/d/e", 0},
    {"rel/..", "%/d", 0},
    {"rel/new", "%/d/e/new", 0},
    {"up", "%/d/f", 0},
    {"dangling", "%/gone", 0},
    {"missing", "%/missing", 0},
    {"missing/", "%/missing", 0},
    {"missing/x", NULL, ENOENT},
    {"d/f/x", NULL, ENOTDIR},
    {"loop", NULL, ELOOP},
    {"loop/x", NULL, ELOOP},
    {"abs/tmp", "/tmp", 0},
    {"/", "/", 0},
    {"//..//../", "/", 0},
    {"/../../tmp/../tmp", "/tmp", 0},
    {"../../../../../../tmp", "/tmp", 0},
};

START_TEST(paths_lead_where_the_kernel_leads_them)
{
	char real[PATH_MAX], want[PATH_MAX] = "";

	make();
	if (places[_i].real != NULL)
		snprintf(want, sizeof(want), "%s%s",
		    places[_i].real[0] == '%' ? c.root : "",
		    &places[_i].real[places[_i].real[0] == '%']);
	ck_assert_int_eq(
	    place_real(places[_i].path, c.root, real), places[_i].error);
	if (places[_i].error == 0)
		ck_assert_str_eq(real, want);
	client_serve(&c, &(struct sftp_options){.no_names = true}, NULL);
	client_end(&c);
}
END_TEST

START_TEST(a_path_that_does_not_fit_is_too_long)
{
	static char path[PATH_MAX + 16], real[PATH_MAX];

	memset(path, 'a', PATH_MAX - 1);
	ck_assert_int_eq(place_real(path, "/tmp", real), ENAMETOOLONG);
	path[PATH_MAX - 1] = 'a';
	ck_assert_int_eq(place_real(path, "/", real), ENAMETOOLONG);
}
END_TEST

START_TEST(a_tilde_is_a_home)
{
	struct sftp_options o = {
	    .user = "me", .home = "/home/../tmp", .no_names = true};
	uint8_t t = SSH_FXP_EXTENDED;

	make();
	client_serve(&c, &o, NULL);
#define EXPAND "expand-path@openssh.com"
	ck_assert_str_eq(ask_name(&c, t, "ss", EXPAND, "~"), "/tmp");
	ck_assert_str_eq(ask_name(&c, t, "ss", EXPAND, "~/x"), "/tmp/x");
	ck_assert_str_eq(ask_name(&c, t, "ss", EXPAND, "~me/x"), "/tmp/x");
	/* no other home is known where NSS may not be asked */
	ck_assert_str_eq(ask_name(&c, t, "ss", EXPAND, "~root"), "status 2");
	ck_assert_str_eq(
	    ask_name(&c, t, "ss", EXPAND, "d/../rel"), tree_path(&c, "d/e"));
	ck_assert_str_eq(
	    ask_name(&c, t, "ss", "home-directory", "me"), "/home/../tmp");
	ck_assert_str_eq(
	    ask_name(&c, t, "ss", "home-directory", ""), "/home/../tmp");
	ck_assert_str_eq(
	    ask_name(&c, t, "ss", "home-directory", "root"), "status 2");
	ck_assert_str_eq(
	    ask_name(&c, SSH_FXP_REALPATH, "s", "up"), tree_path(&c, "d/f"));
	ck_assert_str_eq(
	    ask_name(&c, SSH_FXP_REALPATH, "s", "loop"), "status 2");
	ck_assert_str_eq(ask_name(&c, SSH_FXP_READLINK, "s", "up"), "rel/../f");
	ck_assert_str_eq(ask_name(&c, SSH_FXP_READLINK, "s", "d"), "status 5");
	ck_assert_int_eq(client_end(&c), 0);
}
END_TEST

START_TEST(names_come_from_nss_only_outside_a_chroot)
{
	struct sftp_options o = {.user = "me"};
	const uint8_t *names;
	size_t len;

	for (int numeric = 0; numeric < 2; numeric++) {
		o.no_names = numeric == 1;
		make();
		client_serve(&c, &o, NULL);
		ask(&c, SSH_FXP_EXTENDED, "suuuuu",
		    "users-groups-by-id@openssh.com", 8u, 0u, 4000000000u, 4u,
		    0u);
		ck_assert(hear(&c));
		ck_assert_uint_eq(c.type, SSH_FXP_EXTENDED_REPLY);
		names = rd_string(&c.r, 256, &len);
		if (numeric == 0) {
			ck_assert_uint_eq(len, 12);
			ck_assert_mem_eq(names, "\0\0\0\4root\0\0\0\0", 12);
		} else if (getuid() != 0) {
			ck_assert_uint_eq(len, 8);
			ck_assert_mem_eq(names, "\0\0\0\0\0\0\0\0", 8);
		} else {
			ck_assert_uint_eq(len, 10);
			ck_assert_mem_eq(names, "\0\0\0\2me\0\0\0\0", 10);
		}
		names = rd_string(&c.r, 256, &len);
		ck_assert_uint_eq(len, numeric == 0 ? 8 : 4);
		ck_assert_int_eq(rd_end(&c.r), 0);
		ck_assert_int_eq(client_end(&c), 0);
	}
}
END_TEST

Suite *
suite_place(void)
{
	Suite *s = suite_create("place");
	TCase *t = tcase_create("place");

	tcase_add_loop_test(t, paths_lead_where_the_kernel_leads_them, 0,
	    (int)(sizeof(places) / sizeof(places[0])));
	tcase_add_test(t, a_path_that_does_not_fit_is_too_long);
	tcase_add_test(t, a_tilde_is_a_home);
	tcase_add_test(t, names_come_from_nss_only_outside_a_chroot);
	suite_add_tcase(s, t);
	return s;
}
