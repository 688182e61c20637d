/*
 * The tokenizer in front of libconfig, which silently wraps integers (1.5),
 * reads 0755 as decimal (1.5) or as octal (1.8), cuts strings at \x00 and
 * opens @include by name.
 * Works on one file's bytes; trusts none of them; every process that loads a
 * configuration runs it first.
 */
#include "config/scan.h"
#include "config/config.h"
#include "lib/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCAN_NAMES_MAX 256 /* settings in one group */

struct scan_name {
	const char *text;
	size_t len;
	unsigned line;
};

struct scan_frame {
	char kind; /* '{', '(' or '[' */
	unsigned line;
	struct scan_name *names;
	size_t name_count;
	char *blank; /* a duplicate setting begins here */
};

struct scanner {
	const struct bundle_file *file;
	struct scan *scan;
	struct problems *problems;
	char *at;
	char *end;
	unsigned line;
	struct scan_frame frames[CONFIG_DEPTH_MAX + 1];
	size_t depth; /* index of the innermost frame */
};

#define SCAN_ERROR(s, at_line, ...)                                          \
	do {                                                                 \
		problem_error(                                               \
		    (s)->problems, (s)->file->path, (at_line), __VA_ARGS__); \
		scan_fault((s)->scan, (at_line));                            \
	} while (0)

static void
scan_fault(struct scan *scan, unsigned line)
{
	if (scan_is_fault(scan, line))
		return;
	scan->faults = mem_grow(
	    scan->faults, scan->fault_count + 1, sizeof(*scan->faults));
	scan->faults[scan->fault_count++] = line;
}

bool
scan_is_fault(const struct scan *scan, unsigned line)
{
	size_t i;

	for (i = scan->fault_count; i > 0; i--) {
		if (scan->faults[i - 1] == line)
			return true;
	}
	return false;
}

void
scan_free(struct scan *scan)
{
	free(scan->text);
	free(scan->faults);
	memset(scan, 0, sizeof(*scan));
}

/* Overwrite [from, to) with spaces, keeping the lines. */
static void
blank(char *from, const char *to)
{
	for (; from < to; from++) {
		if (*from != '\n')
			*from = ' ';
	}
}

/* Length of the UTF-8 sequence at p, or 0 (RFC 3629: no surrogates). */
static size_t
utf8_length(const unsigned char *p, size_t left)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint32_t code;
	size_t i, need;

	if (p[0] < 0x80)
		return 1;
	need = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
	if (p[0] < 0xc2 || p[0] > 0xf4 || left < need)
		return 0;
	code = p[0] & (0x7fU >> need);
	for (i = 1; i < need; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (code < least[need] || code > 0x10ffff ||
	    (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return need;
}

static bool
bytes_are_text(struct scanner *s)
{
	const unsigned char *p = (const unsigned char *)s->file->bytes;
	size_t i = 0, step;
	unsigned line = 1;

	while (i < s->file->len) {
		step = utf8_length(p + i, s->file->len - i);
		if (step == 0 || p[i] == '\0') {
			if (step == 0)
				SCAN_ERROR(
				    s, line, "not UTF-8 (byte 0x%02x)", p[i]);
			else
				SCAN_ERROR(s, line,
				    "a NUL byte: this is not "
				    "a text file");
			return false;
		}
		if (p[i] == '\n')
			line++;
		else if ((p[i] < 0x20 && p[i] != '\t' && p[i] != '\r') ||
		    p[i] == 0x7f) {
			SCAN_ERROR(s, line,
			    "a control byte (0x%02x): write "
			    "text, with \\n \\t \\\" \\\\ in strings",
			    p[i]);
			return false;
		}
		i += step;
	}
	return true;
}

static void
skip_line(struct scanner *s)
{
	while (s->at < s->end && *s->at != '\n')
		s->at++;
}

/* A C comment; false when it does not end. */
static bool
skip_comment(struct scanner *s)
{
	unsigned line = s->line;

	for (s->at += 2; s->at < s->end; s->at++) {
		if (*s->at == '\n')
			s->line++;
		if (s->at[0] == '*' && s->at[1] == '/') {
			s->at += 2;
			return true;
		}
	}
	SCAN_ERROR(s, line, "comment is not closed: */ is missing");
	return false;
}

/* One escape in a string; libconfig's, without those that make other bytes. */
static void
scan_escape(struct scanner *s)
{
	unsigned value;
	char digits[3] = {0};

	if (s->at[1] == 'x' && isxdigit((unsigned char)s->at[2]) &&
	    isxdigit((unsigned char)s->at[3])) {
		memcpy(digits, s->at + 2, 2);
		value = (unsigned)strtoul(digits, NULL, 16);
		if (value == 0 || value > 0x7f) {
			SCAN_ERROR(s, s->line,
			    "\\x%s in a string: only \\x01 "
			    "to \\x7f may be written so",
			    digits);
			blank(s->at, s->at + 4);
		}
		s->at += 4;
		return;
	}
	if (s->at[1] == '\0' || strchr("\\\"nrtf", s->at[1]) == NULL) {
		SCAN_ERROR(s, s->line,
		    "unknown escape in a string: "
		    "\\\\ \\\" \\n \\r \\t \\f and \\xNN are known");
		s->at[0] = ' ';
		s->at++;
		return;
	}
	s->at += 2;
}

/* A string; false when it does not end. */
static bool
scan_string(struct scanner *s)
{
	const char *start = ++s->at;

	while (s->at < s->end && *s->at != '"') {
		if (*s->at == '\n')
			break;
		if (*s->at == '\\')
			scan_escape(s);
		else
			s->at++;
	}
	if (s->at >= s->end || *s->at != '"') {
		SCAN_ERROR(s, s->line,
		    "string is not closed on its line: "
		    "\" is missing");
		return false;
	}
	if (s->at - start > CONFIG_STRING_MAX)
		SCAN_ERROR(s, s->line, "string is longer than %d bytes",
		    CONFIG_STRING_MAX);
	s->at++;
	return true;
}

/* Why this word is no number that libconfig reads as written, or NULL. */
static const char *
number_fault(const char *word, size_t len)
{
	char copy[32], *end;
	size_t digits, sign = *word == '-' || *word == '+';
	long long value;

	for (digits = sign;
	     digits < len && isdigit((unsigned char)word[digits]); digits++)
		;
	if (len - sign > 1 && word[sign] == '0' &&
	    isdigit((unsigned char)word[sign + 1]))
		return "a leading zero: modes are strings (\"0755\"), other "
		       "numbers are decimal";
	if (len - sign > 1 && word[sign] == '0' &&
	    (word[sign + 1] == 'x' || word[sign + 1] == 'X'))
		return "write numbers in decimal";
	if (digits == sign)
		return "is no number";
	if (digits < len &&
	    strspn(word + digits, "0123456789.eE+-") >= len - digits)
		return NULL; /* a float: the schema has a word for it */
	if (digits + 2 < len || strspn(word + digits, "L") < len - digits)
		return "is no number; sizes and times are strings "
		       "(\"1G\", \"10m\")";
	if (digits >= sizeof(copy))
		return "is larger than 64 bits";
	memcpy(copy, word, digits);
	copy[digits] = '\0';
	errno = 0;
	value = strtoll(copy, &end, 10);
	if (errno != 0)
		return "is larger than 64 bits";
	if (digits == len && (value > INT32_MAX || value < INT32_MIN))
		return "is larger than 32 bits: write it with an L at its end";
	return NULL;
}

static void
scan_number(struct scanner *s)
{
	char *start = s->at;
	const char *fault;
	size_t len;

	while (s->at < s->end &&
	    (isalnum((unsigned char)*s->at) || strchr("+-._", *s->at) != NULL))
		s->at++;
	len = (size_t)(s->at - start);
	fault = number_fault(start, len);
	if (fault == NULL)
		return;
	SCAN_ERROR(
	    s, s->line, "%.*s: %s", (int)(len < 40 ? len : 40), start, fault);
	blank(start, s->at);
	*start = '0';
}

/* The end of a setting: a duplicate is made to vanish. */
static void
end_setting(struct scan_frame *frame, const char *to)
{
	if (frame->blank != NULL)
		blank(frame->blank, to);
	frame->blank = NULL;
}

/* A setting's name in the innermost group; false: too many of them. */
static bool
add_name(struct scanner *s, const char *text, size_t len)
{
	struct scan_frame *frame = &s->frames[s->depth];
	size_t i;

	end_setting(frame, text);
	for (i = 0; i < frame->name_count; i++) {
		if (frame->names[i].len != len ||
		    memcmp(frame->names[i].text, text, len) != 0)
			continue;
		SCAN_ERROR(s, s->line,
		    "%.*s: is set already, in line %u; "
		    "set it once",
		    (int)len, text, frame->names[i].line);
		frame->blank = s->at - len;
		return true;
	}
	if (frame->name_count == SCAN_NAMES_MAX) {
		SCAN_ERROR(s, s->line, "more than %d settings in one group",
		    SCAN_NAMES_MAX);
		return false;
	}
	if (frame->name_count % 16 == 0)
		frame->names = mem_grow(frame->names, frame->name_count + 16,
		    sizeof(*frame->names));
	frame->names[frame->name_count++] =
	    (struct scan_name){text, len, s->line};
	return true;
}

/* A word: a setting's name when = or : follows, else true and false. */
static bool
scan_word(struct scanner *s)
{
	char *start = s->at;
	const char *next;
	size_t len;

	while (s->at < s->end &&
	    (isalnum((unsigned char)*s->at) || strchr("-_*", *s->at) != NULL))
		s->at++;
	len = (size_t)(s->at - start);
	for (next = s->at; next < s->end && isspace((unsigned char)*next);
	     next++)
		;
	if (next < s->end && (*next == '=' || *next == ':'))
		return s->frames[s->depth].kind != '{' ||
		    add_name(s, start, len);
	if ((len == 4 && strncasecmp(start, "true", 4) == 0) ||
	    (len == 5 && strncasecmp(start, "false", 5) == 0))
		return true;
	SCAN_ERROR(s, s->line,
	    "%.*s: a word where a value is expected: "
	    "strings stand in \"quotes\", booleans are true and false",
	    (int)(len < 40 ? len : 40), start);
	blank(start, s->at);
	*start = '0';
	return true;
}

static bool
open_frame(struct scanner *s)
{
	struct scan_frame *frame;

	if (s->depth == CONFIG_DEPTH_MAX) {
		SCAN_ERROR(s, s->line, "nested deeper than %d levels",
		    CONFIG_DEPTH_MAX);
		return false;
	}
	frame = &s->frames[++s->depth];
	memset(frame, 0, sizeof(*frame));
	frame->kind = *s->at++;
	frame->line = s->line;
	return true;
}

static bool
close_frame(struct scanner *s)
{
	struct scan_frame *frame = &s->frames[s->depth];
	char opener = *s->at == '}' ? '{' : *s->at == ')' ? '(' : '[';

	if (s->depth == 0) {
		SCAN_ERROR(s, s->line, "'%c' closes nothing", *s->at);
		return false;
	}
	if (frame->kind != opener) {
		SCAN_ERROR(s, s->line, "'%c' closes the '%c' of line %u",
		    *s->at, frame->kind, frame->line);
		return false;
	}
	end_setting(frame, s->at);
	free(frame->names);
	frame->names = NULL;
	s->depth--;
	s->at++;
	return true;
}

static bool
scan_at(struct scanner *s)
{
	char *start = s->at;

	skip_line(s);
	SCAN_ERROR(s, s->line, "%s",
	    strncmp(start, "@include", 8) == 0 ?
		"@include is not allowed: put the file into policy.d" :
		"'@' begins nothing");
	blank(start, s->at);
	return true;
}

/* One token; false when nothing sensible can follow. */
static bool
scan_token(struct scanner *s)
{
	unsigned char c = (unsigned char)*s->at;

	if (c == '\n')
		s->line++;
	if (isspace(c)) {
		s->at++;
		return true;
	}
	if (c == '#' || (c == '/' && s->at[1] == '/')) {
		skip_line(s);
		return true;
	}
	if (c == '/' && s->at[1] == '*')
		return skip_comment(s);
	if (c == '"')
		return scan_string(s);
	if (isalpha(c) || c == '*')
		return scan_word(s);
	if (isdigit(c) || c == '+' || c == '-' || c == '.') {
		scan_number(s);
		return true;
	}
	if (c == '@')
		return scan_at(s);
	if (strchr("{([", c) != NULL)
		return open_frame(s);
	if (strchr("})]", c) != NULL)
		return close_frame(s);
	if (strchr("=:;,", c) == NULL) {
		SCAN_ERROR(s, s->line, "stray character '%c'%s",
		    c < 0x80 ? c : '?',
		    c < 0x80 ? "" : ": not ASCII, outside a string");
		return false;
	}
	if (c == ';' || c == ',')
		end_setting(&s->frames[s->depth], s->at + 1);
	s->at++;
	return true;
}

void
scan_file(const struct bundle_file *file, struct scan *scan,
    struct problems *problems)
{
	struct scanner s = {
	    .file = file, .scan = scan, .problems = problems, .line = 1};

	memset(scan, 0, sizeof(*scan));
	scan->text = mem_alloc(file->len + 4);
	memcpy(scan->text, file->bytes, file->len);
	/* libconfig's comments want the end of their line. */
	memcpy(scan->text + file->len, "\n\0\0", 4);
	if (file->len > CONFIG_FILE_MAX) {
		SCAN_ERROR(
		    &s, 1, "file is larger than %d bytes", CONFIG_FILE_MAX);
		scan->hopeless = true;
		return;
	}
	if (!bytes_are_text(&s)) {
		scan->hopeless = true;
		return;
	}
	s.at = scan->text;
	s.end = scan->text + file->len;
	s.frames[0].kind = '{';
	while (s.at < s.end && !scan->hopeless)
		scan->hopeless = !scan_token(&s);
	if (!scan->hopeless && s.depth > 0) {
		SCAN_ERROR(&s, s.frames[s.depth].line, "'%c' is not closed",
		    s.frames[s.depth].kind);
		scan->hopeless = true;
	}
	end_setting(&s.frames[0], s.end);
	for (;; s.depth--) {
		free(s.frames[s.depth].names);
		if (s.depth == 0)
			break;
	}
}
