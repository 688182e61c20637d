/*
 * Opens authentication modules in a child, to see what they are.
 */
#include "daemon/ctl/module.h"

#include "daemon/ctl/child.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "privsep/drop.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *
module_path(const struct config *config, const struct module_settings *settings)
{
	return settings->file[0] == '/' ?
	    mem_strdup(settings->file) :
	    mem_printf("%s/%s", config->module_directory, settings->file);
}

unsigned
module_seconds(const struct config *config)
{
	return config->deadlines.module == CONFIG_NONE ?
	    0 :
	    config->deadlines.module;
}

const struct sallyport_module *
module_link(const char *path, char *why, size_t why_size)
{
	const struct safefile_rules rules = {.flags = SAFEFILE_FOLLOW};
	const struct sallyport_module *module;
	char unsafe[SAFEFILE_WHY_MAX] = "";
	void *library;
	int fd;

	/* Its constructors run: as a start, take files of root's alone. */
	if (safefile_open(path, &rules, &fd, unsafe) != 0) {
		snprintf(why, why_size, "%s", unsafe);
		return NULL;
	}
	close(fd);
	if ((library = dlopen(path, RTLD_NOW | RTLD_LOCAL)) == NULL) {
		snprintf(why, why_size, "%s", dlerror());
		return NULL;
	}
	module = dlsym(library, "sallyport_module");
	if (module == NULL)
		snprintf(why, why_size, "is no authentication module");
	else if (module->abi != SALLYPORT_MODULE_ABI)
		snprintf(why, why_size,
		    "was built for module interface %u, not %d",
		    (unsigned)module->abi, SALLYPORT_MODULE_ABI);
	else if (module->size < offsetof(struct sallyport_module, flags))
		snprintf(why, why_size, "is older than its interface");
	else
		return module;
	return NULL;
}

/* The child's answer: why[] is empty if it is a module. */
struct told {
	char name[64], methods[1024], why[512];
	bool account, helper;
};

static void
look(void *arg, struct buf *out)
{
	struct told told = {.why = ""};
	const struct sallyport_module *module =
	    module_link(arg, told.why, sizeof(told.why));
	size_t used = 0;

	if (module != NULL) {
		snprintf(told.name, sizeof(told.name), "%s",
		    module->name == NULL ? "" : module->name);
		told.account = module->account != NULL;
		told.helper =
		    module->size >= offsetof(struct sallyport_module, helper) +
			    sizeof(module->helper) &&
		    module->helper != NULL;
	}
	for (size_t i = 0; module != NULL && module->authenticate != NULL &&
	     module->methods != NULL && module->methods[i] != NULL &&
	     used < sizeof(told.methods);
	     i++)
		used += (size_t)snprintf(&told.methods[used],
		    sizeof(told.methods) - used, "%s\n", module->methods[i]);
	buf_bytes(out, &told, sizeof(told));
}

/* The server is stricter: it compares uids, with its other processes' too. */
static bool
has_account(const struct modules *m, const struct module_settings *settings,
    char *why, size_t why_size)
{
	const char *user = settings->helper_user;
	uid_t uid;
	gid_t gid;
	int err = drop_account(user, &uid, &gid);

	for (size_t i = 0; i < m->count && err == 0; i++)
		if (m->items[i].helper &&
		    strcmp(m->items[i].settings->helper_user, user) == 0) {
			snprintf(why, why_size,
			    "helper_user %s is that of module %s, too", user,
			    m->items[i].settings->name);
			return false;
		}
	if (err != 0)
		snprintf(why, why_size, "helper_user %s: %s", user,
		    err == E_DENIED ? "a helper never runs as root" :
				      "no such account in /etc/passwd");
	return err == 0;
}

bool
modules_open(struct modules *m, const struct module_settings *settings,
    const char *path, unsigned seconds, char *why, size_t why_size)
{
	struct opened o = {.settings = settings};
	char file[4096], how[256];
	struct told told;
	struct buf answer;
	int err;

	snprintf(file, sizeof(file), "%s", path);
	buf_init(&answer, sizeof(told));
	err = child_run(look, file, seconds, &answer, how, sizeof(how));
	if (err == 0)
		memcpy(&told, answer.data, sizeof(told));
	buf_free(&answer);
	if (err != 0 || told.why[0] != '\0') {
		snprintf(why, why_size, "%s%s",
		    err != 0 ? "the start of its library " : "",
		    err != 0 ? how : told.why);
		return false;
	}
	o.helper = told.helper;
	if (o.helper && !has_account(m, settings, why, why_size))
		return false;
	snprintf(o.name, sizeof(o.name), "%s", told.name);
	snprintf(o.methods, sizeof(o.methods), "%s", told.methods);
	o.account = told.account;
	m->items = mem_grow(m->items, m->count + 1, sizeof(o));
	m->items[m->count++] = o;
	return true;
}

static bool
has_line(const char *lines, const char *line)
{
	size_t len = strlen(line);

	for (; *lines != '\0'; lines += strcspn(lines, "\n") + 1)
		if (strncmp(lines, line, len) == 0 && lines[len] == '\n')
			return true;
	return false;
}

bool
modules_serve(const struct modules *m, const char *name, const char *method)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct opened *o = &m->items[i];

		if ((name == NULL || strcmp(o->settings->name, name) == 0) &&
		    has_line(o->methods, method))
			return true;
	}
	return false;
}

void
modules_close(struct modules *m)
{
	free(m->items);
	memset(m, 0, sizeof(*m));
}
