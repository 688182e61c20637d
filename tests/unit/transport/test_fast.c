/*
 * The fast path, counted: no allocation for a packet, ours or libcrypto's,
 * and few system calls for a megabyte.  Allocations of ours are counted by
 * the linker's --wrap, libcrypto's by its own hook.
 */
#include "tests/unit/transport/rig.h"
#include "tests/unit/unit.h"

#include "lib/err.h"

#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct rig g;
static bool counting;
static unsigned long allocations, calls;

#define WRAP(type, name, parameters, arguments, counter) \
	type __real_##name parameters;                   \
	type __wrap_##name parameters;                   \
	type __wrap_##name parameters                    \
	{                                                \
		if (counting)                            \
			counter++;                       \
		return __real_##name arguments;          \
	}
WRAP(void *, malloc, (size_t n), (n), allocations)
WRAP(void *, calloc, (size_t n, size_t m), (n, m), allocations)
WRAP(void *, realloc, (void *p, size_t n), (p, n), allocations)
WRAP(
    void *, reallocarray, (void *p, size_t n, size_t m), (p, n, m), allocations)
WRAP(ssize_t, read, (int fd, void *p, size_t n), (fd, p, n), calls)
WRAP(ssize_t, write, (int fd, const void *p, size_t n), (fd, p, n), calls)
WRAP(int, setsockopt, (int fd, int level, int name, const void *p, socklen_t n),
    (fd, level, name, p, n), calls)
WRAP(int, epoll_ctl, (int e, int op, int fd, struct epoll_event *v),
    (e, op, fd, v), calls)
WRAP(int, epoll_wait, (int e, struct epoll_event *v, int n, int ms),
    (e, v, n, ms), calls)
WRAP(ssize_t, getrandom, (void *p, size_t n, unsigned flags), (p, n, flags),
    calls)
WRAP(ssize_t, sendmsg, (int fd, const struct msghdr *m, int flags),
    (fd, m, flags), calls)
WRAP(ssize_t, recvmsg, (int fd, struct msghdr *m, int flags), (fd, m, flags),
    calls)
WRAP(int, madvise, (void *p, size_t n, int advice), (p, n, advice), calls)

static void *
count_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	if (counting)
		allocations++;
	return __real_malloc(n);
}

static void *
count_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	if (counting)
		allocations++;
	return __real_realloc(p, n);
}

static void
count_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static void
setup(void)
{
	rig_init(&g);
}

static void
teardown(void)
{
	rig_free(&g);
}

#define CIPHERS 9
#define MACS	10
#define DATA	32000
#define TOTAL	(8u << 20)

static void
begin(int i)
{
	g.c.cipher_in = g.c.cipher_out = cipher_at((size_t)i / MACS)->name;
	g.c.mac_in = g.c.mac_out = mac_at((size_t)i % MACS)->name;
	rig_start(&g);
	rig_login(&g);
	rig_open_channel(&g, 1u << 30);
}

/* A turn of the worker alone is what is counted. */
static void
counted_turn(void)
{
	int err;

	counting = true;
	err = loop_turn(g.w->loop, 0);
	counting = false; /* before Check, which allocates */
	ck_assert_int_eq(err, 0);
}

static void
swallow(void)
{
	static uint8_t bytes[1 << 20];

	while (recv(g.c.fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
}

START_TEST(downloading_allocates_nothing)
{
	struct buf *b;
	unsigned long per_mb;

	begin(_i);
	b = client_start(&g.c, SSH_MSG_CHANNEL_REQUEST);
	buf_u32(b, 0);
	buf_text(b, "exec");
	buf_bool(b, false);
	buf_text(b, "source 1000000000");
	client_finish(&g.c);
	/* Warm: buffers have their size, libcrypto its tables. */
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(loop_turn(g.w->loop, 0), 0);
		swallow();
	}
	uint64_t before = g.w->transport->to.total;
	while (g.w->transport->to.total < before + TOTAL) {
		counted_turn();
		swallow();
	}
	ck_assert_uint_eq(allocations, 0);
	per_mb = calls / (TOTAL >> 20);
	printf("%s %s: %lu calls per MB down\n", g.c.cipher_out, g.c.mac_out,
	    per_mb);
	/* The socketpair takes some 200 KB: a turn, a write, a wait. */
	ck_assert_uint_le(per_mb, 40);
}
END_TEST

START_TEST(uploading_allocates_nothing)
{
	struct buf *b;
	unsigned long per_mb;
	uint64_t before = 0;

	begin(_i);
	for (unsigned sent = 0; sent < TOTAL; sent += DATA) {
		b = client_start(&g.c, SSH_MSG_CHANNEL_DATA);
		buf_u32(b, 0);
		buf_u32(b, DATA);
		memset(buf_add(b, DATA), 1, DATA);
		client_finish(&g.c);
		/* The client's own queue must not count: keep it short. */
		while (g.c.out.len > 0) {
			if (sent < DATA * 20)
				loop_turn(g.w->loop, 0);
			else
				counted_turn();
			client_flush(&g.c);
			swallow();
		}
		if (sent < DATA * 20)
			before = fake_channels.received;
	}
	while (fake_channels.received < TOTAL / DATA * DATA)
		counted_turn();
	ck_assert_uint_eq(allocations, 0);
	per_mb = calls / ((fake_channels.received - before) >> 20);
	printf(
	    "%s %s: %lu calls per MB up\n", g.c.cipher_in, g.c.mac_in, per_mb);
	ck_assert_uint_le(per_mb, 40);
}
END_TEST

/* Keystrokes: nothing either. */
START_TEST(small_packets_allocate_nothing)
{
	begin(_i);
	for (int i = 0; i < 200; i++) {
		buf_string(client_start(&g.c, SSH_MSG_PING), "x", 1);
		client_finish(&g.c);
		if (i < 20)
			loop_turn(g.w->loop, 0);
		else
			counted_turn();
		swallow();
	}
	ck_assert_uint_eq(allocations, 0);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("fast");
	TCase *t = tcase_create("fast");
	SRunner *runner;
	int n = CIPHERS * MACS;

	if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) !=
	    1)
		return EXIT_FAILURE;
	rig_preload();
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, downloading_allocates_nothing, 0, n);
	tcase_add_loop_test(t, uploading_allocates_nothing, 0, n);
	tcase_add_loop_test(t, small_packets_allocate_nothing, 0, n);
	suite_add_tcase(s, t);
	runner = srunner_create(s);
	return unit_run(runner);
}
