"""The programs that watch sshd's log, and how much each finds in the lines of
each kind of login."""

import collections
import os
import re

import sp
from log_scene import WHERE

SSHG = next((p for p in ("/usr/libexec/sshguard/sshg-parser", "/usr/lib/sshguard/sshg-parser")
             if os.path.exists(p)), os.environ.get("SSHG_PARSER"))
USER = r"[a-zA-Z0-9._-]+"
IP = r"(\d+\.\d+\.\d+\.\d+)"

# Published patterns of watchers that are not in Debian, as facts:
# crowdsecurity/sshd-logs, Wazuh's (OSSEC's) decoders, Elastic's system.auth.
PATTERNS = {
    "crowdsec": [
        rf"Failed (?:password|publickey|keyboard-interactive/pam|none) for (?:invalid user )?{USER} from {IP} port \d+",
        rf"Invalid user\s*(?:{USER})? from {IP}( port \d+)?",
        rf"User {USER} from {IP} not allowed because ",
        rf"pam_\w+\(sshd:auth\): authentication failure; logname= uid=\d* euid=\d* tty=ssh ruser= rhost={IP}",
        rf"Unable to negotiate with {IP} port \d+: no matching (?:host key type|key exchange method|MAC|cipher) found\.",
        rf"Connection (?:closed|reset) by (?:authenticating|invalid) user {USER} {IP} port \d+ \[preauth\]",
        rf"Disconnecting (?:authenticating|invalid) user {USER} {IP} port \d+: Too many authentication failures \[preauth\]",
        rf"maximum authentication attempts exceeded for (?:invalid user )?{USER} from {IP} port \d+ ssh2 \[preauth\]",
        rf"banner exchange: Connection from {IP} port \d+: invalid format",
        rf"Received disconnect from {IP} port \d+:(?:11|14): ",
        rf"Timeout before authentication for connection from {IP} to "],
    "ossec": [
        rf"^Accepted \S+ for (?:\S+) from {IP} port ", rf"^Failed \S+ for (?:invalid|illegal) user .* from {IP} port ",
        rf"^Failed \S+ for (?:\S+) from {IP} port ", rf"^(?:Invalid|Illegal) user .* from {IP}",
        rf"^error: PAM: \w+ \w+ for (?:illegal user )?\S+ from {IP}", rf"^User \S+ from {IP} not allowed because ",
        r"^User \S+ not allowed because ", rf"^Received disconnect from {IP}",
        rf"^Unable to negotiate with {IP} ", r"^error: maximum authentication attempts exceeded ",
        rf"^Connection closed by (?:\w+ user \S+ )?{IP}", rf"^Connection reset by (?:\w+ user \S+ )?{IP}",
        r"^Bad protocol version identification", r"^fatal: Access denied for user \S+ by PAM account configuration",
        r"^error: Certificate invalid: ", r"^Authentication refused: ",
        r"^Disconnecting (?:invalid|authenticating) user .*: Change of username or service not allowed"],
    "elastic": [
        rf"^(?:Accepted|Failed|Partial) \S+ for (?:invalid user )?\S+ from {IP} port \d+ ssh2(?:: \S+ SHA256:\S+.*)?$",
        rf"^Invalid user .* from {IP}(?: port \d+)?$", rf"^User \S+ from {IP} not allowed because ",
        rf"^Disconnected from (?:(?:authenticating|invalid) )?user \S+ {IP} port \d+(?: \[preauth\])?$",
        rf"^Received disconnect from {IP} port \d+:\d+: "],
}


def by_address(text):
    """How often the address of each kind is named."""
    return collections.Counter(int(n) for n in re.findall(r"\b198\.18\.\d+\.(\d+)\b", text))


def fail2ban(mode):
    def find(path, _):
        return by_address(sp.run(["fail2ban-regex", "-o", "ip", path, f"sshd[mode={mode}]"], timeout=120).stdout)
    return find


def sshguard(path, _):
    with open(path) as f:
        return by_address(sp.run([SSHG], input=f.read(), timeout=120).stdout)


def logwatch(path, _):
    """Its report for a person, a line with an address an item."""
    directory = os.path.dirname(path)
    p = sp.run(["logwatch", "--service", "sshd", "--logdir", directory, "--range", "all", "--detail", "high",
                "--output", "stdout", "--format", "text", "--numeric", "--archives", "no"], timeout=120,
               env=dict(os.environ, LC_ALL="C"))
    assert "SSHD Begin" in p.stdout, p.stdout + p.stderr
    body = p.stdout.partition("SSHD Begin")[2].partition("SSHD End")[0]
    found = collections.Counter()
    for line in body.splitlines()[1:]:
        line = re.sub(r"198\.18\.\d+\.", "198.18.0.", line.strip())
        line = re.sub(r"port \d+|pid = \d+", "port N", line)
        # One of PAM's modules, which reads a user's file as root.
        if line and "deprecated reading of user environment" not in line:
            found[line] += 1
    return found


def patterns(which):
    def find(_, kinds):
        return collections.Counter({n: sum(bool(re.search(p, line)) for line in lines for p in PATTERNS[which])
                                    for n, lines in kinds.items()})
    return find


WATCHERS = {"fail2ban normal": fail2ban("normal"), "fail2ban aggressive": fail2ban("aggressive"),
            "sshguard": sshguard, "logwatch": logwatch,
            **{name: patterns(name) for name in PATTERNS}}


def as_file(side, kinds):
    """The lines as rsyslogd wrote them, under sshd's name, in a directory."""
    path = f"{WHERE}/{side}/auth.log"
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", errors="surrogateescape") as f:
        for lines in kinds.values():
            # The sentence counts: fail2ban 1.0 knows no sshd-session yet.
            f.writelines(re.sub(r" sshd-(?:session|auth)\[", " sshd[", line, count=1) + "\n" for line in lines)
    return path
