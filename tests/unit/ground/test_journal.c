/*
 * journald's protocol: the encoder against a strict reader, records of every
 * event with hostile values, and a receiver on a socket of our own.
 */
#include "lib/audit_table.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/escape.h"
#include "lib/journal.h"
#include "lib/log.h"
#include "lib/rd.h"
#include "lib/syslog_out.h"
#include "tests/unit/ground/audit_fill.h"
#include "tests/unit/ground/suites.h"
#include "tests/unit/unit.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#define FIELDS 96

/* The fields of a record, as journald would take it apart. */
static struct {
	char names[FIELDS][JOURNAL_NAME_MAX + 1];
	const char *values[FIELDS];
	size_t lens[FIELDS], count;
} seen;

static void
read_record(const char *p, size_t len)
{
	const char *end = &p[len];
	uint64_t size;

	seen.count = 0;
	while (p < end) {
		size_t n = strspn(p, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		size_t i = seen.count++;

		ck_assert_uint_lt(i, FIELDS);
		ck_assert(n > 0 && n <= JOURNAL_NAME_MAX && *p >= 'A');
		ck_assert(p[n] == '=' || p[n] == '\n');
		memcpy(seen.names[i], p, n);
		seen.names[i][n] = '\0';
		p += n + 1;
		if (p[-1] == '=') {
			const char *newline =
			    memchr(p, '\n', (size_t)(end - p));

			ck_assert_ptr_nonnull(newline);
			size = (uint64_t)(newline - p);
		} else {
			ck_assert_int_ge(end - p, 8);
			size = 0;
			for (int k = 7; k >= 0; k--)
				size = size << 8 | (uint8_t)p[k];
			p += 8;
			ck_assert_uint_lt(size, (uint64_t)(end - p));
		}
		seen.values[i] = p;
		seen.lens[i] = size;
		p += size;
		ck_assert_int_eq(*p++, '\n');
	}
}

/* The value of a field that is there once, as a text. */
static const char *
value(const char *name)
{
	static char text[AUDIT_RECORD_MAX + 1];
	const char *found = NULL;

	for (size_t i = 0; i < seen.count; i++)
		if (strcmp(seen.names[i], name) == 0) {
			ck_assert_msg(found == NULL, "%s twice", name);
			ck_assert_uint_lt(seen.lens[i], sizeof(text));
			memcpy(text, seen.values[i], seen.lens[i]);
			text[seen.lens[i]] = '\0';
			found = text;
		}
	return found == NULL ? "(absent)" : found;
}

START_TEST(a_field_is_a_line_or_has_its_length)
{
	static const char plain[] = "A=x=y\0z\nB1=\n";
	char room[256];
	struct journal j;

	journal_begin(&j, room, sizeof(room));
	ck_assert(journal_field(&j, "A", "x=y\0z", 5));
	ck_assert(journal_field(&j, "B1", "", 0));
	ck_assert_uint_eq(j.len, sizeof(plain) - 1);
	ck_assert_int_eq(memcmp(room, plain, j.len), 0);
	ck_assert(journal_field(&j, "C", "1\nMESSAGE=no\n", 13));
	ck_assert_int_eq(memcmp(&room[sizeof(plain) - 1],
			     "C\n\x0d\0\0\0\0\0\0\0"
			     "1\nMESSAGE=no\n\n",
			     10 + 14),
	    0);
	read_record(room, j.len);
	ck_assert_uint_eq(seen.count, 3);
	ck_assert_str_eq(value("C"), "1\nMESSAGE=no\n");
	ck_assert(!j.cut);
}
END_TEST

START_TEST(a_field_of_a_bad_name_is_left_out)
{
	static const char *const bad[] = {"", "_PID", "1A", "a", "A B", "A=B",
	    "A\nB", "\xc3\x84",
	    "A23456789012345678901234567890123456789012345678901234567890123"
	    "45"};
	char room[256];
	struct journal j;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		journal_begin(&j, room, sizeof(room));
		ck_assert_msg(!journal_field(&j, bad[i], "x", 1), "%s", bad[i]);
		ck_assert_uint_eq(j.len, 0);
		ck_assert(j.cut);
	}
}
END_TEST

START_TEST(a_field_that_does_not_fit_is_left_out_whole)
{
	char room[64];
	struct journal j;

	for (size_t size = 0; size < sizeof(room); size++) {
		memset(room, '!', sizeof(room));
		journal_begin(&j, room, size);
		ck_assert_int_eq(
		    journal_field(&j, "AB", "12345", 5), size >= 9);
		ck_assert_int_eq(
		    journal_field(&j, "C", "1\n3", 3), size >= 9 + 14);
		ck_assert_uint_le(j.len, size);
		if (size < sizeof(room))
			ck_assert_int_eq(room[size], '!');
		read_record(room, j.len);
		ck_assert_int_eq(j.cut, size < 9 + 14);
	}
}
END_TEST

static void
set_up_audit(void)
{
	struct net_address source, local;

	log_use_stderr(false);
	net_parse_port("192.0.2.7:52388", &source);
	net_parse_port("[2001:db8::1]:22", &local);
	audit_set_connection("0123456789abcdef", &source, &local);
}

static void
check_event(enum audit_event event, const char *text)
{
	static char record[SYSLOG_OUT_RECORD_MAX];
	const struct audit_event_row *row = &audit_events[event];
	const struct audit_output how = {.format = AUDIT_CLASSIC};
	char sentence[AUDIT_RECORD_MAX], id[AUDIT_MESSAGE_ID_SIZE];
	char name[AUDIT_JOURNAL_NAME_SIZE];
	uint64_t fields[64] = {0};
	struct net_address a;
	size_t len;

	net_parse("2001:db8::2", &a);
	audit_fill(row, (uint8_t *)fields, text, 7, &a);
	audit_encode(sentence, sizeof(sentence), &how, event, fields);
	len = audit_encode_journal(record, sizeof(record), 6, event, fields);
	read_record(record, len);
	ck_assert_str_eq(value("MESSAGE"), sentence);
	audit_message_id(id, row->code);
	ck_assert_uint_eq(strspn(id, "0123456789abcdef"), 32);
	ck_assert_str_eq(value("MESSAGE_ID"), id);
	ck_assert_str_eq(value("SALLYPORT_EVENT"), row->name);
	ck_assert_str_eq(value("SALLYPORT_CUT"), "(absent)");
	for (const struct audit_slot *s = row->slots; s->field != NULL; s++) {
		struct audit_value v = audit_value_of(s, fields);
		char shown[AUDIT_VALUE_MAX + 1];

		if (v.kind == AUDIT_KIND_pairs || !v.present)
			continue;
		audit_value_text(shown, &v, ESCAPE_LINE);
		audit_journal_name(name, "", s->field->name);
		ck_assert_str_eq(value(name), shown);
	}
	for (size_t i = 0; i < seen.count; i++)
		(void)value(seen.names[i]); /* none is there twice */
}

START_TEST(every_field_of_every_event_is_there_once_whatever_is_in_it)
{
	static char huge[6001];
	const char *const hostile[] = {"plain",
	    "x\nMESSAGE=Accepted password for root", "\n", "a=b\nPRIORITY=0\n",
	    "\xff\xfe", "\xe2\x80\xae", "", "_PID=1", huge};

	memset(huge, '\n', sizeof(huge) - 1);
	for (int event = 0; event < AUDIT_EVENT_COUNT; event++)
		for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]);
		     i++) {
			audit_set_requested(hostile[i], i % 2 == 0);
			audit_set_rule(hostile[i]);
			check_event((enum audit_event)event, hostile[i]);
		}
}
END_TEST

START_TEST(a_modules_fields_stand_under_their_names)
{
	char record[SYSLOG_OUT_RECORD_MAX];
	const struct audit_pairs pairs = {.count = 2,
	    .names = {"device", "abcdefghijabcdefghijabcdefghij12"},
	    .values = {"a\nSALLYPORT_USER=root", "2"}};
	size_t len =
	    audit_encode_journal(record, sizeof(record), 6, AUDIT_module_info,
		&(const struct audit_module_info){
		    .module = "otp", .line = "sent", .values = &pairs});

	read_record(record, len);
	ck_assert_str_eq(
	    value("SALLYPORT_M_DEVICE"), "a\\nSALLYPORT_USER=root");
	ck_assert_str_eq(
	    value("SALLYPORT_M_ABCDEFGHIJABCDEFGHIJABCDEFGHIJ12"), "2");
	ck_assert_str_eq(value("SALLYPORT_USER"), "(absent)");
}
END_TEST

static char path[64];

static int
receiver(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char *folder;

	if (path[0] == '\0') {
		folder = unit_folder();
		snprintf(path, sizeof(path), "%s/journal", folder);
		free(folder);
	}
	unlink(path);
	strcpy(un.sun_path, path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&un, sizeof(un)), 0);
	return fd;
}

static void
open_out(bool journal)
{
	const struct syslog_out_options o = {.path = path,
	    .ident = "spt",
	    .facility = LOG_AUTHPRIV,
	    .journal = journal};

	ck_assert_int_eq(syslog_out_open(&o), 0);
}

static void
receive(int fd)
{
	static char record[2 * SYSLOG_OUT_RECORD_MAX];
	ssize_t n = recv(fd, record, sizeof(record), MSG_DONTWAIT);

	ck_assert_int_gt(n, 0);
	read_record(record, (size_t)n);
}

START_TEST(lines_and_events_reach_the_journal_once)
{
	const struct audit_output outputs[] = {{.sink = AUDIT_TO_LOG, .fd = -1},
	    {.sink = AUDIT_TO_JOURNAL,
		.fd = -1,
		.journal = audit_journal_event}};
	int fd = receiver();
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	open_out(true);
	log_use_journal(audit_journal_line);
	ck_assert_int_eq(audit_set_outputs(outputs, 2), 0);
	log_warn("a\nSALLYPORT_CONN=%s", "b");
	receive(fd);
	ck_assert_str_eq(value("MESSAGE"), "warning: a\\nSALLYPORT_CONN=b");
	ck_assert_str_eq(value("PRIORITY"), "4");
	ck_assert_str_eq(value("SYSLOG_FACILITY"), "10");
	ck_assert_str_eq(value("SYSLOG_IDENTIFIER"), "spt");
	ck_assert_str_eq(value("SYSLOG_PID"), pid);
	ck_assert_str_eq(value("SALLYPORT_CONN"), "0123456789abcdef");
	AUDIT(auth_ok, .method = "password");
	receive(fd);
	ck_assert_str_eq(value("SALLYPORT_METHOD"), "password");
	AUDIT(conn_open, .name = "x"); /* verbose: as a line would */
	ck_assert_int_eq(recv(fd, pid, sizeof(pid), MSG_DONTWAIT), -1);
	close(fd);
	fd = receiver(); /* journald has started anew */
	log_info("again");
	receive(fd);
	ck_assert_str_eq(value("MESSAGE"), "again");
	close(fd);
}
END_TEST

START_TEST(a_record_too_large_for_a_datagram_comes_in_a_sealed_file)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	char record[SYSLOG_OUT_RECORD_MAX] = "MESSAGE=", got[sizeof(record)];
	struct iovec iov = {got, sizeof(got)};
	struct msghdr h = {.msg_iov = &iov,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	const int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
	int fd = receiver(), next = dup(fd), file, small = 1;

	close(next); /* the number that the sender gets */
	open_out(true);
	ck_assert_int_eq(
	    setsockopt(next, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	memset(&record[8], 'x', sizeof(record) - 8);
	ck_assert(syslog_out_send_raw(record, sizeof(record)));
	ck_assert_int_eq(recvmsg(fd, &h, MSG_DONTWAIT), 0);
	ck_assert_int_eq(control.header.cmsg_type, SCM_RIGHTS);
	memcpy(&file, CMSG_DATA(&control.header), sizeof(file));
	ck_assert_int_eq(fcntl(file, F_GET_SEALS) & seals, seals);
	ck_assert_int_eq(
	    pread(file, got, sizeof(got), 0), (ssize_t)sizeof(record));
	ck_assert_int_eq(memcmp(got, record, sizeof(record)), 0);
	close(file);
	/* Where no memfd can be made it is lost, and counted. */
	syslog_out_no_reconnect();
	ck_assert(!syslog_out_send_raw(record, sizeof(record)));
	ck_assert_uint_eq(syslog_out_lost(), 1);
	close(fd);
}
END_TEST

START_TEST(what_is_kept_for_the_journal_is_not_sent_to_syslog)
{
	int fd = receiver();
	uint64_t lost;
	struct buf b;
	char byte;
	struct rd r;

	open_out(true);
	while (syslog_out_send_raw("MESSAGE=x\n", 10))
		;
	buf_init(&b, 1 << 20);
	syslog_out_save(&b);
	for (int journal = 1; journal >= 0; journal--) {
		while (recv(fd, &byte, 1, MSG_DONTWAIT) > 0)
			;
		syslog_out_drain(0);
		open_out(journal != 0);
		rd_init(&r, b.data, b.len);
		lost = syslog_out_lost();
		syslog_out_load(&r);
		ck_assert_int_eq(rd_end(&r), 0);
		ck_assert_int_eq(syslog_out_waiting(), journal != 0);
		ck_assert_uint_eq(syslog_out_lost(), lost + (journal == 0));
	}
	buf_free(&b);
	close(fd);
}
END_TEST

static void
teardown(void)
{
	syslog_out_close();
	if (path[0] != '\0')
		unlink(path);
}

Suite *
suite_journal(void)
{
	Suite *s = suite_create("journal");
	TCase *t = tcase_create("journal");

	tcase_add_checked_fixture(t, set_up_audit, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_field_is_a_line_or_has_its_length);
	tcase_add_test(t, a_field_of_a_bad_name_is_left_out);
	tcase_add_test(t, a_field_that_does_not_fit_is_left_out_whole);
	tcase_add_test(
	    t, every_field_of_every_event_is_there_once_whatever_is_in_it);
	tcase_add_test(t, a_modules_fields_stand_under_their_names);
	tcase_add_test(t, lines_and_events_reach_the_journal_once);
	tcase_add_test(
	    t, a_record_too_large_for_a_datagram_comes_in_a_sealed_file);
	tcase_add_test(t, what_is_kept_for_the_journal_is_not_sent_to_syslog);
	suite_add_tcase(s, t);
	return s;
}
