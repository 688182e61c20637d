/*
 * The tests' SFTP client.
 */
#include "tests/unit/sftp/client.h"
#include "tests/unit/unit.h"

#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
tree_make(struct client *c)
{
	memset(c, 0, sizeof(*c));
	c->root = unit_folder();
}

const char *
tree_path(const struct client *c, const char *name)
{
	static char paths[4][PATH_MAX];
	static int next;
	char *path = paths[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", c->root, name);
	return path;
}

void
tree_write(
    const struct client *c, const char *name, const void *data, size_t len)
{
	int fd = open(tree_path(c, name), O_WRONLY | O_CREAT | O_TRUNC, 0644);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	close(fd);
}

off_t
tree_size(const struct client *c, const char *name)
{
	struct stat st;

	return lstat(tree_path(c, name), &st) == 0 ? st.st_size : -1;
}

static void
put_line(void *context, const char *text)
{
	dprintf(*(int *)context, "%s\n", text);
}

static void
tell(void *context, const struct sftp_event *event)
{
	sftp_event_lines(event, "tester", "192.0.2.1", put_line, context);
}

static int
child(const struct client *c, const struct sftp_options *options, int fd,
    int events, void (*before)(const struct client *c))
{
	struct sftp_options o = *options;
	int status;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (before != NULL)
		before(c);
	o.in = o.out = fd;
	if (o.start_directory == NULL)
		o.start_directory = c->root;
	o.on_event = tell;
	o.context = &events;
	status = sftp_server_run(&o);
	/* For the sanitizers' look at leaks, which a chroot rules out. */
	prctl(PR_SET_DUMPABLE, 1);
	if (access("/proc/self/task", F_OK) != 0)
		_exit(status);
	return status;
}

void
client_serve_raw(struct client *c, const struct sftp_options *options,
    void (*before)(const struct client *c))
{
	int pair[2];

	c->events = open(c->root, O_TMPFILE | O_RDWR, 0600);
	ck_assert_int_ge(c->events, 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	c->pid = fork();
	ck_assert_int_ge(c->pid, 0);
	if (c->pid == 0) {
		close(pair[0]);
		exit(child(c, options, pair[1], c->events, before));
	}
	close(pair[1]);
	c->fd = pair[0];
	buf_init(&c->out, SFTP_PACKET_MAX + 64);
}

void
client_serve(struct client *c, const struct sftp_options *options,
    void (*before)(const struct client *c))
{
	client_serve_raw(c, options, before);
	ask_begin(c, SSH_FXP_INIT);
	c->out.len -= 4; /* INIT has a version in place of an id */
	buf_u32(&c->out, 3);
	ask_send(c);
	ck_assert(hear(c));
	ck_assert_uint_eq(c->type, SSH_FXP_VERSION);
	ck_assert_uint_eq(c->reply_id, 3);
}

int
client_end(struct client *c)
{
	int status;

	close(c->fd);
	ck_assert_int_eq(waitpid(c->pid, &status, 0), c->pid);
	buf_free(&c->out);
	unit_remove(c->root);
	free(c->root);
	ck_assert_msg(WIFEXITED(status), "server died: %#x", status);
	return WEXITSTATUS(status);
}

const char *
client_events(struct client *c)
{
	static char text[1 << 20];
	ssize_t n = pread(c->events, text, sizeof(text) - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	return text;
}

struct buf *
ask_begin(struct client *c, uint8_t type)
{
	c->out.len = 0;
	c->packet = buf_string_open(&c->out);
	buf_u8(&c->out, type);
	buf_u32(&c->out, ++c->id);
	return &c->out;
}

static void
send_all(int fd, const uint8_t *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = send(fd, data, len, MSG_NOSIGNAL);
		ck_assert_int_gt(n, 0);
	}
}

void
ask_send(struct client *c)
{
	buf_string_close(&c->out, c->packet);
	ck_assert_int_eq(buf_end(&c->out), 0);
	send_all(c->fd, c->out.data, c->out.len);
}

void
vask(struct client *c, uint8_t type, const char *letters, va_list args)
{
	struct buf *b = ask_begin(c, type);

	for (; *letters != '\0'; letters++) {
		switch (*letters) {
		case 's':
			buf_text(b, va_arg(args, const char *));
			break;
		case 'h':
			buf_u32(b, 4);
			buf_u32(b, va_arg(args, uint32_t));
			break;
		case 'u':
			buf_u32(b, va_arg(args, uint32_t));
			break;
		case 'q':
			buf_u64(b, va_arg(args, uint64_t));
			break;
		case '.':
			buf_u32(b, 0);
			break;
		default:
			ck_abort_msg("letter %c", *letters);
		}
	}
	ask_send(c);
}

void
ask(struct client *c, uint8_t type, const char *letters, ...)
{
	va_list args;

	va_start(args, letters);
	vask(c, type, letters, args);
	va_end(args);
}

static bool
receive(int fd, uint8_t *data, size_t len)
{
	ssize_t n;

	for (; len > 0; data += n, len -= (size_t)n) {
		n = read(fd, data, len);
		if (n <= 0)
			return false;
	}
	return true;
}

bool
hear(struct client *c)
{
	struct rd length;

	if (!receive(c->fd, c->reply, 4))
		return false;
	rd_init(&length, c->reply, 4);
	c->reply_len = rd_u32(&length);
	ck_assert_uint_ge(c->reply_len, 5);
	ck_assert_uint_le(c->reply_len, SFTP_PACKET_MAX);
	if (!receive(c->fd, c->reply, c->reply_len))
		return false;
	rd_init(&c->r, c->reply, c->reply_len);
	c->type = rd_u8(&c->r);
	c->reply_id = rd_u32(&c->r);
	return true;
}

uint32_t
heard_status(struct client *c)
{
	struct rd r = c->r;
	uint32_t status;
	char language[16];

	ck_assert_uint_eq(c->type, SSH_FXP_STATUS);
	status = rd_u32(&r);
	rd_text(&r, c->text, sizeof(c->text));
	rd_text(&r, language, sizeof(language));
	ck_assert_int_eq(rd_end(&r), 0);
	return status;
}

static void
hear_answer(struct client *c)
{
	ck_assert(hear(c));
	ck_assert_uint_eq(c->reply_id, c->id);
}

uint32_t
ask_status(struct client *c, uint8_t type, const char *letters, ...)
{
	va_list args;

	va_start(args, letters);
	vask(c, type, letters, args);
	va_end(args);
	hear_answer(c);
	return heard_status(c);
}

uint32_t
ask_handle(struct client *c, uint8_t type, const char *letters, ...)
{
	va_list args;
	uint32_t handle;

	va_start(args, letters);
	vask(c, type, letters, args);
	va_end(args);
	hear_answer(c);
	ck_assert_uint_eq(c->type, SSH_FXP_HANDLE);
	ck_assert_uint_eq(rd_u32(&c->r), 4);
	handle = rd_u32(&c->r);
	ck_assert_int_eq(rd_end(&c->r), 0);
	return handle;
}

const char *
ask_name(struct client *c, uint8_t type, const char *letters, ...)
{
	static char name[PATH_MAX];
	va_list args;

	va_start(args, letters);
	vask(c, type, letters, args);
	va_end(args);
	hear_answer(c);
	if (c->type == SSH_FXP_STATUS) {
		snprintf(name, sizeof(name), "status %u", heard_status(c));
		return name;
	}
	ck_assert_uint_eq(c->type, SSH_FXP_NAME);
	ck_assert_uint_eq(rd_u32(&c->r), 1);
	rd_text(&c->r, name, sizeof(name));
	ck_assert_int_eq(c->r.err, 0);
	return name;
}
