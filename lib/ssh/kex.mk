lib_ssh_libssh_a_SOURCES += \
	lib/ssh/digest.c lib/ssh/digest.h \
	lib/ssh/kex.c lib/ssh/kex.h lib/ssh/kex_private.h \
	lib/ssh/kex_client.c \
	lib/ssh/kex_curve.c \
	lib/ssh/kex_dh.c \
	lib/ssh/kex_hash.c \
	lib/ssh/kex_hybrid.c \
	lib/ssh/lacking.c lib/ssh/lacking.h \
	lib/ssh/mlkem.c lib/ssh/mlkem.h \
	lib/ssh/mlkem_client.c lib/ssh/mlkem_client.h \
	lib/ssh/mlkem_pke.c lib/ssh/mlkem_pke.h \
	lib/ssh/mlkem_poly.c lib/ssh/mlkem_poly.h \
	lib/ssh/moduli.c lib/ssh/moduli.h lib/ssh/moduli_private.h \
	lib/ssh/moduli_choose.c \
	lib/ssh/sntrup.c lib/ssh/sntrup.h \
	lib/ssh/sntrup_client.c lib/ssh/sntrup_client.h \
	lib/ssh/sntrup_pack.c \
	lib/ssh/sntrup_ring.c lib/ssh/sntrup_ring.h
