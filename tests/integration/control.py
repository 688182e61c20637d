"""sallyportctl as tests call it, and sessions for it to show and end."""

import json
import re

import sp

CTL = "/usr/sbin/sallyportctl"


def ctl(server, *words, check=0, user=None, **kw):
    argv = [CTL, "-f", server.config, *words]
    if user is not None:
        argv = ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}",
                "--clear-groups", *argv]
    return sp.run(argv, check=check, **kw)


def ctl_json(server, *words, check=0):
    return json.loads(ctl(server, "--json", *words, check=check).stdout)


def stats(server):
    """Samples by name with labels; and the text is well formed."""
    out = {}
    declared = set()
    for line in ctl(server, "stats").stdout.splitlines():
        m = re.fullmatch(r"# (HELP|TYPE) (\w+) (.+)", line)
        if m:
            if m.group(1) == "TYPE":
                assert m.group(3) in ("counter", "gauge", "histogram")
                assert m.group(2) not in declared
                declared.add(m.group(2))
            continue
        m = re.fullmatch(r'(\w+)(\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? '
                         r"(\d+(?:\.\d{3})?)", line)
        assert m, line
        family = re.sub(r"_(bucket|sum|count)$", "", m.group(1))
        assert m.group(1) in declared or family in declared, line
        key = m.group(1) + (m.group(2) or "")
        assert key not in out, key
        out[key] = float(m.group(3))
    return out


def login(server, user, *command, **kw):
    """A session that stays until it is ended; it has begun when we return."""
    p = server.popen(user, "echo begun; exec cat", *command,
                     LogLevel="INFO", **kw)
    assert p.stdout.readline() == b"begun\n", p.stderr.read()
    return p


def ended(p, seconds=15):
    p.wait(seconds * sp.SLOW)  # its input stays open: that would end it, too
    return p.returncode, p.communicate()[1].decode()


def fingerprint(user):
    p = sp.run(["ssh-keygen", "-lf", user.key + ".pub"], check=0)
    return p.stdout.split()[1]
