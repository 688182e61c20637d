/*
 * sallyport-recorder: records one channel.  Started by the monitor as root
 * with a wall and nothing else; hears what it is to record and whom it becomes,
 * gives up everything, and reads no byte of anybody's before that.
 */
#include "daemon/recorder/recorder.h"

#include "lib/about.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/ssh/modes.h"
#include "privsep/die.h"
#include "privsep/drop.h"
#include "privsep/sandbox.h"
#include "privsep/session_exec.h"
#include "privsep/title.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <openssl/crypto.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static struct recorder recorder;

static void
on_log(int level, const char *line, void *arg)
{
	(void)WALL_SEND((struct wall *)arg, recorder_log,
	    .level = (uint8_t)level, .line = line);
}

/* As a monitor starts it: root, and a socket where it should be. */
static bool
started_by_monitor(void)
{
	struct stat st;

	return fstat(SESSION_MONITOR_FD, &st) == 0 && S_ISSOCK(st.st_mode) &&
	    fd_set_cloexec(SESSION_MONITOR_FD) == 0 && getuid() == 0 &&
	    geteuid() == 0;
}

static int
take_fd(struct wall_message *m, int i)
{
	int fd = m->fds[i];

	m->fds[i] = -1;
	if (fd_set_nonblocking(fd) != 0 || fd_set_cloexec(fd) != 0)
		die_errno("recorder: a descriptor");
	return fd;
}

static void
take_leg(
    struct leg *leg, struct end *from, struct end *to, enum cast_stream stream)
{
	leg->from = from;
	leg->to = to;
	leg->stream = stream;
	leg->data = mem_alloc(LEG_BUFFER);
}

static void
take_terminal(struct recorder *r, struct wall_message *m)
{
	struct end *master = &r->ends[0], *stream = &r->ends[1];

	r->terminal = true;
	master->fd = take_fd(m, 0);
	stream->fd = take_fd(m, 1);
	take_leg(&r->output, master, stream, CAST_OUTPUT);
	take_leg(&r->input, stream, master, CAST_INPUT);
	modes_apply(master->fd, m->record_terminal.modes.data,
	    m->record_terminal.modes.len);
}

static void
take_output(struct recorder *r, struct wall_message *m)
{
	for (int i = 0; i < 4; i++)
		r->ends[i].fd = take_fd(m, i);
	take_leg(&r->output, &r->ends[0], &r->ends[1], CAST_OUTPUT);
	take_leg(&r->error, &r->ends[2], &r->ends[3], CAST_ERROR);
}

static void
take_input(struct recorder *r, struct wall_message *m)
{
	for (int i = 0; i < 2; i++)
		r->ends[4 + i].fd = take_fd(m, i);
	take_leg(&r->input, &r->ends[4], &r->ends[5], CAST_INPUT);
}

/* Until record_go; the two kept messages have texts that are used later. */
static void
hear(struct recorder *r, struct wall_message *begin, struct wall_message *file)
{
	struct wall_message m;
	int err;

	for (;;) {
		if ((err = wall_receive(&r->monitor, &m)) != 0)
			die("the recorder's orders: %s", err_text(err));
		switch (m.type) {
		case MSG_record_begin:
			*begin = m;
			continue;
		case MSG_record_file:
			*file = m;
			continue;
		case MSG_record_terminal:
			take_terminal(r, &m);
			break;
		case MSG_record_output:
			take_output(r, &m);
			break;
		case MSG_record_input:
			take_input(r, &m);
			break;
		case MSG_record_go:
			wall_done(&r->monitor, &m);
			return;
		default:
			die("the recorder's orders: %s", wall_name(m.type));
		}
		wall_done(&r->monitor, &m);
	}
}

static void
limit(int what)
{
	const struct rlimit none = {0, 0};

	if (setrlimit((__rlimit_resource_t)what, &none) != 0)
		die_errno("setrlimit");
}

/* It runs to its end by itself: when its monitor and its streams have. */
static void
ignore_signals(void)
{
	static const int ignored[] = {
	    SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGXFSZ, SIGALRM};
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) != 0)
		die_errno("sigprocmask");
}

static void
drop(const struct msg_record_begin *b)
{
	title_set("recorder: %s", b->title);
	limit(RLIMIT_CORE);
	limit(RLIMIT_NPROC);
	limit(RLIMIT_MEMLOCK);
	drop_to_role(ROLE_RECORDER, b->empty, b->uid, b->gid);
	sandbox_recorder();
}

int
main(int argc, char **argv)
{
	static struct wall_message begin, file;
	struct recorder *r = &recorder;

	drop_dumpable();
	if (argc == 2 &&
	    about_print(argv[1], "sallyport-recorder", recorder_version(),
		"Records one channel of a connection; sallyportd "
		"starts it, nobody else can."))
		return 0;
	if (argc != 3 || strcmp(argv[1], recorder_version()) != 0) {
		fputs("sallyport-recorder is started by sallyportd of the same "
		      "version\n",
		    stderr);
		return 1;
	}
	if (strcmp(argv[2], "probe") == 0)
		return 0;
	if (!started_by_monitor())
		return 1;
	ignore_signals();
	for (size_t i = 0; i < 6; i++)
		r->ends[i].fd = -1;
	wall_init(&r->monitor, SESSION_MONITOR_FD, PATH_RECORDER_MONITOR,
	    PATH_MONITOR_RECORDER);
	log_use_stderr(false);
	log_set_callback(on_log, &r->monitor);
	title_init(argc, argv);
	/* No file of an administrator's has a say in how SHA-256 is made. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 ||
	    cast_prepare(&r->cast) != 0)
		die("recorder: libcrypto has no SHA-256");
	hear(r, &begin, &file);
	if (begin.type != MSG_record_begin || r->output.from == NULL ||
	    fd_set_nonblocking(SESSION_MONITOR_FD) != 0)
		die("recorder: its orders are not complete");
	log_set_level((int)begin.record_begin.log_level - 1);
	r->records_input = begin.record_begin.input;
	r->required = begin.record_begin.required;
	tzset();
	drop(&begin.record_begin);
	if (file.type == MSG_record_file)
		cast_begin(&r->cast, file.fds[0], file.record_file.max_size,
		    file.record_file.header.data, file.record_file.header.len);
	recorder_run(r);
}
