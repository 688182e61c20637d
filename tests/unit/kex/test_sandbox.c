/*
 * After kex_preload(), in a forked child as the worker is one, a key exchange
 * needs no system call but randomness, memory and its own process number: a
 * filter that kills on every other one stands by.
 */
#include "tests/unit/kex/suites.h"

#include "lib/buf.h"
#include "lib/ssh/kex.h"

#include "config.h"

#include <sys/wait.h>

#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void
confine(void)
{
	static const int allowed[] = {
#ifdef SANITIZED /* asked by ASan at each _exit() */
	    SCMP_SYS(sigaltstack),
#endif
	    SCMP_SYS(getrandom), SCMP_SYS(getpid), SCMP_SYS(futex),
	    SCMP_SYS(brk), SCMP_SYS(mmap), SCMP_SYS(munmap), SCMP_SYS(mremap),
	    SCMP_SYS(madvise), SCMP_SYS(exit_group)};
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++) {
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0) !=
		    0)
			_exit(100);
	}
	if (filter == NULL || seccomp_load(filter) != 0)
		_exit(101);
}

/* A good share, a bad one, and the keys. */
static void
exchange(const struct kex_method *m, const struct kex_group *group)
{
	static const uint8_t zeros[64];
	struct kex_client *client = NULL;
	struct buf theirs, ours, secret;
	uint8_t key[64];

	buf_init(&theirs, 4096);
	buf_init(&ours, 4096);
	buf_init(&secret, 4096);
	if (kex_client_start(m, group, &client, &theirs) != 0)
		_exit(102);
	if ((group == NULL ? kex_server_respond(
				 m, theirs.data, theirs.len, &ours, &secret) :
			     kex_gex_respond(m, group, theirs.data, theirs.len,
				 &ours, &secret)) != 0)
		_exit(103);
	if ((group == NULL ?
		    kex_server_respond(m, zeros, 32, &ours, &secret) :
		    kex_gex_respond(m, group, zeros, 32, &ours, &secret)) == 0)
		_exit(104);
	if (kex_derive_key(m, secret.data, secret.len, zeros, 64, zeros, 64,
		'A', key, sizeof(key)) != 0)
		_exit(105);
	kex_client_free(client);
	buf_free(&theirs);
	buf_free(&ours);
	buf_free(&secret);
}

/* The child's end: its exit status, or 1000 and the signal. */
static int
run_confined(const struct kex_method *m, bool offend)
{
	struct kex_group group;
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		confine();
		if (offend)
			_exit(access("/", F_OK));
		if ((m->attributes & KEX_GROUP_EXCHANGE) == 0)
			exchange(m, NULL);
		else if (moduli_choose(NULL, 2048, 2048, 8192, &group) == 0)
			exchange(m, &group);
		else
			_exit(106);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   1000 + WTERMSIG(status);
}

START_TEST(an_exchange_opens_nothing)
{
	ck_assert_int_eq(run_confined(kex_at((size_t)_i), false), 0);
}
END_TEST

START_TEST(the_filter_would_have_killed)
{
	ck_assert_int_eq(run_confined(NULL, true), 1000 + SIGSYS);
}
END_TEST

Suite *
suite_sandbox(void)
{
	Suite *s = suite_create("sandbox");
	TCase *tc = tcase_create("sandbox");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, an_exchange_opens_nothing, 0, 13);
	tcase_add_test(tc, the_filter_would_have_killed);
	suite_add_tcase(s, tc);
	return s;
}
