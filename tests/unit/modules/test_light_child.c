/*
 * Attacks by the user of an errand on its child: the child shares the
 * sender's memory, so at no moment may it be traced.  The test puts itself
 * between errand.c and the kernel, as it is with fs.suid_dumpable = 1.
 */
#include "tests/unit/modules/suites.h"
#include "tests/unit/unit.h"

#include "modules/sallyport_module.h"
#include "privsep/errand.h"

#include <sys/prctl.h>
#include <sys/syscall.h>

#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NOBODY 65534

typedef long syscall_function(long number, ...);

static syscall_function *kernel;
static bool suid_dumpable;
static unsigned changes; /* of user, by children: their memory is ours */
static bool exposed;

/* A change of the effective user makes memory dumpable. */
static void
changed_user(uid_t before)
{
	uid_t r, e, s;

	if (geteuid() != before)
		(void)prctl(PR_SET_DUMPABLE, 1);
	if (getresuid(&r, &e, &s) != 0 || e == 0)
		return;
	changes++;
	/* One that is root's in part can be traced by root alone. */
	if (r == NOBODY && s == NOBODY && prctl(PR_GET_DUMPABLE) != 0)
		exposed = true;
}

long
syscall(long number, ...)
{
	uid_t before = geteuid();
	long a[6], result;
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (kernel == NULL)
		kernel = (syscall_function *)dlsym(RTLD_NEXT, "syscall");
	result = kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
	if (suid_dumpable && number == SYS_setresuid && result == 0)
		changed_user(before);
	return result;
}

START_TEST(nobody_can_trace_a_child_that_opens_a_file)
{
	const struct errand_as nobody = {
	    .uid = NOBODY, .gid = NOBODY, .whose = NOBODY};
	char why[256];
	int fd, err;
	pid_t pid;

	suid_dumpable = true;
	err = errand_open(
	    &nobody, "/etc/passwd", NULL, 1 << 20, 5000, &fd, why, sizeof(why));
	ck_assert_msg(err == SALLYPORT_OK, "%s", why);
	close(fd);
	ck_assert_int_eq(
	    errand_ask(&nobody, ERRAND_IS_THERE, "/etc/passwd", 5000, &pid),
	    SALLYPORT_OK);
	suid_dumpable = false;
	ck_assert_uint_ge(changes, 4); /* the instrument: two of each */
	ck_assert(!exposed);
}
END_TEST

Suite *
suite_light_child(void)
{
	Suite *s = suite_create("light child");
	TCase *t = tcase_create("traced");

	suite_add_tcase(s, t);
	if (geteuid() == 0)
		tcase_add_test(t, nobody_can_trace_a_child_that_opens_a_file);
	return s;
}
