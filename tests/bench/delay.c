/*
 * delay MS MBIT: a long path made of two tun devices.  One stays in this
 * network namespace (10.99.0.1), the other (10.99.0.2) is in a new one; every
 * packet waits MS milliseconds on its way and no more than MBIT megabits pass
 * in a second, so TCP itself is at work as on a real path.  Prints its pid,
 * whose namespace nsenter(1) enters, and works until its input ends.
 *
 * It stands in for netem, which many kernels are built without.
 */
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/if_tun.h>
#include <net/if.h>

#include <err.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define MTU	 9000
#define PACKETS	 16384 /* a direction: more are dropped, as a router would */
#define PER_TURN 64

struct line {
	int from, to;
	int64_t free_at; /* when the last packet has passed the bottleneck */
	unsigned head, tail;
	struct packet {
		int64_t due;
		size_t len;
		uint8_t data[MTU + 64];
	} * ring;
};

static int64_t delay_ns;
static double ns_per_byte;

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int
make_tun(const char *address, const char *peer)
{
	struct ifreq r;
	char command[512];
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		err(1, "/dev/net/tun");
	memset(&r, 0, sizeof(r));
	snprintf(r.ifr_name, sizeof(r.ifr_name), "path");
	r.ifr_flags = IFF_TUN | IFF_NO_PI;
	if (ioctl(fd, TUNSETIFF, &r) != 0)
		err(1, "TUNSETIFF");
	snprintf(command, sizeof(command),
	    "ip link set lo up && ip addr add %s peer %s dev path && "
	    "ip link set path mtu %d txqueuelen 20000 up && "
	    "sysctl -q -w net.ipv4.tcp_rmem='4096 131072 67108864' "
	    "net.ipv4.tcp_wmem='4096 65536 67108864'",
	    address, peer, MTU);
	if (system(command) != 0)
		errx(1, "the device cannot be set up");
	return fd;
}

static void
take(struct line *l)
{
	for (int i = 0; i < PER_TURN; i++) {
		struct packet *p = &l->ring[l->tail % PACKETS];
		ssize_t n = read(l->from, p->data, sizeof(p->data));
		int64_t now = now_ns();

		if (n <= 0)
			return;
		if (l->tail - l->head == PACKETS)
			continue;
		if (l->free_at < now)
			l->free_at = now;
		l->free_at += (int64_t)((double)n * ns_per_byte);
		p->due = l->free_at + delay_ns;
		p->len = (size_t)n;
		l->tail++;
	}
}

static void
give(struct line *l)
{
	while (l->head != l->tail) {
		struct packet *p = &l->ring[l->head % PACKETS];

		if (p->due > now_ns())
			return;
		if (write(l->to, p->data, p->len) < 0)
			warn("write");
		l->head++;
	}
}

static int64_t
next_due(const struct line *l)
{
	return l->head == l->tail ? INT64_MAX : l->ring[l->head % PACKETS].due;
}

static void
work(struct line lines[2])
{
	struct pollfd p[3] = {{lines[0].from, POLLIN, 0},
	    {lines[1].from, POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};

	for (;;) {
		int64_t a = next_due(&lines[0]), b = next_due(&lines[1]);
		int64_t wait = (a < b ? a : b) - now_ns();
		struct timespec t = {1, 0};
		char byte;

		wait = wait < 0 ? 0 : wait;
		if (wait < 1000000000)
			t = (struct timespec){0, (long)wait};
		if (ppoll(p, 3, &t, NULL) > 0 && p[2].revents != 0 &&
		    read(STDIN_FILENO, &byte, 1) <= 0)
			return;
		for (int i = 0; i < 2; i++) {
			take(&lines[i]);
			give(&lines[i]);
		}
	}
}

int
main(int argc, char **argv)
{
	struct line lines[2];
	int here, there;

	if (argc != 3)
		errx(1, "usage: delay MS MBIT");
	delay_ns = (int64_t)atoi(argv[1]) * 1000000;
	ns_per_byte = 8e3 / atof(argv[2]);
	here = make_tun("10.99.0.1", "10.99.0.2");
	if (unshare(CLONE_NEWNET) != 0)
		err(1, "unshare");
	there = make_tun("10.99.0.2", "10.99.0.1");
	memset(lines, 0, sizeof(lines));
	lines[0].from = lines[1].to = here;
	lines[0].to = lines[1].from = there;
	for (int i = 0; i < 2; i++) {
		lines[i].ring = calloc(PACKETS, sizeof(*lines[i].ring));
		if (lines[i].ring == NULL)
			err(1, "calloc");
	}
	printf("%d\n", (int)getpid());
	fflush(stdout);
	work(lines);
	return 0;
}
