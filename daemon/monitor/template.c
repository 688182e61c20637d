/*
 * The monitor template: loads policy and modules once, then forks a monitor
 * for each connection that the master hands over.  It reads nothing but the
 * master's messages.
 */
#include "config.h"

#include "daemon/roles.h"

#include "config/kerberos.h"
#include "daemon/monitor/host.h"
#include "daemon/monitor/judges.h"
#include "daemon/monitor/linux_audit.h"
#include "daemon/monitor/monitor.h"
#include "daemon/monitor/orphans.h"
#include "daemon/monitor/recheck.h"
#include "daemon/monitor/recording.h"
#include "daemon/start.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/key.h"
#include "lib/ssh/moduli.h"
#include "lib/syslog_out.h"
#include "privsep/die.h"
#include "privsep/drop.h"
#include "privsep/session_exec.h"
#include "privsep/spawn.h"
#include "privsep/wall_queue.h"
#include "privsep/wtmpdb.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* After its word of farewell a master's monitors have this long to end, before
 * somebody else is found who sees to it; keepers are started so far apart. */
#define LEAVE_MS 10000
#define RETRY_MS 1000
/* The master may read late; it is told why before the end. */
#define LAST_WORDS_MS 1000
#define LOG_AGAIN_MS  100 /* while syslog is slow */

struct born {
	pid_t pid;
	uint64_t connection, since;
	uint32_t slot;
	struct net_address source, local, proxy;
	struct born *next;
};

static struct monitor_template template;
static struct wall master;
static struct born *children;
static int signals = -1;
static bool leaving; /* the master said so */
static uint64_t keeper_due; /* ms; while there is no master */

#undef PEER_CONTEXT
#define PEER_CONTEXT struct monitor_template
WALL_MASTER_MONITORS(PEER_DECLARE_STATIC)
PEER_HANDLE(MASTER_MONITORS)
static const struct peer from_master = {.handle = peer_MASTER_MONITORS};

static int
on_public_key(struct monitor_template *t, struct wall_message *m)
{
	const struct msg_public_key *k = &m->public_key;
	struct host_key_blob *blob;

	if (t->n_host_keys == HOST_KEYS_MAX || k->key != t->n_host_keys)
		die("host keys out of order");
	blob = &t->host_keys[t->n_host_keys++];
	settings_keep_key(blob, k->path, &k->public_key, &k->certificate);
	return 0;
}

static int
on_moduli(struct monitor_template *t, struct wall_message *m)
{
	struct bytes text = m->moduli.text;
	unsigned line;

	t->moduli_text = mem_strndup((const char *)text.data, text.len);
	if (text.len != 0 &&
	    moduli_parse(t->moduli_text, text.len, &t->moduli, &line) != 0)
		die("moduli from the master cannot be read");
	return 0;
}

static void
say_problems(const struct problems *problems)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		die_errno("open_memstream");
	problems_print(problems, f);
	fclose(f);
	if (len > 16000)
		text[16000] = '\0';
	(void)WALL_SEND(&master, template_failed, .text = text);
	(void)wall_queue_drain(&master, LAST_WORDS_MS);
	free(text);
}

/*
 * While modules load, standard error is memory that the master can read when
 * the process has ended; the log goes on to where it was.
 */
static int output = -1, own_stderr = -1;

static void
catch_output(void)
{
#ifndef SANITIZED
	output = memfd_create("standard error of modules", MFD_CLOEXEC);
	own_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, SPAWN_FDS);
	if (output < 0 || own_stderr < 0 || dup2(output, STDERR_FILENO) < 0)
		die_errno("standard error of modules");
	log_stderr_at(own_stderr);
#endif
}

/* The words of a module that did load are told as well. */
static void
tell_output(const char *module)
{
	char text[LOG_LINE_MAX];
	ssize_t n = output < 0 ? -1 : pread(output, text, sizeof(text) - 1, 0);
	char *rest = text, *line;

	if (n <= 0 || ftruncate(output, 0) != 0)
		return;
	(void)lseek(output, 0, SEEK_SET);
	text[n] = '\0';
	while ((line = strsep(&rest, "\n")) != NULL)
		if (*line != '\0')
			log_warn("module %s: %s", module, line);
}

static void
release_output(void)
{
	if (own_stderr < 0)
		return;
	(void)dup2(own_stderr, STDERR_FILENO);
	log_stderr_at(STDERR_FILENO);
	close(own_stderr);
	close(output);
	own_stderr = output = -1;
}

static const char *loading; /* the module before */

/* The master names it if its code does not come back. */
static void
on_load(const struct module_settings *settings, const char *entry)
{
	int fd = output >= 0 ? output : STDERR_FILENO;
	char *place = mem_printf("%s:%u",
	    settings->origin.file == NULL ? "" : settings->origin.file,
	    settings->origin.line);

	if (loading != NULL && loading != settings->name)
		tell_output(loading);
	loading = settings->name;
	if (WALL_SEND_FD(&master, fd, loading, .module = settings->name,
		.place = place, .entry = entry) != 0 ||
	    wall_queue_drain(&master, WALL_PATIENCE_MS) != 0)
		_exit(EXIT_FAILED);
	free(place);
}

/* One that hangs must not outlive the server that waits for it. */
static int
load_modules(struct problems *problems)
{
	pid_t parent = getppid();
	int err;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (getppid() != parent)
		_exit(EXIT_FAILED);
	catch_output();
	host_watch(on_load);
	err = host_load(&template, problems);
	host_watch(NULL);
	if (loading != NULL)
		tell_output(loading);
	release_output();
	(void)prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
	if (WALL_SEND(&master, loaded) != 0)
		_exit(EXIT_FAILED);
	return err;
}

/* The master starts them, once all is loaded. */
static void
ask_for_helpers(void)
{
	for (size_t i = 0; i < template.n_modules; i++) {
		const struct hosted *h = &template.modules[i];

		if (host_has_helper(h) &&
		    WALL_SEND(&master, helper_wanted,
			.module = h->settings->name, .file = h->file) != 0)
			_exit(EXIT_FAILED);
	}
}

/* It stays the same when the helper behind it is another one, but for a helper
 * that has shut it. */
static int
on_helper_door(struct monitor_template *t, struct wall_message *m)
{
	for (size_t i = 0; i < t->n_modules; i++) {
		struct hosted *h = &t->modules[i];

		if (host_has_helper(h) &&
		    strcmp(h->settings->name, m->helper_door.module) == 0) {
			if (h->door >= 0)
				close(h->door);
			h->door = m->fds[0];
			m->fds[0] = -1;
			return 0;
		}
	}
	die("a door for module %s", m->helper_door.module);
}

static int
on_prepare(struct monitor_template *t, struct wall_message *m)
{
	struct problems problems = {0};
	const char *trouble;
	int err;

	if ((err = session_exec_probe(SPAWN_SESSION)) != 0) {
		(void)WALL_SEND(&master, template_failed,
		    .text = err == E_STATE ? SESSION_PROGRAM
			": is of another version, or broken" :
					     SESSION_PROGRAM ": cannot be run");
		_exit(EXIT_FAILED);
	}
	if ((trouble = recording_prepare(t)) != NULL) {
		(void)WALL_SEND(&master, template_failed, .text = trouble);
		_exit(EXIT_FAILED);
	}
	t->generation = m->prepare.generation;
	t->settings = settings_make(
	    t->config, t->host_keys, t->n_host_keys, t->moduli_text);
	settings_leave_out_lacking(t->settings);
	if (load_modules(&problems) != 0 ||
	    monitors_check(t, m->prepare.purpose, &problems) != 0) {
		say_problems(&problems);
		_exit(EXIT_FAILED);
	}
	for (size_t i = 0; i < problems.count; i++) {
		char *line = problem_bare_line(&problems.items[i]);

		log_warn("%s", line);
		free(line);
	}
	problems_free(&problems);
	mem_settle();
	ask_for_helpers();
	judge_open_door(&template);
	if (WALL_SEND_FD(&master, template.judges_end, template_ready) != 0)
		_exit(EXIT_FAILED);
	return 0;
}

/* A child leaves everything of the template's behind. */
static void
leave_template(void)
{
	for (struct born *b = children, *next; b != NULL; b = next) {
		next = b->next;
		free(b);
	}
	children = NULL;
	close(signals);
	wall_free(&master);
	orphans_release();
	judges_release();
	close(template.judges_end);
}

static void
become_monitor(struct wall_message *serve)
{
	sigset_t none;

	leave_template();
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	monitor_run(&template, serve);
}

/* Facts about a connection that a keeper would need. */
static struct born *
remember(const struct msg_serve *s, pid_t pid)
{
	struct born *b = mem_zalloc(sizeof(*b));

	b->pid = pid;
	b->connection = s->connection;
	b->since = loop_clock();
	b->slot = s->slot;
	if (net_parse(s->source, &b->source) != 0 ||
	    net_parse(s->local, &b->local) != 0)
		log_debug("a connection without addresses");
	if (net_parse(s->proxy, &b->proxy) != 0)
		memset(&b->proxy, 0, sizeof(b->proxy));
	b->source.port = (uint16_t)s->source_port;
	b->local.port = (uint16_t)s->local_port;
	return b;
}

static int
on_serve(struct monitor_template *t, struct wall_message *m)
{
	uint64_t connection = m->serve.connection;
	struct born *b;
	pid_t pid = fork();
	int pidfd;

	(void)t;
	if (pid == 0)
		become_monitor(m);
	if (pid < 0) {
		log_error("fork: %s", strerror(errno));
		(void)WALL_SEND(&master, died, .connection = connection,
		    .code = EXIT_FAILED);
		return 0;
	}
	b = remember(&m->serve, pid);
	b->next = children;
	children = b;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd < 0) {
		kill(pid, SIGKILL);
		return 0;
	}
	(void)WALL_SEND_FD(&master, pidfd, born, .connection = connection,
	    .pid = (uint32_t)pid);
	close(pidfd);
	return 0;
}

static void
bury(void)
{
	struct signalfd_siginfo info;
	int status;
	pid_t pid;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
		continue;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct born **at = &children, *gone;

		while (*at != NULL && (*at)->pid != pid)
			at = &(*at)->next;
		if ((gone = *at) == NULL) {
			(void)judges_bury(pid);
			continue;
		}
		*at = gone->next;
		if (master.fd >= 0)
			(void)WALL_SEND(&master, died,
			    .connection = gone->connection,
			    .code = WIFEXITED(status) ?
				(uint32_t)WEXITSTATUS(status) :
				0,
			    .signal = WIFSIGNALED(status) ?
				(uint32_t)WTERMSIG(status) :
				0);
		free(gone);
	}
}

static int
tell_keeper(const struct born *b)
{
	char source[NET_TEXT_MAX], local[NET_TEXT_MAX], proxy[NET_TEXT_MAX];
	int pidfd = (int)syscall(SYS_pidfd_open, b->pid, 0), err;

	if (pidfd < 0)
		return E_SYSTEM;
	err = WALL_SEND_FD(&master, pidfd, orphan, .connection = b->connection,
	    .pid = (uint32_t)b->pid, .slot = b->slot, .since = b->since,
	    .source = net_print(&b->source, source),
	    .source_port = b->source.port, .local = net_print(&b->local, local),
	    .local_port = b->local.port,
	    .proxy =
		b->proxy.family == NET_NONE ? "" : net_print(&b->proxy, proxy));
	/* It begins with reading these; there is no other master to hear. */
	if (err == 0)
		err = wall_queue_drain(&master, WALL_PATIENCE_MS);
	close(pidfd);
	return err;
}

/* The connections have no master: a keeper takes its place at the wall. */
static void
find_keeper(void)
{
	int fd = orphans_keeper(), err = 0;

	keeper_due = loop_clock() + RETRY_MS;
	if (fd < 0)
		return;
	wall_init(&master, fd, PATH_MONITORS_MASTER, PATH_MASTER_MONITORS);
	leaving = false;
	for (const struct born *b = children; b != NULL && err == 0;
	     b = b->next)
		err = tell_keeper(b);
	if (err == 0)
		err = WALL_SEND_FD(&master, template.judges_end, orphans,
		    .generation = template.generation,
		    .pid = (uint32_t)getpid());
	if (err != 0) {
		log_error("the keeper does not listen: %s", err_text(err));
		wall_free(&master);
	}
}

/* Retired, or the master is dead: the connections go on. */
static void
lose_master(void)
{
	uint64_t due = loop_clock() + (leaving ? LEAVE_MS : 0);

	wall_free(&master);
	if (keeper_due < due)
		keeper_due = due;
}

/* The longest time that poll() may wait. */
static int
wait_ms(int ms)
{
	if (!syslog_out_waiting())
		return ms;
	syslog_out_flush();
	return ms >= 0 && ms < LOG_AGAIN_MS ? ms : LOG_AGAIN_MS;
}

/* Milliseconds until a keeper is to be found, -1: not at all. */
static int
until_keeper(void)
{
	uint64_t now = loop_clock();

	if (master.fd >= 0 || children == NULL)
		return -1;
	return keeper_due > now ? (int)(keeper_due - now) : 0;
}

static int
on_judge(struct monitor_template *t, struct wall_message *m)
{
	(void)t;
	judges_start(m->fds[0]);
	return 0;
}

static int
on_look(struct monitor_template *t, struct wall_message *m)
{
	(void)t;
	judges_look(m->fds[0]);
	return 0;
}

static int
on_leave(struct monitor_template *t, struct wall_message *m)
{
	(void)t;
	(void)m;
	leaving = true;
	return 0;
}

static void
on_master(void)
{
	int err = peer_read(&from_master, &master, &template);

	if (err != 0 && err != E_AGAIN)
		lose_master();
}

/* No more work from a master that does not hear of births. */
static short
master_events(void)
{
	short events = wall_queue_waiting(&master) ? POLLOUT : 0;

	return wall_queue_full(&master) ? events : (short)(events | POLLIN);
}

static void
watch_children(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	signal(SIGPIPE, SIG_IGN);
	if (sigprocmask(SIG_BLOCK, &set, NULL) != 0 ||
	    (signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) < 0)
		die_errno("signalfd");
}

/* The ticketholder's, which is no descriptor for any program. */
static void
hold_door(void)
{
	template.door = SPAWN_DOOR;
	if (config_uses_kerberos(template.config) &&
	    fd_set_cloexec(SPAWN_DOOR) == 0)
		return;
	close(SPAWN_DOOR);
	template.door = -1;
}

void
monitors_run(int wall)
{
	wall_init(&master, wall, PATH_MONITORS_MASTER, PATH_MASTER_MONITORS);
	orphans_hold();
	judges_use(&template, leave_template);
	template.config = start_config();
	if (slots_attach(SPAWN_SLOTS, &template.slots) != 0)
		die_errno("status slots");
	leftovers_use(slots_leftovers(template.slots));
	close(SPAWN_SLOTS);
	hold_door();
	if (key_preload() != 0 || kex_preload() != 0)
		die("libcrypto lacks what the protocol needs");
	monitors_preload();
	if (template.config->records.wtmp)
		wtmpdb_probe();
	linux_audit_prepare(template.config->audit.kernel);
	drop_dumpable();
	watch_children();
	while (master.fd >= 0 || children != NULL) {
		struct pollfd fds[2] = {{.fd = signals, .events = POLLIN},
		    {.fd = master.fd, .events = master_events()}};

		if (poll(fds, 2, wait_ms(until_keeper())) < 0 && errno != EINTR)
			die_errno("poll");
		if (fds[0].revents != 0)
			bury();
		if ((fds[1].revents & POLLOUT) != 0)
			(void)wall_queue_flush(&master);
		if (master.fd >= 0 && (fds[1].revents & ~POLLOUT) != 0)
			on_master();
		if (until_keeper() == 0)
			find_keeper();
	}
	/* Nobody waits for it, and nobody would end it. */
	if (template.config->deadlines.module != CONFIG_NONE)
		alarm(template.config->deadlines.module);
	host_unload(&template);
	syslog_out_drain(LAST_WORDS_MS);
	_exit(0);
}
