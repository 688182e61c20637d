/*
 * config/diff: what a new policy changes for whom.  Rows for what is told, and
 * random policies with random logins: each login that two policies decide
 * differently must lie in a cell of a change that is told of.
 */
#include "config/diff/boxes.h"
#include "config/diff/diff.h"
#include "config/diff/walk.h"
#include "config/policy/match.h"
#include "lib/mem.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdlib.h>
#include <string.h>

#define NOW ((time_t)1796000000) /* late in 2026 */

static const char *const groups_of_staff[] = {"staff"};
static const char *const groups_of_both[] = {"staff", "ops"};

static const struct policy_facts users[] = {
    {.user_state = FACT_KNOWN,
	.user = "alice",
	.uid = 1000,
	.groups_state = FACT_KNOWN,
	.groups = groups_of_staff,
	.group_count = 1},
    {.user_state = FACT_KNOWN,
	.user = "bob",
	.uid = 1001,
	.groups_state = FACT_KNOWN,
	.groups = groups_of_both,
	.group_count = 2},
    {.user_state = FACT_KNOWN,
	.user = "carl",
	.uid = 1002,
	.groups_state = FACT_UNKNOWN},
    {.user_state = FACT_KNOWN,
	.user = "root",
	.uid = 0,
	.groups_state = FACT_KNOWN},
    {.user_state = FACT_ABSENT, .user = "nobody-here"},
};

#define N_USERS (sizeof(users) / sizeof(users[0]))

/* ---- rows ---- */

#define KEY	"methods = [ \"publickey\" ]; "
#define RULE(x) "rules = ( { name = \"r\"; " KEY x " } );"

#define GSSAPI \
	"rules = ( { name = \"r\"; methods = [ \"gssapi-with-mic\" ]; } );"

struct row {
	const char *old, *new;
	size_t looser, unjudged, tighter;
	const char *told; /* a part of the text */
};

/* clang-format off */
static const struct row rows[] = {
    {RULE(""), RULE(""), 0, 0, 0, "0 looser, 0 otherwise, 0 tighter; 5 users"},
    {RULE("agent = true;"), RULE("agent = false;"), 0, 0, 1, "opening nothing\n  agent: true"},
    {RULE("agent = false;"), RULE("agent = true;"), 1, 0, 0, "3 users: alice, bob, carl"},
    {RULE("max_sessions = 3;"), RULE("max_sessions = 4;"), 1, 0, 0, "max_sessions: 3"},
    {RULE("key_rsa_bits = 2048;"), RULE("key_rsa_bits = 4096;"), 0, 0, 1,
	"by publickey with a key of type rsa-sha2-512 and 3 like it with 2048 bits"},
    {RULE("local_forward = [ \"a:1\" ];"), RULE("local_forward = [ \"a:1\", \"b:2\" ];"), 1, 0, 0,
	"local_forward: [\"a:1\"]"},
    {RULE("local_forward = [ \"a:1\", \"b:2\" ];"), RULE("local_forward = [ \"b:2\" ];"), 0, 0, 1, "TIGHTER"},
    {RULE("local_forward = [ \"a:1\" ];"), RULE("local_forward = [ \"a:*\" ];"), 0, 1, 0, "OTHERWISE"},
    {RULE("accept_env = [ \"*\" ];"), RULE("accept_env = [ \"*\", \"!LD_*\" ];"), 0, 0, 1, "accept_env"},
    {RULE("accept_env = [ \"*\", \"!LD_*\" ];"), RULE("accept_env = [ \"*\" ];"), 1, 0, 0, "accept_env"},
    {RULE("accept_env = [ \"*\" ];"), RULE("accept_env = [ \"LANG\" ];"), 0, 0, 1, "accept_env"},
    {RULE("channel_timeouts = [ \"session=10m\" ];"), RULE(""), 1, 0, 0, "channel_timeouts"},
    {RULE("command = \"a\";"), RULE(""), 2, 0, 0, "command: \"a\""},
    {RULE("pty = false;"), RULE("command = \"a\"; command_restricts = false; pty = false;"), 0, 2, 0,
	"command: \"none\""},
    {RULE("set_env = [ \"A=1\" ];"), RULE("set_env = [ \"A=2\" ];"), 0, 1, 0, "set_env"},
    {RULE("match = { from = [ \"10.0.0.0/8\" ]; };"),
	RULE("match = { from = [ \"10.0.0.0/8\", \"!10.255.0.0/16\" ]; };"), 0, 0, 1, "from 10.255.0.0/16; by publickey"},
    {RULE("match = { from = [ \"10.0.0.0/8\" ]; };"), RULE(""), 2, 0, 0,
	"from elsewhere (IPv4) or elsewhere (IPv6); by publickey"},
    {RULE("match = { group = \"ops\"; };"), RULE("match = { group = \"staff\"; };"), 1, 0, 0,
	"1 user: alice\n      from anywhere; by publickey"},
    {RULE("times = [ \"mon-fri 08:00-18:00 UTC\" ];"), RULE("times = [ \"mon-fri 08:00-19:00 UTC\" ];"), 1, 0, 0,
	"in mon-fri 08:00-19:00 UTC; by publickey"},
    {"rules = ( { name = \"r\"; methods = [ \"publickey\" ]; } );",
	"rules = ( { name = \"r\"; methods = [ \"publickey,password\" ]; } );", 0, 0, 1, "no_chain by r"},
    {RULE(""), RULE("") "guards = ( { name = \"g\"; match = { key_type = \"ssh-rsa*\"; }; refuse = true; } );",
	0, 0, 1, "guard_refuses by g"},
    {RULE(""), RULE("") "guards = ( { name = \"g\"; match = { method = \"publickey\"; }; require = \"password\"; } );",
	0, 0, 1, "must also walk: nothing is now password"},
    {RULE(""), RULE("") "crypto = { ciphers = [ \"aes256-gcm@openssh.com\" ]; };", 0, 1, 0, "the server: crypto.ciphers"},
    {RULE(""), RULE("") "listeners = ( { name = \"main\"; crypto = { ciphers = [ \"aes256-ctr\" ]; }; } );", 0, 1, 0,
	"the server: listener main: crypto.ciphers"},
    {RULE(""), RULE("") "log = { level = \"debug\"; };", 0, 0, 2, "the server: log.level"},
    {RULE("root_login = \"key\"; match = { user = \"root\"; };"),
	RULE("root_login = \"yes\"; match = { user = \"root\"; };"), 1, 0, 0, "root_login: \"key\""},
    {RULE("shell = false; exec = false; subsystems = [];"),
	RULE("shell = false; exec = false; subsystems = []; command = \"a\";"), 3, 1, 1, "stands in"},
    {RULE("sftp_umask = \"0077\";"), RULE(""), 0, 1, 0, "sftp_umask"},
    {RULE(""), RULE("sftp_only = true;"), 0, 1, 4, "sftp_only"},
    {RULE("chroot = \"none\"; unix_local = [ \"/run/a\" ];"), RULE("chroot = \"/j\"; unix_local = [ \"/run/a\" ];"),
	0, 1, 0, "chroot"},
    {RULE("gateway_ports = \"client\"; remote_forward = [ \"=db:1\" ];"),
	RULE("gateway_ports = \"no\"; remote_forward = [ \"=db:1\" ];"), 0, 1, 0, "gateway_ports"},
    {RULE("channel_timeouts = [ \"session=0\", \"*=10m\" ];"),
	RULE("channel_timeouts = [ \"*=10m\", \"session=0\" ];"), 0, 1, 0, "channel_timeouts"},
    {RULE("channel_timeouts = [ \"*=10m\" ];"), RULE("channel_timeouts = [ \"session=0\", \"*=10m\" ];"), 0, 1, 0,
	"channel_timeouts"},
    {RULE("channel_timeouts = [ \"*=10m\" ];"), RULE("channel_timeouts = [ \"*=10m\", \"global=1h\" ];"), 0, 0, 1,
	"channel_timeouts"},
    {RULE("accept_env = [ \"*:*\" ];"), RULE("accept_env = [ \"LANG\" ];"), 0, 1, 0, "accept_env"},
    {RULE("") "guards = ( { name = \"g\"; match = { key_ca = \"*\"; }; refuse = true; } );", RULE(""), 1, 0, 0,
	"by publickey with a key of type"},
    {RULE("key_cas = [];"), RULE(""), 1, 0, 0, "by publickey with a key of type"},
    {RULE("root_login = \"no\"; match = { user = \"root\"; };"),
	RULE("root_login = \"forced-command\"; match = { user = \"root\"; };"), 1, 0, 0, "with a command of its own"},
    {RULE("") "guards = ( { name = \"g\"; match = { method = \"publickey\"; }; require = \"password\"; }, "
	"{ name = \"h\"; match = { method = \"password\"; }; refuse = true; } );",
	RULE("") "guards = ( { name = \"g\"; match = { method = \"publickey\"; }; require = \"password\"; } );",
	1, 0, 0, "guard_refuses by h"},
    {GSSAPI "guards = ( { name = \"g\"; match = { delegated = true; }; refuse = true; } );", GSSAPI, 1, 0, 0,
	"by gssapi-with-mic and tickets"},
    {GSSAPI "guards = ( { name = \"g\"; match = { principal = \"admin*\"; realm = \"E\"; }; refuse = true; } );",
	GSSAPI, 1, 0, 0, "of admin@E"},
    {RULE("key_rsa_bits = 1024;") "guards = ( { name = \"g\"; match = { key_type = \"ssh-rsa\"; }; refuse = true; } );",
	RULE(""), 1, 0, 1, "2048 bits"},
    {RULE("shell = false;") "overlays = ( { name = \"o\"; command = \"a\"; } );",
	RULE("") "overlays = ( { name = \"o\"; command = \"a\"; shell = false; } );", 1, 0, 0, "a shell: refused before"},
    {"rules = ( { name = \"r\"; methods = [ \"password\" ]; } );",
	"rules = ( { name = \"r\"; methods = [ \"password:lax\" ]; } );", 0, 1, 1, "left open before"},
    {RULE("") "modules = ( { name = \"a\"; file = \"/a\"; }, { name = \"b\"; file = \"/b\"; } );",
	RULE("") "modules = ( { name = \"b\"; file = \"/b\"; }, { name = \"a\"; file = \"/a\"; } );", 0, 1, 0, "order"},
};
/* clang-format on */

static char *
told(const struct policy_diff *diff)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	policy_diff_print(diff, out);
	fclose(out);
	return text;
}

START_TEST(a_change_is_told_with_its_direction_and_whom_it_meets)
{
	const struct row *row = &rows[_i];
	struct config *old = config_of(row->old), *new = config_of(row->new);
	struct policy_diff *diff =
	    policy_diff_make(old, new, users, N_USERS, NOW);
	char *text = told(diff);

	ck_assert_msg(strstr(text, row->told) != NULL, "%s", text);
	ck_assert_msg(
	    policy_diff_count(diff, DIFF_LOOSER) == row->looser, "%s", text);
	ck_assert_msg(policy_diff_count(diff, DIFF_UNJUDGED) == row->unjudged,
	    "%s", text);
	ck_assert_msg(
	    policy_diff_count(diff, DIFF_TIGHTER) == row->tighter, "%s", text);
	free(text);
	policy_diff_free(diff);
	config_free(old);
	config_free(new);
}
END_TEST

/* ---- boxes ---- */

START_TEST(boxes_hold_the_cells_they_were_made_of_each_once)
{
	struct cell cells[64];
	struct boxes boxes;
	size_t n = 0, total = 0, i, d;
	bool taken[81] = {false};

	srand((unsigned)_i);
	while (n < (size_t)(1 + _i % 60)) {
		size_t at = (size_t)rand() % 81;

		if (taken[at])
			continue;
		taken[at] = true;
		for (d = 0, i = at; d < BOX_DIMENSIONS; d++, i /= 3)
			cells[n].at[d] = (unsigned)(i % 3);
		n++;
	}
	boxes_make(cells, n, &boxes);
	for (i = 0; i < boxes.count; i++) {
		size_t volume = 1;

		for (d = 0; d < BOX_DIMENSIONS; d++)
			volume *= boxes.items[i].count[d];
		total += volume;
	}
	ck_assert_uint_eq(total, n);
	for (size_t c = 0; c < n; c++) {
		size_t holding = 0;

		for (i = 0; i < boxes.count; i++) {
			size_t inside = 0;

			for (d = 0; d < BOX_DIMENSIONS; d++)
				for (size_t k = 0; k < boxes.items[i].count[d];
				     k++)
					inside += boxes.items[i].at[d][k] ==
					    cells[c].at[d];
			holding += inside == BOX_DIMENSIONS;
		}
		ck_assert_uint_eq(holding, 1);
	}
	boxes_free(&boxes);
}
END_TEST

/* ---- random policies ---- */

static const char *const networks[] = {"10.0.0.0/8", "10.0.0.0/9",
    "10.128.0.0/9", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.255/32",
    "255.255.255.0/24", "2001:db8::/32", "2001:db8:ffff::/48", "0.0.0.0/1"};
static const char *const windows[] = {"mon-fri 08:00-18:00 UTC",
    "22:00-06:00 UTC", "sat 09:00-12:00 Europe/Berlin",
    "mon-fri 09:00-18:00 America/New_York", "sun 01:00-04:00 Europe/Berlin"};
static const char *const types[] = {
    "ssh-ed25519", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com"};

#define PICK(list) list[(size_t)rand() % (sizeof(list) / sizeof(list[0]))]

static bool
chance(int percent)
{
	return rand() % 100 < percent;
}

static void
random_match(FILE *out)
{
	static const char *const names[] = {"alice", "b*", "*", "root"};
	static const char *const groups[] = {"staff", "ops", "o*"};
	static const char *const listeners[] = {"one", "two", "!one"};

	fputs("match = { ", out);
	if (chance(40))
		fprintf(out, "user = [ \"%s\" ]; ", PICK(names));
	if (chance(30))
		fprintf(out, "group = \"%s\"; ", PICK(groups));
	if (chance(60))
		fprintf(out, "from = [ \"%s\", \"!%s\" ]; ", PICK(networks),
		    PICK(networks));
	if (chance(20))
		fprintf(out, "listener = \"%s\"; ", PICK(listeners));
	if (chance(30))
		fprintf(out, "time = [ \"%s\", \"%s\" ]; ", PICK(windows),
		    PICK(windows));
	/* One condition at least. */
	fputs("uid = \"0-65535\"; }; ", out);
}

static void
random_rule(FILE *out, size_t number)
{
	static const char *const methods[] = {"[ \"publickey\" ]",
	    "[ \"publickey\", \"password\" ]", "[ \"publickey,password\" ]"};

	fprintf(out, "%s{ name = \"r%zu\"; methods = %s; ",
	    number > 0 ? ", " : "", number, PICK(methods));
	random_match(out);
	if (chance(20))
		fputs("refuse = true; ", out);
	if (chance(20))
		fprintf(out, "times = [ \"%s\" ]; ", PICK(windows));
	if (chance(20))
		fprintf(out, "key_types = [ \"%s\" ]; ", PICK(types));
	if (chance(20))
		fprintf(out, "deny_users = [ \"b*@%s\" ]; ", PICK(networks));
	if (chance(20))
		fputs("key_touch = true; ", out);
	fputs("}", out);
}

static char *
random_policy(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fputs("listeners = ( { name = \"one\"; address = \"127.0.0.1\"; }, "
	      "{ name = \"two\"; address = \"127.0.0.2\"; } );\nrules = ( ",
	    out);
	for (size_t i = 0, n = 1 + (size_t)rand() % 5; i < n; i++)
		random_rule(out, i);
	fputs(" );\n", out);
	if (chance(40)) {
		fputs("guards = ( { name = \"g\"; ", out);
		fprintf(out, "match = { key_type = \"%s\"; from = \"%s\"; }; ",
		    PICK(types), PICK(networks));
		fputs("refuse = true; } );\n", out);
	}
	fclose(out);
	return text;
}

struct login {
	struct policy_facts facts;
	const char *methods[2];
	char listener[8];
};

static void
random_login(struct login *l, const struct policy_facts *user)
{
	struct net_network n;

	*l = (struct login){.facts = *user};
	ck_assert_int_eq(net_parse_network(PICK(networks), &n), 0);
	l->facts.source = n.address;
	/* Around both ends of what the policies name. */
	if (chance(50))
		l->facts.source.bytes[3] = (uint8_t)rand();
	if (chance(30))
		l->facts.source.bytes[1] = (uint8_t)rand();
	if (chance(10))
		l->facts.source.bytes[0] = (uint8_t)rand();
	snprintf(l->listener, sizeof(l->listener), chance(50) ? "one" : "two");
	l->facts.listener = l->listener;
	l->facts.now = NOW + rand() % (366 * 24 * 3600);
	l->methods[0] = "publickey";
	l->methods[1] = "password";
	l->facts.methods = l->methods;
	l->facts.method_count = chance(50) ? 1 : 2;
	l->facts.key_state = FACT_KNOWN;
	l->facts.key_type = PICK(types);
	l->facts.key_fingerprint = "SHA256:x";
	l->facts.key_source = "user";
	l->facts.key_bits = 256;
	l->facts.key_touched = chance(50);
	l->facts.principal_state = FACT_ABSENT;
}

static bool
enters(const struct config *policy, const struct policy_facts *facts)
{
	struct decision d;
	bool in;

	decision_init(&d);
	policy_decide(policy, facts, &d);
	if (d.verdict == POLICY_GRANTED)
		policy_guard(policy, facts, &d);
	in = d.verdict != POLICY_REFUSED;
	decision_free(&d);
	return in;
}

/* The cell's own network is the narrowest of those that hold the address. */
static size_t
source_of(const struct cells *cells, const struct net_address *address)
{
	const char *family = address->family == NET_V4 ? "IPv4" : "IPv6";
	size_t best = SIZE_MAX, i;
	int bits = -1;

	for (i = 0; i < cells->source_count; i++) {
		const char *label = cells->sources[i].label;
		char *text = mem_strndup(label, strcspn(label, " "));
		struct net_network n;

		if (strcmp(label, "anywhere") == 0 ||
		    (bits < 0 && strncmp(label, "elsewhere", 9) == 0 &&
			strstr(label, family) != NULL))
			best = i;
		else if (net_parse_network(text, &n) == 0 &&
		    net_contains(&n, address) && n.bits > bits) {
			bits = n.bits;
			best = i;
		}
		free(text);
	}
	ck_assert_uint_ne(best, SIZE_MAX);
	return best;
}

static size_t
listener_of(const struct cells *cells, const char *name)
{
	for (size_t i = 0; i < cells->listener_count; i++)
		if (cells->listener_count == 1 ||
		    (cells->listeners[i].name != NULL &&
			strcmp(cells->listeners[i].name, name) == 0))
			return i;
	ck_abort_msg("listener %s is in no cell", name);
	return 0;
}

static bool
is_open(size_t window, time_t when)
{
	static struct config *parsed[sizeof(windows) / sizeof(windows[0])];
	char *text;

	if (parsed[window] == NULL) {
		text = mem_printf("rules = ( { name = \"w\"; " KEY
				  "times = [ \"%s\" ]; } );",
		    windows[window]);
		parsed[window] = config_of(text);
		free(text);
	}
	return policy_in_windows(&parsed[window]->rules[0].grants.times, when,
		   NULL) == TRI_YES;
}

/* A window that no label names makes no difference to the class. */
static size_t
moment_of(const struct cells *cells, time_t when)
{
	size_t i, w, m;

	for (i = 0; i < cells->moment_count; i++) {
		for (w = 0; w < sizeof(windows) / sizeof(windows[0]); w++) {
			bool known = false;

			for (m = 0; m < cells->moment_count; m++)
				known |= strstr(cells->moments[m].label,
					     windows[w]) != NULL;
			if (known &&
			    is_open(w, when) !=
				(strstr(cells->moments[i].label, windows[w]) !=
				    NULL))
				break;
		}
		if (w == sizeof(windows) / sizeof(windows[0]))
			return i;
	}
	ck_abort_msg("%lld is in no cell", (long long)when);
	return 0;
}

static bool
is_told(const struct class_changes *changes, const char *what,
    const struct login *login)
{
	const struct cells *cells = &changes->cells;
	size_t s = source_of(cells, &login->facts.source);
	size_t l = listener_of(cells, login->listener);
	size_t m = moment_of(cells, login->facts.now);

	for (size_t i = 0; i < changes->count; i++) {
		const struct class_change *c = &changes->items[i];

		for (size_t j = 0; strcmp(c->what, what) == 0 && j < c->count;
		     j++) {
			const unsigned *at = c->cells[j].at;

			if (at[BOX_SOURCE] == s && at[BOX_LISTENER] == l &&
			    at[BOX_MOMENT] == m &&
			    (login->facts.method_count == 2 ||
				strcmp(changes->ways[at[BOX_WAY]].chain,
				    "publickey") == 0))
				return true;
		}
	}
	return false;
}

START_TEST(a_login_that_is_decided_otherwise_is_told_of)
{
	struct class_changes changes;
	struct moments moments;
	struct login login;

	srand((unsigned)_i + 1);
	for (int p = 0; p < 3; p++) {
		char *one = random_policy(), *other = random_policy();
		const struct config *policies[2] = {
		    config_of(one), config_of(other)};

		for (size_t u = 0; u < 4; u++) {
			moments_init(&moments, NOW);
			class_changes_make(
			    policies, &users[u], &moments, &changes);
			for (int i = 0; i < 150; i++) {
				bool before, after;

				random_login(&login, &users[u]);
				before = enters(policies[0], &login.facts);
				after = enters(policies[1], &login.facts);
				if (before == after)
					continue;
				ck_assert_msg(is_told(&changes,
						  after ? "may enter" :
							  "may no longer enter",
						  &login),
				    "%s\n---\n%s\n%s at %lld by %s", one, other,
				    login.facts.user,
				    (long long)login.facts.now, login.listener);
			}
			class_changes_free(&changes);
			moments_free(&moments);
		}
		config_free((struct config *)(uintptr_t)policies[0]);
		config_free((struct config *)(uintptr_t)policies[1]);
		free(one);
		free(other);
	}
}
END_TEST

Suite *
suite_diff(void)
{
	Suite *suite = suite_create("diff");
	TCase *cases = tcase_create("diff");

	tcase_add_loop_test(cases,
	    a_change_is_told_with_its_direction_and_whom_it_meets, 0,
	    sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(
	    cases, boxes_hold_the_cells_they_were_made_of_each_once, 0, 120);
	tcase_add_loop_test(
	    cases, a_login_that_is_decided_otherwise_is_told_of, 0, 48);
	tcase_set_timeout(cases, 60); /* under sanitizers, on a busy machine */
	suite_add_tcase(suite, cases);
	return suite;
}
