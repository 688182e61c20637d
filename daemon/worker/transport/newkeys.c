/*
 * The end of a key exchange (RFC 4253 sections 7.2 and 7.3): keys are derived
 * for both directions; ours are used behind our NEWKEYS, theirs behind theirs.
 */
#include "daemon/worker/phases.h"
#include "daemon/worker/transport/transport.h"

#include "lib/err.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

/* The letters of RFC 4253 section 7.2, by direction. */
struct letters {
	char iv, key, mac;
};
static const struct letters from_client = {'A', 'C', 'E'};
static const struct letters to_client = {'B', 'D', 'F'};

struct hash {
	const uint8_t *data;
	size_t len;
};

static int
derive(struct transport *t, const struct hash *h, char letter, uint8_t *out,
    size_t len)
{
	struct exchange *ex = &t->ex;

	return kex_derive_key(ex->method, ex->secret.data, ex->secret.len,
	    h->data, h->len, ex->session_id, ex->session_id_len, letter, out,
	    len);
}

static int
make_cipher(struct transport *t, const struct hash *h,
    const struct letters *letters, const char *cipher_name,
    const char *mac_name, struct cipher **made, uint64_t *bytes_max)
{
	const struct cipher_alg *alg =
	    cipher_find(cipher_name, strlen(cipher_name));
	const struct mac_alg *mac = mac_find(mac_name, strlen(mac_name));
	struct {
		uint8_t iv[CIPHER_IV_MAX], key[CIPHER_KEY_MAX];
		uint8_t mac[CIPHER_KEY_MAX];
	} k;
	int err;

	if (alg == NULL)
		return E_UNSUPPORTED;
	err = derive(t, h, letters->iv, k.iv, sizeof(k.iv));
	if (err == 0)
		err = derive(t, h, letters->key, k.key, alg->key_len);
	if (err == 0 && mac != NULL)
		err = derive(t, h, letters->mac, k.mac, mac->key_len);
	if (err == 0)
		err = cipher_new(
		    made, alg, mac, letters == &to_client, k.key, k.iv, k.mac);
	*bytes_max = cipher_bytes_limit(alg);
	wipe(&k, sizeof(k));
	return err;
}

static void
use(struct direction *d, struct cipher *c, uint64_t bytes_max)
{
	cipher_free(d->cipher);
	d->cipher = c;
	d->bytes_max = bytes_max;
	d->packets = d->bytes = 0;
}

static bool
compresses(const struct transport *t, enum kexinit_list list)
{
	return t->authenticated &&
	    strcmp(t->ex.choice.names[list], "zlib@openssh.com") == 0;
}

/* A new stream at each exchange, and at the login (RFC 4253 section 6.2). */
static void
start_deflate(struct transport *t)
{
	compressor_free(t->deflate);
	t->deflate = NULL;
	if (!compresses(t, KEXINIT_COMPRESSION_OUT)) {
		free(t->plain);
		t->plain = NULL;
		return;
	}
	t->deflate = compressor_new();
	if (t->plain == NULL)
		t->plain = mem_alloc(PACKET_PAYLOAD_MAX);
	if (t->deflate == NULL)
		transport_failed(t, "compression failed");
}

static void
start_inflate(struct transport *t)
{
	inflater_free(t->inflate);
	t->inflate = NULL;
	if (!compresses(t, KEXINIT_COMPRESSION_IN))
		return;
	t->inflate = inflater_new(SSH_PACKET_MAX);
	if (t->inflate == NULL)
		transport_failed(t, "compression failed");
}

int
newkeys_send(struct transport *t, const uint8_t *hash, size_t hash_len)
{
	static const uint8_t newkeys = SSH_MSG_NEWKEYS;
	struct exchange *ex = &t->ex;
	const struct hash h = {hash, hash_len};
	struct cipher *out = NULL;
	uint64_t out_max;
	int err;

	err =
	    make_cipher(t, &h, &to_client, ex->choice.names[KEXINIT_CIPHER_OUT],
		ex->choice.names[KEXINIT_MAC_OUT], &out, &out_max);
	if (err == 0)
		err = make_cipher(t, &h, &from_client,
		    ex->choice.names[KEXINIT_CIPHER_IN],
		    ex->choice.names[KEXINIT_MAC_IN], &ex->next_in,
		    &ex->next_in_max);
	if (err != 0) {
		cipher_free(out);
		return err;
	}
	output_now(t, &newkeys, 1);
	use(&t->to, out, out_max);
	if (ex->strict)
		t->to.seq = 0;
	start_deflate(t);
	return 0;
}

static void
tell_newkeys(struct transport *t)
{
	const struct kexinit_choice *c = &t->ex.choice;

	TELL(t->w, newkeys, .kex = c->names[KEXINIT_KEX],
	    .host_key = c->names[KEXINIT_HOST_KEY],
	    .cipher_in = c->names[KEXINIT_CIPHER_IN],
	    .cipher_out = c->names[KEXINIT_CIPHER_OUT],
	    .mac_in = c->names[KEXINIT_MAC_IN],
	    .mac_out = c->names[KEXINIT_MAC_OUT],
	    .compression_in = c->names[KEXINIT_COMPRESSION_IN],
	    .compression_out = c->names[KEXINIT_COMPRESSION_OUT]);
}

int
transport_newkeys(struct worker *w, struct rd *r)
{
	struct transport *t = w->transport;
	struct exchange *ex = &t->ex;
	int err = rd_end(r);

	if (err != 0)
		return err;
	if (ex->stage != STAGE_NEWKEYS || ex->next_in == NULL)
		return E_STATE;
	use(&t->from, ex->next_in, ex->next_in_max);
	ex->next_in = NULL;
	if (ex->strict) {
		t->from.seq = 0;
		t->resumed = true;
	}
	start_inflate(t);
	tell_newkeys(t);
	if (ex->again)
		ex->count++;
	else
		w->phase = PHASE_SERVICE;
	ex->again = true;
	ex->stage = STAGE_NONE;
	ex->sent = ex->received = ex->drop_guess = false;
	loop_timer_stop(&ex->deadline);
	kexinit_schedule(t);
	if (t->starved)
		packet_flush_later(w);
	return 0;
}

void
transport_opened(struct worker *w, const struct msg_opened *settings)
{
	struct transport *t = w->transport;

	t->rekey_bytes = settings->rekey_bytes;
	t->rekey_seconds = settings->rekey_seconds;
	t->tos_interactive = (uint8_t)settings->tos_interactive;
	t->tos_bulk = (uint8_t)settings->tos_bulk;
	transport_interactive(w, false);
	loop_timer_stop(&t->ex.due);
	if (t->ex.stage == STAGE_NONE)
		kexinit_schedule(t);
}

void
transport_authenticated(struct worker *w)
{
	struct transport *t = w->transport;

	t->authenticated = true;
	t->trimmed = false;
	start_deflate(t);
	start_inflate(t);
	output_held(t);
}
