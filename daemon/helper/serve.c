/*
 * The arguments of a module's helper(): requests of the monitors, each over a
 * wall of its own that came through the door.  All of it is in the hands of
 * the module's code, so nobody believes what comes from here.
 */
#include "config.h"

#include "daemon/helper/helper.h"

#include "config/module_options.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "modules/host/load.h"
#include "modules/sallyport_module.h"
#include "modules/sallyport_helper.h"
#include "privsep/die.h"
#include "privsep/peer.h"
#include "privsep/sandbox.h"
#include "privsep/wall_queue.h"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define COUNT_MS 1000 /* between two counts for the status */

static const struct {
	int resource;
	rlim_t most;
} limits[] = {
    {RLIMIT_CORE, 0},
    {RLIMIT_NOFILE, 1024},
    {RLIMIT_NPROC, 256}, /* of the account: threads, and other generations */
    {RLIMIT_FSIZE, 16 << 20},
    {RLIMIT_MEMLOCK, 1 << 20},
    {RLIMIT_MSGQUEUE, 0},
    {RLIMIT_SIGPENDING, 256},
    {RLIMIT_NICE, 0},
    {RLIMIT_RTPRIO, 0},
#ifndef SANITIZED
    {RLIMIT_AS, (rlim_t)1 << 30},
#endif
};

struct taken {
	struct sallyport_request request; /* the first member */
	struct wall wall; /* fd -1: free */
	struct wall_message message;
};

static struct {
	struct sallyport_helper helper;
	struct wall door, *master;
	struct taken taken[SALLYPORT_HELPER_TAKEN_MAX];
	bool ready, over;
	uint64_t n_taken, n_answered, told, counted_at;
	const char *module;
} self;

/* Its other end is still open. */
static bool
is_awaited(int fd)
{
	struct pollfd p = {.fd = fd, .events = POLLRDHUP};

	return poll(&p, 1, 0) == 0;
}

void
helper_confine(int parent)
{
	struct rlimit limit;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		__rlimit_resource_t resource =
		    (__rlimit_resource_t)limits[i].resource;

		if (getrlimit(resource, &limit) != 0)
			die_errno("getrlimit");
		if (limit.rlim_max > limits[i].most)
			limit.rlim_max = limits[i].most;
		if (limit.rlim_cur > limit.rlim_max)
			limit.rlim_cur = limit.rlim_max;
		if (setrlimit(resource, &limit) != 0)
			die_errno("setrlimit");
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
		die_errno("prctl");
	/* The parent's descriptors close before its death is told: an end that
	 * is open now means that the signal will come. */
	if (!is_awaited(parent))
		_exit(EXIT_FAILED);
	sandbox_helper();
}

/* Milliseconds until they are due, -1: they are known. */
static int
until_counts(void)
{
	uint64_t gone = loop_clock() - self.counted_at;

	if (self.master == NULL || self.told == self.n_taken + self.n_answered)
		return -1;
	return gone >= COUNT_MS ? 0 : (int)(COUNT_MS - gone);
}

static void
tell_counts(void)
{
	if (until_counts() != 0 || wall_queue_flush(self.master) != 0 ||
	    wall_queue_waiting(self.master))
		return;
	self.counted_at = loop_clock();
	self.told = self.n_taken + self.n_answered;
	(void)WALL_SEND(self.master, helper_count, .taken = self.n_taken,
	    .answered = self.n_answered);
}

static void
forget(struct taken *t)
{
	wall_done(&t->wall, &t->message);
	wall_free(&t->wall);
	t->wall.fd = -1;
	memset(&t->request, 0, sizeof(t->request));
}

static struct taken *
free_place(void)
{
	for (size_t i = 0; i < SALLYPORT_HELPER_TAKEN_MAX; i++)
		if (self.taken[i].wall.fd < 0)
			return &self.taken[i];
	return NULL;
}

#define PEER_CONTEXT struct taken
WALL_MONITOR_HELPER(PEER_DECLARE_STATIC)
WALL_MONITORS_DOOR(PEER_DECLARE_STATIC)
PEER_HANDLE(MONITOR_HELPER)
PEER_HANDLE(MONITORS_DOOR)
static const struct peer from_monitor = {.handle = peer_MONITOR_HELPER};
static const struct peer from_door = {.handle = peer_MONITORS_DOOR};

static int
on_helper_request(struct taken *t, struct wall_message *m)
{
	peer_keep(&t->message, m);
	m = &t->message;
	t->request.size = sizeof(t->request);
	t->request.patience = m->helper_request.patience;
	t->request.data = m->helper_request.data.data;
	t->request.len = m->helper_request.data.len;
	self.n_taken++;
	return 0;
}

/* Its request lies in the wall that has come.  E_AGAIN: nothing is there that
 * needs an answer. */
static int
on_consult(struct taken *t, struct wall_message *m)
{
	int fd = m->fds[0];

	m->fds[0] = -1;
	wall_init(&t->wall, fd, PATH_HELPER_MONITOR, PATH_MONITOR_HELPER);
	if (is_awaited(fd) && fd_set_nonblocking(fd) == 0 &&
	    peer_read(&from_monitor, &t->wall, t) == 0)
		return 0;
	wall_free(&t->wall);
	t->wall.fd = -1;
	return E_AGAIN;
}

/* 0 with *t; E_AGAIN; E_CLOSED. */
static int
receive(struct taken *t)
{
	int err = peer_read(&from_door, &self.door, t);

	return err == 0 || err == E_AGAIN ? err : E_CLOSED;
}

/* Wait for the door; false: the time is over. */
static bool
wait_at_door(int timeout, uint64_t began)
{
	uint64_t gone = loop_clock() - began;
	struct pollfd p = {.fd = self.door.fd, .events = POLLIN};
	int counts = until_counts();

	if (timeout >= 0)
		timeout = gone >= (uint64_t)timeout ? 0 : timeout - (int)gone;
	if (counts >= 0 && (timeout < 0 || counts < timeout)) {
		(void)poll(&p, 1, counts);
		tell_counts();
		return true;
	}
	return poll(&p, 1, timeout) != 0;
}

static int
next(struct sallyport_helper *helper, int timeout,
    struct sallyport_request **request)
{
	struct taken *t = free_place();
	uint64_t began = loop_clock();
	int err;

	(void)helper;
	*request = NULL;
	if (self.over)
		return SALLYPORT_GONE;
	if (!self.ready && self.master != NULL)
		(void)WALL_SEND(self.master, helper_ready);
	self.ready = true;
	tell_counts();
	if (t == NULL)
		return SALLYPORT_TOO_LARGE;
	while ((err = receive(t)) == E_AGAIN)
		if (!wait_at_door(timeout, began))
			return SALLYPORT_TIMEOUT;
	if (err != 0) {
		self.over = true;
		return SALLYPORT_GONE;
	}
	*request = &t->request;
	return SALLYPORT_OK;
}

static int
answer(struct sallyport_helper *helper, struct sallyport_request *request,
    const void *data, size_t len)
{
	struct taken *t = (struct taken *)(void *)request;
	int result = SALLYPORT_OK;

	(void)helper;
	if (request == NULL || t->wall.fd < 0)
		return SALLYPORT_STATE;
	if (len > SALLYPORT_HELPER_MAX)
		result = SALLYPORT_TOO_LARGE;
	else if (data != NULL &&
	    (WALL_SEND(&t->wall, helper_answer,
		 .data = {.data = data, .len = len}) != 0 ||
		wall_queue_waiting(&t->wall)))
		result = SALLYPORT_GONE;
	else if (data != NULL)
		self.n_answered++;
	forget(t);
	return result;
}

static void SALLYPORT_FORMAT(3, 4) say(struct sallyport_helper *helper,
    enum sallyport_log level, const char *format, ...)
{
	char line[WALL_TEXT_MAX];
	va_list args;

	(void)helper;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if ((unsigned)level > SALLYPORT_LOG_DEBUG)
		level = SALLYPORT_LOG_ERROR;
	if (self.master == NULL)
		log_at(
		    (int)level, "helper of module %s: %s", self.module, line);
	else if (wall_queue_flush(self.master) == 0 &&
	    !wall_queue_waiting(self.master))
		(void)WALL_SEND(self.master, helper_log,
		    .level = (uint8_t)level, .line = line);
}

/* Why not; it lives as long as the process. */
static const char *
link_module(struct hosted *h)
{
	static struct problems problems;

	if (host_link(h, &problems) != 0)
		return problems.items[0].text;
	return host_has_helper(h) ? NULL : "the library has no helper any more";
}

const char *
helper_serve(const struct module_settings *settings, const char *file, int door,
    struct wall *master)
{
	struct hosted h = {
	    .settings = settings, .file = (char *)(uintptr_t)file, .door = -1};
	struct sallyport_setting *given;
	const char *why;
	size_t count;

	self.master = master;
	self.module = settings->name;
	for (size_t i = 0; i < SALLYPORT_HELPER_TAKEN_MAX; i++)
		self.taken[i].wall.fd = -1;
	wall_init(&self.door, door, PATH_MONITORS_DOOR, PATH_MONITORS_DOOR);
	if ((why = link_module(&h)) != NULL)
		return why;
	given = module_settings_make(h.module->options, settings, NULL, &count);
	self.helper = (struct sallyport_helper){.abi = SALLYPORT_MODULE_ABI,
	    .size = sizeof(self.helper),
	    .settings = given,
	    .count = count,
	    .fd = door,
	    .next = next,
	    .answer = answer,
	    .log = say};
	(void)h.module->helper(&self.helper);
	return self.over ? NULL : "its helper() has returned";
}
