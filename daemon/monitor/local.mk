# sallyportd_SOURCES += daemon/monitor/....c
noinst_LIBRARIES += daemon/monitor/libauth.a
daemon_monitor_libauth_a_SOURCES = \
	daemon/monitor/ask.c \
	daemon/monitor/auth.c daemon/monitor/auth.h \
	daemon/monitor/auth_answer.c \
	daemon/monitor/auth_call.c \
	daemon/monitor/auth_facts.c \
	daemon/monitor/auth_finish.c \
	daemon/monitor/auth_hostkey.c \
	daemon/monitor/auth_restrict.c \
	daemon/monitor/auth_session.c \
	daemon/monitor/auth_try.c \
	daemon/monitor/chain.c daemon/monitor/chain.h \
	daemon/monitor/decoy.c daemon/monitor/decoy.h \
	daemon/monitor/host.c daemon/monitor/host.h \
	daemon/monitor/host_child.c \
	daemon/monitor/host_options.c \
	daemon/monitor/host_process.c \
	daemon/monitor/host_table.c \
	daemon/monitor/on_auth.c
