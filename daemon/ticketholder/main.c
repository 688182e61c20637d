/*
 * sallyport-ticketholder: accepts Kerberos contexts for the monitors of a
 * generation.  Started by the master as root with a wall and a door; reads
 * krb5.conf and the keytab, drops to a user of its own and into its sandbox,
 * and then judges tokens of strangers.  Each monitor that comes through the
 * door has a wall and a context of its own.  It ends when the door is closed,
 * or has become another's, and the last monitor has gone.
 */
#include "daemon/ticketholder/ticketholder.h"

#include "lib/about.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "privsep/die.h"
#include "privsep/drop.h"
#include "privsep/peer.h"
#include "privsep/sandbox.h"
#include "privsep/spawn.h"
#include "privsep/tickets.h"
#include "privsep/title.h"
#include "privsep/wall_queue.h"

#include <sys/mman.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One call of a library: longer is a hang, and the alarm's end of it. */
#define CALL_SECONDS 3
/* A context, from its first token to its MIC. */
#define CONTEXT_MS   120000
#define CONTEXTS_MAX 1024
/* A keytab is written in several steps: this long after the last. */
#define SETTLE_MS 500

struct ticketholder {
	struct loop *loop;
	struct wall master, door;
	struct loop_fd on_master, on_door, on_keytab;
	struct loop_timer settled;
	int watch;
	size_t monitors;
	bool prepared;
	uint32_t keys; /* that were read */
};

struct asker {
	struct ticketholder *holder;
	struct wall wall;
	struct loop_fd on_wall;
	struct loop_timer overdue;
	struct accept *accept;
};

static struct ticketholder holder;

static void
on_log(int level, const char *line, void *arg)
{
	(void)arg;
	(void)WALL_SEND(
	    &holder.master, tickets_log, .level = (uint8_t)level, .line = line);
}

static void
leave_if_done(struct ticketholder *h)
{
	if (h->door.fd < 0 && h->monitors == 0)
		loop_stop(h->loop);
}

static void
forget(struct asker *a)
{
	struct ticketholder *h = a->holder;

	loop_timer_stop(&a->overdue);
	loop_fd_remove(&a->on_wall);
	wall_free(&a->wall);
	accept_free(a->accept);
	free(a);
	h->monitors--;
	leave_if_done(h);
}

#define PEER_CONTEXT struct asker
WALL_MONITOR_TICKETS(PEER_DECLARE_STATIC)
PEER_HANDLE(MONITOR_TICKETS)
static const struct peer from_monitor = {.handle = peer_MONITOR_TICKETS};

static int
on_ticket_token(struct asker *a, struct wall_message *m)
{
	struct msg_ticket_answer answer;
	struct wall_message out = {
	    .type = MSG_ticket_answer, .fds = {-1, -1, -1, -1}};

	alarm(CALL_SECONDS);
	accept_token(a->accept, m->ticket_token.token, &answer);
	alarm(0);
	out.ticket_answer = answer;
	return wall_send(&a->wall, &out);
}

static int
on_ticket_sign(struct asker *a, struct wall_message *m)
{
	struct msg_ticket_signed answer;
	struct wall_message out = {
	    .type = MSG_ticket_signed, .fds = {-1, -1, -1, -1}};

	alarm(CALL_SECONDS);
	accept_sign(a->accept, m->ticket_sign.hash, &answer);
	alarm(0);
	out.ticket_signed = answer;
	return wall_send(&a->wall, &out);
}

static int
on_ticket_mic(struct asker *a, struct wall_message *m)
{
	struct msg_ticket_checked answer;
	struct wall_message out = {
	    .type = MSG_ticket_checked, .fds = {-1, -1, -1, -1}};

	alarm(CALL_SECONDS);
	accept_mic(a->accept, m->ticket_mic.data, m->ticket_mic.mic, &answer);
	alarm(0);
	out.ticket_checked = answer;
	return wall_send(&a->wall, &out);
}

static int
on_ticket_take(struct asker *a, struct wall_message *m)
{
	struct msg_ticket_delegated answer;
	struct wall_message out = {
	    .type = MSG_ticket_delegated, .fds = {-1, -1, -1, -1}};
	struct buf tickets;
	int err;

	buf_init(&tickets, WALL_DELEGATED_MAX);
	alarm(CALL_SECONDS);
	accept_take(a->accept, m->ticket_take.rekey, &tickets, &answer);
	alarm(0);
	out.ticket_delegated = answer;
	err = wall_send(&a->wall, &out);
	buf_free(&tickets);
	return err;
}

static void
on_asker(int fd, unsigned events, void *arg)
{
	struct asker *a = arg;
	int err = 0;

	(void)fd;
	if ((events & LOOP_WRITE) != 0)
		err = wall_queue_flush(&a->wall);
	if (err == 0 && (events & ~(unsigned)LOOP_WRITE) != 0)
		err = peer_read(&from_monitor, &a->wall, a);
	if (err == 0 || err == E_AGAIN) {
		wall_queue_read(&a->wall, !wall_queue_waiting(&a->wall));
		return;
	}
	if (err != E_CLOSED)
		log_error("a monitor is not heard any more: %s", err_text(err));
	forget(a);
}

static void
on_overdue(void *arg)
{
	forget(arg);
}

#undef PEER_CONTEXT
#define PEER_CONTEXT struct ticketholder
WALL_MONITORS_DOOR(PEER_DECLARE_STATIC)
PEER_HANDLE(MONITORS_DOOR)
static const struct peer from_door = {.handle = peer_MONITORS_DOOR};

/* A monitor's end of a wall. */
static int
on_consult(struct ticketholder *h, struct wall_message *m)
{
	int fd = m->fds[0];
	struct asker *a;

	if (h->monitors == CONTEXTS_MAX || fd_set_nonblocking(fd) != 0) {
		log_warn("too many contexts: one more is not accepted");
		return 0;
	}
	m->fds[0] = -1;
	a = mem_zalloc(sizeof(*a));
	a->holder = h;
	a->accept = accept_new();
	wall_init(&a->wall, fd, PATH_TICKETS_MONITOR, PATH_MONITOR_TICKETS);
	h->monitors++;
	if (loop_fd_add(h->loop, &a->on_wall, fd, LOOP_READ, on_asker, a) !=
	    0) {
		forget(a);
		return 0;
	}
	wall_queue_watch(&a->wall, &a->on_wall);
	loop_timer_start(h->loop, &a->overdue, CONTEXT_MS, on_overdue, a);
	return 0;
}

static void
close_door(struct ticketholder *h)
{
	loop_fd_remove(&h->on_door);
	wall_free(&h->door);
	leave_if_done(h);
}

static void
on_door(int fd, unsigned events, void *arg)
{
	struct ticketholder *h = arg;
	int err = peer_read(&from_door, &h->door, h);

	(void)fd;
	(void)events;
	/* Nothing there: another incarnation was faster. */
	if (err == 0 || err == E_AGAIN)
		return;
	if (err != E_CLOSED)
		log_error("the monitors' door: %s", err_text(err));
	close_door(h);
}

WALL_MASTER_TICKETS(PEER_DECLARE_STATIC)

static int
on_tickets_retire(struct ticketholder *h, struct wall_message *m)
{
	(void)m;
	if (!h->prepared)
		return E_STATE;
	close_door(h);
	return 0;
}

PEER_HANDLE(MASTER_TICKETS)
static const struct peer from_master = {.handle = peer_MASTER_TICKETS};

/* Without a master the door is still ours, while monitors live. */
static void
on_master(int fd, unsigned events, void *arg)
{
	struct ticketholder *h = arg;
	int err;

	(void)fd;
	if ((events & LOOP_WRITE) != 0)
		(void)wall_queue_flush(&h->master);
	if ((events & ~(unsigned)LOOP_WRITE) == 0)
		return;
	err = peer_read(&from_master, &h->master, h);
	if (err == 0 || err == E_AGAIN)
		return;
	loop_fd_remove(&h->on_master);
	log_set_callback(NULL, NULL);
	wall_free(&h->master);
}

static void
on_settled(void *arg)
{
	struct ticketholder *h = arg;

	if (h->master.fd >= 0)
		(void)WALL_SEND(&h->master, tickets_stale);
}

static void
on_keytab(int fd, unsigned events, void *arg)
{
	struct ticketholder *h = arg;

	(void)events;
	if (keytab_changed(fd))
		loop_timer_start(
		    h->loop, &h->settled, SETTLE_MS, on_settled, h);
}

static void
give_up(const char *why)
{
	(void)WALL_SEND(&holder.master, tickets_failed, .text = why);
	(void)wall_queue_drain(&holder.master, WALL_PATIENCE_MS);
	_exit(1);
}

/* All that needs files, as root. */
static int
on_tickets_begin(struct ticketholder *h, struct wall_message *m)
{
	const struct msg_tickets_begin *begin = &m->tickets_begin;
	char why[WALL_TEXT_MAX];
	krb5_context context;

	/* The keys' process waits for no name server longer than this. */
	alarm(10 * CALL_SECONDS);
	if (configuration_read(why, sizeof(why)) != 0)
		give_up(why);
	if (krb5_init_context(&context) != 0)
		give_up("krb5.conf cannot be used");
	/* Before it is read: no change is missed. */
	if ((h->watch = keytab_watch(begin->keytab)) < 0)
		log_debug("%s: cannot be watched", begin->keytab);
	if (keytab_read(context, begin->keytab, begin->strict, &h->keys, why,
		sizeof(why)) != 0 ||
	    accept_prepare(context, why, sizeof(why)) != 0)
		give_up(why);
	alarm(0);
	h->prepared = true;
	return 0;
}

static void
serve(void)
{
	struct ticketholder *h = &holder;

	if ((h->loop = loop_new()) == NULL)
		die_errno("epoll_create1");
	sandbox_ticketholder();
	if (WALL_SEND(&h->master, tickets_ready, .keys = h->keys) != 0)
		_exit(0);
	if (fd_set_nonblocking(h->master.fd) != 0 ||
	    fd_set_nonblocking(h->door.fd) != 0 ||
	    loop_fd_add(h->loop, &h->on_master, h->master.fd, LOOP_READ,
		on_master, h) != 0 ||
	    loop_fd_add(
		h->loop, &h->on_door, h->door.fd, LOOP_READ, on_door, h) != 0 ||
	    (h->watch >= 0 &&
		loop_fd_add(h->loop, &h->on_keytab, h->watch, LOOP_READ,
		    on_keytab, h) != 0))
		die_errno("epoll");
	wall_queue_watch(&h->master, &h->on_master);
	if (loop_run(h->loop) != 0)
		die_errno("epoll");
	_exit(0); /* no destructor of a library's runs in the sandbox */
}

int
main(int argc, char **argv)
{
	static struct tickets_arguments arguments;

	drop_dumpable();
	if (argc == 2 &&
	    about_print(argv[1], "sallyport-ticketholder", tickets_version(),
		"The process with the Kerberos keys; sallyportd "
		"starts it, nobody else can."))
		return 0;
	if (tickets_parse(argc, argv, &arguments) != 0) {
		fputs("sallyport-ticketholder is started by sallyportd of the "
		      "same version\n",
		    stderr);
		return TICKETS_OTHER_VERSION;
	}
	wall_init(&holder.master, SPAWN_WALL, PATH_TICKETS_MASTER,
	    PATH_MASTER_TICKETS);
	wall_init(
	    &holder.door, SPAWN_DOOR, PATH_MONITORS_DOOR, PATH_MONITORS_DOOR);
	log_use_stderr(false);
	log_set_callback(on_log, NULL);
	log_set_level(arguments.log_level);
	title_init(argc, argv);
	title_set("ticketholder");
	if (peer_read(&from_master, &holder.master, &holder) != 0)
		die("the first order is missing");
	if (mlockall(MCL_CURRENT | MCL_ONFAULT) != 0)
		log_debug("the ticketholder's memory cannot be locked");
	drop_to_role(
	    ROLE_TICKETHOLDER, arguments.empty, arguments.uid, arguments.gid);
	serve();
}
