# module_LTLIBRARIES += modules/publickey/publickey.la
