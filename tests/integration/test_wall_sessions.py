"""A compromised worker after the login: its orders, its sandbox, its terminals."""

import os
import re

import pytest

import evil_worker
import sp
from wall import *


# ---- after the login ----

def test_channel_numbers_are_used_once(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        e.send("session_open", channel=7)
        e.expect("granted")
        e.send("session_open", channel=7)
        e.expect("refused")
        e.send("start", channel=7, kind=1, command="true")
        e.expect("granted")
        mark = server.mark()
        e.send("start", channel=7, kind=1, command="true")
        e.wait_end()
        server.wait_log(VIOLATION + ".*message start in state OPEN", after=mark)
    sp.wait_for(lambda: not user.processes(), what="end of the programs")


@pytest.mark.parametrize("name", ["pty", "env", "x11", "agent", "start", "window",
                                  "signal"])
def test_channels_that_are_not_there(server, user, messages, name):
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        e.send(name, channel=99)
        e.wait_end()
    server.wait_log(VIOLATION + f".*message {name} in state OPEN", after=mark)


def test_what_the_rule_forbids_stays_forbidden(make_server, user, messages):
    server = make_server(rules="""
rules = ( { name = "users"; methods = [ "password", "publickey" ];
  pty = false; exec = false; shell = false; max_sessions = 2;
  local_forward = [ "127.0.0.1:1" ]; } );
""")
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        e.send("session_open", channel=1)
        e.expect("granted")
        for name, values in (
                ("pty", dict(channel=1)), ("agent", dict(channel=1)),
                ("x11", dict(channel=1, protocol="MIT-MAGIC-COOKIE-1", cookie="ab")),
                ("env", dict(channel=1, name="LD_PRELOAD", value="/x")),
                ("start", dict(channel=1, kind=0)),
                ("start", dict(channel=1, kind=1, command="id")),
                ("start", dict(channel=1, kind=2, command="no-such")),
                ("tcp_connect", dict(channel=2, host="127.0.0.1", port=22)),
                ("unix_connect", dict(channel=2, path="/run/x")),
                ("tun", dict(channel=2, mode=1))):
            e.send(name, **values)
            got, fields = e.expect("refused", "granted", "pty_made", "cancelled")
            # what may not start ends with a sentence, as a program would
            assert got == "refused" or (name, got) == ("start", "cancelled"), (name, values)
        for name, values in (("tcp_listen", dict(address="", port=8080)),
                             ("unix_listen", dict(path="/tmp/x"))):
            e.send(name, request=3, **values)
            got, _ = e.expect("listening", "not_listening")
            assert got == "not_listening"
        e.send("session_open", channel=3)
        e.expect("granted")
        e.send("session_open", channel=4)
        e.expect("refused")
        assert "session_wall" not in [n for n, _ in e.got]
    assert not user.processes()


def test_floods_after_the_login_end_somewhere(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        for i in range(3000):
            e.send("unix_connect", channel=i, path="/nonexistent")
            e.send("channel_offered", channel=100000 + i, kind=0)
        e.alive(0.5)
        monitor = [p for p, t in server.processes().items()
                   if re.match(r"sallyportd: monitor \S", t)]
        for pid in monitor:
            rss = int(sp.status(pid)["VmRSS"].split()[0])
            assert rss < 60000 * sp.SLOW
    unharmed(server, user, server.pid)


def test_a_command_of_the_largest_size(server, user, messages):
    """And a large environment with it: refused or run, never a crash."""
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        e.send("session_open", channel=1)
        for _ in range(3):
            e.send("env", channel=1, name="LANG", value="v" * 32000)
        e.send("start", channel=1, kind=1, command=": " + "x" * (128 * 1024 - 8))
        e.alive(1)
    unharmed(server, user, server.pid)


@pytest.mark.parametrize("state", ["KEX", "AUTH", "OPEN"])
def test_a_worker_s_log_line_names_it_and_matches_no_watcher(
        server, user, messages, state):
    """A watcher may search anywhere in a line: no sentence is left in it."""
    with evil_worker.Evil(server, messages) as e:
        e.to(state, user)
        for text in (FORGED, "x\n" + FORGED, "error: PAM: " + FORGED):
            e.send("log", level=2, line=text)
        e.send("log", level=2, line="the last one")
        line = server.wait_log(r"worker of \w{16}: the_last_one").group(0)
        e.forbidden("q")
        e.wait_end()
    server.wait_log(rf"Connection.*conn={line.split()[2][:-1]}")
    told = [x for x in server.log().splitlines() if "203.0.113.9" in x]
    assert len(told) == 3, told
    for x in told:
        assert line.split(": ")[0] + ": " in x, x
        assert not re.search(r"Failed\s+password|\bfrom\b|\bport\b", x), x


def test_leaving_without_a_word(server, user, messages):
    for state in ("KEX", "AUTH", "ASKING", "OPEN"):
        with evil_worker.Evil(server, messages) as e:
            e.to(state, user)
            e.forbidden("q")
            e.wait_end()
    unharmed(server, user, server.pid)
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), what="their end")


# ---- the sandbox ----

# In a build with sanitizers: no leave for the calls of their reports.
STRICT = {"SALLYPORT_STRICT_SANDBOX": "1"}


@pytest.mark.parametrize("what", list("osefkp"))
def test_a_forbidden_call_kills_and_is_told(make_server, user, messages, what):
    if sp.ASAN and what in "fk":
        pytest.skip("a sanitizer's report needs clone and kill")
    server = make_server(penalties="enabled = true; crash = 60; minimum = 10;", env=STRICT)
    master = server.pid
    keeps = server.popen(user, "echo on; exec cat")
    assert keeps.stdout.readline() == b"on\n"
    before = server.processes("workers")
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.forbidden(what)
        e.wait_end()
    server.wait_log(r"(?i)sandbox")
    server.wait_log(r"penalty of \d+ seconds for")
    sp.wait_for(lambda: set(server.processes("workers")) - set(before),
                what="a new template")
    # The source is not served for a while; who is in stays in.
    assert server.ssh(user, "true").returncode != 0
    keeps.stdin.write(b"still\n")
    keeps.stdin.flush()
    assert keeps.stdout.readline() == b"still\n"
    keeps.kill()
    keeps.communicate()
    assert server.pid == master


def test_logins_go_on_while_workers_are_replaced(make_server, user, messages):
    server = make_server(env=STRICT)
    for what in "osep" if sp.ASAN else "osef":
        with evil_worker.Evil(server, messages) as e:
            e.to_auth()
            e.forbidden(what)
            e.wait_end()
        server.ssh(user, "true", check=0)
    assert len(re.findall(r"(?i)sandbox violation|sandbox", server.log())) >= 4
    assert "Accepted" in server.log()


# ---- terminals ----

def test_a_terminal_is_ours_until_its_logout_is_written(
        server, user, make_user, messages):
    """The worker closes a terminal and does not say so: the next user's must
    not be the one whose owner and modes the monitor then takes back."""
    other = make_user()
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        e.send("session_open", channel=1)
        e.expect("granted")
        e.send("pty", channel=1, term="vt100", columns=80, rows=24)
        e.expect("pty_made")
        # Nor does the user's own process tell that the program has ended.
        e.send("start", channel=1, kind=1, command="kill -STOP $PPID")
        e.expect("granted")
        session = sp.wait_for(lambda: server.processes("session"),
                              what="the session")[0]
        sp.wait_for(lambda: sp.status(session)["State"].startswith("T"),
                    what="its stop")
        sp.wait_for(lambda: all(" T" in p for p in user.processes()), what="its end")
        e._frame(b"P")
        with server.popen(other, "tty; stat -c '%U %a' $(tty); read line; "
                          "stat -c '%U %a' $(tty)", flags=("-tt",)) as p:
            p.stdout.readline()
            owner = p.stdout.readline().decode().strip()
            assert owner.split()[0] == other.name
            e.send("channel_closed", channel=1)
            e.send("session_open", channel=2)
            e.expect("granted")
            out = p.communicate(b"go\n", timeout=20 * sp.SLOW)[0].decode()
    assert owner in [line.strip() for line in out.split("\n")], out


def test_a_terminal_left_is_nobody_s(server, user, messages):
    """Between the program's end and the channel's: who could open it then
    would write to the client's terminal."""
    before = set(os.listdir("/dev/pts"))
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        e.send("session_open", channel=1)
        e.expect("granted")
        e.send("pty", channel=1, term="vt100", columns=80, rows=24)
        e.expect("pty_made")
        tty = "/dev/pts/" + (set(os.listdir("/dev/pts")) - before).pop()
        assert os.stat(tty).st_uid == user.uid
        e.send("start", channel=1, kind=1, command="true")
        e.expect("granted")
        st = sp.wait_for(lambda: os.stat(tty) if os.stat(tty).st_uid == 0
                         else None, what="the terminal's return")
        sp.wait_for(lambda: os.stat(tty).st_mode & 0o777 == 0o600, 2,
                    what="its modes")
        assert st.st_uid == 0
