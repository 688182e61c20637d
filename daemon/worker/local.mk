# A library of its own, so that tests run a worker without a daemon; the
# channels are part of it.
noinst_LIBRARIES += daemon/worker/libworker.a
daemon_worker_libworker_a_SOURCES = \
	daemon/worker/start.c \
	daemon/worker/header.c daemon/worker/header.h \
	daemon/worker/phases.c daemon/worker/phases.h \
	daemon/worker/settings.h \
	daemon/worker/template.c \
	daemon/worker/from_monitor.c daemon/worker/from_monitor.h \
	daemon/worker/worker.c daemon/worker/worker.h
