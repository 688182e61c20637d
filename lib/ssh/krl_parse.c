/*
 * Revocation lists read: PROTOCOL.krl, and lines of public keys.  The files
 * are the administrator's; what is not understood whole is an error, because
 * a key that is not found in half a list is not known to be good.
 */
#include "lib/ssh/krl_inside.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/ssh/base64.h"
#include "lib/ssh/key_inside.h"
#include "lib/ssh/ssh2.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC_LEN    8
#define VERSION	     1
#define TEXT_MAX     4096
#define BITMAP_MAX   (32 * 1024 * 1024)
#define CA_MAX	     4096
#define LINE_MAX_LEN (64 * 1024)

enum section {
	SECTION_CERTIFICATES = 1,
	SECTION_EXPLICIT_KEY = 2,
	SECTION_SHA1 = 3,
	SECTION_SIGNATURE = 4,
	SECTION_SHA256 = 5,
	SECTION_EXTENSION = 255
};

enum cert_section {
	CERT_SERIAL_LIST = 0x20,
	CERT_SERIAL_RANGE = 0x21,
	CERT_SERIAL_BITMAP = 0x22,
	CERT_KEY_ID = 0x23,
	CERT_EXTENSION = 0x39
};

static void
add_range(struct rd *r, struct krl_ranges *ranges, uint64_t low, uint64_t high)
{
	struct krl_range *last;

	if (r->err != 0)
		return;
	if (low > high) {
		rd_fail(r, E_VALUE);
		return;
	}
	last = ranges->count == 0 ? NULL : &ranges->range[ranges->count - 1];
	if (last != NULL && last->high != UINT64_MAX && low == last->high + 1) {
		last->high = high;
		return;
	}
	if (ranges->count == KRL_RANGES_MAX) {
		rd_fail(r, E_LIMIT);
		return;
	}
	if (ranges->count == ranges->room) {
		ranges->room = ranges->room == 0 ? 16 : ranges->room * 2;
		ranges->range = mem_grow(
		    ranges->range, ranges->room, sizeof(*ranges->range));
	}
	ranges->range[ranges->count].low = low;
	ranges->range[ranges->count++].high = high;
}

static void
parse_serials(struct rd *r, struct krl_ranges *ranges)
{
	uint64_t serial;

	while (rd_left(r) != 0) {
		serial = rd_u64(r);
		add_range(r, ranges, serial, serial);
	}
}

/* Bit n of the mpint is the serial offset + n; runs become ranges. */
static void
parse_bitmap(struct rd *r, struct krl_ranges *ranges)
{
	uint64_t offset = rd_u64(r), bits, bit;
	size_t len;
	const uint8_t *map = rd_mpint(r, BITMAP_MAX, &len);

	bits = (uint64_t)len * 8;
	if (r->err == 0 && bits != 0 && offset > UINT64_MAX - (bits - 1))
		rd_fail(r, E_VALUE);
	for (bit = 0; bit < bits && r->err == 0; bit++) {
		uint8_t byte = map[len - 1 - bit / 8];

		if (byte == 0)
			bit |= 7;
		else if ((byte >> (bit % 8) & 1) != 0)
			add_range(r, ranges, offset + bit, offset + bit);
	}
}

static void
parse_ids(struct rd *r, struct krl_ids *ids)
{
	const uint8_t *id;
	size_t len;

	while (rd_left(r) != 0) {
		id = rd_string(r, TEXT_MAX, &len);
		if (r->err == 0 && memchr(id, '\0', len) != NULL)
			rd_fail(r, E_FORMAT);
		if (r->err != 0)
			return;
		if (ids->count == ids->room) {
			ids->room = ids->room == 0 ? 16 : ids->room * 2;
			ids->id = mem_grow(ids->id, ids->room, sizeof(char *));
		}
		ids->id[ids->count++] = mem_strndup((const char *)id, len);
	}
}

/* Unknown extensions may be passed over unless they say they may not. */
static void
parse_extension(struct rd *r)
{
	size_t len;

	(void)rd_string(r, TEXT_MAX, &len);
	if (rd_bool(r))
		rd_fail(r, E_UNSUPPORTED);
	(void)rd_string(r, KRL_FILE_MAX, &len);
}

static void
parse_cert_section(uint8_t type, struct rd *r, struct krl_ca *ca)
{
	uint64_t low;

	switch (type) {
	case CERT_SERIAL_LIST:
		parse_serials(r, &ca->ranges);
		break;
	case CERT_SERIAL_RANGE:
		low = rd_u64(r);
		add_range(r, &ca->ranges, low, rd_u64(r));
		break;
	case CERT_SERIAL_BITMAP:
		parse_bitmap(r, &ca->ranges);
		break;
	case CERT_KEY_ID:
		parse_ids(r, &ca->ids);
		break;
	case CERT_EXTENSION:
		parse_extension(r);
		break;
	default:
		rd_fail(r, E_UNSUPPORTED);
	}
}

static struct krl_ca *
add_ca(struct krl *krl, const uint8_t *blob, size_t len)
{
	struct krl_ca *ca;

	krl->ca = mem_grow(krl->ca, krl->ca_count + 1, sizeof(*krl->ca));
	ca = &krl->ca[krl->ca_count++];
	memset(ca, 0, sizeof(*ca));
	if (len != 0) {
		ca->blob = mem_dup(blob, len);
		ca->len = len;
	}
	return ca;
}

static void
parse_certificates(struct rd *r, struct krl *krl)
{
	struct krl_ca *ca;
	struct rd inner;
	size_t len, reserved_len;
	const uint8_t *blob = rd_string(r, SSH_KEY_BLOB_MAX, &len);
	uint8_t type;

	(void)rd_string(r, TEXT_MAX, &reserved_len);
	if (r->err == 0 && krl->ca_count == CA_MAX)
		rd_fail(r, E_LIMIT);
	if (r->err != 0)
		return;
	ca = add_ca(krl, blob, len);
	while (rd_left(r) != 0) {
		type = rd_u8(r);
		rd_sub(r, KRL_FILE_MAX, &inner);
		parse_cert_section(type, &inner, ca);
		if (rd_end(&inner) != 0)
			rd_fail(r, rd_end(&inner));
	}
}

/* A key that is listed whole is found by its SHA-256 like the others. */
static void
parse_explicit(struct rd *r, struct krl *krl)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	const uint8_t *blob;
	size_t len;

	while (rd_left(r) != 0) {
		blob = rd_string(r, SSH_KEY_BLOB_MAX, &len);
		if (r->err == 0 && len == 0)
			rd_fail(r, E_FORMAT);
		if (r->err == 0 &&
		    key_evp_hash(KEY_SHA256, blob, len, hash) != 0)
			rd_fail(r, E_CRYPTO);
		if (r->err == 0)
			krl_hashes_add(&krl->sha256, hash);
	}
}

static void
parse_hashes(struct rd *r, struct krl_hashes *hashes)
{
	const uint8_t *hash;
	size_t len;

	while (rd_left(r) != 0) {
		hash = rd_string(r, hashes->size, &len);
		if (r->err == 0 && len != hashes->size)
			rd_fail(r, E_FORMAT);
		if (r->err == 0)
			krl_hashes_add(hashes, hash);
	}
}

static void
parse_section(uint8_t type, struct rd *r, struct krl *krl)
{
	switch (type) {
	case SECTION_CERTIFICATES:
		parse_certificates(r, krl);
		break;
	case SECTION_EXPLICIT_KEY:
		parse_explicit(r, krl);
		break;
	case SECTION_SHA1:
		parse_hashes(r, &krl->sha1);
		break;
	case SECTION_SHA256:
		parse_hashes(r, &krl->sha256);
		break;
	case SECTION_EXTENSION:
		parse_extension(r);
		break;
	case SECTION_SIGNATURE: /* refused since OpenSSH 9.4 */
	default:
		rd_fail(r, E_UNSUPPORTED);
	}
}

int
krl_parse_binary(struct krl *krl, const void *file, size_t len)
{
	struct rd r, inner;
	const uint8_t *comment;
	size_t text_len;
	uint8_t type;

	rd_init(&r, file, len);
	(void)rd_bytes(&r, MAGIC_LEN);
	if (rd_u32(&r) != VERSION)
		rd_fail(&r, E_UNSUPPORTED);
	krl->number = rd_u64(&r);
	krl->generated = rd_u64(&r);
	(void)rd_u64(&r); /* flags: none defined */
	(void)rd_string(&r, TEXT_MAX, &text_len); /* reserved */
	comment = rd_string(&r, TEXT_MAX, &text_len);
	if (r.err == 0)
		krl->comment = mem_strndup((const char *)comment, text_len);
	while (rd_left(&r) != 0) {
		type = rd_u8(&r);
		rd_sub(&r, KRL_FILE_MAX, &inner);
		parse_section(type, &inner, krl);
		if (rd_end(&inner) != 0)
			rd_fail(&r, rd_end(&inner));
	}
	return rd_end(&r);
}

/*
 * "type base64 ..." of a type we do not know: revoked all the same, in case
 * we come to know it, if its blob says the same type.
 */
static int
unknown_type_blob(const char *line, size_t len, struct buf *blob)
{
	size_t type_len = 0, start, end, name_len;
	const uint8_t *name;
	struct rd r;
	int err;

	while (
	    type_len < len && line[type_len] != ' ' && line[type_len] != '\t')
		type_len++;
	for (start = type_len;
	     start < len && (line[start] == ' ' || line[start] == '\t');
	     start++)
		continue;
	for (end = start; end < len && line[end] != ' ' && line[end] != '\t';
	     end++)
		continue;
	if ((err = base64_decode(&line[start], end - start, blob)) != 0)
		return err;
	rd_init(&r, blob->data, blob->len);
	name = rd_string(&r, SSH_KEY_BLOB_MAX, &name_len);
	if (r.err != 0 || name_len != type_len ||
	    memcmp(name, line, name_len) != 0)
		return E_FORMAT;
	return 0;
}

static int
parse_key_line(struct krl *krl, const char *line, size_t len)
{
	uint8_t hash[SHA256_DIGEST_LENGTH];
	struct key *key = NULL;
	const uint8_t *blob = NULL;
	size_t blob_len = 0;
	struct buf b;
	int err;

	buf_init(&b, SSH_KEY_BLOB_MAX);
	err = key_parse_line(line, len, &key, NULL, NULL);
	if (err == 0)
		blob = key_blob(key, &blob_len);
	else if (err == E_UNSUPPORTED &&
	    (err = unknown_type_blob(line, len, &b)) == 0) {
		blob = b.data;
		blob_len = b.len;
	}
	if (err == 0 &&
	    (err = key_evp_hash(KEY_SHA256, blob, blob_len, hash)) == 0)
		krl_hashes_add(&krl->sha256, hash);
	key_free(key);
	buf_free(&b);
	return err;
}

int
krl_parse_lines(struct krl *krl, const char *file, size_t len, unsigned *line)
{
	const char *end = &file[len], *newline;
	size_t line_len;
	unsigned number;
	int err;

	for (number = 1; file < end; number++) {
		newline = memchr(file, '\n', (size_t)(end - file));
		line_len = (size_t)((newline == NULL ? end : newline) - file);
		while (line_len != 0 && (*file == ' ' || *file == '\t'))
			file++, line_len--;
		while (line_len != 0 && strchr(" \t\r", file[line_len - 1]) &&
		    file[line_len - 1] != '\0')
			line_len--;
		err = line_len > LINE_MAX_LEN ? E_TOO_LARGE : 0;
		if (err == 0 && line_len != 0 && *file != '#')
			err = parse_key_line(krl, file, line_len);
		if (err != 0) {
			if (line != NULL)
				*line = number;
			return err;
		}
		file = newline == NULL ? end : &newline[1];
	}
	return 0;
}
