/*
 * The worker template's start: what libcrypto must load is loaded, then
 * everything is given up, then the template runs.
 */
#include "daemon/roles.h"

#include "daemon/start.h"
#include "daemon/worker/worker.h"
#include "lib/ssh/cipher.h"
#include "lib/ssh/kex.h"
#include "privsep/die.h"
#include "privsep/sandbox.h"

#include <signal.h>

void
workers_start(int wall)
{
	if (kex_preload() != 0 || cipher_preload() != 0)
		die("libcrypto lacks what the protocol needs");
	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		die_errno("signal");
	start_drop(ROLE_WORKERS);
	sandbox_worker_template();
	workers_run(wall);
}
