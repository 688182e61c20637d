/*
 * Logins with keys, for the cases of publickey.so.
 */
#include "tests/unit/modules/key_login.h"

#include "lib/mem.h"
#include "lib/ssh/key_sign.h"
#include "lib/ssh/ssh2.h"
#include "tests/unit/unit.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

struct fake f;
char work[128], home[160];
struct key_private *mine;

void
sh(const char *format, ...)
{
	char command[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	ck_assert_msg(system(command) == 0, "%s", command);
}

void
set_up(void)
{
	snprintf(work, sizeof(work), "%s/w", fake_modules());
	ck_assert_msg(unit_mounts_apart(), "a mount namespace of its own: %s",
	    strerror(errno));
	mkdir(work, 0755);
	ck_assert_int_eq(mount("tmpfs", work, "tmpfs", 0, "mode=755"), 0);
	snprintf(home, sizeof(home), "%s/home", work);
	sh("cp /etc/passwd %s/passwd && echo '" USER ":x:%d:%d::%s:/bin/sh' "
	   ">>%s/passwd",
	    work, USER_ID, USER_ID, home, work);
	sh("mount --bind %s/passwd /etc/passwd", work);
	sh("mkdir -p %s/.ssh && chown -R %d:%d %s && chmod 700 %s/.ssh", home,
	    USER_ID, USER_ID, home, home);
	ck_assert_int_eq(key_private_generate(KEY_ED25519, 0, &mine), 0);
}

void
start(const char *options, const char *methods)
{
	char text[8192];

	snprintf(text, sizeof(text),
	    "module_directory = \"%s\";\n"
	    "deadlines = { failure_delay = 1; };\n"
	    "records = { btmp = false; };\n"
	    "modules = ( { name = \"publickey\"; options = { %s }; } );\n"
	    "rules = ( { name = \"all\"; match = { user = \"" USER "\"; };"
	    " methods = [ %s ]; local_forward = [ \"*:*\" ]; key_touch = "
	    "false; } );\n",
	    fake_modules(), options, methods);
	fake_start(&f, text);
	strcpy(f.m.host_key_algorithm, "ssh-ed25519");
}

void
end(void)
{
	fake_end(&f);
	key_private_free(mine);
}

char *
line_of(const struct key_private *key, const char *options)
{
	struct buf b;
	char *line;

	buf_init(&b, 65536);
	if (options != NULL) {
		buf_bytes(&b, options, strlen(options));
		buf_u8(&b, ' ');
	}
	key_write_line(key_private_public(key), "comment", &b);
	buf_u8(&b, '\n');
	line = mem_strndup((const char *)b.data, b.len);
	buf_free(&b);
	return line;
}

void
write_file(const char *path, const char *text, uid_t owner)
{
	FILE *file = fopen(path, "w");

	ck_assert_ptr_nonnull(file);
	fputs(text, file);
	fclose(file);
	ck_assert_int_eq(chown(path, owner, owner), 0);
}

void
authorize(const char *options)
{
	char path[256], *line = line_of(mine, options);

	snprintf(path, sizeof(path), "%s/.ssh/authorized_keys", home);
	write_file(path, line, USER_ID);
	free(line);
}

void
sign(struct blob *b, const struct key_private *key, const char *algorithm,
    const uint8_t *blob, size_t blob_len, const struct buf *host_key,
    bool tampered)
{
	struct buf data;

	buf_init(&b->key, 65536);
	buf_init(&b->signature, 65536);
	buf_init(&data, 65536);
	buf_bytes(&b->key, blob, blob_len);
	buf_string(&data,
	    tampered ? (const uint8_t *)"session identifier of another!!" :
		       f.m.session_id,
	    31);
	buf_u8(&data, SSH_MSG_USERAUTH_REQUEST);
	buf_text(&data, USER);
	buf_text(&data, "ssh-connection");
	buf_text(&data,
	    host_key == NULL ? "publickey" :
			       "publickey-hostbound-v00@openssh.com");
	buf_bool(&data, true);
	buf_text(&data, algorithm);
	buf_string(&data, blob, blob_len);
	if (host_key != NULL)
		buf_string(&data, host_key->data, host_key->len);
	ck_assert_int_eq(
	    key_sign(key, key_alg_find(algorithm, strlen(algorithm)), data.data,
		data.len, &b->signature),
	    0);
	buf_free(&data);
}

void
free_blob(struct blob *b)
{
	buf_free(&b->key);
	buf_free(&b->signature);
}

bool
try_key(const struct key_private *key, bool tampered)
{
	struct blob b;
	size_t len;
	const uint8_t *blob = key_blob(key_private_public(key), &len);
	unsigned partial = fake_audit(AUDIT_auth_partial);

	sign(&b, key, "ssh-ed25519", blob, len, NULL, tampered);
	fake_publickey(&f, USER, "ssh-ed25519", &b.key, &b.signature, NULL);
	free_blob(&b);
	return f.logged_in || fake_audit(AUDIT_auth_partial) > partial;
}

enum wall_type
query_key(const struct key_private *key)
{
	struct buf b;
	size_t len;
	const uint8_t *blob = key_blob(key_private_public(key), &len);
	enum wall_type answer;

	buf_init(&b, 65536);
	buf_bytes(&b, blob, len);
	answer = fake_publickey(&f, USER, "ssh-ed25519", &b, NULL, NULL)->type;
	buf_free(&b);
	return answer;
}
