/*
 * The master: listens, admits, supervises, reloads.  It reads nothing a
 * client sent, loads no module and asks no name service.  Here is what its
 * steps share.
 */
#ifndef DAEMON_MASTER_MASTER_H
#define DAEMON_MASTER_MASTER_H

#include "config/bundle.h"
#include "config/config.h"
#include "daemon/master/remember.h"
#include "daemon/master/round.h"
#include "daemon/master/trial.h"
#include "lib/loop.h"
#include "lib/net.h"
#include "lib/ssh/kexinit.h"
#include "privsep/settings.h"
#include "privsep/slot.h"
#include "privsep/spawn.h"
#include "privsep/peer.h"
#include "privsep/wall.h"

#include <sys/types.h>

#include <signal.h>

struct master;
struct generation;
struct control_client;
struct proxied;

/* A process of a generation, and the wall to it. */
struct child {
	struct generation *generation;
	enum role role;
	pid_t pid; /* 0: none */
	int pidfd;
	struct wall wall; /* non-blocking; fd -1 when closed */
	struct loop_fd on_wall, on_exit;
	bool ready;
};

/* A worker template; the old ones stay until their last worker has gone. */
struct workers {
	struct child child;
	unsigned serving;
	bool retired;
	struct workers *next;
};

/* The module that the monitor template is loading: loading.c. */
struct loading {
	char *module, *place, *entry; /* NULL: nothing */
	int output; /* memory with its standard error */
	struct loop_timer deadline;
};

/* A ticketholder; one that was replaced stays until its contexts are over. */
struct tickets {
	struct child child;
	bool retired;
	struct tickets *next;
};

/* The helper process of a module; the same one is started again: helpers.c. */
struct helper {
	struct child child;
	char *module, *file;
	int door; /* the helper's end, for the next one as well */
	struct loop_fd at_door; /* told when it is shut */
	uint64_t started_at; /* ms */
	uint32_t pause; /* ms before it is started again */
	unsigned restarts, heard;
	uint64_t taken, answered; /* requests, as it says itself */
	/* To be ready, or to have ended; the next start; hearing it again. */
	struct loop_timer deadline, again, window;
	struct helper *next;
};

/* Our first bytes; empty: a template carried from another image. */
struct greeting {
	struct bytes text; /* owned */
	size_t cookie_at;
};

struct generation {
	struct master *master;
	uint32_t number;
	struct config *config;
	int bundle; /* sealed memfd */
	int binary; /* held program, O_PATH */
	int slots_fd;
	struct slot *slots;
	struct child keyholder, monitors;
	struct workers *workers; /* the first is the current one */
	/* tickets.c; without the gssapi module all of it is empty or -1. */
	struct tickets *tickets; /* the first is the newest */
	int tickets_binary, judges; /* held program; door to judges, or -1 */
	int door, door_monitors; /* two ends; the second until it is given */
	uint64_t tickets_at; /* of the newest, ms */
	struct loop_timer tickets_again;
	struct helper *helpers;
	struct host_key_blob host_keys[HOST_KEYS_MAX];
	size_t n_host_keys;
	char *moduli; /* text of the groups in use */
	/* NULL until the host keys are known; a greeting for each offer. */
	struct settings *settings;
	struct greeting *greetings;
	uint64_t replaced_at; /* of the worker template, ms */
	struct loop_timer replace; /* of the worker template, once more */
	struct loading loading;
	bool ready, failed, retired;
	unsigned connections; /* of which in the lobby: */
	unsigned in_lobby;
	struct generation *next;
};

/* Why a connection's source is penalised; order as config's penalties. */
enum offence {
	OFFENCE_NONE,
	OFFENCE_CRASH,
	OFFENCE_AUTH_FAILURE,
	OFFENCE_INVALID_USER,
	OFFENCE_NO_AUTH,
	OFFENCE_GRACE_EXCEEDED,
	OFFENCE_REFUSED,
	OFFENCE_BY_HAND, /* imposed by an administrator */
	OFFENCE_COUNT
};

struct connection {
	uint64_t id; /* also in the audit, as 16 hex digits */
	struct generation *generation;
	struct workers *workers; /* NULL in the lobby */
	uint32_t slot, recheck; /* the last round it was told of, 0 */
	unsigned offer; /* its listener's, by number, until it is handed over */
	/* In the lobby: its socket and its listener's name; else -1. */
	int client;
	char *listener;
	struct loop_fd on_client;
	struct loop_timer again; /* until the templates have room */
	bool leaving; /* the lobby, also without a word */
	uint8_t cookie[KEXINIT_COOKIE]; /* of the greeting */
	struct net_address source, local;
	/* proxied.c: while header_due, in the lobby, source is the balancer's
	 * and nothing has been sent. */
	bool header_due, greeted;
	struct wall header; /* to what reads the header; fd -1 */
	struct loop_fd on_header;
	void (*on_source)(struct connection *c, const struct proxied *p);
	struct net_address proxy; /* the balancer that told the source */
	bool lenient; /* source is a balancer's: no limit counts for it */
	bool health; /* source is a health check's */
	bool is_selftest; /* as the audit says */
	struct selftest *selftest; /* owned, in the lobby; NULL: none */
	uint64_t accepted_at; /* ms */
	uint64_t worker_gone_at; /* ms, 0: it lives */
	uint64_t monitor_gone_at;
	pid_t monitor, worker; /* 0: not born yet, or gone */
	int monitor_pidfd, worker_pidfd;
	/* On the pidfds, once the template that would tell has gone. */
	struct loop_fd on_monitor, on_worker;
	bool monitor_dead, worker_dead;
	bool silent; /* its session has ended, its client does not know yet */
	bool authenticated; /* as its slot said when last looked at */
	bool ended_by_us; /* deadline: already audited */
	bool stuck_told; /* that its monitor overstays a deadline */
	bool grace_exceeded;
	bool unserved; /* we failed: nobody is penalised for that */
	uint64_t kill_at; /* ms: told to end, by force from then on; 0 */
	struct connection *next, *previous; /* all */
	/* In no list but this one; freed at the end of the turn (sweep.c),
	 * until then next still leads a walker on. */
	bool gone;
	struct connection *next_gone;
};

struct listening {
	char *name, *address; /* as configured */
	uint16_t port;
	int fd;
	struct loop_fd on_accept;
	bool wanted; /* by the configuration just loaded */
	bool inherited; /* of systemd: in place of the configuration's */
	struct listening *next;
};

struct master_options {
	const char *config_file;
	const char *program; /* absolute, of the binary on disk */
	const char *log_file;
	char **argv; /* for exec into the next binary */
	bool foreground, log_stderr, test, rehearse, inetd;
	bool effective; /* with test: print what holds, for spec */
	const char *spec; /* -C, or NULL */
	bool linger; /* after SIGTERM: serve what is open, then end */
	int keeper; /* with linger: the socket for the next server, -1 */
	/* with linger: a monitor template whose master was killed, -1; its
	 * slots and its log */
	int orphans, slots, log_fd;
	int log_level; /* -2: the configuration's */
	int port; /* -p, 0: the configuration's */
	int carry; /* descriptor, -1: a fresh start */
	int bundle; /* descriptor, -1: read the files */
	const char *format; /* of the state that a rehearsal's asker has */
	int report; /* descriptor for a rehearsal's problems, -1: stderr */
	/* A request of an administrator: control_serve(). */
	void (*serve)(
	    struct control_client *c, const char *const *words, size_t count);
};

#define PARTING_MAX 64

struct penalties;
struct buf;
struct rd;

struct master {
	struct loop *loop;
	struct master_options options;
	int binary;
	int session_program; /* sallyport-session, O_PATH, for the monitors */
	int recorder_program; /* sallyport-recorder, likewise; or -1 */
	int log_fd;
	int pid_fd; /* locked, -1 */
	char *pid_path;
	int signals;
	struct loop_fd on_signal;
	struct loop_timer tick;
	struct listening *listening;
	struct loop_timer accept_timer; /* to try again what failed */
	bool accept_failed; /* and that has been said */
	/* Listeners that could not be opened, and why: "name (address port N:
	 * reason), ..."; NULL: none. */
	char *listen_failed;
	struct generation *generations; /* the newest first */
	struct generation *current; /* serves new connections */
	struct connection *connections, *gone;
	/* Counted by admit_count(); connections that still owe a
	 * PROXY header stand apart from the unauthenticated. */
	unsigned n_connections, n_unauthenticated, n_header_due;
	unsigned room; /* connections for which there are descriptors */
	uint32_t next_generation;
	struct penalties *penalties;
	struct remembered remembered;
	struct {
		int fd; /* report pipe, -1 */
		pid_t pid;
		int bundle;
		struct loop_fd on_report;
		char text[16384];
		size_t len;
		void (*done)(struct master *m, const char *error, void *arg);
		void *arg;
		struct loop_timer again; /* until it, then the lobby, ended */
		uint64_t end_by; /* ms; then it is killed */
		uint64_t exec_by; /* ms; the lobby has so long */
	} rehearsal;
	struct trial trial;
	struct plan plan;
	struct loop_timer plan_timer;
	struct control *control;
	int parting[PARTING_MAX]; /* parting.c; 0: free */
	unsigned parting_next;
	struct loop_timer parting_timer;
	unsigned dropped; /* since the last line in the log about it */
	uint64_t drop_said_at;
	struct {
		uint64_t accepted, dropped_startups, dropped_source,
		    dropped_penalty, dropped_draining, dropped_other,
		    worker_crashes, violations, deadlines, monitor_crashes;
		uint64_t exits[16]; /* by enum monitor_exit */
		/* of the connections that have ended */
		uint64_t logins, bytes_in, bytes_out;
		struct slot_counts counts;
	} stats;
	struct judging_round recheck;
	bool draining; /* no new connections */
	bool terminating;
	bool asked_keepers;
	uint64_t restarted_at; /* of a generation that broke, ms; 0 */
	struct loop_timer restart;
	int exit_status;
};

/* master.c: the master's life.  Returns the exit status. */
int master_run(const struct master_options *options);
void master_end(struct master *m, int status);

/*
 * configure.c: what a start reads, NULL when it cannot be used and that has
 * been said; its sealed memfd.  The log file of -E, and the log as the
 * configuration and the options have it.
 */
struct config *configure_read(struct master *m, int *sealed);
void configure_open_log(struct master *m);
void configure_log(const struct master *m, const struct config *config);

/*
 * pidfile.c: claim locks the file, and lets go of another that was locked
 * before; NULL, or why not (a text to free).  write claims, too.  A path of
 * NULL claims nothing.
 */
char *pidfile_claim(struct master *m, const char *path);
void pidfile_write(struct master *m, const char *path);
void pidfile_remove(struct master *m);

/* listen.c */
int listen_open(struct master *m, const struct config *config);
/* Before a reload: open what is new, or nothing; NULL, or what failed (the
 * master's). */
const char *listen_try(struct master *m, const struct config *config);
void listen_close_unwanted(struct master *m);
void listen_close_all(struct master *m);
void listen_start(struct master *m); /* begin to accept */
void listen_pause(struct master *m);
int listen_adopt(struct master *m, const char *name, const char *address,
    uint16_t port, int fd, bool inherited);

/* child.c: with its wall, watched; 0 or an error, which is logged if it is the
 * account's.  And its handles, its descriptors and its wall. */
int child_spawn(struct generation *g, struct child *c, enum wall_path out,
    enum wall_path in);
void child_free(struct child *c);
/* To the process of a pidfd, if it still runs; -1: to none.  Never by number: a
 * process that has been waited for has left its own to others. */
void child_signal(int pidfd, int number);

/* generation.c */
struct generation *generation_new(
    struct master *m, struct config *config, int bundle);
void generation_start(struct generation *g);
void generation_retire(struct generation *g);
/* The master ends, and the monitors that are left end by themselves. */
void generation_farewell(struct generation *g);
/* At once, with its children's handles: never in a callback of theirs. */
void generation_free(struct generation *g);
void generation_watch(struct generation *g, struct child *c);
void generation_replace_workers(struct generation *g, const char *why);
/* Does it have all of its processes? */
bool generation_serves(struct generation *g);
struct generation *generation_alloc(struct master *m);
/* It cannot serve, and why; told once. */
void generation_failed(struct generation *g, const char *why);

/* loading.c: no code of a module runs in the monitor template any more. */
void loading_done(struct generation *g);
/* "file:line: module x: load() WHAT", with its last words; NULL when none is
 * being loaded.  Free it. */
char *loading_fault(const struct generation *g, const char *what);

/*
 * offers.c.  settle: once, with all host keys known.  fault: NULL, or a text
 * to free that names a listener which could serve nobody.  send: what a worker
 * template must know; 0, or that it does not listen.
 */
void offers_settle(struct generation *g);
char *offers_fault(const struct generation *g);
int offers_send(const struct generation *g, struct wall *wall);
void offers_free(struct generation *g);
/* Behind the ticketholder, or without one. */
void generation_go_on(struct generation *g);

/*
 * tickets.c: the ticketholder of a generation whose modules use Kerberos.
 * Replaced when its keytab has changed, or when it has died; logins by other
 * means go on meanwhile.
 */
bool tickets_wanted(const struct generation *g);
void tickets_start(struct generation *g);
void tickets_lost(struct child *c, const char *why);
/* At the end of a turn; true while one of them lives. */
bool tickets_sweep(struct generation *g);
void tickets_free(struct generation *g);

/*
 * helpers.c: helper processes of modules.  start: all of them, true if there is
 * none to wait for; silenced: is this child one that has said too much; sweep,
 * at the end of a turn: true while one lives.
 */
bool helpers_start(struct generation *g);
bool helpers_silenced(struct child *c);
void helpers_lost(struct child *c, const siginfo_t *info);
/* Requests wait that it does not take. */
bool helpers_has_waiting(const struct helper *h);
bool helpers_sweep(struct generation *g);
void helpers_free(struct generation *g);
/* Whom it runs as, and its end of the door. */
const char *helpers_account(const struct child *c);
int helpers_door(const struct child *c);
/* One that another image had: it may be due to start. */
void helpers_carried(struct helper *h);
/* generation.c: all of them are ready. */
void generation_helpers_ready(struct generation *g);

/* Called by generation.c: ready to serve, or why not. */
void master_generation_ready(struct generation *g);
void master_generation_failed(struct generation *g, const char *why);

/* parting.c: tell a client that the server drains; takes the descriptor. */
void parting_tell(struct master *m, int fd);

/* crowd.c: has a connection of the source that holds the most been ended for
 * one from this source? */
bool crowd_gives_way(struct master *m, const struct config *config,
    const struct net_address *source);

/* penalty.c */
struct penalties *penalties_new(void);
void penalties_add(struct penalties *p, const struct config *config,
    const struct net_address *source, enum offence offence);
void penalties_success(struct penalties *p, const struct config *config,
    const struct net_address *source);
/* Seconds in force for the source, 0: none. */
uint32_t penalties_in_force(struct penalties *p, const struct config *config,
    const struct net_address *source, enum offence *offence);
/*
 * By an administrator, in force at once.  0, E_UNSUPPORTED (penalties are not
 * enabled), E_PERMISSIONS (an exempt source), E_LIMIT (no room).
 */
#define PENALTY_BY_HAND_MAX (366u * 86400)
int penalties_impose(struct penalties *p, const struct config *config,
    const struct net_address *source, uint32_t seconds, const char *actor);
size_t penalties_clear(struct penalties *p, const struct net_network *which);
const char *offence_name(enum offence offence);
typedef void penalties_each_fn(const struct net_key *source,
    enum offence offence, uint32_t seconds, bool in_force, void *arg);
void penalties_each(struct penalties *p, const struct config *config,
    penalties_each_fn *fn, void *arg);
/*
 * At most `room` bytes of them, those by hand and those in force first; and
 * back, added to what is there.  0 or an E_ code: then some may be there.
 */
void penalties_save(const struct penalties *p, struct buf *b, size_t room);
int penalties_load(struct penalties *p, struct rd *r);
/* After a load: the times are of a clock that stood at `then`,
 * `away` ms ago. */
void penalties_age(struct penalties *p, uint64_t then, uint64_t away);
/* Another number whenever they have changed by more than time. */
uint64_t penalties_changes(const struct penalties *p);

/* connection.c */
/* In no list, with no descriptors. */
struct connection *connection_blank(void);
/* One that was made elsewhere, and whose generation is set. */
void connection_place(
    struct master *m, struct connection *c, struct workers *w);
/* Its worker template went with a master that was killed (orphans.c): nobody
 * tells of its worker's end. */
bool connection_is_orphan(const struct connection *c);
/* Its worker is killed, or where that is not known, its monitor. */
void connection_cut(const struct connection *c);
/* For a generation that is ready; NULL when there is no slot. */
struct connection *connection_new(struct master *m, struct generation *g);
/* The newest template that is ready, or NULL. */
struct workers *connection_ready_workers(struct generation *g);
/* It gets a worker template; false when there is none. */
bool connection_take_workers(struct connection *c);
void connection_forget(struct master *m, struct connection *c);
/* How far the chains of the living have come. */
void connection_tell_heads(struct master *m);
struct connection *connection_find(struct master *m, uint64_t id);
void connection_monitor_born(struct connection *c, pid_t pid, int pidfd);
void connection_monitor_died(
    struct master *m, struct connection *c, unsigned code, unsigned sig);
void connection_worker_born(struct connection *c, pid_t pid, int pidfd);
void connection_worker_died(
    struct master *m, struct connection *c, unsigned code, unsigned sig);
/*
 * Where the template of its monitor or its worker has gone, the process goes
 * on, and its end is seen on its pidfd; a process that the template had not
 * told of yet is lost, and the connection ends.
 */
void connection_watch_orphan(struct connection *c);
void connection_watch_orphans(struct master *m);
void connection_kill(struct connection *c, const char *why);
/* It costs its source so much, unless that is a balancer. */
void connection_penalise(struct connection *c, enum offence offence);
/* Its worker template is needed for it no more. */
void connection_leave_workers(struct connection *c);
void connection_audit(const struct connection *c);
/* A copy of the slot, terminated. */
void connection_slot(const struct connection *c, struct slot *slot);
/* Has it logged in?  Whoever is being sent away has not. */
bool connection_logged_in(const struct connection *c);

/* sweep.c: what has been marked is freed; at the end of each turn. */
void sweep_turn(void *master);

/* watch.c: the deadlines */
void watch_start(struct master *m);

/* reload.c */
typedef void reload_done_fn(struct master *m, const char *error, void *arg);
void reload_begin(struct master *m, reload_done_fn *done, void *arg);
/* Is one being rehearsed, or its generation started? */
bool reload_is_busy(const struct master *m);
/* The same with these bytes, which stay the caller's, in place of the disk's.
 */
void reload_begin_with(struct master *m, const struct bundle *bundle,
    reload_done_fn *done, void *arg);

/* Into the log, and to the service manager: the old one serves on. */
void reload_rejected(const char *why);

/*
 * carry.c: the state in a sealed memfd (-1: errno), and back.  Without fds
 * it is for the next image of this process, all descriptors in it survive
 * exec(); with fds it is what a keeper hands over, with a list of them.
 */
#define CARRY_FDS_MAX (2 * SLOTS_MAX + 4096)
struct carry_fds {
	int fds[CARRY_FDS_MAX];
	size_t count;
};
/* The layout of the state: another program must read the same. */
const char *carry_format(void);
int carry_write(const struct master *m, struct carry_fds *fds);
int carry_load(struct master *m, int fd);
/*
 * Add what a keeper hands over: 0, and where its generations begin; or an
 * error, and nothing has changed.  Descriptors that were taken are -1 in the
 * list.  carry_leave undoes it before the loop has turned.
 */
int carry_adopt(struct master *m, int fd, struct carry_fds *fds,
    struct generation ***first);
void carry_leave(struct master *m, struct generation **first);
/* carry_child.c: the list in use; NULL: numbers survive. */
void carry_hand(struct carry_fds *fds);
/* A descriptor into the state; and back, or -1.  A child is not watched yet. */
void carry_keep(struct buf *b, int fd);
int carry_take(struct rd *r);
void carry_save_child(struct buf *b, const struct child *c);
void carry_load_child(struct rd *r, struct generation *g, struct child *c,
    enum role role, enum wall_path out, enum wall_path in);
/* carry_tickets.c */
void carry_save_tickets(struct buf *b, const struct generation *g);
void carry_load_tickets(struct rd *r, struct generation *g);
/* carry_helpers.c; and one more helper of the generation, blank. */
struct helper *carry_blank_helper(
    struct generation *g, const char *module, const char *file);
void carry_save_helpers(struct buf *b, const struct generation *g);
void carry_load_helpers(struct rd *r, struct generation *g);

/* image.c: exec the program on disk with all of this; returns on failure. */
void carry_exec(struct master *m, int bundle);
/* After SIGTERM: unauthenticated connections end, a lingering image of this
 * program keeps the others' deadlines and records, and this process exits. */
void linger(struct master *m);

/*
 * keeper.c: the socket beside the control socket on which a lingering image
 * waits for the next server (-1: without), and what that one does at its
 * start: take over what is kept.  Returns the number of connections.
 */
int keeper_listen(const char *control_socket);
void keeper_watch(struct master *m);
void keeper_close(struct master *m);
unsigned keeper_adopt(struct master *m, const char *control_socket);

/* Also from keepers that were not asked before: one that comes late
 * asks for it over the control socket (verb adopt). */
unsigned master_adopt_more(struct master *m);

/*
 * orphans.c: stand in for a master that was killed.  The monitor template
 * that it left (options.orphans) tells of its connections; a keeper waits
 * with them for the next server.  0, or an error that was logged.
 */
int orphans_load(struct master *m, struct config *config, int bundle);

/* control_verbs.c, for options.serve: words[0] is the verb. */
void control_serve(
    struct control_client *c, const char *const *words, size_t count);

/* control.c: open tells those who wait that a generation serves, failed
 * tells them why it does not. */
void control_open(struct master *m, const struct config *config);
void control_failed(struct master *m, const char *why);
/* Does somebody wait so? */
bool control_waits(const struct master *m);
void control_close(struct master *m);
/* Before control_save: send the answers that are made. */
void control_flush(struct master *m);
void control_save(const struct master *m, struct buf *b);
void control_load(struct master *m, struct rd *r);

/*
 * Messages of a generation's processes: of keys in generation.c, of modules in
 * loading.c and helpers.c, of connections in connection.c and orphans.c, of
 * templates in generation.c and offers.c, of tickets in tickets.c.
 */
#define PEER_CONTEXT struct child
WALL_KEYHOLDER_MASTER(PEER_DECLARE)
WALL_MONITORS_MASTER(PEER_DECLARE)
WALL_WORKERS_MASTER(PEER_DECLARE)
WALL_TICKETS_MASTER(PEER_DECLARE)
WALL_HELPER_MASTER(PEER_DECLARE)

#endif
