# module_LTLIBRARIES += modules/pam/pam.la
