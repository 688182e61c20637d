/*
 * Shared by the files of daemon/session/.  All of it runs as the user, who may
 * stop, trace or end this process: nothing here is secret from the user, and
 * nothing here decides; orders come from the monitor.
 */
#ifndef DAEMON_SESSION_INSIDE_H
#define DAEMON_SESSION_INSIDE_H

#include "daemon/session/session.h"
#include "lib/loop.h"
#include "privsep/peer.h"

#include <sys/queue.h>
#include <sys/types.h>

#define PROGRAMS_MAX  256
#define LISTENERS_MAX 1024
#define REACHES_MAX   1024 /* names, places and connections under way */

struct session;

/* A program that runs, until it has been waited for. */
struct program {
	LIST_ENTRY(program) next;
	struct session *s;
	uint32_t channel;
	pid_t pid;
	char tty[32]; /* "pts/6", "" without */
	bool hung_up; /* one SIGHUP is enough */
	struct wall events; /* of an SFTP child, fd -1: none */
	struct loop_fd events_handle;
	struct loop_timer events_timer;
};

struct listener;
struct lookup;
struct place;
struct reach;

LIST_HEAD(program_list, program);
LIST_HEAD(listener_list, listener);
LIST_HEAD(lookup_list, lookup);
LIST_HEAD(place_list, place);
LIST_HEAD(reach_list, reach);

/* X11's cookie, from x11-req to the program's start. */
struct display {
	LIST_ENTRY(display) next;
	uint32_t channel;
	char *name; /* DISPLAY */
	char *authname; /* as xauth wants it */
	char *protocol, *cookie;
};
LIST_HEAD(display_list, display);

struct session {
	struct wall_message first;
	const struct msg_begin *start; /* in first; NULL until it has come */
	mode_t umask; /* of programs, as PAM's session left it */
	struct loop *loop;
	struct wall monitor, worker;
	struct loop_fd monitor_handle, worker_handle, signal_handle;
	int signal_fd;
	bool in_chroot;
	int links; /* /proc/self/fd, held before a chroot; or -1 */
	struct program_list programs;
	struct listener_list listeners;
	struct lookup_list lookups;
	struct place_list places;
	struct reach_list reaches;
	struct display_list displays;
	unsigned n_programs, n_listeners, n_reaches;
	bool finishing;
	int exit_status;
	struct loop_timer finish_timer;
};

/* A program to start; the texts are borrowed from the order. */
struct launch {
	uint32_t channel;
	enum run_kind kind;
	const char *command, *title;
	struct bytes environment;
	bool user_rc;
	bool subsystem;
	bool pty;
	int in, out, error; /* its three; the same descriptor on a pty */
	int events; /* an SFTP child's wall to us, or -1 */
	const struct display *display;
};

/* ---- session.c ----------------------------------------------------------- */

/*
 * Hang up programs (all: also those without a terminal, whatever begin said),
 * close every listener, exit within seconds.
 */
void session_finish(struct session *s, uint32_t seconds, bool all);
/* The terminals of its programs into the title. */
void session_title(const struct session *s);
/*
 * Do too many messages wait for the monitor or the worker?  Then nothing is
 * taken that would cause more of them.
 */
bool session_is_behind(const struct session *s);
/* A step of the end was made (a program has ended). */
void session_maybe_exit(struct session *s);

/* ---- chroot.c ------------------------------------------------------------ */

/*
 * Every directory of path root's and writable by nobody else, judged on
 * descriptors; then chroot there.  0, or an E_ code with the name that is
 * wrong in bad[size].
 */
int chroot_enter(const char *path, char *bad, size_t size);
/*
 * As root, before that: this process's /proc/self/fd as a mount of its own,
 * which has nothing above it, so that no path leads from it out of the chroot.
 * -1: the kernel or its container does not permit it.
 */
int chroot_hold_links(void);

/* ---- program.c ----------------------------------------------------------- */

void programs_hang_up(struct session *s, bool all);
/* A child that ended: true if it was one of ours. */
bool program_ended(struct session *s, pid_t pid, int status);

/* ---- child.c: after the fork --------------------------------------------- */

/* Becomes the program; never returns. */
void child_run(struct session *s, const struct launch *l)
    __attribute__((noreturn));
/* Signals and mask as the user's programs expect them. */
void child_restore(const struct session *s);

/* ---- rc.c ---------------------------------------------------------------- */

/* ~/.ssh/rc or the system's sshrc, or else xauth; waits for it. */
void rc_run(struct session *s, const struct launch *l, char **environment);

/* ---- lookup.c ------------------------------------------------------------ */

void lookups_end(struct session *s);
/* A resolver ended: true if it was one of ours. */
bool lookup_child_ended(struct session *s, pid_t pid);

/* ---- locate.c ------------------------------------------------------------ */

/* A UNIX socket that is held, or the directory of one that is to be. */
struct place {
	LIST_ENTRY(place) next;
	struct session *s;
	uint32_t number;
	int fd; /* O_PATH */
	char *asked; /* by the client */
	char *path; /* real: of the socket */
	const char *name; /* in the directory; NULL: fd is the socket */
};

/* The place that is held under number, until locate_forget(), or NULL. */
struct place *locate_held(struct session *s, uint32_t number);
void locate_forget(struct place *place);
/* connect() to the socket that is held.  0, or errno. */
int locate_connect(const struct session *s, const struct place *p, int fd);
void locates_end(struct session *s);

/* ---- reach.c ------------------------------------------------------------- */

void reaches_end(struct session *s);

/* ---- listen.c --------------------------------------------------------------
 */

void listen_end_all(struct session *s);
const struct display *display_of(
    const struct session *s, uint32_t channel, struct bytes environment);

/* ---- the monitor's orders -------------------------------------------------
 */

/* Anything but 0 ends this process. */
#define PEER_CONTEXT struct session
WALL_MONITOR_SESSION(PEER_DECLARE)

#endif
