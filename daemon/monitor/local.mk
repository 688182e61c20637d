sallyportd_SOURCES += \
	daemon/monitor/chan.c \
	daemon/monitor/check.c \
	daemon/monitor/close.c daemon/monitor/close.h \
	daemon/monitor/environment.c \
	daemon/monitor/file_event.c \
	daemon/monitor/from_session.c \
	daemon/monitor/greeting.c \
	daemon/monitor/gss_kex.c daemon/monitor/gss_kex.h \
	daemon/monitor/health.c daemon/monitor/health.h \
	daemon/monitor/key_record.c daemon/monitor/key_record.h \
	daemon/monitor/linux_audit.c daemon/monitor/linux_audit.h \
	daemon/monitor/login.c \
	daemon/monitor/monitor.c daemon/monitor/monitor.h \
	daemon/monitor/on_connect.c \
	daemon/monitor/on_forward.c \
	daemon/monitor/on_key.c \
	daemon/monitor/on_session.c \
	daemon/monitor/on_unix.c \
	daemon/monitor/orphans.c daemon/monitor/orphans.h \
	daemon/monitor/judge.c daemon/monitor/judge.h \
	daemon/monitor/judge_files.c \
	daemon/monitor/judge_question.c \
	daemon/monitor/judges.c daemon/monitor/judges.h \
	daemon/monitor/preload.c \
	daemon/monitor/recheck.c daemon/monitor/recheck.h \
	daemon/monitor/sessions.h \
	daemon/monitor/recording.c daemon/monitor/recording.h \
	daemon/monitor/recording_file.c \
	daemon/monitor/spawn.c \
	daemon/monitor/states.c \
	daemon/monitor/template.c \
	daemon/monitor/terminal.c
noinst_LIBRARIES += daemon/monitor/libauth.a
daemon_monitor_libauth_a_SOURCES = \
	daemon/monitor/ask.c \
	daemon/monitor/auth.c daemon/monitor/auth.h \
	daemon/monitor/auth_answer.c \
	daemon/monitor/auth_call.c \
	daemon/monitor/auth_facts.c \
	daemon/monitor/auth_finish.c \
	daemon/monitor/auth_help.c \
	daemon/monitor/auth_hostkey.c \
	daemon/monitor/auth_session.c \
	daemon/monitor/auth_try.c \
	daemon/monitor/chain.c daemon/monitor/chain.h \
	daemon/monitor/decoy.c daemon/monitor/decoy.h \
	daemon/monitor/delegated.c daemon/monitor/delegated.h \
	daemon/monitor/files.c daemon/monitor/files.h \
	daemon/monitor/guess.c daemon/monitor/guess.h \
	daemon/monitor/host.c daemon/monitor/host.h \
	daemon/monitor/host_audit.c \
	daemon/monitor/host_children.c \
	daemon/monitor/host_claims.c \
	daemon/monitor/host_demand.c \
	daemon/monitor/host_helper.c \
	daemon/monitor/host_log.c \
	daemon/monitor/host_state.c \
	daemon/monitor/host_steps.c \
	daemon/monitor/host_ticket.c \
	daemon/monitor/host_table.c \
	daemon/monitor/selftest.c daemon/monitor/selftest.h \
	daemon/monitor/own.c daemon/monitor/own.h \
	daemon/monitor/ticket.c daemon/monitor/ticket.h \
	daemon/monitor/on_auth.c \
	daemon/helper/helper.h daemon/helper/serve.c

# For authors of modules: the host without a server.
bin_PROGRAMS += sallyport-module-test
sallyport_module_test_SOURCES = \
	daemon/monitor/module_helper.c \
	daemon/monitor/module_script.c \
	daemon/monitor/module_test.c daemon/monitor/module_test.h
sallyport_module_test_LDFLAGS = $(PROGRAM_LDFLAGS)
sallyport_module_test_LDADD = daemon/monitor/libauth.a \
	modules/host/libhost.a \
	privsep/libprivsep.a config/libsettings.a lib/ssh/libssh.a \
	lib/libground.a $(CRYPTO_LIBS) $(CONFIG_LIBS) $(SECCOMP_LIBS) \
	$(ZLIB_LIBS)
dist_man_MANS += packaging/man/sallyport-module-test.1
