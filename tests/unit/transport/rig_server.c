/*
 * A server of nothing but workers with fake monitors, for trying real clients
 * and for measuring the transport alone:
 *	rig_server PORT [kex|- [ciphers|- [macs|- [compression|- [rekey]]]]]
 *	ssh -p PORT localhost 'source 1000000000' > /dev/null
 */
#include "tests/unit/transport/fake_monitor.h"

#include "daemon/worker/settings.h"
#include "daemon/worker/worker.h"

#include "lib/log.h"
#include "lib/ssh/cipher.h"
#include "lib/ssh/kex.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct worker_settings settings;
static uint64_t rekey_bytes;

static char *
names(void (*fn)(struct buf *, unsigned, unsigned), const char *given)
{
	struct buf b;

	if (given != NULL && strcmp(given, "-") != 0)
		return strdup(given);
	buf_init(&b, 4096);
	fn(&b, 0, 0);
	buf_u8(&b, 0);
	return (char *)b.data;
}

static int
listen_on(int port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&sin, sizeof(sin)) != 0 ||
	    listen(fd, 16) != 0) {
		perror("bind");
		exit(1);
	}
	return fd;
}

static void
serve(int fd, struct key_private *key)
{
	struct fake_monitor f;
	struct rusage ru;
	int fds[2], status;
	pid_t pid;

	if (wall_pair(fds) != 0)
		exit(1);
	if ((pid = fork()) == 0) {
		close(fds[0]);
		worker_run(fd, fd, fds[1], &settings, NULL);
	}
	close(fds[1]);
	close(fd);
	fake_monitor_init(&f, fds[0], key);
	f.rekey_bytes = rekey_bytes;
	while (!f.closed)
		fake_monitor_wait(&f);
	wait4(pid, &status, 0, &ru);
	printf("%s %s %s/%s: bye %u/%u %s; exit %x, %u exchanges, cpu "
	       "%ld.%03ld user %ld.%03ld system, log %s\n",
	    f.client_version, f.kex, f.cipher_in, f.cipher_out, f.cause,
	    f.reason, f.text, (unsigned)status, f.seen[MSG_kex],
	    (long)ru.ru_utime.tv_sec, (long)ru.ru_utime.tv_usec / 1000,
	    (long)ru.ru_stime.tv_sec, (long)ru.ru_stime.tv_usec / 1000, f.line);
	fflush(stdout);
	exit(0);
}

int
main(int argc, char **argv)
{
	struct key_private *key = fake_monitor_key();
	int fd, client;

	if (argc < 2 || kex_preload() != 0 || cipher_preload() != 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	settings.offer.kex = names(kex_names, argc > 2 ? argv[2] : NULL);
	settings.offer.ciphers = names(cipher_names, argc > 3 ? argv[3] : NULL);
	settings.offer.macs = names(mac_names, argc > 4 ? argv[4] : NULL);
	settings.offer.compression = strdup(
	    argc > 5 && strcmp(argv[5], "-") != 0 ? argv[5] :
						    "none,zlib@openssh.com");
	settings.offer.host_key = strdup("ssh-ed25519");
	settings.signature_algorithms = strdup("ssh-ed25519,rsa-sha2-256");
	settings.identification = strdup("OpenSSH_compatible_sallyport_0.1.0");
	rekey_bytes = argc > 6 ? strtoull(argv[6], NULL, 10) : 0;
	settings.rekey_bytes = rekey_bytes;
	fd = listen_on(atoi(argv[1]));
	signal(SIGCHLD, SIG_IGN);
	while ((client = accept(fd, NULL, NULL)) >= 0) {
		if (fork() == 0) {
			signal(SIGCHLD, SIG_DFL);
			close(fd);
			serve(client, key);
		}
		close(client);
	}
	return 0;
}
