# The shipped configuration, installed where the daemon looks for it, unless
# the administrator has one already.
EXTRA_DIST += config/sallyport.conf
sallyportdir = $(sysconfdir)/sallyport
install-data-local:
	$(MKDIR_P) "$(DESTDIR)$(sallyportdir)/policy.d" \
	    "$(DESTDIR)$(sallyportdir)/grants.d"
	test -e "$(DESTDIR)$(sallyportdir)/sallyport.conf" || \
	    $(INSTALL) -m 600 $(srcdir)/config/sallyport.conf \
	    "$(DESTDIR)$(sallyportdir)/sallyport.conf"

# What he has changed stays.
uninstall-local:
	if cmp -s $(srcdir)/config/sallyport.conf \
	    "$(DESTDIR)$(sallyportdir)/sallyport.conf"; then \
		rm -f "$(DESTDIR)$(sallyportdir)/sallyport.conf"; fi
	-rmdir "$(DESTDIR)$(sallyportdir)/policy.d" \
	    "$(DESTDIR)$(sallyportdir)/grants.d" \
	    "$(DESTDIR)$(sallyportdir)" 2>/dev/null
dist_man_MANS += packaging/man/sallyportd.8
EXTRA_DIST += doc
# Conventions of distributions, the packages, and what tests them.
EXTRA_DIST += packaging/audit packaging/build-deb packaging/debian \
	packaging/fail2ban packaging/init.d \
	packaging/logrotate packaging/pam.d packaging/rpm packaging/rsyslog packaging/scap \
	packaging/systemd packaging/sysusers.d packaging/tmpfiles.d \
	packaging/ufw tests/packaging
if TESTS_WANTED
TESTS += tests/packaging/fail2ban.sh
endif
