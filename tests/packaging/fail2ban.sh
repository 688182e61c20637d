#!/bin/sh
# Our fail2ban filter on the records of tests/unit/ground/audit_lines: the last
# part of each address says what must become of it (below 20 always matched,
# below 40 in aggressive mode, from 40 on never).  Skipped without fail2ban.
set -eu
lines=$(pwd)/tests/unit/ground/audit_lines
filters=$(cd "$(dirname "$0")/../../packaging/fail2ban/filter.d" && pwd)
command -v fail2ban-regex >/dev/null || { echo "no fail2ban: skipped"; exit 77; }
dir=$(mktemp -d /tmp/spt_packaging.XXXXXX)
trap 'rm -rf "$dir"' EXIT
cp -r /etc/fail2ban "$dir/etc"
cp "$filters/sallyport.conf" "$dir/etc/filter.d/"
# As rsyslogd would write them: no priority, the host's name behind the time.
/usr/bin/python3 - "$lines" "$dir" <<'END'
import re, socket, subprocess, sys
lines, dir = sys.argv[1:]
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
s.bind(dir + "/log")
child = subprocess.Popen([lines, dir + "/log"])
s.settimeout(0.5)  # the queue is short: read while it writes
with open(dir + "/out", "w") as out:
    while True:
        try:
            record = s.recv(65536).decode()
        except TimeoutError:
            if child.poll() is None:
                continue
            break
        record = re.sub(r"^<\d+>(\w{3} [ \d]\d [\d:]{8}) (\w+)", r"\1 host sallyportd", record)
        out.write(record.rstrip("\n") + "\n")
sys.exit(child.returncode)
END
grep -q ' host sallyportd\[' "$dir/out" || { cat "$dir/out"; exit 1; }

# check MODE LOWER UPPER COUNT
check() {
	fail2ban-regex -c "$dir/etc" --print-all-matched "$dir/out" \
	    "sallyport[mode=$1]" >"$dir/all" 2>&1
	sed -n '/^|- Matched line/,/^`-/p' "$dir/all" >"$dir/matched"
	found=$(grep -o '203\.0\.113\.[0-9]*' "$dir/matched" | sort -u |
	    awk -F. -v a="$2" -v b="$3" '$4 >= a && $4 < b' | wc -l)
	[ "$found" -eq "$4" ] || {
		echo "mode $1, $2 to $3: $found matched, not $4"
		cat "$dir/out" "$dir/all"
		exit 1
	}
}
wanted() { grep -o '203\.0\.113\.[0-9]*' "$dir/out" | sort -u |
	awk -F. -v a="$1" -v b="$2" '$4 >= a && $4 < b' | wc -l; }
check normal 1 20 "$(wanted 1 20)"
check normal 20 256 0
check aggressive 1 20 "$(wanted 1 20)"
check aggressive 20 40 "$(wanted 20 40)"
check aggressive 40 256 0
[ "$(wanted 1 20)" -ge 9 ] && [ "$(wanted 20 40)" -ge 6 ] || { echo "records are missing"; exit 1; }
fail2ban-regex -c "$dir/etc" -o ip "$dir/out" "sallyport[mode=aggressive]" >"$dir/ips" 2>&1
grep -q '203\.0\.113\.1' "$dir/ips" || { cat "$dir/ips"; exit 1; }
if grep -q '192\.0\.2\.66' "$dir/ips"; then
	echo "a forged address would be banned"
	exit 1
fi
echo "our filter reads $(wc -l <"$dir/out") records right"
