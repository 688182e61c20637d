#!/bin/sh
# What is installed: the libraries it needs and how it is hardened, by
# readelf; and that this script would notice, on a library made badly.
# Skipped (77) in builds with sanitizers, which need their runtime.
programs="sallyportd sallyportctl sallyport-session sallyport-recorder sallyport-sftp-server"
modules="modules/pam/.libs/pam.so modules/publickey/.libs/publickey.so
	modules/hostbased/.libs/hostbased.so"
if [ -e sallyport-ticketholder ]; then
	programs="$programs sallyport-ticketholder sallyport-ticketstore"
	modules="$modules modules/gssapi/.libs/gssapi.so"
fi
failed=0

if grep -q __asan_init sallyportd; then
	echo "built with sanitizers: skipped"
	exit 77
fi

bad()
{
	echo "$*"
	failed=$((failed + 1))
}

# needs FILE ALLOWED...
needs()
{
	file=$1
	shift
	for library in $(readelf -d "$file" |
	    sed -n 's/.*(NEEDED).*\[\(.*\)\.so.*/\1/p'); do
		case " $* libc ld-linux-x86-64 ld-linux-aarch64 " in
		*" $library "*) ;;
		*) bad "$file needs $library" ;;
		esac
	done
	readelf -d "$file" | grep -qE 'RPATH|RUNPATH|TEXTREL' &&
		bad "$file has a path for libraries, or text that is relocated"
}

# hardened FILE [pie]
hardened()
{
	dynamic=$(readelf -d "$1")
	segments=$(readelf -lW "$1")
	echo "$dynamic" | grep -qE 'BIND_NOW|Flags:.*NOW' ||
		bad "$1 binds late"
	echo "$segments" | grep -q GNU_RELRO || bad "$1 has no RELRO"
	echo "$segments" | grep -qE ' (RWE|WE) ' &&
		bad "$1 has a segment to write and to execute"
	echo "$segments" | grep 'GNU_STACK' | grep -q ' RW  *0x' ||
		bad "$1 has a stack to execute, or does not say"
	readelf -hW "$1" | grep -q 'Type: *DYN' ||
		bad "$1 has a fixed address"
	if [ "${2:-}" = pie ]; then
		echo "$dynamic" | grep -q 'Flags:.*PIE' || bad "$1 is no PIE"
	fi
	readelf -W --dyn-syms "$1" | grep -q __stack_chk_fail ||
		bad "$1 has no stack protector"
}

# Control flow: the linker keeps the mark where libc's own start files have
# it (Debian 12's have not); each object of ours has it in any case.
marked()
{
	for object in "$@"; do
		readelf -n "$object" 2>/dev/null |
			grep -qE 'IBT, SHSTK|BTI, PAC|BTI' ||
			bad "$object is not marked for control flow protection"
	done
}

for module in modules/*/.libs/*.so; do
	# shellcheck disable=SC2086
	printf '%s\n' $modules | grep -qxF "$module" ||
		bad "$module: a module this script does not know"
done
needs sallyportd libcrypto libconfig libseccomp libz
needs sallyportctl libcrypto libconfig libseccomp libz
needs sallyport-session
needs sallyport-recorder libcrypto libseccomp
# A Kerberos library is the ticketholder's and the store's, not their module's.
if [ -e sallyport-ticketholder ]; then
	needs sallyport-ticketholder libseccomp libgssapi_krb5 libkrb5 \
		libk5crypto libcom_err
	needs sallyport-ticketstore libkrb5 libk5crypto libcom_err
	needs modules/gssapi/.libs/gssapi.so
fi
needs sallyport-sftp-server
needs modules/pam/.libs/pam.so libpam
needs modules/publickey/.libs/publickey.so libcrypto
needs modules/hostbased/.libs/hostbased.so libcrypto
readelf -d modules/pam/.libs/pam.so | grep -q 'NEEDED.*libpam\.so' ||
	bad "pam.so does not need libpam: what is looked at here?"

if grep -q '^HARDENING_LDFLAGS = *$' Makefile; then
	echo "built with --disable-hardening: not looked at"
	[ $failed = 0 ]
	exit
fi
for file in $programs; do
	hardened "$file" pie
done
for file in $modules; do
	hardened "$file"
done
for file in sallyportd modules/publickey/.libs/publickey.so; do
	readelf -W --dyn-syms "$file" | grep -qE '__[a-z]+_chk@' ||
		bad "$file is not fortified"
done
if grep -qE '^HARDENING_CFLAGS = .*(cf|branch)-protection' Makefile; then
	objects=$(find daemon lib privsep config modules -name '*.o' ! -size 0)
	[ "$(echo "$objects" | wc -l)" -gt 100 ] || bad "where are the objects?"
	# shellcheck disable=SC2086
	marked $objects
fi

# All of this must be said of a program that has none of it.
compiler=$(sed -n 's/^CC = *//p' Makefile)
found=$failed
failed=0
made=$(mktemp -d) || exit 1
trap 'rm -rf "$made"' EXIT
echo 'int main(void) { return 0; }' >"$made/x.c"
if $compiler -fcf-protection=none -c "$made/x.c" -o "$made/x.o" 2>/dev/null ||
    $compiler -c "$made/x.c" -o "$made/x.o"; then
	$compiler -no-pie -Wl,-z,lazy,-z,norelro,-z,execstack,--no-as-needed \
		-Wl,-rpath,/tmp "$made/x.o" -o "$made/x" -lpam || exit 1
	said=$(needs "$made/x"; hardened "$made/x" pie; marked "$made/x.o")
	for word in 'needs libpam' 'path for' 'binds late' 'no RELRO' \
	    'stack to' 'fixed address' 'no PIE' 'no stack protector' \
	    'not marked'; do
		echo "$said" | grep -q "$word" ||
			{ echo "not noticed: $word"; found=$((found + 1)); }
	done
else
	exit 1
fi
[ "$found" = 0 ]
