/*
 * An example of a sallyport module with a helper process: one connection to a
 * service stays open for all logins.  The service is example_socket.c's: it
 * reads "auth USER ADDRESS LENGTH\n" and LENGTH bytes of password, and answers
 * "yes\n" or "no REASON\n".
 *
 * The module's part runs as root in each connection, and asks the helper; the
 * helper runs as the account helper_user, and speaks with the service.
 */
#include <sallyport_module.h>
#include <sallyport_helper.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define ASK_MS	   6000
#define SERVICE_MS 5000

static const struct sallyport_host *host;

static const struct sallyport_option options[] = {
    {.name = "socket",
	.type = SALLYPORT_PATH,
	.flags = SALLYPORT_OPTION_REQUIRED,
	.help = "where the service listens"},
    {.name = NULL},
};

static const char *const methods[] = {"password", NULL};

static int
load(const struct sallyport_host *h, const struct sallyport_setting *settings,
    size_t count, void **state)
{
	(void)settings;
	(void)count;
	(void)state;
	host = h;
	if (h->size < offsetof(struct sallyport_host, ask_helper) +
		sizeof(h->ask_helper)) {
		h->problem(NULL, "this server has no helper processes");
		return -1;
	}
	return 0;
}

/* ---- in the connection ---- */

static void
wipe(void *data, size_t len)
{
	volatile char *at = data;

	while (len-- > 0)
		*at++ = 0;
}

static enum sallyport_verdict
authenticate(void *connection, struct sallyport_login *login)
{
	char request[4096], reply[256];
	size_t len, got;
	const uint8_t *password = host->bytes(login, SALLYPORT_PASSWORD, &len);
	int n = snprintf(request, sizeof(request), "auth %s %s %zu\n",
	    host->text(login, SALLYPORT_USER),
	    host->text(login, SALLYPORT_SOURCE), len);
	int err;

	(void)connection;
	if (len > sizeof(request) - (size_t)n)
		return SALLYPORT_DENY;
	memcpy(&request[n], password, len);
	err = host->ask_helper(login, request, (size_t)n + len, reply,
	    sizeof(reply) - 1, &got, ASK_MS);
	wipe(request, sizeof(request));
	if (err != SALLYPORT_OK)
		return SALLYPORT_UNAVAILABLE;
	reply[got] = '\0';
	if (strcmp(reply, "yes") == 0)
		return SALLYPORT_ALLOW;
	host->reason(login, "the service says: %s", reply);
	return SALLYPORT_DENY;
}

/* ---- in the helper ---- */

static int
reach(const struct sallyport_helper *h)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	for (size_t i = 0; i < h->count; i++)
		snprintf(address.sun_path, sizeof(address.sun_path), "%s",
		    h->settings[i].value);
	if (fd >= 0 &&
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
		0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The service's line without its end; -1: the connection is of no use. */
static int
converse(int fd, const struct sallyport_request *r, char *line, size_t size)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t used = 0;

	if (send(fd, r->data, r->len, MSG_NOSIGNAL) != (ssize_t)r->len)
		return -1;
	while (used < size && (used == 0 || line[used - 1] != '\n')) {
		ssize_t n;

		if (poll(&p, 1, SERVICE_MS) != 1 ||
		    (n = recv(fd, &line[used], size - used, 0)) <= 0)
			return -1;
		used += (size_t)n;
	}
	return line[used - 1] == '\n' ? (int)used - 1 : -1;
}

static int
helper(struct sallyport_helper *h)
{
	struct sallyport_request *r;
	char line[256];
	int fd = -1, n;

	while (h->next(h, -1, &r) == SALLYPORT_OK) {
		n = -1;
		/* Once more: the service may have been restarted meanwhile. */
		for (int tries = 0; n < 0 && tries < 2; tries++) {
			if (fd < 0 && (fd = reach(h)) < 0)
				break;
			if ((n = converse(fd, r, line, sizeof(line))) >= 0)
				break;
			close(fd);
			fd = -1;
		}
		if (n < 0)
			h->log(h, SALLYPORT_LOG_ERROR,
			    "the service does not answer");
		h->answer(h, r, n < 0 ? NULL : line, n < 0 ? 0 : (size_t)n);
	}
	return 0;
}

SALLYPORT_MODULE = {
    SALLYPORT_SIZES,
    .name = "example_helper",
    .version = "1",
    .methods = methods,
    .options = options,
    .load = load,
    .authenticate = authenticate,
    .helper = helper,
};
