"""The journal as target of the log, with a systemd-journald that runs alone on
a /run/systemd of these tests: every field arrives, none is forged, nothing is
lost while it stands still, and it is found again when it starts anew."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess

import pytest

import log_scene
import sp
from rawssh import Raw

JOURNALD = "/lib/systemd/systemd-journald"
SOCKET = "/run/systemd/journal/socket"
IDS = "bd15ebad6c7f4ae4a9de2e23"


class Journal:
    def __init__(self):
        self.process = None
        for place in ("/run/systemd", "/run/log"):
            os.makedirs(place, exist_ok=True)
            sp.run(["mount", "-t", "tmpfs", "tmpfs", place], check=0)
        os.makedirs("/run/log/journal")
        os.makedirs("/run/systemd/journald.conf.d")
        with open("/run/systemd/journald.conf.d/sp.conf", "w") as f:
            # Audit empty: the kernel's auditing stays as it is
            f.write("[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\nReadKMsg=no\nAudit=\n"
                    "ForwardToSyslog=yes\n")

    def start(self):
        if self.process is None:
            self.process = subprocess.Popen([JOURNALD], stdin=subprocess.DEVNULL,
                                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            sp.wait_for(lambda: os.path.exists(SOCKET), 10, "journald")

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None
            with contextlib.suppress(FileNotFoundError):
                os.unlink(SOCKET)

    def close(self):
        self.stop()
        for place in ("/run/systemd", "/run/log"):
            sp.run(["umount", "-l", place], check=0)

    def records(self, *match):
        out = sp.run(["journalctl", "-D", "/run/log/journal", "-o", "json", "--all", "--no-pager",
                      *match]).stdout
        return [json.loads(line) for line in out.splitlines()]

    def wait(self, *match, count=1, timeout=15):
        sp.wait_for(lambda: len(self.records(*match)) >= count, timeout * sp.SLOW, f"{count} of {match}")
        return self.records(*match)


@pytest.fixture(scope="module")
def scene():
    j = Journal()
    try:
        yield j
    finally:
        j.close()


@pytest.fixture
def journal(scene):
    scene.start()
    yield scene
    scene.start()


def serve(make_server, target="journal", ident="sallyportd", level="verbose", **kw):
    s = make_server(start=False, **kw)
    s.write(s.text.replace('log = { level = "debug"; };', f'log = {{ level = "{level}"; '
                           f'ident = "{ident}"; targets = [ "{target}" ]; }};'))
    p = sp.run([sp.DAEMON, "-f", s.config], env=s.env)
    assert p.returncode == 0, (p.stdout, p.stderr)
    s.pid = int(open(s.pid_file).read())
    return s


def test_a_login_is_in_the_journal_with_its_fields(make_server, journal, user):
    s = serve(make_server)
    s.ssh(user, "true", check=0)
    r, = journal.wait("SALLYPORT_EVENT=auth.ok", f"SALLYPORT_USER={user.name}")
    assert re.fullmatch(rf"Accepted publickey for {user.name} from 127.0.0.1 port \d+ ssh2: "
                        r"ED25519 SHA256:\S+", r["MESSAGE"])
    assert r["MESSAGE_ID"] == IDS + "00003001" and r["SALLYPORT_EVENT_CODE"] == "SP-3001"
    assert r["PRIORITY"] == "6" and r["SYSLOG_FACILITY"] == "4"
    assert r["SYSLOG_IDENTIFIER"] == "sallyportd" and r["SYSLOG_PID"] == r["_PID"]
    assert r["_TRANSPORT"] == "journal" and r["SALLYPORT_METHOD"] == "publickey"
    assert r["SALLYPORT_FP"] in r["MESSAGE"] and r["SALLYPORT_UID"] == str(user.uid)
    assert r["SALLYPORT_SRC"] == "127.0.0.1" and r["SALLYPORT_DPORT"] == str(s.port)
    conn = r["SALLYPORT_CONN"]
    whole = journal.wait(f"SALLYPORT_CONN={conn}", "SALLYPORT_EVENT=conn.close")
    assert len(whole) == 1
    events = [e["SALLYPORT_EVENT"] for e in journal.records(f"SALLYPORT_CONN={conn}")
              if "SALLYPORT_EVENT" in e]
    assert events[0] == "conn.open" and events[-1] == "conn.close", events
    assert all(events.count(e) == 1 for e in ("conn.open", "auth.ok", "conn.close")), events


def test_the_system_s_log_is_the_journal_where_there_is_one(make_server, journal, user):
    s = serve(make_server, "system", ident="sp-system")
    s.ssh(user, "true", check=0)
    journal.wait("SYSLOG_IDENTIFIER=sp-system", "SALLYPORT_EVENT=auth.ok")
    r = journal.records("SYSLOG_IDENTIFIER=sp-system")
    assert {e["_TRANSPORT"] for e in r} == {"journal"}


def exported(form, ident):
    return subprocess.run(["journalctl", "-D", "/run/log/journal", "-o", form, "--all", "--no-pager",
                           f"SYSLOG_IDENTIFIER={ident}"], check=True, capture_output=True).stdout


@pytest.mark.parametrize("form", ["export", "json"])
def test_the_chain_of_the_journal_is_complete(make_server, journal, user, form):
    """EVIDENCE.md: journalctl ... | sallyportctl audit verify; and a change is found."""
    ident = f"sp-chain-{form}"
    s = serve(make_server, ident=ident)
    s.ssh(user, "true", check=0)
    s.ssh(user, "true", password="wrong \u202e", NumberOfPasswordPrompts="1")
    journal.wait(f"SYSLOG_IDENTIFIER={ident}", "SALLYPORT_EVENT=conn.close", count=2)
    s.stop()
    journal.wait(f"SYSLOG_IDENTIFIER={ident}", "SALLYPORT_EVENT=audit.checkpoint")
    log = exported(form, ident)
    p = subprocess.run(["sallyportctl", "audit", "verify"], input=log, capture_output=True)
    assert p.returncode == 0 and b"\ncomplete: " in b"\n" + p.stdout, p.stdout
    changed = log.replace(b"Failed password", b"Passed password")
    assert changed != log
    p = subprocess.run(["sallyportctl", "audit", "verify"], input=changed, capture_output=True)
    assert p.returncode == 1 and b"changed: " in p.stdout, p.stdout


HOSTILE = ["x\nSALLYPORT_USER=root", "x\nMESSAGE=Accepted password for root",
           "\x01\n_PID=1", "MESSAGE_ID", "a=b", "\u202eroot", "x" * 200]


def test_a_user_name_forges_no_field(make_server, journal):
    s = serve(make_server, ident="sp-hostile", limits="max_auth_tries = 3;")
    for name in HOSTILE:
        c = Raw(s)
        c.kex()
        c.service()
        c.request(name, "none")
        c.expect(51)
        c.s.close()
    records = journal.wait("SYSLOG_IDENTIFIER=sp-hostile", "SALLYPORT_EVENT=auth.unknown_user",
                           count=len(HOSTILE))
    known = {e["SALLYPORT_REQ"] for e in records}
    assert "x\\nSALLYPORT_USER=root" in known and "a=b" in known, known
    for e in journal.records("SYSLOG_IDENTIFIER=sp-hostile"):
        assert all(isinstance(v, str) and "\n" not in v for v in e.values()), e
        assert e.get("SALLYPORT_USER") != "root" and e["_PID"] != "1"
        assert not e["MESSAGE"].startswith("Accepted")


@pytest.fixture
def rsyslog():
    log = log_scene.Log()
    try:
        yield log
    finally:
        log.close()


def test_another_daemon_that_has_dev_log_goes_on_getting_it(make_server, journal, rsyslog, user):
    s = serve(make_server, "system", ident="sp-taken")
    s.ssh(user, "true", check=0)
    sp.wait_for(lambda: any("sp-taken" in line and "Accepted publickey" in line for line in rsyslog.lines()),
                20, "the line")
    assert not journal.records("SYSLOG_IDENTIFIER=sp-taken")


def test_a_dev_log_that_leads_to_the_journal_is_the_journal(make_server, journal, rsyslog, user):
    os.unlink("/dev/log")
    os.symlink("/run/systemd/journal/dev-log", "/dev/log")
    s = serve(make_server, "system", ident="sp-link")
    s.ssh(user, "true", check=0)
    journal.wait("SYSLOG_IDENTIFIER=sp-link", "SALLYPORT_EVENT=auth.ok")
    assert {e["_TRANSPORT"] for e in journal.records("SYSLOG_IDENTIFIER=sp-link")} == {"journal"}


def play(s, user):
    """Much that a stranger can say before the login, and a login."""
    for name in (*HOSTILE, "\\n\\x41 back\\slash", "caf\u00e9 \u00a0x", "root from 192.0.2.4 port 5"):
        c = Raw(s)
        c.kex()
        c.service()
        c.request(name, "none")
        c.expect(51)
        c.s.close()
    for first in (b"GET / HTTP/1.0\r\n\r\n", b"SSH-2.0-odd\\n\x01\r\n", b"SSH-1.5-old\r\n"):
        with socket.create_connection(("127.0.0.1", s.port)) as c:
            c.sendall(first)
            c.settimeout(5)
            with contextlib.suppress(OSError):
                while c.recv(4096):
                    pass
    s.ssh(user, "true", check=0)


def test_the_sentences_are_those_of_syslog_byte_for_byte(make_server, journal, rsyslog, user):
    """With a name and a process, of which fail2ban makes a line."""
    said, left = [], f"Disconnected from user {user.name} "
    for target in ("syslog", "journal"):
        s = serve(make_server, target, ident="sp-" + target)
        play(s, user)
        if target == "syslog":
            sp.wait_for(lambda: any(left in line for line in rsyslog.lines()), 20, left)
            s.stop()
            lines = [line[line.index("sp-syslog["):] for line in rsyslog.end() if "sp-syslog[" in line]
        else:
            journal.wait("SYSLOG_IDENTIFIER=sp-journal", "SALLYPORT_EVENT=conn.close",
                         f"SALLYPORT_USER={user.name}")
            s.stop()
            journal.wait("SYSLOG_IDENTIFIER=sp-journal", "SALLYPORT_EVENT=server.stop")
            records = journal.records("SYSLOG_IDENTIFIER=sp-journal")
            assert all(e["SYSLOG_PID"] == e["_PID"] and e["SYSLOG_FACILITY"] == "4" for e in records)
            lines = ["{SYSLOG_IDENTIFIER}[{SYSLOG_PID}]: {MESSAGE}".format_map(e) for e in records
                     if not e.get("SALLYPORT_EVENT", "").startswith("audit.")]
        said.append(sorted(re.sub(r"^sp-\w+\[\d+\]|\bport \d+|\bpid \d+|/\w+/s\d*\S*|\d+ ms", "N", line)
                           for line in lines if " pam_" not in line))
    assert len(said[0]) > 20 and said[0] == said[1]


@contextlib.contextmanager
def full(journal):
    os.kill(journal.process.pid, signal.SIGSTOP)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
            filler.setblocking(False)
            filler.connect(SOCKET)
            with pytest.raises(BlockingIOError):
                for _ in range(100000):
                    filler.send(b"MESSAGE=full\nSYSLOG_IDENTIFIER=filler\n")
            yield
    finally:
        os.kill(journal.process.pid, signal.SIGCONT)


def test_a_journal_that_stands_still_loses_nothing(make_server, journal):
    """Failed logins and a reload: what is kept goes over to the next image."""
    s = serve(make_server, ident="sp-slow", limits="startups = { begin = 500; rate = 1; full = 600; }; source = { connections = 600; };")
    ready = [Raw(s) for _ in range(20)]
    for c in ready:
        c.kex()
        c.service()
    with full(journal):
        for i, c in enumerate(ready):
            c.request(f"ghost{i}", "none")
        sp.run(["sallyportctl", "-f", s.config, "reload"], check=0, timeout=60)
    for c in ready:
        c.expect(51)
        c.s.close()
    mine = "SYSLOG_IDENTIFIER=sp-slow"
    for event, count in (("auth.unknown_user", 20), ("conn.close", 20), ("config.reload.start", 1)):
        assert len(journal.wait(mine, f"SALLYPORT_EVENT={event}", count=count)) == count
    assert not journal.records(mine, "SALLYPORT_EVENT=log.drop")


def test_a_journal_that_starts_anew_is_found_and_told_what_it_missed(make_server, journal, user):
    s = serve(make_server, ident="sp-again")
    s.ssh(user, "true", check=0)
    journal.stop()
    s.ssh(user, "true", check=0)
    journal.start()
    s.ssh(user, "true", check=0)
    mine = "SYSLOG_IDENTIFIER=sp-again"
    journal.wait(mine, "SALLYPORT_EVENT=auth.ok", count=2)
    r = journal.wait(mine, "SALLYPORT_EVENT=log.drop")
    assert "records were lost: the journal did not take them" in r[0]["MESSAGE"]


def test_check_says_that_there_is_no_journal(make_server, journal):
    s = serve(make_server)
    assert sp.run([sp.DAEMON, "-t", "-f", s.config]).returncode == 0
    journal.stop()
    p = sp.run([sp.DAEMON, "-t", "-f", s.config])
    assert p.returncode != 0 and f"log.targets: journal: {SOCKET}: No such file" in p.stdout + p.stderr
