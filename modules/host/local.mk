# The host of modules: whatever loads them, in whichever program.
noinst_LIBRARIES += modules/host/libhost.a
modules_host_libhost_a_SOURCES = \
	modules/host/attempt.h \
	modules/host/child.c modules/host/child.h \
	modules/host/events.c modules/host/events.h \
	modules/host/facts.c modules/host/facts.h \
	modules/host/helpers.c modules/host/helpers.h \
	modules/host/key_facts.c modules/host/key_facts.h \
	modules/host/load.c modules/host/load.h \
	modules/host/login.c modules/host/login.h \
	modules/host/probe.c modules/host/probe.h \
	modules/host/problem.c modules/host/problem.h \
	modules/host/restrictions.c modules/host/restrictions.h \
	modules/host/services.c modules/host/services.h \
	modules/host/snapshot.c modules/host/snapshot.h \
	modules/host/table.c modules/host/table.h
