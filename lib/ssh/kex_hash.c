/*
 * The exchange hash (RFC 4253 section 8) and the keys that come from it
 * (section 7.2).  The monitor, which is root, hashes fields that a worker
 * sent it: they are checked before they are used, and nothing is copied.
 */
#include "lib/ssh/kex_private.h"

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/ssh/ssh2.h"

#include <string.h>

/* V_C V_S I_C I_S K_S, min n max p g, two shares, K: two parts each. */
#define FIELDS_MAX 13
#define PARTS_MAX  (2 * FIELDS_MAX)

/* The parts to hash; the lengths in front of fields live here. */
struct parts {
	struct digest_part part[PARTS_MAX];
	size_t count;
	uint8_t head[FIELDS_MAX][5]; /* u32 length, 0 before a high bit */
	size_t heads;
};

static void
add(struct parts *p, const void *data, size_t len)
{
	p->part[p->count].data = data;
	p->part[p->count++].len = len;
}

static void
add_u32(struct parts *p, uint32_t value, size_t extra)
{
	uint8_t *head = p->head[p->heads++];

	head[0] = (uint8_t)(value >> 24);
	head[1] = (uint8_t)(value >> 16);
	head[2] = (uint8_t)(value >> 8);
	head[3] = (uint8_t)value;
	head[4] = 0;
	add(p, head, 4 + extra);
}

static void
add_string(struct parts *p, const struct kex_field *field)
{
	add_u32(p, (uint32_t)field->len, 0);
	add(p, field->data, field->len);
}

/* A magnitude that is not empty and has no leading zero byte. */
static void
add_mpint(struct parts *p, const uint8_t *data, size_t len)
{
	size_t extra = data[0] >> 7;

	add_u32(p, (uint32_t)(len + extra), extra);
	add(p, data, len);
}

static int
check_version(const struct kex_field *version)
{
	if (version->len < 4 || version->len > SSH_VERSION_MAX ||
	    memcmp(version->data, "SSH-", 4) != 0)
		return E_FORMAT;
	for (size_t i = 0; i < version->len; i++) {
		if (version->data[i] == '\r' || version->data[i] == '\n' ||
		    version->data[i] == '\0')
			return E_FORMAT;
	}
	return 0;
}

static int
check_kexinit(const struct kex_field *kexinit)
{
	/* number, cookie, ten name-lists, boolean, reserved */
	if (kexinit->len < 1 + 16 + 10 * 4 + 1 + 4 ||
	    kexinit->len > SSH_KEXINIT_MAX ||
	    kexinit->data[0] != SSH_MSG_KEXINIT)
		return E_FORMAT;
	return 0;
}

static int
check_magnitude(const uint8_t *data, size_t len, size_t max)
{
	if (len == 0 || len > max || data[0] == 0)
		return E_FORMAT;
	return 0;
}

static int
check_share(
    const struct kex_method *method, const struct kex_field *share, size_t len)
{
	if ((method->attributes & KEX_FINITE_FIELD) != 0)
		return check_magnitude(share->data, share->len, len);
	return share->len == len ? 0 : E_FORMAT;
}

/* K: one string of the hash's length, or one positive mpint. */
static int
check_secret(const struct kex_method *method, const struct kex_field *secret)
{
	struct rd r;
	size_t len;

	rd_init(&r, secret->data, secret->len);
	if (method->family->secret_is_string)
		(void)rd_string(&r, digest_len(method->digest), &len);
	else
		(void)rd_mpint(&r, MODULI_BYTES_MAX, &len);
	if (rd_end(&r) != 0 || len == 0)
		return E_FORMAT;
	if (method->family->secret_is_string &&
	    len != digest_len(method->digest))
		return E_FORMAT;
	return 0;
}

static int
check_group(const struct kex_method *method, const struct kex_transcript *t)
{
	const struct kex_group *group = &t->gex_group;

	if ((method->attributes & KEX_GROUP_EXCHANGE) == 0)
		return group->p_len == 0 && group->g_len == 0 ? 0 : E_FORMAT;
	if (t->gex_min > t->gex_n || t->gex_n > t->gex_max)
		return E_VALUE;
	if (check_magnitude(group->p, group->p_len, MODULI_BYTES_MAX) != 0 ||
	    check_magnitude(group->g, group->g_len, group->p_len) != 0)
		return E_FORMAT;
	return group->p_len >= MODULI_BITS_MIN / 8 ? 0 : E_VALUE;
}

static int
check(const struct kex_method *method, const struct kex_transcript *t)
{
	const struct kex_family *family = method->family;
	int err;

	if ((err = check_version(&t->version_client)) != 0 ||
	    (err = check_version(&t->version_server)) != 0 ||
	    (err = check_kexinit(&t->kexinit_client)) != 0 ||
	    (err = check_kexinit(&t->kexinit_server)) != 0)
		return err;
	/* Without KEXGSS_HOSTKEY it is empty: RFC 4462 section 2.1. */
	if ((t->host_key.len == 0) != ((method->attributes & KEX_GSS) != 0) ||
	    t->host_key.len > SSH_KEY_BLOB_MAX)
		return E_FORMAT;
	if ((err = check_group(method, t)) != 0 ||
	    (err = check_share(method, &t->client_share,
		 family->client_share_len(method->parameter))) != 0 ||
	    (err = check_share(method, &t->server_share,
		 family->server_share_len(method->parameter))) != 0)
		return err;
	return check_secret(method, &t->secret);
}

static void
add_share(const struct kex_method *method, struct parts *p,
    const struct kex_field *share)
{
	if ((method->attributes & KEX_FINITE_FIELD) != 0)
		add_mpint(p, share->data, share->len);
	else
		add_string(p, share);
}

int
kex_exchange_hash(const struct kex_method *method,
    const struct kex_transcript *t, uint8_t *hash, size_t *len)
{
	struct parts p = {.count = 0};
	int err = check(method, t);

	if (err != 0)
		return err;
	add_string(&p, &t->version_client);
	add_string(&p, &t->version_server);
	add_string(&p, &t->kexinit_client);
	add_string(&p, &t->kexinit_server);
	add_string(&p, &t->host_key);
	if ((method->attributes & KEX_GROUP_EXCHANGE) != 0) {
		add_u32(&p, t->gex_min, 0);
		add_u32(&p, t->gex_n, 0);
		add_u32(&p, t->gex_max, 0);
		add_mpint(&p, t->gex_group.p, t->gex_group.p_len);
		add_mpint(&p, t->gex_group.g, t->gex_group.g_len);
	}
	add_share(method, &p, &t->client_share);
	add_share(method, &p, &t->server_share);
	add(&p, t->secret.data, t->secret.len);
	if ((err = digest_parts(
		 method->digest, p.part, p.count, hash, KEX_HASH_MAX)) == 0)
		*len = digest_len(method->digest);
	return err;
}

int
kex_derive_key(const struct kex_method *method, const uint8_t *secret,
    size_t secret_len, const uint8_t *hash, size_t hash_len,
    const uint8_t *session_id, size_t session_id_len, char letter, uint8_t *out,
    size_t len)
{
	uint8_t key[KEX_DERIVE_MAX + KEX_HASH_MAX];
	size_t step = digest_len(method->digest), have = 0;
	/* K1 is of the letter and the session, Kn of K1 to Kn-1. */
	struct digest_part parts[] = {{secret, secret_len}, {hash, hash_len},
	    {&letter, 1}, {session_id, session_id_len}};
	size_t count = 4;
	int err = 0;

	if (letter < 'A' || letter > 'F' || len > KEX_DERIVE_MAX)
		return E_VALUE;
	while (have < len && err == 0) {
		err = digest_parts(
		    method->digest, parts, count, &key[have], step);
		have += step;
		parts[2].data = key;
		parts[2].len = have;
		count = 3;
	}
	if (err == 0)
		memcpy(out, key, len);
	wipe(key, sizeof(key));
	return err;
}
