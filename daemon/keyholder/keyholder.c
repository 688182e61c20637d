/*
 * The keyholder: the one process in which a host private key exists.  It
 * reads the keys as root, drops to a user of its own and into its sandbox,
 * tells the master the public halves, and from then on answers `sign` and
 * `attest`, asked by monitors over a wall each.  What is signed by `sign` is
 * the monitors' affair: they computed it themselves; but it is never what
 * stands under a signature of `attest`, which is made here.  It ends when the
 * master retires it, or with the master's wall and the last monitor's.
 */
#include "daemon/keyholder/keyholder.h"

#include "config/load.h"
#include "daemon/roles.h"
#include "daemon/start.h"
#include "lib/err.h"
#include "lib/fd.h"
#include "lib/log.h"
#include "lib/loop.h"
#include "lib/mem.h"
#include "lib/ssh/key_private.h"
#include "lib/ssh/key_sign.h"
#include "lib/ssh/ssh2.h"
#include "lib/ssh/sshsig.h"
#include "lib/syslog_out.h"
#include "privsep/die.h"
#include "privsep/drop.h"
#include "privsep/peer.h"
#include "privsep/sandbox.h"
#include "privsep/wall_queue.h"

#include <sys/mman.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAST_WORDS_MS 1000 /* for a slow syslog */
#define FAULTS_MAX    16000 /* of WALL_keys_failed */

struct keyholder {
	struct loop *loop;
	struct wall master;
	struct loop_fd on_master;
	struct host_keys keys;
	size_t monitors; /* walls that are open */
};

struct asker {
	struct keyholder *keyholder;
	struct wall wall;
	struct loop_fd on_wall;
	uint32_t allowed; /* keys of the connection's listener, a bit each */
};

/* The last one out, with the master gone, ends the process. */
static void
leave_if_done(struct keyholder *k)
{
	if (k->master.fd < 0 && k->monitors == 0)
		loop_stop(k->loop);
}

static void
forget(struct asker *a)
{
	struct keyholder *k = a->keyholder;

	loop_fd_remove(&a->on_wall);
	wall_free(&a->wall);
	free(a);
	k->monitors--;
	leave_if_done(k);
}

/* An empty signature says that there is none. */
static void
sign(const struct asker *a, const struct msg_sign *m, struct buf *signature)
{
	const struct host_keys *keys = &a->keyholder->keys;
	const struct key_alg *alg =
	    key_alg_find(m->algorithm, strlen(m->algorithm));
	int err = E_NOT_FOUND;

	if (m->key >= keys->count || (a->allowed >> m->key & 1) == 0)
		err = E_DENIED;
	else if (sshsig_is_signed_data(m->data.data, m->data.len))
		err = E_DENIED; /* attest's alone */
	else if (alg != NULL)
		err = key_sign(keys->key[m->key].secret, alg, m->data.data,
		    m->data.len, signature);
	if (err == 0)
		return;
	log_error("no signature with host key %u under %s: %s", m->key,
	    m->algorithm, err_text(err));
	buf_clear(signature);
}

#define PEER_CONTEXT struct asker
WALL_MONITOR_KEYHOLDER(PEER_DECLARE_STATIC)
PEER_HANDLE(MONITOR_KEYHOLDER)
static const struct peer from_monitor = {.handle = peer_MONITOR_KEYHOLDER};

static int
on_sign(struct asker *a, struct wall_message *m)
{
	uint8_t bytes[SSH_SIGNATURE_MAX];
	struct buf made;
	int err;

	buf_init_over(&made, bytes, sizeof(bytes));
	sign(a, &m->sign, &made);
	/* cppcheck-suppress unknownEvaluationOrder ; one name, two members */
	err = WALL_SEND(&a->wall, signature,
	    .signature = {.data = made.data, .len = made.len});
	buf_free(&made);
	return err;
}

/* The key that a reader of signatures knows most surely. */
static const struct host_key *
best_key(const struct host_keys *keys)
{
	static const enum key_type order[] = {KEY_ED25519, KEY_ECDSA_P256,
	    KEY_ECDSA_P384, KEY_ECDSA_P521, KEY_RSA};

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		for (size_t j = 0; j < keys->count; j++)
			if (key_type(key_private_public(keys->key[j].secret)) ==
			    order[i])
				return &keys->key[j];
	return keys->count == 0 ? NULL : &keys->key[0];
}

/* An empty blob says that there is none. */
static void
attest(const struct keyholder *k, const char *namespace, struct bytes hash,
    struct buf *blob)
{
	const struct host_key *key = best_key(&k->keys);
	int err = E_VALUE;

	if (key == NULL)
		err = E_NOT_FOUND;
	else if (hash.len == SSHSIG_HASH)
		err = sshsig_make(key->secret, namespace, hash.data, blob);
	if (err == 0)
		return;
	log_error("no attestation as %s: %s", namespace, err_text(err));
	buf_clear(blob);
}

static int
on_attest(struct asker *a, struct wall_message *m)
{
	struct buf blob;
	int err;

	buf_init(&blob, SSHSIG_MAX);
	attest(a->keyholder, SSHSIG_RECORDING, m->attest.hash, &blob);
	err = WALL_SEND(&a->wall, attestation,
	    .blob = {.data = blob.data, .len = blob.len});
	buf_free(&blob);
	return err;
}

static void
on_asker(int fd, unsigned events, void *arg)
{
	struct asker *a = arg;
	int err = 0;

	(void)fd;
	if ((events & LOOP_WRITE) != 0)
		err = wall_queue_flush(&a->wall);
	if (err == 0 && (events & ~(unsigned)LOOP_WRITE) != 0)
		err = peer_read(&from_monitor, &a->wall, a);
	/* Nothing is signed for it until it has taken what was. */
	if (err == 0 || err == E_AGAIN) {
		wall_queue_read(&a->wall, !wall_queue_waiting(&a->wall));
		return;
	}
	if (err != E_CLOSED)
		log_error("a monitor is not heard any more: %s", err_text(err));
	forget(a);
}

#undef PEER_CONTEXT
#define PEER_CONTEXT struct keyholder
WALL_MASTER_KEYHOLDER(PEER_DECLARE_STATIC)
PEER_HANDLE(MASTER_KEYHOLDER)
static const struct peer from_master = {.handle = peer_MASTER_KEYHOLDER};

static int
on_attend(struct keyholder *k, struct wall_message *m)
{
	struct asker *a = mem_zalloc(sizeof(*a));

	a->keyholder = k;
	a->allowed = m->attend.keys;
	wall_init(&a->wall, m->fds[0], PATH_KEYHOLDER_MONITOR,
	    PATH_MONITOR_KEYHOLDER);
	m->fds[0] = -1;
	k->monitors++;
	if (fd_set_nonblocking(a->wall.fd) != 0 ||
	    loop_fd_add(k->loop, &a->on_wall, a->wall.fd, LOOP_READ, on_asker,
		a) != 0) {
		log_error("a monitor cannot be attended");
		forget(a);
		return 0;
	}
	wall_queue_watch(&a->wall, &a->on_wall);
	return 0;
}

static int
on_checkpoint(struct keyholder *k, struct wall_message *m)
{
	struct buf blob;
	int err;

	buf_init(&blob, SSHSIG_MAX);
	attest(k, SSHSIG_CHECKPOINT, m->checkpoint.hash, &blob);
	err = WALL_SEND(&k->master, checkpoint_signed,
	    .number = m->checkpoint.number,
	    .blob = {.data = blob.data, .len = blob.len});
	buf_free(&blob);
	return err;
}

static int
on_retire(struct keyholder *k, struct wall_message *m)
{
	(void)m;
	loop_stop(k->loop);
	return 0;
}

static void
on_master(int fd, unsigned events, void *arg)
{
	struct keyholder *k = arg;
	int err = peer_read(&from_master, &k->master, k);

	(void)fd;
	(void)events;
	if (err == 0 || err == E_AGAIN)
		return;
	if (err == E_CLOSED) {
		loop_fd_remove(&k->on_master);
		wall_free(&k->master);
		leave_if_done(k);
		return;
	}
	die("the master broke the wall's rules: %s", err_text(err));
}

static void
give_up(struct keyholder *k, struct buf *problems)
{
	buf_u8(problems, 0);
	if (buf_end(problems) != 0)
		problems->data[problems->len - 1] = 0;
	if (WALL_SEND(&k->master, keys_failed,
		.text = (const char *)problems->data) != 0)
		log_error("%s", (const char *)problems->data);
	(void)wall_queue_drain(&k->master, WALL_PATIENCE_MS);
	host_keys_free(&k->keys);
	_exit(1);
}

static void
publish(struct keyholder *k)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < k->keys.count; i++) {
		const struct host_key *key = &k->keys.key[i];
		struct bytes public, cert = {NULL, 0};

		public.data =
		    key_blob(key_private_public(key->secret), &public.len);
		if (key->certificate != NULL)
			cert.data = key_blob(key->certificate, &cert.len);
		err = WALL_SEND(&k->master, host_key, .key = (uint32_t)i,
		    .path = key->path, .public_key = public,
		    .certificate = cert);
	}
	if (err == 0)
		err = wall_send(&k->master,
		    &(const struct wall_message){
			.type = MSG_keys_ready, .fds = {-1, -1, -1, -1}});
	if (err == 0)
		err = wall_queue_drain(&k->master, WALL_PATIENCE_MS);
	if (err != 0)
		die("the master does not hear of the keys: %s", err_text(err));
}

static void
read_keys(struct keyholder *k, const struct config *config)
{
	struct buf problems;

	buf_init(&problems, FAULTS_MAX);
	if (key_preload() != 0) {
		buf_bytes(&problems, "libcrypto cannot be used", 24);
		give_up(k, &problems);
	}
	if (host_keys_read(config, &k->keys, &problems) != 0)
		give_up(k, &problems);
	buf_free(&problems);
}

void
keyholder_run(int wall)
{
	struct keyholder k = {0};
	struct config *config;

	drop_dumpable();
	wall_init(
	    &k.master, wall, PATH_KEYHOLDER_MASTER, PATH_MASTER_KEYHOLDER);
	config = start_config();
	read_keys(&k, config);
	/* As far as the limits allow: keys are not for the swap. */
	if (mlockall(MCL_CURRENT | MCL_ONFAULT) != 0)
		log_debug("the keyholder's memory cannot be locked");
	start_drop(ROLE_KEYHOLDER);
	if ((k.loop = loop_new()) == NULL)
		die_errno("epoll_create1");
	syslog_out_use_loop(k.loop);
	syslog_out_no_reconnect(); /* no socket can be made from here on */
	sandbox_keyholder();
	publish(&k);
	config_free(config);
	if (fd_set_nonblocking(k.master.fd) != 0 ||
	    loop_fd_add(k.loop, &k.on_master, k.master.fd, LOOP_READ, on_master,
		&k) != 0 ||
	    loop_run(k.loop) != 0)
		die_errno("epoll");
	host_keys_free(&k.keys);
	syslog_out_drain(LAST_WORDS_MS);
	loop_free(k.loop);
	_exit(0); /* nothing of libcrypto or LSan runs in the sandbox */
}
