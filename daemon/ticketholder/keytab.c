/*
 * The keytab: read once, as root, into memory; from then on watched, so that
 * the master can start a process that reads the new one.
 */
#include "daemon/ticketholder/ticketholder.h"

#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"

#include <sys/inotify.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define KEYTAB_MAX (1024 * 1024)
#define CHANGES	   (IN_CLOSE_WRITE | IN_MOVED_TO)

/* The file as it was named, and the one behind links. */
static char *watched[2];

static void
say(krb5_context context, krb5_error_code code, const char *path, char *why,
    size_t size)
{
	const char *text = krb5_get_error_message(context, code);

	snprintf(why, size, "%s: %s", path, text);
	krb5_free_error_message(context, text);
}

/* It is root's and nobody else's, and so is every directory on the way. */
static int
check_file(const char *path, char *why, size_t size)
{
	const struct safefile_rules rules = {
	    .flags = SAFEFILE_FOLLOW | SAFEFILE_PRIVATE, .max = KEYTAB_MAX};
	char text[SAFEFILE_WHY_MAX] = "";
	int fd, err = safefile_open(path, &rules, &fd, text);

	if (err == 0)
		close(fd);
	else if (err == E_NOT_FOUND)
		snprintf(why, size, "%s: no such keytab", path);
	else
		snprintf(why, size, "%s: %s", path, text);
	return err;
}

/* A name that was made without a realm is of any. */
static bool
counts(
    krb5_context context, krb5_const_principal key, krb5_const_principal wanted)
{
	if (wanted == NULL)
		return true;
	if (krb5_is_referral_realm(&wanted->realm))
		return krb5_principal_compare_any_realm(context, key, wanted);
	return krb5_principal_compare(context, key, wanted);
}

static krb5_error_code
copy_entries(krb5_context context, krb5_keytab from, krb5_keytab to,
    krb5_const_principal wanted, uint32_t *count)
{
	krb5_kt_cursor cursor;
	krb5_keytab_entry entry;
	krb5_error_code code = krb5_kt_start_seq_get(context, from, &cursor);

	if (code != 0)
		return code;
	while (
	    (code = krb5_kt_next_entry(context, from, &entry, &cursor)) == 0) {
		if (counts(context, entry.principal, wanted)) {
			code = krb5_kt_add_entry(context, to, &entry);
			*count += code == 0;
		}
		krb5_free_keytab_entry_contents(context, &entry);
		if (code != 0)
			break;
	}
	(void)krb5_kt_end_seq_get(context, from, &cursor);
	return code == KRB5_KT_END ? 0 : code;
}

static int
none_counts(krb5_context context, krb5_const_principal wanted, const char *path,
    char *why, size_t size)
{
	char *name = NULL;

	if (wanted == NULL ||
	    krb5_unparse_name_flags(
		context, wanted, KRB5_PRINCIPAL_UNPARSE_NO_REALM, &name) != 0)
		snprintf(why, size, "%s: has no key", path);
	else
		snprintf(why, size, "%s: has no key of %s", path, name);
	krb5_free_unparsed_name(context, name);
	return E_NOT_FOUND;
}

int
keytab_read(krb5_context context, const char *path, bool strict,
    uint32_t *count, char *why, size_t size)
{
	krb5_keytab from = NULL, to = NULL;
	krb5_principal wanted = NULL;
	krb5_error_code code;
	char *name;
	int err;

	*count = 0;
	if ((err = check_file(path, why, size)) != 0)
		return err;
	name = mem_printf("FILE:%s", path);
	code = krb5_kt_resolve(context, name, &from);
	free(name);
	/* Never closed: what lies in memory goes with its last handle. */
	if (code == 0)
		code = krb5_kt_resolve(context, TICKET_KEYTAB, &to);
	if (code == 0 && strict)
		code = krb5_sname_to_principal(
		    context, NULL, "host", KRB5_NT_SRV_HST, &wanted);
	if (code == 0)
		code = copy_entries(context, from, to, wanted, count);
	if (code != 0)
		say(context, code, path, why, size);
	err = code != 0 ? E_SYSTEM : 0;
	if (err == 0 && *count == 0)
		err = none_counts(context, wanted, path, why, size);
	krb5_free_principal(context, wanted);
	if (from != NULL)
		(void)krb5_kt_close(context, from);
	return err;
}

/* Cut into directory ("/" for a file in it) and name. */
static char *
cut(char *path)
{
	char *name = strrchr(path, '/');

	memmove(name + 2, name + 1, strlen(name));
	name[name == path ? 1 : 0] = '\0';
	return name + 2;
}

static bool
watch_file(int fd, size_t i, const char *path)
{
	char *text = mem_printf("%s ", path); /* room for a NUL more */
	int err;

	text[strlen(path)] = '\0';
	watched[i] = mem_strdup(cut(text));
	err = inotify_add_watch(fd, text, CHANGES);
	free(text);
	return err >= 0;
}

int
keytab_watch(const char *path)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	char *real = realpath(path, NULL);

	if (fd >= 0 &&
	    (real == NULL || !watch_file(fd, 0, path) ||
		!watch_file(fd, 1, real))) {
		close(fd);
		fd = -1;
	}
	free(real);
	return fd;
}

bool
keytab_changed(int watch)
{
	union {
		struct inotify_event event;
		char bytes[16 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
	} buffer;
	bool changed = false;
	ssize_t n;

	while ((n = read(watch, &buffer, sizeof(buffer))) > 0)
		for (char *at = buffer.bytes; at < &buffer.bytes[n];) {
			const struct inotify_event *e = (const void *)at;

			changed = changed || (e->mask & IN_Q_OVERFLOW) != 0 ||
			    (e->len > 0 &&
				(strcmp(e->name, watched[0]) == 0 ||
				    strcmp(e->name, watched[1]) == 0));
			at += sizeof(*e) + e->len;
		}
	return changed;
}
