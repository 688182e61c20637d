noinst_LIBRARIES += lib/libground.a
lib_libground_a_SOURCES = \
	lib/about.c lib/about.h \
	lib/addresses.c lib/addresses.h \
	lib/audit.c lib/audit.h lib/audit_events.h lib/audit_fields.h \
	lib/audit_chain.c lib/audit_chain.h \
	lib/audit_encode.c lib/audit_journal.c \
	lib/audit_netlink.c lib/audit_netlink.h lib/audit_table.c lib/audit_table.h \
	lib/audit_text.c \
	lib/buf.c lib/buf.h \
	lib/err.c lib/err.h \
	lib/escape.c lib/escape.h \
	lib/json.c lib/json.h \
	lib/json_read.c lib/json_read.h \
	lib/fd.c lib/fd.h \
	lib/journal.c lib/journal.h \
	lib/key_uses.c lib/key_uses.h \
	lib/line_out.c lib/line_out.h \
	lib/log.c lib/log.h \
	lib/loop.c lib/loop.h \
	lib/match.c lib/match.h \
	lib/mem.c lib/mem.h \
	lib/net.c lib/net.h \
	lib/proxy_header.c lib/proxy_header.h \
	lib/rd.c lib/rd.h \
	lib/refusals.c lib/refusals.h \
	lib/safefile.c lib/safefile.h \
	lib/statedir.c lib/statedir.h \
	lib/secret.c lib/secret.h \
	lib/sha256.c lib/sha256.h lib/sha256_blocks.h lib/sha256_x86.c \
	lib/syslog_out.c lib/syslog_out.h

# doc/AUDIT.md comes from the catalogue; a unit test sees to it.
EXTRA_PROGRAMS += lib/audit_doc
CLEANFILES += lib/audit_doc$(EXEEXT)
lib_audit_doc_SOURCES = lib/audit_doc.c
lib_audit_doc_LDFLAGS = $(PROGRAM_LDFLAGS)
lib_audit_doc_LDADD = lib/libground.a
EXTRA_DIST += doc/AUDIT.md
.PHONY: audit-doc
audit-doc: lib/audit_doc$(EXEEXT)
	lib/audit_doc$(EXEEXT) >$(srcdir)/doc/AUDIT.md.new && \
	    mv $(srcdir)/doc/AUDIT.md.new $(srcdir)/doc/AUDIT.md
