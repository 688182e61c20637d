/*
 * The host key that the client saw, for signatures that are bound to it:
 * what on_key.c put into the exchange hash, by the algorithm negotiated.
 */
#include "daemon/monitor/auth.h"

#include "lib/ssh/key_alg.h"

#include <string.h>

struct bytes
auth_host_key(struct monitor *m)
{
	const struct monitor_template *t = m->template;
	const char *algorithm = m->host_key_algorithm;
	const struct key_alg *alg = key_alg_find(algorithm, strlen(algorithm));
	const struct bytes none = {NULL, 0};
	int key;

	if (alg == NULL)
		return none;
	key = settings_host_key(m->offer, t->host_keys, algorithm);
	if (key < 0)
		return none;
	return alg->is_cert ? t->host_keys[key].certificate :
			      t->host_keys[key].public_key;
}
