/*
 * The environment of a user's program, in this order, later wins: what the
 * client sent and the policy accepts; the server's own names; what keys and
 * modules give; the policy's; and SSH_*, which nobody else may set.
 */
#include "daemon/monitor/sessions.h"

#include "daemon/monitor/auth.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/rd.h"

#include <paths.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The client's, the modules' (AUTH_ENV_MAX), the policy's and ours. */
#define VARIABLES_MAX 4096

struct variables {
	char *list[VARIABLES_MAX];
	size_t count;
	bool overflow;
};

static void
set_text(struct variables *v, const char *text)
{
	size_t name = strcspn(text, "=") + 1;

	if (text[name - 1] != '=')
		return;
	for (size_t i = 0; i < v->count; i++)
		if (strncmp(v->list[i], text, name) == 0) {
			free(v->list[i]);
			v->list[i] = mem_strdup(text);
			return;
		}
	if (v->count < VARIABLES_MAX)
		v->list[v->count++] = mem_strdup(text);
	else
		v->overflow = true;
}

static void
set(struct variables *v, const char *name, const char *value)
{
	char *text = mem_printf("%s=%s", name, value);

	set_text(v, text);
	free(text);
}

static void
from_client(struct variables *v, const struct chan *c)
{
	struct rd r;

	rd_init(&r, c->environment.data, c->environment.len);
	while (rd_left(&r) > 0) {
		size_t len;
		const uint8_t *at = rd_string(&r, SSH_COMMAND_MAX, &len);
		char *text = mem_strndup((const char *)at, len);

		set_text(v, text);
		free(text);
	}
}

static void
own_names(struct variables *v, const struct monitor *m)
{
	const struct passwd *pw = &m->passwd;
	const struct environment_settings *e =
	    &m->template->config->environment;
	const char *tz = getenv("TZ");
	char mail[512];

	set(v, "USER", pw->pw_name);
	set(v, "LOGNAME", pw->pw_name);
	set(v, "HOME", pw->pw_dir);
	set(v, "PATH", pw->pw_uid == 0 ? e->root_path : e->path);
	set(v, "SHELL", pw->pw_shell[0] != '\0' ? pw->pw_shell : _PATH_BSHELL);
	snprintf(mail, sizeof(mail), "%s/%s", _PATH_MAILDIR, pw->pw_name);
	set(v, "MAIL", mail);
	if (tz != NULL)
		set(v, "TZ", tz);
}

static void
ssh_names(struct variables *v, const struct monitor *m, const struct chan *c,
    const char *original)
{
	char source[NET_TEXT_MAX], local[NET_TEXT_MAX], text[512];
	unsigned sport = m->source.family == NET_NONE ? 65535 : m->source_port;
	unsigned lport = m->local.family == NET_NONE ? 65535 : m->local_port;

	net_print(&m->source, source);
	net_print(&m->local, local);
	snprintf(text, sizeof(text), "%s %u %u", source, sport, lport);
	set(v, "SSH_CLIENT", text);
	snprintf(
	    text, sizeof(text), "%s %u %s %u", source, sport, local, lport);
	set(v, "SSH_CONNECTION", text);
	if (c->tty[0] != '\0')
		set(v, "SSH_TTY", c->tty);
	if (c->tty[0] != '\0')
		set(v, "TERM", c->term[0] != '\0' ? c->term : "dumb");
	if (c->agent != NULL)
		set(v, "SSH_AUTH_SOCK", c->agent);
	if (c->display != NULL)
		set(v, "DISPLAY", c->display);
	if (m->decision->grants.expose_connection)
		set(v, "SALLYPORT_CONN_ID", m->connection_id);
	if (m->sessions->exposed != NULL)
		set(v, "SSH_USER_AUTH", m->sessions->exposed);
	if (original != NULL)
		set(v, "SSH_ORIGINAL_COMMAND", original);
}

int
environment_make(struct monitor *m, const struct chan *c, const char *original,
    struct buf *out)
{
	struct variables *v = mem_alloc(sizeof(*v));
	const struct strings *fixed = &m->decision->grants.set_env;
	char *const *more = auth_environment(m);

	v->count = 0; /* its pages are touched as far as they are used */
	v->overflow = false;
	from_client(v, c);
	own_names(v, m);
	for (size_t i = 0; more != NULL && more[i] != NULL; i++)
		set_text(v, more[i]);
	for (size_t i = 0; i < fixed->count; i++)
		set_text(v, fixed->items[i]);
	ssh_names(v, m, c, original);
	for (size_t i = 0; i < v->count; i++) {
		buf_text(out, v->list[i]);
		free(v->list[i]);
	}
	if (v->overflow)
		out->err = E_LIMIT;
	free(v);
	return buf_end(out);
}
