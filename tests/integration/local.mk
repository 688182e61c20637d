EXTRA_DIST += tests/integration tests/lint
