#!/bin/sh
# Our own ML-KEM and sntrup761 with their secrets marked as undefined: valgrind
# must find nothing, and must find each leak that is planted.
# Skipped (77) without valgrind or its header, and in builds with sanitizers.
here=tests/unit/kex
clean=$here/constant_time
leaky=$here/constant_time_leaky

if ! command -v valgrind >/dev/null; then
	echo "no valgrind: skipped"
	exit 77
fi
if grep -q __asan_init "$clean"; then
	echo "built with sanitizers: skipped"
	exit 77
fi

watch()
{
	valgrind -q --error-exitcode=99 --track-origins=no "$@" 2>&1
}

out=$(watch "$clean" mlkem)
status=$?
if [ $status = 77 ]; then
	echo "built without valgrind/memcheck.h: skipped"
	exit 77
fi
if [ $status != 0 ]; then
	echo "$out"
	echo "FAIL: ML-KEM depends on a secret ($status)"
	exit 1
fi
for what in mlkem1024 sntrup; do
	if ! out=$(watch "$clean" $what); then
		echo "$out"
		echo "FAIL: $what depends on a secret"
		exit 1
	fi
done
for what in mlkem mlkem1024 sntrup; do
	for kind in 1 2; do
		watch "$leaky" $what $kind >/dev/null
		status=$?
		if [ $status != 99 ]; then
			echo "FAIL: leak $kind in $what not found ($status)"
			exit 1
		fi
	done
	# The same program without its leak: it is the leak that was found.
	if ! watch "$leaky" $what 0 >/dev/null; then
		echo "FAIL: $what without a leak"
		exit 1
	fi
done
echo "no branch and no address depends on a secret; six leaks found"
