/*
 * Reload and upgrade, which are one thing: the files are read and sealed, the
 * binary on disk rehearses everything on them, and then the master exec()s
 * itself into it, same pid, with all it supervises carried across.
 */
#include "daemon/master/lobby.h"
#include "daemon/master/notify.h"

#include "config/load.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "privsep/die.h"

#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How long the lobby has to become empty, and how often that is looked at. */
#define LOBBY_EMPTY_MS 1000
#define LOBBY_AGAIN_MS 20
#define END_WITHIN_MS  2000 /* of the report */
#define END_AGAIN_MS   10

static void
finish(struct master *m, const char *error)
{
	reload_done_fn *done = m->rehearsal.done;

	loop_fd_remove(&m->rehearsal.on_report);
	if (m->rehearsal.fd >= 0)
		close(m->rehearsal.fd);
	m->rehearsal.fd = -1;
	m->rehearsal.done = NULL;
	m->trial.asked.seconds = 0;
	if (error != NULL && m->rehearsal.bundle >= 0) {
		close(m->rehearsal.bundle);
		m->rehearsal.bundle = -1;
	}
	if (done != NULL)
		done(m, error, m->rehearsal.arg);
}

static void
exec_failed(struct master *m)
{
	char text[512];

	snprintf(
	    text, sizeof(text), "%s: %s", m->options.program, strerror(errno));
	trial_settle(m, true);
	finish(m, text);
}

/* Where the configuration demands it, all listeners are open before the
 * reload; false: it has been refused. */
static bool
listeners_open(struct master *m)
{
	struct problems problems = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;
	const char *failed = NULL;
	bool refused = false;
	char *why;

	if (config_bundle_from_fd(m->rehearsal.bundle, &bundle) == 0 &&
	    config_load(&bundle, &config, &problems) == 0 &&
	    config->reload_needs_listeners)
		failed = listen_try(m, config);
	if (failed != NULL) {
		why = mem_printf("listeners: cannot be opened: %s", failed);
		finish(m, why);
		free(why);
		/* The configuration in force has no such listener. */
		free(m->listen_failed);
		m->listen_failed = NULL;
		refused = true;
	}
	config_free(config);
	config_bundle_free(&bundle);
	problems_free(&problems);
	return !refused;
}

/* Once nobody is in the lobby; the loop goes on meanwhile. */
static void
take_over(void *arg)
{
	struct master *m = arg;
	char *why;

	if (m->terminating) {
		finish(m, "the server stops");
		return;
	}
	if (!lobby_empty(m, NULL) && loop_clock() < m->rehearsal.exec_by) {
		loop_timer_start(
		    m->loop, &m->rehearsal.again, LOBBY_AGAIN_MS, take_over, m);
		return;
	}
	if ((why = trial_begin(m)) != NULL) {
		finish(m, why);
		free(why);
		return;
	}
	carry_exec(m, m->rehearsal.bundle);
	exec_failed(m);
}

static void
rehearsed(struct master *m, int status)
{
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		if (m->rehearsal.len == 0)
			snprintf(m->rehearsal.text, sizeof(m->rehearsal.text),
			    "%s: the rehearsal ended with %s %d",
			    m->options.program,
			    WIFEXITED(status) ? "status" : "signal",
			    WIFEXITED(status) ? WEXITSTATUS(status) :
						WTERMSIG(status));
		finish(m, m->rehearsal.text);
		return;
	}
	/* The return of the policy before does not wait for a port. */
	if (!trial_returns(m) && !listeners_open(m))
		return;
	m->rehearsal.exec_by = loop_clock() + LOBBY_EMPTY_MS;
	take_over(m);
}

/*
 * Its end closed the pipe, so it exits now; a program that closed the pipe and
 * goes on is killed.  The loop never waits for it.
 */
static void
await_end(void *arg)
{
	struct master *m = arg;
	pid_t pid;
	int status = 0;

	pid = waitpid(m->rehearsal.pid, &status, WNOHANG);
	if (pid == 0 || (pid < 0 && errno == EINTR)) {
		if (loop_clock() >= m->rehearsal.end_by)
			(void)kill(m->rehearsal.pid, SIGKILL);
		loop_timer_start(
		    m->loop, &m->rehearsal.again, END_AGAIN_MS, await_end, m);
		return;
	}
	rehearsed(m, pid < 0 ? 1 : status);
}

static void
on_report(int fd, unsigned events, void *arg)
{
	struct master *m = arg;
	size_t room = sizeof(m->rehearsal.text) - 1 - m->rehearsal.len;
	char drop[512];
	ssize_t n;

	(void)events;
	n = room > 0 ? read(fd, &m->rehearsal.text[m->rehearsal.len], room) :
		       read(fd, drop, sizeof(drop));
	if (n > 0 && room > 0) {
		m->rehearsal.len += (size_t)n;
		m->rehearsal.text[m->rehearsal.len] = '\0';
	}
	if (n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	loop_fd_remove(&m->rehearsal.on_report);
	m->rehearsal.end_by = loop_clock() + END_WITHIN_MS;
	await_end(m);
}

static void
become_rehearsal(struct master *m, int report)
{
	char bundle[48], out[48], format[48], log[48];
	sigset_t none;

	snprintf(bundle, sizeof(bundle), "--bundle=%d", m->rehearsal.bundle);
	snprintf(out, sizeof(out), "--report=%d", report);
	snprintf(format, sizeof(format), "--state=%s", carry_format());
	if (fcntl(m->rehearsal.bundle, F_SETFD, 0) != 0 ||
	    fcntl(report, F_SETFD, 0) != 0)
		_exit(1);
	/* It ends with the server that wants to know. */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	spawn_restore_limits();
	/* Its findings go into the report.  Its log is dropped: with -E or -e
	 * the log's place is not in the configuration. */
	snprintf(log, sizeof(log), "--log-fd=%d", open("/dev/null", O_WRONLY));
	execl(m->options.program, "sallyportd", "--rehearse", log, bundle, out,
	    format, "-f", m->options.config_file, (char *)NULL);
	dprintf(report, "%s: %s\n", m->options.program, strerror(errno));
	_exit(1);
}

static char *
problem_text(const struct problems *problems)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (f == NULL)
		return mem_strdup("the configuration could not be read");
	problems_print(problems, f);
	fclose(f);
	return text;
}

/* One error in the log: the first, whole and with the number of all; those
 * behind it follow as they are. */
void
reload_rejected(const char *why)
{
	const char *rest = strchr(why, '\n');
	char *first =
	    mem_strndup(why, rest == NULL ? strlen(why) : (size_t)(rest - why));
	uint64_t count = 1;

	for (const char *at = rest; at != NULL && at[1] != '\0';
	     at = strchr(at + 1, '\n'))
		count++;
	AUDIT(config_reload_rejected, .reason = first,
	    .errors = count > 1 ? count : 0);
	if (count > 1)
		log_info("the other errors:%s", rest);
	notify_state("READY=1\nSTATUS=Serving with the old configuration");
	free(first);
}

/* Rehearse a bundle that is whole; the caller's. */
static void
rehearse(struct master *m, const struct bundle *bundle)
{
	int fds[2];

	m->rehearsal.len = 0;
	m->rehearsal.bundle = config_bundle_seal(bundle);
	if (m->rehearsal.bundle < 0 || pipe2(fds, O_CLOEXEC) != 0) {
		finish(m, "no memory for a rehearsal");
		return;
	}
	m->rehearsal.pid = fork();
	if (m->rehearsal.pid == 0)
		become_rehearsal(m, fds[1]);
	close(fds[1]);
	m->rehearsal.fd = fds[0];
	if (m->rehearsal.pid < 0 ||
	    loop_fd_add(m->loop, &m->rehearsal.on_report, fds[0], LOOP_READ,
		on_report, m) != 0)
		finish(m, "no process for a rehearsal");
}

bool
reload_is_busy(const struct master *m)
{
	return m->rehearsal.done != NULL || m->current == NULL ||
	    m->generations != m->current || control_waits(m);
}

void
reload_begin_with(struct master *m, const struct bundle *bundle,
    reload_done_fn *done, void *arg)
{
	if (m->rehearsal.done != NULL) {
		done(m, "a reload is already under way", arg);
		return;
	}
	notify_state("RELOADING=1");
	m->rehearsal.done = done;
	m->rehearsal.arg = arg;
	rehearse(m, bundle);
}

void
reload_begin(struct master *m, reload_done_fn *done, void *arg)
{
	struct problems problems = {0};
	struct bundle bundle = {0};
	char *why = NULL;

	if (m->rehearsal.done != NULL) {
		done(m, "a reload is already under way", arg);
		return;
	}
	notify_state("RELOADING=1");
	m->rehearsal.done = done;
	m->rehearsal.arg = arg;
	if (config_bundle_read(m->options.config_file, &bundle, &problems) != 0)
		why = problem_text(&problems);
	else
		why = trial_reload(m, &bundle);
	if (why == NULL)
		rehearse(m, &bundle);
	else
		finish(m, why);
	free(why);
	config_bundle_free(&bundle);
	problems_free(&problems);
}
