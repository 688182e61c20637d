/*
 * Patterns for files: against fnmatch(3) for names, and glob(3) for trees.
 */
#include "lib/err.h"
#include "lib/safefile.h"
#include "privsep/glob_files.h"
#include "tests/unit/modules/suites.h"
#include "tests/unit/unit.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
check_name(const char *name, const char *pattern)
{
	int flags = FNM_PERIOD | FNM_PATHNAME;

	ck_assert_msg(glob_matches(name, pattern, strlen(pattern)) ==
		(fnmatch(pattern, name, flags) == 0),
	    "%s, %s", name, pattern);
}

START_TEST(names_match_as_the_system_says)
{
	static const char *const patterns[] = {"", "*", "a", "?", "*.pub",
	    "a*b*c", "[abc]", "[a-c]x", "[!a]", "[]a]", "[!]a]", "[a", "[",
	    "\\*", "\\a", ".*", "\\.*", "[.]a", "**", "*a*", "?*", "a[b",
	    "[a-]", "[-a]", "[\\]]", "[a\\-c]", "*[0-9]"};
	static const char *const names[] = {"", "a", "b", "c", "ax", "bx", "*",
	    ".a", ".", "x.pub", ".pub", "abc", "aXbYc", "aabbcc", "]", "[a",
	    "[", "a[b", "-", "b-", "x1", "\\", "\\a", "\xff", "\xc3\xa4"};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
			check_name(names[k], patterns[i]);
	/* As in sshd. */
	ck_assert(glob_matches("^", "[^a]", 4));
	ck_assert(!glob_matches("b", "[^a]", 4));
}
END_TEST

START_TEST(random_names_and_patterns_match_as_the_system_says)
{
	static const char letters[] = "ab*?.[]!-";
	unsigned seed = 1;

	for (int i = 0; i < 200000; i++) {
		char pattern[8] = "", name[6] = "";
		size_t m, n;

		m = (size_t)rand_r(&seed) % sizeof(pattern);
		n = (size_t)rand_r(&seed) % sizeof(name);
		for (size_t k = 0; k < m; k++)
			pattern[k] = letters[(size_t)rand_r(&seed) % 9];
		for (size_t k = 0; k < n; k++)
			name[k] = letters[(size_t)rand_r(&seed) % 5];
		/* Equivalence classes are refused where they are configured,
		 * and the system takes a range that ends before it begins for
		 * an error. */
		if (strstr(pattern, "[.") == NULL &&
		    strchr(pattern, '-') == NULL)
			check_name(name, pattern);
	}
}
END_TEST

static char *folder;

static void
make(const char *name)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	for (char *p = &path[strlen(folder) + 1]; (p = strchr(p, '/')); p++) {
		*p = '\0';
		mkdir(path, 0700);
		*p = '/';
	}
	if ((fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)) >= 0)
		close(fd);
}

/* The list of what matches; NULL: *err says why not. */
static char *
search(const char *pattern, int *err)
{
	char path[4096], why[SAFEFILE_WHY_MAX];
	int fd = memfd_create("list", MFD_CLOEXEC);
	char *sorted = NULL;
	size_t len;

	snprintf(path, sizeof(path), "%s/%s", folder, pattern);
	*err = glob_files(path, fd, why);
	lseek(fd, 0, SEEK_SET);
	if (*err == 0) {
		sorted = glob_read(fd, &len);
		ck_assert_ptr_nonnull(sorted);
	} else {
		ck_assert_str_ne(why, "");
	}
	close(fd);
	return sorted;
}

START_TEST(a_tree_is_searched_as_the_system_does)
{
	static const char *const patterns[] = {"*", "d/*.pub", "d/*", "*/*",
	    "*/*.pub", "none/*", "d/none*", "?/[a-b].pub", "*/k*/[0-9]",
	    "d/\\*x", "d/b.pub/*", ".*/a", "l/*", "*/a.pub", "*/k1/1",
	    "*/b.pub/x", "?/none"};
	char path[4096];

	folder = unit_folder();
	make("d/b.pub");
	make("d/a.pub");
	make("d/A.pub");
	make("d/.h.pub");
	make("d/*x");
	make("d/bx");
	make("e/k1/1");
	make("e/k2/2");
	make("e/x/3");
	make(".s/a");
	snprintf(path, sizeof(path), "%s/l", folder);
	ck_assert_int_eq(symlink("d", path), 0);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
		struct stat st;
		glob_t g = {0};
		char *list, *p;
		int err;

		p = list = search(patterns[i], &err);
		ck_assert_int_eq(err, 0);
		snprintf(path, sizeof(path), "%s/%s", folder, patterns[i]);
		(void)glob(path, 0, NULL, &g);
		for (size_t k = 0; k < g.gl_pathc; k++) {
			/* A directory that is named is no file. */
			if (lstat(g.gl_pathv[k], &st) == 0 &&
			    S_ISDIR(st.st_mode))
				continue;
			ck_assert_str_eq(p, g.gl_pathv[k]);
			p += strlen(p) + 1;
		}
		ck_assert_msg(*p == '\0', "%s: %s", patterns[i], p);
		globfree(&g);
		free(list);
	}
	unit_remove(folder);
	free(folder);
}
END_TEST

START_TEST(what_is_too_much_is_an_error)
{
	char name[32];
	int err;

	folder = unit_folder();
	for (int i = 0; i < GLOB_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "d/%d", i);
		make(name);
	}
	free(search("d/*", &err));
	ck_assert_int_eq(err, 0);
	make("d/more");
	ck_assert_ptr_null(search("d/*", &err));
	ck_assert_int_eq(err, E_LIMIT);
	make("a/b/c/d/e/f");
	ck_assert_ptr_null(search("*/*/*/*/*/*", &err));
	ck_assert_int_eq(err, E_LIMIT);
	unit_remove(folder);
	free(folder);
}
END_TEST

START_TEST(a_list_that_is_none_is_refused)
{
	ck_assert_ptr_null(glob_sorted("/a", 2));
	ck_assert_ptr_null(glob_sorted("a", 2));
	ck_assert_ptr_null(glob_sorted("/a\0\0", 4));
	free(glob_sorted("/b\0/a", 6));
}
END_TEST

Suite *
suite_glob(void)
{
	Suite *s = suite_create("glob");
	TCase *t = tcase_create("glob");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, names_match_as_the_system_says);
	tcase_add_test(t, random_names_and_patterns_match_as_the_system_says);
	tcase_add_test(t, a_tree_is_searched_as_the_system_does);
	tcase_add_test(t, what_is_too_much_is_an_error);
	tcase_add_test(t, a_list_that_is_none_is_refused);
	suite_add_tcase(s, t);
	return s;
}
