/*
 * sallyportctl explain --key: the key in its file.
 */
#include "daemon/ctl/explain.h"

#include "daemon/ctl/ctl.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/safefile.h"
#include "lib/ssh/key_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A public key's line; or the private key, of which the public half is used. */
int
explain_read_key(const char *file, struct key **key)
{
	struct key_private *private = NULL;
	struct buf b;
	const uint8_t *end, *blob;
	size_t len;
	int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int err = fd < 0 ? E_SYSTEM : 0;

	buf_init(&b, KEY_FILE_MAX);
	if (err == 0)
		err = safefile_read_fd(fd, KEY_FILE_MAX, &b);
	if (err != 0) {
		ctl_fail("%s: %s", file,
		    err == E_SYSTEM ? strerror(errno) : err_text(err));
	} else if (b.len > 5 && memcmp(b.data, "-----", 5) == 0) {
		err = key_private_parse(b.data, b.len, &private);
		if (err == 0) {
			blob = key_blob(key_private_public(private), &len);
			err = key_parse(blob, len, key);
		}
		key_private_free(private);
	} else {
		end = b.len == 0 ? NULL : memchr(b.data, '\n', b.len);
		err = key_parse_line((const char *)b.data,
		    end == NULL ? b.len : (size_t)(end - b.data), key, NULL,
		    NULL);
	}
	if (err != 0 && fd >= 0)
		ctl_fail("%s: is no key: %s", file, err_text(err));
	if (fd >= 0)
		close(fd);
	buf_free(&b);
	return err;
}
