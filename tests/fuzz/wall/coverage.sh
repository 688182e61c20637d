#!/bin/sh
# The seeds that make_seeds writes reach every on_x() of the monitor, and
# fuzz_monitor says so; without the one of a shell it must complain.
program=tests/fuzz/wall/fuzz_monitor
seeds=tests/fuzz/wall/make_seeds
some=$(mktemp -d) || exit 1
trap 'rm -rf "$some"' EXIT
mkdir -p "$some/tests/fuzz/wall/corpus/fuzz_monitor" \
	"$some/tests/fuzz/wall/corpus/fuzz_wall"
./$seeds "$some/tests/fuzz/wall/corpus" ||
	{ echo "make_seeds failed"; exit 1; }

srcdir=$some ./$program >"$some/all" || { cat "$some/all"; exit 1; }
[ "$(grep -c '^on_' "$some/all")" -ge 40 ] ||
	{ echo "it counts too few handlers"; exit 1; }
rm "$some/tests/fuzz/wall/corpus/fuzz_monitor/shell"
if srcdir=$some ./$program >"$some/few"; then
	echo "handlers that nobody reaches were not missed"
	exit 1
fi
grep -q 'handlers were not reached' "$some/few"
