daemon_worker_libworker_a_SOURCES += \
	daemon/worker/transport/control.c \
	daemon/worker/transport/exchange.c \
	daemon/worker/transport/greeting.c \
	daemon/worker/transport/hello.c \
	daemon/worker/transport/input.c \
	daemon/worker/transport/kexinit.c \
	daemon/worker/transport/newkeys.c \
	daemon/worker/transport/output.c \
	daemon/worker/transport/region.c daemon/worker/transport/region.h \
	daemon/worker/transport/sockopt.c \
	daemon/worker/transport/transport.c \
	daemon/worker/transport/transport.h
