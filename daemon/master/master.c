/*
 * The master's life: start, signals, generations that come and go, end.
 */
#include "config.h"

#include "daemon/master/admit.h"
#include "daemon/master/control.h"
#include "daemon/master/judging.h"
#include "daemon/master/ledger.h"
#include "daemon/master/lobby.h"
#include "daemon/master/notify.h"

#include "config/load.h"
#include "daemon/start.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/syslog_out.h"
#include "privsep/die.h"
#include "privsep/drop.h"
#include "privsep/spawn.h"
#include "privsep/title.h"

#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXIT_CONFIG 78 /* EX_CONFIG: starting again would not help */
/* Descriptors: listeners, generations' children, what is being handed over. */
#define OWN_DESCRIPTORS	 64
#define DESCRIPTORS_EACH 2
/* A generation that broke is started again, not more often than this. */
#define RESTART_MS 1000
/* At its end, when it serves nobody, a slow syslog is waited for so long. */
#define LAST_WORDS_MS 1000

/* The end of the pipe on which a daemon's parent waits; -1 without one. */
static int parent_pipe = -1;
static bool stderr_stays; /* -e */

static void
tell_parent(char verdict)
{
	int null;

	if (parent_pipe < 0)
		return;
	if (write(parent_pipe, &verdict, 1) != 1)
		log_debug("nobody waited for the start");
	close(parent_pipe);
	parent_pipe = -1;
	/* A caller that reads our stderr through a pipe waits until it is
	 * closed. */
	if (!stderr_stays &&
	    (null = open("/dev/null", O_RDWR | O_CLOEXEC)) >= 0) {
		(void)dup2(spawn_report_fd(log_fd(), null), 2);
		close(null);
		log_stderr_at(STDERR_FILENO);
	}
}

/* In the parent: the server ended without a word. */
static int
start_died(struct master *m, const struct config *config, pid_t pid)
{
	char text[128];
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	if (WIFSIGNALED(status))
		snprintf(text, sizeof(text),
		    "the server died of signal %d (%s) before it was ready",
		    WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, sizeof(text),
		    "the server ended with status %d before it was ready; "
		    "its log says why",
		    WEXITSTATUS(status));
	fprintf(stderr, "sallyportd: %s\n", text);
	configure_open_log(m);
	configure_log(m, config);
	log_use_stderr(false);
	log_error("%s", text);
	return 1;
}

/* Become a daemon; the parent stays until the server is ready or has failed,
 * so that its exit status tells the truth. */
static void
detach(struct master *m, const struct config *config)
{
	int fds[2], null;
	char verdict = 1;
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) != 0 || (pid = fork()) < 0)
		die_errno("fork");
	if (pid > 0) {
		close(fds[1]);
		if (read(fds[0], &verdict, 1) != 1)
			verdict = (char)start_died(m, config, pid);
		_exit(verdict);
	}
	close(fds[0]);
	parent_pipe = fds[1];
	if (setsid() < 0)
		die_errno("setsid");
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) < 0 ||
	    dup2(null, 0) < 0 || dup2(null, 1) < 0)
		die_errno("/dev/null");
	close(null);
}

/* A second server on one pid file or control socket refuses. */
static char *
claim(struct master *m, const struct config *config)
{
	pid_t other = control_server(config->control_socket);

	if (other != 0)
		return mem_printf("control_socket: %s is the one of another "
				  "server, process %d, which runs",
		    config->control_socket, (int)other);
	return pidfile_claim(m, config->pid_file);
}

void
master_end(struct master *m, int status)
{
	m->exit_status = status;
	loop_stop(m->loop);
}

/* For -t and rehearsals: problems go where they were asked for. */
static void
report(const struct master *m, const char *text)
{
	FILE *out =
	    m->options.report >= 0 ? fdopen(m->options.report, "w") : stderr;

	if (out == NULL)
		return;
	fprintf(out, "%s%s", text,
	    text[0] != '\0' && text[strlen(text) - 1] == '\n' ? "" : "\n");
	fflush(out);
}

static bool
serves(const struct master *m)
{
	return !m->options.test && !m->options.rehearse && !m->options.inetd;
}

/* Another generation of a configuration in force. */
static bool
start_again(struct master *m, const struct generation *old)
{
	struct problems problems = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;
	bool started = false;

	if (config_bundle_from_fd(old->bundle, &bundle) == 0 &&
	    config_load(&bundle, &config, &problems) == 0) {
		generation_start(generation_new(
		    m, config, fcntl(old->bundle, F_DUPFD_CLOEXEC, SPAWN_FDS)));
		started = true;
	}
	config_bundle_free(&bundle);
	problems_free(&problems);
	return started;
}

/*
 * A server that begins to serve takes over the sessions that its predecessor
 * left, and begins once more on their slots: then limits count them.
 */
unsigned
master_adopt_more(struct master *m)
{
	unsigned count = 0;

	if (m->current != NULL && serves(m) && !m->options.linger)
		count = keeper_adopt(m, m->current->config->control_socket);
	if (count > 0)
		(void)start_again(m, m->current);
	return count;
}

static bool
adopted(struct master *m, const struct generation *g)
{
	if (m->asked_keepers || !serves(m) || m->options.carry >= 0)
		return false;
	m->asked_keepers = true;
	return keeper_adopt(m, g->config->control_socket) > 0 &&
	    start_again(m, g);
}

void
master_generation_ready(struct generation *g)
{
	struct master *m = g->master;
	bool first = m->current == NULL;

	if (m->options.test || m->options.rehearse) {
		master_end(m, 0);
		return;
	}
	/* Too late: the server has stopped meanwhile (this may be its keeper),
	 * or another generation has taken the place. */
	if (m->terminating || g->retired) {
		generation_retire(g);
		return;
	}
	if (first && adopted(m, g))
		return;
	/* The waiting connections have got the greeting of the
	 * old generation. */
	if (!first)
		(void)lobby_empty(m, g);
	for (struct generation *old = m->generations, *next; old != NULL;
	     old = next) {
		next = old->next;
		if (old != g && !old->retired)
			generation_retire(old);
	}
	m->current = g;
	audit_set_generation(g->number);
	configure_log(m, g->config);
	if (m->options.inetd) {
		admit_inetd(m);
		return;
	}
	if (first && m->options.carry < 0)
		AUDIT(server_ready, .version = PACKAGE_VERSION);
	else
		AUDIT(config_reload_ok, .generation = g->number);
	pidfile_write(m, g->config->pid_file);
	listen_start(m);
	control_open(m, g->config);
	trial_settle(m, false);
	if (!first)
		(void)judging_begin(m, RECHECK_RELOAD, NULL);
	/* Sessions of a keeper that arrived while no generation was ready. */
	if (first && m->options.carry < 0)
		(void)master_adopt_more(m);
	notify_state("READY=1\nSTATUS=Serving connections");
	tell_parent(0);
}

/* Start again what broke, from the configuration in force. */
static void
restart(void *arg)
{
	struct master *m = arg;

	/* A reload may have put another in its place meanwhile.  The broken
	 * one is retired when the new one is ready. */
	if (m->current != NULL && m->current->failed)
		(void)start_again(m, m->current);
}

/* At once, then at most once in RESTART_MS. */
static void
restart_soon(struct master *m)
{
	uint64_t now = loop_clock(), due = m->restarted_at + RESTART_MS;
	uint64_t wait = m->restarted_at != 0 && now < due ? due - now : 0;

	if (loop_timer_running(&m->restart))
		return;
	m->restarted_at = now + wait;
	loop_timer_start(m->loop, &m->restart, wait, restart, m);
}

/* The one that was to serve adopted sessions failed: another is ready. */
static struct generation *
first_choice(struct master *m)
{
	struct generation *g = m->generations;

	while (g != NULL && (!g->ready || g->retired || g->failed))
		g = g->next;
	return g;
}

void
master_generation_failed(struct generation *g, const char *why)
{
	struct master *m = g->master;

	if (m->options.test || m->options.rehearse) {
		report(m, why);
		master_end(m, 1);
		return;
	}
	if (m->current == NULL || m->current->failed)
		log_error("%s", why);
	if (m->current == NULL && first_choice(m) != NULL) {
		generation_retire(g);
		master_generation_ready(first_choice(m));
		return;
	}
	if (m->current == NULL) {
		report(m, why);
		/* Before it is told: the next start may come at once. */
		pidfile_remove(m);
		tell_parent(1);
		master_end(m, 1);
		return;
	}
	if (m->current->failed) {
		/* New connections wait until a new one is ready. */
		listen_pause(m);
		restart_soon(m);
		if (g != m->current)
			generation_retire(g);
		return;
	}
	reload_rejected(why);
	control_failed(m, why);
	trial_settle(m, true);
	generation_retire(g);
}

static void
reloaded(struct master *m, const char *error, void *arg)
{
	(void)m;
	(void)arg;
	if (error == NULL)
		return; /* not reached: the next image runs */
	reload_rejected(error);
}

static void
terminate(struct master *m, unsigned signal)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", signal);
	if (!m->terminating)
		AUDIT(server_stop, .signal = number, .count = m->n_connections);
	m->terminating = true;
	notify_state("STOPPING=1");
	remember_stop(m);
	pidfile_remove(m);
	listen_close_all(m);
	control_close(m);
	linger(m);
}

static void
on_signal(int fd, unsigned events, void *arg)
{
	struct master *m = arg;
	struct signalfd_siginfo info;

	(void)events;
	while (read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		switch (info.ssi_signo) {
		case SIGHUP:
			if (m->options.linger || m->options.inetd)
				break; /* nothing to read it for */
			AUDIT(config_reload_start);
			reload_begin(m, reloaded, NULL);
			break;
		case SIGTERM:
		case SIGINT:
		case SIGQUIT:
			terminate(m, info.ssi_signo);
			break;
		default:
			break;
		}
	}
}

static void
watch_signals(struct master *m)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGQUIT);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
		die_errno("sigprocmask");
	m->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (m->signals < 0 ||
	    loop_fd_add(m->loop, &m->on_signal, m->signals, LOOP_READ,
		on_signal, m) != 0)
		die_errno("signalfd");
}

static void
prepare(struct master *m, const struct config *config)
{
	m->binary = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	if (m->binary < 0)
		die_errno("/proc/self/exe");
	/* A keeper starts no monitors. */
	m->session_program = open(SESSION_PROGRAM, O_PATH | O_CLOEXEC);
	if (m->session_program < 0 && !m->options.linger)
		die_errno("%s", SESSION_PROGRAM);
	/* Without it the templates of a policy that records are refused. */
	m->recorder_program = open(RECORDER_PROGRAM, O_PATH | O_CLOEXEC);
	if (drop_make_empty(config->privsep.empty_directory) != 0)
		die_errno("%s", config->privsep.empty_directory);
	configure_open_log(m);
	configure_log(m, config);
}

/* After SIGTERM: nothing new, and the end with the last connection. */
static void
keep_until_done(struct master *m)
{
	title_set("draining");
	m->draining = m->terminating = true;
	for (struct generation *g = m->generations, *next; g != NULL;
	     g = next) {
		next = g->next;
		g->ready = false;
		generation_retire(g);
	}
	control_kill_watch(m);
	keeper_watch(m);
	if (m->n_connections == 0)
		master_end(m, 0);
}

/* A rehearsal for a server whose state this program could not read. */
static bool
can_take_over(const struct master *m)
{
	if (!m->options.rehearse ||
	    (m->options.format != NULL &&
		strcmp(m->options.format, carry_format()) == 0))
		return true;
	report(m,
	    "this version cannot take over from the one that runs: "
	    "restart the service (sessions stay)");
	return false;
}

/*
 * A connection is two descriptors here (its processes), one in the keyholder
 * and one in the worker template.  Who runs out of them cannot be told of
 * births and deaths any more: so fewer are let in.
 */
static void
find_room(struct master *m)
{
	unsigned limit = spawn_raise_limits();

	m->room = limit > OWN_DESCRIPTORS + 2 ?
	    (limit - OWN_DESCRIPTORS) / DESCRIPTORS_EACH :
	    1;
	if (m->room < SLOTS_MAX)
		log_debug("descriptors for %u connections", m->room);
}

static bool
claimed(struct master *m, const struct config *config)
{
	char *wrong = claim(m, config);

	if (wrong == NULL)
		return true;
	log_error("%s", wrong);
	report(m, wrong);
	tell_parent(1);
	free(wrong);
	return false;
}

/* The wall to a process that can sign; NULL: there is none. */
static struct wall *
keyholder(void *arg)
{
	struct master *m = arg;

	if (m->current != NULL && m->current->keyholder.wall.fd >= 0)
		return &m->current->keyholder.wall;
	for (struct generation *g = m->generations; g != NULL; g = g->next)
		if (g->keyholder.wall.fd >= 0 && g->keyholder.ready)
			return &g->keyholder.wall;
	return NULL;
}

static void
start_watches(struct master *m, const struct config *config)
{
	if (serves(m) || m->options.inetd) {
		watch_start(m);
		ledger_start(m->loop, config->audit.checkpoint, keyholder, m);
	}
	if (serves(m))
		notify_watchdog_start(m);
}

int
master_run(const struct master_options *options)
{
	struct master *m = mem_zalloc(sizeof(*m));
	struct config *config;
	int sealed = -1;

	m->options = *options;
	stderr_stays = options->log_stderr;
	m->session_program = m->recorder_program = -1;
	m->binary = m->rehearsal.fd = m->rehearsal.bundle = -1;
	m->recheck.look = -1;
	m->log_fd = options->log_fd;
	m->pid_fd = -1;
	m->trial.reload = reload_begin_with;
	audit_set_component("master");
	if (!can_take_over(m))
		return EXIT_CONFIG;
	if ((config = configure_read(m, &sealed)) == NULL)
		return EXIT_CONFIG;
	if (serves(m) && !m->options.foreground && m->options.carry < 0)
		detach(m, config);
	start_chain();
	prepare(m, config);
	if ((m->loop = loop_new()) == NULL)
		die_errno("epoll");
	syslog_out_use_loop(m->loop);
	loop_at_end(m->loop, sweep_turn, m);
	m->penalties = penalties_new();
	watch_signals(m);
	find_room(m);
	drop_dumpable();
	if (m->options.carry >= 0) {
		if (carry_load(m, m->options.carry) != 0)
			die("the state of the previous program is unreadable");
		if (m->options.linger)
			start_chain(); /* the server that ends has its own */
		connection_watch_orphans(m);
		m->remembered.changes = UINT64_MAX; /* not known */
		configure_log(m, config);
	} else if (m->options.orphans >= 0) {
		if (orphans_load(m, config, sealed) != 0)
			die("the connections cannot be kept");
	} else {
		if (serves(m))
			AUDIT(server_start, .version = PACKAGE_VERSION,
			    .file = m->options.config_file);
		if (serves(m) && notify_listen_fds(m) < 0)
			die("LISTEN_FDS: not listening sockets");
	}
	title_set("master");
	if (serves(m) && !m->options.linger && m->options.carry < 0 &&
	    !claimed(m, config))
		return 1;
	if (serves(m) && !m->options.linger && m->listening == NULL &&
	    listen_open(m, config) != 0) {
		report(m, "no listener could be opened; is the port in use?");
		pidfile_remove(m);
		tell_parent(1);
		return 1;
	}
	if (m->options.carry >= 0 && !m->options.linger &&
	    listen_open(m, config) == 0)
		listen_close_unwanted(m);
	if (!m->options.linger)
		generation_start(generation_new(m, config, sealed));
	if (serves(m) && !m->options.linger && m->options.carry < 0)
		remember_load(m);
	if (m->options.linger)
		keep_until_done(m);
	if (m->current != NULL && !m->options.linger)
		listen_start(m); /* the old generation serves meanwhile */
	start_watches(m, config);
	if (loop_run(m->loop) != 0)
		die_errno("epoll_wait");
	keeper_close(m);
	connection_tell_heads(m);
	ledger_end();
	syslog_out_drain(LAST_WORDS_MS);
	pidfile_remove(m);
	return m->exit_status;
}
