/*
 * The chain engine: tables of what is tried and what that makes.
 */
#include "daemon/monitor/chain.h"
#include "tests/unit/modules/suites.h"

#include <stdio.h>
#include <string.h>

#define MAX 8

/* "publickey,password:pam/x publickey,publickey" into chains. */
struct chains_of_test {
	struct chain chains[MAX];
	struct chain_step steps[MAX][MAX];
	char text[512];
};

static size_t
make_chains(struct chains_of_test *t, const char *text)
{
	size_t count = 0;
	char *save, *save2;

	memset(t, 0, sizeof(*t));
	snprintf(t->text, sizeof(t->text), "%s", text);
	for (char *chain = strtok_r(t->text, " ", &save); chain != NULL;
	     chain = strtok_r(NULL, " ", &save)) {
		struct chain *c = &t->chains[count];

		c->text = chain;
		c->steps = t->steps[count++];
		for (char *step = strtok_r(chain, ",", &save2); step != NULL;
		     step = strtok_r(NULL, ",", &save2)) {
			struct chain_step *s = &c->steps[c->count++];

			s->method = step;
			if ((s->module = strchr(step, ':')) != NULL)
				*s->module++ = '\0';
			if (s->module != NULL &&
			    (s->service = strchr(s->module, '/')) != NULL)
				*s->service++ = '\0';
		}
	}
	return count;
}

static bool
serves_all_but_nosuch(const struct chain_step *step, void *arg)
{
	(void)arg;
	return strcmp(step->method, "nosuch") != 0;
}

/*
 * Tries, in order: method and result, "+" allowed, "-" denied; after each
 * what it must make: R refused, M more, C complete.
 */
static const struct {
	const char *chains, *tries, *results, *methods;
} walks[] = {
    {"password", "password+", "C", ""},
    {"password", "password-", "R", "password"},
    {"publickey,password", "publickey+", "M", "password"},
    {"publickey,password", "publickey+ password+", "MC", ""},
    {"publickey,password", "password+", "R", "publickey"},
    {"publickey,password", "publickey+ publickey+", "MR", "password"},
    {"publickey password", "password+", "C", "publickey"},
    {"publickey publickey,keyboard-interactive", "publickey+", "C",
	"keyboard-interactive"},
    {"hostbased,password publickey,password", "publickey+", "M",
	"hostbased,password"},
    {"hostbased,password publickey,password", "publickey+ password+", "MC",
	"hostbased"},
    {"publickey,publickey", "publickey+ publickey+", "MR", "publickey"},
    {"nosuch,password publickey", "password+", "R", "publickey"},
    {"nosuch", "nosuch+", "R", ""},
    {"password,password,password", "password+ password+ password-", "MMR",
	"password"},
};

static enum chain_result
try_method(
    struct chain_walk *w, const char *method, bool allow, const char *key)
{
	const struct chain_step *steps[MAX];
	size_t count = chain_steps(w, method, steps, MAX);

	if (count == 0)
		return CHAIN_REFUSED;
	return chain_judge(
	    w, steps[0], allow ? SALLYPORT_ALLOW : SALLYPORT_DENY, NULL, key);
}

START_TEST(a_chain_advances_by_its_next_step_alone)
{
	struct chains_of_test t;
	struct chain_walk w;
	char tries[128], list[128], *save;
	size_t count = make_chains(&t, walks[_i].chains), i = 0;

	chain_begin(&w, t.chains, count, false, serves_all_but_nosuch, NULL);
	snprintf(tries, sizeof(tries), "%s", walks[_i].tries);
	for (char *x = strtok_r(tries, " ", &save); x != NULL;
	     x = strtok_r(NULL, " ", &save), i++) {
		bool allow = x[strlen(x) - 1] == '+';
		enum chain_result got;

		x[strlen(x) - 1] = '\0';
		/* The same key each time a key is used. */
		got = try_method(&w, x, allow,
		    strcmp(x, "publickey") == 0 ? "SHA256:one" : NULL);
		ck_assert_msg(got ==
			(walks[_i].results[i] == 'C'	    ? CHAIN_COMPLETE :
				walks[_i].results[i] == 'M' ? CHAIN_MORE :
							      CHAIN_REFUSED),
		    "walk %d, try %zu", _i, i);
	}
	ck_assert_str_eq(
	    chain_methods(&w, list, sizeof(list)), walks[_i].methods);
}
END_TEST

START_TEST(two_different_keys_complete_publickey_publickey)
{
	struct chains_of_test t;
	struct chain_walk w;
	size_t count = make_chains(&t, "publickey,publickey");

	chain_begin(&w, t.chains, count, false, serves_all_but_nosuch, NULL);
	ck_assert_int_eq(
	    try_method(&w, "publickey", true, "SHA256:a"), CHAIN_MORE);
	ck_assert_int_eq(
	    try_method(&w, "publickey", true, "SHA256:a"), CHAIN_REFUSED);
	ck_assert_int_eq(
	    try_method(&w, "publickey", true, "SHA256:b"), CHAIN_COMPLETE);
	ck_assert_uint_eq(w.done_count, 2);
}
END_TEST

START_TEST(only_one_number_is_a_yes)
{
	struct chains_of_test t;
	struct chain_walk w;

	make_chains(&t, "password");
	for (int verdict = -300; verdict < 300; verdict++) {
		chain_begin(&w, t.chains, 1, false, NULL, NULL);
		ck_assert_int_eq(
		    chain_judge(&w, &t.chains[0].steps[0],
			(enum sallyport_verdict)verdict, NULL, NULL),
		    verdict == SALLYPORT_ALLOW ? CHAIN_COMPLETE :
						 CHAIN_REFUSED);
	}
}
END_TEST

START_TEST(a_hopeless_walk_looks_alike_and_never_advances)
{
	struct chains_of_test t;
	struct chain_walk w;
	char list[64];

	make_chains(&t, "publickey,password");
	chain_begin(&w, t.chains, 1, true, NULL, NULL);
	ck_assert_str_eq(chain_methods(&w, list, sizeof(list)), "publickey");
	ck_assert_int_eq(
	    try_method(&w, "publickey", true, "SHA256:a"), CHAIN_REFUSED);
	ck_assert_str_eq(chain_methods(&w, list, sizeof(list)), "publickey");
}
END_TEST

START_TEST(steps_differ_by_module_and_service)
{
	const struct chain_step *steps[MAX];
	struct chains_of_test t;
	struct chain_walk w;
	size_t count = make_chains(&t,
	    "password:pam/a,publickey "
	    "password:pam/b password:pam/a password:other/a password");

	chain_begin(&w, t.chains, count, false, NULL, NULL);
	ck_assert_uint_eq(chain_steps(&w, "password", steps, MAX), 4);
	ck_assert_uint_eq(chain_steps(&w, "password", steps, 2), 2);
	/* Success with b completes b's chain, and no other. */
	ck_assert_int_eq(
	    chain_judge(&w, steps[1], SALLYPORT_ALLOW, "pam", NULL),
	    CHAIN_COMPLETE);
	ck_assert_uint_eq(w.walks[0].position, 0);
	ck_assert_uint_eq(w.walks[2].position, 0);
	ck_assert_str_eq(w.done[0], "password:pam/b");
	ck_assert_str_eq(w.methods[0], "password");
}
END_TEST

START_TEST(a_guards_chain_continues_with_the_keys_that_were_used)
{
	struct chains_of_test first, more;
	struct chain_walk w;

	make_chains(&first, "publickey");
	make_chains(&more, "publickey,password");
	chain_begin(&w, first.chains, 1, false, NULL, NULL);
	ck_assert_int_eq(
	    try_method(&w, "publickey", true, "SHA256:a"), CHAIN_COMPLETE);
	chain_continue(&w, more.chains, 1);
	ck_assert_int_eq(
	    try_method(&w, "publickey", true, "SHA256:a"), CHAIN_REFUSED);
	ck_assert_int_eq(
	    try_method(&w, "publickey", true, "SHA256:b"), CHAIN_MORE);
	ck_assert_int_eq(
	    try_method(&w, "password", true, NULL), CHAIN_COMPLETE);
}
END_TEST

Suite *
suite_chain(void)
{
	Suite *s = suite_create("chain");
	TCase *t = tcase_create("chain");

	tcase_add_loop_test(t, a_chain_advances_by_its_next_step_alone, 0,
	    (int)(sizeof(walks) / sizeof(walks[0])));
	tcase_add_test(t, two_different_keys_complete_publickey_publickey);
	tcase_add_test(t, only_one_number_is_a_yes);
	tcase_add_test(t, a_hopeless_walk_looks_alike_and_never_advances);
	tcase_add_test(t, steps_differ_by_module_and_service);
	tcase_add_test(
	    t, a_guards_chain_continues_with_the_keys_that_were_used);
	suite_add_tcase(s, t);
	return s;
}
