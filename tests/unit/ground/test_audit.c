/*
 * The audit: every event through every format with hostile values; the
 * sentences that log watchers know; the catalogue's own consistency.
 */
#include "lib/audit.h"
#include "lib/audit_table.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "tests/unit/ground/audit_fill.h"
#include "tests/unit/ground/suites.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AUDIT_DOC_IN_TEST
#include "lib/audit_doc.c"

static char record[AUDIT_RECORD_MAX];
static char huge[65537];
static const char *const hostile[] = {
    "plain",
    "",
    "a\nMay 1 00:00:00 host sshd[1]: Accepted password for root from 1.2.3.4",
    "\"] [x@1 a=\"b\"] \\\" \\",
    "\",\"event.outcome\":\"success\",\"x\":\"",
    "]\\",
    "\\",
    "\x1b]0;title\x07\x1b[2J\r\n",
    "\xff\xfe\xc0\xaf\xed\xa0\x80",
    "\xe2\x80\xae\xe2\x81\xa6\xc2\x9b",
    "x from 6.6.6.6 port 1 ssh2",
    "{for} <{src}> %s%n",
    "caf\xc3\xa9",
    huge,
};
#define HOSTILE ((int)(sizeof(hostile) / sizeof(hostile[0])))

static const struct audit_output outputs[] = {
    {.format = AUDIT_TEXT},
    {.format = AUDIT_TEXT, .plain = true},
    {.format = AUDIT_RFC5424},
    {.format = AUDIT_RFC5424, .sink = AUDIT_TO_FD},
    {.format = AUDIT_JSON},
    {.format = AUDIT_JSON, .sink = AUDIT_TO_SYSLOG},
};
#define OUTPUTS (sizeof(outputs) / sizeof(outputs[0]))

static void
setup(void)
{
	struct net_address source, local;

	memset(huge, 'A', sizeof(huge) - 1);
	log_use_stderr(false);
	net_parse_port("192.0.2.7:52388", &source);
	net_parse_port("[2001:db8::1]:22", &local);
	audit_set_connection("0123456789abcdef", &source, &local);
}

static void
check_line(const char *text, size_t len)
{
	size_t n;

	ck_assert_uint_eq(strlen(text), len);
	ck_assert_uint_lt(len, AUDIT_RECORD_MAX);
	for (size_t i = 0; i < len; i += n) {
		n = escape_printable(&text[i], len - i);
		if (n == 0) /* asserting each byte would take minutes */
			ck_abort_msg("%s", text);
	}
}

/* A strict reader of flat JSON: strings, numbers, true, string lists. */
static const char *
json_string(const char *p)
{
	if (*p != '"')
		ck_abort_msg("no string: %s", p);
	for (p++; *p != '"'; p++) {
		if (*p == '\0')
			ck_abort_msg("a string without an end");
		if (*p == '\\' && *++p != '"' && *p != '\\')
			ck_abort_msg("an unknown escape: %s", p);
	}
	return &p[1];
}

static void
check_json(const char *p)
{
	static char keys[64][64];
	size_t count = 0, len;
	const char *key;

	if (strncmp(p, "@cee: ", 6) == 0)
		p += 6;
	ck_assert_int_eq(*p, '{');
	do {
		key = &p[2];
		p = json_string(&p[1]);
		len = (size_t)(p - key) - 1;
		ck_assert_uint_lt(len, sizeof(keys[0]));
		ck_assert_uint_lt(count, 64);
		memcpy(keys[count], key, len);
		keys[count][len] = '\0';
		for (size_t i = 0; i < count; i++)
			if (strcmp(keys[i], keys[count]) == 0)
				ck_abort_msg("%s twice", keys[i]);
		count++;
		ck_assert_int_eq(*p++, ':');
		if (*p == '[')
			do
				p = json_string(&p[1]);
			while (*p == ',');
		else if (*p == '"')
			p = json_string(p) - 1;
		else if (strncmp(p, "true", 4) == 0)
			p += 3;
		else {
			len = strspn(p, "0123456789");
			ck_assert_uint_gt(len, 0);
			p += len - 1;
		}
		p++;
	} while (*p == ',');
	ck_assert_str_eq(p, "}");
}

/* Two elements, our parameters with \" \\ \] escaped; the sentence follows. */
static void
check_sd(const char *p, bool header)
{
	if (header) {
		ck_assert_int_eq(*p, '<');
		for (int i = 0; i < 6; i++) {
			p = strchr(p, ' ');
			ck_assert_ptr_nonnull(p);
			p++;
		}
	}
	ck_assert_int_eq(strncmp(p, "[sallyport@32473", 16), 0);
	p += 16;
	while (*p == ' ') {
		p += strcspn(p, "=") + 1;
		ck_assert_int_eq(*p++, '"');
		while (*p != '"') {
			if (*p == '\0' || *p == ']')
				ck_abort_msg("a value was broken: %s", p);
			p += *p == '\\' ? 2 : 1;
		}
		p++;
	}
	ck_assert_int_eq(strncmp(p, "][meta sequenceId=\"", 19), 0);
	p = strchr(p, ' ');
	ck_assert_ptr_nonnull(strstr(p, "\"] "));
}

static void
check_all_formats(int event, const void *fields)
{
	for (size_t o = 0; o < OUTPUTS; o++) {
		size_t len = audit_encode(record, sizeof(record), &outputs[o],
		    (enum audit_event)event, fields);

		check_line(record, len);
		if (outputs[o].format == AUDIT_JSON)
			check_json(record);
		else if (outputs[o].format == AUDIT_RFC5424)
			check_sd(record, outputs[o].sink == AUDIT_TO_FD);
		if (outputs[o].format == AUDIT_TEXT)
			ck_assert_uint_lt(len, 6000);
	}
}

static void
no_value_breaks(int event)
{
	uint64_t fields[64] = {0}; /* room and alignment for any */
	struct net_address a;

	net_parse("2001:db8::5", &a);
	check_all_formats(event, fields); /* nothing set at all */
	for (int h = 0; h < HOSTILE; h++) {
		audit_fill(&audit_events[event], (uint8_t *)fields, hostile[h],
		    h % 3 == 0 ? UINT64_MAX : (uint64_t)h, &a);
		for (int state = 0; state < 3; state++) {
			if (state == 2)
				audit_set_user(hostile[h], 1000);
			else
				audit_set_requested(hostile[h], state == 1);
			audit_set_rule(hostile[h]);
			check_all_formats(event, fields);
		}
	}
}

/* One test for all: a fork per event is dear under a sanitizer. */
START_TEST(no_value_breaks_a_record_of_any_event)
{
	for (int event = 0; event < AUDIT_EVENT_COUNT; event++)
		no_value_breaks(event);
}
END_TEST

static void
stays_whole(int event)
{
	uint64_t fields[64] = {0};
	char small[1024];
	size_t len;

	audit_set_requested(huge, false);
	audit_set_rule(huge);
	audit_fill(&audit_events[event], (uint8_t *)fields,
	    "\"\"\"\"\"\"\"\"\"\"\"\"\"\""
	    "\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\"\""
	    "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"
	    "\\",
	    7, NULL);
	for (size_t o = 0; o < OUTPUTS; o++) {
		len = audit_encode(small, sizeof(small), &outputs[o],
		    (enum audit_event)event, fields);
		ck_assert_uint_eq(strlen(small), len);
		if (outputs[o].format == AUDIT_JSON) {
			check_json(small);
			ck_assert_ptr_nonnull(strstr(small, "sallyport.cut"));
		} else if (outputs[o].format == AUDIT_RFC5424)
			check_sd(small, outputs[o].sink == AUDIT_TO_FD);
	}
}

START_TEST(a_record_too_small_for_all_fields_stays_whole)
{
	for (int event = 0; event < AUDIT_EVENT_COUNT; event++)
		stays_whole(event);
}
END_TEST

static void
described_completely(int event)
{
	static const char *const envelope[] = {"src", "sport", "dst", "dport",
	    "user", "req", "uid", "rule", "gen", "conn", "pid", "invalid",
	    "for", "who", "guest", "on", "preauth", "proxy"};
	const struct audit_event_row *row = &audit_events[event];
	int depth = 0, fields = 0;
	char name[32];

	while (row->slots[fields].field != NULL)
		fields++;
	ck_assert_int_lt(fields, AUDIT_SLOT_MAX);
	for (int i = 0; i < event; i++)
		if (audit_events[i].code == row->code ||
		    strcmp(audit_events[i].name, row->name) == 0)
			ck_abort_msg("%s twice", row->name);
	ck_assert_uint_ge(row->code, 1000);
	ck_assert_uint_le(row->code, 9999);
	for (const char *p = row->sentence; *p != '\0'; p++) {
		bool known = false;

		depth += *p == '<' ? 1 : *p == '>' ? -1 : 0;
		ck_assert_int_ge(depth, 0);
		if (*p != '{')
			continue;
		p += 1 + (strchr("?!=+", p[1]) != NULL);
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(p, ":}"), p);
		for (size_t i = 0; i < sizeof(envelope) / sizeof(envelope[0]);
		     i++)
			known = known || strcmp(name, envelope[i]) == 0;
		for (const struct audit_slot *s = row->slots; s->field != NULL;
		     s++)
			known = known || strcmp(name, s->field->name) == 0;
		ck_assert_msg(known, "%s: {%s}", row->id, name);
		p += strcspn(p, "}");
	}
	ck_assert_int_eq(depth, 0);
}

START_TEST(every_event_is_described_completely)
{
	for (int event = 0; event < AUDIT_EVENT_COUNT; event++)
		described_completely(event);
}
END_TEST

/* The text format of one event, all its fields set by the caller. */
#define TEXT(event, ...)                                                  \
	(audit_encode(record, sizeof(record), &outputs[1], AUDIT_##event, \
	     &(const struct audit_##event){__VA_ARGS__}),                 \
	    record)
#define TEXT_WITH_REST(event, ...)                                        \
	(audit_encode(record, sizeof(record), &outputs[0], AUDIT_##event, \
	     &(const struct audit_##event){__VA_ARGS__}),                 \
	    record)

START_TEST(sentences_are_those_log_watchers_know)
{
	ck_assert_str_eq(TEXT(conn_open),
	    "Connection from 192.0.2.7 port 52388 on 2001:db8::1 port 22"
	    " rdomain \"\"");
	ck_assert_str_eq(TEXT(conn_close, .how = "closed"),
	    "Connection closed by 192.0.2.7 port 52388");
	audit_set_identified(); /* sshd's unprivileged child begins here */
	audit_set_requested("eve", false);
	ck_assert_str_eq(TEXT(auth_unknown_user),
	    "Invalid user eve from 192.0.2.7 port 52388");
	ck_assert_str_eq(TEXT(auth_fail, .method = "password"),
	    "Failed password for invalid user eve from 192.0.2.7 port 52388"
	    " ssh2");
	ck_assert_str_eq(TEXT(auth_maxtries, .attempt = 6),
	    "error: maximum authentication attempts exceeded for invalid user"
	    " eve from 192.0.2.7 port 52388 ssh2 [preauth]");
	ck_assert_str_eq(TEXT(conn_close, .how = "disconnecting",
			     .cause = "Too many authentication failures"),
	    "Disconnecting invalid user eve 192.0.2.7 port 52388:"
	    " Too many authentication failures [preauth]");
	ck_assert_str_eq(TEXT(pam_error, .reason = "Authentication failure"),
	    "error: PAM: Authentication failure for illegal user eve from"
	    " 192.0.2.7");
	audit_set_requested("alice", true);
	ck_assert_str_eq(TEXT(conn_close, .how = "closed"),
	    "Connection closed by authenticating user alice 192.0.2.7"
	    " port 52388 [preauth]");
	ck_assert_str_eq(TEXT(conn_close, .how = "reset"),
	    "Connection reset by authenticating user alice 192.0.2.7"
	    " port 52388 [preauth]");
	ck_assert_str_eq(TEXT(auth_fail, .method = "publickey",
			     .key_type = "ssh-ed25519", .fp = "SHA256:x"),
	    "Failed publickey for alice from 192.0.2.7 port 52388 ssh2:"
	    " ED25519 SHA256:x");
	ck_assert_str_eq(TEXT(authz_deny, .as_sshd = "of a list"),
	    "User alice from 192.0.2.7 not allowed because of a list");
	audit_set_user("alice", 1000);
	ck_assert_str_eq(TEXT(auth_ok, .method = "publickey",
			     .key_type = "ssh-ed25519", .fp = "SHA256:x"),
	    "Accepted publickey for alice from 192.0.2.7 port 52388 ssh2:"
	    " ED25519 SHA256:x");
	ck_assert_str_eq(TEXT(auth_ok, .method = "password"),
	    "Accepted password for alice from 192.0.2.7 port 52388 ssh2");
	ck_assert_str_eq(TEXT(auth_ok, .method = "publickey",
			     .key_type = "ssh-rsa-cert-v01@openssh.com",
			     .fp = "SHA256:x", .key_id = "a b", .serial = 7,
			     .ca_type = "ssh-ed25519", .ca_fp = "SHA256:y"),
	    "Accepted publickey for alice from 192.0.2.7 port 52388 ssh2:"
	    " RSA-CERT SHA256:x ID a b (serial 7) CA ED25519 SHA256:y");
	/* A serial that nobody gave is 0, and a serial like any other. */
	ck_assert_str_eq(
	    TEXT(auth_ok, .method = "publickey",
		.key_type = "ssh-rsa-cert-v01@openssh.com", .fp = "SHA256:x",
		.key_id = "a b", .ca_type = "ssh-ed25519", .ca_fp = "SHA256:y"),
	    "Accepted publickey for alice from 192.0.2.7 port 52388 ssh2:"
	    " RSA-CERT SHA256:x ID a b (serial 0) CA ED25519 SHA256:y");
	ck_assert_str_eq(
	    TEXT(conn_disconnect, .code = 11, .text = "disconnected by user"),
	    "Received disconnect from 192.0.2.7 port 52388:11: disconnected by"
	    " user");
	ck_assert_str_eq(TEXT(conn_close, .how = "disconnected"),
	    "Disconnected from user alice 192.0.2.7 port 52388");
	ck_assert_str_eq(TEXT(kex_fail, .reason = "no matching cipher found",
			     .offer = "des"),
	    "Unable to negotiate with 192.0.2.7 port 52388: no matching cipher"
	    " found. Their offer: des");
	ck_assert_str_eq(
	    TEXT(conn_refused, .cause = "past MaxStartups", .count = 3),
	    "drop connection #3 from [192.0.2.7]:52388 on [2001:db8::1]:22"
	    " past MaxStartups");
	ck_assert_str_eq(TEXT(fwd_denied, .kind = "direct-tcpip", .host = "db",
			     .port = 5432, .reason = "policy"),
	    "Forwarding direct-tcpip to db port 5432 by alice refused: policy "
	    "(Connection from 192.0.2.7 port 52388)");
	ck_assert_str_eq(TEXT(fwd_refused, .kind = "direct-tcpip", .host = "db",
			     .port = 5432, .text = "127.0.0.1", .code = 4711),
	    "refused local port forward: originator 127.0.0.1 port 4711,"
	    " target db port 5432");
	ck_assert_str_eq(TEXT(fwd_refused, .kind = "direct-streamlocal",
			     .host = "/run/x", .text = ""),
	    "refused streamlocal port forward: originator  port 0,"
	    " target /run/x");
	ck_assert_str_eq(
	    TEXT(fwd_denied, .kind = "tun", .host = "tun6", .reason = "policy"),
	    "Forwarding tun to tun6 by alice refused: policy "
	    "(Connection from 192.0.2.7 port 52388)");
	ck_assert_str_eq(TEXT(fwd_denied, .kind = "x11", .reason = "policy"),
	    "Forwarding x11 by alice refused: policy "
	    "(Connection from 192.0.2.7 port 52388)");
	ck_assert_str_eq(TEXT(server_stop, .signal = "15"),
	    "Received signal 15; terminating.");
	ck_assert_str_eq(TEXT(file_close, .path = "/a \"b", .bytes_read = 1),
	    "close \"/a \\x22b\" bytes read 1 written 0");
}
END_TEST

START_TEST(fields_the_sentence_leaves_out_follow_it)
{
	audit_set_requested("eve", false);
	ck_assert_str_eq(
	    TEXT_WITH_REST(auth_fail, .method = "password",
		.reason = "bad, \"x\" ]", .attempt = 2, .attempts_left = 4),
	    "Failed password for invalid user eve from 192.0.2.7 port 52388"
	    " ssh2 [conn=0123456789abcdef "
	    "why=bad\\x2c\\x20\\x22x\\x22\\x20\\x5d"
	    " attempt=2 left=4 ms=0]");
	ck_assert_str_eq(
	    TEXT_WITH_REST(conn_close, .how = "disconnecting", .cause = "x",
		.bytes_in = 1, .bytes_out = 2, .duration_ms = 3),
	    "Disconnecting invalid user eve 192.0.2.7 port 52388"
	    " on conn=0123456789abcdef,bin=1,bout=2,ms=3: x");
	audit_forget_connection();
	ck_assert_str_eq(
	    TEXT_WITH_REST(module_load, .module = "pam", .file = "/x"),
	    "Module pam loaded from /x");
}
END_TEST

START_TEST(a_user_name_cannot_imitate_the_sentence)
{
	audit_set_requested("root from 6.6.6.6 port 1 ssh2", false);
	ck_assert_str_eq(TEXT(auth_fail, .method = "password"),
	    "Failed password for invalid user "
	    "root\\x20from\\x206.6.6.6\\x20port\\x201\\x20ssh2"
	    " from 192.0.2.7 port 52388 ssh2");
	audit_set_requested("invalid user x", true);
	ck_assert_str_eq(TEXT(conn_close, .how = "closed"),
	    "Connection closed by authenticating user invalid\\x20user\\x20x"
	    " 192.0.2.7 port 52388");
}
END_TEST

START_TEST(the_envelope_is_in_the_machine_formats)
{
	audit_set_component("monitor");
	audit_set_generation(118);
	audit_set_requested("Alice", true);
	audit_set_user("alice", 4242);
	audit_set_rule("ops");
	audit_encode(record, sizeof(record), &outputs[2], AUDIT_auth_ok,
	    &(const struct audit_auth_ok){.method = "password"});
	ck_assert_ptr_nonnull(strstr(record,
	    "ev=\"auth.ok\" out=\"success\" conn=\"0123456789abcdef\""
	    " src=\"192.0.2.7\" sport=\"52388\" dst=\"2001:db8::1\""
	    " dport=\"22\" user=\"alice\" uid=\"4242\" req=\"Alice\""
	    " rule=\"ops\" gen=\"118\" comp=\"monitor\" method=\"password\""));
	audit_encode(record, sizeof(record), &outputs[4], AUDIT_auth_ok,
	    &(const struct audit_auth_ok){
		.method = "password", .duration_ms = 12});
	ck_assert_ptr_nonnull(strstr(record, "\"event.code\":\"SP-3001\""));
	ck_assert_ptr_nonnull(
	    strstr(record, "\"event.category\":[\"authentication\"]"));
	ck_assert_ptr_nonnull(strstr(record, "\"user.id\":4242"));
	ck_assert_ptr_nonnull(strstr(record, "\"event.duration\":12000000"));
	/* A new connection starts with nothing of the one before. */
	audit_set_connection(
	    "ff", &audit_context()->source, &audit_context()->local);
	audit_encode(record, sizeof(record), &outputs[4], AUDIT_conn_open,
	    &(const struct audit_conn_open){.name = NULL});
	ck_assert_ptr_null(strstr(record, "alice"));
	ck_assert_ptr_null(strstr(record, "rule.name"));
	ck_assert_ptr_nonnull(strstr(record, "generation\":118"));
}
END_TEST

static int hooked;

static void
hook(enum audit_event event, const void *fields, void *arg)
{
	const struct audit_auth_fail *f = fields;

	ck_assert_int_eq(event, AUDIT_auth_fail);
	ck_assert_str_eq(f->method, "password");
	ck_assert_ptr_eq(arg, &hooked);
	hooked++;
	AUDIT(auth_fail, .method = "again"); /* not told to the hook */
}

START_TEST(records_reach_every_output_and_are_counted)
{
	struct audit_output two[] = {
	    {.format = AUDIT_TEXT, .sink = AUDIT_TO_FD},
	    {.format = AUDIT_JSON, .sink = AUDIT_TO_FD},
	};
	char got[4][4096];
	int p[2][2];

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pipe(p[i]), 0);
		two[i].fd = p[i][1];
	}
	ck_assert_int_eq(audit_set_outputs(two, 2), 0);
	errno = ENOTTY;
	AUDIT(auth_fail, .method = "password");
	ck_assert_int_eq(errno, ENOTTY);
	for (int i = 0; i < 2; i++) {
		ssize_t n = read(p[i][0], got[i], sizeof(got[i]) - 1);

		ck_assert_int_gt(n, 0);
		got[i][n] = '\0';
		ck_assert_int_eq(got[i][n - 1], '\n');
		ck_assert_ptr_eq(strchr(got[i], '\n'), &got[i][n - 1]);
	}
	ck_assert_ptr_nonnull(strstr(got[0], "]: Failed password for "));
	ck_assert_int_eq(got[1][0], '{');
	/* In text, verbose events wait for the level; in JSON they do not. */
	AUDIT(conn_open);
	ck_assert_int_gt(read(p[1][0], got[1], sizeof(got[1])), 0);
	log_set_level(LOG_LEVEL_VERBOSE);
	AUDIT(key_accepted, .fp = "SHA256:x");
	ck_assert_int_gt(read(p[0][0], got[0], sizeof(got[0])), 0);
	ck_assert_ptr_nonnull(strstr(got[0], "Accepted key"));
	ck_assert_uint_eq(audit_count(AUDIT_auth_fail), 1);
	audit_set_hook(hook, &hooked);
	AUDIT(auth_fail, .method = "password");
	ck_assert_int_eq(hooked, 1);
	ck_assert_uint_eq(audit_count(AUDIT_auth_fail), 3);
	ck_assert_int_eq(audit_set_outputs(two, 9), E_LIMIT);
}
END_TEST

START_TEST(connection_ids_differ)
{
	char a[AUDIT_CONN_ID_SIZE], b[AUDIT_CONN_ID_SIZE];

	audit_new_conn_id(a);
	audit_new_conn_id(b);
	ck_assert_uint_eq(strlen(a), 16);
	ck_assert_uint_eq(strspn(a, "0123456789abcdef"), 16);
	ck_assert_str_ne(a, b);
}
END_TEST

START_TEST(the_document_is_up_to_date)
{
	const char *srcdir = getenv("srcdir");
	char path[4096], *made = NULL, *there;
	size_t made_len = 0, there_len;
	FILE *f;

	f = open_memstream(&made, &made_len);
	write_doc(f);
	fclose(f);
	snprintf(path, sizeof(path), "%s/doc/AUDIT.md",
	    srcdir == NULL ? "." : srcdir);
	f = fopen(path, "r");
	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	there = mem_zalloc(made_len + 2);
	there_len = fread(there, 1, made_len + 1, f);
	fclose(f);
	ck_assert_msg(
	    there_len == made_len && memcmp(there, made, made_len) == 0,
	    "doc/AUDIT.md is out of date: make audit-doc");
	free(there);
	free(made);
}
END_TEST

Suite *
suite_audit(void)
{
	Suite *s = suite_create("audit");
	TCase *t = tcase_create("audit");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, no_value_breaks_a_record_of_any_event);
	tcase_add_test(t, a_record_too_small_for_all_fields_stays_whole);
	tcase_add_test(t, every_event_is_described_completely);
	tcase_add_test(t, sentences_are_those_log_watchers_know);
	tcase_add_test(t, fields_the_sentence_leaves_out_follow_it);
	tcase_add_test(t, a_user_name_cannot_imitate_the_sentence);
	tcase_add_test(t, the_envelope_is_in_the_machine_formats);
	tcase_add_test(t, records_reach_every_output_and_are_counted);
	tcase_add_test(t, connection_ids_differ);
	tcase_add_test(t, the_document_is_up_to_date);
	suite_add_tcase(s, t);
	return s;
}
