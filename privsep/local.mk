noinst_LIBRARIES += privsep/libprivsep.a
privsep_libprivsep_a_SOURCES = \
	privsep/account.c privsep/account.h \
	privsep/accounts.c privsep/accounts.h \
	privsep/chroot_path.c privsep/chroot_path.h \
	privsep/die.c privsep/die.h \
	privsep/directory.c privsep/directory.h \
	privsep/drop.c privsep/drop.h \
	privsep/errand.c privsep/errand.h \
	privsep/errand_child.h \
	privsep/errand_run.c privsep/errand_run.h \
	privsep/exec_start.c privsep/exec_start.h \
	privsep/glob_files.c privsep/glob_files.h \
	privsep/grants_directory.c privsep/grants_directory.h \
	privsep/grants_errand.c privsep/grants_errand.h \
	privsep/leftovers.c privsep/leftovers.h \
	privsep/light_child.c privsep/light_child.h \
	privsep/limits.h privsep/messages.h privsep/messages_helper.h \
	privsep/messages_judge.h privsep/messages_keys.h \
	privsep/messages_recorder.h \
	privsep/messages_tickets.h \
	privsep/messages_workers.h \
	privsep/offspring.c privsep/offspring.h \
	privsep/policy_account.c privsep/policy_account.h \
	privsep/peer.c privsep/peer.h \
	privsep/pipes.c privsep/pipes.h \
	privsep/path_tokens.c privsep/path_tokens.h \
	privsep/records.c privsep/records.h \
	privsep/roles.c privsep/roles.h \
	privsep/sandbox.c privsep/sandbox.h \
	privsep/selinux.c privsep/selinux.h \
	privsep/session_exec.c privsep/session_exec.h \
	privsep/spawn.c privsep/spawn.h \
	privsep/settings.c privsep/settings.h \
	privsep/slot.c privsep/slot.h \
	privsep/tickets.c privsep/tickets.h \
	privsep/title.c privsep/title.h \
	privsep/wall.c privsep/wall.h \
	privsep/wall_queue.c privsep/wall_queue.h \
	privsep/wall_version.c privsep/wall_version.h \
	privsep/wtmpdb.c privsep/wtmpdb.h
