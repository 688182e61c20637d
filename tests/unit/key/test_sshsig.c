/*
 * Signatures of files: those of ssh-keygen -Y sign are taken, ours are taken by
 * ssh-keygen -Y verify, and what is changed, cut or meant for another purpose
 * is not.
 */
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/sshsig.h"
#include "tests/unit/key/data.h"
#include "tests/unit/key/suites.h"
#include "tests/unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
    "ed25519", "ecdsa256", "ecdsa384", "ecdsa521", "rsa2048"};
#define NAMES ((int)(sizeof(names) / sizeof(names[0])))

/* The message that ssh-keygen signed: the file tests/unit/key/data/message. */
static char *signed_text;

static void
read_message(void)
{
	size_t len;

	signed_text = data_read("message", &len);
}

static void
free_message(void)
{
	free(signed_text);
}

static const char message[] = "a manifest\nof two lines\n";

static void
write_file(const char *path, const void *data, size_t len)
{
	FILE *f = fopen(path, "we");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(data, 1, len, f), len);
	fclose(f);
}

/* The blob of tests/unit/key/data/NAME.sig, made by ssh-keygen. */
static void
read_blob(const char *name, struct buf *blob)
{
	char *file = mem_printf("%s.sig", name);
	size_t len;
	char *text = data_read(file, &len);

	buf_init(blob, SSHSIG_MAX);
	ck_assert_int_eq(sshsig_unarmour(text, len, blob), 0);
	free(text);
	free(file);
}

static int
verify(const struct buf *blob, const char *name, const char *namespace,
    const char *text)
{
	struct key *key = data_key(name);
	const struct key *keys[] = {key};
	uint8_t hash[SSHSIG_HASH];
	struct sshsig s = {0};
	int err = sshsig_parse(blob->data, blob->len, &s);

	ck_assert_int_eq(sshsig_hash(text, strlen(text), hash), 0);
	if (err == 0)
		err = sshsig_verify(&s, namespace, hash, keys, 1);
	sshsig_free(&s);
	key_free(key);
	return err;
}

START_TEST(what_ssh_keygen_signs_verifies)
{
	char *public = mem_printf("%s.pub", names[_i]);
	struct buf blob, text;
	char *file = mem_printf("%s.sig", names[_i]);
	size_t len;
	char *theirs = data_read(file, &len);

	read_blob(names[_i], &blob);
	ck_assert_int_eq(verify(&blob, public, "test", signed_text), 0);
	ck_assert_int_eq(verify(&blob, public, "tesu", signed_text), E_VALUE);
	ck_assert_int_eq(verify(&blob, public, "test", "another"), E_SIGNATURE);
	ck_assert_int_eq(
	    verify(&blob, "other.pub", "test", signed_text), E_DENIED);
	/* The armour is ssh-keygen's to the byte. */
	buf_init(&text, SSHSIG_TEXT_MAX);
	ck_assert_int_eq(sshsig_armour(blob.data, blob.len, &text), 0);
	ck_assert_uint_eq(text.len, len);
	ck_assert_mem_eq(text.data, theirs, len);
	buf_free(&text);
	buf_free(&blob);
	free(theirs);
	free(file);
	free(public);
}
END_TEST

START_TEST(what_is_cut_or_changed_does_not_verify)
{
	char *public = mem_printf("%s.pub", names[_i]);
	struct sshsig s;
	struct buf blob;
	size_t passed = 0;

	read_blob(names[_i], &blob);
	for (size_t n = 0; n < blob.len; n++)
		ck_assert_int_ne(sshsig_parse(blob.data, n, &s), 0);
	buf_u8(&blob, 0);
	ck_assert_int_eq(sshsig_parse(blob.data, blob.len, &s), E_TRAILING);
	blob.len--;
	for (size_t i = 0; i < blob.len; i++) {
		blob.data[i] ^= 1;
		passed += verify(&blob, public, "test", signed_text) == 0;
		blob.data[i] ^= 1;
	}
	ck_assert_uint_eq(passed, 0);
	buf_free(&blob);
	free(public);
}
END_TEST

/* ssh-keygen -Y verify, if this machine has one: its exit status. */
static int
ssh_keygen_verifies(const char *folder, const char *namespace)
{
	char *command = mem_printf(
	    "cd %s && ssh-keygen -Y verify -f allowed -I host -n %s -s sig"
	    " <message >/dev/null 2>&1",
	    folder, namespace);
	int status = system(command);

	free(command);
	return status;
}

START_TEST(what_is_signed_here_ssh_keygen_verifies)
{
	char *folder = unit_folder(), *path, *public, *allowed;
	uint8_t hash[SSHSIG_HASH];
	struct key_private *key;
	struct buf blob, text;
	size_t len;
	char *file = data_read(names[_i], &len);

	ck_assert_int_eq(key_private_parse(file, len, &key), 0);
	free(file);
	buf_init(&blob, SSHSIG_MAX);
	buf_init(&text, SSHSIG_TEXT_MAX);
	ck_assert_int_eq(sshsig_hash(message, strlen(message), hash), 0);
	ck_assert_int_eq(sshsig_make(key, SSHSIG_RECORDING, hash, &blob), 0);
	ck_assert_int_eq(sshsig_make(key, "", hash, &text), E_VALUE);
	ck_assert_int_eq(sshsig_armour(blob.data, blob.len, &text), 0);
	path = mem_printf("%s/sig", folder);
	write_file(path, text.data, text.len);
	free(path);
	path = mem_printf("%s/message", folder);
	write_file(path, message, strlen(message));
	free(path);
	path = mem_printf("%s.pub", names[_i]);
	public = data_read(path, &len);
	free(path);
	allowed = mem_printf("host %s", public);
	path = mem_printf("%s/allowed", folder);
	write_file(path, allowed, strlen(allowed));
	if (system("command -v ssh-keygen >/dev/null") == 0) {
		ck_assert_int_eq(
		    ssh_keygen_verifies(folder, SSHSIG_RECORDING), 0);
		ck_assert_int_ne(
		    ssh_keygen_verifies(folder, SSHSIG_CHECKPOINT), 0);
	}
	free(path);
	free(allowed);
	free(public);
	buf_free(&blob);
	buf_free(&text);
	key_private_free(key);
	unit_remove(folder);
	free(folder);
}
END_TEST

static const struct {
	const char *text;
	int err;
} armours[] = {
    {"", E_FORMAT},
    {"-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n", 0},
    {"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n", 0},
    {"-----BEGIN SSH SIGNATURE-----\nAA\nAA\n-----END SSH SIGNATURE-----\n", 0},
    {"-----BEGIN SSH SIGNATURE-----\nAAAA-----END SSH SIGNATURE-----\n",
	E_FORMAT},
    {"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----",
	E_FORMAT},
    {"-----BEGIN SSH SIGNATURE-----\n\nAAAA\n-----END SSH SIGNATURE-----\n",
	E_FORMAT},
    {"-----BEGIN SSH SIGNATURE-----\nAA A\n-----END SSH SIGNATURE-----\n",
	E_FORMAT},
    {"-----BEGIN SSH SIGNATURE-----\nAAA\n-----END SSH SIGNATURE-----\n",
	E_FORMAT},
    {" -----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n",
	E_FORMAT},
    {"-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n\n",
	E_FORMAT},
    {"-----BEGIN SSH SIGNATURE-----\r\nAAAA\r\n"
     "-----END SSH SIGNATURE-----\r\n",
	E_FORMAT},
};

START_TEST(the_armour_has_one_form)
{
	struct buf blob;

	buf_init(&blob, SSHSIG_MAX);
	ck_assert_int_eq(
	    sshsig_unarmour(armours[_i].text, strlen(armours[_i].text), &blob),
	    armours[_i].err);
	buf_free(&blob);
}
END_TEST

Suite *
suite_sshsig(void)
{
	Suite *s = suite_create("sshsig");
	TCase *t = tcase_create("sshsig");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, read_message, free_message);
	tcase_add_loop_test(t, what_ssh_keygen_signs_verifies, 0, NAMES);
	tcase_add_loop_test(
	    t, what_is_cut_or_changed_does_not_verify, 0, NAMES);
	tcase_add_loop_test(
	    t, what_is_signed_here_ssh_keygen_verifies, 0, NAMES);
	tcase_add_loop_test(t, the_armour_has_one_form, 0,
	    (int)(sizeof(armours) / sizeof(armours[0])));
	suite_add_tcase(s, t);
	return s;
}
