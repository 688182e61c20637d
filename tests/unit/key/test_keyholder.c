/*
 * The keyholder, whole: a child of the test runs keyholder_run() in its real
 * sandbox, the test plays the master and a monitor.  Run as root, because
 * host keys must be root's; otherwise these cases are left out.
 */
#include "config/load.h"
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

#include "tests/unit/key/rig_keyholder.h"

START_TEST(it_publishes_signs_and_leaves_with_the_last)
{
	struct wall first, second;

	add_key("ed25519", 0600);
	add_key("ecdsa256", 0400);
	add_key("rsa2048", 0600);
	cert_paths[cert_count++] = install("host-cert.pub", 0644);
	start();
	expect_key(0, "ed25519.pub", "host-cert.pub");
	expect_key(1, "ecdsa256.pub", NULL);
	expect_key(2, "rsa2048.pub", NULL);
	expect_ready();
	attend(&first, UINT32_MAX);
	attend(&second, UINT32_MAX);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    ask(&first, 0, "ed25519.pub", "ssh-ed25519", "H"), 0);
		ck_assert_int_eq(
		    ask(&second, 1, "ecdsa256.pub", "ecdsa-sha2-nistp256", "H"),
		    0);
		ck_assert_int_eq(
		    ask(&first, 2, "rsa2048.pub", "rsa-sha2-512", "H"), 0);
	}
	ck_assert_int_eq(ask(&first, 0, "host-cert.pub",
			     "ssh-ed25519-cert-v01@openssh.com", "H"),
	    0);
	/* Not its algorithm, none of ours, no such key: an empty answer, no
	 * end. */
	ck_assert_int_eq(
	    ask(&first, 0, "ed25519.pub", "rsa-sha2-512", "H"), E_CRYPTO);
	ck_assert_int_eq(
	    ask(&first, 2, "rsa2048.pub", "ssh-dss", "H"), E_CRYPTO);
	ck_assert_int_eq(
	    ask(&first, 3, "rsa2048.pub", "rsa-sha2-512", "H"), E_CRYPTO);
	wall_free(&first);
	ck_assert_int_eq(ask(&second, 0, "ed25519.pub", "ssh-ed25519", "H"), 0);
	wall_free(&master);
	ck_assert_int_eq(ask(&second, 0, "ed25519.pub", "ssh-ed25519", "H"), 0);
	ck_assert_int_eq(waitpid(child, NULL, WNOHANG), 0);
	wall_free(&second);
	ck_assert_int_eq(exit_status(), 0);
}
END_TEST

START_TEST(it_signs_with_the_keys_of_the_listener_alone)
{
	struct wall first, second, none;

	add_key("ed25519", 0600);
	add_key("ecdsa256", 0400);
	start();
	expect_key(0, "ed25519.pub", NULL);
	expect_key(1, "ecdsa256.pub", NULL);
	expect_ready();
	attend(&first, 1);
	attend(&second, 2);
	attend(&none, 0);
	ck_assert_int_eq(ask(&first, 0, "ed25519.pub", "ssh-ed25519", "H"), 0);
	ck_assert_int_eq(
	    ask(&first, 1, "ecdsa256.pub", "ecdsa-sha2-nistp256", "H"),
	    E_CRYPTO);
	ck_assert_int_eq(
	    ask(&second, 0, "ed25519.pub", "ssh-ed25519", "H"), E_CRYPTO);
	ck_assert_int_eq(
	    ask(&second, 1, "ecdsa256.pub", "ecdsa-sha2-nistp256", "H"), 0);
	ck_assert_int_eq(
	    ask(&none, 0, "ed25519.pub", "ssh-ed25519", "H"), E_CRYPTO);
	/* A number beyond the bits is none of them. */
	ck_assert_int_eq(
	    ask(&first, 32, "ed25519.pub", "ssh-ed25519", "H"), E_CRYPTO);
	wall_free(&first);
	wall_free(&second);
	wall_free(&none);
	wall_free(&master);
	ck_assert_int_eq(exit_status(), 0);
}
END_TEST

/* 0 and an attestation that verifies in the namespace, else what it said. */
static int
attested(struct wall *monitor, const uint8_t *hash, size_t len,
    const char *namespace, const char *public)
{
	struct key *key = data_key(public);
	const struct key *keys[] = {key};
	struct wall_message m;
	struct sshsig s = {0};
	int err = E_CRYPTO;

	ck_assert_int_eq(
	    WALL_SEND(monitor, attest, .hash = {.data = hash, .len = len}), 0);
	ck_assert_int_eq(wall_receive(monitor, &m), 0);
	ck_assert_str_eq(wall_name(m.type), "attestation");
	if (m.attestation.blob.len != 0) {
		err = sshsig_parse(
		    m.attestation.blob.data, m.attestation.blob.len, &s);
		ck_assert_int_eq(err, 0);
		err = sshsig_verify(&s, namespace, hash, keys, 1);
	}
	sshsig_free(&s);
	wall_done(monitor, &m);
	key_free(key);
	return err;
}

START_TEST(it_attests_a_hash_as_a_recording_with_its_ed25519_key)
{
	uint8_t hash[SSHSIG_HASH];
	struct wall monitor;

	add_key("rsa2048", 0600);
	add_key("ecdsa256", 0400);
	add_key("ed25519", 0600);
	start();
	expect_key(0, "rsa2048.pub", NULL);
	expect_key(1, "ecdsa256.pub", NULL);
	expect_key(2, "ed25519.pub", NULL);
	expect_ready();
	attend(&monitor, 1);
	ck_assert_int_eq(sshsig_hash("manifest", 8, hash), 0);
	ck_assert_int_eq(attested(&monitor, hash, sizeof(hash),
			     SSHSIG_RECORDING, "ed25519.pub"),
	    0);
	ck_assert_int_eq(attested(&monitor, hash, sizeof(hash),
			     SSHSIG_RECORDING, "rsa2048.pub"),
	    E_DENIED);
	/* Never as a checkpoint of the log. */
	ck_assert_int_eq(attested(&monitor, hash, sizeof(hash),
			     SSHSIG_CHECKPOINT, "ed25519.pub"),
	    E_VALUE);
	/* A hash of another length is none. */
	ck_assert_int_eq(attested(&monitor, hash, sizeof(hash) - 1,
			     SSHSIG_RECORDING, "ed25519.pub"),
	    E_CRYPTO);
	ck_assert_int_eq(
	    attested(&monitor, hash, 0, SSHSIG_RECORDING, "ed25519.pub"),
	    E_CRYPTO);
	wall_free(&monitor);
	wall_free(&master);
	ck_assert_int_eq(exit_status(), 0);
}
END_TEST

START_TEST(it_signs_checkpoints_for_the_master_alone)
{
	uint8_t hash[SSHSIG_HASH];
	const struct key *keys[1];
	struct key *key;
	struct wall_message m;
	struct wall monitor;
	struct sshsig s;
	char byte;

	add_key("ed25519", 0600);
	start();
	expect_key(0, "ed25519.pub", NULL);
	expect_ready();
	key = data_key("ed25519.pub");
	keys[0] = key;
	ck_assert_int_eq(sshsig_hash("checkpoint", 10, hash), 0);
	ck_assert_int_eq(WALL_SEND(&master, checkpoint, .number = 7,
			     .hash = {.data = hash, .len = sizeof(hash)}),
	    0);
	ck_assert_int_eq(wall_receive(&master, &m), 0);
	ck_assert_str_eq(wall_name(m.type), "checkpoint_signed");
	ck_assert_uint_eq(m.checkpoint_signed.number, 7);
	ck_assert_int_eq(sshsig_parse(m.checkpoint_signed.blob.data,
			     m.checkpoint_signed.blob.len, &s),
	    0);
	ck_assert_int_eq(
	    sshsig_verify(&s, SSHSIG_CHECKPOINT, hash, keys, 1), 0);
	ck_assert_int_eq(
	    sshsig_verify(&s, SSHSIG_RECORDING, hash, keys, 1), E_VALUE);
	sshsig_free(&s);
	wall_done(&master, &m);
	/* A monitor that asks for one is not heard any more. */
	attend(&monitor, UINT32_MAX);
	monitor.out = PATH_MASTER_KEYHOLDER;
	ck_assert_int_eq(WALL_SEND(&monitor, checkpoint, .number = 8,
			     .hash = {.data = hash, .len = sizeof(hash)}),
	    0);
	ck_assert_int_eq(read(monitor.fd, &byte, 1), 0);
	wall_free(&monitor);
	wall_free(&master);
	key_free(key);
	ck_assert_int_eq(exit_status(), 0);
}
END_TEST

/* A broken monitor asks `sign` for what only `attest` may make. */
START_TEST(it_signs_nothing_that_would_be_an_attestation)
{
	static const char *const namespaces[] = {
	    SSHSIG_RECORDING, SSHSIG_CHECKPOINT, "file"};
	uint8_t hash[SSHSIG_HASH] = {0};
	struct wall monitor;
	struct buf data;

	add_key("ed25519", 0600);
	start();
	expect_key(0, "ed25519.pub", NULL);
	expect_ready();
	attend(&monitor, UINT32_MAX);
	for (size_t i = 0; i < 3; i++) {
		buf_init(&data, 1024);
		buf_bytes(&data, "SSHSIG", 6);
		buf_text(&data, namespaces[i]);
		buf_text(&data, "");
		buf_text(&data, "sha512");
		buf_string(&data, hash, sizeof(hash));
		ck_assert_int_eq(ask_bytes(&monitor, 0, "ed25519.pub",
				     "ssh-ed25519", data.data, data.len),
		    E_CRYPTO);
		buf_free(&data);
	}
	ck_assert_int_eq(
	    ask(&monitor, 0, "ed25519.pub", "ssh-ed25519", "SSHSIG"), 0);
	wall_free(&monitor);
	wall_free(&master);
	ck_assert_int_eq(exit_status(), 0);
}
END_TEST

START_TEST(it_has_no_rights_while_it_holds_the_keys)
{
	char *path, line[256];
	unsigned seen = 0;
	FILE *f;

	add_key("ed25519", 0600);
	start();
	expect_key(0, "ed25519.pub", NULL);
	expect_ready();
	path = mem_printf("/proc/%ld/status", (long)child);
	f = fopen(path, "re");
	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		seen += strcmp(line, "Uid:\t65534\t65534\t65534\t65534\n") == 0;
		seen += strcmp(line, "Gid:\t65534\t65534\t65534\t65534\n") == 0;
		seen += strcmp(line, "Seccomp:\t2\n") == 0;
		seen += strcmp(line, "NoNewPrivs:\t1\n") == 0;
		seen += strcmp(line, "CapEff:\t0000000000000000\n") == 0;
		seen += strcmp(line, "CapPrm:\t0000000000000000\n") == 0;
	}
	fclose(f);
	free(path);
	ck_assert_uint_eq(seen, 6);
}
END_TEST

START_TEST(a_monitor_that_breaks_the_rules_is_not_heard_and_harms_nobody)
{
	struct wall bad, good;
	char byte;

	add_key("ed25519", 0600);
	start();
	expect_key(0, "ed25519.pub", NULL);
	expect_ready();
	attend(&bad, UINT32_MAX);
	attend(&good, UINT32_MAX);
	ck_assert_int_eq(write(bad.fd, "nonsense", 8), 8);
	ck_assert_int_eq(read(bad.fd, &byte, 1), 0);
	ck_assert_int_eq(ask(&good, 0, "ed25519.pub", "ssh-ed25519", "H"), 0);
	wall_free(&bad);
	wall_free(&good);
	wall_free(&master);
	ck_assert_int_eq(exit_status(), 0);
}
END_TEST

static const struct {
	const char *keys[3];
	mode_t mode;
	const char *cert;
	const char *says;
} failures[] = {
    {{"ed25519"}, 0644, NULL,
	"ed25519 is too open for a private key, 0600 is right"},
    {{"ed25519"}, 0640, NULL,
	"ed25519 is too open for a private key, 0600 is right"},
    {{"ed25519"}, 0620, NULL, "ed25519: bad ownership or modes"},
    {{"ed25519.locked"}, 0600, NULL,
	"ed25519.locked: is no usable private key: key is protected by a "
	"passphrase"},
    {{"ed25519.pub"}, 0600, NULL, "is no usable private key: malformed"},
    {{"rsa1024"}, 0600, NULL,
	"rsa1024: RSA key of 1024 bits, 2048 are required"},
    {{"ecdsa256", "ecdsa256.pem"}, 0600, NULL, "is the same key as"},
    {{"ed25519"}, 0600, "host_rsa-cert.pub", "certifies none of the host keys"},
    {{"ed25519"}, 0600, "user-cert.pub", "certificate is of the wrong type"},
    {{"ed25519"}, 0600, "ed25519.pub", "is no certificate"},
    {{"rsa1024", "message"}, 0600, NULL,
	"message: is no usable private key: malformed"},
};

START_TEST(what_is_wrong_with_the_files_is_told_and_it_ends)
{
	struct wall_message m;

	for (size_t i = 0; i < 3 && failures[_i].keys[i] != NULL; i++)
		add_key(failures[_i].keys[i], failures[_i].mode);
	if (failures[_i].cert != NULL)
		cert_paths[cert_count++] = install(failures[_i].cert, 0644);
	start();
	ck_assert_int_eq(wall_receive(&master, &m), 0);
	ck_assert_str_eq(wall_name(m.type), "keys_failed");
	ck_assert_msg(strstr(m.keys_failed.text, failures[_i].says) != NULL,
	    "%s", m.keys_failed.text);
	wall_done(&master, &m);
	ck_assert_int_eq(WEXITSTATUS(exit_status()), 1);
}
END_TEST

START_TEST(a_missing_file_is_told)
{
	struct wall_message m;

	key_paths[key_count++] = mem_printf("%s/nothing", folder);
	start();
	ck_assert_int_eq(wall_receive(&master, &m), 0);
	ck_assert_str_eq(wall_name(m.type), "keys_failed");
	ck_assert_ptr_nonnull(strstr(m.keys_failed.text, "nothing: "));
	wall_done(&master, &m);
	ck_assert_int_eq(WEXITSTATUS(exit_status()), 1);
}
END_TEST

/*
 * After key_preload() nothing opens a file: the sandbox would kill.  What the
 * fork of a template does, for every algorithm.
 */
static void
use_every_algorithm(void)
{
	static const char *const files[] = {
	    "ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa2048"};
	struct key_private *keys[5];
	struct key *public;
	const struct key_alg *alg;
	size_t len, used = 0;
	const uint8_t *blob;
	struct buf sig;

	for (size_t i = 0; i < 5; i++) {
		char *text = data_read(files[i], &len);

		if (key_private_parse(text, len, &keys[i]) != 0)
			_exit(10);
		free(text);
	}
	sandbox_keyholder();
	for (size_t i = 0; i < 5; i++) {
		blob = key_blob(key_private_public(keys[i]), &len);
		if (key_parse(blob, len, &public) != 0)
			_exit(11);
		for (size_t j = 0; (alg = key_alg_at(j)) != NULL; j++) {
			if (!key_alg_serves(alg, public))
				continue;
			buf_init(&sig, 4096);
			if (key_sign(keys[i], alg, "H", 1, &sig) != 0 ||
			    key_verify(public, alg, "H", 1, sig.data, sig.len,
				NULL) != 0)
				_exit(12);
			buf_free(&sig);
			used++;
		}
		key_free(public);
	}
	_exit(used == 7 ? 0 : 13);
}

START_TEST(nothing_opens_a_file_once_all_is_loaded)
{
	ck_assert_int_eq(key_preload(), 0);
	ck_assert_int_ge(child = fork(), 0);
	if (child == 0)
		use_every_algorithm();
	ck_assert_int_eq(exit_status(), 0);
}
END_TEST

Suite *
suite_keyholder(void)
{
	Suite *s = suite_create("keyholder");
	TCase *t = tcase_create("keyholder");

	if (geteuid() != 0)
		return s;
	tcase_set_timeout(t, 30);
	tcase_add_checked_fixture(t, make_folder, clean_up);
	tcase_add_test(t, it_publishes_signs_and_leaves_with_the_last);
	tcase_add_test(t, it_has_no_rights_while_it_holds_the_keys);
	tcase_add_test(t, it_signs_with_the_keys_of_the_listener_alone);
	tcase_add_test(
	    t, it_attests_a_hash_as_a_recording_with_its_ed25519_key);
	tcase_add_test(t, it_signs_nothing_that_would_be_an_attestation);
	tcase_add_test(t, it_signs_checkpoints_for_the_master_alone);
	tcase_add_test(
	    t, a_monitor_that_breaks_the_rules_is_not_heard_and_harms_nobody);
	tcase_add_loop_test(t, what_is_wrong_with_the_files_is_told_and_it_ends,
	    0, (int)(sizeof(failures) / sizeof(failures[0])));
	tcase_add_test(t, a_missing_file_is_told);
	tcase_add_test(t, nothing_opens_a_file_once_all_is_loaded);
	suite_add_tcase(s, t);
	return s;
}
