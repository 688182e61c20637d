/*
 * The surroundings of the monitor in fuzz_monitor; see scene.h.
 */
#include "tests/fuzz/wall/scene.h"

#include "config/bundle.h"
#include "config/load.h"
#include "daemon/monitor/auth.h"
#include "daemon/monitor/host.h"
#include "lib/audit.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/key.h"

#include <sys/mman.h>
#include <sys/types.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

unsigned scene_reached[WALL_TYPES];
int scene_session = -1;

static const char text[] =
    "log = { level = \"error\"; targets = [ \"stderr\" ]; };"
    "records = { utmp = false; wtmp = false; lastlog = false; btmp = false; };"
    "deadlines = { failure_delay = 0; };"
    "limits = { max_auth_tries = 20; };"
    "modules = ( { name = \"stage\"; } );"
    "rules = ( { name = \"all\"; methods = [ \"password\","
    " \"keyboard-interactive\", \"publickey\", \"packets@stage\" ];"
    " local_forward = [ \"*:*\" ]; remote_forward = [ \"*:*\" ];"
    " unix_local = [ \"*\" ]; unix_remote = [ \"*\" ]; agent = true;"
    " x11 = true; accept_env = [ \"LANG\", \"LC_*\" ]; } );";

/* ---- the module ---- */

static enum sallyport_verdict
converse(struct sallyport_login *login)
{
	struct sallyport_prompt prompt = {.text = "Word: "};

	if (host_table.ask(login, "Say it", &prompt, 1) != SALLYPORT_OK)
		return SALLYPORT_DENY;
	return strcmp(prompt.answer, SCENE_PASSWORD) == 0 ? SALLYPORT_ALLOW :
							    SALLYPORT_DENY;
}

static enum sallyport_verdict
exchange(struct sallyport_login *login)
{
	const uint8_t *payload;
	uint8_t number;
	size_t len;

	if (host_table.packet_send(login, 61, "hello", 5) != SALLYPORT_OK ||
	    host_table.packet_receive(login, &number, &payload, &len) !=
		SALLYPORT_OK)
		return SALLYPORT_DENY;
	return len == 3 && memcmp(payload, SCENE_PASSWORD, 3) == 0 ?
	    SALLYPORT_ALLOW :
	    SALLYPORT_DENY;
}

static bool must_change;

static enum sallyport_verdict
authenticate(void *connection, struct sallyport_login *login)
{
	const char *method = host_table.text(login, SALLYPORT_METHOD);
	const uint8_t *password;
	size_t len;

	(void)connection;
	if (strcmp(method, "keyboard-interactive") == 0)
		return converse(login);
	if (strcmp(method, "packets@stage") == 0)
		return exchange(login);
	if (strcmp(method, "password") != 0)
		return SALLYPORT_DENY;
	password = host_table.bytes(login, SALLYPORT_PASSWORD, &len);
	if (password == NULL || len != 3)
		return SALLYPORT_DENY;
	must_change = memcmp(password, SCENE_OLD, 3) == 0;
	return must_change || memcmp(password, SCENE_PASSWORD, 3) == 0 ?
	    SALLYPORT_ALLOW :
	    SALLYPORT_DENY;
}

static enum sallyport_verdict
account(void *connection, struct sallyport_login *login)
{
	(void)connection;
	(void)login;
	return must_change ? SALLYPORT_EXPIRED : SALLYPORT_ALLOW;
}

static enum sallyport_verdict
change(void *connection, struct sallyport_login *login)
{
	const char *old, *fresh;

	(void)connection;
	if (host_table.ask_change(login, "Change it", &old, &fresh) !=
		SALLYPORT_OK ||
	    strcmp(old, SCENE_OLD) != 0 || fresh[0] == '\0')
		return SALLYPORT_DENY;
	must_change = false;
	return SALLYPORT_ALLOW;
}

static const char *const methods[] = {
    "password", "keyboard-interactive", "publickey", "packets@stage", NULL};
static const struct sallyport_module stage = {
    .abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_module),
    .name = "stage",
    .version = "1",
    .methods = methods,
    .authenticate = authenticate,
    .account = account,
    .change_password = change,
};

/* ---- the template ---- */

static struct monitor_template template;

static struct config *
read_config(void)
{
	struct bundle bundle = {0};
	struct problems problems = {0};
	struct config *config = NULL;

	if (config_bundle_add(&bundle, "stage.conf", text, strlen(text)) != 0 ||
	    config_load(&bundle, &config, &problems) != 0) {
		problems_print(&problems, stderr);
		abort();
	}
	problems_free(&problems);
	config_bundle_free(&bundle);
	return config;
}

/* RFC 8032 section 7.1, test 1. */
static const uint8_t host_key[] =
    "\0\0\0\x0bssh-ed25519\0\0\0\x20"
    "\xd7\x5a\x98\x01\x82\xb1\x0a\xb7\xd5\x4b\xfe\xd3\xc9\x64\x07\x3a"
    "\x0e\xe1\x72\xf3\xda\xa6\x23\x25\xaf\x02\x1a\x68\xf7\x07\x51\x1a";

const struct monitor_template *
scene_template(void)
{
	static struct hosted module;
	static struct settings settings;
	static struct offer offer;
	struct config *config;

	if (template.config != NULL)
		return &template;
	if (key_preload() != 0 || kex_preload() != 0)
		abort();
	log_use_stderr(false);
	log_set_level(-1);
	config = read_config();
	template.config = config;
	module.settings = &config->modules[0];
	module.module = &stage;
	template.modules = &module;
	template.n_modules = 1;
	template.host_keys[0].public_key.data = host_key;
	template.host_keys[0].public_key.len = sizeof(host_key) - 1;
	template.n_host_keys = 1;
	template.door = -1;
	offer.kex = (char *)(uintptr_t)scene_offer.kex;
	offer.host_key_algorithms = (char *)(uintptr_t)scene_offer.host_key;
	offer.ciphers = (char *)(uintptr_t)scene_offer.ciphers;
	offer.macs = (char *)(uintptr_t)scene_offer.macs;
	offer.compression = (char *)(uintptr_t)scene_offer.compression;
	offer.n_keys = 1;
	settings.offers = &offer;
	settings.n_offers = 1;
	settings.config = config;
	template.settings = &settings;
	template.slots = mmap(NULL, sizeof(struct slot) * SLOTS_MAX,
	    PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (template.slots == MAP_FAILED)
		abort();
	return &template;
}

/* ---- spawn.c's place: a session process that is the other end ---- */

int
monitor_session(struct monitor *m, uint32_t channel, const char *tty)
{
	struct wall_message give = {
	    .type = MSG_session_wall, .fds = {STDERR_FILENO, -1, -1, -1}};
	const char *said = "";
	int ends[2];

	if (m->sessions->pid > 0 && m->session.fd >= 0)
		return 0;
	if (m->sessions->pid != 0) {
		chan_refuse(m, channel, SSH_OPEN_RESOURCE_SHORTAGE,
		    "the session has ended");
		return E_DENIED;
	}
	if (auth_open_session(m, tty, &said) != 0 || wall_pair(ends) != 0)
		abort();
	m->sessions->pid = 1 << 30;
	m->session.fd = ends[0];
	(void)fcntl(ends[0], F_SETFL, O_NONBLOCK);
	scene_session = ends[1];
	monitor_send(m, &give);
	return 0;
}

/* ---- effects that a test must not have (-Wl,--wrap) ---- */

pid_t __wrap_fork(void);
int __wrap_kill(pid_t pid, int sig);
pid_t __wrap_waitpid(pid_t pid, int *status, int options);
int __wrap_nanosleep(const struct timespec *want, struct timespec *left);

pid_t
__wrap_fork(void)
{
	return -1;
}

int
__wrap_kill(pid_t pid, int sig)
{
	(void)pid;
	(void)sig;
	return 0;
}

pid_t
__wrap_waitpid(pid_t pid, int *status, int options)
{
	(void)pid;
	(void)options;
	if (status != NULL)
		*status = 0;
	return -1;
}

int
__wrap_nanosleep(const struct timespec *want, struct timespec *left)
{
	(void)want;
	(void)left;
	return 0;
}
