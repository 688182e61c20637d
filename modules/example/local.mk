# Examples are not built here: a test builds them as a third party would.
EXTRA_DIST += modules/example/Makefile modules/example/example.c \
	modules/example/example_helper.c modules/example/example_socket.c \
	modules/example/codes.test
