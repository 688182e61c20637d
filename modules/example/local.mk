# module_LTLIBRARIES += modules/example/example.la
