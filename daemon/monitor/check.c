/*
 * The same look around as sallyportctl check's, in the monitor template: with
 * the modules loaded as they will serve.  A reload and sallyportd -t are
 * refused for whatever is wrong; a start is for what the configuration itself
 * has wrong, and only tells what may be mended beside it.
 */
#include "config/check.h"
#include "daemon/monitor/host.h"
#include "lib/err.h"
#include "modules/host/helpers.h"
#include "privsep/messages.h"
#include "privsep/policy_account.h"

static bool
serves(void *context, const struct chain_step *step)
{
	const struct monitor_template *t = context;

	for (size_t i = 0; i < t->n_modules; i++)
		if (host_serves(&t->modules[i], step->method, step->module))
			return true;
	return false;
}

int
monitors_check(
    struct monitor_template *t, unsigned purpose, struct problems *problems)
{
	struct check_calls calls = {.context = t,
	    .serves = serves,
	    .algorithm = check_algorithm_exists,
	    .lacking = check_algorithm_lacking,
	    .account = policy_account,
	    .tests = purpose == PREPARE_TEST || purpose == PREPARE_REHEARSE,
	    .lenient = purpose == PREPARE_SERVE};

	/* A directory server that does not answer must not hold up others. */
	if (purpose == PREPARE_TEST || purpose == PREPARE_PRINT) {
		calls.user = check_user_exists;
		calls.group = check_group_exists;
	}
	host_check_helpers(t->config, t->modules, t->n_modules, problems);
	(void)config_check(t->config, &calls, problems);
	return problems->errors == 0 ? 0 : E_VALUE;
}
