/*
 * A worker, a monitor and a client in one process, turned by hand.
 */
#ifndef TESTS_UNIT_TRANSPORT_RIG_H
#define TESTS_UNIT_TRANSPORT_RIG_H

#include "daemon/worker/settings.h"
#include "daemon/worker/transport/transport.h"
#include "daemon/worker/worker.h"
#include "tests/unit/transport/client.h"
#include "tests/unit/transport/fake_channels.h"
#include "tests/unit/transport/fake_monitor.h"

#include <check.h>

struct rig {
	struct worker *w;
	struct fake_monitor monitor;
	struct client c;
	struct worker_settings settings;
	struct key_private *key;
};

/* Once, before tests fork. */
void rig_preload(void);
/* Settings and the client's offer may be changed between the two. */
void rig_init(struct rig *g);
void rig_start(struct rig *g);
void rig_free(struct rig *g);

/* One turn of all three. */
void rig_turn(struct rig *g);
/* Turn until the worker has ended and the client has seen it. */
void rig_until_ended(struct rig *g);

/*
 * Turn until a packet comes, and assert that it has this number; r stands
 * behind it.  rig_nothing(): none comes.
 */
void rig_expect(struct rig *g, uint8_t number, struct rd *r);
void rig_nothing(struct rig *g);
/* DISCONNECT with this reason comes, then the end. */
void rig_expect_disconnect(struct rig *g, uint32_t reason);

/* The steps of a connection, each to its end. */
void rig_hello(struct rig *g);
void rig_kex(struct rig *g); /* from KEXINIT to NEWKEYS and EXT_INFO */
void rig_rekey(struct rig *g);
void rig_service(struct rig *g);
void rig_login(struct rig *g); /* all of it, by "none" */
/* USERAUTH_REQUEST for "none", without looking at the answer. */
void rig_send_none(struct rig *g);
void rig_open_channel(struct rig *g, uint32_t window);

#endif
