/*
 * Stands in for monitor.c and states.c in the tests of authentication.
 */
#include "tests/unit/modules/fake.h"
#include "tests/unit/unit.h"

#include "config/bundle.h"
#include "config/load.h"
#include "lib/audit.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/rd.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct fake *fake;
static unsigned audited[AUDIT_EVENT_COUNT];
static char audited_method[64];

static void
see(enum audit_event event, const void *fields, void *arg)
{
	(void)arg;
	audited[event]++;
	if (event == AUDIT_auth_ok)
		snprintf(audited_method, sizeof(audited_method), "%s",
		    ((const struct audit_auth_ok *)fields)->method);
}

const char *
fake_audit_method(void)
{
	return audited_method;
}

unsigned
fake_audit(enum audit_event event)
{
	return audited[event];
}

void
fake_audit_reset(void)
{
	memset(audited, 0, sizeof(audited));
	audit_set_hook(see, NULL);
}

/* ---- what the monitor offers to on_auth.c ------------------------------- */

void
monitor_move(struct monitor *m, enum monitor_state to)
{
	m->state = to;
}

static void
keep_prompts(struct sent *s, const struct msg_auth_ask *x)
{
	struct rd r;
	size_t used = 0;

	rd_init(&r, x->prompts.data, x->prompts.len);
	s->count = x->count;
	for (uint32_t i = 0; i < x->count; i++) {
		size_t len;
		const uint8_t *text = rd_string(&r, 4096, &len);
		bool echo = rd_bool(&r);

		used += (size_t)snprintf(&s->prompts[used],
		    sizeof(s->prompts) - used, "%s%.*s\n", echo ? "" : "*",
		    (int)len, (const char *)text);
	}
	ck_assert_int_eq(rd_end(&r), 0);
}

void
monitor_send(struct monitor *m, const struct wall_message *x)
{
	struct sent *s = &fake->sent[fake->sent_count++];

	ck_assert_uint_lt(fake->sent_count, FAKE_MAX);
	ck_assert_int_eq(
	    wall_refuses(PATH_MONITOR_WORKER, m->state, x->type, 0), 0);
	memset(s, 0, sizeof(*s));
	s->type = x->type;
	switch (x->type) {
	case MSG_auth_verdict:
		s->result = x->auth_verdict.result;
		snprintf(
		    s->text, sizeof(s->text), "%s", x->auth_verdict.methods);
		break;
	case MSG_auth_ask:
		snprintf(
		    s->text, sizeof(s->text), "%s", x->auth_ask.instruction);
		keep_prompts(s, &x->auth_ask);
		break;
	case MSG_auth_change:
		snprintf(s->text, sizeof(s->text), "%s", x->auth_change.prompt);
		break;
	case MSG_auth_send:
		s->number = x->auth_send.number;
		snprintf(s->text, sizeof(s->text), "%.*s",
		    (int)x->auth_send.payload.len,
		    (const char *)x->auth_send.payload.data);
		break;
	case MSG_banner:
		snprintf(s->text, sizeof(s->text), "%s", x->banner.text);
		break;
	default:
		break;
	}
}

static void
put_answers(struct wall_message *x, const struct reply *reply)
{
	struct buf b;
	uint32_t count = 0;

	buf_init_over(&b, fake->answers, sizeof(fake->answers));
	while (reply->answers[count] != NULL)
		buf_text(&b, reply->answers[count++]);
	x->type = MSG_auth_answers;
	x->auth_answers.count = count + (uint32_t)reply->count_lie;
	x->auth_answers.responses = (struct bytes){b.data, b.len};
}

int
monitor_wait(
    struct monitor *m, const enum wall_type *types, struct wall_message *x)
{
	const struct reply *reply = &fake->replies[fake->replied];

	(void)m;
	*x = (struct wall_message){.fds = {-1, -1, -1, -1}};
	ck_assert_int_eq(fake->call, CALL_NONE);
	if (fake->replied == fake->reply_count)
		return E_CLOSED;
	fake->replied++;
	switch (reply->does) {
	case LEAVES:
		return E_CLOSED;
	case ABANDONS:
		return E_STATE;
	case ANSWERS_LATE:
		sleep(2);
		/* FALLTHROUGH */
	case ANSWERS:
		ck_assert_int_eq(types[0], MSG_auth_answers);
		put_answers(x, reply);
		return 0;
	case CHANGES:
		ck_assert_int_eq(types[0], MSG_auth_password);
		x->type = MSG_auth_password;
		x->auth_password.change = true;
		x->auth_password.password =
		    (struct bytes){(const uint8_t *)reply->answers[0],
			strlen(reply->answers[0])};
		x->auth_password.new_password =
		    (struct bytes){(const uint8_t *)reply->answers[1],
			strlen(reply->answers[1])};
		return 0;
	case SENDS_PACKET:
		ck_assert_int_eq(types[0], MSG_auth_packet);
		x->type = MSG_auth_packet;
		x->auth_packet.number = 61;
		x->auth_packet.payload =
		    (struct bytes){(const uint8_t *)reply->answers[0],
			strlen(reply->answers[0])};
		return 0;
	}
	return E_CLOSED;
}

void
monitor_disconnect(struct monitor *m, uint32_t reason, const char *format, ...)
{
	va_list args;

	(void)reason;
	va_start(args, format);
	vsnprintf(
	    fake->disconnect_text, sizeof(fake->disconnect_text), format, args);
	va_end(args);
	fake->disconnected = true;
	m->state = STATE_CLOSING;
}

void
monitor_call(struct monitor *m, enum slot_call call, const char *detail)
{
	(void)m;
	(void)detail;
	ck_assert_int_eq(fake->call, CALL_NONE);
	fake->call = call;
	fake->calls[call]++;
}

void
monitor_call_done(struct monitor *m)
{
	(void)m;
	fake->call = CALL_NONE;
}

void
monitor_login(struct monitor *m)
{
	(void)m;
	fake->logged_in = true;
}

/* ---- the script --------------------------------------------------------- */

static struct bytes
text_bytes(const char *text)
{
	return (struct bytes){(const uint8_t *)text, strlen(text)};
}

static const struct sent *
last(struct fake *f)
{
	static const struct sent nothing;

	ck_assert_int_eq(f->call, CALL_NONE);
	return f->sent_count == 0 ? &nothing : &f->sent[f->sent_count - 1];
}

static struct wall_message *
message(enum wall_type type)
{
	static struct wall_message x;

	memset(&x, 0, sizeof(x));
	x.type = type;
	return &x;
}

const struct sent *
fake_none(struct fake *f, const char *user)
{
	struct wall_message *x = message(MSG_auth_none);

	x->auth_none.user = text_bytes(user);
	x->auth_none.service = text_bytes("ssh-connection");
	ck_assert_int_eq(on_auth_none(&f->m, x), 0);
	return last(f);
}

const struct sent *
fake_password(struct fake *f, const char *user, const char *password)
{
	struct wall_message *x = message(MSG_auth_password);

	x->auth_password.user = text_bytes(user);
	x->auth_password.service = text_bytes("ssh-connection");
	x->auth_password.password = text_bytes(password);
	ck_assert_int_eq(on_auth_password(&f->m, x), 0);
	return last(f);
}

const struct sent *
fake_kbdint(struct fake *f, const char *user)
{
	struct wall_message *x = message(MSG_auth_kbdint);

	x->auth_kbdint.user = text_bytes(user);
	x->auth_kbdint.service = text_bytes("ssh-connection");
	ck_assert_int_eq(on_auth_kbdint(&f->m, x), 0);
	return last(f);
}

const struct sent *
fake_other(
    struct fake *f, const char *user, const char *method, const char *data)
{
	struct wall_message *x = message(MSG_auth_other);

	x->auth_other.user = text_bytes(user);
	x->auth_other.service = text_bytes("ssh-connection");
	x->auth_other.method = text_bytes(method);
	x->auth_other.data = text_bytes(data);
	ck_assert_int_eq(on_auth_other(&f->m, x), 0);
	return last(f);
}

const struct sent *
fake_publickey(struct fake *f, const char *user, const char *algorithm,
    const struct buf *key, const struct buf *signature,
    const struct buf *host_key)
{
	struct wall_message *x = message(MSG_auth_publickey);

	x->auth_publickey.user = text_bytes(user);
	x->auth_publickey.service = text_bytes("ssh-connection");
	x->auth_publickey.algorithm = text_bytes(algorithm);
	x->auth_publickey.key = (struct bytes){key->data, key->len};
	if (signature != NULL) {
		x->auth_publickey.has_signature = true;
		x->auth_publickey.signature =
		    (struct bytes){signature->data, signature->len};
	}
	if (host_key != NULL) {
		x->auth_publickey.hostbound = true;
		x->auth_publickey.host_key =
		    (struct bytes){host_key->data, host_key->len};
	}
	ck_assert_int_eq(on_auth_publickey(&f->m, x), 0);
	return last(f);
}

void
fake_reply(struct fake *f, enum client_does does, const char *a, const char *b,
    const char *c)
{
	struct reply *r = &f->replies[f->reply_count++];

	memset(r, 0, sizeof(*r));
	r->does = does;
	r->answers[0] = a;
	r->answers[1] = a == NULL ? NULL : b;
	r->answers[2] = a == NULL || b == NULL ? NULL : c;
}

unsigned
fake_count(const struct fake *f, enum wall_type type)
{
	unsigned count = 0;

	for (size_t i = 0; i < f->sent_count; i++)
		count += f->sent[i].type == type;
	return count;
}

const char *
fake_built(const char *name)
{
	static char path[4][4096];
	static unsigned turn;
	char cwd[2048];

	/* Programs run in the top of the build tree. */
	if (getcwd(cwd, sizeof(cwd)) == NULL)
		abort();
	turn = (turn + 1) % 4;
	snprintf(path[turn], sizeof(path[0]), "%s/%s", cwd, name);
	return path[turn];
}

void
fake_copy(const char *from, const char *to)
{
	char command[8192];

	snprintf(
	    command, sizeof(command), "install -m 0644 '%s' '%s'", from, to);
	if (system(command) != 0) {
		fprintf(stderr, "failed: %s\n", command);
		abort();
	}
}

static char *directory;

void
fake_prepare(void)
{
	static const char *const built[] = {
	    "tests/unit/modules/.libs/module_test.so",
	    "tests/unit/modules/.libs/module_hostile.so",
	    "tests/unit/modules/.libs/module_bad_abi.so",
	    "tests/unit/modules/.libs/module_bad_size.so",
	    "tests/unit/modules/.libs/module_newer.so",
	    "tests/unit/modules/.libs/module_bad_symbol.so",
	    "modules/pam/.libs/pam.so",
	    "modules/publickey/.libs/publickey.so",
	    "modules/hostbased/.libs/hostbased.so",
	};

	if (geteuid() != 0)
		return;
	/* /tmp is everybody's: the host would rightly refuse it. */
	unit_scratch(true);
	directory = unit_folder();
	for (size_t i = 0; i < sizeof(built) / sizeof(built[0]); i++) {
		char to[512];

		snprintf(
		    to, sizeof(to), "%s%s", directory, strrchr(built[i], '/'));
		fake_copy(fake_built(built[i]), to);
	}
}

const char *
fake_modules(void)
{
	return directory;
}

static struct config *
read_config(const char *text)
{
	struct bundle bundle = {0};
	struct problems problems = {0};
	struct config *config = NULL;

	ck_assert_int_eq(config_bundle_add(&bundle, "/etc/sallyport/test.conf",
			     text, strlen(text)),
	    0);
	if (config_load(&bundle, &config, &problems) != 0) {
		problems_print(&problems, stderr);
		ck_abort_msg("the test's configuration is wrong");
	}
	problems_free(&problems);
	config_bundle_free(&bundle);
	return config;
}

void
fake_start(struct fake *f, const char *config)
{
	struct problems problems = {0};

	memset(f, 0, sizeof(*f));
	fake = f;
	fake_audit_reset();
	f->config = read_config(config);
	f->t.config = f->config;
	if (host_load(&f->t, &problems) != 0) {
		problems_print(&problems, stderr);
		ck_abort_msg("a module did not load");
	}
	problems_free(&problems);
	f->m.template = &f->t;
	f->m.offer = &f->offer;
	f->m.slot = &f->slot;
	f->m.state = STATE_AUTH;
	f->m.worker.fd = -1;
	strcpy(f->m.connection_id, "0123456789abcdef");
	strcpy(f->m.listener, "main");
	ck_assert_int_eq(net_parse("192.0.2.7", &f->m.source), 0);
	ck_assert_int_eq(net_parse("192.0.2.1", &f->m.local), 0);
	f->m.source_port = 50000;
	f->m.local_port = 22;
	memcpy(f->m.session_id, "session identifier of the tests", 31);
	f->m.session_id_len = 31;
	auth_init(&f->m);
}

int
fake_load(const struct module_settings *settings, const struct pairs *services,
    struct hosted *h, struct problems *problems)
{
	const struct host_loading how = {.directory = fake_modules(),
	    .services = services,
	    .calls = &host_calls};

	return host_load_one(settings, &how, h, problems);
}

void
fake_end(struct fake *f)
{
	auth_close(&f->m);
	host_unload(&f->t);
	config_free(f->config);
	fake = NULL;
}
