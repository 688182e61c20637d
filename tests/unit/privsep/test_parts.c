/*
 * Tests of the smaller parts of privsep/: the table of roles, status slots, the
 * settings of workers, starting a role.
 */
#include "config.h"

#include "tests/unit/privsep/suites.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "privsep/roles.h"
#include "lib/ssh/kex.h"
#include "privsep/settings.h"
#include "privsep/slot.h"
#include "privsep/spawn.h"
#include "privsep/title.h"

#include <sys/mman.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

START_TEST(a_role_is_found_by_its_name)
{
	const struct role_row *row = role_row((enum role)_i);

	ck_assert_ptr_nonnull(row->name);
	ck_assert_int_eq(role_of_name(row->name), _i);
}
END_TEST

START_TEST(no_other_name_is_a_role)
{
	static const char *const names[] = {
	    "", "Master", "worker ", "workerss", "root"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		ck_assert_int_eq(role_of_name(names[i]), ROLE_COUNT);
}
END_TEST

/* The promises of DESIGN section 1, so that a row cannot be loosened quietly.
 */
START_TEST(who_reads_the_network_can_do_nothing)
{
	static const enum role roles[] = {
	    ROLE_WORKERS, ROLE_WORKER, ROLE_KEYHOLDER};

	for (size_t i = 0; i < 3; i++) {
		const struct role_row *row = role_row(roles[i]);

		ck_assert(row->user != AS_ROOT && row->root == ROOT_EMPTY);
		ck_assert(row->no_groups && row->no_new_privs && row->seccomp);
		ck_assert(!row->capabilities && !row->dumpable);
	}
	for (unsigned r = 0; r < ROLE_COUNT; r++)
		ck_assert(!role_row((enum role)r)->dumpable);
	/* sudo must work in a session. */
	ck_assert(!role_row(ROLE_MONITOR)->no_new_privs);
	ck_assert(!role_row(ROLE_SESSION)->no_new_privs);
}
END_TEST

START_TEST(a_role_outside_the_table_is_a_bug)
{
	role_row((enum role)(_i == 0 ? ROLE_COUNT : 1000));
}
END_TEST

START_TEST(slots_are_shared_memory)
{
	struct slot *here = NULL, *there = NULL;
	int fd = -1;

	ck_assert_int_eq(slots_create(&here, &fd), 0);
	ck_assert_int_eq(slots_attach(fd, &there), 0);
	ck_assert_ptr_ne(here, there);
	here[SLOTS_MAX - 1].connection = 77;
	ck_assert_uint_eq(there[SLOTS_MAX - 1].connection, 77);
	there[0].call = CALL_PAM_AUTHENTICATE;
	ck_assert_str_eq(slot_call_text(here[0].call), "pam_authenticate");
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	/* Its size is for good: nobody can make a reader fall off its end. */
	ck_assert_int_ne(ftruncate(fd, 0), 0);
	slots_release(here);
	slots_release(there);
	slots_release(NULL);
	close(fd);
}
END_TEST

START_TEST(what_is_no_slots_is_not_attached)
{
	struct slot *slots = NULL;
	int fd = memfd_create("small", MFD_CLOEXEC);

	ck_assert_int_eq(ftruncate(fd, 4096), 0);
	ck_assert_int_eq(slots_attach(fd, &slots), E_SYSTEM);
	close(fd);
	ck_assert_int_eq(slots_attach(-1, &slots), E_SYSTEM);
	ck_assert_ptr_null(slots);
}
END_TEST

START_TEST(each_call_has_a_text)
{
	ck_assert_str_ne(slot_call_text((uint32_t)_i), "");
	ck_assert_str_ne(slot_call_text((uint32_t)_i), "unknown call");
}
END_TEST

START_TEST(a_call_tells_whose_it_is)
{
	static const char *const none[] = {NULL, "x"};
	bool pam = strncmp(slot_call_text((uint32_t)_i), "pam_", 4) == 0;
	bool in_module = _i == CALL_MODULE || _i == CALL_KEY_SOURCE || pam ||
	    (_i >= CALL_MODULE_BEGIN && _i <= CALL_MODULE_END);

	ck_assert_int_eq(slot_call_is_pam((uint32_t)_i), pam);
	ck_assert_int_eq(
	    slot_call_module((uint32_t)_i, none[1]) != NULL, in_module);
	ck_assert_str_eq(slot_call_module(CALL_MODULE, "ldap"), "ldap");
	ck_assert_str_eq(slot_call_module(CALL_MODULE_OPEN, "a: b"), "a");
	ck_assert_str_eq(slot_call_module(CALL_PAM_END, "sshd"), "pam");
	ck_assert_ptr_eq(slot_call_module(UINT32_MAX, "x"), none[0]);
}
END_TEST

START_TEST(a_foreign_call_number_has_one_too)
{
	ck_assert_str_eq(slot_call_text(SLOT_CALL_COUNT), "unknown call");
	ck_assert_str_eq(slot_call_text(UINT32_MAX), "unknown call");
}
END_TEST

static char *names_one[] = {(char *)(uintptr_t) "a", (char *)(uintptr_t) "b"};

START_TEST(settings_are_the_configured_lists)
{
	struct config config;
	struct settings *s;
	struct msg_settings m;
	struct msg_offer o;

	memset(&config, 0, sizeof(config));
	config.crypto.kex.items = (void *)names_one;
	config.crypto.kex.count = 2;
	config.crypto.rekey_seconds = CONFIG_NONE;
	config.crypto.rekey_bytes = 1 << 20;
	s = settings_make(&config, NULL, 0, "moduli text");
	settings_message(s, &m);
	ck_assert_uint_eq(s->n_offers, 1);
	settings_offer_message(&s->offers[0], &o);
	ck_assert_str_eq(o.kex, "a,b");
	ck_assert_str_eq(o.host_key_algorithms, "");
	ck_assert_str_eq(
	    m.identification, "OpenSSH_compatible_sallyport_" PACKAGE_VERSION);
	ck_assert_uint_eq(m.rekey_seconds, 0);
	ck_assert_uint_eq(m.rekey_bytes, 1 << 20);
	ck_assert_uint_eq(m.moduli.len, 11);
	ck_assert_int_eq(
	    settings_host_key(&s->offers[0], NULL, "ssh-ed25519"), -1);
	ck_assert_int_eq(settings_host_key(&s->offers[0], NULL, "no such"), -1);
	ck_assert_uint_eq(settings_keys(&s->offers[0]), 0);
	settings_free(s);
	settings_free(NULL);
}
END_TEST

static char *families[] = {
    (char *)(uintptr_t) "gss-x-", (char *)(uintptr_t) "gss-y-"};

/* Each listener's offer begins with them, and the monitor compares with it. */
START_TEST(every_offer_has_the_methods_of_gss)
{
	static const char *const wanted[] = {"gss-x-" KEX_GSS_KERBEROS
					     ",gss-y-" KEX_GSS_KERBEROS ",a,b",
	    "gss-y-" KEX_GSS_KERBEROS ",b"};
	struct module_settings module = {
	    .file = (char *)(uintptr_t) "gssapi.so"};
	struct listener listener = {
	    .name = (char *)(uintptr_t) "l", .offers = true};
	struct config config;
	struct settings *s;

	memset(&config, 0, sizeof(config));
	config.crypto.kex = (struct strings){names_one, 2};
	config.crypto.gss_kex = (struct strings){families, 2};
	listener.crypto.kex = (struct strings){&names_one[1], 1};
	listener.crypto.gss_kex = (struct strings){&families[1], 1};
	config.modules = &module;
	config.module_count = 1;
	config.listeners = &listener;
	config.listener_count = 1;
	for (int on = 0; on < 2; on++) {
		config.kerberos.key_exchange = on == 1;
		s = settings_make(&config, NULL, 0, "");
		ck_assert_uint_eq(s->n_offers, 2);
		ck_assert_str_eq(s->offers[0].kex, on ? wanted[0] : "a,b");
		ck_assert_str_eq(s->offers[1].kex, on ? wanted[1] : "b");
		settings_free(s);
	}
	config.module_count = 0;
	s = settings_make(&config, NULL, 0, "");
	ck_assert_str_eq(s->offers[0].kex, "a,b");
	settings_free(s);
}
END_TEST

/* A role, exec'd: /bin/sh tells what it was given.  Its second argument is
 * an option to it, so the script comes on the wall's descriptor. */
START_TEST(a_role_gets_its_descriptors_and_nothing_else)
{
	struct spawn_options o = {.bundle = -1,
	    .recorder = -1,
	    .slots = -1,
	    .log = -1,
	    .log_level = -2,
	    .uid = 5,
	    .gid = 6,
	    .empty = "/var/empty"};
	char text[4096] = "";
	struct spawned child = {.pid = -1, .pidfd = -1};
	int fds[2], status, other;
	ssize_t n;

	o.binary = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	other = open("/dev/null", O_RDONLY); /* inheritable, on purpose */
	ck_assert_int_ge(other, 0);
	ck_assert_int_eq(pipe(fds), 0);
	o.wall = fds[1];
	setenv("SPT_SECRET", "x", 1);
	setenv("SPT_TELL", "x", 1);
	ck_assert_int_eq(spawn_role(ROLE_WORKERS, &o, &child), 0);
	close(fds[1]);
	n = read(fds[0], text, sizeof(text) - 1);
	ck_assert_int_gt((int)n, 0);
	ck_assert_int_eq(waitpid(child.pid, &status, 0), child.pid);
	ck_assert_int_eq(status, 0);
	ck_assert_ptr_nonnull(strstr(text, "--role=workers"));
	ck_assert_ptr_nonnull(strstr(text, "--drop=5:6:/var/empty"));
	ck_assert_ptr_nonnull(strstr(text, "fds 0 1 2 3 4 5 6 7 8 9\n"));
	ck_assert_ptr_null(strstr(text, "SPT_"));
	ck_assert_ptr_nonnull(strstr(text, "PATH=/usr/sbin"));
	ck_assert_int_ne(fcntl(child.pidfd, F_GETFD) & FD_CLOEXEC, 0);
	close(child.pidfd);
	close(fds[0]);
}
END_TEST

START_TEST(a_title_never_leaves_its_room)
{
	char space[40] = "sallyportd          ", *argv[] = {space, NULL};
	char guard[8] = "GUARD";

	title_init(1, argv);
	title_set("%s", "a title that is much longer than the room for it");
	ck_assert_uint_lt(strlen(space), 21);
	ck_assert_int_eq(strncmp(space, "sallyportd: a title", 19), 0);
	ck_assert_str_eq(guard, "GUARD");
}
END_TEST

Suite *
suite_parts(void)
{
	Suite *s = suite_create("parts");
	TCase *t = tcase_create("parts");

	tcase_add_loop_test(t, a_role_is_found_by_its_name, 0, ROLE_COUNT);
	tcase_add_test(t, no_other_name_is_a_role);
	tcase_add_test(t, who_reads_the_network_can_do_nothing);
	tcase_add_loop_test_raise_signal(
	    t, a_role_outside_the_table_is_a_bug, SIGABRT, 0, 2);
	tcase_add_test(t, slots_are_shared_memory);
	tcase_add_test(t, what_is_no_slots_is_not_attached);
	tcase_add_loop_test(t, each_call_has_a_text, 0, SLOT_CALL_COUNT);
	tcase_add_loop_test(t, a_call_tells_whose_it_is, 0, SLOT_CALL_COUNT);
	tcase_add_test(t, a_foreign_call_number_has_one_too);
	tcase_add_test(t, settings_are_the_configured_lists);
	tcase_add_test(t, every_offer_has_the_methods_of_gss);
	tcase_add_test(t, a_role_gets_its_descriptors_and_nothing_else);
	tcase_add_test(t, a_title_never_leaves_its_room);
	suite_add_tcase(s, t);
	return s;
}
