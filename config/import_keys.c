/*
 * Host keys and certificates of sshd_config: those that a server can use.  For
 * the import.
 */
#include "config/importer.h"

#include <string.h>
#include <strings.h>
#include <unistd.h>

/* The key's type, by the public half beside it or by the certificate itself,
 * when it is one that no host of ours signs with; NULL: it is, or is not known.
 */
static const char *
unusable_type(const struct importer *imp, const char *path)
{
	static const char *const usable[] = {
	    "ssh-ed25519", "ecdsa-sha2-", "ssh-rsa", "rsa-sha2-"};
	size_t len = strlen(path), i;
	bool public = len > 4 && strcmp(&path[len - 4], ".pub") == 0;
	FILE *in = fopen(
	    public ? path : arena_printf(imp->arena, "%s.pub", path), "re");
	char type[64] = "";

	if (in == NULL)
		return NULL;
	if (fgets(type, sizeof(type), in) == NULL)
		type[0] = '\0';
	fclose(in);
	type[strcspn(type, " \t\n")] = '\0';
	for (i = 0; i < sizeof(usable) / sizeof(usable[0]); i++) {
		if (strncmp(type, usable[i], strlen(usable[i])) == 0)
			return NULL;
	}
	/* Anything else that looks like a type. */
	if (strncmp(type, "ssh-", 4) != 0 && strncmp(type, "sk-", 3) != 0)
		return NULL;
	return arena_strdup(imp->arena, type);
}

/* sshd warns of a file that it cannot use, and serves with the others. */
static struct strings
usable_files(struct importer *imp, const char *name)
{
	struct strings list = {0};
	const char *type;
	size_t i, j;

	for (i = 0; i < imp->directive_count; i++) {
		const struct directive *d = &imp->directives[i];

		if (strcasecmp(d->word->name, name) != 0 || d->block != 0)
			continue;
		for (j = 0; j < d->count; j++) {
			if (access(d->args[j], F_OK) != 0)
				import_note(imp, &d->origin,
				    "%s %s: no such file: left out",
				    d->word->name, d->args[j]);
			else if ((type = unusable_type(imp, d->args[j])) !=
			    NULL)
				import_note(imp, &d->origin,
				    "%s %s: %s is not supported: left out",
				    d->word->name, d->args[j], type);
			else
				import_push(imp, &list, d->args[j]);
		}
	}
	return list;
}

void
import_host_keys(struct importer *imp)
{
	static const char *const usual[] = {"/etc/ssh/ssh_host_ed25519_key",
	    "/etc/ssh/ssh_host_ecdsa_key", "/etc/ssh/ssh_host_rsa_key"};
	const struct directive *first = import_first(imp, 0, "hostkey");
	struct strings keys = usable_files(imp, "hostkey");
	struct strings certificates = usable_files(imp, "hostcertificate");
	size_t i;

	for (i = 0; first == NULL && i < 3; i++) {
		if (access(usual[i], F_OK) == 0)
			import_push(imp, &keys, usual[i]);
	}
	if (first != NULL && keys.count == 0)
		import_error(imp, &first->origin,
		    "no host key of those named can be used");
	if (keys.count > 0)
		import_put_list(imp, "", "host_keys", &keys);
	if (certificates.count > 0)
		import_put_list(imp, "", "host_certificates", &certificates);
}
