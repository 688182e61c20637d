/*
 * The monitor's dispatcher: an input is messages of a broken worker and of a
 * broken session process, one after another: u8 from whom (odd: session),
 * u16 length, bytes of the wall.  In a replay of the corpus, every on_x()
 * must have been called: that is checked at the end.
 */
#define PEER_REACHED(type) scene_reached[type]++;
#include "tests/fuzz/wall/scene.h"

#include "daemon/monitor/monitor.c"
#include "daemon/monitor/recheck.h"

#include "lib/rd.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int worker_end, keyholder_end;

/* Drops the monitor's messages; returns how many signatures it asked for. */
static unsigned
drain(int fd)
{
	static uint8_t sink[256 * 1024];
	char control[256];
	struct iovec iov = {sink, sizeof(sink)};
	unsigned count = 0;

	for (;; count++) {
		struct msghdr msg = {.msg_iov = &iov,
		    .msg_iovlen = 1,
		    .msg_control = control,
		    .msg_controllen = sizeof(control)};
		struct cmsghdr *c;

		if (fd < 0 || recvmsg(fd, &msg, MSG_DONTWAIT) <= 0)
			return count;
		for (c = CMSG_FIRSTHDR(&msg); c != NULL;
		     c = CMSG_NXTHDR(&msg, c))
			for (size_t i = 0;
			     i < (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
			     i++) {
				int got;

				memcpy(&got, &CMSG_DATA(c)[i * sizeof(int)],
				    sizeof(got));
				close(got);
			}
	}
}

static void
answer_ahead(unsigned count)
{
	struct wall w;

	wall_init(
	    &w, keyholder_end, PATH_KEYHOLDER_MONITOR, PATH_MONITOR_KEYHOLDER);
	while (count-- > 0)
		if (WALL_SEND(&w, signature,
			.signature = {
			    .data = (const uint8_t *)"signed", .len = 6}) != 0)
			abort();
}

/*
 * All the worker says is in its queue from the beginning, so that a module
 * that asks finds an answer there; the end is the worker's end.
 */
static void
queue_worker(const uint8_t *data, size_t size)
{
	struct rd r;

	rd_init(&r, data, size);
	while (rd_left(&r) >= 3) {
		bool session = (rd_u8(&r) & 1) != 0;
		size_t len = rd_u16(&r);
		const uint8_t *at;

		if (len > rd_left(&r))
			len = rd_left(&r);
		at = rd_bytes(&r, len);
		if (!session && send(worker_end, at, len, MSG_DONTWAIT) < 0)
			break;
	}
	(void)shutdown(worker_end, SHUT_WR);
}

static void
from_session(struct monitor *m, const uint8_t *at, size_t len)
{
	if (m->session.fd < 0 ||
	    send(scene_session, at, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
	session_readable(m);
}

static void
play(struct monitor *m, const uint8_t *data, size_t size)
{
	struct rd r;

	rd_init(&r, data, size);
	while (rd_left(&r) >= 3 && !m->ended && !m->worker_gone) {
		bool session = (rd_u8(&r) & 1) != 0;
		size_t len = rd_u16(&r);
		const uint8_t *at;

		if (len > rd_left(&r))
			len = rd_left(&r);
		at = rd_bytes(&r, len);
		if (session)
			from_session(m, at, len);
		else
			worker_readable(m);
		/* Nothing after the login without a login. */
		if (m->state < STATE_OPEN && m->sessions->pid != 0)
			abort();
		drain(worker_end);
		drain(scene_session);
		answer_ahead(drain(keyholder_end));
	}
}

static void
set_the_stage(struct monitor *m)
{
	int worker[2], keyholder[2];

	if (wall_pair(worker) != 0 || wall_pair(keyholder) != 0)
		abort();
	m->template = scene_template();
	m->slot = &m->template->slots[0];
	m->offer = &m->template->settings->offers[0];
	memset(m->slot, 0, sizeof(*m->slot));
	m->slot->connection = 1;
	worker_end = worker[1];
	keyholder_end = keyholder[1];
	wall_init(
	    &m->worker, worker[0], PATH_MONITOR_WORKER, PATH_WORKER_MONITOR);
	wall_init(&m->keyholder, keyholder[0], PATH_MONITOR_KEYHOLDER,
	    PATH_KEYHOLDER_MONITOR);
	wall_init(&m->session, -1, PATH_MONITOR_SESSION, PATH_SESSION_MONITOR);
	if (net_parse("192.0.2.1", &m->source) != 0 ||
	    net_parse("192.0.2.2", &m->local) != 0)
		abort();
	strcpy(m->listener, "main");
	m->signals = -1;
	m->client_fd = -1;
	m->began = loop_clock();
}

static void
clear_the_stage(struct monitor *m)
{
	free((void *)(uintptr_t)m->client_version.data);
	free((void *)(uintptr_t)m->server_version.data);
	close(worker_end);
	close(keyholder_end);
	wall_free(&m->keyholder);
	if (scene_session >= 0)
		close(scene_session);
	scene_session = -1;
	free(m->sessions);
}

#ifdef REPLAY
static unsigned inputs;

static void
check_coverage(void)
{
	unsigned missing = 0;

	if (inputs == 1)
		return; /* somebody looks at it */
#define COVER(name, states, budget, fds, answers)                  \
	printf("on_%-20s %u\n", #name, scene_reached[MSG_##name]); \
	missing += scene_reached[MSG_##name] == 0;
	WALL_WORKER_MONITOR(COVER)
	WALL_SESSION_MONITOR(COVER)
	if (missing != 0) {
		printf("%u handlers were not reached\n", missing);
		fflush(stdout);
		_exit(1);
	}
}
#endif

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Not freed: auth_call.c looks at it when the program ends. */
	static struct monitor stage;
	struct monitor *m = &stage;

	memset(m, 0, sizeof(*m));
#ifdef REPLAY
	if (inputs++ == 0)
		atexit(check_coverage);
#endif
	set_the_stage(m);
	auth_init(m);
	sessions_init(m);
	answer_ahead(4);
	queue_worker(data, size);
	play(m, data, size);
	/* As monitor_run() ends. */
	if (m->has_kept)
		wall_done(&m->worker, &m->kept);
	wall_free(&m->worker);
	recheck_end(m);
	forwards_close(m);
	if (scene_session >= 0)
		(void)shutdown(scene_session, SHUT_RDWR);
	sessions_close(m);
	auth_close(m);
	close_audit(m, false);
	(void)exit_code(m);
	clear_the_stage(m);
	return 0;
}
