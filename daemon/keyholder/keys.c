/*
 * The host's keys and certificates read from their files: the only work that
 * the keyholder does as root, before it has heard from anybody.
 */
#include "daemon/keyholder/keyholder.h"

#include "lib/err.h"
#include "lib/log.h"
#include "lib/audit.h"
#include "lib/safefile.h"
#include "lib/ssh/cert.h"
#include "lib/ssh/key_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void problem(struct buf *problems, const char *path, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

static void
problem(struct buf *problems, const char *path, const char *format, ...)
{
	char text[SAFEFILE_WHY_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (problems->len != 0)
		buf_u8(problems, '\n');
	buf_bytes(problems, path, strlen(path));
	buf_bytes(problems, ": ", 2);
	buf_bytes(problems, text, strlen(text));
}

/* The contents of a file that is root's; private: and for nobody's eyes. */
static int
read_file(const char *path, bool private, struct buf *b, struct buf *problems)
{
	const struct safefile_rules rules = {
	    .flags = SAFEFILE_FOLLOW | (private ? SAFEFILE_PRIVATE : 0),
	    .max = KEY_FILE_MAX};
	char why[SAFEFILE_WHY_MAX] = "";
	int fd = -1, err = safefile_open(path, &rules, &fd, why);

	if (err == E_NOT_FOUND)
		snprintf(why, sizeof(why), "%s", "host key: no such file");
	if (err == 0 && (err = safefile_read_fd(fd, KEY_FILE_MAX, b)) != 0)
		snprintf(why, sizeof(why), "%s", err_text(err));
	if (fd >= 0)
		close(fd);
	if (err != 0)
		problem(problems, path, "%s", why);
	return err;
}

static void
add_key(struct host_keys *keys, struct key_private *secret, const char *path,
    unsigned rsa_bits, struct buf *problems)
{
	const struct key *public = key_private_public(secret);
	char why[128];

	if (key_check_length(public, rsa_bits, why, sizeof(why)) != 0) {
		problem(problems, path, "%s", why);
		key_private_free(secret);
		return;
	}
	for (size_t i = 0; i < keys->count; i++) {
		if (!key_equal(public, key_private_public(keys->key[i].secret)))
			continue;
		problem(
		    problems, path, "is the same key as %s", keys->key[i].path);
		key_private_free(secret);
		return;
	}
	keys->key[keys->count++] =
	    (struct host_key){.secret = secret, .path = path};
}

static void
read_key(struct host_keys *keys, const char *path, unsigned rsa_bits,
    struct buf *problems)
{
	struct key_private *secret;
	struct buf file;
	int err;

	if (keys->count == HOST_KEYS_MAX) {
		problem(problems, path, "is one host key too many");
		return;
	}
	buf_init(&file, KEY_FILE_MAX);
	if (read_file(path, true, &file, problems) == 0) {
		err = key_private_parse(file.data, file.len, &secret);
		if (err == 0)
			add_key(keys, secret, path, rsa_bits, problems);
		else
			problem(problems, path, "is no usable private key: %s",
			    err_text(err));
	}
	buf_free(&file);
}

static struct host_key *
key_of_certificate(struct host_keys *keys, const struct key *certificate)
{
	for (size_t i = 0; i < keys->count; i++)
		if (key_equal_plain(
			certificate, key_private_public(keys->key[i].secret)))
			return &keys->key[i];
	return NULL;
}

/* Is it worth showing?  What time alone has spoilt is no reason not to start.
 */
static bool
is_good(const struct key *certificate, const char *path, unsigned rsa_bits,
    struct buf *problems)
{
	const struct cert_rules rules = {.kind = CERT_HOST,
	    .now = (uint64_t)time(NULL),
	    .rsa_min_bits = rsa_bits};
	char why[256];

	switch (cert_check(certificate, &rules, why, sizeof(why))) {
	case CERT_GOOD:
		return true;
	case CERT_NOT_YET_VALID:
		AUDIT(hostkey_error, .file = path, .reason = why);
		return true;
	case CERT_PAST:
		AUDIT(hostkey_error, .file = path, .reason = why);
		log_warn("%s: the plain key is offered", path);
		return false;
	default:
		problem(problems, path, "%s", why);
		return false;
	}
}

static void
add_certificate(struct host_keys *keys, struct key *certificate,
    const char *path, unsigned rsa_bits, struct buf *problems)
{
	struct host_key *key = key_of_certificate(keys, certificate);

	if (key_cert(certificate) == NULL)
		problem(problems, path, "is no certificate");
	else if (key == NULL)
		problem(problems, path, "certifies none of the host keys");
	else if (key->certificate != NULL)
		problem(problems, path, "is a second certificate for %s",
		    key->path);
	else if (is_good(certificate, path, rsa_bits, problems)) {
		key->certificate = certificate;
		return;
	}
	key_free(certificate);
}

static void
read_certificate(struct host_keys *keys, const char *path, unsigned rsa_bits,
    struct buf *problems)
{
	struct key *certificate;
	struct buf file;
	int err;

	buf_init(&file, KEY_FILE_MAX);
	if (read_file(path, false, &file, problems) == 0) {
		err = key_parse_line((const char *)file.data, file.len,
		    &certificate, NULL, NULL);
		if (err == 0)
			add_certificate(
			    keys, certificate, path, rsa_bits, problems);
		else
			problem(problems, path, "is no certificate: %s",
			    err_text(err));
	}
	buf_free(&file);
}

int
host_keys_read(
    const struct config *config, struct host_keys *keys, struct buf *problems)
{
	unsigned rsa_bits = config->crypto.rsa_bits;

	memset(keys, 0, sizeof(*keys));
	for (size_t i = 0; i < config->host_key_files.count; i++)
		read_key(
		    keys, config->host_key_files.items[i], rsa_bits, problems);
	/* A key that failed would make its certificate seem wrong. */
	for (size_t i = 0;
	     problems->len == 0 && i < config->host_certificates.count; i++)
		read_certificate(keys, config->host_certificates.items[i],
		    rsa_bits, problems);
	if (keys->count == 0 && problems->len == 0)
		problem(problems, "host_keys", "there is none");
	return problems->len == 0 ? 0 : E_VALUE;
}

void
host_keys_free(struct host_keys *keys)
{
	for (size_t i = 0; i < keys->count; i++) {
		key_private_free(keys->key[i].secret);
		key_free(keys->key[i].certificate);
	}
	keys->count = 0;
}
