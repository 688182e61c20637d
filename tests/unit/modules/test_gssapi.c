/*
 * gssapi.so against a host that follows a script: which packets in which
 * order let in whom, and which lines of ~/.k5login.
 */
#include "tests/unit/modules/suites.h"

#include "daemon/ticketholder/replay.c"
#include "modules/gssapi/k5login.c"
#include "modules/gssapi/module.c"

#include <sys/mman.h>

#include <stdarg.h>
#include <stdlib.h>

/* Principal ann@REALM, which is our "ann". */
static const struct {
	const char *text;
	bool names;
} files[] = {
    {"", false},
    {"\n\n", false},
    {"ann@REALM", true},
    {"ann@REALM\n", true},
    {"bob@REALM\nann@REALM \t\r\n", true},
    {" ann@REALM\n", false},
    {"ann@REAL\n", false},
    {"ann@REALMS\n", false},
    {"ann@REALM bob@REALM\n", false},
    {"ANN@REALM\n", false},
    {"*\n*@REALM\n", false},
    {"# ann@REALM\n", false},
    {"ann\n@REALM\n", false},
};

START_TEST(a_line_of_k5login_names_one_principal)
{
	size_t len = strlen(files[_i].text);
	char *copy = malloc(len + 1);

	/* No terminator behind it: a reader that runs on is seen by ASan. */
	memcpy(copy, files[_i].text, len);
	ck_assert_int_eq(
	    k5login_names(copy, len, "ann@REALM"), files[_i].names);
	ck_assert(!k5login_names(copy, len, ""));
	free(copy);
}
END_TEST

START_TEST(a_nul_in_k5login_is_part_of_a_line)
{
	ck_assert(!k5login_names("ann@REALM\0x\n", 12, "ann@REALM"));
	ck_assert(k5login_names("\0\nann@REALM", 11, "ann@REALM"));
}
END_TEST

/* ---- the exchange ---- */

/* A packet of the client: number and content; a token of "go" completes the
 * context, "more" does not, others fail; the MIC "good" is right. */
struct step {
	uint8_t number;
	const char *string; /* NULL: an empty packet */
};

static struct {
	struct buf offer;
	const struct step *steps;
	size_t next;
	uint8_t packet[256], sent[16];
	size_t sent_count;
	char reason[256], event[32], signed_data[256];
	size_t signed_len;
	const char *local, *k5login;
	int k5login_error, k5users_error;
	bool keyex; /* the method */
} script;

static const char *
fake_text(struct sallyport_login *login, enum sallyport_text which)
{
	(void)login;
	return which == SALLYPORT_METHOD ?
	    (script.keyex ? "gssapi-keyex" : "gssapi-with-mic") :
	    which == SALLYPORT_USER ? "ann" :
	    which == SALLYPORT_HOME ? "/home/ann" :
				      script.reason;
}

static const uint8_t *
fake_bytes(
    struct sallyport_login *login, enum sallyport_bytes which, size_t *len)
{
	(void)login;
	switch (which) {
	case SALLYPORT_METHOD_DATA:
		*len = script.offer.len;
		return script.offer.data;
	case SALLYPORT_SESSION_ID:
		*len = 4;
		return (const uint8_t *)"SESS";
	case SALLYPORT_REQUEST_USER:
		*len = 3;
		return (const uint8_t *)"ann";
	default:
		*len = 3;
		return (const uint8_t *)"ssh";
	}
}

static void
fake_reason(struct sallyport_login *login, const char *format, ...)
{
	va_list args;

	(void)login;
	va_start(args, format);
	vsnprintf(script.reason, sizeof(script.reason), format, args);
	va_end(args);
}

static int
fake_send(struct sallyport_login *login, uint8_t number, const void *payload,
    size_t len)
{
	(void)login;
	(void)payload;
	(void)len;
	ck_assert_int_lt((int)script.sent_count, 16);
	script.sent[script.sent_count++] = number;
	return SALLYPORT_OK;
}

static int
fake_receive(struct sallyport_login *login, uint8_t *number,
    const uint8_t **payload, size_t *len)
{
	const struct step *s = &script.steps[script.next++];
	struct buf b;

	(void)login;
	if (s->number == 0)
		return SALLYPORT_GONE;
	buf_init_over(&b, script.packet, sizeof(script.packet));
	if (s->string != NULL)
		buf_text(&b, s->string);
	*number = s->number;
	*payload = script.packet;
	*len = b.len;
	return SALLYPORT_OK;
}

static int
fake_accept(struct sallyport_login *login, const void *token, size_t len,
    struct sallyport_ticket *ticket)
{
	bool go = len == 2 && memcmp(token, "go", 2) == 0;
	bool more = len == 4 && memcmp(token, "more", 4) == 0;

	(void)login;
	ticket->complete = go;
	ticket->principal = go ? "ann@REALM" : "";
	ticket->local = go ? script.local : "";
	ticket->token = (const uint8_t *)"answer";
	ticket->token_len = 6;
	return go || more ? SALLYPORT_OK : SALLYPORT_REFUSED;
}

static int
fake_verify(struct sallyport_login *login, const void *data, size_t len,
    const void *mic, size_t mic_len)
{
	(void)login;
	memcpy(script.signed_data, data, len);
	script.signed_len = len;
	return mic_len == 4 && memcmp(mic, "good", 4) == 0 ? SALLYPORT_OK :
							     SALLYPORT_REFUSED;
}

static int
fake_verify_exchange(struct sallyport_login *login, const void *data,
    size_t len, const void *mic, size_t mic_len,
    struct sallyport_ticket *ticket)
{
	ck_assert(script.keyex);
	ticket->complete = 1;
	ticket->principal = "ann@REALM";
	ticket->local = script.local;
	return fake_verify(login, data, len, mic, mic_len);
}

static int
fake_open(struct sallyport_login *login, const char *path, size_t max, int *fd,
    char *why, size_t why_size)
{
	(void)login;
	(void)max;
	snprintf(why, why_size, "why not");
	if (strcmp(path, "/home/ann/.k5users") == 0) {
		*fd = memfd_create("k5users", 0);
		return script.k5users_error;
	}
	ck_assert_str_eq(path, "/home/ann/.k5login");
	if (script.k5login == NULL)
		return script.k5login_error;
	*fd = memfd_create("k5login", 0);
	ck_assert_int_eq(write(*fd, script.k5login, strlen(script.k5login)),
	    (ssize_t)strlen(script.k5login));
	ck_assert_int_eq(lseek(*fd, 0, SEEK_SET), 0);
	return SALLYPORT_OK;
}

static void
fake_event(struct sallyport_login *login, const char *event,
    const char *subject, const char *format, ...)
{
	(void)login;
	(void)subject;
	(void)format;
	snprintf(script.event, sizeof(script.event), "%s", event);
}

static const struct sallyport_tickets fake_tickets = {
    .size = sizeof(struct sallyport_tickets),
    .accept = fake_accept,
    .verify = fake_verify,
    .verify_exchange = fake_verify_exchange};

static const struct sallyport_host fake_host = {.abi = SALLYPORT_MODULE_ABI,
    .size = sizeof(struct sallyport_host),
    .text = fake_text,
    .bytes = fake_bytes,
    .reason = fake_reason,
    .packet_send = fake_send,
    .packet_receive = fake_receive,
    .open_user_file = fake_open,
    .audit = fake_event,
    .tickets = &fake_tickets};

static void
begin_script(void)
{
	void *state;

	memset(&script, 0, sizeof(script));
	script.local = "ann";
	script.k5login_error = SALLYPORT_NOT_FOUND;
	buf_init(&script.offer, 65536);
	ck_assert_int_eq(load(&fake_host, NULL, 0, &state), 0);
}

static void
end_script(void)
{
	buf_free(&script.offer);
}

static void
offer(const void *oid, size_t len)
{
	buf_u32(&script.offer, 1);
	buf_string(&script.offer, oid, len);
}

static enum sallyport_verdict
run_steps(const struct step *steps)
{
	script.steps = steps;
	script.next = script.sent_count = 0;
	return authenticate(NULL, NULL);
}

#define GOOD                                          \
	{GSSAPI_TOKEN, "more"}, {GSSAPI_TOKEN, "go"}, \
	{                                             \
		GSSAPI_MIC, "good"                    \
	}

static const struct {
	struct step steps[6];
	bool good;
	uint8_t last; /* that we sent */
} exchanges[] = {
    {{GOOD}, true, GSSAPI_TOKEN},
    {{{GSSAPI_TOKEN, "go"}, {GSSAPI_MIC, "good"}}, true, GSSAPI_TOKEN},
    {{{GSSAPI_TOKEN, "go"}, {GSSAPI_MIC, "bad"}}, false, GSSAPI_TOKEN},
    {{{GSSAPI_TOKEN, "go"}, {GSSAPI_MIC, NULL}}, false, GSSAPI_TOKEN},
    {{{GSSAPI_TOKEN, "go"}, {GSSAPI_EXCHANGE_COMPLETE, NULL}}, false,
	GSSAPI_TOKEN},
    {{{GSSAPI_TOKEN, "go"}, {GSSAPI_TOKEN, "go"}, {GSSAPI_MIC, "good"}}, false,
	GSSAPI_TOKEN},
    {{{GSSAPI_TOKEN, "more"}, {GSSAPI_MIC, "good"}}, false, GSSAPI_TOKEN},
    {{{GSSAPI_MIC, "good"}}, false, GSSAPI_RESPONSE},
    {{{GSSAPI_EXCHANGE_COMPLETE, NULL}}, false, GSSAPI_RESPONSE},
    {{{GSSAPI_TOKEN, "wrong"}}, false, GSSAPI_ERRTOK},
    {{{GSSAPI_TOKEN, ""}}, false, GSSAPI_ERRTOK},
    {{{GSSAPI_TOKEN, NULL}}, false, GSSAPI_RESPONSE},
    {{{GSSAPI_ERRTOK, "x"}}, false, GSSAPI_RESPONSE},
    {{{GSSAPI_TOKEN, "go"}, {GSSAPI_ERRTOK, NULL}}, false, GSSAPI_TOKEN},
    {{{60, "x"}}, false, GSSAPI_RESPONSE},
    {{{64, "x"}}, false, GSSAPI_RESPONSE},
    {{{79, "x"}}, false, GSSAPI_RESPONSE},
};

START_TEST(only_a_right_mic_of_a_complete_context_lets_in)
{
	enum sallyport_verdict verdict;

	begin_script();
	offer(kerberos, sizeof(kerberos));
	verdict = run_steps(exchanges[_i].steps);
	ck_assert_int_eq(
	    verdict, exchanges[_i].good ? SALLYPORT_ALLOW : SALLYPORT_DENY);
	ck_assert_int_eq(
	    script.sent[script.sent_count - 1], exchanges[_i].last);
	ck_assert_str_eq(script.event,
	    exchanges[_i].good		 ? "ticket_authorized" :
		script.reason[0] != '\0' ? "ticket_rejected" :
					   "");
	end_script();
}
END_TEST

/* RFC 4462 section 3.5. */
START_TEST(the_mic_is_over_the_session_and_the_request)
{
	static const char wanted[] = "\0\0\0\4SESS\62\0\0\0\3ann\0\0\0\3ssh"
				     "\0\0\0\17gssapi-with-mic";
	static const struct step steps[] = {GOOD};

	begin_script();
	offer(kerberos, sizeof(kerberos));
	ck_assert_int_eq(run_steps(steps), SALLYPORT_ALLOW);
	ck_assert_int_eq(script.signed_len, sizeof(wanted) - 1);
	ck_assert_mem_eq(script.signed_data, wanted, sizeof(wanted) - 1);
	end_script();
}
END_TEST

/* RFC 4462 section 4. */
START_TEST(a_key_exchange_lets_in_by_one_mic)
{
	static const char wanted[] = "\0\0\0\4SESS\62\0\0\0\3ann\0\0\0\3ssh"
				     "\0\0\0\14gssapi-keyex";

	begin_script();
	script.keyex = true;
	buf_text(&script.offer, "good");
	ck_assert_int_eq(authenticate(NULL, NULL), SALLYPORT_ALLOW);
	ck_assert_int_eq(script.signed_len, sizeof(wanted) - 1);
	ck_assert_mem_eq(script.signed_data, wanted, sizeof(wanted) - 1);
	end_script();
}
END_TEST

START_TEST(another_mechanism_is_refused_without_an_answer)
{
	static const uint8_t spnego[] = {
	    0x06, 0x06, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x02};
	static const struct step steps[] = {GOOD};

	for (int i = 0; i < 6; i++) {
		begin_script();
		if (i == 0)
			offer(spnego, sizeof(spnego));
		else if (i == 1)
			offer(kerberos, sizeof(kerberos) - 1);
		else if (i == 2)
			buf_u32(&script.offer, 0);
		else if (i == 3) {
			offer(kerberos, sizeof(kerberos));
			buf_u8(&script.offer, 0); /* something behind it */
		} else if (i == 4) {
			buf_u32(&script.offer, 0xffffffff);
			buf_string(&script.offer, kerberos, sizeof(kerberos));
		}
		ck_assert_int_eq(run_steps(steps), SALLYPORT_DENY);
		ck_assert_int_eq(script.sent_count, 0);
		end_script();
	}
}
END_TEST

/* The mapped name, the file, what opening it says, and who enters. */
static const struct {
	const char *local, *k5login;
	int error;
	bool good;
} doors[] = {
    {"ann", NULL, SALLYPORT_NOT_FOUND, true},
    {"", NULL, SALLYPORT_NOT_FOUND, false},
    {"root", NULL, SALLYPORT_NOT_FOUND, false},
    {"bob", "ann@REALM\n", 0, true},
    {"ann", "bob@REALM\n", 0, false},
    {"ann", "", 0, false},
    /* A file that cannot be read or trusted is not as good as none. */
    {"ann", NULL, SALLYPORT_PERMISSIONS, false},
    {"ann", NULL, SALLYPORT_TIMEOUT, false},
    {"ann", NULL, SALLYPORT_TOO_LARGE, false},
    {"ann", NULL, SALLYPORT_SYSTEM, false},
};

START_TEST(the_mapped_name_counts_only_without_a_k5login)
{
	static const struct step steps[] = {GOOD};

	begin_script();
	offer(kerberos, sizeof(kerberos));
	script.local = doors[_i].local;
	script.k5login = doors[_i].k5login;
	script.k5login_error = doors[_i].error;
	ck_assert_int_eq(run_steps(steps),
	    doors[_i].good ? SALLYPORT_ALLOW : SALLYPORT_DENY);
	end_script();
}
END_TEST

/* The option, the file, what opening ~/.k5users says, and who enters. */
static const struct {
	const char *option, *k5login;
	int error;
	bool good;
} limited[] = {
    {"false", NULL, SALLYPORT_OK, true},
    {"true", NULL, SALLYPORT_NOT_FOUND, true},
    {"true", NULL, SALLYPORT_OK, false},
    {"true", NULL, SALLYPORT_PERMISSIONS, false},
    {"true", NULL, SALLYPORT_TIMEOUT, false},
    {"true", "ann@REALM\n", SALLYPORT_OK, true},
    {"true", "bob@REALM\n", SALLYPORT_NOT_FOUND, false},
};

START_TEST(a_k5users_limits_what_is_not_limited_here)
{
	static const struct step steps[] = {GOOD};

	begin_script();
	heed_k5users = strcmp(limited[_i].option, "true") == 0;
	offer(kerberos, sizeof(kerberos));
	script.local = "ann";
	script.k5login = limited[_i].k5login;
	script.k5users_error = limited[_i].error;
	ck_assert_int_eq(run_steps(steps),
	    limited[_i].good ? SALLYPORT_ALLOW : SALLYPORT_DENY);
	heed_k5users = false;
	end_script();
}
END_TEST

/* ---- the ticketholder's replay cache ---- */

static void
make_tag(uint8_t tag[REPLAY_TAG], uint32_t number)
{
	memset(tag, 0, REPLAY_TAG);
	memcpy(tag, &number, sizeof(number));
}

START_TEST(an_authenticator_is_known_for_its_time)
{
	struct replay *r = replay_new(10, 4);
	uint8_t tag[REPLAY_TAG];
	unsigned wrong = 0;

	for (uint32_t i = 0; i < 3 * REPLAY_MAX; i++) {
		uint64_t now = i / 1000;

		make_tag(tag, i);
		wrong += replay_check(r, tag, now) != 0;
		wrong += replay_add(r, tag, "ann@A", "A", now) != 0;
		wrong += replay_check(r, tag, now) != E_DENIED;
		make_tag(tag, i - 5000);
		wrong += i >= 5000 && replay_check(r, tag, now) != E_DENIED;
	}
	ck_assert_uint_eq(wrong, 0);
	make_tag(tag, 3 * REPLAY_MAX - 1);
	ck_assert_int_eq(replay_check(r, tag, 3 * REPLAY_MAX / 1000 + 11), 0);
	replay_free(r);
}
END_TEST

/* How many contexts of this client more are remembered. */
static uint32_t
fill(struct replay *r, uint32_t *number, const char *principal,
    const char *realm, uint64_t now)
{
	uint8_t tag[REPLAY_TAG];
	uint32_t before = *number;

	for (;;) {
		make_tag(tag, *number);
		if (replay_check(r, tag, now) != 0 ||
		    replay_add(r, tag, principal, realm, now) != 0)
			return *number - before;
		++*number;
	}
}

#define HOG ((REPLAY_REALM + 4) / 5)

START_TEST(no_principal_takes_the_room_of_others)
{
	struct replay *r = replay_new(10, 4);
	uint32_t n = 0, count;
	uint8_t tag[REPLAY_TAG];
	char name[32];

	ck_assert_uint_eq(fill(r, &n, "hog@A", "A", 5), HOG);
	/* those of its realm and of others */
	ck_assert_uint_gt(fill(r, &n, "ann@A", "A", 5), HOG / 2);
	ck_assert_uint_eq(fill(r, &n, "eve@B", "B", 5), HOG);
	for (count = 0; count < 100; count++) {
		snprintf(name, sizeof(name), "u%u@A", count);
		make_tag(tag, n++);
		ck_assert_int_eq(replay_check(r, tag, 5), 0);
		ck_assert_int_eq(replay_add(r, tag, name, "A", 5), 0);
	}
	/* what was refused is not remembered, what was taken is */
	make_tag(tag, n);
	ck_assert_int_eq(replay_add(r, tag, "hog@A", "A", 14), E_LIMIT);
	ck_assert_int_eq(replay_check(r, tag, 14), 0);
	make_tag(tag, 0);
	ck_assert_int_eq(replay_check(r, tag, 14), E_DENIED);
	/* and shares come back with time */
	ck_assert_int_eq(replay_check(r, tag, 15), 0);
	ck_assert_uint_eq(fill(r, &n, "hog@A", "A", 15), HOG);
	replay_free(r);
}
END_TEST

/* A KDC that is trusted for its realm makes as many principals as it likes. */
START_TEST(no_realm_takes_the_room_of_others)
{
	struct replay *r = replay_new(10, 4);
	uint8_t tag[REPLAY_TAG];
	uint32_t n = 0;
	char name[32];

	do {
		snprintf(name, sizeof(name), "u%u@EVIL", n);
		make_tag(tag, n++);
	} while (replay_check(r, tag, 5) == 0 &&
	    replay_add(r, tag, name, "EVIL", 5) == 0);
	ck_assert_uint_le(n, REPLAY_REALM + 1);
	ck_assert_uint_gt(n, REPLAY_REALM - 100);
	/* some of theirs share its counter */
	ck_assert_uint_gt(fill(r, &n, "ann@A", "A", 5), HOG - 50);
	replay_free(r);
}
END_TEST

START_TEST(what_cannot_be_remembered_is_refused)
{
	struct replay *r = replay_new(10, 4);
	uint8_t tag[REPLAY_TAG];
	unsigned wrong = 0;
	char name[32];
	uint32_t n;

	/* a realm for every hundred */
	for (n = 0; n < REPLAY_MAX; n++) {
		snprintf(name, sizeof(name), "%u", n / 100);
		make_tag(tag, n);
		wrong += replay_check(r, tag, 5) != 0;
		wrong += replay_add(r, tag, name, name, 5) != 0;
	}
	ck_assert_uint_eq(wrong, 0);
	make_tag(tag, n);
	ck_assert_int_eq(replay_check(r, tag, 14), E_LIMIT);
	ck_assert_int_eq(replay_check(r, tag, 15), 0);
	replay_free(r);
}
END_TEST

#define LOOP(t, rows, name) \
	tcase_add_loop_test(t, name, 0, sizeof(rows) / sizeof((rows)[0]))

Suite *
suite_gssapi(void)
{
	Suite *s = suite_create("gssapi");
	TCase *t = tcase_create("gssapi");

	tcase_set_timeout(t, 30);

	LOOP(t, files, a_line_of_k5login_names_one_principal);
	tcase_add_test(t, a_nul_in_k5login_is_part_of_a_line);
	LOOP(t, exchanges, only_a_right_mic_of_a_complete_context_lets_in);
	tcase_add_test(t, a_key_exchange_lets_in_by_one_mic);
	tcase_add_test(t, the_mic_is_over_the_session_and_the_request);
	tcase_add_test(t, another_mechanism_is_refused_without_an_answer);
	LOOP(t, doors, the_mapped_name_counts_only_without_a_k5login);
	LOOP(t, limited, a_k5users_limits_what_is_not_limited_here);
	tcase_add_test(t, an_authenticator_is_known_for_its_time);
	tcase_add_test(t, no_principal_takes_the_room_of_others);
	tcase_add_test(t, no_realm_takes_the_room_of_others);
	tcase_add_test(t, what_cannot_be_remembered_is_refused);
	suite_add_tcase(s, t);
	return s;
}
