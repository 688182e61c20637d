/*
 * The proofs of each step of the chain, for the modules that are asked
 * later: a one-time password that a certificate of some authority spares, an
 * account that needs a key with a touch.
 */
#include "daemon/monitor/auth.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

/* A copy of texts that the attempt will forget. */
struct step_facts {
	char method[65], module[CONFIG_NAME_MAX + 1];
	char parameter[CONFIG_NAME_MAX + 1];
	char key_type[64], fingerprint[64], key_source[64];
	char key_id[256], ca_fingerprint[64];
	uint64_t serial;
	bool has_key, touched, verified;
};

#define KEEP(place, text) \
	snprintf((place), sizeof(place), "%s", (text) == NULL ? "" : (text))

void
auth_step_done(struct monitor *m, const struct chain_step *step)
{
	struct auth *a = m->auth;
	const struct attempt *t = &a->attempt;
	struct step_facts *f;

	if (a->step_count == CHAIN_STEPS_MAX)
		return;
	f = mem_zalloc(sizeof(*f));
	KEEP(f->method, step->method);
	KEEP(f->module, a->by == NULL ? NULL : a->by->settings->name);
	KEEP(f->parameter, step->service);
	f->has_key = t->has_key;
	if (t->has_key) {
		KEEP(f->key_type, t->key_type);
		KEEP(f->fingerprint, t->fingerprint);
		KEEP(f->key_source, t->key_source);
		KEEP(f->key_id, t->key_id);
		KEEP(f->ca_fingerprint, t->ca_fingerprint);
		f->serial = t->serial;
		f->touched = t->touched;
		f->verified = t->verified;
	}
	a->steps[a->step_count++] = f;
}

bool
auth_step_was_done(const struct auth *a, const struct chain_step *step)
{
	for (size_t i = 0; i < a->step_count; i++) {
		const struct step_facts *f = a->steps[i];

		if (strcmp(f->method, step->method) == 0 &&
		    (step->module == NULL ||
			strcmp(f->module, step->module) == 0) &&
		    strcmp(f->parameter,
			step->service == NULL ? "" : step->service) == 0)
			return true;
	}
	return false;
}

void
auth_steps_free(struct auth *a)
{
	while (a->step_count > 0)
		free(a->steps[--a->step_count]);
}

int
host_step(
    struct sallyport_login *login, size_t index, struct sallyport_step *out)
{
	const struct auth *a = login->m->auth;
	const struct step_facts *f;
	struct sallyport_step step = {.size = sizeof(step)};

	if (index >= a->step_count)
		return SALLYPORT_NOT_FOUND;
	if (out->size < sizeof(out->size))
		return SALLYPORT_STATE;
	f = a->steps[index];
	step.method = f->method;
	step.module = f->module;
	step.parameter = f->parameter;
	if (f->has_key) {
		step.key_type = f->key_type;
		step.fingerprint = f->fingerprint;
		step.key_source = f->key_source;
		step.key_id = f->key_id;
		step.ca_fingerprint = f->ca_fingerprint;
		step.serial = f->serial;
		step.touched = f->touched;
		step.verified = f->verified;
	}
	/* As much as the module's header has. */
	if (out->size < step.size)
		step.size = out->size;
	memcpy(out, &step, step.size);
	return SALLYPORT_OK;
}
