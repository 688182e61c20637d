EXTRA_DIST += tests/integration tests/lint
include tests/integration/evil/local.mk
include tests/integration/nss/local.mk
include tests/integration/pam/local.mk
