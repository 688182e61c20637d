/*
 * The socket of the running server, from the administrator's side.
 */
#include "daemon/ctl/client.h"

#include "config/load.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/mem.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ANSWER_MAX (64 * 1024 * 1024)
/* A server that is alive answers at once; a reload loads modules. */
#define ANSWER_MS 120000

static int
fail(const struct ctl *ctl, int status, const char *text)
{
	if (ctl->quiet)
		return status;
	ctl_keep_error(text);
	fputs("sallyportctl: ", stderr);
	for (const char *at = text; *at != '\0';) {
		char *line = mem_strndup(at, strcspn(at, "\n"));

		plain_text(line, stderr);
		putc('\n', stderr);
		at += strlen(line);
		at += *at == '\n';
		free(line);
	}
	return status;
}

static int __attribute__((format(printf, 3, 4)))
failf(const struct ctl *ctl, int status, const char *format, ...)
{
	va_list args;
	char *text;

	va_start(args, format);
	text = mem_vprintf(format, args);
	va_end(args);
	status = fail(ctl, status, text);
	free(text);
	return status;
}

/* Without a configuration that can be read: where the server of that file is
 * found, or else where the default one has it. */
static char *
socket_path(const struct ctl *ctl)
{
	struct problems problems = {0};
	struct bundle bundle = {0};
	struct config *config = NULL;
	char *path = NULL;

	if (config_bundle_read(ctl->config_file, &bundle, &problems) != 0 ||
	    config_load(&bundle, &config, &problems) != 0) {
		config = config_defaults();
		path = find_socket(ctl);
		if (path == NULL && !ctl->json && !ctl->quiet)
			fprintf(stderr,
			    "sallyportctl: %s cannot be read; "
			    "trying %s\n",
			    ctl->config_file, config->control_socket);
	}
	if (path == NULL && config->control_socket != NULL)
		path = mem_strdup(config->control_socket);
	config_free(config);
	config_bundle_free(&bundle);
	problems_free(&problems);
	return path;
}

static int
reach(const struct ctl *ctl, const char *path, int *fd)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(un.sun_path))
		return failf(ctl, CTL_FAILED, "%s: the path is too long", path);
	memcpy(un.sun_path, path, strlen(path));
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*fd >= 0 && connect(*fd, (struct sockaddr *)&un, sizeof(un)) == 0)
		return CTL_OK;
	if (*fd >= 0)
		close(*fd);
	if (errno == ENOENT || errno == ECONNREFUSED)
		return failf(ctl, CTL_NOT_RUNNING,
		    "no server is running "
		    "(nobody answers at %s)",
		    path);
	if (errno == EACCES && geteuid() != 0)
		return fail(ctl, CTL_FAILED, "only root may do this");
	return failf(ctl, CTL_FAILED, "%s: %s", path, strerror(errno));
}

/* Words are separated by NUL, so a newline may stand in none. */
static int
send_request(
    const struct ctl *ctl, int fd, const char *const *words, size_t count)
{
	struct buf b;
	int status = CTL_OK;

	buf_init(&b, 1024);
	for (size_t i = 0; i < count; i++) {
		if (strchr(words[i], '\n') != NULL)
			status =
			    fail(ctl, CTL_USAGE, "an argument has a newline");
		if (i > 0)
			buf_u8(&b, 0);
		buf_bytes(&b, words[i], strlen(words[i]));
	}
	buf_u8(&b, '\n');
	if (status == CTL_OK && buf_end(&b) != 0)
		status = fail(ctl, CTL_USAGE, "the arguments are too long");
	/* A server that has closed already has said why: that is read. */
	if (status == CTL_OK &&
	    send(fd, b.data, b.len, MSG_NOSIGNAL) != (ssize_t)b.len &&
	    errno != EPIPE && errno != ECONNRESET)
		status = failf(ctl, CTL_FAILED,
		    "the server does not listen: %s", strerror(errno));
	buf_free(&b);
	return status;
}

/* The answer carries one at most; a second is closed. */
static void
take_descriptor(struct msghdr *h, int *fd)
{
	bool odd = false;
	int got;

	if (fd_take(h, &got, 1, &odd) == 0)
		return;
	if (fd != NULL && *fd < 0)
		*fd = got;
	else
		close(got);
}

/* Until the server closes. */
static int
receive(const struct ctl *ctl, int from, struct buf *answer, int *fd)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control;
	uint8_t piece[16384];

	for (;;) {
		struct pollfd p = {.fd = from, .events = POLLIN};
		struct iovec iov = {
		    .iov_base = piece, .iov_len = sizeof(piece)};
		struct msghdr h = {.msg_iov = &iov,
		    .msg_iovlen = 1,
		    .msg_control = control.space,
		    .msg_controllen = sizeof(control.space)};
		ssize_t n;

		if (poll(&p, 1, ANSWER_MS) == 0)
			return fail(
			    ctl, CTL_FAILED, "the server does not answer");
		n = recvmsg(from, &h, MSG_CMSG_CLOEXEC);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return CTL_OK;
		take_descriptor(&h, fd);
		buf_bytes(answer, piece, (size_t)n);
		if (buf_end(answer) != 0)
			return fail(ctl, CTL_FAILED, "the answer is too long");
	}
}

/* Its last line says how it went. */
static int
take_answer(const struct ctl *ctl, char *text, struct records *answer)
{
	struct records error = {0};
	char *line, *next, *word;
	int status;

	for (line = text; *line != '\0'; line = next) {
		next = &line[strcspn(line, "\n")];
		if (*next != '\n')
			break;
		*next++ = '\0';
		if (strcmp(line, "ok") == 0 && *next == '\0')
			return CTL_OK;
		if (strncmp(line, "error ", 6) == 0) {
			word = mem_printf("error=%s", &line[6]);
			status = record_parse(&error, word) == 0 ?
			    fail(ctl, CTL_FAILED,
				record_get(&error.items[0], "error")) :
			    fail(ctl, CTL_FAILED, "the server refuses");
			free(word);
			records_free(&error);
			return status;
		}
		if (record_parse(answer, line) != 0)
			break;
	}
	return fail(ctl, CTL_FAILED,
	    "the answer of the server is cut off or not understood");
}

int
client_ask(const struct ctl *ctl, const char *const *words, size_t count,
    struct records *answer, int *fd)
{
	char *path =
	    ctl->socket != NULL ? mem_strdup(ctl->socket) : socket_path(ctl);
	struct buf text;
	int server = -1, status;

	if (fd != NULL)
		*fd = -1;
	if (path == NULL)
		return fail(ctl, CTL_FAILED,
		    "the configuration has control_socket = \"none\"");
	buf_init(&text, ANSWER_MAX);
	status = reach(ctl, path, &server);
	if (status == CTL_OK)
		status = send_request(ctl, server, words, count);
	if (status == CTL_OK)
		status = receive(ctl, server, &text, fd);
	if (status == CTL_OK) {
		buf_u8(&text, 0);
		status = take_answer(ctl, (char *)text.data, answer);
	}
	if (server >= 0)
		close(server);
	buf_free(&text);
	free(path);
	return status;
}
