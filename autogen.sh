#!/bin/sh
# Make configure from configure.ac; for a checkout from git.
set -e
cd "$(dirname "$0")"
mkdir -p m4 build-aux
exec autoreconf --install --warnings=all,no-obsolete,no-portability
