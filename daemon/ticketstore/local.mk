# The user's own: the one other program with a Kerberos library, in the package
# of the ticketholder.
if GSSAPI
libexec_PROGRAMS += sallyport-ticketstore
sallyport_ticketstore_SOURCES = \
	daemon/ticketstore/cache.c \
	daemon/ticketstore/delegated.c \
	daemon/ticketstore/main.c \
	daemon/ticketstore/ticketstore.h
sallyport_ticketstore_CFLAGS = $(AM_CFLAGS) $(GSSAPI_CFLAGS)
sallyport_ticketstore_LDFLAGS = $(PROGRAM_LDFLAGS)
sallyport_ticketstore_LDADD = privsep/libprivsep.a lib/libground.a \
	$(GSSAPI_LIBS)
endif
