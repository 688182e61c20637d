/*
 * One authentication request while it is being answered: what came with it,
 * and what the module that is asked has said.
 */
#ifndef MODULES_HOST_ATTEMPT_H
#define MODULES_HOST_ATTEMPT_H

#include "config/config.h"
#include "modules/host/key_facts.h"
#include "privsep/wall.h"

#include <time.h>

struct restrictions {
	unsigned off; /* bit 1 << enum sallyport_restriction */
	char *command;
	char *tun_unit;
	char **open, **listen, **environment;
	size_t open_count, listen_count, environment_count;
	char **variables; /* host->environment()'s */
	size_t variable_count;
};

/* One request being answered. */
struct attempt {
	const char *method; /* SSH method name */
	const struct chain_step *step;
	bool query; /* publickey without a signature */
	bool change; /* password with a new one, unasked */
	bool hostbound;
	bool abandoned; /* the client asked for another thing */
	bool broken; /* the client's answers made no sense */
	struct bytes password, key, signature, host_key, data, submethods;
	struct bytes user, service;
	char algorithm[65], client_host[257], client_user[257];
	char other[65]; /* a method of a module's own */
	uint64_t began; /* CLOCK_MONOTONIC, microseconds */
	time_t now;
	uint32_t delay; /* microseconds, asked for by a module */
	char reason[256];
	struct key_facts key_facts;
	char principal[WALL_TEXT_MAX + 1]; /* once its MIC was right */
	struct restrictions restrictions;
	char demand[3 * CONFIG_NAME_MAX + 3]; /* one more step */
	char told[256]; /* why, for the user; tell_user() */
};

#endif
