/*
 * sallyportctl hostkeys: the host keys that the configuration names and the
 * disk lacks are made; fingerprints: all of them, for the question that a
 * client asks its user at the first connection.  Needs no server.
 */
#include "daemon/ctl/ctl.h"

#include "config/load.h"
#include "daemon/ctl/record.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "lib/ssh/key_generate.h"
#include "lib/ssh/key_private.h"

#include <sys/stat.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void
describe(struct records *r, const char *path, const struct key *key, bool made)
{
	char fp[KEY_FINGERPRINT_SIZE];

	key_fingerprint(key, fp, sizeof(fp));
	record_begin(r);
	record_text(r, "file", path);
	record_text(r, "type", key_short_name(key));
	record_number(r, "bits", key_bits(key));
	record_text(r, "fingerprint", fp);
	record_bool(r, "made", made);
}

/* Judged as a start would judge it: who owns it, who may read it. */
static int
read_private(const char *path, struct key_private **key, char *why)
{
	struct safefile_rules rules = {.owner = 0,
	    .flags = SAFEFILE_FOLLOW | SAFEFILE_PRIVATE,
	    .max = KEY_FILE_MAX};
	struct buf file;
	int err;

	rules.owner = geteuid();
	buf_init(&file, KEY_FILE_MAX);
	if ((err = safefile_read(path, &rules, &file, why)) == 0 &&
	    (err = key_private_parse(file.data, file.len, key)) != 0)
		snprintf(why, SAFEFILE_WHY_MAX, "%s: %s", path, err_text(err));
	buf_free(&file);
	return err;
}

/* The directories above path, as mkdir -p makes them. */
static int
make_directories(const char *path)
{
	char *copy = mem_strdup(path), *slash = copy;
	int err = 0;

	while (err == 0 && (slash = strchr(&slash[1], '/')) != NULL) {
		*slash = '\0';
		if (mkdir(copy, 0755) != 0 && errno != EEXIST)
			err = ctl_fail("%s: %s", copy, strerror(errno));
		*slash = '/';
	}
	free(copy);
	return err;
}

static int
make(const char *path, struct records *r)
{
	char why[SAFEFILE_WHY_MAX], host[256] = "", *comment;
	struct key *public = NULL;
	enum key_type type;
	unsigned bits;
	int err;

	if ((type = key_generate_type(path, &bits)) == KEY_NONE)
		return ctl_fail("%s: is missing, and its name does not end in "
				"_ed25519_key, _mldsa44_ed25519_key, "
				"_ecdsa_key or _rsa_key: make it "
				"with ssh-keygen",
		    path);
	if (make_directories(path) != 0)
		return CTL_FAILED;
	(void)gethostname(host, sizeof(host) - 1);
	comment = mem_printf("root@%s", host);
	err = key_generate_file(
	    path, type, bits, comment, &public, why, sizeof(why));
	free(comment);
	if (err != 0)
		return ctl_fail("%s", why);
	describe(r, path, public, true);
	key_free(public);
	return CTL_OK;
}

static int
one_key(const char *path, bool may_make, struct records *r)
{
	char why[SAFEFILE_WHY_MAX];
	struct key_private *key = NULL;
	struct stat st;
	int err;

	if (may_make && lstat(path, &st) != 0 && errno == ENOENT)
		return make(path, r);
	if ((err = read_private(path, &key, why)) != 0)
		return ctl_fail("%s", why);
	describe(r, path, key_private_public(key), false);
	key_private_free(key);
	return CTL_OK;
}

/* In the form of ssh-keygen -l. */
static void
print(const struct records *r)
{
	for (size_t i = 0; i < r->count; i++) {
		const struct record *k = &r->items[i];

		printf("%s %s ", record_get(k, "bits"),
		    record_get(k, "fingerprint"));
		plain_text(record_get(k, "file"), stdout);
		printf(" (%s)%s\n", record_get(k, "type"),
		    strcmp(record_get(k, "made"), "true") == 0 ? " new" : "");
	}
}

static int
all_keys(const struct ctl *ctl, int argc, bool may_make)
{
	struct records r = {0};
	struct config *config;
	int status = CTL_OK;

	if (argc != 0)
		return ctl_usage(ctl, "no arguments are expected");
	if ((config = offline_config(ctl, NULL)) == NULL)
		return CTL_FAILED;
	if (key_preload() != 0) {
		config_free(config);
		return ctl_fail("libcrypto cannot be used");
	}
	for (size_t i = 0; i < config->host_key_files.count; i++)
		if (one_key(config->host_key_files.items[i], may_make, &r) != 0)
			status = CTL_FAILED;
	if (ctl->json)
		records_json(&r, false, stdout);
	else
		print(&r);
	records_free(&r);
	config_free(config);
	return status;
}

int
hostkeys_command(const struct ctl *ctl, int argc, char **argv)
{
	(void)argv;
	return all_keys(ctl, argc, true);
}

int
fingerprints_command(const struct ctl *ctl, int argc, char **argv)
{
	(void)argv;
	return all_keys(ctl, argc, false);
}
