"""sallyportctl sessions, kill, drain and message."""

import os
import re
import subprocess
import time

import pytest

import sp
from control import CTL, ctl, ctl_json, stats, login, ended, fingerprint


def test_sessions_show_who_from_where_by_what(server, user):
    p = login(server, user)
    p.stdin.write(b"x" * 5000)
    p.stdin.flush()
    (one,) = ctl_json(server, "sessions")
    assert one["user"] == user.name and one["uid"] == user.uid
    assert one["source"] == "127.0.0.1" and one["port"] > 0
    assert one["rule"] == "users"
    assert one["method"] == "publickey"
    assert one["key"] == fingerprint(user)
    assert one["logged_in"] is True and one["state"] == "open"
    assert abs(one["since"] - time.time()) < 60
    assert server.processes("monitor") == [one["monitor"]]
    text = ctl(server, "sessions").stdout
    assert one["id"] in text and user.name in text
    assert fingerprint(user) in text
    p.stdin.close()
    p.wait(20)
    sp.wait_for(lambda: ctl_json(server, "sessions") == [], 10, "no session")


def test_sessions_count_bytes_channels_and_terminals(server, user):
    p = server.popen(user, "tty; head -c 300000 /dev/zero | tr '\\0' y; cat",
                     flags=("-tt",))
    p.stdout.read(1000)

    def counted():
        (one,) = ctl_json(server, "sessions")
        return one if one["bytes_out"] > 300000 else None
    # A worker reports now and then; reading lets the data flow.
    os.set_blocking(p.stdout.fileno(), False)

    def both():
        p.stdout.read()
        return counted()
    one = sp.wait_for(both, 30, "the report of the bytes")
    assert one["channels"] == 1
    assert one["tty"].startswith("pts/")
    p.kill()
    p.wait()


def test_who_has_not_logged_in_is_listed_too(server):
    s = server.connect()
    s.recv(100)
    (one,) = ctl_json(server, "sessions")
    assert one["logged_in"] is False and one["user"] == ""
    assert one["state"] == "key exchange"
    assert "not logged in" in ctl(server, "sessions").stdout
    assert ctl_json(server, "status")["unauthenticated"] == 1
    s.close()


@pytest.mark.parametrize("by", ["id", "user", "source", "network", "key",
                                "user:", "from:", "key:", "id:"])
def test_kill_ends_the_session_and_says_so(server, make_user, by):
    user, other = make_user(), make_user()
    victim = login(server, user)
    (one,) = ctl_json(server, "sessions")
    target = {"id": one["id"], "user": user.name, "source": "127.0.0.1",
              "network": "127.0.0.0/8", "key": fingerprint(user),
              "user:": "user:" + user.name, "from:": "from:127.0.0.1",
              "key:": "key:" + fingerprint(user), "id:": "id:" + one["id"]}
    everybody = by in ("source", "network", "from:")
    bystander = None if everybody else login(server, other)
    mark = server.mark()
    assert one["id"] in ctl(server, "kill", target[by]).stdout
    code, err = ended(victim)
    assert code == 255
    assert "ended by the administrator" in err
    server.wait_log(rf"sallyportctl: kill {re.escape(target[by])} by uid 0 "
                    r"pid \d+", after=mark)
    server.wait_log(rf"Connection {one['id']} ended by uid 0", after=mark)
    sp.wait_for(lambda: not user.processes(), 10, "the user's end")
    if bystander:
        (left,) = sp.wait_for(
            lambda: len(s := ctl_json(server, "sessions")) == 1 and s, 10,
            "the victim's end")
        assert left["user"] == other.name
        bystander.stdin.write(b"still here\n")
        bystander.stdin.flush()
        assert bystander.stdout.readline() == b"still here\n"
        bystander.stdin.close()
        assert bystander.wait(20) == 0


def test_kill_ends_one_that_has_not_logged_in(server):
    s = server.connect()
    s.recv(100)
    (one,) = ctl_json(server, "sessions")
    ctl(server, "kill", one["id"])
    s.settimeout(20)
    while s.recv(4096):
        pass
    sp.wait_for(lambda: ctl_json(server, "sessions") == [], 15, "its end")


def test_kill_by_force_when_the_monitor_is_stopped(server, user):
    p = login(server, user)
    (one,) = ctl_json(server, "sessions")
    os.kill(one["monitor"], 19)  # SIGSTOP: it cannot end in order
    mark = server.mark()
    ctl(server, "kill", one["id"])
    server.wait_log("did not end in time: by force", seconds=20, after=mark)
    assert ended(p)[0] == 255
    sp.wait_for(lambda: ctl_json(server, "sessions") == [], 15, "its end")
    # Ours, not a crash: nobody is penalised or counted for it.
    assert stats(server)['sallyport_crashes_total{component="monitor"}'] == 0
    sp.wait_for(lambda: not user.processes(), 10, "the user's end")


def test_kill_of_nobody_is_an_error(server):
    for target in ("nobody-here", "0123456789abcdef", "192.0.2.7",
                   "SHA256:" + "A" * 43):
        p = ctl(server, "kill", target, check=1)
        assert "no such connection" in p.stderr, p.stderr
    assert "no address" in ctl(server, "kill", "from:x", check=1).stderr
    assert "16 hexadecimal" in ctl(server, "kill", "id:12", check=1).stderr
    assert ctl_json(server, "kill", "x", check=1) == {
        "error": "x: no such connection"}


def test_drain_refuses_new_connections_and_keeps_the_old(server, user):
    p = login(server, user)
    assert ctl_json(server, "drain") == {"draining": True, "connections": 1}
    again = server.ssh(user, "true", LogLevel="INFO")
    assert again.returncode == 255
    assert "this server is being taken out of service" in again.stderr, again.stderr
    s = server.connect()
    data = s.recv(1000)
    assert data.startswith(b"SSH-2.0-") and b"takes no new connections" in data
    s.close()
    # More at once than are kept open, and none stays.
    many = [server.connect() for _ in range(100)]
    for s in many:
        s.settimeout(20)
        while s.recv(1000):
            pass
        s.close()
    assert ctl_json(server, "status")["draining"] is True
    assert stats(server)['sallyport_dropped_total{cause="draining"}'] >= 2
    waiter = subprocess.Popen([CTL, "-f", server.config, "drain", "wait"],
                              stdout=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        waiter.wait(2)
    p.stdin.write(b"still here\n")
    p.stdin.flush()
    assert p.stdout.readline() == b"still here\n"
    p.stdin.close()
    assert p.wait(20) == 0
    assert waiter.wait(20) == 0
    assert "Draining" in server.log()
    # It is the administrator's word: a reload does not take it back.
    ctl(server, "reload")
    assert ctl_json(server, "status")["draining"] is True
    assert ctl_json(server, "drain", "off")["draining"] is False
    assert server.ssh(user, "echo back").stdout == "back\n"


def test_a_message_reaches_terminals_of_the_target_alone(server, make_user):
    """Once to one, then to all; nothing of it is a terminal's command."""
    from test_terminal import Terminal
    users = make_user(), make_user()
    terminals = [Terminal(server.ssh_argv(u, "echo up; exec cat", flags=("-tt",))) for u in users]
    for t in terminals:
        t.expect(rb"up\r\n")
    plain = login(server, users[0])
    one = ctl(server, "sessions", "message", f"user:{users[0].name}", "Bring \x1b[31mcoffee").stdout
    assert one.count("is told") == 1, one
    terminals[0].expect(rb"Message from the administrator: Bring \?\[31mcoffee\r\n")
    assert ctl(server, "sessions", "message", "all", "Down at noon").stdout.count("is told") == 2
    for t in terminals:
        seen = t.expect(rb"(.*)Message from the administrator: Down at noon\r\n")
        assert b"coffee" not in seen.group(1)
    assert "no such connection has a terminal" in ctl(server, "sessions", "message", "nobody", "x", check=1).stderr
    assert "too long" in ctl(server, "sessions", "message", "all", "x" * 501, check=1).stderr
    server.wait_log("message.*all.*by uid 0")
    for t in terminals:
        t.send("\x04")
        assert t.wait() == 0
    assert plain.communicate(timeout=20)[0] == b""
    # A session is one until PAM has closed it, which Debian 13's stack does slowly.
    sp.wait_for(lambda: ctl(server, "sessions", "message", "all", "to nobody").stdout == "",
                10, "the end of the sessions")
