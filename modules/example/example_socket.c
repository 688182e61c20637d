/*
 * An example of a sallyport module that asks a service on a UNIX socket: is
 * this the password, and may the account log in?  With a deadline of its own,
 * so that a service that hangs costs seconds and not the connection; the
 * host's deadline stands behind it.
 *
 * The service reads one line, "auth USER ADDRESS LENGTH\n" and then LENGTH
 * bytes of password, or "account USER ADDRESS\n", and answers "yes\n" or
 * "no REASON\n".
 */
#include <sallyport_module.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static const struct sallyport_host *host;

static const struct sallyport_option options[] = {
    {.name = "socket",
	.type = SALLYPORT_PATH,
	.flags = SALLYPORT_OPTION_REQUIRED,
	.help = "where the service listens"},
    {.name = "deadline",
	.type = SALLYPORT_SECONDS,
	.min = 1,
	.max = 60,
	.fallback = "5",
	.help = "how long it may take to answer"},
    {.name = NULL},
};

static const char *const methods[] = {"password", NULL};

struct service {
	struct sockaddr_un address;
	int deadline; /* milliseconds */
};

static int
load(const struct sallyport_host *h, const struct sallyport_setting *settings,
    size_t count, void **state)
{
	struct service *s = calloc(1, sizeof(*s));

	host = h;
	*state = s;
	if (s == NULL)
		return -1;
	s->address.sun_family = AF_UNIX;
	s->deadline = 5000;
	for (size_t i = 0; i < count; i++) {
		const struct sallyport_setting *o = &settings[i];

		if (strcmp(o->name, "deadline") == 0)
			s->deadline = atoi(o->value) * 1000;
		else if (strlen(o->value) >= sizeof(s->address.sun_path))
			h->problem(o, "a socket's path has at most %zu bytes",
			    sizeof(s->address.sun_path) - 1);
		else
			strcpy(s->address.sun_path, o->value);
	}
	return 0;
}

static void
unload(void *state)
{
	free(state);
}

static void *
begin(void *state, struct sallyport_login *login)
{
	(void)login;
	return state;
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Wait until the socket can be read or written, no longer than `until`. */
static int
wait_for(int fd, short events, int64_t until)
{
	struct pollfd p = {.fd = fd, .events = events};
	int64_t left = until - now_ms();

	return left > 0 && poll(&p, 1, (int)left) == 1 ? 0 : -1;
}

static int
send_all(int fd, const char *data, size_t len, int64_t until)
{
	while (len > 0) {
		ssize_t n;

		if (wait_for(fd, POLLOUT, until) != 0)
			return -1;
		n = send(fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* One line of at most size - 1 bytes. */
static int
read_line(int fd, char *line, size_t size, int64_t until)
{
	size_t used = 0;

	while (used + 1 < size) {
		ssize_t n;

		if (wait_for(fd, POLLIN, until) != 0)
			return -1;
		n = read(fd, &line[used], 1);
		if (n != 1)
			return -1;
		if (line[used] == '\n') {
			line[used] = '\0';
			return 0;
		}
		used++;
	}
	return -1;
}

static enum sallyport_verdict
ask_service(const struct service *s, struct sallyport_login *login,
    const char *question, const uint8_t *more, size_t more_len)
{
	int64_t until = now_ms() + s->deadline;
	enum sallyport_verdict verdict = SALLYPORT_UNAVAILABLE;
	char answer[256];
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return SALLYPORT_UNAVAILABLE;
	/* Name the call: if all deadlines fail, the log says what hung. */
	host->call_begin(login, SALLYPORT_CALL_MODULE, s->address.sun_path);
	if (connect(fd, (const struct sockaddr *)&s->address,
		sizeof(s->address)) == 0 &&
	    send_all(fd, question, strlen(question), until) == 0 &&
	    send_all(fd, (const char *)more, more_len, until) == 0 &&
	    read_line(fd, answer, sizeof(answer), until) == 0) {
		verdict = strcmp(answer, "yes") == 0 ? SALLYPORT_ALLOW :
						       SALLYPORT_DENY;
		host->reason(login, "the service said %s", answer);
	} else {
		host->reason(login, "the service did not answer");
		host->log(login, SALLYPORT_LOG_WARN,
		    "no answer from %s within %d ms", s->address.sun_path,
		    s->deadline);
	}
	host->call_end(login);
	close(fd);
	return verdict;
}

static enum sallyport_verdict
authenticate(void *connection, struct sallyport_login *login)
{
	char question[512];
	size_t len;
	const uint8_t *password = host->bytes(login, SALLYPORT_PASSWORD, &len);

	snprintf(question, sizeof(question), "auth %s %s %zu\n",
	    host->text(login, SALLYPORT_USER),
	    host->text(login, SALLYPORT_SOURCE), len);
	return ask_service(connection, login, question, password, len);
}

static enum sallyport_verdict
account(void *connection, struct sallyport_login *login)
{
	char question[512];

	snprintf(question, sizeof(question), "account %s %s\n",
	    host->text(login, SALLYPORT_USER),
	    host->text(login, SALLYPORT_SOURCE));
	return ask_service(connection, login, question, NULL, 0);
}

SALLYPORT_MODULE = {
    SALLYPORT_SIZES,
    .name = "example_socket",
    .version = "1",
    .methods = methods,
    .options = options,
    .load = load,
    .unload = unload,
    .begin = begin,
    .authenticate = authenticate,
    .account = account,
};
