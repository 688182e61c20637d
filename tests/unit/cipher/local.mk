# check_PROGRAMS += tests/unit/cipher/test_cipher
