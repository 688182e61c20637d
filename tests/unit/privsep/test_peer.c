/*
 * privsep/peer.c: what reaches a handler, when a turn ends, and which answer
 * is one.
 */
#include "privsep/peer.h"
#include "tests/unit/privsep/suites.h"

#include <sys/socket.h>

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

struct reader {
	unsigned heard[WALL_TYPES];
	unsigned most; /* messages that it wants in a turn */
	int result; /* of its handlers */
	int judgement;
	enum wall_type broken;
	int fault;
};

#define PEER_CONTEXT struct reader
WALL_MASTER_KEYHOLDER(PEER_DECLARE_STATIC)
PEER_HANDLE(MASTER_KEYHOLDER)

static struct reader reader;
static struct wall here, there;

static int
on_attend(struct reader *r, struct wall_message *m)
{
	r->heard[m->type]++;
	return r->result;
}

static int
on_retire(struct reader *r, struct wall_message *m)
{
	r->heard[m->type]++;
	wall_free(&there); /* as a reader that is done with its peer */
	return r->result;
}

static int
on_checkpoint(struct reader *r, struct wall_message *m)
{
	r->heard[m->type]++;
	return r->result;
}

static int
judge(void *arg, struct wall_message *m)
{
	(void)m;
	return ((struct reader *)arg)->judgement;
}

static void
broke(void *arg, enum wall_type type, int err)
{
	struct reader *r = arg;

	r->broken = type;
	r->fault = err;
}

static bool
more(void *arg, enum wall_type last)
{
	const struct reader *r = arg;

	(void)last;
	return r->heard[MSG_attend] < r->most;
}

static const struct peer peer = {.handle = peer_MASTER_KEYHOLDER,
    .judge = judge,
    .broke = broke,
    .turn = 4,
    .more = more};

static void
start(void)
{
	int fds[2];

	memset(&reader, 0, sizeof(reader));
	reader.most = UINT32_MAX;
	ck_assert_int_eq(wall_pair(fds), 0);
	ck_assert_int_eq(fcntl(fds[1], F_SETFL, O_NONBLOCK), 0);
	wall_init(&here, fds[0], PATH_MASTER_KEYHOLDER, PATH_KEYHOLDER_MASTER);
	wall_init(&there, fds[1], PATH_KEYHOLDER_MASTER, PATH_MASTER_KEYHOLDER);
}

static void
end(void)
{
	wall_free(&here);
	wall_free(&there);
}

static void
attend(unsigned count)
{
	while (count-- > 0)
		ck_assert_int_eq(WALL_SEND_FD(&here, 0, attend), 0);
}

START_TEST(a_turn_is_bounded_and_ends_when_the_reader_wants_no_more)
{
	attend(6);
	ck_assert_int_eq(peer_read(&peer, &there, &reader), 0);
	ck_assert_uint_eq(reader.heard[MSG_attend], 4);
	reader.most = 5;
	ck_assert_int_eq(peer_read(&peer, &there, &reader), 0);
	ck_assert_uint_eq(reader.heard[MSG_attend], 5);
	reader.most = 9;
	ck_assert_int_eq(peer_read(&peer, &there, &reader), E_AGAIN);
	ck_assert_uint_eq(reader.heard[MSG_attend], 6);
	ck_assert_int_eq(reader.fault, 0);
	wall_free(&here);
	ck_assert_int_eq(peer_read(&peer, &there, &reader), E_CLOSED);
	ck_assert_int_eq(reader.fault, 0);
}
END_TEST

START_TEST(a_message_that_is_not_legal_now_reaches_no_handler)
{
	attend(2);
	reader.judgement = E_STATE;
	ck_assert_int_eq(peer_read(&peer, &there, &reader), E_STATE);
	ck_assert_uint_eq(reader.heard[MSG_attend], 0);
	ck_assert_int_eq(reader.broken, MSG_attend);
	ck_assert_int_eq(reader.fault, E_STATE);
	/* One that is dropped is no fault. */
	reader.fault = 0;
	reader.judgement = E_AGAIN;
	ck_assert_int_eq(peer_read(&peer, &there, &reader), E_AGAIN);
	ck_assert_uint_eq(reader.heard[MSG_attend], 0);
	ck_assert_int_eq(reader.fault, 0);
}
END_TEST

START_TEST(what_is_no_message_and_a_handler_s_error_are_faults)
{
	ck_assert_int_eq(send(here.fd, "\xff\xff", 2, 0), 2);
	ck_assert_int_eq(peer_read(&peer, &there, &reader), E_FORMAT);
	ck_assert_int_eq(reader.broken, MSG_nothing);
	ck_assert_int_eq(reader.fault, E_FORMAT);
	attend(1);
	reader.result = E_LIMIT;
	ck_assert_int_eq(peer_read(&peer, &there, &reader), E_LIMIT);
	ck_assert_int_eq(reader.broken, MSG_attend);
	ck_assert_int_eq(reader.fault, E_LIMIT);
}
END_TEST

START_TEST(a_handler_may_close_its_wall)
{
	const struct peer once = {.handle = peer_MASTER_KEYHOLDER};

	ck_assert_int_eq(WALL_SEND(&here, retire), 0);
	ck_assert_int_eq(peer_read(&once, &there, &reader), 0);
	ck_assert_uint_eq(reader.heard[MSG_retire], 1);
	ck_assert_ptr_null(there.spare);
}
END_TEST

START_TEST(an_answer_is_the_message_that_the_table_names)
{
	struct wall monitor, holder;
	struct wall_message m;
	int fds[2];

	ck_assert_int_eq(wall_pair(fds), 0);
	wall_init(&monitor, fds[0], PATH_MONITOR_TICKETS, PATH_TICKETS_MONITOR);
	wall_init(&holder, fds[1], PATH_TICKETS_MONITOR, PATH_MONITOR_TICKETS);
	ck_assert_int_eq(
	    peer_answer(&monitor, MSG_ticket_mic, 0, &m), E_TIMEOUT);
	ck_assert_int_eq(WALL_SEND(&holder, ticket_signed, .text = "no"), 0);
	ck_assert_int_eq(
	    peer_answer(&monitor, MSG_ticket_mic, -1, &m), E_FORMAT);
	ck_assert_int_eq(
	    WALL_SEND(&holder, ticket_checked, .good = true, .text = ""), 0);
	ck_assert_int_eq(peer_answer(&monitor, MSG_ticket_mic, -1, &m), 0);
	ck_assert(m.ticket_checked.good);
	wall_done(&monitor, &m);
	wall_free(&holder);
	ck_assert_int_eq(
	    peer_answer(&monitor, MSG_ticket_mic, -1, &m), E_CLOSED);
	wall_free(&monitor);
}
END_TEST

Suite *
suite_peer(void)
{
	Suite *s = suite_create("peer");
	TCase *tc = tcase_create("peer");

	tcase_add_checked_fixture(tc, start, end);
	tcase_add_test(
	    tc, a_turn_is_bounded_and_ends_when_the_reader_wants_no_more);
	tcase_add_test(tc, a_message_that_is_not_legal_now_reaches_no_handler);
	tcase_add_test(tc, what_is_no_message_and_a_handler_s_error_are_faults);
	tcase_add_test(tc, a_handler_may_close_its_wall);
	tcase_add_test(tc, an_answer_is_the_message_that_the_table_names);
	suite_add_tcase(s, tc);
	return s;
}
