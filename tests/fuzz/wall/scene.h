/*
 * A monitor on a stage: the real dispatcher and handlers; the worker, the
 * session process and the keyholder are socketpairs that the input speaks
 * through; the module and the user are made up; nothing is forked, killed,
 * recorded or waited for.
 */
#ifndef TESTS_FUZZ_WALL_SCENE_H
#define TESTS_FUZZ_WALL_SCENE_H

#include "daemon/monitor/sessions.h"
#include "lib/ssh/kexinit.h"

/* Settings of the scene's configuration, for the seeds too. */
#define SCENE_GSS "gss-curve25519-sha256-toWM5Slw5Ew8Mqkay+al2g=="
static const struct kexinit_offer scene_offer = {
    .kex = SCENE_GSS ",curve25519-sha256",
    .host_key = "ssh-ed25519,null",
    .ciphers = "aes256-gcm@openssh.com",
    .macs = "hmac-sha2-256",
    .compression = "none"};
#define SCENE_USER     "nobody"
#define SCENE_PASSWORD "yes"
/* An account whose password must be changed, by its password. */
#define SCENE_OLD "old"

const struct monitor_template *scene_template(void);
extern unsigned scene_reached[WALL_TYPES];

/* The session's end of the wall, once there is one; -1. */
extern int scene_session;

#endif
