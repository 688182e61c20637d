/*
 * Patterns of unix sockets that can meet no real path.
 */
#include "config/check_sockets.h"

#include <string.h>
#include <sys/stat.h>

/* A pattern that meets a real path: absolute, no "", "." or ".." in it. */
static bool
can_be_real(const char *pattern)
{
	size_t len;

	if (*pattern == '\0' || strchr("/*?", *pattern) == NULL)
		return false;
	while ((pattern = strchr(pattern, '/')) != NULL) {
		len = strcspn(++pattern, "/");
		if (len == 0 || (len == 1 && pattern[0] == '.') ||
		    (len == 2 && pattern[0] == '.' && pattern[1] == '.'))
			return false;
	}
	return true;
}

/*
 * A pattern through a link meets nothing, and one that excludes it lets all
 * pass: told of the system's own directories ("/var/run"); others may be a
 * user's.
 */
static bool
is_system_link(const char *pattern, char *part, size_t size)
{
	size_t len = strncmp(pattern, "/var/", 5) == 0 ? 5 : 1;
	struct stat st;

	len += strcspn(&pattern[len], "/");
	if (*pattern != '/' || pattern[len] != '/' ||
	    strcspn(pattern, "*?") < len || len >= size)
		return false;
	memcpy(part, pattern, len);
	part[len] = '\0';
	return lstat(part, &st) == 0 && S_ISLNK(st.st_mode);
}

void
check_sockets(const struct strings *patterns, const char *key,
    const struct origin *origin, bool look, struct problems *problems)
{
	char part[64];
	size_t i;

	for (i = 0; i < patterns->count; i++) {
		const char *pattern = patterns->items[i];

		pattern += *pattern == '!';
		if (!can_be_real(pattern))
			problem_error(problems, origin->file, origin->line,
			    "%s: \"%s\" matches no real path", key, pattern);
		else if (look && is_system_link(pattern, part, sizeof(part)))
			problem_error(problems, origin->file, origin->line,
			    "%s: \"%s\" matches no real path: %s is a link",
			    key, pattern, part);
	}
}
