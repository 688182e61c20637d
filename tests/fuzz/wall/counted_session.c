/*
 * daemon/monitor/from_session.c, with each call of a handler counted.
 */
#include "tests/fuzz/wall/scene.h"

#define handler(m, x) (scene_reached[(x)->type]++, (handler)(m, x))
#include "daemon/monitor/from_session.c"
