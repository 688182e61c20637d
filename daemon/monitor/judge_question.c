/*
 * Reads what a monitor tells a judge about its open connection.  All of it is
 * copied; the monitor froze it at the login.
 */
#include "daemon/monitor/judge.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *
or_null(const char *text)
{
	return text[0] == '\0' ? NULL : mem_strdup(text);
}

static void
keep_login(struct asked *a, const struct msg_judge_login *l)
{
	struct policy_facts *f = &a->facts;
	char *rest, *step;

	a->generation = l->generation;
	a->round = l->round;
	snprintf(a->user, sizeof(a->user), "%s", l->user);
	snprintf(a->rule, sizeof(a->rule), "%s", l->rule);
	a->uid = l->uid;
	a->locked = l->locked;
	a->listener = or_null(l->listener);
	a->principal = or_null(l->principal);
	a->key_command = or_null(l->key_command);
	rest = a->methods = or_null(l->methods);
	while ((step = strsep(&rest, ",")) != NULL &&
	    f->method_count < CHAIN_STEPS_MAX)
		a->walked[f->method_count++] = step;
	if (l->source[0] != '\0' && net_parse(l->source, &f->source) != 0)
		memset(&f->source, 0, sizeof(f->source));
	f->delegated = l->delegated;
}

static void
keep_key(struct asked *a, const struct msg_judge_key *k)
{
	struct judged_key *key = &a->keys[a->n_keys++];
	struct policy_facts *f = &key->facts;

	f->key_state = FACT_KNOWN;
	f->key_type = key->texts[0] = mem_strdup(k->type);
	f->key_algorithm = key->texts[1] = or_null(k->algorithm);
	f->key_fingerprint = key->texts[2] = mem_strdup(k->fingerprint);
	f->key_source = key->texts[3] = mem_strdup(k->source);
	f->key_ca = key->texts[4] = or_null(k->ca);
	f->key_bits = k->bits;
	f->key_touched = k->touched;
	f->key_verified = k->verified;
	key->blob_len = k->blob.len;
	if (k->blob.len > 0)
		key->blob = mem_dup(k->blob.data, k->blob.len);
}

/* All of it lies there already: what is not there never comes. */
int
question_read(struct asked *a)
{
	struct wall_message m;
	bool more = true;
	int err = 0;

	while (more && err == 0) {
		if ((err = wall_receive(&a->wall, &m)) != 0)
			break;
		if (m.type == MSG_judge_login)
			keep_login(a, &m.judge_login);
		else if (m.type == MSG_judge_key && a->n_keys < WALL_JUDGE_KEYS)
			keep_key(a, &m.judge_key);
		else
			more = false;
		err = !more && m.type != MSG_judge_now ? E_STATE : 0;
		wall_done(&a->wall, &m);
	}
	return err;
}

void
question_free(struct asked *a)
{
	wall_free(&a->wall);
	decision_free(&a->d);
	decision_free(&a->kept);
	free(a->listener);
	free(a->principal);
	free(a->key_command);
	free(a->methods);
	for (size_t i = 0; i < a->n_keys; i++) {
		for (size_t k = 0; k < 5; k++)
			free(a->keys[i].texts[k]);
		free(a->keys[i].blob);
	}
	free(a);
}

/* The login's facts with its last key, and with each before. */
void
question_join_keys(struct asked *a)
{
	struct policy_facts *f = &a->facts, *login = f;
	struct judged_key *last;

	f->key_command = a->key_command;
	f->key_state = FACT_ABSENT;
	if (a->n_keys == 0)
		return;
	last = &a->keys[a->n_keys - 1];
	for (size_t i = 0; i < a->n_keys; i++) {
		struct policy_facts key = a->keys[i].facts;

		a->keys[i].facts = *login;
		a->keys[i].facts.key_state = FACT_KNOWN;
		a->keys[i].facts.key_type = key.key_type;
		a->keys[i].facts.key_algorithm = key.key_algorithm;
		a->keys[i].facts.key_fingerprint = key.key_fingerprint;
		a->keys[i].facts.key_source = key.key_source;
		a->keys[i].facts.key_ca = key.key_ca;
		a->keys[i].facts.key_bits = key.key_bits;
		a->keys[i].facts.key_touched = key.key_touched;
		a->keys[i].facts.key_verified = key.key_verified;
		a->keys[i].facts.earlier = i > 0 ? &a->keys[i - 1].facts : NULL;
	}
	*f = last->facts;
}
