/*
 * The exchange of identification strings (RFC 4253 section 4.2).  Ours leaves
 * at once, with our KEXINIT in the same write; the client's must be the first
 * line it sends.
 */
#include "daemon/worker/transport/transport.h"

#include "lib/err.h"
#include "lib/log.h"

#include <stdio.h>
#include <string.h>

/* CR and LF included: RFC 4253 section 4.2. */
#define LINE_MAX_BYTES SSH_VERSION_MAX

void
hello_ours(const struct worker_settings *settings, char line[SSH_VERSION_MAX])
{
	snprintf(
	    line, LINE_MAX_BYTES - 2, "SSH-2.0-%s", settings->identification);
}

void
hello_send(struct transport *t)
{
	char line[SSH_VERSION_MAX];
	size_t len;

	hello_ours(t->settings, t->server_version);
	len = strlen(t->server_version);
	memcpy(line, t->server_version, len);
	memcpy(&line[len], "\r\n", 2);
	output_raw(t, line, len + 2);
}

/* A peer that is no SSH client gets a line of text, and the connection ends. */
static int
refuse(struct transport *t, const char *text, const char *why)
{
	output_raw(t, text, strlen(text));
	worker_close(t->w, BYE_PROTOCOL_ERROR,
	    SSH_DISCONNECT_PROTOCOL_VERSION_NOT_SUPPORTED, "%s", why);
	return E_FORMAT;
}

/* With the line that it sent instead, for the log: as far as it is text. */
static int
not_ssh(struct transport *t, const uint8_t *line, size_t len)
{
	char why[256] = "banner exchange: invalid format: ";
	size_t at = strlen(why);

	if (memchr(line, '\0', len) != NULL)
		return refuse(t, "Invalid SSH identification string.\r\n",
		    "banner line contains invalid characters");
	for (size_t i = 0; i < len && at < sizeof(why) - 1; i++)
		if (line[i] == '\r' || line[i] == '\n')
			break;
		else
			why[at++] = line[i] < ' ' || line[i] > '~' ?
			    '?' :
			    (char)line[i];
	why[at] = '\0';
	return refuse(t, "Invalid SSH identification string.\r\n", why);
}

/* RFC 4253 section 4.2: printable US-ASCII; "SSH-protoversion-software". */
static int
check(struct transport *t, const uint8_t *line, size_t len)
{
	const uint8_t *dash;
	size_t version;

	for (size_t i = 0; i < len; i++)
		if (line[i] < ' ' || line[i] > '~')
			return not_ssh(t, line, len);
	if (len < 4 || memcmp(line, "SSH-", 4) != 0)
		return not_ssh(t, line, len);
	dash = memchr(&line[4], '-', len - 4);
	if (dash == NULL || &dash[1] == &line[len])
		return not_ssh(t, line, len);
	version = (size_t)(dash - &line[4]);
	if (!(version == 3 && memcmp(&line[4], "2.0", 3) == 0) &&
	    !(version == 4 && memcmp(&line[4], "1.99", 4) == 0))
		return refuse(t, "Protocol major versions differ.\r\n",
		    "Protocol major versions differ");
	return 0;
}

static int
accept_line(struct transport *t, const uint8_t *line, size_t len)
{
	struct worker *w = t->w;

	memcpy(w->client_version, line, len);
	w->client_version[len] = '\0';
	t->hello_done = true;
	TELL(w, version, .client = {(const uint8_t *)w->client_version, len},
	    .server = {
		(const uint8_t *)t->server_version, strlen(t->server_version)});
	return 0;
}

int
hello_receive(struct transport *t)
{
	const uint8_t *line = &t->rx.base[t->rx.start];
	size_t have = region_used(&t->rx), len, whole;
	const uint8_t *end = have == 0 ?
	    NULL :
	    memchr(line, '\n', have < LINE_MAX_BYTES ? have : LINE_MAX_BYTES);
	int err;

	if (end == NULL) {
		/* Junk is told so at its first bytes, not at its end. */
		if (memcmp(line, "SSH-", have < 4 ? have : 4) != 0)
			return not_ssh(t, line, have);
		if (have >= LINE_MAX_BYTES)
			return refuse(t,
			    "Invalid SSH identification string.\r\n",
			    "banner line too long");
		return E_AGAIN;
	}
	len = (size_t)(end - line);
	whole = len + 1;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	if ((err = check(t, line, len)) != 0)
		return err;
	err = accept_line(t, line, len);
	t->from.total += whole;
	region_take(&t->rx, whole);
	return err;
}
