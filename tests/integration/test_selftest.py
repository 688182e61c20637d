"""sallyportctl selftest: a login through the whole server, and attacks on it."""

import json
import os
import re
import socket
import subprocess
import time

import pytest

import rawssh
import sp
from rawssh import USERAUTH_FAILURE, USERAUTH_SUCCESS, string
from control import ctl

WHOLE, REFUSED, UNTRIED = 0, 1, 2
USES = "/var/lib/sallyport/keys/uses"


def selftest(server, user, *words, check=WHOLE):
    p = ctl(server, "--json", "selftest", "--user",
            getattr(user, "name", user), *words, check=check, timeout=60)
    return json.loads(p.stdout)


def steps(report, kind):
    return [s for s in report["steps"] if s["step"] == kind]


def session(report):
    return {f["name"]: f["value"] for f in report["session"]}


def variables(report):
    return {f["value"] for f in report["session"] if f["name"] == "variable"}


# ---- what it tells ----

def test_a_whole_login_is_told_with_its_times_and_its_session(make_server, user):
    s = make_server()
    r = selftest(s, user)
    assert r["result"] == "whole" and r["why"] == "" and r["user"] == user.name
    assert steps(r, "kex")[0]["microseconds"] > 0
    assert [x["name"] for x in steps(r, "accepted")] == ["publickey"]
    called = [x["name"] for x in steps(r, "call")]
    for name in ("name service look-up", "pam_acct_mgmt", "pam_setcred",
                 "pam_open_session", "pam_close_session"):
        assert name in called, called
    assert called.index("pam_acct_mgmt") < called.index("pam_open_session")
    f = session(r)
    assert f["uid"] == str(user.uid) and f["gid"] == str(user.gid)
    assert f["directory"] == user.home
    assert re.fullmatch(r"(\d+|unlimited) (\d+|unlimited)", f["limit.nofile"])
    assert f["namespace.mnt"].startswith("mnt:[")
    assert {"HOME", "USER", "SHELL", "PATH", "SSH_CONNECTION"} <= variables(r)
    for name in ("loginuid", "audit_session", "cgroup", "keyring", "umask",
                 "nice", "groups", "security_context", "oom_score"):
        assert name in f, f


def test_the_text_is_for_people_and_marks_what_is_slow(make_server, user):
    s = make_server()
    text = ctl(s, "selftest", "--user", user.name, "--slow", "1").stdout
    assert re.search(rf"^self-test of {user.name} from 127.0.0.1: whole", text)
    assert re.search(r"ms SLOW ", text), text
    assert re.search(rf"^  uid +{user.uid}\({user.name}\)$", text, re.M)
    assert re.search(r"^  namespace.mnt +mnt:\S+  \((the server's|its own)\)$",
                     text, re.M)


def test_what_pam_applies_is_what_is_told(make_server, user):
    with open("/mnt/sp/selftest_limits", "w") as f:
        f.write(f"{user.name} soft nofile 321\n{user.name} hard nofile 654\n")
    with open("/mnt/sp/selftest_env", "w") as f:
        f.write("TZ DEFAULT=Asia/Tokyo\nSELFTEST_SET DEFAULT=secret\n")
    sp.write_pam("sp-selftest", """
auth     required pam_unix.so
account  required pam_unix.so
session  required pam_limits.so conf=/mnt/sp/selftest_limits
session  required pam_umask.so umask=0007
session  required pam_env.so conffile=/mnt/sp/selftest_env
session  required pam_exec.so quiet /bin/sleep 0.6
""")
    s = make_server(pam_service="sp-selftest")
    r = selftest(s, user)
    f = session(r)
    assert f["limit.nofile"] == "321 654"
    assert f["umask"] == "0007"
    assert f["timezone"] == "Asia/Tokyo"
    assert "SELFTEST_SET" in variables(r) and "secret" not in json.dumps(r)
    assert "SELFTEST_SET" in [x["name"] for x in steps(r, "variable")]
    (slow,) = [x for x in steps(r, "call") if x["name"] == "pam_open_session"]
    assert slow["slow"] and slow["microseconds"] >= 600000


def test_a_key_command_is_among_the_calls(make_server, user):
    with open("/mnt/sp/selftest_keys", "w") as f:
        f.write("#!/bin/sh\nexit 0\n")
    os.chmod("/mnt/sp/selftest_keys", 0o755)
    s = make_server(publickey='sources = [ "corp" ]; corp = { command = '
                    '[ "/mnt/sp/selftest_keys" ]; user = "nobody"; };')
    r = selftest(s, user)
    assert "key source" in [x["name"] for x in steps(r, "call")]


def test_a_rule_that_counts_some_sources_alone_leaves_it_untried(make_server, user):
    s = make_server(grants='key_sources = [ "user" ];')
    r = selftest(s, user, check=UNTRIED)
    assert [x["name"] for x in steps(r, "untried")] == ["key_sources"]
    assert not steps(r, "accepted")


def test_a_key_source_that_must_be_readable_and_is_not_refuses(make_server, user):
    s = make_server(publickey='sources = [ "corp" ]; corp = { command = '
                    '[ "/bin/false" ]; user = "nobody"; on_error = "refuse"; };')
    r = selftest(s, user, check=REFUSED)
    assert "corp" in r["why"] and not steps(r, "accepted")


def test_the_events_are_marked_and_no_sentence_is_that_of_a_login(make_server, user):
    s = make_server()
    r = selftest(s, user)
    lines = [x for x in s.log().splitlines() if f"conn={r['connection']}" in x]
    assert len(lines) > 4
    assert all("self-test: " in x for x in lines), lines
    assert not re.search(r"(?<!self-test: )Accepted publickey", s.log())
    mark = s.mark()
    s.ssh(user, "true", check=0)
    assert "self-test" not in s.log()[mark:]


def test_what_a_rule_makes_of_it_runs_in_no_case(make_server, user):
    s = make_server(grants='command = "touch /mnt/sp/selftest_ran";')
    r = selftest(s, user)
    (started,) = steps(r, "started")
    assert started["detail"] == "touch /mnt/sp/selftest_ran"
    assert not os.path.exists("/mnt/sp/selftest_ran")


def test_a_chroot_and_sftp_alone_can_be_tested(make_server, user):
    os.makedirs("/mnt/sp/selftest_root", exist_ok=True)
    s = make_server(grants='chroot = "/mnt/sp/selftest_root"; '
                    'shell = false; exec = false; subsystems = [ "sftp" ];')
    r = selftest(s, user)
    assert [x["name"] for x in steps(r, "start_refused")] == ["exec", "shell"]
    assert session(r)["uid"] == str(user.uid)
    assert session(r)["directory"] == "/"


# ---- what the policy says ----

RULES = """
rules = (
  { name = "closed"; match = { user = "%s"; }; refuse = true; },
  { name = "all"; match = { user = "*"; }; methods = [ %s ]; }
);
"""


def test_a_rule_that_refuses_is_named(make_server, user, make_user):
    other = make_user()
    s = make_server(rules=RULES % (user.name, '"publickey"'))
    r = selftest(s, user, check=REFUSED)
    assert r["result"] == "refused" and "closed" in r["why"]
    assert not r["session"] and not steps(r, "accepted")
    assert selftest(s, other)["result"] == "whole"


def test_a_guard_that_refuses_is_told(make_server, user):
    s = make_server(extra='guards = ( { name = "no-ed25519"; match = '
                    '{ key_type = "ssh-ed25519"; }; refuse = true; } );')
    r = selftest(s, user, check=REFUSED)
    assert r["result"] == "refused" and not r["session"]
    assert "no-ed25519" in json.dumps(r)


def test_a_locked_account_is_refused(make_server, user):
    s = make_server()
    subprocess.run(["usermod", "--lock", "--expiredate", "1", user.name],
                   check=True)
    r = selftest(s, user, check=REFUSED)
    assert r["result"] == "refused" and not r["session"]
    assert not steps(r, "session")


def test_nobody_is_refused(make_server):
    s = make_server()
    r = selftest(s, "nobody-of-that-name", check=REFUSED)
    assert r["result"] == "refused" and not steps(r, "accepted")


@pytest.mark.parametrize("methods,word", [
    (("password",), "publickey is not among"),
    (("publickey,password",), "password would follow"),
    (("publickey,publickey",), "publickey would follow")])
def test_what_a_key_alone_does_not_open_is_not_tried(make_server, user, methods, word):
    s = make_server(methods=methods)
    r = selftest(s, user, check=UNTRIED)
    assert r["result"] == "untried" and word in r["why"]
    assert not r["session"] and not steps(r, "accepted")


def test_a_source_that_the_policy_refuses_is_refused(make_server, user):
    s = make_server(rules="""
rules = ( { name = "lan"; match = { user = "*"; from = "10.0.0.0/8"; };
            methods = [ "publickey" ]; } );
""")
    assert selftest(s, user, check=REFUSED)["result"] == "refused"
    assert selftest(s, user, "--source", "10.1.2.3")["result"] == "whole"


def test_it_penalises_nobody_and_makes_no_source_known(make_server, user):
    s = make_server(penalties="enabled = true; minimum = 1;",
                    rules=RULES % (user.name, '"publickey"'))
    selftest(s, user, "--source", "192.0.2.7", check=REFUSED)
    selftest(s, "nobody-of-that-name", "--source", "192.0.2.7", check=REFUSED)
    assert json.loads(ctl(s, "--json", "penalties").stdout) == []
    ctl(s, "penalties", "add", "192.0.2.7", "1h")
    p = ctl(s, "selftest", "--user", user.name, "--source", "192.0.2.7", check=1)
    assert "PerSourcePenalties" in p.stderr


def test_no_use_of_its_key_is_kept(make_server, user):
    if os.path.exists(USES):
        os.unlink(USES)
    s = make_server()
    selftest(s, user)
    assert json.loads(ctl(s, "--json", "keys").stdout) == []


def test_a_failing_pam_session_is_told(make_server, user):
    sp.write_pam("sp-selftest-no", """
auth     required pam_unix.so
account  required pam_unix.so
session  required pam_deny.so
""")
    s = make_server(pam_service="sp-selftest-no")
    r = selftest(s, user, check=REFUSED)
    assert steps(r, "accepted") and steps(r, "session_failed")
    assert not r["session"]


def test_only_root_can_ask(make_server, user):
    s = make_server()
    p = ctl(s, "-s", s.control, "selftest", "--user", user.name, check=1, user=user)
    assert "only root" in p.stderr
    os.chmod(s.control, 0o666)
    p = ctl(s, "-s", s.control, "selftest", "--user", user.name, check=1, user=user)
    assert "permission denied" in p.stderr
    assert "Accepted" not in s.log()


# ---- attacks: the key, the connection, and the protocol between ----

class Over(rawssh.Raw):
    """A client on a connection that is there already."""

    def __init__(self, sock):
        self.s = sock
        self.s.settimeout(15 * sp.SLOW)
        self.buffer = b""
        self.seal = self.open = None
        self.deflate = self.inflate = None
        self.sent = self.received = 0
        self.session_id = None
        self.number_seen = []
        self.version = b"SSH-2.0-attacker"
        self.raw(self.version + b"\r\n")
        self.server_version = self.line()


class Attack:
    """What root's tool has in its hands, in those of a test."""

    def __init__(self, server, user, seconds=30, key=None):
        self.key = (key or user).key
        blob = open(self.key + ".pub").read().split()[1]
        c = socket.socket(socket.AF_UNIX)
        c.connect(server.control)
        c.sendall(b"\0".join([b"selftest", user.name.encode(), blob.encode(),
                              str(seconds).encode()]) + b"\n")
        answer, fds, _, _ = socket.recv_fds(c, 65536, 1)
        assert b"host_key=" in answer, answer
        self.report = socket.socket(fileno=fds[0])
        word, (fd,), _, _ = socket.recv_fds(self.report, 64, 1)
        assert word == b"connection"
        self.connection = socket.socket(fileno=fd)
        c.close()

    def close(self):
        self.connection.close()
        self.report.close()


@pytest.fixture
def stranger(make_user):
    """A user with a key that opens nothing."""
    u = make_user()
    os.unlink(u.home + "/.ssh/authorized_keys")
    return u


def enter(raw, user, key):
    """True: in."""
    mine, user.key = user.key, key
    try:
        raw.login_key(user)
        return True
    except (rawssh.Closed, AssertionError):
        return False
    finally:
        user.key = mine


def test_the_key_is_good_on_its_own_connection_alone(make_server, stranger):
    s = make_server()
    a = Attack(s, stranger)
    with rawssh.Raw(s) as other:
        assert not enter(other, stranger, a.key)
    assert enter(Over(a.connection), stranger, a.key)
    with rawssh.Raw(s) as again:
        assert not enter(again, stranger, a.key)
    a.close()


def test_another_connection_has_another_key(make_server, stranger, make_user):
    s = make_server()
    other = make_user()
    os.unlink(other.home + "/.ssh/authorized_keys")
    a, b = Attack(s, stranger), Attack(s, stranger, key=other)
    assert not enter(Over(b.connection), stranger, a.key)
    assert not enter(Over(a.connection), stranger, b.key)
    a.close()
    b.close()


def test_the_key_is_good_for_its_user_alone(make_server, stranger, make_user):
    s = make_server()
    other = make_user()
    a = Attack(s, stranger)
    assert not enter(Over(a.connection), other, a.key)
    a.close()


def test_the_key_is_good_for_its_time_alone(make_server, stranger):
    s = make_server()
    a = Attack(s, stranger, seconds=1)
    time.sleep(1.1)
    assert not enter(Over(a.connection), stranger, a.key)
    a.report.settimeout(20)
    while b"name=expired" not in (line := a.report.recv(65536)):
        assert line != b""
    a.close()


def test_a_signature_of_another_key_is_refused(make_server, stranger, make_user):
    """The public key is no secret: without its private half it is nothing."""
    s = make_server()
    other = make_user()
    a = Attack(s, stranger)
    forged = s.dir + "/forged"
    for suffix, source in (("", other.key), (".pub", a.key + ".pub")):
        with open(forged + suffix, "wb") as f:
            f.write(open(source if suffix == "" else source, "rb").read())
    assert not enter(Over(a.connection), stranger, forged)
    a.close()


def channel(raw):
    raw.send(rawssh.CHANNEL_OPEN, string("session"), b"\0\0\0\0",
             b"\0\x10\0\0", b"\0\0\x80\0")
    return raw.expect(rawssh.CHANNEL_CONFIRM)


def test_nothing_but_the_report_runs(make_server, stranger):
    s = make_server()
    a = Attack(s, stranger)
    raw = Over(a.connection)
    assert enter(raw, stranger, a.key)
    channel(raw)
    raw.send(98, b"\0\0\0\0", string("exec"), 1,
             string("touch /mnt/sp/selftest_exec; id"))
    data = b""
    while b"keyring" not in data:
        data += raw.expect(rawssh.CHANNEL_DATA)
    assert b"sallyport-selftest 1\n" in data
    assert not os.path.exists("/mnt/sp/selftest_exec")
    a.close()


def test_no_terminal_and_no_forward(make_server, stranger):
    s = make_server()
    a = Attack(s, stranger)
    raw = Over(a.connection)
    assert enter(raw, stranger, a.key)
    channel(raw)
    raw.send(98, b"\0\0\0\0", string("pty-req"), 1, string("xterm"),
             b"\0\0\0\x50\0\0\0\x18" + b"\0" * 8, string(""))
    assert raw.expect(99, 100)[0] == 100
    raw.send(98, b"\0\0\0\0", string("auth-agent-req@openssh.com"), 1)
    assert raw.expect(99, 100)[0] == 100
    raw.send(rawssh.GLOBAL_REQUEST, string("tcpip-forward"), 1,
             string("127.0.0.1"), b"\0\0\0\0")
    assert raw.expect(81, 82)[0] == 82
    raw.send(rawssh.CHANNEL_OPEN, string("direct-tcpip"), b"\0\0\0\1",
             b"\0\x10\0\0", b"\0\0\x80\0", string("127.0.0.1"),
             b"\0\0" + s.port.to_bytes(2, "big"), string("127.0.0.1"), b"\0\0\0\1")
    assert raw.expect(91, 92)[0] == 92
    a.close()


@pytest.mark.parametrize("words", [
    ["{user}", "AAAA", "30"], ["{user}", "{key}", "0"],
    ["{user}", "{key}", "601"], ["", "{key}", "30"],
    ["{user}", "{key}", "30", "here"], ["{user}", "{key}", "30", "::1", "none"],
    ["{user}", "{key}"]])
def test_a_request_that_is_not_one_is_refused(make_server, user, words):
    s = make_server()
    key = open(user.key + ".pub").read().split()[1]
    c = socket.socket(socket.AF_UNIX)
    c.connect(s.control)
    c.sendall(b"\0".join([b"selftest"] + [
        w.format(user=user.name, key=key).encode() for w in words]) + b"\n")
    answer, fds, _, _ = socket.recv_fds(c, 65536, 1)
    assert answer.startswith(b"error ") and not fds
    assert ctl(s, "status").returncode == 0


def test_one_that_is_left_alone_costs_nothing(make_server, user):
    s = make_server()
    for _ in range(3):
        Attack(s, user).close()
    sp.wait_for(lambda: json.loads(ctl(s, "--json", "status").stdout)
                ["connections"] == 0, 10, "their end")
    assert selftest(s, user)["result"] == "whole"
