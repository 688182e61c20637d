/*
 * SSH_MSG_KEXINIT: written, read, and the choice that follows from two of
 * them.  For the worker, and for the monitor, which checks the worker by it.
 */
#include "lib/ssh/kexinit.h"

#include "lib/err.h"
#include "lib/rd.h"
#include "lib/ssh/cipher.h"
#include "lib/ssh/kex.h"
#include "lib/ssh/ssh2.h"

#include <string.h>

#define STRICT_SERVER	"kex-strict-s-v00@openssh.com"
#define STRICT_CLIENT	"kex-strict-c-v00@openssh.com"
#define EXT_INFO_CLIENT "ext-info-c"

static const char *const list_names[KEXINIT_LISTS] = {
    [KEXINIT_KEX] = "key exchange method",
    [KEXINIT_HOST_KEY] = "host key type",
    [KEXINIT_CIPHER_IN] = "cipher",
    [KEXINIT_CIPHER_OUT] = "cipher",
    [KEXINIT_MAC_IN] = "MAC",
    [KEXINIT_MAC_OUT] = "MAC",
    [KEXINIT_COMPRESSION_IN] = "compression method",
    [KEXINIT_COMPRESSION_OUT] = "compression method",
    [KEXINIT_LANGUAGE_IN] = "language",
    [KEXINIT_LANGUAGE_OUT] = "language",
};

const char *
kexinit_list_name(enum kexinit_list list)
{
	return (unsigned)list < KEXINIT_LISTS ? list_names[list] : "list";
}

static void
put_kex(struct buf *b, const char *methods)
{
	size_t mark = buf_string_open(b);

	buf_bytes(b, methods, strlen(methods));
	buf_bytes(b, "," STRICT_SERVER, sizeof("," STRICT_SERVER) - 1);
	buf_string_close(b, mark);
}

void
kexinit_write(struct buf *b, const uint8_t cookie[KEXINIT_COOKIE],
    const struct kexinit_offer *offer)
{
	buf_u8(b, SSH_MSG_KEXINIT);
	buf_bytes(b, cookie, KEXINIT_COOKIE);
	put_kex(b, offer->kex);
	buf_text(b, offer->host_key);
	buf_text(b, offer->ciphers);
	buf_text(b, offer->ciphers);
	buf_text(b, offer->macs);
	buf_text(b, offer->macs);
	buf_text(b, offer->compression);
	buf_text(b, offer->compression);
	buf_text(b, "");
	buf_text(b, "");
	buf_bool(b, false);
	buf_u32(b, 0);
}

bool
kexinit_matches(
    const void *payload, size_t len, const struct kexinit_offer *offer)
{
	const uint8_t *bytes = payload;
	struct buf b;
	bool same = false;

	if (len < 1 + KEXINIT_COOKIE)
		return false;
	buf_init(&b, SSH_KEXINIT_MAX);
	kexinit_write(&b, &bytes[1], offer);
	if (buf_end(&b) == 0)
		same = b.len == len && memcmp(b.data, payload, len) == 0;
	buf_free(&b);
	return same;
}

/* RFC 4251 section 6: printable US-ASCII without spaces. */
static bool
printable(const uint8_t *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i] <= ' ' || data[i] > '~')
			return false;
	return true;
}

int
kexinit_parse(const void *payload, size_t len, struct kexinit *k)
{
	struct rd r;

	memset(k, 0, sizeof(*k));
	if (len > SSH_KEXINIT_MAX)
		return E_TOO_LARGE;
	rd_init(&r, payload, len);
	if (rd_u8(&r) != SSH_MSG_KEXINIT)
		rd_fail(&r, E_FORMAT);
	rd_bytes(&r, KEXINIT_COOKIE);
	for (int i = 0; i < KEXINIT_LISTS; i++) {
		const uint8_t *at =
		    rd_string(&r, SSH_KEXINIT_MAX, &k->lists[i].len);

		if (!printable(at, k->lists[i].len))
			rd_fail(&r, E_FORMAT);
		k->lists[i].data = (const char *)at;
	}
	k->guess_follows = rd_bool(&r);
	rd_u32(&r); /* reserved */
	return rd_end(&r);
}

/* The name that begins at *at; *at moves behind it.  False at the end. */
static bool
next_name(
    const struct kexinit_names *list, size_t *at, struct kexinit_names *name)
{
	const char *comma;
	size_t left;

	if (*at >= list->len)
		return false;
	left = list->len - *at;
	name->data = &list->data[*at];
	comma = memchr(name->data, ',', left);
	name->len = comma == NULL ? left : (size_t)(comma - name->data);
	*at += name->len + 1;
	return true;
}

static bool
in_list(const struct kexinit_names *list, const char *name, size_t len)
{
	struct kexinit_names n;
	size_t at = 0;

	while (next_name(list, &at, &n))
		if (n.len == len && memcmp(n.data, name, len) == 0)
			return true;
	return false;
}

/* Names in the list of methods that are not methods. */
static bool
is_marker(const struct kexinit_names *name)
{
	return (name->len >= 11 &&
		   memcmp(name->data, "kex-strict-", 11) == 0) ||
	    (name->len >= 9 && memcmp(name->data, "ext-info-", 9) == 0);
}

/* No host key, RFC 4462 section 5: for GSS-API's methods alone. */
static bool
is_null_elsewhere(const struct kexinit_names *name, const char *kex)
{
	const struct kex_method *method = kex_find(kex, strlen(kex));

	return name->len == sizeof(KEXINIT_NULL) - 1 &&
	    memcmp(name->data, KEXINIT_NULL, name->len) == 0 &&
	    (method == NULL || (method->attributes & KEX_GSS) == 0);
}

/* kex: the method chosen already. */
static int
choose(const struct kexinit_names *client, const struct kexinit_names *server,
    const char *kex, char chosen[KEXINIT_NAME_MAX + 1])
{
	struct kexinit_names name;
	size_t at = 0;

	while (next_name(client, &at, &name)) {
		if (name.len == 0 || name.len > KEXINIT_NAME_MAX ||
		    is_marker(&name) || is_null_elsewhere(&name, kex) ||
		    !in_list(server, name.data, name.len))
			continue;
		memcpy(chosen, name.data, name.len);
		chosen[name.len] = '\0';
		return 0;
	}
	return E_NO_MATCH;
}

/* RFC 4253 section 7: a guess is right if both sides' first names agree. */
static bool
same_first(const struct kexinit *client, const struct kexinit *server,
    enum kexinit_list list)
{
	struct kexinit_names a, b;
	size_t at = 0, bt = 0;

	return next_name(&client->lists[list], &at, &a) &&
	    next_name(&server->lists[list], &bt, &b) && a.len == b.len &&
	    memcmp(a.data, b.data, a.len) == 0;
}

/* The cipher chosen for this MAC list's direction authenticates by itself. */
static bool
mac_implied(const struct kexinit_choice *choice, int list)
{
	const char *name =
	    choice->names[list == KEXINIT_MAC_IN ? KEXINIT_CIPHER_IN :
						   KEXINIT_CIPHER_OUT];
	const struct cipher_alg *alg = cipher_find(name, strlen(name));

	return alg != NULL && (alg->attributes & CIPHER_AEAD) != 0;
}

int
kexinit_negotiate(const struct kexinit *client, const struct kexinit *server,
    struct kexinit_choice *choice, enum kexinit_list *failed)
{
	memset(choice, 0, sizeof(*choice));
	for (int i = 0; i < KEXINIT_CHOICES; i++) {
		if ((i == KEXINIT_MAC_IN || i == KEXINIT_MAC_OUT) &&
		    mac_implied(choice, i)) {
			memcpy(choice->names[i], KEXINIT_IMPLICIT,
			    sizeof(KEXINIT_IMPLICIT));
			continue;
		}
		if (choose(&client->lists[i], &server->lists[i],
			choice->names[KEXINIT_KEX], choice->names[i]) != 0) {
			*failed = (enum kexinit_list)i;
			return E_NO_MATCH;
		}
	}
	choice->strict = in_list(&client->lists[KEXINIT_KEX], STRICT_CLIENT,
			     sizeof(STRICT_CLIENT) - 1) &&
	    in_list(&server->lists[KEXINIT_KEX], STRICT_SERVER,
		sizeof(STRICT_SERVER) - 1);
	choice->ext_info = in_list(&client->lists[KEXINIT_KEX], EXT_INFO_CLIENT,
	    sizeof(EXT_INFO_CLIENT) - 1);
	choice->drop_guess = client->guess_follows &&
	    (!same_first(client, server, KEXINIT_KEX) ||
		!same_first(client, server, KEXINIT_HOST_KEY));
	return 0;
}
