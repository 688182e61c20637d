/*
 * Health checks (health_sources, and LOCAL in the PROXY protocol) connect, may
 * say who they are, and leave: every few seconds, so the log has nothing of
 * them.  One that does more is told of from the beginning.
 */
#include "daemon/monitor/health.h"
#include "daemon/monitor/selftest.h"

#include "lib/audit.h"
#include "lib/audit_chain.h"

#include <unistd.h>

void
health_begin(struct monitor *m, const struct msg_serve *serve)
{
	struct net_address balancer;

	audit_set_component("monitor");
	audit_chain_begin(m->connection_id);
	audit_chain_show(&m->slot->heads);
	audit_set_connection(m->connection_id, &m->source, &m->local);
	if (net_parse(serve->proxy, &balancer) == 0)
		audit_set_proxy(&balancer);
	if (m->selftest != NULL)
		audit_set_selftest();
	audit_set_generation(m->template->generation);
	m->untold = true;
	if (!serve->health)
		health_tell(m);
}

void
health_tell_client(const struct monitor *m)
{
	const char *client = (const char *)m->client_version.data;

	if (!m->untold && client != NULL)
		AUDIT(conn_ident, .client = client);
}

void
health_tell(struct monitor *m)
{
	if (!m->untold)
		return;
	m->untold = false;
	AUDIT(conn_open, .name = m->listener, .process = (uint64_t)getpid());
	health_tell_client(m);
}

bool
health_was_check(const struct monitor *m)
{
	return m->untold && m->bye.said && m->exit_code == EXIT_DONE &&
	    (m->bye.cause == BYE_PEER_CLOSED ||
		m->bye.cause == BYE_PEER_RESET ||
		m->bye.cause == BYE_PEER_DISCONNECTED);
}
