/*
 * The recorder's text: any bytes, in pieces of any length, make the text that
 * they make at once, and that is UTF-8 without a control character or a quote.
 */
#include "daemon/recorder/quote.h"
#include "lib/escape.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define INPUT_MAX 4096

static void
check_text(const uint8_t *text, size_t len)
{
	for (size_t at = 0, n; at < len; at += n) {
		uint32_t c;

		n = escape_character(&text[at], len - at, &c);
		if (n == 0 || c < 0x20 || (c >= 0x7f && c < 0xa0) || c == '"')
			abort();
		if (c == '\\') {
			if (at + 1 >= len ||
			    strchr("\"\\bfnrtu", text[at + 1]) == NULL)
				abort();
			n = 2;
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t whole[INPUT_MAX * QUOTE_GROWTH];
	static uint8_t parts[INPUT_MAX * QUOTE_GROWTH];
	size_t step, len, taken, written = 0, at = 0, end = 0;

	if (size < 2 || size > INPUT_MAX)
		return 0;
	step = data[0] % 7 + 1;
	data++;
	size--;
	len = quote_bytes(whole, data, size, true, &taken);
	if (taken != size || len > size * QUOTE_GROWTH)
		abort();
	check_text(whole, len);
	while (end < size) {
		end = end + step < size ? end + step : size;
		written += quote_bytes(
		    &parts[written], &data[at], end - at, end == size, &taken);
		at += taken;
		if (end - at > QUOTE_TAIL_MAX)
			abort();
	}
	if (at != size || written != len || memcmp(whole, parts, len) != 0)
		abort();
	return 0;
}
