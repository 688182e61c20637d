/*
 * libssh_client HOST PORT USER KEY WHAT [ARGUMENTS]: what libssh does with a
 * server, for the tests of real clients; built by them with cc -lssh.
 *	run COMMAND		its output, its status as ours
 *	put FILE NAME		by SFTP
 *	get NAME FILE
 *	link TARGET NAME	a symbolic link NAME that says TARGET; read back
 *	local ADDRESS PORT	stdin there and back (direct-tcpip)
 *	remote ADDRESS PORT	ask the server to listen, say its port, serve
 *one connection: what comes goes back in capitals
 */
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <libssh/libssh.h>
#include <libssh/sftp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static ssh_session session;

static void
fail(const char *what)
{
	errx(99, "%s: %s", what, ssh_get_error(session));
}

static void
want(int rc, const char *what)
{
	if (rc != SSH_OK)
		fail(what);
}

static void
log_in(char *argv[])
{
	unsigned int port = (unsigned int)atoi(argv[2]);
	const char *kex = getenv("LIBSSH_KEX"),
		   *cipher = getenv("LIBSSH_CIPHER");
	int no = 0;
	ssh_key key;

	session = ssh_new();
	ssh_options_set(session, SSH_OPTIONS_HOST, argv[1]);
	ssh_options_set(session, SSH_OPTIONS_PORT, &port);
	ssh_options_set(session, SSH_OPTIONS_USER, argv[3]);
	ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no);
	if (kex != NULL)
		want(ssh_options_set(session, SSH_OPTIONS_KEY_EXCHANGE, kex),
		    "kex");
	if (cipher != NULL) {
		want(ssh_options_set(session, SSH_OPTIONS_CIPHERS_C_S, cipher),
		    cipher);
		want(ssh_options_set(session, SSH_OPTIONS_CIPHERS_S_C, cipher),
		    cipher);
	}
	if (getenv("LIBSSH_REKEY") != NULL) {
		uint64_t bytes = strtoull(getenv("LIBSSH_REKEY"), NULL, 10);
		want(ssh_options_set(session, SSH_OPTIONS_REKEY_DATA, &bytes),
		    "rekey");
	}
	want(ssh_connect(session), "connect");
	want(ssh_pki_import_privkey_file(argv[4], NULL, NULL, NULL, &key),
	    "key");
	if (ssh_userauth_publickey(session, NULL, key) != SSH_AUTH_SUCCESS)
		fail("login");
	ssh_key_free(key);
}

static ssh_channel
channel(void)
{
	ssh_channel c = ssh_channel_new(session);

	if (c == NULL)
		fail("channel");
	return c;
}

/* Copies the channel's output to stdout until its end. */
static void
drain(ssh_channel c)
{
	char buf[65536];
	int n;

	while ((n = ssh_channel_read(c, buf, sizeof(buf), 0)) > 0)
		fwrite(buf, 1, (size_t)n, stdout);
	if (n < 0)
		fail("read");
	fflush(stdout);
}

static void
feed(ssh_channel c)
{
	char buf[65536];
	ssize_t n;

	while ((n = read(STDIN_FILENO, buf, sizeof(buf))) > 0)
		if (ssh_channel_write(c, buf, (uint32_t)n) != n)
			fail("write");
	want(ssh_channel_send_eof(c), "eof");
}

static int
do_run(char *argv[])
{
	ssh_channel c = channel();

	want(ssh_channel_open_session(c), "open");
	want(ssh_channel_request_exec(c, argv[0]), "exec");
	feed(c);
	drain(c);
	return ssh_channel_get_exit_status(c);
}

static sftp_session
files(void)
{
	sftp_session s = sftp_new(session);

	if (s == NULL || sftp_init(s) != SSH_OK)
		fail("sftp");
	return s;
}

static int
do_put(char *argv[])
{
	char buf[30000];
	sftp_file f =
	    sftp_open(files(), argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
	int fd = open(argv[0], O_RDONLY);
	ssize_t n;

	if (f == NULL || fd < 0)
		fail(argv[1]);
	while ((n = read(fd, buf, sizeof(buf))) > 0)
		if (sftp_write(f, buf, (size_t)n) != n)
			fail("write");
	want(sftp_close(f), "close");
	return 0;
}

static int
do_get(char *argv[])
{
	char buf[60000];
	sftp_file f = sftp_open(files(), argv[0], O_RDONLY, 0);
	FILE *out = fopen(argv[1], "w");
	ssize_t n;

	if (f == NULL || out == NULL)
		fail(argv[0]);
	while ((n = sftp_read(f, buf, sizeof(buf))) > 0)
		fwrite(buf, 1, (size_t)n, out);
	if (n < 0)
		fail("read");
	fclose(out);
	want(sftp_close(f), "close");
	return 0;
}

static int
do_link(char *argv[])
{
	sftp_session s = files();
	char *read_back;

	want(sftp_symlink(s, argv[0], argv[1]), "symlink");
	read_back = sftp_readlink(s, argv[1]);
	if (read_back == NULL || strcmp(read_back, argv[0]) != 0)
		errx(98, "it says %s", read_back ? read_back : "nothing");
	return 0;
}

static int
do_local(char *argv[])
{
	ssh_channel c = channel();

	want(
	    ssh_channel_open_forward(c, argv[0], atoi(argv[1]), "127.0.0.1", 1),
	    "forward");
	feed(c);
	drain(c);
	return 0;
}

static int
do_remote(char *argv[])
{
	char buf[65536];
	ssh_channel c;
	int bound, port = 0, n, i;

	want(
	    ssh_channel_listen_forward(session, argv[0], atoi(argv[1]), &bound),
	    "listen");
	printf("%d\n", bound);
	fflush(stdout);
	c = ssh_channel_open_forward_port(session, 20000, &port, NULL, NULL);
	if (c == NULL)
		fail("accept");
	if (port != bound)
		errx(97, "for port %d", port);
	while ((n = ssh_channel_read(c, buf, sizeof(buf), 0)) > 0) {
		for (i = 0; i < n; i++)
			buf[i] = (char)toupper((unsigned char)buf[i]);
		if (ssh_channel_write(c, buf, (uint32_t)n) != n)
			fail("write");
	}
	want(ssh_channel_send_eof(c), "eof");
	want(ssh_channel_close(c), "close");
	want(ssh_channel_cancel_forward(session, argv[0], bound), "cancel");
	return 0;
}

static const struct {
	const char *name;
	int (*play)(char *argv[]);
	int arguments;
} plays[] = {
    {"run", do_run, 1},
    {"put", do_put, 2},
    {"get", do_get, 2},
    {"link", do_link, 2},
    {"local", do_local, 2},
    {"remote", do_remote, 2},
};

int
main(int argc, char *argv[])
{
	for (size_t i = 0; argc > 5 && i < sizeof(plays) / sizeof(plays[0]);
	     i++)
		if (strcmp(argv[5], plays[i].name) == 0 &&
		    argc == 6 + plays[i].arguments) {
			int status;

			log_in(argv);
			status = plays[i].play(&argv[6]);
			ssh_disconnect(session);
			ssh_free(session);
			return status;
		}
	errx(96,
	    "libssh_client HOST PORT USER KEY run|put|get|link|local|remote "
	    "...");
}
