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
	struct key_facts key;
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
	f->key = t->key_facts;
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
auth_step(
    struct sallyport_login *login, size_t index, struct sallyport_step *out)
{
	const struct monitor *m = login->program;
	const struct auth *a = m->auth;
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
	if (f->key.told) {
		step.key_type = f->key.type;
		step.fingerprint = f->key.fingerprint;
		step.key_source = f->key.source;
		step.key_id = f->key.id;
		step.ca_fingerprint = f->key.ca_fingerprint;
		step.serial = f->key.serial;
		step.touched = f->key.touched;
		step.verified = f->key.verified;
	}
	/* As much as the module's header has. */
	if (out->size < step.size)
		step.size = out->size;
	memcpy(out, &step, step.size);
	return SALLYPORT_OK;
}
