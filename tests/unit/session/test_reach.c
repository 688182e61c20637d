/*
 * Connections made for direct forwards.
 */
#include "tests/unit/session/drive.h"
#include "tests/unit/session/suites.h"

#include "lib/addresses.h"
#include "privsep/wall_queue.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* More than it takes by far, and less than fit into its memory. */
#define ORDERS_MAX 20000

static void
setup(void)
{
	drive_prepare();
	drive_start();
}

static void
teardown(void)
{
	ck_assert_int_eq(drive_finish(), 0);
}

/* A listener on loopback; its port. */
static int
listen_here(uint16_t *port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sin, len), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	*port = ntohs(sin.sin_port);
	return fd;
}

static void
reach(const char *addresses, uint32_t port, uint32_t seconds)
{
	ck_assert_int_eq(WALL_SEND(&drive.monitor, reach_tcp, .channel = 4,
			     .addresses = drive_addresses(addresses),
			     .port = port, .seconds = seconds),
	    0);
}

static void
expect_failure(uint32_t reason)
{
	struct wall_message *m = drive_worker(MSG_failed);

	ck_assert_uint_eq(m->failed.channel, 4);
	ck_assert_uint_eq(m->failed.reason, reason);
	m = drive_monitor(MSG_reached);
	ck_assert_uint_eq(m->reached.reason, reason);
	ck_assert_str_ne(m->reached.text, "");
}

static void
expect_stream(int listener)
{
	struct wall_message *m = drive_worker(MSG_stream);
	char text[8];
	int peer;

	ck_assert_uint_eq(m->stream.channel, 4);
	peer = accept(listener, NULL, NULL);
	ck_assert_int_ge(peer, 0);
	ck_assert_int_eq(write(m->fds[0], "ping", 4), 4);
	ck_assert_int_eq(read(peer, text, sizeof(text)), 4);
	ck_assert_int_ne(fcntl(m->fds[0], F_GETFL) & O_NONBLOCK, 0);
	close(peer);
}

START_TEST(test_a_socket_goes_to_the_worker_and_its_address_to_the_monitor)
{
	struct wall_message *m;
	char expected[64];
	uint16_t port;
	int fd = listen_here(&port);

	for (int i = 0; i < 2; i++) {
		reach(i == 0 ? "127.0.0.1" : "127.9.9.9 127.0.0.1", port, 10);
		expect_stream(fd);
		m = drive_monitor(MSG_reached);
		ck_assert_uint_eq(m->reached.reason, 0);
		snprintf(expected, sizeof(expected), "127.0.0.1:%u", port);
		ck_assert_str_eq(m->reached.address, expected);
	}
	close(fd);
}
END_TEST

START_TEST(test_the_socket_belongs_to_the_user)
{
	char path[64], line[512], wanted[64];
	bool found = false;
	uint16_t port;
	int fd = listen_here(&port);
	struct wall_message *m;
	FILE *f;

	reach("127.0.0.1", port, 10);
	m = drive_worker(MSG_stream);
	strcpy(path, "/proc/net/tcp");
	snprintf(wanted, sizeof(wanted), ":%04X 01 ", port);
	f = fopen(path, "r");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		unsigned uid = 0;

		if (strstr(line, wanted) == NULL)
			continue;
		sscanf(line, "%*s %*s %*s %*s %*s %*s %*s %u", &uid);
		found = found || uid == DRIVE_UID;
	}
	fclose(f);
	ck_assert(found);
	(void)m;
	drive_monitor(MSG_reached);
	close(fd);
}
END_TEST

START_TEST(test_refused_and_impossible_have_their_reasons)
{
	uint16_t port;
	int fd = listen_here(&port);

	close(fd);
	reach("127.0.0.1", port, 10);
	expect_failure(SSH_OPEN_CONNECT_FAILED);
	reach("127.0.0.1", 0, 10);
	expect_failure(SSH_OPEN_CONNECT_FAILED);
	reach("", 80, 10);
	expect_failure(SSH_OPEN_CONNECT_FAILED);
}
END_TEST

static struct wall_message *
look_up(const char *host)
{
	struct wall_message *m;

	ck_assert_int_eq(WALL_SEND(&drive.monitor, resolve, .number = 4,
			     .host = host, .seconds = 20),
	    0);
	m = drive_monitor(MSG_resolved);
	ck_assert_uint_eq(m->resolved.number, 4);
	return m;
}

/* It connects to nothing before the monitor has seen them. */
START_TEST(test_a_names_addresses_go_to_the_monitor)
{
	struct wall_message *m = look_up("localhost");
	struct addresses list;
	uint16_t port;
	int fd = listen_here(&port), peer;

	ck_assert_int_eq(addresses_read(m->resolved.addresses.data,
			     m->resolved.addresses.len, 1, &list),
	    0);
	ck_assert_uint_ge(list.count, 1);
	ck_assert(net_is_loopback(&list.items[0]));
	m = look_up("no..name");
	ck_assert_uint_eq(m->resolved.addresses.len, 0);
	ck_assert_str_ne(m->resolved.text, "");
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	peer = accept(fd, NULL, NULL);
	ck_assert_int_lt(peer, 0);
	close(fd);
}
END_TEST

START_TEST(test_an_address_that_never_answers_has_a_deadline)
{
	/* A full backlog drops what comes: nothing answers. */
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	uint16_t port;
	int fd = listen_here(&port), fill[4];

	ck_assert_int_eq(listen(fd, 0), 0);
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	sin.sin_port = htons(port);
	for (int i = 0; i < 4; i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		(void)connect(fill[i], (struct sockaddr *)&sin, len);
	}
	reach("127.0.0.1", port, 1);
	expect_failure(SSH_OPEN_CONNECT_FAILED);
	/* The process went on meanwhile and goes on now. */
	ck_assert_str_eq(drive_output("echo alive", 0), "alive\n");
	for (int i = 0; i < 4; i++)
		close(fill[i]);
	close(fd);
}
END_TEST

/* ---- UNIX sockets ---- */

/* A socket of root's that everybody may connect to; name: in the home. */
static int
serve_here(const char *name, char *path, size_t size)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(path, size, "%s/%s", drive.home, name);
	strcpy(sun.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	ck_assert_int_eq(listen(fd, 5), 0);
	ck_assert_int_eq(chmod(path, 0666), 0);
	return fd;
}

/* Its real path; "": it was not found. */
static const char *
locate(uint32_t number, const char *path)
{
	struct wall_message *m;

	ck_assert_int_eq(
	    WALL_SEND(&drive.monitor, locate, .number = number, .path = path),
	    0);
	m = drive_monitor(MSG_located);
	ck_assert_uint_eq(m->located.number, number);
	ck_assert_int_eq(
	    m->located.path[0] == '\0', m->located.text[0] != '\0');
	return m->located.path;
}

static void
reach_held(uint32_t number)
{
	ck_assert_int_eq(WALL_SEND(&drive.monitor, reach_unix, .channel = 4,
			     .number = number),
	    0);
}

START_TEST(test_local_sockets_are_reached_with_the_users_rights)
{
	struct wall_message *m;
	char path[80];
	int fd = serve_here("socket", path, sizeof(path));

	ck_assert_int_eq(chmod(path, 0600), 0);
	ck_assert_str_eq(locate(1, path), path);
	reach_held(1);
	expect_failure(SSH_OPEN_CONNECT_FAILED);
	ck_assert_int_eq(chmod(path, 0666), 0);
	ck_assert_str_eq(locate(2, path), path);
	reach_held(2);
	expect_stream(fd);
	m = drive_monitor(MSG_reached);
	ck_assert_str_eq(m->reached.address, path);
	/* Each was used up. */
	reach_held(2);
	expect_failure(SSH_OPEN_CONNECT_FAILED);
	ck_assert_str_eq(locate(3, ""), "");
	ck_assert_str_eq(locate(3, "relative"), "");
	ck_assert_str_eq(locate(3, "/none/such"), "");
	ck_assert_str_eq(locate(3, path), path);
	ck_assert_int_eq(WALL_SEND(&drive.monitor, forget, .number = 3), 0);
	reach_held(3);
	expect_failure(SSH_OPEN_CONNECT_FAILED);
	close(fd);
}
END_TEST

/* Every way there is told as the one place. */
START_TEST(test_a_sockets_real_path_is_told)
{
	static const char *const ways[] = {"./socket", "/socket",
	    "in/../socket", "link", "up/socket", "in/hop"};
	char path[80], way[120];
	int fd = serve_here("socket", path, sizeof(path));

	ck_assert_int_eq(chdir(drive.home), 0);
	ck_assert_int_eq(mkdir("in", 0755), 0);
	ck_assert_int_eq(symlink("socket", "link"), 0);
	ck_assert_int_eq(symlink(drive.home, "up"), 0);
	ck_assert_int_eq(symlink("../up/./link", "in/hop"), 0);
	ck_assert_int_eq(chdir("/"), 0);
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		snprintf(way, sizeof(way), "%s/%s", drive.home, ways[i]);
		ck_assert_str_eq(locate((uint32_t)i, way), path);
	}
	close(fd);
}
END_TEST

/* The path leads elsewhere before the order comes. */
START_TEST(test_the_socket_that_was_told_is_reached)
{
	char path[80], other[80], link[80];
	int fd = serve_here("one", path, sizeof(path)),
	    forbidden = serve_here("two", other, sizeof(other));

	snprintf(link, sizeof(link), "%s/link", drive.home);
	ck_assert_int_eq(symlink("one", link), 0);
	ck_assert_str_eq(locate(1, link), path);
	ck_assert_str_eq(locate(2, path), path);
	ck_assert_int_eq(unlink(link), 0);
	ck_assert_int_eq(symlink("two", link), 0);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("two", path), 0);
	for (uint32_t n = 1; n <= 2; n++) {
		reach_held(n);
		expect_stream(fd);
		drive_monitor(MSG_reached);
	}
	ck_assert_int_eq(fcntl(forbidden, F_SETFL, O_NONBLOCK), 0);
	ck_assert_int_lt(accept(forbidden, NULL, NULL), 0);
	close(fd);
	close(forbidden);
}
END_TEST

/* A process of the user's that holds what it is given, until it is killed. */
static pid_t
users_process(void)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	if (setgroups(0, NULL) != 0 || setgid((gid_t)drive.start.gid) != 0 ||
	    setuid((uid_t)drive.start.uid) != 0 ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0)
		_exit(1);
	for (;;)
		pause();
}

/* A link to a descriptor reaches what its text does not name. */
START_TEST(test_what_has_no_path_is_not_found)
{
	char path[80], way[120];
	int fd = serve_here("gone", path, sizeof(path)), held;
	pid_t pid;

	held = open(path, O_PATH);
	ck_assert_int_ge(held, 0);
	pid = users_process();
	ck_assert_int_gt(pid, 0);
	snprintf(way, sizeof(way), "/proc/%d/fd/%d", (int)pid, held);
	for (uint32_t n = 1; strcmp(locate(n, way), path) != 0; n++) {
		ck_assert_uint_lt(n, 1000); /* it is not the user's yet */
		usleep(10000);
	}
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_str_eq(locate(2000, way), "");
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	close(held);
	close(fd);
}
END_TEST

START_TEST(test_a_descriptor_of_the_monitors_passes_through)
{
	struct wall_message *m;
	char text[8];
	int fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(
	    WALL_SEND_FD(&drive.monitor, fds[0], hand_over, .channel = 12), 0);
	m = drive_worker(MSG_stream);
	ck_assert_uint_eq(m->stream.channel, 12);
	ck_assert_int_eq(write(fds[1], "tun", 3), 3);
	ck_assert_int_eq(read(m->fds[0], text, sizeof(text)), 3);
	close(fds[0]);
	close(fds[1]);
}
END_TEST

/*
 * An order causes an answer: while nobody reads the answers, no more orders are
 * taken, and none of either is lost.
 */
START_TEST(test_orders_wait_while_their_answers_are_not_read)
{
	const struct timespec pause = {0, 20000000};
	unsigned sent = 0, answered = 0;
	int full = 0;

	ck_assert_int_eq(fcntl(drive.monitor.fd, F_SETFL, O_NONBLOCK), 0);
	/* Full for half a second: it has stopped. */
	while (full < 25) {
		const struct wall_message order = {.type = MSG_unbind,
		    .fds = {-1, -1, -1, -1},
		    .unbind = {.number = sent}};

		if (wall_send(&drive.monitor, &order) != 0)
			break;
		sent++;
		for (full = 0; wall_queue_waiting(&drive.monitor) && full < 25;
		     full++) {
			nanosleep(&pause, NULL);
			(void)wall_queue_flush(&drive.monitor);
		}
		ck_assert_uint_lt(sent, ORDERS_MAX);
	}
	while (answered < sent) {
		ck_assert_uint_eq(
		    drive_monitor(MSG_unbound)->unbound.number, answered);
		answered++;
		(void)wall_queue_flush(&drive.monitor);
	}
	ck_assert_int_eq(fcntl(drive.monitor.fd, F_SETFL, 0), 0);
}
END_TEST

Suite *
suite_reach(void)
{
	Suite *s = suite_create("reach");
	TCase *c = tcase_create("reach");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(
	    c, test_a_socket_goes_to_the_worker_and_its_address_to_the_monitor);
	tcase_add_test(c, test_the_socket_belongs_to_the_user);
	tcase_add_test(c, test_refused_and_impossible_have_their_reasons);
	tcase_add_test(c, test_a_names_addresses_go_to_the_monitor);
	tcase_add_test(c, test_an_address_that_never_answers_has_a_deadline);
	tcase_add_test(c, test_local_sockets_are_reached_with_the_users_rights);
	tcase_add_test(c, test_a_sockets_real_path_is_told);
	tcase_add_test(c, test_the_socket_that_was_told_is_reached);
	tcase_add_test(c, test_what_has_no_path_is_not_found);
	tcase_add_test(c, test_a_descriptor_of_the_monitors_passes_through);
	tcase_add_test(c, test_orders_wait_while_their_answers_are_not_read);
	suite_add_tcase(s, c);
	return s;
}
