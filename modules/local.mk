include modules/pam/local.mk
include modules/publickey/local.mk
include modules/hostbased/local.mk
include modules/example/local.mk
