sbin_PROGRAMS += sallyportctl
sallyportctl_SOURCES = \
	daemon/ctl/audit.c \
	daemon/ctl/check.c \
	daemon/ctl/client.c daemon/ctl/client.h \
	daemon/ctl/compliance/compliance.c \
	daemon/ctl/compliance/html.c \
	daemon/ctl/compliance/json.c \
	daemon/ctl/compliance/print.h \
	daemon/ctl/compliance/text.c \
	daemon/ctl/ctl.c daemon/ctl/ctl.h \
	daemon/ctl/explain.c daemon/ctl/explain.h \
	daemon/ctl/explain_account.c \
	daemon/ctl/explain_answer.c \
	daemon/ctl/explain_key.c \
	daemon/ctl/explain_modules.c \
	daemon/ctl/explain_key_file.c \
	daemon/ctl/explain_pam.c \
	daemon/ctl/explain_server.c \
	daemon/ctl/find.c \
	daemon/ctl/grant.c \
	daemon/ctl/hostkeys.c \
	daemon/ctl/import.c \
	daemon/ctl/import_report.c daemon/ctl/import_report.h \
	daemon/ctl/nft.c daemon/ctl/nft.h \
	daemon/ctl/keys.c daemon/ctl/keys.h \
	daemon/ctl/keys_scan.c \
	daemon/ctl/keys_table.c \
	daemon/ctl/log_book.c daemon/ctl/log_book.h \
	daemon/ctl/log_judge.c \
	daemon/ctl/offline.c \
	daemon/ctl/policy.c \
	daemon/ctl/policy_users.c daemon/ctl/policy_users.h \
	daemon/ctl/record.c daemon/ctl/record.h \
	daemon/ctl/recheck.c \
	daemon/ctl/recordings/arguments.c daemon/ctl/recordings/arguments.h \
	daemon/ctl/recordings/cast.c daemon/ctl/recordings/cast.h \
	daemon/ctl/recordings/choose.c daemon/ctl/recordings/choose.h \
	daemon/ctl/recordings/commands.h \
	daemon/ctl/recordings/elapsed.c daemon/ctl/recordings/elapsed.h \
	daemon/ctl/recordings/export.c daemon/ctl/recordings/export.h \
	daemon/ctl/recordings/export_html.c \
	daemon/ctl/recordings/export_string.c \
	daemon/ctl/recordings/logged.c daemon/ctl/recordings/logged.h \
	daemon/ctl/recordings/fields.c daemon/ctl/recordings/fields.h \
	daemon/ctl/recordings/host_keys.c \
	daemon/ctl/recordings/list.c daemon/ctl/recordings/list.h \
	daemon/ctl/recordings/note.c daemon/ctl/recordings/note.h \
	daemon/ctl/recordings/play.c \
	daemon/ctl/recordings/play_filter.c daemon/ctl/recordings/play_filter.h \
	daemon/ctl/recordings/prune.c daemon/ctl/recordings/prune.h \
	daemon/ctl/recordings/search.c \
	daemon/ctl/recordings/terminal.c daemon/ctl/recordings/terminal.h \
	daemon/ctl/recordings/vt.c daemon/ctl/recordings/vt.h \
	daemon/ctl/recordings/vt_control.c daemon/ctl/recordings/vt_inside.h \
	daemon/ctl/recordings/vt_parse.c daemon/ctl/recordings/vt_parse.h \
	daemon/ctl/recordings/manifest.c daemon/ctl/recordings/manifest.h \
	daemon/ctl/recordings/options.h \
	daemon/ctl/recordings/reader.c daemon/ctl/recordings/reader.h \
	daemon/ctl/recordings/recordings.c \
	daemon/ctl/recordings/show.c \
	daemon/ctl/recordings/store.c daemon/ctl/recordings/store.h \
	daemon/ctl/recordings/verify.c daemon/ctl/recordings/verify.h \
	daemon/ctl/reload.c \
	daemon/ctl/say.c daemon/ctl/say.h \
	daemon/ctl/selftest/report.c daemon/ctl/selftest/report.h \
	daemon/ctl/selftest/selftest.c \
	daemon/ctl/selftest/ssh.c daemon/ctl/selftest/ssh.h \
	daemon/ctl/selftest/ssh_inside.h daemon/ctl/selftest/ssh_login.c \
	daemon/ctl/server.c \
	daemon/ctl/show.c \
	daemon/ctl/show_effective.c daemon/ctl/show_effective.h \
	daemon/ctl/standing.h \
	daemon/ctl/when.c daemon/ctl/when.h
sallyportctl_LDFLAGS = $(PROGRAM_LDFLAGS)
sallyportctl_LDADD = modules/host/libhost.a privsep/libprivsep.a \
	config/libsettings.a lib/ssh/libssh.a lib/libground.a $(CRYPTO_LIBS) $(CONFIG_LIBS) \
	$(SECCOMP_LIBS) $(ZLIB_LIBS)

dist_man_MANS += packaging/man/sallyportctl.8
bashcompletiondir = $(datadir)/bash-completion/completions
dist_bashcompletion_DATA = packaging/completion/sallyportctl

# The player of an exported page, as lines of C.
PLAYER = daemon/ctl/recordings/player_text.h
player_lines = sed -e 's/[\\"]/\\&/g' -e 's/^/"/' -e 's/$$/\\n",/'
$(PLAYER): daemon/ctl/recordings/player.js daemon/ctl/recordings/player.css
	$(AM_V_GEN)$(MKDIR_P) daemon/ctl/recordings && { \
	    echo 'static const char *const player_script[] = {' && \
	    $(player_lines) $(srcdir)/daemon/ctl/recordings/player.js && \
	    echo 'NULL};' && echo 'static const char *const player_style[] = {' && \
	    $(player_lines) $(srcdir)/daemon/ctl/recordings/player.css && \
	    echo 'NULL};'; } >$@.new && mv $@.new $@
daemon/ctl/recordings/export_html.$(OBJEXT): $(PLAYER)
BUILT_SOURCES += $(PLAYER)
CLEANFILES += $(PLAYER)
EXTRA_DIST += daemon/ctl/recordings/player.js daemon/ctl/recordings/player.css
