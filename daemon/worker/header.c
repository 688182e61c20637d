/*
 * Reads a PROXY header for the master, which reads nothing of a stranger's: a
 * process for each balancer's connection, in the workers' sandbox, that ends
 * before the client's own bytes are read by anybody.
 */
#include "daemon/worker/header.h"

#include "lib/err.h"
#include "lib/fd.h"
#include "lib/proxy_header.h"
#include "privsep/wall.h"

#include <errno.h>
#include <poll.h>
#include <unistd.h>

/* Until bytes are there; the master has closed its end: it waits no more. */
static int
await(int client, int wall)
{
	struct pollfd p[2] = {{.fd = client, .events = POLLIN}, {.fd = wall}};

	while (poll(p, 2, -1) < 0)
		if (errno != EINTR)
			return E_SYSTEM;
	return p[1].revents != 0 ? E_STATE : 0;
}

static int
read_more(int client, uint8_t *at, size_t len, size_t *have)
{
	ssize_t n = read(client, at, len);

	if (n > 0)
		*have += (size_t)n;
	else if (n == 0)
		return E_CLOSED;
	else if (errno != EAGAIN && errno != EINTR)
		return errno == ECONNRESET ? E_CLOSED : E_SYSTEM;
	return 0;
}

static int
read_header(int client, int wall, uint8_t *data, size_t *len)
{
	size_t have = 0, need = 0;
	int err = 0;

	while (
	    (err = proxy_header_need(data, have, &need)) == 0 && need > have) {
		if ((err = await(client, wall)) != 0 ||
		    (err = read_more(
			 client, &data[have], need - have, &have)) != 0)
			return err;
	}
	*len = have;
	return err;
}

static struct bytes
bytes_of(const struct net_address *a)
{
	return (struct bytes){a->bytes,
	    a->family == NET_V4	    ? 4 :
		a->family == NET_V6 ? 16 :
				      0};
}

static void
tell(struct wall *master, const struct proxy_header *h)
{
	(void)WALL_SEND(master, proxied, .version = (uint8_t)h->version,
	    .kind = (uint8_t)h->kind, .source = bytes_of(&h->source),
	    .source_port = h->source.port,
	    .destination = bytes_of(&h->destination),
	    .destination_port = h->destination.port, .authority = h->authority,
	    .unique_id = h->unique_id, .tls = h->tls, .tls_name = h->tls_name,
	    .tls_verified = h->tls_verified);
}

void
header_run(int client, int wall)
{
	static uint8_t data[PROXY_HEADER_MAX];
	static struct proxy_header header;
	struct wall master;
	size_t len = 0;
	int err = fd_set_nonblocking(client);

	wall_init(&master, wall, PATH_READER_MASTER, PATH_READER_MASTER);
	if (err == 0)
		err = read_header(client, wall, data, &len);
	if (err == 0)
		err = proxy_header_parse(data, len, &header);
	if (err == 0)
		tell(&master, &header);
	else if (err != E_STATE)
		(void)WALL_SEND(&master, not_proxied, .error = (uint8_t)-err);
	_exit(0);
}
