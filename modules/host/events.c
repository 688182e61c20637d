/*
 * The table of events that a module has of its own.
 */
#include "modules/host/events.h"

#include "lib/audit.h"

#include <stdio.h>
#include <string.h>

const struct sallyport_event *
host_events(const struct sallyport_module *module)
{
	return module->size < offsetof(struct sallyport_module, events) +
		    sizeof(module->events) ?
	    NULL :
	    module->events;
}

#define LETTERS "abcdefghijklmnopqrstuvwxyz0123456789_"

const char *
host_event_field(const char **list, char name[HOST_FIELD_SIZE])
{
	size_t len;

	*list += strspn(*list, " ");
	len = strcspn(*list, " ");
	if (len == 0)
		return NULL;
	snprintf(name, HOST_FIELD_SIZE, "%.*s", (int)len, *list);
	*list += len;
	return name;
}

static const char *
event_fault(const struct sallyport_event *e)
{
	const char *list = e->fields == NULL ? "" : e->fields;
	size_t count = 0, len = strlen(e->name);
	char name[HOST_FIELD_SIZE];

	if (len == 0 || len > 64 || strspn(e->name, LETTERS ".-") != len)
		return "has no proper name";
	if ((unsigned)e->level > SALLYPORT_LOG_DEBUG)
		return "is of no level that this server knows";
	if (strspn(list, LETTERS " ") != strlen(list))
		return "has a field without a proper name";
	while (host_event_field(&list, name) != NULL)
		count++;
	return count > AUDIT_PAIRS_MAX ? "has too many fields" : NULL;
}

void
host_check_events(const struct sallyport_module *module,
    const struct module_settings *settings, struct problems *problems)
{
	const struct sallyport_event *e = host_events(module);
	const char *fault;

	for (; e != NULL && e->name != NULL; e++)
		if ((fault = event_fault(e)) != NULL)
			problem_error(problems, settings->origin.file,
			    settings->origin.line,
			    "module %s: its event \"%s\" %s", settings->name,
			    e->name, fault);
}
