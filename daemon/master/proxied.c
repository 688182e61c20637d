/*
 * A PROXY header is read by a process of the worker template's, in the workers'
 * sandbox (daemon/worker/header.c), which says once what the header claims.
 * The master reads none of it; lobby.c judges the claim.
 */
#include "daemon/master/proxied.h"

#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"

#include <netinet/in.h>

#include <string.h>
#include <unistd.h>

void
proxied_stop(struct connection *c)
{
	if (c->header.fd < 0)
		return;
	loop_fd_remove(&c->on_header);
	wall_free(&c->header);
}

/* Why there is no header, by what its reader says. */
static const char *
fault_text(int err)
{
	switch (err) {
	case E_CLOSED:
		return "closed before a PROXY header";
	case E_FORMAT:
		return "malformed PROXY header";
	case E_TOO_LARGE:
		return "PROXY header larger than its limit";
	case E_TRUNCATED:
	case E_TRAILING:
		return "PROXY header with a wrong length";
	case E_VALUE:
		return "PROXY header with a value that there is not";
	case E_UNSUPPORTED:
		return "PROXY header of a kind that is not supported";
	case E_MAC:
		return "PROXY header with a wrong checksum";
	default:
		return "PROXY header that cannot be read";
	}
}

/* 4 or 16 bytes; none where there is no address.  False: neither. */
static bool
take_address(
    const struct bytes *bytes, uint16_t port, bool given, struct net_address *a)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};

	memset(a, 0, sizeof(*a));
	if (!given)
		return bytes->len == 0 && port == 0;
	if (bytes->len == sizeof(in.sin_addr)) {
		memcpy(&in.sin_addr, bytes->data, sizeof(in.sin_addr));
		in.sin_port = htons(port);
		return net_from_sockaddr(
			   (struct sockaddr *)&in, sizeof(in), a) == 0;
	}
	if (bytes->len != sizeof(in6.sin6_addr))
		return false;
	memcpy(&in6.sin6_addr, bytes->data, sizeof(in6.sin6_addr));
	in6.sin6_port = htons(port);
	return net_from_sockaddr((struct sockaddr *)&in6, sizeof(in6), a) == 0;
}

static bool
take_claim(const struct msg_proxied *m, struct proxied *p)
{
	const bool given = m->kind == PROXY_ADDRESS;

	p->kind = (enum proxy_kind)m->kind;
	p->more = m;
	return take_address(&m->source, m->source_port, given, &p->source) &&
	    take_address(
		&m->destination, m->destination_port, given, &p->destination);
}

/*
 * One message and no second: the wall is closed before the connection goes on,
 * so that what has been judged stays.
 */
static void
go_on(struct connection *c, const struct proxied *p)
{
	proxied_stop(c);
	c->on_source(c, p);
}

#undef PEER_CONTEXT
#define PEER_CONTEXT struct connection
WALL_READER_MASTER(PEER_DECLARE_STATIC)
PEER_HANDLE(READER_MASTER)
static const struct peer from_reader = {.handle = peer_READER_MASTER};

static int
on_not_proxied(struct connection *c, struct wall_message *m)
{
	const struct proxied p = {.kind = PROXY_UNKNOWN,
	    .fault = fault_text(-(int)m->not_proxied.error)};

	go_on(c, &p);
	return 0;
}

/* A reader that breaks the rules is none of ours any more. */
static int
on_proxied(struct connection *c, struct wall_message *m)
{
	struct proxied p = {.kind = PROXY_UNKNOWN};

	if (!take_claim(&m->proxied, &p)) {
		p.fault = fault_text(E_INTERNAL);
		log_error("connection %016llx: its header's reader broke the "
			  "rules of the wall: %s",
		    (unsigned long long)c->id, err_text(E_VALUE));
	}
	go_on(c, &p);
	return 0;
}

static void
on_header(int fd, unsigned events, void *arg)
{
	const struct proxied broken = {
	    .kind = PROXY_UNKNOWN, .fault = fault_text(E_INTERNAL)};
	struct connection *c = arg;
	int err = peer_read(&from_reader, &c->header, c);

	(void)fd;
	(void)events;
	if (err != 0 && err != E_AGAIN)
		go_on(c, &broken);
}

int
proxied_start(struct connection *c, struct wall *workers, proxied_fn *fn)
{
	struct wall_message m = {
	    .type = MSG_read_header, .fds = {-1, -1, -1, -1}};
	int pair[2], err;

	if ((err = wall_pair(pair)) != 0)
		return err;
	wall_init(&c->header, pair[0], PATH_READER_MASTER, PATH_READER_MASTER);
	c->on_source = fn;
	m.fds[0] = c->client;
	m.fds[1] = pair[1];
	m.read_header.connection = c->id;
	err = wall_send(workers, &m);
	close(pair[1]);
	if (err == 0)
		err = fd_set_nonblocking(pair[0]);
	if (err == 0)
		err = loop_fd_add(c->generation->master->loop, &c->on_header,
		    pair[0], LOOP_READ, on_header, c);
	if (err != 0)
		proxied_stop(c);
	return err;
}
