/*
 * Guards only tighten: what a random policy allows with a guard, it allows
 * without.  Each tightening function is broken on purpose, to be noticed.
 */
#include "config/policy/forward.h"
#include "config.h"

#define TIGHTEN_TABLE static tighten_function *
#include "config/policy/tighten.c"
#include "lib/mem.h"
#include "tests/unit/config/suites.h"
#include "tests/unit/config/support.h"

#include <stdlib.h>

#define ROUNDS 400
#ifdef SANITIZED /* ten times as slow: the same, more seldom */
#define PROPERTY_ROUNDS (ROUNDS / 8)
#else
#define PROPERTY_ROUNDS ROUNDS
#endif
#define MEASURES_MAX 512
/* ---- random policies ---- */
static uint64_t seed;

static unsigned
random_below(unsigned limit)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33) % limit;
}

static const char *const words[] = {"*", "LC_*", "LANG", "sftp", "ssh-*",
    "sk-*", "files", "ldap", "/run/*", "/run/a"};
static const char *const target_words[] = {"*:*", "*.example.com:443",
    "10.0.0.0/8:*", "10.1.0.0/16:22", "localhost:8000-8999", "db:5432"};
static const char *const window_words[] = {"00:00-24:00", "tue 22:00-23:00 UTC",
    "mon-fri 08:00-18:00 UTC", "sat,sun 00:00-24:00 UTC"};
static const char *const channel_words[] = {
    "*=1h", "session*=10m", "direct-tcpip=1m", "x11*=5"};

static void
put_list(FILE *out, const char *const *list, unsigned count)
{
	unsigned i, n = random_below(4);

	fputc('[', out);
	for (i = 0; i < n; i++)
		fprintf(out, "%s\"%s\"", i > 0 ? "," : "",
		    list[random_below(count)]);
	fputc(']', out);
}

static void
put_number(FILE *out, const struct option *option)
{
	uint64_t span = option->max - option->min + 1;
	unsigned limit = span > 20 ? 20 : (unsigned)span;

	if ((option->flags & OPTION_NONE_OK) != 0 && random_below(3) == 0)
		fputs("\"none\"", out);
	else
		fprintf(out, "%llu",
		    (unsigned long long)(option->min + random_below(limit)));
}

static void
put_value(FILE *out, const struct option *option)
{
	unsigned n;

	switch (option->type) {
	case OPTION_BOOL:
		fputs(random_below(2) ? "true" : "false", out);
		break;
	case OPTION_NUMBER:
	case OPTION_TIME:
	case OPTION_GRACE:
	case OPTION_SIZE:
		put_number(out, option);
		break;
	case OPTION_CHOICE:
		for (n = 0; option->choices[n].word != NULL; n++)
			;
		fprintf(out, "\"%s\"", option->choices[random_below(n)].word);
		break;
	case OPTION_MODE:
		fprintf(out, "\"0%o\"", random_below(01000));
		break;
	case OPTION_NAME:
		fprintf(out, "\"%s\"", random_below(2) ? "a" : "b-2");
		break;
	case OPTION_STRING:
	case OPTION_PATH:
	case OPTION_HOME_PATH:
		fprintf(out, "\"%s\"", random_below(2) ? "/a" : "/b");
		break;
	case OPTION_TARGETS:
		put_list(out, target_words, 6);
		break;
	case OPTION_TIMES:
		put_list(out, window_words, 4);
		break;
	case OPTION_CHANNELS:
		put_list(out, channel_words, 4);
		break;
	case OPTION_COMMANDS:
		fputs("[ \"sftp=internal\", \"x=/bin/true -x\" ]", out);
		break;
	case OPTION_FINGERPRINTS:
		fputs(random_below(2) ? "\"*\"" :
					"\"SHA256:a++++++++++++++++++++++++++++"
					"++++++++++++++\"",
		    out);
		break;
	default:
		put_list(out, words, 10);
	}
}

static void
put_grants(FILE *out, bool guard)
{
	size_t i;

	for (i = 0; i < option_count; i++) {
		if (options[i].section != SECTION_GRANT ||
		    options[i].grant == GRANT_methods ||
		    options[i].grant == GRANT_set_env ||
		    (guard && options[i].tighten == TIGHTEN_NEVER) ||
		    options[i].grant == GRANT_refuse || random_below(3) != 0)
			continue;
		if (!guard && options[i].grant == GRANT_sftp_only)
			continue; /* excludes command */
		fprintf(out, " %s = ", options[i].name);
		put_value(out, &options[i]);
		fputc(';', out);
	}
}

static char *
random_policy(unsigned guards)
{
	static const char *const methods[] = {"\"publickey\"",
	    "\"publickey\", \"password\"",
	    "\"publickey,password\", \"hostbased\""};
	static const char *const changes[] = {"", "forbid = \"password\";",
	    "forbid = \"host*\";", "require = \"password\";",
	    "require = \"keyboard-interactive:pam/otp\";"};
	char *text = NULL;
	size_t size = 0;
	unsigned i;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "rules = ( { name = \"r\"; methods = [ %s ];",
	    methods[random_below(3)]);
	put_grants(out, false);
	fputs("} );\nguards = (", out);
	for (i = 0; i < guards; i++) {
		fprintf(out, "%s{ name = \"g%u\"; %s", i > 0 ? "," : "", i,
		    changes[random_below(5)]);
		put_grants(out, true);
		fputs("}", out);
	}
	fputs(");", out);
	fclose(out);
	return text;
}

/* ---- how much a decision allows ---- */
struct measures {
	const char *names[MEASURES_MAX];
	uint64_t values[MEASURES_MAX]; /* more is more permission */
	size_t count;
};

static void
measure(struct measures *m, const char *name, uint64_t value)
{
	ck_assert_uint_lt(m->count, MEASURES_MAX);
	m->names[m->count] = name;
	m->values[m->count++] = value;
}

/* Independently of the functions under test: which side is the safe one. */
static void
measure_scalars(struct measures *m, const struct decision *d)
{
	const struct grants *g = &d->grants;

#define MORE(name)  measure(m, #name, (uint64_t)g->name)
#define FEWER(name) measure(m, #name, UINT64_MAX - (uint64_t)g->name)
#define RECORDS                                                     \
	FEWER(record_pty), FEWER(record_exec), FEWER(record_input), \
	    FEWER(record_required), MORE(record_max_size)
	MORE(pty);
	MORE(shell);
	MORE(exec);
	MORE(user_rc);
	MORE(agent);
	MORE(delegation);
	MORE(keep_delegated);
	MORE(renew_delegated);
	MORE(x11);
	MORE(unix_unlink);
	MORE(sftp_without_shell);
	MORE(publickey);
	MORE(password);
	MORE(keyboard_interactive);
	MORE(gssapi);
	MORE(hostbased);
	MORE(forwarding);
	measure(m, "tcp 1", (g->tcp_forward & TCP_FORWARD_LOCAL) != 0);
	measure(m, "tcp 2", (g->tcp_forward & TCP_FORWARD_REMOTE) != 0);
	MORE(max_auth_tries);
	MORE(root_login);
	MORE(gateway_ports);
	MORE(max_sessions);
	MORE(max_user_sessions);
	MORE(idle_timeout);
	MORE(unused_timeout);
	MORE(max_session_time);
	MORE(on_change);
	MORE(keepalive_interval);
	MORE(keepalive_count);
	MORE(rekey_bytes);
	MORE(rekey_seconds);
	FEWER(refuse), FEWER(consent_require);
	FEWER(key_rsa_bits);
	FEWER(key_certificate);
	FEWER(key_touch);
	FEWER(until_certificate_ends);
	FEWER(key_verify);
	FEWER(sftp_only), FEWER(sftp_read_only);
	FEWER(hang_up), FEWER(reset_input);
	RECORDS;
	measure(m, "notice", !g->record_notice || g->record_notice[1] == 'b');
	measure(m, "notice", !g->record_notice || g->record_notice[1] == 'a');
	measure(m, "consent", !g->consent_file || g->consent_file[1] == 'b');
	measure(m, "consent", !g->consent_file || g->consent_file[1] == 'a');
	measure(m, "tun 1", (g->tun & 1) != 0);
	measure(m, "tun 2", (g->tun & 2) != 0);
	measure(m, "command", g->command == NULL);
	measure(m, "chroot", g->chroot == NULL);
}

static void
measure_umask(struct measures *m, const char *name, uint32_t mask)
{
	unsigned bit;

	if (mask == CONFIG_NONE)
		mask = 0;
	for (bit = 0; bit < 9; bit++)
		measure(m, name, (mask & 1U << bit) == 0);
}

static void
measure_lists(struct measures *m, const struct decision *d)
{
	static const char *const hosts[] = {"www.example.com", "db", "10.1.2.3",
	    "10.2.2.2", "localhost", "other"};
	static const char *const listeners[] = {
	    "", "*", "localhost", "127.0.0.1", "10.1.2.3", "::"};
	static const uint32_t ports[] = {22, 443, 5432, 8080, 1};
	static const char *const kinds[] = {
	    "session:shell", "direct-tcpip", "x11-connection"};
	size_t i, j;
	time_t ends;

	for (i = 0; i < 6; i++) {
		for (j = 0; j < 5; j++) {
			measure(m, "connect",
			    policy_may_connect(d, hosts[i], ports[j], NULL) !=
				POLICY_NO);
			measure(
			    m, "listen", may_listen(d, listeners[i], ports[j]));
		}
	}
	measure(m, "unix", policy_may_unix_connect(d, "/run/a"));
	measure(m, "unix", policy_may_unix_listen(d, "/run/b"));
	measure(m, "env", policy_may_env(d, "LANG"));
	measure(m, "env", policy_may_env(d, "LC_X"));
	measure(m, "subsystem", policy_may_subsystem(d, "sftp"));
	measure(m, "subsystem", policy_may_subsystem(d, "x"));
	measure(m, "ca", policy_may_ca_algorithm(d, "ssh-ed25519"));
	measure(m, "ca", policy_may_ca_algorithm(d, "LANG"));
	measure(m, "principal", policy_may_principal(d, "ldap"));
	measure(m, "revoked", !policy_asks_revoked(d, "/run/a"));
	measure(m, "revoked", !policy_asks_revoked(d, "/run/b"));
	for (i = 0; i < 14; i++)
		measure(m, "times",
		    policy_may_now(d, (time_t)(1700000000 + i * 43200), &ends));
	for (i = 0; i < 3; i++)
		measure(m, "channel", channel_timeout_of(d, kinds[i]));
}

static void
measure_keys(struct measures *m, const struct decision *d)
{
	static const char *const types[] = {"ssh-ed25519", "ssh-rsa",
	    "sk-ssh-ed25519@openssh.com", "ssh-ed25519-cert-v01@openssh.com"};
	struct policy_facts f = facts_of_alice();
	unsigned i;

	f.key_state = FACT_KNOWN;
	for (i = 0; i < 32; i++) {
		f.key_type = types[i % 4];
		f.key_source = i & 4 ? "files" : "ldap";
		f.key_ca = i & 8 ?
		    "SHA256:a++++++++++++++++++++++++++++++++++++++++++" :
		    "SHA256:b++++++++++++++++++++++++++++++++++++++++++";
		f.key_bits = i & 16 ? 1030 : 4096;
		f.key_touched = f.key_verified = (i & 8) != 0;
		measure(m, "key", policy_may_key(d, &f, NULL, 0));
	}
}

static bool
chain_contains(const struct chain *longer, const struct chain *shorter)
{
	size_t i;

	for (i = 0; i < shorter->count; i++) {
		if (!chain_has(longer, &shorter->steps[i]))
			return false;
	}
	return true;
}

/* Every chain that is left must demand all of one that was there before. */
static bool
chains_tighter(const struct chains *after, const struct chains *before)
{
	size_t i, j;

	for (i = 0; i < after->count; i++) {
		for (j = 0; j < before->count; j++) {
			if (chain_contains(&after->items[i], &before->items[j]))
				break;
		}
		if (j == before->count)
			return false;
	}
	return true;
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Did adding guards grant something?  NULL, or what. */
static const char *
looser(const struct decision *before, const struct decision *after)
{
	struct measures m[2] = {0};
	const struct decision *d[2] = {before, after};
	size_t i;

	if (after->verdict != POLICY_GRANTED)
		return NULL;
	if (before->verdict != POLICY_GRANTED)
		return "verdict";
	for (i = 0; i < 2; i++) {
		measure_scalars(&m[i], d[i]);
		measure_umask(&m[i], "sftp_umask", d[i]->grants.sftp_umask);
		measure_umask(&m[i], "unix_mask", d[i]->grants.unix_mask);
		measure_lists(&m[i], d[i]);
		measure_keys(&m[i], d[i]);
	}
	for (i = 0; i < m[0].count; i++) {
		if (m[1].values[i] > m[0].values[i])
			return m[0].names[i];
	}
	if (before->grants.command != NULL &&
	    !same_text(before->grants.command, after->grants.command))
		return "command";
	if (before->grants.chroot != NULL &&
	    !same_text(before->grants.chroot, after->grants.chroot))
		return "chroot";
	return chains_tighter(&after->chains, &before->chains) ? NULL :
								 "chains";
}

/* One random policy, its guards added one by one; NULL or what was granted. */
static const char *
one_round(unsigned guards)
{
	struct policy_facts facts = facts_of_alice();
	struct decision before, after;
	const char *wrong = NULL;
	struct config *config;
	char *text = random_policy(guards);
	size_t i;

	config = config_of(text);
	for (i = 1; i <= guards && wrong == NULL; i++) {
		decision_init(&before);
		decision_init(&after);
		config->guard_count = i - 1;
		policy_decide(config, &facts, &before);
		config->guard_count = i;
		policy_decide(config, &facts, &after);
		wrong = looser(&before, &after);
		decision_free(&before);
		decision_free(&after);
	}
	config_free(config);
	free(text);
	return wrong;
}

START_TEST(adding_a_guard_never_grants_anything)
{
	const char *wrong;
	int i;

	seed = (uint64_t)_i + 1;
	for (i = 0; i < PROPERTY_ROUNDS; i++) {
		wrong = one_round(3);
		ck_assert_msg(
		    wrong == NULL, "seed %d round %d: %s", _i, i, wrong);
	}
}
END_TEST

/* The tempting mistake for each kind: the guard's value simply wins. */
static int
broken(const struct tightening *t)
{
	size_t size;
	enum grant grant = (enum grant)t->option->grant;

	switch (t->option->tighten) {
	case TIGHTEN_TRUE:
	case TIGHTEN_FALSE:
		size = sizeof(bool);
		break;
	case TIGHTEN_SAME:
	case TIGHTEN_UNSET:
		size = sizeof(char *);
		break;
	case TIGHTEN_LAYER:
		t->d->layers[grant].count = 0;
		return decision_add_layer(t->d, grant, t->value, &t->origin);
	default:
		size = sizeof(uint32_t);
	}
	memcpy(t->granted, t->value, size);
	return 0;
}

START_TEST(a_broken_tightening_function_is_noticed)
{
	const char *wrong = NULL;
	int i;

	seed = 99;
	tighten_functions[_i] = broken;
	for (i = 0; i < 8 * ROUNDS && wrong == NULL; i++)
		wrong = one_round(3);
	ck_assert_msg(wrong != NULL, "%s", tighten_text((enum tighten)_i));
}
END_TEST

/* A second mistake: the guard is ignored where it would take away. */
static int
idle(const struct tightening *t)
{
	(void)t;
	return 0;
}

START_TEST(a_tightening_function_that_does_nothing_is_noticed)
{
	struct policy_facts facts = facts_of_alice();
	struct decision before, after;
	struct config *config;
	const char *wrong = NULL;
	char *text;
	int i;

	/* Reversed: what the true functions take away, idle ones "grant". */
	seed = 7;
	for (i = 0; i < 8 * ROUNDS && wrong == NULL; i++) {
		tighten_function *whole = tighten_functions[_i];

		text = random_policy(2);
		config = config_of(text);
		decision_init(&before);
		decision_init(&after);
		policy_decide(config, &facts, &before);
		tighten_functions[_i] = idle;
		policy_decide(config, &facts, &after);
		tighten_functions[_i] = whole;
		wrong = looser(&before, &after);
		decision_free(&before);
		decision_free(&after);
		config_free(config);
		free(text);
	}
	ck_assert_msg(wrong != NULL, "%s", tighten_text((enum tighten)_i));
}
END_TEST

START_TEST(a_grant_that_cannot_tighten_is_refused_in_a_guard_by_the_loader)
{
	const struct option *option = option_of_grant((enum grant)_i);
	char *text = NULL, *got;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fprintf(out, "guards = ( { name = \"g\"; %s = ", option->name);
	if (option->type == OPTION_CHAINS)
		fputs("[ \"publickey\" ]", out);
	else if (option->type == OPTION_SETENV)
		fputs("[ \"A=b\" ]", out);
	else
		put_value(out, option);
	fputs("; } );", out);
	fclose(out);
	got = problems_of(text);
	ck_assert_msg((strstr(got, "cannot stand in a guard") != NULL) ==
		(option->tighten == TIGHTEN_NEVER),
	    "%s: %s", text, got);
	free(got);
	free(text);
}
END_TEST

/* A random rule, and a guard that sets this grant alone. */
static char *
guarded_policy(const struct option *option)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	fputs("rules = ( { name = \"r\"; methods = [ \"publickey\" ];", out);
	put_grants(out, false);
	fprintf(out, "} );\nguards = ( { name = \"g\"; %s = ", option->name);
	put_value(out, option);
	fputs("; } );", out);
	fclose(out);
	return text;
}

START_TEST(every_grant_that_tightens_is_measured)
{
	const struct option *option = option_of_grant((enum grant)_i);
	struct policy_facts facts = facts_of_alice();
	struct decision with, without;
	const char *wrong = NULL;
	struct config *config;
	char *text;
	int i;

	seed = 5;
	for (i = 0; option->tighten != TIGHTEN_NEVER && wrong == NULL; i++) {
		ck_assert_msg(i < 8 * ROUNDS,
		    "%s: a guard of it makes no difference", option->name);
		text = guarded_policy(option);
		config = config_of(text);
		decision_init(&with);
		decision_init(&without);
		policy_decide(config, &facts, &with);
		config->guard_count = 0;
		policy_decide(config, &facts, &without);
		wrong = looser(&with, &without);
		decision_free(&with);
		decision_free(&without);
		config_free(config);
		free(text);
	}
}
END_TEST

Suite *
suite_guards(void)
{
	Suite *suite = suite_create("guards");
	TCase *tc = tcase_create("guards");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, adding_a_guard_never_grants_anything, 0, 4);
	tcase_add_loop_test(tc, a_broken_tightening_function_is_noticed,
	    TIGHTEN_NEVER + 1, TIGHTEN_COUNT);
	tcase_add_loop_test(tc,
	    a_tightening_function_that_does_nothing_is_noticed,
	    TIGHTEN_NEVER + 1, TIGHTEN_COUNT);
	tcase_add_loop_test(tc,
	    a_grant_that_cannot_tighten_is_refused_in_a_guard_by_the_loader, 0,
	    GRANT_COUNT);
	tcase_add_loop_test(
	    tc, every_grant_that_tightens_is_measured, 0, GRANT_COUNT);
	suite_add_tcase(suite, tc);
	return suite;
}
