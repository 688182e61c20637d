#!/bin/sh
# Three modules that a site could want, with the host of sallyport-module-test:
# they know the header alone.
set -eu
build=$(pwd)
[ "$(id -u)" = 0 ] || { echo "needs root: modules must be root's"; exit 77; }
work=$(mktemp -d /run/spt_modules_useful.XXXXXX)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
for name in site totp risk; do
	install -m 0644 "$build/tests/unit/modules/.libs/module_$name.so" "$work"
done

# try NAME [options]: the script is standard input.
try() {
	name=$1
	shift
	"$build/sallyport-module-test" -u daemon -s "$work/state" "$@" \
		"$work/module_$name.so" >"$work/out" 2>&1 ||
		{ echo "$name:"; cat "$work/out"; exit 1; }
}

# The first password must be changed, at once or in a request of its own.
try site -o 'initial = "welcome"' <<'END'
password wrong
expect failure
password welcome
change welcome short
expect failure
password welcome
change welcome "a longer one"
expect success
END
grep -q 'password changed.*m_length=12' "$work/out"
try site -o 'initial = "welcome"' <<'END'
password welcome
expect failure
keyboard-interactive
answer "a longer one"
expect success
END
[ "$(cat "$work/state/it/daemon")" = "a longer one" ]
rm -r "$work/state"
try site -o 'initial = "welcome"' <<'END'
keyboard-interactive
answer welcome
answer "another one" "another one"
expect success
END
rm -r "$work/state"

# A code counts once, also after others, and by the clock of the answer.
secret=3132333435363738393031323334353637383930
code() {
	python3 -c '
import hmac, sys, time
c = int(time.time()) // 30 + int(sys.argv[2])
m = hmac.new(bytes.fromhex(sys.argv[1]), c.to_bytes(8, "big"), "sha1").digest()
o = m[-1] & 15
print("%06d" % ((int.from_bytes(m[o:o+4], "big") & 0x7fffffff) % 1000000))' "$secret" "$1"
}
# Far from the end of a period.
while [ $(($(date +%s) % 30)) -gt 20 ]; do sleep 1; done
now=$(code 0) before=$(code -1) old=$(code -9)
try totp -o "daemon = { secret = \"$secret\"; }" -o 'drift = "1m"' <<END
keyboard-interactive
answer $old
expect failure
keyboard-interactive
answer 12345x
expect failure
keyboard-interactive
answer $now
expect success
END
for used in "$now" "$before"; do
	try totp -o "daemon = { secret = \"$secret\"; }" <<END
keyboard-interactive
answer $used
expect failure
END
	grep -q 'the.x20code.x20has.x20been.x20used' "$work/out"
done
try totp -o "other = { secret = \"$secret\"; }" <<END
keyboard-interactive
answer $(code 1)
expect failure
END
rm -r "$work/state"

# Another address costs one more step, the same one none.
try risk -m password:it -a 192.0.2.1 -o 'word = "sesame"' <<'END'
password daemon
expect partial
password daemon
expect failure
keyboard-interactive
answer sesame
expect success
END
try risk -m password:it -a 192.0.2.1 -o 'word = "sesame"' <<'END'
password daemon
expect success
END
try risk -m password:it -a 192.0.2.9 -o 'word = "sesame"' <<'END'
password daemon
expect partial
keyboard-interactive
answer wrong
expect failure
END
grep -q 'from 192.0.2.9.*m_last=192.0.2.1' "$work/out"
try risk -m password:it -a 192.0.2.1 -o 'word = "sesame"' <<'END'
password daemon
expect success
END
