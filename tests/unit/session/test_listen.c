/*
 * Listeners for remote forwards, agent and X11.
 */
#include "tests/unit/session/drive.h"
#include "tests/unit/session/suites.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NUMBER 6

static void
setup(void)
{
	drive_prepare();
	/* Where there is none, any program will do. */
	drive.start.xauth = access("/usr/bin/xauth", X_OK) == 0 ?
	    "/usr/bin/xauth" :
	    "/bin/true";
	drive_start();
}

static void
teardown(void)
{
	ck_assert_int_eq(drive_finish(), 0);
}

static int
connect_to(const char *address, uint32_t port)
{
	struct sockaddr_in sin = {
	    .sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(inet_pton(AF_INET, address, &sin.sin_addr), 1);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int
connect_path(const char *path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(sun.sun_path, path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0)
		return fd;
	close(fd);
	return -1;
}

static uint32_t
bind_tcp(
    const char *address, const char *addresses, uint32_t port, uint32_t error)
{
	struct wall_message *m;

	ck_assert_int_eq(
	    WALL_SEND(&drive.monitor, bind_tcp, .number = NUMBER,
		.address = address, .addresses = drive_addresses(addresses),
		.port = port),
	    0);
	m = drive_monitor(MSG_bound);
	ck_assert_uint_eq(m->bound.number, NUMBER);
	ck_assert_uint_eq(m->bound.error, error);
	return m->bound.port;
}

static void
unbind(void)
{
	ck_assert_int_eq(
	    WALL_SEND(&drive.monitor, unbind, .number = NUMBER), 0);
	/* It is closed when that is told. */
	ck_assert_uint_eq(drive_monitor(MSG_unbound)->unbound.number, NUMBER);
}

START_TEST(test_a_connection_to_a_forwarded_port_reaches_the_worker)
{
	struct wall_message *m;
	char text[8];
	uint32_t port = bind_tcp("localhost", "127.0.0.1 ::1", 0, 0);
	int fd;

	ck_assert_uint_gt(port, 1023);
	fd = connect_to("127.0.0.1", port);
	ck_assert_int_ge(fd, 0);
	m = drive_worker(MSG_incoming);
	ck_assert_uint_eq(m->incoming.kind, INCOMING_TCP);
	ck_assert_str_eq(m->incoming.address, "localhost"); /* as asked */
	ck_assert_uint_eq(m->incoming.port, port);
	ck_assert_str_eq(m->incoming.originator, "127.0.0.1");
	ck_assert_uint_ne(m->incoming.originator_port, 0);
	ck_assert_int_eq(write(fd, "hi", 2), 2);
	ck_assert_int_eq(
	    poll(&(struct pollfd){.fd = m->fds[0], .events = POLLIN}, 1, 5000),
	    1);
	ck_assert_int_eq(read(m->fds[0], text, sizeof(text)), 2);
	m = drive_monitor(MSG_accepted);
	ck_assert_uint_eq(m->accepted.number, NUMBER);
	ck_assert_str_eq(m->accepted.address, "127.0.0.1");
	close(fd);
	/* Both families, where the machine has them. */
	unbind();
	ck_assert_int_lt(connect_to("127.0.0.1", port), 0);
}
END_TEST

/* Is port open on an address of the machine that is not loopback's? */
static bool
open_elsewhere(uint32_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	char text[64];
	int fd = socket(AF_INET, SOCK_DGRAM, 0), far;

	/* The address that the machine would use for the world. */
	ck_assert_int_eq(inet_pton(AF_INET, "192.0.2.1", &sin.sin_addr), 1);
	sin.sin_port = htons(9);
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) != 0) {
		close(fd);
		return false;
	}
	close(fd);
	inet_ntop(AF_INET, &sin.sin_addr, text, sizeof(text));
	far = connect_to(text, port);
	if (far < 0)
		return false;
	close(far);
	drive_worker(MSG_incoming);
	drive_monitor(MSG_accepted);
	return true;
}

START_TEST(test_a_listener_has_the_ordered_addresses_and_no_other)
{
	uint32_t port = bind_tcp("", "0.0.0.0 ::", 0, 0);
	bool has_outside = open_elsewhere(port);

	unbind();
	port = bind_tcp("0.0.0.0", "127.0.0.1", 0, 0);
	ck_assert(!open_elsewhere(port));
	ck_assert_int_ge(connect_to("127.0.0.1", port), 0);
	drive_worker(MSG_incoming);
	drive_monitor(MSG_accepted);
	unbind();
	port = bind_tcp("localhost", "0.0.0.0", 0, 0);
	ck_assert_int_eq(open_elsewhere(port), has_outside);
}
END_TEST

START_TEST(test_ports_that_are_taken_or_foreign_are_errors)
{
	uint32_t port = bind_tcp("127.0.0.1", "127.0.0.1", 0, 0);

	bind_tcp("127.0.0.1", "127.0.0.1", port, EADDRINUSE);
	bind_tcp("192.0.2.1", "192.0.2.1", 0, EADDRNOTAVAIL);
	bind_tcp("none", "", 0, EADDRNOTAVAIL);
}
END_TEST

/* As sshd: the client hears of success, and one of the two works. */
START_TEST(test_one_busy_address_does_not_hinder_the_other)
{
	uint32_t port = bind_tcp("127.0.0.1", "127.0.0.1", 0, 0);
	struct wall_message *m;
	uint32_t number = NUMBER + 1;

	/* 127.0.0.2 stands for the other family, which a container may lack. */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(WALL_SEND(&drive.monitor, bind_tcp,
				     .number = number, .address = "x",
				     .addresses = drive_addresses(i == 0 ?
					     "127.0.0.1 127.0.0.2" :
					     "127.0.0.3 127.0.0.1"),
				     .port = port),
		    0);
		m = drive_monitor(MSG_bound);
		ck_assert_uint_eq(m->bound.error, 0);
		ck_assert_uint_eq(m->bound.port, port);
		ck_assert_int_ge(
		    connect_to(i == 0 ? "127.0.0.2" : "127.0.0.3", port), 0);
		m = drive_monitor(MSG_accepted);
		ck_assert_uint_eq(m->accepted.number, number);
		number++;
	}
}
END_TEST

/* Its real path; "": it was not found. */
static const char *
locate(uint32_t number, const char *path)
{
	ck_assert_int_eq(WALL_SEND(&drive.monitor, locate, .number = number,
			     .path = path, .listen = true),
	    0);
	return drive_monitor(MSG_located)->located.path;
}

static uint32_t
bind_held(uint32_t number)
{
	ck_assert_int_eq(WALL_SEND(&drive.monitor, bind_unix, .number = number,
			     .mask = 0177, .unlink = true),
	    0);
	return drive_monitor(MSG_bound)->bound.error;
}

static uint32_t
bind_path(uint32_t number, const char *path)
{
	ck_assert_str_eq(locate(number, path), path);
	return bind_held(number);
}

START_TEST(test_a_local_forward_has_its_mask_and_spares_what_is_not_its_own)
{
	struct wall_message *m;
	char path[80];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/forward", drive.home);
	fd = open(path, O_CREAT | O_WRONLY, 0644);
	close(fd);
	/* A file is in the way: it stays. */
	ck_assert_uint_eq(bind_path(NUMBER, path), EADDRINUSE);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(unlink(path), 0);

	for (int again = 0; again < 2; again++) {
		ck_assert_uint_eq(bind_path(NUMBER + (uint32_t)again, path), 0);
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_int_eq(st.st_mode & 0777, 0600);
		ck_assert_uint_eq(st.st_uid, DRIVE_UID);
	}
	fd = connect_path(path);
	ck_assert_int_ge(fd, 0);
	m = drive_worker(MSG_incoming);
	ck_assert_uint_eq(m->incoming.kind, INCOMING_UNIX);
	ck_assert_str_eq(m->incoming.address, path);
	drive_monitor(MSG_accepted);
	close(fd);
	ck_assert_uint_eq(bind_held(9), EINVAL); /* nothing */
}
END_TEST

/* The directory's real path is told, and the socket is made nowhere else. */
START_TEST(test_a_local_forward_is_made_in_the_directory_that_was_told)
{
	char path[200], real[200];
	struct stat st;

	ck_assert_int_eq(chdir(drive.home), 0);
	ck_assert_int_eq(mkdir("one", 0777), 0);
	ck_assert_int_eq(chmod("one", 0777), 0);
	ck_assert_int_eq(mkdir("two", 0777), 0);
	ck_assert_int_eq(chmod("two", 0777), 0);
	ck_assert_int_eq(symlink("one", "link"), 0);
	ck_assert_int_eq(symlink("../two/dangling", "one/taken"), 0);
	snprintf(real, sizeof(real), "%s/one/s", drive.home);
	snprintf(path, sizeof(path), "%s/.//two/../link/s", drive.home);
	ck_assert_str_eq(locate(NUMBER, path), real);
	/* It leads elsewhere before the order comes. */
	ck_assert_int_eq(unlink("link"), 0);
	ck_assert_int_eq(symlink("two", "link"), 0);
	ck_assert_uint_eq(bind_held(NUMBER), 0);
	ck_assert_int_eq(lstat("one/s", &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_int_eq(lstat("two/s", &st), -1);
	unbind();
	ck_assert_int_eq(lstat("one/s", &st), -1);
	/* A link in the place of the socket is not followed. */
	snprintf(path, sizeof(path), "%s/one/taken", drive.home);
	ck_assert_uint_eq(bind_path(NUMBER, path), EADDRINUSE);
	ck_assert_int_eq(lstat("two/dangling", &st), -1);
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(test_a_local_forward_needs_a_directory_and_a_name)
{
	static const char *const paths[] = {
	    "", "relative", "/", "/tmp/", "/tmp/.", "/tmp/..", "/none/s"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		ck_assert_str_eq(locate(NUMBER, paths[i]), "");
	ck_assert_str_eq(locate(NUMBER, "/s"), "/s");
	ck_assert_uint_eq(bind_held(NUMBER), EACCES);
}
END_TEST

/* A newer listener's socket, or any file, that took the path stays. */
START_TEST(test_the_end_removes_its_own_socket_alone)
{
	char path[80];
	struct stat st;
	ino_t newer;
	int fd;

	snprintf(path, sizeof(path), "%s/taken", drive.home);
	ck_assert_uint_eq(bind_path(NUMBER, path), 0);
	ck_assert_uint_eq(bind_path(NUMBER + 1, path), 0);
	ck_assert_int_eq(lstat(path, &st), 0);
	newer = st.st_ino;
	unbind();
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert_uint_eq(st.st_ino, newer);
	ck_assert_uint_eq(bind_path(NUMBER, path), 0);
	ck_assert_int_eq(unlink(path), 0);
	fd = open(path, O_CREAT | O_WRONLY, 0644);
	ck_assert_int_ge(fd, 0);
	close(fd);
	unbind();
	ck_assert_int_eq(lstat(path, &st), 0);
	ck_assert(S_ISREG(st.st_mode));
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_uint_eq(bind_path(NUMBER, path), 0);
	unbind();
	ck_assert_int_eq(lstat(path, &st), -1);
}
END_TEST

START_TEST(test_the_agents_socket_is_private_and_goes_away)
{
	char path[256], directory[256];
	struct wall_message *m;
	struct stat st;
	int fd;

	ck_assert_int_eq(WALL_SEND(&drive.monitor, bind_agent, .number = NUMBER,
			     .channel = 1),
	    0);
	m = drive_monitor(MSG_bound);
	ck_assert_uint_eq(m->bound.error, 0);
	strcpy(path, m->bound.detail);
	ck_assert_int_eq(strncmp(path, "/tmp/ssh-", 9), 0);
	strcpy(directory, path);
	*strrchr(directory, '/') = '\0';
	ck_assert_int_eq(stat(directory, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0700);
	ck_assert_uint_eq(st.st_uid, DRIVE_UID);
	fd = connect_path(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(
	    drive_worker(MSG_incoming)->incoming.kind, INCOMING_AGENT);
	drive_monitor(MSG_accepted);
	close(fd);
	unbind();
	ck_assert_int_eq(stat(directory, &st), -1);

	/* And at the end of the session. */
	ck_assert_int_eq(WALL_SEND(&drive.monitor, bind_agent, .number = NUMBER,
			     .channel = 1),
	    0);
	m = drive_monitor(MSG_bound);
	strcpy(directory, m->bound.detail);
	*strrchr(directory, '/') = '\0';
	ck_assert_int_eq(stat(directory, &st), 0);
	ck_assert_int_eq(drive_finish(), 0);
	ck_assert_int_eq(stat(directory, &st), -1);
	drive_prepare();
	drive_start();
}
END_TEST

static uint32_t
bind_x11(
    const char *protocol, const char *cookie, bool single, char display[256])
{
	struct wall_message *m;

	ck_assert_int_eq(
	    WALL_SEND(&drive.monitor, bind_x11, .number = NUMBER, .channel = 1,
		.single = single, .protocol = protocol, .cookie = cookie,
		.screen = 0, .display_offset = 210),
	    0);
	m = drive_monitor(MSG_bound);
	strcpy(display, m->bound.detail);
	return m->bound.error != 0 ? 0 : m->bound.port;
}

START_TEST(test_a_display_is_on_loopback_and_once_if_so_asked)
{
	char display[256], expected[64];
	uint32_t port;
	int fd;

	port = bind_x11("MIT-MAGIC-COOKIE-1", "00112233", true, display);
	ck_assert_uint_ge(port, 6210);
	snprintf(expected, sizeof(expected), "localhost:%u.0", port - 6000);
	ck_assert_str_eq(display, expected);
	ck_assert(!open_elsewhere(port));
	fd = connect_to("127.0.0.1", port);
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(
	    drive_worker(MSG_incoming)->incoming.kind, INCOMING_X11);
	drive_monitor(MSG_accepted);
	ck_assert_str_eq(drive_output("echo", 0), "\n");
	ck_assert_int_lt(connect_to("127.0.0.1", port), 0);
	close(fd);
}
END_TEST

static const struct {
	const char *protocol, *cookie;
} injections[] = {
    {"MIT-MAGIC-COOKIE-1", ""},
    {"MIT-MAGIC-COOKIE-1", "123"},
    {"MIT-MAGIC-COOKIE-1", "00\nsource /etc/passwd"},
    {"MIT-MAGIC-COOKIE-1\nsource x", "0011"},
    {"MIT MAGIC", "0011"},
    {"", "0011"},
};

START_TEST(test_a_cookie_that_is_a_command_is_refused)
{
	char display[256];

	ck_assert_uint_eq(bind_x11(injections[_i].protocol,
			      injections[_i].cookie, false, display),
	    0);
}
END_TEST

START_TEST(test_xauth_learns_the_cookie_before_the_program_runs)
{
	struct wall_message *m;
	char display[256], authority[128];
	const char *text;
	int fds[3];

	if (access("/usr/bin/xauth", X_OK) != 0)
		return; /* said in the makefile's list of packages */
	ck_assert_uint_ne(
	    bind_x11("MIT-MAGIC-COOKIE-1", "00112233445566778899aabbccddeeff",
		false, display),
	    0);
	snprintf(authority, sizeof(authority), "XAUTHORITY=%s/.Xauthority",
	    drive.home);
	ck_assert_int_eq(
	    WALL_SEND(&drive.monitor, run, .channel = 1, .kind = RUN_COMMAND,
		.command = "xauth -n list 2>&1",
		.environment =
		    drive_environment("PATH=/usr/bin:/bin", authority, NULL)),
	    0);
	m = drive_worker(MSG_pipes);
	for (int i = 0; i < 3; i++) {
		fds[i] = m->fds[i];
		m->fds[i] = -1;
	}
	text = drive_read(fds[1]);
	ck_assert_msg(strstr(text, "00112233445566778899aabbccddeeff") != NULL,
	    "%s", text);
	drive_monitor(MSG_ran);
	drive_monitor(MSG_ended);
	drive_worker(MSG_exited);
}
END_TEST

START_TEST(test_connections_that_nobody_takes_do_not_stop_the_rest)
{
	uint32_t port = bind_tcp("localhost", "127.0.0.1 ::1", 0, 0);
	int fds[50];

	for (int i = 0; i < 50; i++) {
		fds[i] = connect_to("127.0.0.1", port);
		ck_assert_int_ge(fds[i], 0);
	}
	for (int i = 0; i < 50; i++) {
		drive_worker(MSG_incoming);
		drive_monitor(MSG_accepted);
		close(fds[i]);
	}
	ck_assert_str_eq(drive_output("echo alive", 0), "alive\n");
}
END_TEST

Suite *
suite_listen(void)
{
	Suite *s = suite_create("listen");
	TCase *c = tcase_create("listen");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(
	    c, test_a_connection_to_a_forwarded_port_reaches_the_worker);
	tcase_add_test(
	    c, test_a_listener_has_the_ordered_addresses_and_no_other);
	tcase_add_test(c, test_one_busy_address_does_not_hinder_the_other);
	tcase_add_test(c, test_ports_that_are_taken_or_foreign_are_errors);
	tcase_add_test(c,
	    test_a_local_forward_has_its_mask_and_spares_what_is_not_its_own);
	tcase_add_test(
	    c, test_a_local_forward_is_made_in_the_directory_that_was_told);
	tcase_add_test(c, test_a_local_forward_needs_a_directory_and_a_name);
	tcase_add_test(c, test_the_end_removes_its_own_socket_alone);
	tcase_add_test(c, test_the_agents_socket_is_private_and_goes_away);
	tcase_add_test(c, test_a_display_is_on_loopback_and_once_if_so_asked);
	tcase_add_loop_test(c, test_a_cookie_that_is_a_command_is_refused, 0,
	    sizeof(injections) / sizeof(injections[0]));
	tcase_add_test(c, test_xauth_learns_the_cookie_before_the_program_runs);
	tcase_add_test(
	    c, test_connections_that_nobody_takes_do_not_stop_the_rest);
	suite_add_tcase(s, c);
	return s;
}
