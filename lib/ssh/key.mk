lib_ssh_libssh_a_SOURCES += \
	lib/ssh/authorized_keys.c lib/ssh/authorized_keys.h \
	lib/ssh/authorized_keys_combine.c \
	lib/ssh/authorized_keys_options.c \
	lib/ssh/base64.c lib/ssh/base64.h \
	lib/ssh/cert.c lib/ssh/cert.h \
	lib/ssh/cert_parse.c \
	lib/ssh/evp_public.c lib/ssh/evp_public.h \
	lib/ssh/key.c lib/ssh/key.h \
	lib/ssh/fips.c lib/ssh/fips.h \
	lib/ssh/key_alg.c lib/ssh/key_alg.h \
	lib/ssh/key_evp.c \
	lib/ssh/key_file.c \
	lib/ssh/key_generate.c lib/ssh/key_generate.h \
	lib/ssh/key_inside.h \
	lib/ssh/key_line.c \
	lib/ssh/key_mldsa.c lib/ssh/key_mldsa.h \
	lib/ssh/key_preload.c \
	lib/ssh/key_private.c lib/ssh/key_private.h \
	lib/ssh/key_sign.c lib/ssh/key_sign.h \
	lib/ssh/key_type.c \
	lib/ssh/key_verify.c \
	lib/ssh/key_write.c \
	lib/ssh/known_hosts.c lib/ssh/known_hosts.h \
	lib/ssh/krl.c lib/ssh/krl.h \
	lib/ssh/krl_inside.h \
	lib/ssh/krl_parse.c \
	lib/ssh/sshsig.c lib/ssh/sshsig.h
