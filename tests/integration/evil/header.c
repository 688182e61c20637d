/*
 * A compromised reader of the PROXY header, for test_proxy.py: the first five
 * bytes of a balancer's connection say how it lies.  Others get a true one.
 */
#include "daemon/worker/header.h"
#include "lib/proxy_header.h"
#include "privsep/wall.h"

#include <sys/socket.h>

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define WORD_LEN 5

void __real_header_run(int client, int wall) __attribute__((noreturn));
void __wrap_header_run(int client, int wall) __attribute__((noreturn));

static void
claim(struct wall *w, uint8_t last, uint16_t port, size_t len)
{
	const uint8_t source[16] = {192, 0, 2, last};
	const uint8_t destination[4] = {192, 0, 2, 1};

	(void)WALL_SEND(w, proxied, .version = 1, .kind = PROXY_ADDRESS,
	    .source = {source, len}, .source_port = port,
	    .destination = {destination, sizeof(destination)});
}

void
__wrap_header_run(int client, int wall_fd)
{
	char word[WORD_LEN + 1] = "";
	struct iovec iov = {word, WORD_LEN};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct pollfd p = {.fd = client, .events = POLLIN};
	struct wall w;

	(void)poll(&p, 1, -1);
	if (recvmsg(client, &msg, MSG_PEEK | MSG_DONTWAIT) != WORD_LEN)
		__real_header_run(client, wall_fd);
	wall_init(&w, wall_fd, PATH_READER_MASTER, PATH_READER_MASTER);
	if (strcmp(word, "TWICE") == 0) {
		(void)!read(client, word, WORD_LEN);
		claim(&w, 7, 40000, 4);
		claim(&w, 66, 1, 4);
		/* It does not go by itself: it goes on saying so. */
		for (;;) {
			(void)poll(&p, 0, 20);
			claim(&w, 66, 1, 4);
		}
	} else if (strcmp(word, "FIRST") == 0) {
		claim(&w, 66, 1, 4);
		claim(&w, 7, 40000, 4);
	} else if (strcmp(word, "WRONG") == 0) {
		claim(&w, 7, 40000, 5);
	} else if (strcmp(word, "CRASH") == 0) {
		(void)raise(SIGSEGV);
	} else {
		__real_header_run(client, wall_fd);
	}
	_exit(0);
}
