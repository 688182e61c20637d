/*
 * Sessions: what the client may start, on which terminal, with what
 * environment.  Each request is held against the frozen decision, audited,
 * and ordered from the session process.
 */
#include "daemon/monitor/sessions.h"

#include "daemon/monitor/auth.h"
#include "daemon/monitor/recording.h"
#include "daemon/monitor/selftest.h"
#include "config/policy/forward.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "privsep/records.h"

#include <sys/ioctl.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Logins of the same user in this generation, this one included. */
static unsigned
user_logins(const struct monitor *m)
{
	unsigned count = 0;

	for (size_t i = 0; i < SLOTS_MAX; i++) {
		const struct slot *s = &m->template->slots[i];

		if (s->connection != 0 && s->since != 0 &&
		    s->uid == m->passwd.pw_uid)
			count++;
	}
	return count;
}

int
on_session_open(struct monitor *m, struct wall_message *message)
{
	const struct grants *g = &m->decision->grants;
	uint32_t id = message->session_open.channel;
	time_t ends;
	const char *why = NULL, *text = "no more sessions";

	if (g->max_sessions != CONFIG_NONE &&
	    m->sessions->n_open_sessions >= g->max_sessions)
		why = "max_sessions";
	else if (g->max_user_sessions != CONFIG_NONE &&
	    user_logins(m) > g->max_user_sessions)
		why = "max_user_sessions";
	else if (!policy_may_now(m->decision, time(NULL), &ends))
		why = text = "outside the permitted times";
	if (why != NULL) {
		if (why == text)
			AUDIT(start_denied, .kind = "session", .channel = id,
			    .reason = why);
		else
			AUDIT(session_limit, .channel = id, .reason = why);
		selftest_tell(m, "start_refused", "session", why, 0);
		chan_refuse(m, id, SSH_OPEN_ADMINISTRATIVELY_PROHIBITED, text);
		return 0;
	}
	if (chan_add(m, id, CHAN_SESSION) != NULL)
		MONITOR_SEND(m, granted, .channel = id);
	return 0;
}

/* The terminal, or the worker's end of the stream that stands for it. */
static void
give_terminal(struct monitor *m, const struct chan *c, int stream)
{
	struct wall_message answer = {.type = MSG_pty_made,
	    .fds = {stream >= 0 ? stream : c->master, -1, -1, -1}};

	answer.pty_made.channel = c->id;
	answer.pty_made.recorded = stream >= 0;
	monitor_send(m, &answer);
}

int
on_pty(struct monitor *m, struct wall_message *message)
{
	const struct msg_pty *p = &message->pty;
	struct chan *c = chan_find(m, p->channel);
	int master = -1, slave = -1, stream = -1;
	char name[TTY_MAX], who[WHY_MAX], why[WHY_MAX + 32];

	if (c == NULL || c->kind != CHAN_SESSION || c->started ||
	    c->tty[0] != '\0')
		return E_STATE;
	if (!m->decision->grants.pty) {
		policy_grant_refuser(m->template->config, m->decision,
		    GRANT_pty, who, sizeof(who));
		snprintf(why, sizeof(why), "pty not permitted: %s", who);
		AUDIT(start_denied, .kind = "pty", .channel = p->channel,
		    .reason = why);
		chan_refuse(m, p->channel, 0, "no terminal is permitted");
		return 0;
	}
	if (terminal_open(m, p, &master, &slave, name, sizeof(name)) != 0 ||
	    (recording_wants_pty(m) && terminal_stream(c, p, &stream) != 0)) {
		log_error("pty: %s", strerror(errno));
		chan_refuse(m, p->channel, 0, "no terminal is available");
	} else {
		snprintf(c->tty, sizeof(c->tty), "%s", name);
		snprintf(c->term, sizeof(c->term), "%s", p->term);
		c->slave = slave;
		c->master = master;
		slave = master = -1;
		AUDIT(pty_alloc, .tty = c->tty, .channel = p->channel);
		give_terminal(m, c, stream);
	}
	if (master >= 0)
		close(master);
	if (slave >= 0)
		close(slave);
	if (stream >= 0)
		close(stream);
	return 0;
}

static void
say_too_long(struct monitor *m, const struct chan *c, const char *what)
{
	char *text = mem_printf("%.900s: Argument list too long\n", what);

	MONITOR_SEND(m, say, .channel = c->id, .text = text);
	free(text);
}

int
on_env(struct monitor *m, struct wall_message *message)
{
	const struct msg_env *e = &message->env;
	struct chan *c = chan_find(m, e->channel);
	char *text;
	size_t mark;

	if (c == NULL || c->kind != CHAN_SESSION || c->started)
		return E_STATE;
	if (!policy_may_env(m->decision, e->name)) {
		AUDIT(env_rejected, .names = e->name, .channel = e->channel);
		chan_refuse(m, e->channel, 0, "");
		return 0;
	}
	text = mem_printf("%s=%s", e->name, e->value);
	mark = c->environment.len;
	if (c->n_variables < CLIENT_VARIABLES_MAX &&
	    strlen(text) <= SSH_EXEC_STRING_MAX)
		buf_text(&c->environment, text);
	else
		c->environment.err = E_LIMIT;
	free(text);
	if (buf_end(&c->environment) != 0) {
		/* Keep the variables before it, and drop this one
		 * as a whole. */
		c->environment.len = mark;
		c->environment.err = 0;
		say_too_long(m, c, e->name);
		chan_refuse(m, e->channel, 0, "");
		return 0;
	}
	c->n_variables++;
	MONITOR_SEND(m, granted, .channel = e->channel);
	return 0;
}

static void
audit_start(
    struct chan *c, const struct msg_start *s, const struct policy_start *p)
{
	const char *tty = c->tty[0] != '\0' ? c->tty : NULL;

	if (s->kind == START_SHELL)
		AUDIT(shell_start, .command = p->command, .forced = p->forced,
		    .tty = tty, .channel = c->id);
	else if (s->kind == START_EXEC)
		AUDIT(exec_start, .argv = s->command, .command = p->command,
		    .forced = p->forced, .tty = tty, .channel = c->id);
	else
		AUDIT(subsystem_start, .subsystem = s->command,
		    .command = p->command, .forced = p->forced, .tty = tty,
		    .channel = c->id);
}

static const char *
start_kind(const struct msg_start *s)
{
	return s->kind == START_SHELL ? "shell" :
	    s->kind == START_EXEC     ? "exec" :
					"subsystem";
}

/*
 * why is for the log, sentence for the user.  Clients of a subsystem expect a
 * refusal where there is none, and speak its protocol otherwise.
 */
static void
start_refused(struct monitor *m, struct chan *c, const struct msg_start *s,
    const char *why, unsigned status, const char *sentence)
{
	bool subsystem = s->kind == START_SUBSYSTEM;

	selftest_tell(m, "start_refused", start_kind(s), why, 0);
	AUDIT(start_denied, .kind = start_kind(s), .channel = s->channel,
	    .subsystem = subsystem ? s->command : NULL,
	    .argv = s->kind == START_EXEC ? s->command : NULL, .reason = why);
	if (subsystem)
		chan_refuse(m, s->channel, 0, sentence);
	else
		chan_cancel(m, c, status, sentence);
}

/* The log has the rule, guard or key that takes it away; the user has not. */
static void
start_not_permitted(struct monitor *m, struct chan *c,
    const struct msg_start *s, enum policy_request request,
    const struct policy_start *p)
{
	char who[WHY_MAX], why[WHY_MAX + 128];

	if (p->final) {
		snprintf(why, sizeof(why), "%s", p->refusal);
	} else {
		policy_start_refuser(m->template->config, m->decision, request,
		    s->command, who, sizeof(who));
		snprintf(why, sizeof(why), "%s: %s", p->refusal, who);
	}
	start_refused(m, c, s, why, STATUS_REFUSED,
	    policy_start_sentence(m->decision, p));
}

/* utmp, wtmp, lastlog for a terminal; the slot remembers for the master. */
static void
login_record(struct monitor *m, struct chan *c)
{
	const struct record_settings *s = &m->template->config->records;
	const char *line = &c->tty[5];
	struct record r = {.line = line,
	    .user = m->passwd.pw_name,
	    .uid = m->passwd.pw_uid,
	    .pid = getpid(),
	    .source = m->source,
	    .utmp = s->utmp,
	    .wtmp = s->wtmp,
	    .lastlog = s->lastlog};

	record_login(&r);
	c->login_record = true;
	snprintf(m->slot->line, sizeof(m->slot->line), "%.31s", line);
	m->slot->utmp_pid = (uint32_t)getpid();
	AUDIT(login, .tty = line, .session = c->id);
}

static void
greet(struct monitor *m, struct chan *c, const struct policy_start *p)
{
	char *text;
	size_t len;

	if (c->tty[0] == '\0' || p->program != PROGRAM_SHELL ||
	    m->sessions->greeted)
		return;
	m->sessions->greeted = true;
	text = greeting_text(m);
	len = strlen(text);
	for (size_t at = 0; at < len; at += WALL_TEXT_MAX) {
		char *part = mem_strndup(&text[at],
		    len - at > WALL_TEXT_MAX ? WALL_TEXT_MAX : len - at);

		MONITOR_SEND(m, say, .channel = c->id, .text = part);
		free(part);
	}
	free(text);
}

static void
order(struct monitor *m, struct chan *c, const struct policy_start *p,
    const struct buf *environment)
{
	static const enum run_kind run_kind[] = {[PROGRAM_SHELL] = RUN_SHELL,
	    [PROGRAM_COMMAND] = RUN_COMMAND,
	    [PROGRAM_SFTP] = RUN_SFTP};
	struct wall_message run = {
	    .type = c->slave >= 0 ? MSG_run_pty : MSG_run,
	    .fds = {c->slave, -1, -1, -1}};

	if (c->program[0] >= 0) {
		run.type = MSG_run_pipes;
		memcpy(run.fds, c->program, sizeof(c->program));
	}

	run.run = (struct msg_run){.channel = c->id,
	    .kind = m->selftest != NULL ? RUN_SELFTEST :
					  (uint8_t)run_kind[p->program],
	    .command = p->command,
	    .title = c->tty,
	    .user_rc =
		m->decision->grants.user_rc && !c->subsystem && !p->forced,
	    .subsystem = c->subsystem,
	    .environment = {
		.data = environment->data, .len = environment->len}};
	/* They have the fields of WALL_RUN, in the same place. */
	session_order(m, &run);
	fd_close_all(c->program, 3);
	fd_close_all(&c->slave, 1);
	c->slave = c->program[0] = c->program[1] = c->program[2] = -1;
}

static bool
nologin(struct monitor *m, struct chan *c, const struct msg_start *s)
{
	char *text = nologin_text(m);

	if (text == NULL)
		return false;
	selftest_tell(m, "session_failed", "nologin", text, 0);
	AUDIT(start_denied, .kind = start_kind(s), .channel = s->channel,
	    .reason = "/etc/nologin is there: root alone may log in");
	chan_cancel(m, c, STATUS_NO_SESSION, text);
	sessions_over(m, "nobody but root may log in now");
	free(text);
	return true;
}

/* nologin(8) says it to the user, and to no log. */
static void
note_shell(const struct monitor *m, const struct policy_start *p)
{
	const char *shell = m->passwd.pw_shell;
	const char *slash = strrchr(shell, '/');
	const char *name = slash == NULL ? shell : &slash[1];

	if (p->program != PROGRAM_SFTP &&
	    (strcmp(name, "nologin") == 0 || strcmp(name, "false") == 0))
		log_info("Session of %s ends at once: its shell is %s; chsh "
			 "sets another (Connection from %s port %u)",
		    m->passwd.pw_name, shell, m->slot->source,
		    (unsigned)m->source_port);
}

/* As where sshd starts a program by the shell: it ends, and says so. */
static void
no_sftp(struct monitor *m, struct chan *c, const struct msg_start *s)
{
	char why[WHY_MAX];

	snprintf(why, sizeof(why),
	    "the account's shell is %s, and neither sftp_without_shell nor "
	    "sftp_only is granted",
	    m->passwd.pw_shell);
	selftest_tell(m, "start_refused", start_kind(s), why, 0);
	AUDIT(start_denied, .kind = start_kind(s), .channel = s->channel,
	    .subsystem = s->command, .reason = why);
	chan_cancel(
	    m, c, STATUS_REFUSED, "This account has no shell, and no SFTP.");
}

/*
 * Where it is to be recorded, a recorder is ready before it starts.  False: it
 * must not start, and the user has been told.
 */
static bool
recorded(struct monitor *m, struct chan *c, const struct msg_start *s,
    const struct policy_start *p)
{
	const struct recording_start r = {.kind = start_kind(s),
	    .command = p->command,
	    .request = s->kind == START_SHELL ? NULL : s->command};
	char why[WALL_TEXT_MAX + 1], text[WALL_TEXT_MAX + 64];
	int err;

	if (!recording_wants(m, c, p->program == PROGRAM_SFTP))
		return true;
	monitor_call(m, CALL_FILES, "recordings.directory");
	err = recorder_begin(m, c, &r, why, sizeof(why));
	monitor_call_done(m);
	if (err == 0)
		return true;
	if (!m->decision->grants.record_required) {
		/* A stream without a recorder leads nowhere. */
		if (c->tty[0] != '\0')
			give_terminal(m, c, -1);
		return true;
	}
	snprintf(text, sizeof(text), "it cannot be recorded: %s", why);
	start_refused(m, c, s, text, STATUS_NOT_STARTED,
	    "This session must be recorded, and cannot be.");
	return false;
}

/* The user hears of the recording; the worker gets its ends of it. */
static void
tell_recorded(struct monitor *m, struct chan *c)
{
	const char *notice = m->decision->grants.record_notice;
	struct wall_message pipes = {.type = MSG_recorded_pipes,
	    .fds = {c->pipes[0], c->pipes[1], c->pipes[2], -1}};
	const struct recording *r = recording_find(m, c->id);
	char *text;

	if (c->pipes[0] >= 0) {
		pipes.recorded_pipes.channel = c->id;
		monitor_send(m, &pipes);
		fd_close_all(c->pipes, 3);
		c->pipes[0] = c->pipes[1] = c->pipes[2] = -1;
	}
	if (r == NULL || r->failed || notice == NULL)
		return;
	text = mem_printf("%s\n", notice);
	MONITOR_SEND(m, say, .channel = c->id, .text = text);
	free(text);
}

int
on_start(struct monitor *m, struct wall_message *message)
{
	const struct msg_start *s = &message->start;
	struct chan *c = chan_find(m, s->channel);
	static const enum policy_request requests[] = {
	    [START_SHELL] = REQUEST_SHELL,
	    [START_EXEC] = REQUEST_EXEC,
	    [START_SUBSYSTEM] = REQUEST_SUBSYSTEM};
	struct buf environment;
	struct policy_start p;

	if (c == NULL || c->kind != CHAN_SESSION || c->started)
		return E_STATE;
	policy_start(m->template->config, m->decision, requests[s->kind],
	    s->command, &p);
	if (p.refusal != NULL) {
		start_not_permitted(m, c, s, requests[s->kind], &p);
		return 0;
	}
	if (policy_shell_refuses_sftp(m->decision, &p, m->passwd.pw_shell)) {
		no_sftp(m, c, s);
		return 0;
	}
	recording_hold(m);
	if (nologin(m, c, s) ||
	    monitor_session(m, c->id, c->tty[0] != '\0' ? c->tty : NULL) != 0)
		return 0;
	session_await_bindings(m, c->id);
	if (m->state != STATE_OPEN || (c = chan_find(m, s->channel)) == NULL)
		return 0;
	buf_init(&environment, WALL_ENV_MAX);
	/* Both travel to the session in one message. */
	if (environment_make(m, c, p.original, &environment) != 0 ||
	    environment.len + strlen(p.command != NULL ? p.command : "") >
		WALL_ENV_MAX) {
		static const char why[] =
		    "command and environment: Argument list too long";

		start_refused(m, c, s, why, STATUS_NOT_STARTED, why);
		buf_free(&environment);
		return 0;
	}
	if (!recorded(m, c, s, &p)) {
		buf_free(&environment);
		return 0;
	}
	if (m->selftest == NULL)
		note_shell(m, &p);
	selftest_environment(m, auth_environment(m));
	selftest_replace(m, &p);
	c->started = true;
	c->subsystem = s->kind == START_SUBSYSTEM;
	c->forced = p.forced;
	audit_start(c, s, &p);
	MONITOR_SEND(m, granted, .channel = c->id);
	tell_recorded(m, c);
	greet(m, c, &p);
	if (c->tty[0] != '\0')
		login_record(m, c);
	order(m, c, &p, &environment);
	buf_free(&environment);
	return 0;
}

int
on_window(struct monitor *m, struct wall_message *message)
{
	const struct msg_window *w = &message->window;
	struct chan *c = chan_find(m, w->channel);
	const struct winsize size = {.ws_col = (unsigned short)w->columns,
	    .ws_row = (unsigned short)w->rows,
	    .ws_xpixel = (unsigned short)w->width,
	    .ws_ypixel = (unsigned short)w->height};

	if (c == NULL)
		return E_STATE;
	/* The worker sets it itself where the terminal is not recorded; this
	 * one's recorder does, once it runs. */
	if (c->stream >= 0)
		(void)ioctl(c->master, TIOCSWINSZ, &size);
	else
		recording_resize(m, w);
	return 0;
}

/* RFC 4254 section 6.9; and BREAK, which the worker cannot send itself. */
static int
signal_number(const char *name)
{
	static const struct {
		const char *name;
		int number;
	} signals[] = {{"ABRT", SIGABRT}, {"ALRM", SIGALRM}, {"FPE", SIGFPE},
	    {"HUP", SIGHUP}, {"ILL", SIGILL}, {"INT", SIGINT},
	    {"KILL", SIGKILL}, {"PIPE", SIGPIPE}, {"QUIT", SIGQUIT},
	    {"SEGV", SIGSEGV}, {"TERM", SIGTERM}, {"USR1", SIGUSR1},
	    {"USR2", SIGUSR2}};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		if (strcmp(signals[i].name, name) == 0)
			return signals[i].number;
	return -1;
}

int
on_signal(struct monitor *m, struct wall_message *message)
{
	struct chan *c = chan_find(m, message->signal.channel);
	int number = signal_number(message->signal.name);

	if (c == NULL)
		return E_STATE;
	/* As sshd: not into forced commands and subsystems. */
	if (number > 0 && c->started && !c->ended && !c->forced &&
	    !c->subsystem)
		SESSION_ORDER(
		    m, kill, .channel = c->id, .signal = (uint8_t)number);
	return 0;
}

int
on_channel_closed(struct monitor *m, struct wall_message *message)
{
	const struct msg_channel_closed *k = &message->channel_closed;
	struct chan *c = chan_find(m, k->channel);

	if (c == NULL)
		return 0;
	if (c->kind == CHAN_FORWARD && c->started)
		AUDIT(fwd_close, .kind = c->what, .channel = c->id,
		    .bytes_in = k->bytes_in, .bytes_out = k->bytes_out,
		    .duration_ms = loop_clock() - c->since);
	if (k->timed_out != 0)
		AUDIT(channel_timeout,
		    .kind = c->kind == CHAN_FORWARD ? c->what : "session",
		    .channel = c->id, .seconds = k->timed_out);
	c->bytes_in = k->bytes_in;
	c->bytes_out = k->bytes_out;
	/* A program whose terminal has gone is hung up by the kernel, too. */
	if (c->kind == CHAN_SESSION && c->started && !c->ended &&
	    (c->tty[0] != '\0' || m->decision->grants.hang_up == HANG_UP_ALL))
		SESSION_ORDER(m, kill, .channel = c->id, .signal = SIGHUP);
	forwards_end_of(m, c->id);
	chan_remove(m, c);
	if (m->sessions->over[0] != '\0')
		sessions_over(m, m->sessions->over);
	return 0;
}
