/*
 * sallyportd -T [-C SPEC]: loads the configuration that -t has found good,
 * asks the name service as a monitor would, and prints the decision in sshd's
 * words.  Runs once, as root, and serves nobody.
 */
#include "daemon/effective.h"

#include "config/bundle.h"
#include "config/effective.h"
#include "config/load.h"
#include "lib/mem.h"
#include "privsep/directory.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROUPS_MAX 4096

struct connection_spec {
	char *user, *addr, *laddr, *lport;
};

/* The value's place for a key; NULL: there is no such key. */
static char **
place_of(struct connection_spec *spec, const char *key, size_t len)
{
	static char *ignored;
	const struct {
		const char *key;
		char **place;
	} rows[] = {{"user", &spec->user}, {"addr", &spec->addr},
	    {"laddr", &spec->laddr}, {"lport", &spec->lport},
	    /* The keys that these name are never asked. */
	    {"host", &ignored}, {"rdomain", &ignored}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strlen(rows[i].key) == len &&
		    strncmp(rows[i].key, key, len) == 0)
			return rows[i].place;
	return NULL;
}

/* Cut apart in place. */
static bool
read_spec(char *text, struct connection_spec *spec)
{
	char *item, **place;

	while ((item = strsep(&text, ",")) != NULL) {
		size_t len = strcspn(item, "=");

		place = place_of(spec, item, len);
		if (place == NULL || item[len] == '\0') {
			fprintf(stderr,
			    "sallyportd: -C %s: user, host, addr, laddr, "
			    "lport and rdomain are known, each with =VALUE\n",
			    item);
			return false;
		}
		*place = &item[len + 1];
	}
	return true;
}

static void
look_up_groups(struct policy_facts *facts, gid_t gid, bool asked)
{
	static gid_t groups[GROUPS_MAX];
	static const char *names[GROUPS_MAX];
	size_t count = GROUPS_MAX;

	facts->groups_state = FACT_UNKNOWN;
	if (!directory_groups(facts->user, gid, groups, &count, asked))
		return;
	facts->groups_state = FACT_KNOWN;
	facts->groups = names;
	for (size_t i = 0; i < count; i++) {
		names[facts->group_count] = directory_group_name(groups[i]);
		if (names[facts->group_count] != NULL)
			facts->group_count++;
		else if (asked)
			facts->groups_state = FACT_UNKNOWN;
	}
}

static void
look_up(
    const struct config *config, const char *name, struct policy_facts *facts)
{
	const struct passwd *pw = name != NULL ? getpwnam(name) : NULL;

	facts->user = name != NULL ? name : "";
	facts->user_state = facts->groups_state = FACT_ABSENT;
	facts->timed_state = FACT_ABSENT; /* as for who has none */
	if (pw == NULL)
		return;
	facts->user_state = FACT_KNOWN;
	facts->user = mem_strdup(pw->pw_name);
	facts->uid = pw->pw_uid;
	look_up_groups(facts, pw->pw_gid, policy_asks_groups(config));
}

/* At one of all addresses, or at this one? */
static bool
listens_at(const struct listener *l, const char *address)
{
	static const uint8_t any[16];
	struct net_address own, asked;

	if (net_parse(address, &asked) != 0)
		return false;
	if (l->family == AF_UNSPEC)
		return true;
	return net_parse(l->address, &own) == 0 &&
	    (net_equal(&own, &asked) ||
		(own.family == asked.family &&
		    memcmp(own.bytes, any, sizeof(any)) == 0));
}

/* The one of that port and address. */
static const char *
find_listener(const struct config *c, const struct connection_spec *spec)
{
	for (size_t i = 0; i < c->listener_count; i++) {
		const struct listener *l = &c->listeners[i];

		if (spec->lport != NULL &&
		    strtoul(spec->lport, NULL, 10) != l->port)
			continue;
		if (spec->laddr == NULL || listens_at(l, spec->laddr))
			return l->name;
	}
	return NULL;
}

/* False, and told, if it asks for a listener that is not there: the top
 * level's answer would pass for that one's. */
static bool
choose_listener(const struct config *c, const struct connection_spec *spec,
    const char **name)
{
	bool asked = spec->lport != NULL || spec->laddr != NULL;

	*name = asked || c->listener_count == 1 ? find_listener(c, spec) : NULL;
	if (!asked || *name != NULL)
		return true;
	fprintf(stderr, "sallyportd: -C %s%s%s%s: no listener is there\n",
	    spec->laddr != NULL ? "laddr=" : "lport=",
	    spec->laddr != NULL ? spec->laddr : spec->lport,
	    spec->laddr != NULL && spec->lport != NULL ? ",lport=" : "",
	    spec->laddr != NULL && spec->lport != NULL ? spec->lport : "");
	return false;
}

static void
print(const struct config *config, const struct connection_spec *spec,
    const char *listener)
{
	struct policy_facts facts = {
	    .key_state = FACT_ABSENT, .now = time(NULL)};
	struct policy_facts of_root = facts;
	struct decision d, root;

	if (spec->addr != NULL)
		(void)net_parse(spec->addr, &facts.source);
	facts.listener = listener;
	of_root.source = facts.source;
	of_root.listener = facts.listener;
	look_up(config, spec->user, &facts);
	look_up(config, "root", &of_root);
	decision_init(&d);
	decision_init(&root);
	policy_decide(config, &facts, &d);
	policy_decide(config, &of_root, &root);
	config_effective(config, facts.listener, &d, &root, stdout);
	decision_free(&d);
	decision_free(&root);
}

int
effective_print(const char *config_file, const char *spec)
{
	struct connection_spec wanted = {NULL, NULL, NULL, NULL};
	struct net_address address;
	struct problems problems = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;
	const char *listener;

	if (spec != NULL && !read_spec(mem_strdup(spec), &wanted))
		return 1;
	if (wanted.addr != NULL && net_parse(wanted.addr, &address) != 0) {
		fprintf(stderr, "sallyportd: -C addr=%s: no numeric address\n",
		    wanted.addr);
		return 1;
	}
	if (config_bundle_read(config_file, &bundle, &problems) != 0 ||
	    config_load(&bundle, &config, &problems) != 0) {
		problems_print(&problems, stderr);
		return 1;
	}
	if (!choose_listener(config, &wanted, &listener))
		return 1;
	print(config, &wanted, listener);
	return fflush(stdout) == 0 ? 0 : 1;
}
