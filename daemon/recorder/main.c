/*
 * sallyport-recorder: records one channel.  Started by the monitor as root
 * with a wall and nothing else; hears what it is to record and whom it becomes,
 * gives up everything, and reads no byte of anybody's before that.
 */
#include "daemon/recorder/recorder.h"

#include "lib/fd.h"
#include "lib/log.h"
#include "privsep/die.h"
#include "privsep/drop.h"
#include "privsep/exec_start.h"
#include "privsep/sandbox.h"
#include "privsep/session_exec.h"
#include "privsep/title.h"

#include <sys/resource.h>

#include <openssl/crypto.h>

#include <signal.h>
#include <time.h>

static struct recorder recorder;

static void
on_log(int level, const char *line, void *arg)
{
	(void)WALL_SEND((struct wall *)arg, recorder_log,
	    .level = (uint8_t)level, .line = line);
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
	const struct exec_start start = {.name = "sallyport-recorder",
	    .version = recorder_version(),
	    .purpose = "Records one channel of a connection; sallyportd starts "
		       "it, nobody else can.",
	    .last_wall = SESSION_MONITOR_FD};
	struct recorder *r = &recorder;

	exec_start(&start, argc, argv);
	ignore_signals();
	recorder_init(r, SESSION_MONITOR_FD);
	log_use_stderr(false);
	log_set_callback(on_log, &r->monitor);
	/* No file of an administrator's has a say in how SHA-256 is made. */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1 ||
	    cast_prepare(&r->cast) != 0)
		die("recorder: libcrypto has no SHA-256");
	recorder_hear(r);
	if (fd_set_nonblocking(SESSION_MONITOR_FD) != 0)
		die_errno("recorder: its wall");
	log_set_level((int)r->begin.record_begin.log_level - 1);
	tzset();
	drop(&r->begin.record_begin);
	recorder_run(r);
}
