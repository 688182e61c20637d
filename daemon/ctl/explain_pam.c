/*
 * sallyportctl explain: what a PAM stack asks.  The stack is read and not run:
 * pam_faillock and its like count, and an explanation must not change what it
 * explains.
 */
#include "daemon/ctl/standing.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8
#define FILES_MAX 64 /* in all: a file that includes itself twice is many */

struct stack {
	const char *directory, *kind, *module;
	unsigned depth, files;
};

static int read_service(struct stack *s, const char *service);

static FILE *
open_service(const struct stack *s, const char *service)
{
	static const char *const directories[] = {
	    "/etc/pam.d", "/usr/lib/pam.d", "/usr/share/pam.d"};
	char path[512];
	FILE *f = NULL;

	if (service[0] == '/')
		return fopen(service, "re");
	if (s->directory != NULL) {
		snprintf(path, sizeof(path), "%s/%s", s->directory, service);
		return fopen(path, "re");
	}
	for (size_t i = 0; f == NULL && i < 3; i++) {
		snprintf(path, sizeof(path), "%s/%s", directories[i], service);
		f = fopen(path, "re");
	}
	return f;
}

/* "/lib/security/pam_unix.so" names pam_unix. */
static bool
names_module(const char *path, const char *module)
{
	const char *slash = strrchr(path, '/');
	size_t len = strlen(module);

	if (slash != NULL)
		path = &slash[1];
	return strncmp(path, module, len) == 0 &&
	    (path[len] == '\0' || strcmp(&path[len], ".so") == 0);
}

/* The word behind the control, which may be "[a=b c=d]". */
static char *
behind_control(char **rest, char **control)
{
	char *word = *control = strtok_r(NULL, " \t", rest);

	if (word != NULL && word[0] == '[')
		while (word != NULL && strchr(word, ']') == NULL)
			word = strtok_r(NULL, " \t", rest);
	return word == NULL ? NULL : strtok_r(NULL, " \t", rest);
}

/* 1: this line asks it; -1: it includes what cannot be read. */
static int
read_line(struct stack *s, char *line)
{
	char *rest = NULL, *control, *word;
	char *kind = strtok_r(line, " \t", &rest);

	if (kind == NULL)
		return 0;
	if (strcmp(kind, "@include") == 0) {
		word = strtok_r(NULL, " \t", &rest);
		return word == NULL ? 0 : read_service(s, word);
	}
	if (kind[0] == '-')
		kind++;
	if (strcmp(kind, s->kind) != 0)
		return 0;
	if ((word = behind_control(&rest, &control)) == NULL)
		return 0;
	if (strcmp(control, "include") == 0 || strcmp(control, "substack") == 0)
		return read_service(s, word);
	return names_module(word, s->module);
}

static int
read_service(struct stack *s, const char *service)
{
	char line[2048];
	FILE *f;
	int found = 0, one;

	if (s->depth == DEPTH_MAX || s->files++ >= FILES_MAX ||
	    (f = open_service(s, service)) == NULL)
		return -1;
	s->depth++;
	while (found != 1 && fgets(line, sizeof(line), f) != NULL) {
		line[strcspn(line, "#\n")] = '\0';
		one = read_line(s, line);
		if (one != 0)
			found = one;
	}
	s->depth--;
	fclose(f);
	return found;
}

int
explain_pam_asks(const char *directory, const char *service, const char *kind,
    const char *module)
{
	struct stack s = {
	    .directory = directory, .kind = kind, .module = module};

	return read_service(&s, service);
}
