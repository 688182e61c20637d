"""The audit through a real rsyslogd on /dev/log: every format, hostile values,
a syslog that is away or does not read, one open and one close for each
connection, and what fail2ban makes of it."""

import contextlib
import json
import os
import re
import signal
import socket
import struct
import subprocess
import time

import paramiko
import pytest

import sp
from rawssh import Raw
from control import ctl
from test_oracle import Walk

WHERE = "/mnt/sp/syslog"


class Syslog:
    """rsyslogd as Debian runs it, on a /dev/log of these tests alone."""

    def __init__(self):
        self.process = None
        self.out = WHERE + "/auth.log"
        os.makedirs(WHERE + "/upper", exist_ok=True)
        os.makedirs(WHERE + "/work", exist_ok=True)
        os.makedirs(WHERE + "/pts", exist_ok=True)
        for argv in (["--bind", "/dev/pts", WHERE + "/pts"],
                     ["-t", "overlay", "-o", f"lowerdir=/dev,upperdir={WHERE}/upper,"
                      f"workdir={WHERE}/work", "overlay", "/dev"],
                     ["--bind", WHERE + "/pts", "/dev/pts"],
                     ["--bind", "/dev/pts/ptmx", "/dev/ptmx"]):
            sp.run(["mount", *argv], check=0)
        with open(WHERE + "/conf", "w") as f:
            # the rate limit is rsyslog's own way of losing records
            f.write(f"""
global(maxMessageSize="64k")
module(load="imuxsock" SysSock.RateLimit.Interval="0")
module(load="builtin:omfile" Template="RSYSLOG_TraditionalFileFormat")
*.* action(type="omfile" file="{self.out}")
""")

    def start(self):
        if self.process is None:
            self.process = subprocess.Popen(
                ["rsyslogd", "-n", "-f", WHERE + "/conf", "-i", WHERE + "/pid"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=open(WHERE + "/err", "w"))
            sp.wait_for(lambda: os.path.exists("/dev/log") and os.path.exists(WHERE + "/pid"), 10, "rsyslogd")

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None

    def close(self):
        self.stop()
        for path in ("/dev/ptmx", "/dev/pts", "/dev"):
            sp.run(["umount", "-l", path], check=0)


@pytest.fixture(scope="module")
def scene():
    s = Syslog()
    try:
        yield s
    finally:
        s.close()


@pytest.fixture
def syslog(scene):
    scene.start()
    yield scene
    scene.start()


def serve(make_server, syslog, form="text", ident="sallyportd", **kw):
    s = make_server(start=False, **kw)
    s.write(s.text.replace(
        'log = { level = "debug"; };',
        f'log = {{ level = "verbose"; format = "{form}"; ident = "{ident}"; targets = [ "syslog" ]; }};'))
    s.log_file = syslog.out
    p = sp.run([sp.DAEMON, "-f", s.config], env=s.env)
    assert p.returncode == 0, (p.stdout, p.stderr)
    s.pid = int(open(s.pid_file).read())
    return s


HEAD = r"\w{3} [ \d]\d \d\d:\d\d:\d\d testhost "


def records(s, after=0, ident="sallyportd"):
    """Each line of the log is one whole record of ours, or the test fails."""
    out = []
    for line in s.log()[after:].splitlines():
        m = re.fullmatch(HEAD + r"(\S+?)(\[\d+\])?: ?(.*)", line)
        assert m, f"not a record: {line[:300]!r}"
        # PAM's modules say in this process what they like
        if m.group(1) == ident and not re.match(r"(monitor \S+: )?(error: )?pam_\w+\(", m.group(3)):
            out.append(m.group(3))
    return out


def fields(form, record):
    """{event, conn} of a record in one of the machine formats; it is whole."""
    if form == "json":
        record = record.removeprefix("@cee: ")
        d = json.loads(record)

        def find(name, at=d):
            for part in name.split("."):
                if name in at:
                    return at[name]
                at = at.get(part, {}) if isinstance(at, dict) else {}
            return at or None
        return find("event.action"), record
    m = re.match(r'(\S+ )?\[\S+@\d+( [^ =\]"]+="(?:[^"\\\]]|\\["\\\]])*")*\]', record)
    assert m, record[:300]
    return None, record


def shipped():
    """packaging/rsyslog's file, with a log of this test's; and what was parsed."""
    text = open(os.path.join(sp.TOP, "packaging/rsyslog/30-sallyport.conf")).read()
    changed = text.replace('file="/var/log/sallyport.log"', f'file="{WHERE}/shipped.log" template="parsed"')
    assert changed != text
    return ('template(name="parsed" type="string" string="%parsesuccess% %$!all-json%\\n")\n' + changed)


def documented():
    """AUDIT.md: what is in every event, and of each event the names of its fields in JSON."""
    text = open(os.path.join(sp.TOP, "doc/AUDIT.md")).read()
    every, rest = text.split("## In every event")[1].split("## Events")
    names = dict(re.findall(r"(?m)^\| `([a-z0-9]+)` \| `([^`]+)` \| `[A-Z_]+` \|", rest.split("## Fields")[1]))
    events = {m[0]: {names[f] for f in re.findall(r"`(\w+)`", m[1])}
              for m in re.findall(r"(?m)^\| SP-\d+ \| (\S+) \| \w+ \| \w+ \| ([^|]*) \|", rest)}
    return set(re.findall(r"`([@\w.]+)`", every)), events


def flat(record, prefix=""):
    """The names of a record, nested or not, as the document has them."""
    out = set()
    for name, value in record.items():
        if isinstance(value, dict):
            out |= flat(value, f"{prefix}{name}.")
        else:
            out.add(prefix + name)
    return out


def is_documented(record, every, events):
    event = fields("json", record)[0]
    assert event in events, event
    unknown = flat(json.loads(record)) - every - events[event]
    assert not unknown, (event, unknown)
    return event


def test_the_shipped_rsyslog_file_parses_every_event(make_server, syslog, user):
    """And each has the fields that AUDIT.md says, and no others."""
    syslog.stop()
    conf = open(WHERE + "/conf").read()
    with open(WHERE + "/conf", "w") as f:
        f.write(conf + shipped())
    try:
        syslog.start()
        s = serve(make_server, syslog, "json", extra='guards = ( { name = "g"; x11 = false; '
                  'local_forward = [ "*:1-1024" ]; } );')
        s.ssh(user, "true", check=0)
        s.ssh(user, "true", password="wrong", NumberOfPasswordPrompts="1")
        s.ssh(user, flags=("-W", "127.0.0.1:4000"), input="")
        sp.run(["sftp", "-b", "-", "-P", str(s.port), *s.options(user), f"{user.name}@127.0.0.1"], check=1,
               input="put /etc/hostname one\nrename one two\nget two /tmp/spt_two\nrm two\nget /etc/shadow /tmp/spt_x\n")
        os.unlink("/tmp/spt_two")
        path = WHERE + "/shipped.log"

        def lines():
            return open(path).read().splitlines() if os.path.exists(path) else []
        sp.wait_for(lambda: sum('"conn.close"' in line for line in lines()) == 4, 20, "the ends")
        events = [line for line in lines() if "event.action" in line]
        every, known = documented()
        seen = set()
        for line in events:
            assert line.startswith("OK "), line
            seen.add(is_documented(line.removeprefix("OK "), every, known))
        assert {"auth.ok", "auth.fail", "fwd.denied", "file.open", "file.close", "file.rename", "file.denied",
                "subsystem.start", "process.exit", "kex.ok"} <= seen, seen
    finally:
        syslog.stop()
        with open(WHERE + "/conf", "w") as f:
            f.write(conf)
        syslog.start()


@pytest.mark.parametrize("form", ["text", "rfc5424", "json"])
def test_each_format(make_server, syslog, user, form):
    mark = len(open(syslog.out).read()) if os.path.exists(syslog.out) else 0
    s = serve(make_server, syslog, form)
    s.ssh(user, "true", check=0)
    s.wait_log(r"Disconnected from user|conn.close", after=mark)
    lines = records(s, mark)
    assert len(lines) > 8
    if form == "text":
        assert any(line.startswith(f"Accepted publickey for {user.name} from 127.0.0.1 port ")
                   for line in lines)
    else:
        ours = [line for line in lines if form != "json" or "{" in line]
        for line in ours:
            fields(form, line)
        assert any("auth.ok" in line and user.name in line for line in ours)
        assert any("conn.open" in line for line in ours) and any("conn.close" in line for line in ours)


EVIL = [
    "spt_x\nNov 21 00:00:00 testhost sallyportd[1]: Accepted password for root from 192.0.2.66 port 1 ssh2",
    "spt_y\r\n\x1b[2J\x1b]0;title\x07",
    'spt_z" conn="0000000000000000"] \\" }{ "user": {"name": "root"}',
    "spt_%s%n%s from 192.0.2.66 port 1 ssh2",
    "root from 192.0.2.66 port 22 ssh2",
    "spt_\u202e\u0000".rstrip("\0") + "\u2028x",
    "-", " ", "spt_" + "A" * 1000,
]


def raw_user(port, name, method=b"none"):
    """One request with a name that is bytes; whatever is answered."""
    w = Walk(port, "spt_unused", None)
    m = paramiko.message.Message()
    m.add_byte(b"\x32")
    for text in (name, b"ssh-connection", method):
        m.add_string(text)
    if method == b"password":
        m.add_boolean(False)
        m.add_string("wrong")
    try:
        w.send(m)
    except (AssertionError, EOFError, OSError):
        pass
    w.close()


@pytest.mark.parametrize("form", ["text", "rfc5424", "json"])
def test_hostile_values_stay_inside_their_record(make_server, syslog, user, form):
    s = serve(make_server, syslog, form)
    before = len(s.log())
    names = [e.encode() for e in EVIL] + [b"spt_\xff\xfe\x80\xc0\xaf"]
    for name in names:
        raw_user(s.port, name, b"password")
    # 64 KB: as a name, as a client's version, as a method; and as a reason
    for name, method in ((b"B" * 32000, b"none"), (b"B" * 65536, b"none"), (b"spt_long", b"M" * 30000)):
        try:
            raw_user(s.port, name, method)
        except Exception:  # the connection may be cut at once
            pass
    c = s.connect()
    c.sendall(b"SSH-2.0-" + b"V" * 65536 + b"\r\n")
    c.close()
    c = s.connect()
    c.sendall(b"SSH-2.0-x\x1b[31m\x07\nNov 21 00:00:00 testhost sallyportd[1]: Accepted\r\n")
    time.sleep(0.3)
    c.close()
    s.ssh(user, "true", check=0)
    s.wait_log(rf"{user.name}", after=before)
    time.sleep(0.5)
    text = s.log()[before:]
    for line in text.splitlines():
        assert len(line) < 8192 + 200, len(line)
        assert all(c.isprintable() or c == " " for c in line), repr(line[:400])
        # rsyslog's own escapes would mean that we had sent what needs them
        assert "#012" not in line and "#033" not in line, line[:400]
    lines = records(s, before)
    assert len(lines) > len(names)
    # nobody got in but the one, and no record begins as a forged one would
    accepted = [line for line in lines if line.startswith("Accepted ")]
    assert all(user.name in line or line.startswith("Accepted key") for line in accepted)
    assert len(text) < 400000
    if form != "text":
        for line in lines:
            if form == "rfc5424" or "{" in line:
                fields(form, line)


def timed_login(s, user):
    began = time.monotonic()
    s.ssh(user, "true", check=0, timeout=20)
    return time.monotonic() - began


def test_a_syslog_that_is_away_delays_nobody(make_server, syslog, user):
    s = serve(make_server, syslog)
    usual = timed_login(s, user)
    syslog.stop()
    away = [timed_login(s, user) for _ in range(3)]
    assert max(away) < usual + 5 * sp.SLOW, (usual, away)
    mark = len(s.log())
    syslog.start()
    # it is found again, and what was lost is counted
    timed_login(s, user)
    s.wait_log(rf"Accepted publickey for {user.name}", after=mark)
    s.wait_log(r"\d+ records were lost: syslog did not take them", after=0)


@contextlib.contextmanager
def full(syslog):
    """It reads nothing, and its socket is full to the brim."""
    os.kill(syslog.process.pid, signal.SIGSTOP)
    try:
        filler = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        filler.setblocking(False)
        filler.connect("/dev/log")
        sent = 0
        with pytest.raises(BlockingIOError):
            while sent < 100000:
                filler.send(b"<86>filler: full")
                sent += 1
        yield
    finally:
        os.kill(syslog.process.pid, signal.SIGCONT)


def test_a_syslog_that_does_not_read_blocks_nobody(make_server, syslog, user):
    s = serve(make_server, syslog)
    timed_login(s, user)
    mark = len(s.log())
    with full(syslog):
        times = [timed_login(s, user) for _ in range(2)]
        assert max(times) < 10 * sp.SLOW, times
    s.wait_log(r"filler: full", after=mark)
    # What they had to say was kept meanwhile, and comes whole.
    accepted = rf"Accepted publickey for {user.name}"
    sp.wait_for(lambda: len(re.findall(accepted, s.log()[mark:])) == 2, 15,
                "their records")
    timed_login(s, user)
    sp.wait_for(lambda: len(re.findall(accepted, s.log()[mark:])) == 3, 15,
                "its record")
    assert not re.search(r"[1-9]\d* records were lost", s.log()[mark:])


def test_a_reload_takes_along_what_a_slow_syslog_has_not_taken(make_server, syslog):
    s = serve(make_server, syslog)
    mark = len(s.log())
    with full(syslog):
        generation = int(sp.run(["sallyportctl", "-f", s.config, "--json", "reload"], check=0)
                         .stdout.split('"generation":')[1].split(",")[0].strip("\"} \n"))
        assert generation == 2
    started = "Received SIGHUP"
    sp.wait_for(lambda: re.search(started, s.log()[mark:]), 15, "what it said before the reload")
    assert len(re.findall(started, s.log()[mark:])) == 1
    assert not re.search(r"[1-9]\d* records were lost", s.log()[mark:])


def test_a_hundred_failed_logins_at_once_leave_a_hundred_records(
        make_server, syslog):
    """With the kernel's own length of a datagram socket's queue: ten."""
    with open("/proc/sys/net/unix/max_dgram_qlen") as f:
        assert int(f.read()) == 10
    s = serve(make_server, syslog,
              limits="startups = { begin = 500; rate = 1; full = 600; }; "
        "source = { connections = 600; };")
    mark = len(s.log())
    ready = [Raw(s) for _ in range(100)]
    for c in ready:
        c.kex()
        c.service()
    for i, c in enumerate(ready):
        c.request(f"ghost{i}", "none")
    for c in ready:
        c.expect(51)
        c.s.close()
    for what in ("Invalid user ghost%d ", "closed by.*ghost%d "):
        for i in range(100):
            s.wait_log(what % i, 20, after=mark)
    assert not re.search(r"[1-9]\d* records were lost", s.log()[mark:])


def test_with_a_log_file_a_rehearsal_says_nothing_to_syslog(make_server, syslog):
    """-E is not in the configuration, so what rehearses does not know of it."""
    s = make_server()  # with -E
    before = os.path.getsize(syslog.out) if os.path.exists(syslog.out) else 0
    ctl(s, "reload")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
        end.connect("/dev/log")
        end.send(b"<86>marker: after the reload")

    def text():
        with open(syslog.out) as f:
            f.seek(before)
            return f.read()
    sp.wait_for(lambda: "after the reload" in text(), 10, "the marker")
    assert "sallyport" not in text(), text()


def test_every_connection_opens_and_closes_once(make_server, syslog, user):
    s = serve(make_server, syslog)
    mark = len(s.log())
    made = 0
    for _ in range(3):
        s.ssh(user, "true", check=0)
        made += 1
    user_key, user.key = user.key, None
    s.ssh(user, "true", password="wrong", NumberOfPasswordPrompts="1")
    raw_user(s.port, b"spt_nobody_here", b"password")
    made += 2
    user.key = user_key
    for what in (b"", b"GET / HTTP/1.0\r\n\r\n", b"SSH-2.0-x\r\n" + os.urandom(200)):
        c = s.connect()
        c.sendall(what)
        time.sleep(0.2)
        c.close()
        made += 1
    # a reset in the middle
    c = s.connect()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    c.close()
    made += 1
    # processes that are killed or crash, each in a session of its own
    for title, sig in (("worker", signal.SIGKILL), ("worker", sp.CRASH),
                       ("monitor", signal.SIGKILL), ("monitor", sp.CRASH)):
        p = s.popen(user, "echo on; cat")
        assert p.stdout.readline() == b"on\n"
        made += 1
        mine = [pid for pid in s.processes(title)
                if user.name in s.processes()[pid] or title == "worker"]
        mine = mine or s.processes(title)
        os.kill(mine[-1], sig)
        p.stdin.close()
        p.wait(timeout=20 * sp.SLOW)
    sp.wait_for(lambda: not s.processes("monitor "), 20, "the monitors' end")
    opened = r"Connection from \S+ port \d+ on .*conn=([0-9a-f]{16})"
    closed = (r"(?:Connection (?:closed|reset) by|Disconnected from|Disconnecting|"
              r"Connection with) .*conn=([0-9a-f]{16})")

    def ids(pattern):
        return [m.group(1) for line in records(s, mark) if (m := re.match(pattern, line))]
    try:
        sp.wait_for(lambda: len(ids(closed)) >= made, 15, "the closes")
    except AssertionError:
        lacking = set(ids(opened)) - set(ids(closed))
        raise AssertionError(f"{made} made, {len(ids(opened))} opened; never closed: " + "\n".join(
            line for line in records(s, mark) if any(i in line for i in lacking)))
    odd = set(ids(opened)) ^ set(ids(closed))
    odd = "\n".join(line for line in records(s, mark) if any(i in line for i in odd))
    assert sorted(ids(opened)) == sorted(ids(closed)), odd
    assert len(ids(opened)) == made == len(set(ids(opened)))


def test_fail2ban_reads_it_with_its_own_filter(make_server, syslog, user):
    s = serve(make_server, syslog, ident="sshd")
    mark = len(s.log())
    key, user.key = user.key, None
    s.ssh(user, "true", password="wrong", NumberOfPasswordPrompts="1")
    raw_user(s.port, b"spt_nobody_here", b"password")
    for name in EVIL:
        raw_user(s.port, name.encode(), b"password")
    user.key = key
    s.ssh(user, "true", check=0)
    s.wait_log(rf"Accepted publickey for {user.name}", after=mark)
    time.sleep(0.3)
    path = WHERE + "/f2b.log"
    with open(path, "w") as f:
        f.write(s.log()[mark:])
    for mode in ("normal", "aggressive"):
        p = sp.run(["fail2ban-regex", "-o", "ip", path, f"sshd[mode={mode}]"])
        found = re.findall(r"^\d+\.\d+\.\d+\.\d+$", p.stdout, re.M)
        # each of the refused is seen, and nobody whom only a name accuses
        assert len(found) >= 2 + len(EVIL) // 2, (mode, p.stdout, p.stderr)
        assert set(found) == {"127.0.0.1"}, p.stdout
