/*
 * The policy's paths for one user.  Trusts the pattern, which config/ has
 * checked, and judges nothing that the name service says: who opens the path
 * does.
 */
#include "privsep/path_tokens.h"

#include "lib/buf.h"
#include "lib/mem.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PATH_LIMIT 4096

static void
expand_token(struct buf *out, char token, const struct passwd *pw)
{
	char number[16];
	const char *text = number;

	switch (token) {
	case 'h':
		text = pw->pw_dir;
		break;
	case 'u':
		text = pw->pw_name;
		break;
	case 'U':
		snprintf(number, sizeof(number), "%u", (unsigned)pw->pw_uid);
		break;
	default:
		snprintf(number, sizeof(number), "%c", token);
	}
	buf_bytes(out, text, strlen(text));
}

char *
path_tokens_expand(const char *pattern, const struct passwd *pw)
{
	struct buf out;
	char *text;

	buf_init(&out, PATH_LIMIT);
	for (const char *p = pattern; *p != '\0'; p++) {
		if (p[0] != '%' || p[1] == '\0')
			buf_u8(&out, (uint8_t)*p);
		else
			expand_token(&out, *++p, pw);
	}
	text = buf_end(&out) == 0 ?
	    mem_strndup((const char *)out.data, out.len) :
	    NULL;
	buf_free(&out);
	return text;
}
