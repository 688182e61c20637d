/*
 * daemon/monitor/from_session.c, with each call of a handler counted.
 */
#define PEER_REACHED(type) scene_reached[type]++;
#include "tests/fuzz/wall/scene.h"

#include "daemon/monitor/from_session.c"
