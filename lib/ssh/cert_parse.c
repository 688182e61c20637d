/*
 * Certificates taken apart (PROTOCOL.certkeys).  They come from strangers and
 * nothing here believes them: that is cert.c's.
 */
#include "lib/ssh/cert.h"

#include "lib/buf.h"
#include "lib/err.h"
#include "lib/mem.h"
#include "lib/rd.h"
#include "lib/ssh/key_inside.h"
#include "lib/ssh/ssh2.h"

#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 256
#define NAMES_MAX    4096 /* of unknown extensions, for the log */

/* One named option: where a flag goes, or a text. */
struct option {
	const char *name;
	bool *flag;
	char **text;
	bool seen;
};

/* A string without NULs, copied; NULL when the reader failed. */
static char *
copy_text(struct rd *r, size_t max)
{
	size_t len;
	const uint8_t *text = rd_string(r, max, &len);

	if (r->err == 0 && memchr(text, '\0', len) != NULL)
		rd_fail(r, E_FORMAT);
	return r->err != 0 ? NULL : mem_strndup((const char *)text, len);
}

static void
parse_principals(struct rd *r, struct cert *cert)
{
	struct rd list;
	char *name;

	rd_sub(r, SSH_KEY_BLOB_MAX, &list);
	while (rd_left(&list) != 0) {
		if (cert->principal_count == CERT_PRINCIPALS_MAX) {
			rd_fail(r, E_LIMIT);
			return;
		}
		if ((name = copy_text(&list, CERT_PRINCIPAL_MAX)) == NULL)
			break;
		cert->principals = mem_grow(cert->principals,
		    cert->principal_count + 1, sizeof(char *));
		cert->principals[cert->principal_count++] = name;
	}
	if (list.err != 0)
		rd_fail(r, list.err);
}

/* data is empty for flags, a string inside for texts. */
static void
take_option(
    struct option *option, const uint8_t *data, size_t len, struct rd *r)
{
	struct rd inner;

	rd_init(&inner, data, len);
	if (option->seen)
		rd_fail(r, E_EXISTS);
	option->seen = true;
	if (r->err == 0 && option->text != NULL)
		*option->text = copy_text(&inner, SSH_KEY_BLOB_MAX);
	if (option->flag != NULL)
		*option->flag = true;
	if (rd_end(&inner) != 0)
		rd_fail(r, rd_end(&inner));
}

/* Unprintable names are not worth their place in a log. */
static void
note_unknown(struct buf *names, const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == ',')
			return;
	if (names->len + len + 1 > names->max)
		return;
	if (names->len != 0)
		buf_u8(names, ',');
	buf_bytes(names, name, len);
}

/*
 * Name and data in pairs, each name once.  How many pairs there were; the
 * unknown ones' names are appended to *unknown, which is "" when all of them
 * are unprintable.
 */
static size_t
parse_options(
    struct rd *r, struct option *options, size_t count, char **unknown)
{
	size_t name_len, len, seen = 0, i;
	const uint8_t *name, *data;
	struct buf names;
	struct rd list;

	buf_init(&names, NAMES_MAX);
	rd_sub(r, SSH_KEY_BLOB_MAX, &list);
	for (; rd_left(&list) != 0; seen++) {
		name = rd_string(&list, NAME_MAX_LEN, &name_len);
		data = rd_string(&list, SSH_KEY_BLOB_MAX, &len);
		if (list.err != 0)
			break;
		for (i = 0; i < count; i++)
			if (strlen(options[i].name) == name_len &&
			    memcmp(options[i].name, name, name_len) == 0)
				break;
		if (i < count) {
			take_option(&options[i], data, len, r);
			continue;
		}
		note_unknown(&names, name, name_len);
		free(*unknown);
		*unknown = mem_strndup((const char *)names.data, names.len);
	}
	buf_free(&names);
	if (list.err != 0)
		rd_fail(r, list.err);
	return seen;
}

static void
parse_critical(struct rd *r, struct cert *cert)
{
	struct option options[] = {
	    {"force-command", NULL, &cert->force_command, false},
	    {"source-address", NULL, &cert->source_address, false},
	    {"verify-required", &cert->verify_required, NULL, false},
	};

	cert->critical_count = parse_options(r, options,
	    sizeof(options) / sizeof(options[0]), &cert->unknown_critical);
}

static void
parse_extensions(struct rd *r, struct cert *cert)
{
	struct option options[] = {
	    {"permit-X11-forwarding", &cert->permit_x11, NULL, false},
	    {"permit-agent-forwarding", &cert->permit_agent, NULL, false},
	    {"permit-port-forwarding", &cert->permit_port, NULL, false},
	    {"permit-pty", &cert->permit_pty, NULL, false},
	    {"permit-user-rc", &cert->permit_user_rc, NULL, false},
	    {"no-touch-required", &cert->no_touch_required, NULL, false},
	};

	(void)parse_options(r, options, sizeof(options) / sizeof(options[0]),
	    &cert->unknown_extensions);
}

/* A CA has a plain key: a chain would never end. */
static int
parse_ca(const uint8_t *blob, size_t len, struct cert *cert)
{
	bool is_cert;
	size_t name_len;
	const uint8_t *name;
	struct rd r;

	rd_init(&r, blob, len);
	name = rd_string(&r, NAME_MAX_LEN, &name_len);
	if (r.err != 0)
		return r.err;
	(void)key_type_of_name((const char *)name, name_len, &is_cert);
	if (is_cert)
		return E_DENIED;
	return key_parse(blob, len, &cert->ca);
}

/* Only the name is looked at; it must be that of an algorithm of the CA's. */
static int
name_signature(struct cert *cert)
{
	const struct key_alg *alg;
	size_t len;
	const uint8_t *name;
	struct rd r;

	rd_init(&r, cert->signature, cert->signature_len);
	name = rd_string(&r, NAME_MAX_LEN, &len);
	if (r.err != 0)
		return r.err;
	alg = key_alg_find((const char *)name, len);
	/* SHA-1 may prove a key to an old peer, but no authority's word. */
	if (alg == NULL || !key_alg_serves(alg, cert->ca) ||
	    (alg->digest != NULL && strcmp(alg->digest, "SHA1") == 0))
		return E_UNSUPPORTED;
	cert->signature_alg = alg->name;
	return 0;
}

static int
parse_all(struct rd *r, struct cert *cert)
{
	size_t ca_len, len;
	const uint8_t *ca;
	uint32_t kind;
	int err;

	cert->serial = rd_u64(r);
	kind = rd_u32(r);
	cert->key_id = copy_text(r, CERT_KEY_ID_MAX);
	parse_principals(r, cert);
	cert->valid_after = rd_u64(r);
	cert->valid_before = rd_u64(r);
	parse_critical(r, cert);
	parse_extensions(r, cert);
	(void)rd_string(r, SSH_KEY_BLOB_MAX, &len); /* reserved */
	ca = rd_string(r, SSH_KEY_BLOB_MAX, &ca_len);
	cert->signed_len = r->pos;
	cert->signature = rd_string(r, SSH_SIGNATURE_MAX, &cert->signature_len);
	if ((err = rd_end(r)) != 0)
		return err;
	if (kind != CERT_USER && kind != CERT_HOST)
		return E_VALUE;
	cert->kind = (enum cert_kind)kind;
	if ((err = parse_ca(ca, ca_len, cert)) != 0)
		return err;
	return name_signature(cert);
}

int
cert_parse(struct rd *r, struct cert **out)
{
	struct cert *cert = mem_zalloc(sizeof(*cert));
	int err = parse_all(r, cert);

	if (err != 0) {
		cert_free(cert);
		return err;
	}
	*out = cert;
	return 0;
}

void
cert_free(struct cert *cert)
{
	if (cert == NULL)
		return;
	for (size_t i = 0; i < cert->principal_count; i++)
		free(cert->principals[i]);
	free(cert->principals);
	free(cert->key_id);
	free(cert->force_command);
	free(cert->source_address);
	free(cert->unknown_critical);
	free(cert->unknown_extensions);
	key_free(cert->ca);
	free(cert);
}
