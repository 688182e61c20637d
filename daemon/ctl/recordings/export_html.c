/*
 * A recording as ONE page of HTML.  The policy of the page (CSP) allows the one
 * script and the one style that stand in it, by their hashes, and nothing else:
 * no other script, no connection, no image.  What comes from the recording
 * stands as JSON in a script element that is not run.
 */
#include "daemon/ctl/recordings/export.h"

#include "daemon/ctl/recordings/player_text.h"
#include "lib/buf.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/digest.h"

#include <inttypes.h>
#include <string.h>

#define PLAYER_MAX (1u << 20)

static const char skeleton[] =
    "<header id=\"head\"><h1 id=\"title\"></h1>"
    "<span id=\"verdict\"></span></header>\n"
    "<main><section id=\"stage\"><div id=\"screen\"></div>"
    "<div id=\"controls\"><div id=\"line\">"
    "<input id=\"time\" type=\"range\" min=\"0\" step=\"any\" value=\"0\" "
    "aria-label=\"time\"><div id=\"ticks\"></div></div>"
    "<button id=\"play\" type=\"button\">Play</button>"
    "<span id=\"clock\"></span><span id=\"day\"></span>"
    "<label>Speed <select id=\"speed\"><option value=\"0.5\">0.5</option>"
    "<option value=\"1\" selected>1</option><option value=\"2\">2</option>"
    "<option value=\"4\">4</option><option value=\"8\">8</option>"
    "<option value=\"16\">16</option><option value=\"64\">64</option>"
    "</select></label><label>Idle at most <select id=\"idle\">"
    "<option value=\"1\">1 s</option><option value=\"2\" selected>2 s</option>"
    "<option value=\"10\">10 s</option><option value=\"0\">as it was</option>"
    "</select></label></div></section>\n"
    "<aside><form id=\"find\"><input id=\"text\" type=\"search\" "
    "placeholder=\"Search the screens\" aria-label=\"text\"> "
    "<button>Search</button></form><h2>Found</h2><ol id=\"hits\"></ol>"
    "<h2>Events</h2><ol id=\"events\"></ol></aside></main>\n";

static void
gather(struct buf *b, const char *const *text)
{
	for (; *text != NULL; text++)
		buf_bytes(b, *text, strlen(*text));
}

/* 'sha256-BASE64' of what stands in the element. */
static void
put_hash(FILE *out, const struct buf *text)
{
	const struct digest_part part = {text->data, text->len};
	uint8_t hash[DIGEST_MAX] = {0};
	char base64[BASE64_SIZE(32)] = "";

	/* Without its hash the script does not run. */
	if (digest_parts(DIGEST_SHA256, &part, 1, hash, 0) == 0)
		base64_encode(hash, 32, base64, sizeof(base64));
	fprintf(out, "'sha256-%s'", base64);
}

static void
put_text(FILE *out, const char *name, const char *text)
{
	fprintf(out, "\"%s\":", name);
	if (text == NULL)
		text = "";
	export_string(out, text, strlen(text));
}

static void
put_header(FILE *out, const struct cast *c, const struct export_page *page)
{
	const struct cast_header *h = &c->header;

	fprintf(out,
	    "{\"width\":%" PRIu64 ",\"height\":%" PRIu64
	    ",\"timestamp\":%" PRIu64 ",",
	    h->width, h->height, h->timestamp);
	put_text(out, "id", page->base);
	putc(',', out);
	put_text(out, "verdict", verdict_word(page->verified->verdict));
	putc(',', out);
	put_text(out, "why", page->verified->text);
	fputs(",\n\"header\":{", out);
	put_text(out, "user", h->user);
	putc(',', out);
	put_text(out, "source", h->source);
	putc(',', out);
	put_text(out, "host", h->host);
	putc(',', out);
	put_text(out, "rule", h->rule);
	putc(',', out);
	put_text(out, "fingerprint", h->fp);
	putc(',', out);
	put_text(out, "kind", h->kind);
	putc(',', out);
	put_text(out, "command", h->request);
	putc(',', out);
	put_text(out, "started", h->started);
	fputs("},\n", out);
}

static void
put_events(FILE *out, const struct cast *c, const struct logged *m)
{
	int64_t start = (int64_t)c->header.timestamp * 1000000;

	fputs("\"events\":[", out);
	for (size_t i = 0; i < m->count; i++) {
		fprintf(out, "%s[%.6f,", i > 0 ? ",\n" : "",
		    (double)(m->items[i].when - start) / 1e6);
		export_string(
		    out, m->items[i].event, strlen(m->items[i].event));
		putc(',', out);
		export_string(out, m->items[i].text, strlen(m->items[i].text));
		putc(']', out);
	}
	fputs("],\n", out);
}

static enum cast_found
put_lines(FILE *out, struct cast *c)
{
	const char *before = "";
	enum cast_found found;
	struct cast_line line;

	fputs("\"lines\":[", out);
	while ((found = cast_next(c, &line)) == CAST_LINE) {
		if (line.code == 'b' || line.code == 'i')
			continue;
		fprintf(out, "%s[%" PRIu64 ".%06u,\"%c\",", before,
		    line.when / 1000000, (unsigned)(line.when % 1000000),
		    line.code);
		export_string(out, line.data, line.len);
		putc(']', out);
		before = ",\n";
	}
	fputs("]}\n", out);
	return found;
}

enum cast_found
export_html(struct cast *c, const struct export_page *page, FILE *out)
{
	struct buf script, style;
	enum cast_found found;

	buf_init(&script, PLAYER_MAX);
	buf_init(&style, PLAYER_MAX);
	gather(&script, player_script);
	gather(&style, player_style);
	fputs("<!DOCTYPE html>\n<html lang=\"en\"><head>"
	      "<meta charset=\"utf-8\">\n<meta "
	      "http-equiv=\"Content-Security-Policy\" "
	      "content=\"default-src 'none'; script-src ",
	    out);
	put_hash(out, &script);
	fputs("; style-src ", out);
	put_hash(out, &style);
	fputs("; base-uri 'none'; form-action 'none'\">\n"
	      "<meta name=\"referrer\" content=\"no-referrer\">\n"
	      "<meta name=\"viewport\" content=\"width=device-width\">\n"
	      "<title>Recording</title>\n<style>",
	    out);
	(void)fwrite(style.data, 1, style.len, out);
	fputs("</style></head>\n<body>\n", out);
	fputs(skeleton, out);
	fputs("<script type=\"application/json\" id=\"recording\">", out);
	put_header(out, c, page);
	put_events(out, c, page->logged);
	found = put_lines(out, c);
	fputs("</script>\n<script>", out);
	(void)fwrite(script.data, 1, script.len, out);
	fputs("</script>\n</body></html>\n", out);
	buf_free(&script);
	buf_free(&style);
	return found;
}
