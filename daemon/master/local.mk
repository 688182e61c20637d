sallyportd_SOURCES += \
	daemon/roles.h \
	daemon/start.c daemon/start.h \
	daemon/master/admit.c daemon/master/admit.h \
	daemon/master/carry.c \
	daemon/master/carry_child.c \
	daemon/master/carry_helpers.c \
	daemon/master/carry_tickets.c \
	daemon/master/child.c \
	daemon/master/configure.c \
	daemon/master/connection.c \
	daemon/master/control.c daemon/master/control.h \
	daemon/master/control_answer.c \
	daemon/master/control_kill.c \
	daemon/master/control_socket.c \
	daemon/master/control_stats.c \
	daemon/master/control_verbs.c \
	daemon/master/crowd.c \
	daemon/master/generation.c \
	daemon/master/helpers.c \
	daemon/master/image.c \
	daemon/master/keeper.c \
	daemon/master/listen.c \
	daemon/master/ledger.c daemon/master/ledger.h \
	daemon/master/loading.c \
	daemon/master/lobby.c daemon/master/lobby.h \
	daemon/master/master.c \
	daemon/master/master.h \
	daemon/master/notify.c daemon/master/notify.h \
	daemon/master/offers.c \
	daemon/master/orphans.c \
	daemon/master/parting.c \
	daemon/master/penalty.c \
	daemon/master/pidfile.c \
	daemon/master/proxied.c daemon/master/proxied.h \
	daemon/master/judging.c daemon/master/judging.h daemon/master/round.h \
	daemon/master/reload.c \
	daemon/master/remember.c daemon/master/remember.h \
	daemon/master/control_reload.c \
	daemon/master/plan.c \
	daemon/master/trial.c daemon/master/trial.h \
	daemon/master/selftest.c daemon/master/selftest.h \
	daemon/master/sweep.c \
	daemon/master/tickets.c \
	daemon/master/watch.c
