/*
 * The options of sshd's internal-sftp as grants of our SFTP server.
 */
#include "config/importer.h"

#include <string.h>
#include <strings.h>

#define IN "\t  " /* before a grant */

/*
 * "-d": the directory is below the chroot, or below the home directory where
 * there is none; %d is what we call %h.
 */
static void
put_start(struct importer *imp, uint64_t set, const struct directive *d,
    const char *value)
{
	bool jailed =
	    strcasecmp(
		import_value(imp, set, "chrootdirectory", "none"), "none") != 0;
	char *text = arena_printf(imp->arena, "%s%s",
	    value[0] == '/' || strncmp(value, "%d", 2) == 0 ? "" :
		jailed					    ? "/" :
							      "%h/",
	    value);
	char *at;

	for (at = strchr(text, '%'); at != NULL && at[1] != '\0';
	     at = strchr(at + 2, '%')) {
		if (at[1] == 'd')
			at[1] = 'h';
		else if (strchr("uU%h", at[1]) == NULL)
			import_error(imp, &d->origin,
			    "internal-sftp -d: sallyport does not know %%%c "
			    "here",
			    at[1]);
	}
	import_put_text(imp, IN, "sftp_start", text);
}

void
import_sftp_options(struct importer *imp, uint64_t set,
    const struct directive *d, const char *line)
{
	struct strings words = {0};
	char *text = arena_strdup(imp->arena, line), *word, *rest;
	size_t i;

	for (rest = text; (word = strsep(&rest, " \t")) != NULL;) {
		if (*word != '\0')
			import_push(imp, &words, word);
	}
	for (i = 1; i < words.count; i++) {
		const char *flag = words.items[i];
		const char *value =
		    i + 1 < words.count ? words.items[i + 1] : "";

		if (strcmp(flag, "-R") == 0) {
			fputs(IN "sftp_read_only = true;\n", imp->out);
			continue;
		}
		if (strcmp(flag, "-d") == 0)
			put_start(imp, set, d, value);
		else if (strcmp(flag, "-u") == 0)
			import_put_text(imp, IN, "sftp_umask", value);
		else if (strcmp(flag, "-P") == 0 || strcmp(flag, "-p") == 0)
			import_error(imp, &d->origin,
			    "internal-sftp %s: "
			    "sallyport has no list of sftp requests",
			    flag);
		else if (strcmp(flag, "-e") == 0)
			continue;
		i++; /* -l and -f: sallyport's own audit has more */
	}
}
