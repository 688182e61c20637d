/*
 * sallyport-module-test: one module, with the server's own host around it,
 * and a script that plays the client.  In one process, so that a debugger and
 * a sanitizer see the module; no worker, no master, no network.
 */
#include "config.h"

#include "config/bundle.h"
#include "config/load.h"
#include "daemon/monitor/auth.h"
#include "daemon/monitor/module_test.h"
#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/rd.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct test test = {
    .source = "192.0.2.7", .seconds = 60, .helper_user = "nobody"};

/* ---- what the monitor offers to the authentication ---- */

static void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	free(test.shown);
	test.shown = mem_vprintf(format, args);
	va_end(args);
	printf("%s\n", test.shown);
	fflush(stdout);
}

void
monitor_move(struct monitor *m, enum monitor_state to)
{
	m->state = to;
}

static void
show_prompts(const struct msg_auth_ask *x)
{
	char *text = mem_printf("ask: %s", x->instruction);
	struct rd r;

	rd_init(&r, x->prompts.data, x->prompts.len);
	for (uint32_t i = 0; i < x->count; i++) {
		size_t len;
		const uint8_t *prompt = rd_string(&r, WALL_ASK_MAX, &len);

		mem_append(&text, " [%.*s]%s", (int)len,
		    prompt == NULL ? "" : (const char *)prompt,
		    rd_bool(&r) ? "" : " (hidden)");
	}
	say("%s", text);
	free(text);
}

static void
show_verdict(const struct msg_auth_verdict *v)
{
	static const char *const words[] = {"failure", "partial", "success"};

	test.outcome = words[v->result > 2 ? 0 : v->result];
	say("%s%s%s", test.outcome, v->methods[0] == '\0' ? "" : ": ",
	    v->methods);
}

void
monitor_send(struct monitor *m, const struct wall_message *x)
{
	(void)m;
	switch (x->type) {
	case MSG_auth_verdict:
		show_verdict(&x->auth_verdict);
		break;
	case MSG_auth_key_ok:
		test.outcome = "key";
		say("key: would be accepted");
		break;
	case MSG_auth_ask:
		show_prompts(&x->auth_ask);
		break;
	case MSG_auth_change:
		say("change: %s", x->auth_change.prompt);
		break;
	case MSG_auth_send:
		say("packet: %u %.*s", x->auth_send.number,
		    (int)x->auth_send.payload.len,
		    (const char *)x->auth_send.payload.data);
		break;
	case MSG_banner:
		say("banner: %s", x->banner.text);
		break;
	default:
		break;
	}
}

int
monitor_wait(
    struct monitor *m, const enum wall_type *types, struct wall_message *x)
{
	(void)m;
	return script_reply(&test, types[0], x);
}

void
monitor_disconnect(struct monitor *m, uint32_t reason, const char *format, ...)
{
	va_list args;
	char text[WALL_TEXT_MAX];

	(void)reason;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	m->state = STATE_CLOSING;
	test.outcome = "disconnect";
	say("disconnect: %s", text);
}

void
monitor_call(struct monitor *m, enum slot_call call, const char *detail)
{
	(void)m;
	test.call = slot_call_text(call);
	snprintf(test.detail, sizeof(test.detail), "%s", detail);
	log_debug("%s (%s)", test.call, test.detail);
	alarm(test.seconds);
}

void
monitor_call_done(struct monitor *m)
{
	(void)m;
	alarm(0);
}

/* The call in hand is what the master would name. */
static void
overdue(int signal)
{
	(void)signal;
	fprintf(stderr, "%s (%s) did not return within %u seconds\n", test.call,
	    test.detail, test.seconds);
	_exit(1);
}

void
monitor_login(struct monitor *m)
{
	const struct grants *g = &m->auth->decision->grants;
	char *const *variable = auth_environment(m);

	m->decision = m->auth->decision;
	test.outcome = "success";
	say("success");
	for (; *variable != NULL; variable++)
		printf("environment: %s\n", *variable);
	if (g->command != NULL)
		printf("command: %s\n", g->command);
	monitor_move(m, STATE_OPEN);
}

void
test_open(struct test *t, const char *tty)
{
	const char *text = "";
	int err = t->m.decision == NULL ? E_STATE :
					  auth_open_session(&t->m, tty, &text);

	t->outcome = err == 0 ? "opened" : "refused";
	say("%s%s%s", t->outcome, err == 0 ? "" : ": ",
	    err == E_STATE ? "nobody has logged in" :
		err == 0   ? "" :
			     text);
	text = err == 0 ? auth_session_text(&t->m) : "";
	if (text[0] != '\0')
		printf("text: %s\n", text);
}

/* ---- its configuration ---- */

static void __attribute__((noreturn)) refused(struct problems *problems)
{
	problems_print(problems, stderr);
	exit(1);
}

static struct config *
read_config(const char *file, const char *chains, const char *options)
{
	struct bundle bundle = {0};
	struct problems problems = {0};
	char *text = mem_printf(
	    "deadlines = { failure_delay = 0; };\n"
	    "records = { btmp = false; };\n"
	    "modules = ( { name = \"it\"; file = \"%s\"; options = { %s }; "
	    "} );\n"
	    "rules = ( { name = \"test\"; pty = true; methods = [ %s ]; } );\n",
	    file, options, chains);
	struct config *config = NULL;

	if (config_bundle_add(&bundle, "test", text, strlen(text)) != 0 ||
	    config_load(&bundle, &config, &problems) != 0)
		refused(&problems);
	problems_free(&problems);
	config_bundle_free(&bundle);
	free(text);
	return config;
}

/* All methods of the module, a chain each. */
static char *
own_chains(const char *file, const char *options)
{
	struct config *config = read_config(file, "\"password\"", options);
	const struct host_loading how = {.directory = config->module_directory};
	struct problems problems = {0};
	char *list = mem_strdup("");
	struct hosted h;

	if (host_load_one(&config->modules[0], &how, &h, &problems) != 0)
		refused(&problems);
	for (size_t i = 0;
	     h.module->methods != NULL && h.module->methods[i] != NULL; i++)
		mem_append(&list, "%s\"%s:it\"", i > 0 ? ", " : "",
		    h.module->methods[i]);
	host_unload_one(&h);
	config_free(config);
	return list;
}

static void
configure(const char *file, const char *methods, const char *options)
{
	struct problems problems = {0};
	char *chains = methods == NULL ? own_chains(file, options) :
					 mem_printf("\"%s\"", methods);

	test.t.config = read_config(file, chains, options);
	if (host_load(&test.t, &problems) != 0)
		refused(&problems);
	problems_print(&problems, stderr);
	problems_free(&problems);
	free(chains);
}

static void
begin(void)
{
	static struct slot slot;
	struct monitor *m = &test.m;

	m->template = &test.t;
	m->slot = &slot;
	m->state = STATE_AUTH;
	m->worker.fd = m->keyholder.fd = m->session.fd = m->client_fd = -1;
	m->signals = -1;
	audit_new_conn_id(m->connection_id);
	strcpy(m->listener, "test");
	if (net_parse(test.source, &m->source) != 0 ||
	    net_parse("192.0.2.1", &m->local) != 0) {
		fprintf(stderr, "%s: not an address\n", test.source);
		exit(2);
	}
	m->source_port = m->source.port = 50000;
	m->local_port = m->local.port = 22;
	memset(m->session_id, 'x', 32);
	m->session_id_len = 32;
	audit_set_connection(m->connection_id, &m->source, &m->local);
	auth_init(m);
}

static void __attribute__((noreturn)) usage(void)
{
	fputs("usage: sallyport-module-test [-d] [-u user] [-a address]\n"
	      "           [-m chain] [-o \"option = value\"] [-s directory]\n"
	      "           [-t seconds] [-w account] module.so [script]\n",
	    stderr);
	exit(2);
}

static void
take_options(int argc, char **argv, const char **methods, char **options)
{
	int c;

	while ((c = getopt(argc, argv, "a:dm:o:s:t:u:w:")) != -1)
		switch (c) {
		case 'a':
			test.source = optarg;
			break;
		case 'd':
			log_set_level(LOG_LEVEL_DEBUG);
			break;
		case 'm':
			*methods = optarg;
			break;
		case 'o':
			mem_append(options, " %s;", optarg);
			break;
		case 's':
			host_state_root(optarg);
			break;
		case 't':
			test.seconds = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'u':
			test.user = optarg;
			break;
		case 'w':
			test.helper_user = optarg;
			break;
		default:
			usage();
		}
	if (argc - optind < 1 || argc - optind > 2)
		usage();
}

int
main(int argc, char **argv)
{
	const char *methods = NULL;
	char *options = mem_strdup(""), *file;
	struct passwd *pw = getpwuid(geteuid());
	char name[SSH_USER_MAX + 1];

	log_set_ident("sallyport-module-test");
	log_set_level(LOG_LEVEL_VERBOSE);
	audit_set_component("monitor");
	snprintf(name, sizeof(name), "%s", pw == NULL ? "root" : pw->pw_name);
	test.user = name;
	take_options(argc, argv, &methods, &options);
	/* Here the author is the administrator. */
	host_trust_owner(geteuid());
	if ((file = realpath(argv[optind], NULL)) == NULL ||
	    (test.script = argc - optind < 2 ?
		    stdin :
		    fopen(argv[optind + 1], "re")) == NULL) {
		perror(file == NULL ? argv[optind] : argv[optind + 1]);
		return 2;
	}
	(void)signal(SIGALRM, overdue);
	configure(file, methods, options);
	helper_begin(&test);
	begin();
	/* Nothing that the module has left. */
	if (test.helper > 0)
		test.m.auth->left[test.m.auth->left_count++] = test.helper;
	(void)signal(SIGALRM, overdue);
	script_run(&test);
	if (test.helper > 0)
		test.m.auth->left[0] = 0;
	auth_close(&test.m);
	helper_end(&test);
	host_unload(&test.t);
	config_free((struct config *)(uintptr_t)test.t.config);
	free(test.shown);
	free(options);
	free(file);
	return test.failed ? 1 : 0;
}
