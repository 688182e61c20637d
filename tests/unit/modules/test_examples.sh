#!/bin/sh
# Builds modules/example as a third party does: outside the tree, against an
# installed header, with the three-line Makefile; then has the host load the
# results and drives them (suite "example" of test_modules).
set -eu
top=$(cd "${srcdir:-.}" && pwd)
build=$(pwd)
[ "$(id -u)" = 0 ] || { echo "needs root: modules must be root's"; exit 77; }
work=$(mktemp -d /run/spt_modules_examples.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

make -s -C "$build" DESTDIR="$work/tree" install-moduleincludeHEADERS \
	install-pkgconfigDATA
mkdir "$work/src"
cp "$top"/modules/example/Makefile "$top"/modules/example/*.c \
	"$top"/modules/example/codes.test "$work/src"
[ "$(grep -c . "$work/src/Makefile")" = 3 ]
pc=$(find "$work/tree" -name sallyport-modules.pc)
PKG_CONFIG_PATH=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$work/tree
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
env -u MAKEFLAGS -u MAKELEVEL CFLAGS=-Werror make -s -C "$work/src" \
	example.so example_socket.so example_helper.so 2>"$work/err" ||
	{ cat "$work/err"; exit 1; }
chmod 644 "$work"/src/*.so
EXAMPLES=$work/src CK_RUN_SUITE=example "$build/tests/unit/modules/test_modules"

# What doc/MODULES.md tells authors to type.
cd "$work/src"
printf 'bin 1111\ndaemon 2222\n' >codes
chmod 600 codes
PATH=$build:$PATH
export PATH
sed -n 's/^    \$ //p' "$top/doc/MODULES.md" >commands
[ "$(grep -c . commands)" -ge 9 ]
while IFS= read -r command; do
	case $command in
	*libasan*) [ -e "$(cc -print-file-name=libasan.so)" ] || continue ;;
	esac
	env -u MAKEFLAGS -u MAKELEVEL sh -ec "$command" >out 2>&1 </dev/null ||
		{ echo "doc/MODULES.md: $command"; cat out; exit 1; }
done <commands
