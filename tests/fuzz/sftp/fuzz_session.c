/*
 * Whole SFTP sessions in a jail: the first byte chooses options, the rest is
 * the client's stream.  Unless it is to be raw, lengths are put right, so that
 * a mutation changes a request and not where all others begin.
 */
#include "lib/buf.h"
#include "lib/rd.h"
#include "tests/fuzz/sftp/jail.h"

#include <stdlib.h>

#define INIT "\0\0\0\5\1\0\0\0\3"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
frame(struct buf *b, const uint8_t *data, size_t size)
{
	struct rd r;
	size_t len;

	buf_bytes(b, INIT, sizeof(INIT) - 1);
	rd_init(&r, data, size);
	while (rd_left(&r) >= 4) {
		len = rd_u32(&r);
		if (len == 0)
			continue;
		if (len > rd_left(&r))
			len = rd_left(&r);
		buf_string(b, rd_bytes(&r, len), len);
	}
}

static void
take_line(void *context, const char *text)
{
	for (; *text != '\0'; text++)
		if (*text < 0x20 || *text > 0x7e)
			abort(); /* not escaped */
	(void)context;
}

static void
on_event(void *context, const struct sftp_event *event)
{
	sftp_event_lines(event, "u", "h", take_line, context);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t answers[4 << 20];
	uint8_t choice = size == 0 ? 0 : data[0];
	struct sftp_options o = {
	    .start_directory = (choice & 1) != 0 ? "/sub" : "/gone",
	    .read_only = (choice & 2) != 0,
	    .no_names = true,
	    .draft_symlink = (choice & 4) != 0,
	    .denied_requests = (choice & 8) != 0 ? "write,stat" : NULL,
	    .user = "u",
	    .home = "/sub",
	    .on_event = on_event,
	    .detail = SFTP_DETAIL_REQUESTS,
	};
	struct buf stream;
	size_t len;

	buf_init(&stream, size * 5 + 64);
	if (size != 0 && (choice & 16) != 0)
		buf_bytes(&stream, &data[1], size - 1);
	else if (size != 0)
		frame(&stream, &data[1], size - 1);
	len = jail_serve(&o, stream.data, stream.len, answers, sizeof(answers));
	jail_check(answers, len);
	buf_free(&stream);
	return 0;
}
