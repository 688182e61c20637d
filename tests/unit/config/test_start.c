/*
 * config/policy/start.c, forward.c and tighten.c: no request that the policy
 * refuses succeeds because of what a key line, a principals line or a
 * certificate says.  Every request is made under every combination of what the
 * policy grants and of commands.
 */
#include "config/policy/forward.h"
#include "tests/unit/config/decide.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdio.h>
#include <string.h>

enum source { NO_COMMAND, RULE, GUARD, KEY, OVERLAY };

/* The text of each part of the policy. */
static const char *const sftp_kinds[] = {"", "sftp_only = true;",
    "sftp_read_only = true;", "sftp_umask = \"0022\";", "sftp_start = \"/a\";"};
static const char *const lists[] = {"", "subsystems = [];",
    "subsystems = [ \"sftp\" ];", "subsystems = [ \"x\" ];"};

struct request {
	enum policy_request request;
	const char *text;
};

static const struct request requests[] = {{REQUEST_SHELL, ""},
    {REQUEST_EXEC, "ls"}, {REQUEST_EXEC, "internal-sftp"},
    {REQUEST_SUBSYSTEM, "sftp"}, {REQUEST_SUBSYSTEM, "x"},
    {REQUEST_SUBSYSTEM, "none"}};

struct policy {
	bool shell, exec;
	unsigned sftp, list;
	enum source source;
	const char *command;
};

static void
decide_policy(const struct policy *p)
{
	struct policy_facts facts = facts_of_alice();
	struct origin origin = {"authorized_keys", 3};
	char text[1024], command[64] = "";

	if (p->source != NO_COMMAND)
		snprintf(
		    command, sizeof(command), "command = \"%s\";", p->command);
	snprintf(text, sizeof(text),
	    "subsystems = ( { name = \"sftp\"; command = \"/bin/sftp\"; }, "
	    "{ name = \"x\"; command = \"/bin/x\"; } );"
	    "rules = ( { name = \"r\"; methods = [ \"publickey\" ]; shell = "
	    "%s; "
	    "exec = %s; %s %s %s } ); guards = ( { name = \"g\"; %s } ); "
	    "overlays = ( { name = \"o\"; max_sessions = 3; %s } );",
	    p->shell ? "true" : "false", p->exec ? "true" : "false",
	    sftp_kinds[p->sftp], lists[p->list],
	    p->source == RULE ? command : "", p->source == GUARD ? command : "",
	    p->source == OVERLAY ? command : "");
	decide(text, &facts);
	if (p->source == KEY)
		ck_assert_int_eq(
		    decision_tighten_command(&decision, p->command, origin), 0);
}

/* Independently of the code: is the request, as asked, permitted? */
static bool
permitted(const struct policy *p, const struct request *r)
{
	bool listed = p->list == 0 ||
	    (p->list == 2 && strcmp(r->text, "sftp") == 0) ||
	    (p->list == 3 && strcmp(r->text, "x") == 0);

	if (p->sftp == 1)
		return r->request == REQUEST_SUBSYSTEM &&
		    strcmp(r->text, "sftp") == 0 && listed;
	if (r->request == REQUEST_SUBSYSTEM)
		return listed && strcmp(r->text, "none") != 0;
	return r->request == REQUEST_SHELL ? p->shell : p->exec;
}

/* May the command of a key run by itself? */
static bool
key_command_permitted(const struct policy *p)
{
	static const struct request sftp = {REQUEST_SUBSYSTEM, "sftp"};

	return strcmp(p->command, "internal-sftp") == 0 ? permitted(p, &sftp) :
							  p->exec;
}

static void
check_request(const struct policy *p, const struct request *r)
{
	bool may = permitted(p, r), forced = p->source != NO_COMMAND;
	struct policy_start start;

	if (p->source == KEY && p->sftp == 1)
		forced = false; /* the policy's own goes before */
	if (forced && p->source == KEY)
		may = may && key_command_permitted(p);
	else if (forced && p->source != OVERLAY)
		may = strcmp(r->text, "none") != 0;
	policy_start(config, &decision, r->request, r->text, &start);
	ck_assert_msg((start.refusal == NULL) == may,
	    "%s: request %d \"%s\" shell %d exec %d %s %s source %d \"%s\"",
	    start.refusal != NULL ? start.refusal : "permitted",
	    (int)r->request, r->text, p->shell, p->exec, sftp_kinds[p->sftp],
	    lists[p->list], (int)p->source, p->command);
	if (!may)
		return;
	ck_assert_int_eq(start.forced, forced);
	if (forced)
		ck_assert_str_eq(start.command, p->command);
	else if (r->request == REQUEST_SUBSYSTEM)
		/* Grants of the internal server's force it. */
		ck_assert_int_eq(start.program,
		    p->sftp != 0 && strcmp(r->text, "sftp") == 0 ?
			PROGRAM_SFTP :
			PROGRAM_COMMAND);
}

static void
check_policy(struct policy *p, enum source source, const char *command)
{
	size_t i;

	p->source = source;
	p->command = command;
	if (p->sftp == 1 && source != KEY && source != NO_COMMAND)
		return; /* they exclude each other */
	decide_policy(p);
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		check_request(p, &requests[i]);
	done();
}

START_TEST(no_command_of_a_key_makes_a_refused_request_succeed)
{
	struct policy p = {.shell = _i & 1, .exec = _i & 2};

	for (p.sftp = 0; p.sftp < 5; p.sftp++)
		for (p.list = 0; p.list < 4; p.list++) {
			check_policy(&p, NO_COMMAND, "");
			check_policy(&p, RULE, "id");
			check_policy(&p, GUARD, "id");
			check_policy(&p, KEY, "id");
			check_policy(&p, KEY, "internal-sftp");
			check_policy(&p, OVERLAY, "id");
		}
}
END_TEST

/* How the grants of an overlay's command come about, and whether it runs. */
enum word { UNSAID, OFF, ON };
static const struct standing {
	enum word rule, before, own, after, guard;
	bool rule_commands, guard_commands, runs;
} standings[] = {
    {.runs = true},
    {.own = OFF, .runs = true},
    {.own = OFF, .after = OFF, .runs = true}, /* it is set already */
    {.rule = ON, .own = OFF, .runs = true}, /* the rule's word stands */
    {.own = OFF, .guard = ON, .runs = true},
    {.rule = OFF},
    {.rule = OFF, .own = OFF},
    {.before = OFF},
    {.before = OFF, .own = OFF},
    {.after = OFF},
    {.guard = OFF},
    {.own = OFF, .guard = OFF},
    {.rule = OFF, .guard_commands = true, .runs = true},
    {.rule = OFF, .guard = OFF, .rule_commands = true, .runs = true},
};

static const struct {
	enum policy_request request;
	const char *text, *words[3];
} asked[] = {
    {REQUEST_SHELL, "", {"", "shell = false;", "shell = true;"}},
    {REQUEST_EXEC, "ls", {"", "exec = false;", "exec = true;"}},
    {REQUEST_SUBSYSTEM, "x", {"", "subsystems = [ \"y\" ];", ""}},
};

START_TEST(an_overlays_command_stands_in_for_its_own_refusals_alone)
{
	const struct standing *s = &standings[_i];
	struct policy_facts facts = facts_of_alice();
	const char *id = "command = \"id\";";
	struct policy_start start;
	char text[1024];

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		const char *const *words = asked[i].words;

		snprintf(text, sizeof(text),
		    "subsystems = ( { name = \"x\"; command = \"/bin/x\"; } );"
		    "rules = ( { name = \"r\"; methods = [ \"publickey\" ]; "
		    "%s %s } ); overlays = ( { name = \"a\"; max_sessions = 3; "
		    "%s }, { name = "
		    "\"b\"; %s %s }, { name = \"c\"; user_rc = false; %s } ); "
		    "guards = ( { name "
		    "= \"g\"; %s %s } );",
		    words[s->rule], s->rule_commands ? id : "",
		    words[s->before], id, words[s->own], words[s->after],
		    words[s->guard], s->guard_commands ? id : "");
		decide(text, &facts);
		policy_start(
		    config, &decision, asked[i].request, asked[i].text, &start);
		ck_assert_msg((start.refusal == NULL) == s->runs, "%s", text);
		if (s->runs)
			ck_assert_str_eq(start.command, "id");
		done();
	}
}
END_TEST

START_TEST(a_refused_decision_starts_nothing)
{
	struct policy_facts facts = facts_of_alice();
	struct policy_start start;
	size_t i;

	decide("rules = ( { name = \"r\"; refuse = true; methods = [ \"x\" ]; "
	       "command = \"id\"; } );",
	    &facts);
	for (i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		policy_start(config, &decision, requests[i].request,
		    requests[i].text, &start);
		ck_assert_ptr_nonnull(start.refusal);
	}
	done();
}
END_TEST

START_TEST(a_refusal_has_a_sentence_for_the_user)
{
	static const struct {
		const char *grants, *sentence;
		enum policy_request request;
	} rows[] = {
	    {"", "", REQUEST_EXEC},
	    {"sftp_only = true;", "This account allows SFTP only.",
		REQUEST_EXEC},
	    {"shell = false; exec = false;", "This account allows SFTP only.",
		REQUEST_SHELL},
	    {"shell = false; exec = false; subsystems = [ ]; "
	     "local_forward = [ \"*:*\" ];",
		"This account allows forwarding only.", REQUEST_EXEC},
	    {"shell = false; exec = false; subsystems = [ ];",
		"This account allows neither a shell nor commands.",
		REQUEST_EXEC},
	    {"shell = false;", "This account allows no shell, only commands.",
		REQUEST_SHELL},
	    {"exec = false;", "This account allows no commands, only a shell.",
		REQUEST_EXEC},
	};
	struct policy_facts facts = facts_of_alice();
	struct policy_start start;
	char text[512];

	snprintf(text, sizeof(text),
	    "rules = ( { name = \"r\"; methods = [ \"x\" ]; %s } );",
	    rows[_i].grants);
	decide(text, &facts);
	policy_start(config, &decision, rows[_i].request, "id", &start);
	ck_assert_str_eq(
	    policy_start_sentence(&decision, &start), rows[_i].sentence);
	done();
}
END_TEST

START_TEST(a_rules_command_for_a_subsystem_goes_before_the_servers)
{
	struct policy_facts facts = facts_of_alice();
	struct policy_start start;

	decide("rules = ( { name = \"r\"; methods = [ \"x\" ]; "
	       "subsystem_commands = [ \"x=/bin/y\", \"sftp=internal\" ]; } );",
	    &facts);
	policy_start(config, &decision, REQUEST_SUBSYSTEM, "x", &start);
	ck_assert_ptr_null(start.refusal);
	ck_assert_str_eq(start.command, "/bin/y");
	policy_start(config, &decision, REQUEST_SUBSYSTEM, "sftp", &start);
	ck_assert_int_eq(start.program, PROGRAM_SFTP);
	done();
}
END_TEST

/* SSH_ORIGINAL_COMMAND: scripts tell by it what was asked for, as with sshd. */
START_TEST(a_forced_command_learns_the_subsystems_program)
{
	struct policy_facts facts = facts_of_alice();
	struct policy_start start;

	decide("subsystems = ( { name = \"sftp\"; command = \"internal\"; }, "
	       "{ name = \"x\"; command = \"/bin/x -a\"; } ); rules = ( { "
	       "name = \"r\"; methods = [ \"x\" ]; command = \"c\"; } );",
	    &facts);
	policy_start(config, &decision, REQUEST_SUBSYSTEM, "sftp", &start);
	ck_assert_str_eq(start.command, "c");
	ck_assert_str_eq(start.original, "internal-sftp");
	policy_start(config, &decision, REQUEST_SUBSYSTEM, "x", &start);
	ck_assert_str_eq(start.original, "/bin/x -a");
	policy_start(config, &decision, REQUEST_EXEC, "sftp", &start);
	ck_assert_str_eq(start.original, "sftp");
	policy_start(config, &decision, REQUEST_SHELL, "", &start);
	ck_assert_ptr_null(start.original);
	done();
}
END_TEST

/* ---- what else a client can ask for ---- */

static const struct {
	enum grant grant;
	const char *on, *off;
} others[] = {
    {GRANT_pty, "pty = true;", "pty = false;"},
    {GRANT_agent, "agent = true;", "agent = false;"},
    {GRANT_x11, "x11 = true;", "x11 = false;"},
    {GRANT_tun, "tun = \"yes\";", "tun = \"no\";"},
    {GRANT_user_rc, "user_rc = true;", "user_rc = false;"},
    {GRANT_accept_env, "accept_env = \"*\";", "accept_env = [];"},
    {GRANT_local_forward, "local_forward = \"*:*\";", "local_forward = [];"},
    {GRANT_remote_forward, "remote_forward = \"*:*\";", "remote_forward = [];"},
    {GRANT_unix_local, "unix_local = \"*\";", "unix_local = [];"},
    {GRANT_unix_remote, "unix_remote = \"*\";", "unix_remote = [];"},
};
#define OTHERS (sizeof(others) / sizeof(others[0]))

/* The monitor's question. */
static bool
granted(enum grant grant)
{
	const struct decision *d = &decision;
	struct net_address out[LISTEN_ADDRESSES_MAX];

	switch (grant) {
	case GRANT_pty:
		return d->grants.pty;
	case GRANT_agent:
		return d->grants.agent;
	case GRANT_x11:
		return d->grants.x11;
	case GRANT_tun:
		return d->grants.tun != TUN_NO;
	case GRANT_user_rc:
		return d->grants.user_rc;
	case GRANT_accept_env:
		return policy_may_env(d, "LANG");
	case GRANT_local_forward:
		return policy_may_connect(d, "127.0.0.1", 22, NULL) !=
		    POLICY_NO ||
		    policy_may_connect(d, "name", 22, NULL) != POLICY_NO;
	case GRANT_remote_forward:
		return policy_may_listen(d, "localhost", 8080, out) != 0;
	case GRANT_unix_local:
		return policy_may_unix_somewhere(d, GRANT_unix_local) ||
		    policy_may_unix_connect(d, "/run/x");
	case GRANT_unix_remote:
		return policy_may_unix_somewhere(d, GRANT_unix_remote) ||
		    policy_may_unix_listen(d, "/run/x");
	default:
		ck_abort_msg("grant %d has no question", (int)grant);
	}
}

/* One option of a line or a certificate, numbered; false: there is none. */
static bool
tighten_with(size_t number)
{
	static const char *const wide[] = {"*:*", "127.0.0.1:22", "*:8080"};
	static const char *const commands[] = {"id", "internal-sftp"};
	struct origin origin = {"authorized_keys", 3};

	if (number < OTHERS)
		(void)decision_tighten_off(
		    &decision, others[number].grant, origin);
	else if (number == OTHERS)
		(void)decision_tighten_targets(
		    &decision, GRANT_local_forward, wide, 3, origin);
	else if (number == OTHERS + 1)
		(void)decision_tighten_targets(
		    &decision, GRANT_remote_forward, wide, 3, origin);
	else if (number < OTHERS + 4)
		(void)decision_tighten_command(
		    &decision, commands[number - OTHERS - 2], origin);
	else
		return false;
	return true;
}

/* Refused by the rule or by a guard, beside others that are granted. */
static void
decide_without(size_t refused, bool by_guard)
{
	struct policy_facts facts = facts_of_alice();
	char text[2048];
	size_t i, len;

	len = (size_t)snprintf(text, sizeof(text),
	    "rules = ( { name = \"r\"; methods = [ \"publickey\" ];");
	for (i = 0; i < OTHERS; i++)
		len += (size_t)snprintf(&text[len], sizeof(text) - len, " %s",
		    i == refused && !by_guard ? others[i].off : others[i].on);
	snprintf(&text[len], sizeof(text) - len,
	    " } ); guards = ( { name = \"g\"; %s } );",
	    by_guard ? others[refused].off : "");
	decide(text, &facts);
}

START_TEST(no_option_of_a_key_grants_what_the_policy_refuses)
{
	size_t first, second, i;

	for (int by_guard = 0; by_guard < 2; by_guard++) {
		decide_without((size_t)_i, by_guard);
		for (i = 0; i < OTHERS; i++)
			ck_assert_int_eq(
			    granted(others[i].grant), i != (size_t)_i);
		done();
		for (first = 0; first < OTHERS + 4; first++)
			for (second = 0; second < OTHERS + 4; second++) {
				decide_without((size_t)_i, by_guard);
				ck_assert(tighten_with(first));
				ck_assert(tighten_with(second));
				ck_assert_msg(!granted(others[_i].grant),
				    "%s, after options %zu and %zu",
				    others[_i].off, first, second);
				done();
			}
	}
	ck_assert(!tighten_with(OTHERS + 4));
}
END_TEST

Suite *
suite_start(void)
{
	Suite *suite = suite_create("start");
	TCase *tc = tcase_create("start");

	tcase_add_loop_test(
	    tc, no_command_of_a_key_makes_a_refused_request_succeed, 0, 4);
	tcase_add_loop_test(
	    tc, no_option_of_a_key_grants_what_the_policy_refuses, 0, OTHERS);
	tcase_add_loop_test(tc,
	    an_overlays_command_stands_in_for_its_own_refusals_alone, 0,
	    sizeof(standings) / sizeof(standings[0]));
	tcase_add_test(tc, a_refused_decision_starts_nothing);
	tcase_add_loop_test(tc, a_refusal_has_a_sentence_for_the_user, 0, 7);
	tcase_add_test(
	    tc, a_rules_command_for_a_subsystem_goes_before_the_servers);
	tcase_add_test(tc, a_forced_command_learns_the_subsystems_program);
	suite_add_tcase(suite, tc);
	return suite;
}
