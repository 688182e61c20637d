#!/bin/sh
# The text format, through a real rsyslogd, read by Debian's fail2ban with its
# own sshd filter.  Skipped where either is not installed.
set -eu
lines=$(pwd)/tests/unit/ground/audit_lines
rsyslogd=$(command -v rsyslogd || echo /usr/sbin/rsyslogd)
[ -x "$rsyslogd" ] || { echo "no rsyslogd: skipped"; exit 77; }
command -v fail2ban-regex >/dev/null || { echo "no fail2ban: skipped"; exit 77; }
dir=$(mktemp -d /tmp/spt_ground.XXXXXX)
pid=
# shellcheck disable=SC2317
cleanup() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
cat >"$dir/conf" <<END
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="$dir/log")
module(load="builtin:omfile" Template="RSYSLOG_TraditionalFileFormat")
*.* action(type="omfile" file="$dir/out")
END
"$rsyslogd" -n -f "$dir/conf" -i "$dir/pid" >"$dir/rsyslogd.out" 2>&1 &
pid=$!
tries=0
while [ ! -S "$dir/log" ]; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || { cat "$dir/rsyslogd.out"; exit 1; }
	sleep 0.1
done
"$lines" "$dir/log"
tries=0
until grep -q "203.0.113.43" "$dir/out" 2>/dev/null; do
	tries=$((tries + 1))
	[ $tries -lt 100 ] || { echo "records did not arrive"; exit 1; }
	sleep 0.1
done

# check MODE LOWER UPPER COUNT: COUNT addresses of that range were matched.
check() {
	fail2ban-regex --print-all-matched "$dir/out" "sshd[mode=$1]" |
	    sed -n '/^|- Matched line/,/^`-/p' >"$dir/matched"
	found=$(grep -o '203\.0\.113\.[0-9]*' "$dir/matched" | sort -u |
	    awk -F. -v a="$2" -v b="$3" '$4 >= a && $4 < b' | wc -l)
	[ "$found" -eq "$4" ] || {
		echo "mode $1, $2 to $3: $found matched, not $4"
		cat "$dir/out" "$dir/matched"
		exit 1
	}
}
# From 1.1 on the filter counts a change of the user's name as sshd 10 writes it
# in mode aggressive only.
cat >"$dir/own" <<END
Nov 30 03:38:59 vm sshd[1]: Disconnecting authenticating user bob 203.0.113.9 port 40000: Change of username or service not allowed: (bob,ssh-connection) -> (al,ssh-connection) [preauth]
END
normal=8
fail2ban-regex --print-all-matched "$dir/own" "sshd[mode=normal]" |
    grep -q 'Lines: 1 .* 1 matched' && normal=9
check normal 1 20 $normal
check normal 20 256 0
check aggressive 1 20 9
check aggressive 20 40 6
check aggressive 40 256 0
# Not one forged address may be banned.
fail2ban-regex -o ip "$dir/out" "sshd[mode=aggressive]" >"$dir/ips" 2>&1
grep -q "203\.0\.113\.1" "$dir/ips" || { echo "no addresses: $(cat "$dir/ips")"; exit 1; }
if grep -q '192\.0\.2\.66' "$dir/ips"; then
	echo "a forged address would be banned"
	exit 1
fi
echo "fail2ban's filter reads $(wc -l <"$dir/out") records right"
