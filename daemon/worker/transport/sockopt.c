/*
 * The client's socket: no delays of TCP's making, and what the kernel knows
 * of the path.  With -i the descriptors may be pipes; then all this is moot,
 * so no result is looked at.
 */
#include "daemon/worker/transport/transport.h"

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <netinet/in.h>
#include <netinet/ip.h>

#include <linux/sockios.h>
#include <linux/tcp.h>

#include <stddef.h>
#include <string.h>

/* The kernel's limit of unsent bytes: it is small because the worker decides
 * the order of what is sent. */
#define UNSENT (128 * 1024)
/* A round trip time is good for so long: many small files ask for each. */
#define RTT_MS 10

static void
set(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

void
sockopt_start(struct transport *t)
{
	int domain = 0;
	socklen_t len = sizeof(domain);

	if (getsockopt(t->in, SOL_SOCKET, SO_DOMAIN, &domain, &len) == 0)
		t->ip_family = domain;
	if (t->ip_family != AF_INET && t->ip_family != AF_INET6) {
		t->ip_family = 0;
		return;
	}
	set(t->in, IPPROTO_TCP, TCP_NODELAY, 1);
	set(t->in, IPPROTO_TCP, TCP_NOTSENT_LOWAT, UNSENT);
	if (t->settings->tcp_keepalive)
		set(t->in, SOL_SOCKET, SO_KEEPALIVE, 1);
	sockopt_quickack(t);
}

/*
 * Stock clients write small segments under Nagle's rule before they are
 * authenticated; each would wait for a delayed acknowledgement.  The kernel
 * forgets the option by itself, so it is set again after each read.
 */
void
sockopt_quickack(const struct transport *t)
{
	if (t->ip_family != 0)
		set(t->in, IPPROTO_TCP, TCP_QUICKACK, 1);
}

bool
sockopt_batch(const struct transport *t, int bytes)
{
	return t->ip_family != 0 &&
	    setsockopt(t->in, SOL_SOCKET, SO_RCVLOWAT, &bytes, sizeof(bytes)) ==
	    0;
}

size_t
sockopt_unsent(const struct transport *t)
{
	int bytes = 0;

	if (t->ip_family == 0 || ioctl(t->out, SIOCOUTQ, &bytes) != 0 ||
	    bytes < 0)
		return 0;
	return (size_t)bytes;
}

/* As OpenSSH's IPQoS: one class for keystrokes, another for the rest. */
void
transport_interactive(struct worker *w, bool interactive)
{
	struct transport *t = w->transport;
	uint8_t tos = interactive ? t->tos_interactive : t->tos_bulk;

	if (tos == t->tos)
		return;
	t->tos = tos;
	if (t->ip_family == AF_INET)
		set(t->in, IPPROTO_IP, IP_TOS, tos);
	else if (t->ip_family == AF_INET6)
		set(t->in, IPPROTO_IPV6, IPV6_TCLASS, tos);
}

static void
ask(struct transport *t)
{
	uint64_t now = loop_now(t->w->loop);
	struct tcp_info info;
	socklen_t len = sizeof(info);

	if (t->ip_family == 0 || (t->rtt_at != 0 && now < t->rtt_at + RTT_MS))
		return;
	t->rtt_at = now;
	if (getsockopt(t->in, IPPROTO_TCP, TCP_INFO, &info, &len) != 0)
		memset(&info, 0, sizeof(info));
	t->rtt = info.tcpi_rtt;
	t->rtt_min = len >= offsetof(struct tcp_info, tcpi_min_rtt) +
		    sizeof(info.tcpi_min_rtt) ?
	    info.tcpi_min_rtt :
	    info.tcpi_rtt;
}

uint32_t
transport_rtt(const struct worker *w)
{
	ask(w->transport);
	return w->transport->rtt;
}

uint32_t
transport_rtt_min(const struct worker *w)
{
	ask(w->transport);
	return w->transport->rtt_min;
}
