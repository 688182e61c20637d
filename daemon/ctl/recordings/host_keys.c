/*
 * The host's public keys, by which recordings are signed: choose.h.
 */
#include "daemon/ctl/recordings/choose.h"

#include "config/load.h"
#include "lib/buf.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "lib/ssh/key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1024 * 1024)

/* "type base64 ...", or with hosts or principals before it, as in known_hosts
 * and in the allowed signers of ssh-keygen. */
static bool
add_line(struct recordings_options *o, const char *line, size_t len)
{
	const char *blank;
	struct key *key;

	while (len > 0 && (*line == ' ' || *line == '\t'))
		line++, len--;
	if (len == 0 || *line == '#')
		return true;
	for (int i = 0; i < 2; i++) {
		if (key_parse_line(line, len, &key, NULL, NULL) == 0) {
			if (o->key_count == RECORDINGS_KEYS_MAX) {
				key_free(key);
				return false;
			}
			o->keys[o->key_count++] = key;
			return true;
		}
		if ((blank = memchr(line, ' ', len)) == NULL)
			return false;
		len -= (size_t)(blank + 1 - line);
		line = blank + 1;
	}
	return false;
}

static bool
add_lines(struct recordings_options *o, const char *text, size_t len)
{
	while (len > 0) {
		const char *lf = memchr(text, '\n', len);
		size_t n = lf != NULL ? (size_t)(lf - text) : len;

		if (!add_line(o, text, n))
			return false;
		n += lf != NULL;
		text += n;
		len -= n;
	}
	return true;
}

int
choose_keys(struct recordings_options *o, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	size_t before = o->key_count;
	int status = CTL_OK;
	struct buf text;

	if (fd < 0)
		return ctl_fail("%s: %s", path, strerror(errno));
	buf_init(&text, FILE_MAX_BYTES);
	if (safefile_read_fd(fd, FILE_MAX_BYTES, &text) != 0)
		status = ctl_fail("%s: cannot be read", path);
	else if (!add_lines(o, (const char *)text.data, text.len) ||
	    o->key_count == before)
		status = ctl_fail("%s: no public keys, or something else "
				  "beside them",
		    path);
	buf_free(&text);
	close(fd);
	return status;
}

void
choose_host_keys(struct recordings_options *o)
{
	struct config *config = offline_config(o->ctl, NULL);
	char *path;

	if (config == NULL)
		return;
	for (size_t i = 0; i < config->host_keys.count; i++) {
		path = mem_printf("%s.pub", config->host_keys.items[i]);
		if (access(path, R_OK) == 0)
			(void)choose_keys(o, path);
		free(path);
	}
	config_free(config);
}
