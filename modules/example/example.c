/*
 * An example of a sallyport module: a second factor from a list of codes.
 * Build it against an installed sallyport with the Makefile beside it:
 *
 *	make example.so
 *	install -o root -m 0644 example.so $(pkg-config --variable=moduledir \
 *	    sallyport-modules)
 *
 * and let a chain use it:
 *
 *	modules = ( ..., { name = "example";
 *	    options = { codes = "/etc/sallyport/codes"; }; } );
 *	rules = ( { ...; methods = [
 *	    "publickey,keyboard-interactive:example" ]; } );
 *
 * The file has a line "user code" for each user, and is root's alone.
 */
#include <sallyport_module.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (1024 * 1024)

static const struct sallyport_host *host;

/* The settings allowed in `options`: the host checks them and
 * names the line. */
static const struct sallyport_option options[] = {
    {.name = "codes",
	.type = SALLYPORT_PATH,
	.flags = SALLYPORT_OPTION_REQUIRED,
	.help = "file with lines \"user code\""},
    {.name = NULL},
};

static const char *const methods[] = {"keyboard-interactive", NULL};

/* Once per start of the server.  Keep what is needed; open nothing. */
static int
load(const struct sallyport_host *h, const struct sallyport_setting *settings,
    size_t count, void **state)
{
	host = h;
	for (size_t i = 0; i < count; i++)
		if (strcmp(settings[i].name, "codes") == 0)
			*state = strdup(settings[i].value);
	return *state == NULL;
}

static void
unload(void *state)
{
	free(state);
}

static void *
begin(void *state, struct sallyport_login *login)
{
	(void)login;
	return state;
}

/* The user's code into code[size]; 0 if there is one. */
static int
find_code(
    struct sallyport_login *login, const char *path, char *code, size_t size)
{
	const char *user = host->text(login, SALLYPORT_USER);
	char why[512] = "", line[512], name[256], value[256];
	int fd, found = -1;
	FILE *f;

	if (host->open_file(login, path, FILE_MAX, &fd, why, sizeof(why)) !=
	    SALLYPORT_OK) {
		host->log(login, SALLYPORT_LOG_ERROR, "%s: %s", path, why);
		return -1;
	}
	f = fdopen(fd, "r");
	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%255s %255s", name, value) == 2 &&
		    strcmp(name, user) == 0) {
			snprintf(code, size, "%s", value);
			found = 0;
		}
	if (f != NULL)
		fclose(f);
	else
		close(fd);
	return found;
}

/* Compare without telling by the time it takes how much was right. */
static int
differs(const char *a, const char *b)
{
	unsigned char difference = strlen(a) != strlen(b);

	for (size_t i = 0; a[i] != '\0' && b[i] != '\0'; i++)
		difference |= (unsigned char)(a[i] ^ b[i]);
	return difference;
}

static enum sallyport_verdict
authenticate(void *connection, struct sallyport_login *login)
{
	struct sallyport_prompt prompt = {.text = "Code: "};
	char code[256] = "";
	int found = find_code(login, connection, code, sizeof(code));

	/*
	 * Ask whether there is a code or not: the host fails users that do
	 * not exist by itself, and a question that is not asked is an answer.
	 */
	if (host->ask(login, NULL, &prompt, 1) != SALLYPORT_OK)
		return SALLYPORT_DENY;
	if (found != 0) {
		host->reason(login, "no code for this user");
		return SALLYPORT_DENY;
	}
	if (differs(code, prompt.answer)) {
		host->reason(login, "wrong code");
		return SALLYPORT_DENY;
	}
	return SALLYPORT_ALLOW;
}

SALLYPORT_MODULE = {
    SALLYPORT_SIZES,
    .name = "example",
    .version = "1",
    .methods = methods,
    .options = options,
    .load = load,
    .unload = unload,
    .begin = begin,
    .authenticate = authenticate,
};
