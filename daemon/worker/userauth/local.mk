daemon_worker_libworker_a_SOURCES += \
	daemon/worker/userauth/method.c \
	daemon/worker/userauth/reply.c \
	daemon/worker/userauth/userauth.c daemon/worker/userauth/userauth.h
