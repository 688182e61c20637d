FUZZ_TARGETS += tests/fuzz/ctl/fuzz_pam_stack
tests_fuzz_ctl_fuzz_pam_stack_SOURCES = tests/fuzz/ctl/fuzz_pam_stack.c \
	daemon/ctl/explain_pam.c $(FUZZ_MAIN)
tests_fuzz_ctl_fuzz_pam_stack_LDFLAGS = $(FUZZ_LDFLAGS)
tests_fuzz_ctl_fuzz_pam_stack_LDADD = lib/libground.a
