/*
 * Chains of methods: how far each has been walked, what may come next, and
 * whether one is complete.  Pure: knows neither network nor modules.  Here,
 * and nowhere else, a verdict becomes progress.
 */
#ifndef DAEMON_MONITOR_CHAIN_H
#define DAEMON_MONITOR_CHAIN_H

#include "config/config.h"
#include "modules/sallyport_module.h"

#define CHAIN_WALKS_MAX 32 /* chains side by side */

/* Zero refuses; compare with ==. */
enum chain_result {
	CHAIN_REFUSED,
	CHAIN_MORE, /* partial success: RFC 4252 section 5.1 */
	CHAIN_COMPLETE /* all steps of a chain have succeeded */
};

/* Does a module serve this step?  Asked before a method is offered. */
typedef bool chain_serves(const struct chain_step *step, void *arg);

struct chain_walk {
	struct {
		const struct chain *chain;
		size_t position; /* steps done */
	} walks[CHAIN_WALKS_MAX];
	size_t count;
	bool hopeless; /* a decoy, or refused meanwhile: never advances */
	chain_serves *serves;
	void *arg;
	/* Steps that succeeded, in order: their methods, and for the policy the
	 * same in full as "method:module/service". */
	const char *methods[CHAIN_STEPS_MAX];
	const char *done[CHAIN_STEPS_MAX];
	char texts[CHAIN_STEPS_MAX][3 * CONFIG_NAME_MAX + 3];
	size_t done_count;
	/* Keys that have counted already. */
	char keys[CHAIN_STEPS_MAX][64];
	size_t key_count;
};

/*
 * Begin to walk; the chains stay the caller's.  A chain with a step that
 * nothing serves is dropped: it could never be completed.
 */
void chain_begin(struct chain_walk *w, const struct chain *chains, size_t count,
    bool hopeless, chain_serves *serves, void *arg);

/*
 * Go on with other chains (a guard asked for more), keeping what is done and
 * the keys that were used.
 */
void chain_continue(
    struct chain_walk *w, const struct chain *chains, size_t count);

/*
 * The different steps that a request with this method can mean now, at most
 * max of them; different in module or service.  Returns how many.
 */
size_t chain_steps(const struct chain_walk *w, const char *method,
    const struct chain_step **steps, size_t max);

/*
 * A step was tried: SALLYPORT_ALLOW alone advances, and never a hopeless
 * walk.  module: name of the one that allowed.  key: fingerprint of the key
 * that was used, NULL if none was; one that has counted before is refused.
 */
enum chain_result chain_judge(struct chain_walk *w,
    const struct chain_step *step, enum sallyport_verdict verdict,
    const char *module, const char *key);

/* Has this key counted already? */
bool chain_key_used(const struct chain_walk *w, const char *key);

/* "publickey,password": the methods that can go on, in order of the chains.
 * Returns list, which is "" when none can. */
char *chain_methods(const struct chain_walk *w, char *list, size_t size);

#endif
