# module_LTLIBRARIES += modules/hostbased/hostbased.la
