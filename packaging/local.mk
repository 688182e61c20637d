# The shipped configuration, installed where the daemon looks for it.
sallyportdir = $(sysconfdir)/sallyport
dist_sallyport_DATA = config/sallyport.conf
EXTRA_DIST += packaging/pam.d
dist_man_MANS += packaging/man/sallyportd.8
EXTRA_DIST += doc
