/*
 * Rig for the tests of the keyholder: starts it, with a master and monitors
 * that ask it.
 */
#include "config/load.h"
#include "tests/unit/key/rig_keyholder.h"

#include "daemon/roles.h"
#include "daemon/start.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/key_sign.h"
#include "lib/ssh/sshsig.h"
#include "privsep/drop.h"
#include "privsep/sandbox.h"
#include "privsep/wall.h"
#include "tests/unit/key/data.h"
#include "tests/unit/key/suites.h"
#include "tests/unit/unit.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *folder;
char *key_paths[8], *cert_paths[2];
size_t key_count, cert_count;
pid_t child;
struct wall master;

/* Stands in for daemon/start.c, which reads the sealed configuration. */
struct config *
start_config(void)
{
	struct config *config = mem_zalloc(sizeof(*config));

	config->host_key_files.items = key_paths;
	config->host_key_files.count = key_count;
	config->host_certificates.items = cert_paths;
	config->host_certificates.count = cert_count;
	config->crypto.rsa_bits = 2048;
	return config;
}

void
config_free(struct config *config)
{
	free(config);
}

void
start_drop(enum role role)
{
	char *empty = mem_printf("%s/empty", folder);

	ck_assert_int_eq(mkdir(empty, 0755), 0);
	drop_to_role(role, empty, 65534, 65534);
	free(empty);
}

void
make_folder(void)
{
	folder = unit_folder();
	key_count = cert_count = 0;
}

void
clean_up(void)
{
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	unit_remove(folder);
	free(folder);
}

/* A copy of a fixture, root's, with that mode. */
char *
install(const char *name, mode_t mode)
{
	char *path = mem_printf("%s/%s", folder, name);
	size_t len;
	char *data = data_read(name, &len);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, data, len), (ssize_t)len);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
	free(data);
	return path;
}

void
add_key(const char *name, mode_t mode)
{
	key_paths[key_count++] = install(name, mode);
}

void
start(void)
{
	int fds[2];

	ck_assert_int_eq(wall_pair(fds), 0);
	ck_assert_int_ge(child = fork(), 0);
	if (child == 0) {
		close(fds[0]);
		keyholder_run(fds[1]);
	}
	close(fds[1]);
	wall_init(
	    &master, fds[0], PATH_MASTER_KEYHOLDER, PATH_KEYHOLDER_MASTER);
}

int
exit_status(void)
{
	int status = -1;

	ck_assert_int_eq(waitpid(child, &status, 0), child);
	child = 0;
	return status;
}

/* The next public key, which must be that of the fixture. */
void
expect_key(uint32_t index, const char *public, const char *certificate)
{
	struct wall_message m;
	struct key *key = data_key(public), *cert;
	size_t len;
	const uint8_t *blob;

	ck_assert_int_eq(wall_receive(&master, &m), 0);
	ck_assert_str_eq(wall_name(m.type), "host_key");
	ck_assert_uint_eq(m.host_key.key, index);
	ck_assert_str_eq(m.host_key.path, key_paths[index]);
	blob = key_blob(key, &len);
	ck_assert_uint_eq(m.host_key.public_key.len, len);
	ck_assert_mem_eq(m.host_key.public_key.data, blob, len);
	if (certificate == NULL)
		ck_assert_uint_eq(m.host_key.certificate.len, 0);
	else {
		cert = data_key(certificate);
		blob = key_blob(cert, &len);
		ck_assert_uint_eq(m.host_key.certificate.len, len);
		ck_assert_mem_eq(m.host_key.certificate.data, blob, len);
		key_free(cert);
	}
	wall_done(&master, &m);
	key_free(key);
}

void
expect_ready(void)
{
	struct wall_message m;

	ck_assert_int_eq(wall_receive(&master, &m), 0);
	ck_assert_str_eq(wall_name(m.type), "keys_ready");
	wall_done(&master, &m);
}

/* A monitor's wall to the keyholder; keys: bits of those it may ask for. */
void
attend(struct wall *monitor, uint32_t keys)
{
	int fds[2];

	ck_assert_int_eq(wall_pair(fds), 0);
	ck_assert_int_eq(
	    WALL_SEND_FD(&master, fds[1], attend, .keys = keys), 0);
	close(fds[1]);
	wall_init(
	    monitor, fds[0], PATH_MONITOR_KEYHOLDER, PATH_KEYHOLDER_MONITOR);
}

/* 0 and a signature that verifies, or E_CRYPTO for an empty one. */
int
ask_bytes(struct wall *monitor, uint32_t index, const char *public,
    const char *algorithm, const void *data, size_t len)
{
	struct key *key = data_key(public);
	struct wall_message m;
	int err = E_CRYPTO;

	ck_assert_int_eq(WALL_SEND(monitor, sign, .key = index,
			     .algorithm = algorithm, .data = {data, len}),
	    0);
	ck_assert_int_eq(wall_receive(monitor, &m), 0);
	ck_assert_str_eq(wall_name(m.type), "signature");
	if (m.signature.signature.len != 0)
		err =
		    key_verify(key, key_alg_find(algorithm, strlen(algorithm)),
			data, len, m.signature.signature.data,
			m.signature.signature.len, NULL);
	wall_done(monitor, &m);
	key_free(key);
	return err;
}

int
ask(struct wall *monitor, uint32_t index, const char *public,
    const char *algorithm, const char *data)
{
	return ask_bytes(monitor, index, public, algorithm, data, strlen(data));
}
