"""Walls that are full: nothing is lost, nobody is blamed, and a process that
does not read ends its own connection and holds up no other."""

import os
import re
import signal
import socket
import struct
import time

import pytest

import evil_worker
import sp
from rawssh import Raw, string
from control import ctl, ctl_json
from test_forward import Echo

OPEN, CONFIRMED, FAILED, CLOSE = 90, 91, 92, 97
BLAMED = r"does not answer|rules of the wall|is stuck|internal error"


@pytest.fixture(scope="module")
def evil_daemon():
    evil_worker.build()
    before, sp.DAEMON = sp.DAEMON, evil_worker.DAEMON
    yield evil_worker.table()
    sp.DAEMON = before


@pytest.fixture
def echo():
    e = Echo()
    e.socket.listen(4096)
    yield e
    e.socket.close()


@pytest.fixture
def no_cookies():
    """ssh's listener holds 128 connections. Beyond them the kernel answers with
    SYN cookies, and resets a client whose FIN arrives before its data."""
    path = "/proc/sys/net/ipv4/tcp_syncookies"
    before = open(path).read()
    with open(path, "w") as f:
        f.write("0")
    yield
    with open(path, "w") as f:
        f.write(before)


def nobody_blamed(server):
    assert not re.search(BLAMED, server.log()), server.log()[-3000:]


def test_400_connects_to_one_forwarded_port_at_once(
        make_server, user, echo, no_cookies):
    """And the shell beside them lives: whoever reaches the port cannot end it."""
    server = make_server(penalties="enabled = false;")
    port = next(sp._ports)
    shell = server.popen(user, "echo on; exec cat",
                         flags=("-L", f"{port}:127.0.0.1:{echo.port}"))
    assert shell.stdout.readline() == b"on\n"
    clients = []
    for _ in range(400):
        c = socket.socket()
        c.setblocking(False)
        c.connect_ex(("127.0.0.1", port))
        clients.append(c)
    for i, c in enumerate(clients):
        c.settimeout(60 * sp.SLOW)
        c.sendall(b"a%d" % i)
        c.shutdown(socket.SHUT_WR)
    for i, c in enumerate(clients):
        got = b""
        try:
            while data := c.recv(100):
                got += data
        except OSError as e:
            shell.kill()
            pytest.fail(f"{i}: {e}; ssh: {shell.communicate()[1]}")
        assert got == b"A%d" % i
        c.close()
    shell.stdin.write(b"still\n")
    shell.stdin.flush()
    assert shell.stdout.readline() == b"still\n"
    shell.communicate()
    assert shell.returncode == 0
    nobody_blamed(server)


def direct(channel, port, host=b"127.0.0.1"):
    return (bytes([OPEN]) + string(b"direct-tcpip") +
            struct.pack(">III", channel, 1 << 20, 32768) + string(host) +
            struct.pack(">I", port) + string(b"127.0.0.1") + struct.pack(">I", 9))


@pytest.mark.parametrize("count", [300, 1000])
def test_each_of_many_opens_at_once_is_answered(make_server, user, echo, count):
    server = make_server(log_level="info")
    with Raw(server) as c:
        c.login(user)
        for i in range(count):
            c.send(direct(i, echo.port))
        answers = {CONFIRMED: 0, FAILED: 0}
        seen = set()
        while len(seen) < count:
            p = c.receive()
            if p[0] in answers:
                answers[p[0]] += 1
                seen.add(struct.unpack_from(">I", p, 1)[0])
        assert answers[CONFIRMED] == count, answers
    nobody_blamed(server)


def test_a_thousand_refused_opens_are_answered(make_server, user):
    server = make_server(log_level="info", grants="")
    with Raw(server) as c:
        c.login(user)
        for i in range(1000):
            c.send(direct(i, 1))  # nobody listens there
        for _ in range(1000):
            assert c.expect(FAILED)[0] == FAILED
    nobody_blamed(server)


def test_nine_sessions_with_long_commands_beside_load(make_server, user, echo):
    server = make_server(log_level="info")
    command = b"printf %s " + b"x" * 60000 + b" | wc -c"
    with Raw(server) as c:
        c.login(user)
        for i in range(9):
            c.send(bytes([OPEN]) + string(b"session") +
                   struct.pack(">III", i, 1 << 20, 32768))
        channels = [struct.unpack_from(">I", c.expect(CONFIRMED), 5)[0]
                    for _ in range(9)]
        for n, channel in enumerate(channels):
            for i in range(40):
                c.send(direct(100 + 40 * n + i, echo.port))
            c.send(struct.pack(">BI", 98, channel) + string(b"exec") + b"\0" +
                   string(command))
        sizes, opened = [], 0
        while len(sizes) < 9 or opened < 360:
            p = c.receive()
            if p[0] == 94 and struct.unpack_from(">I", p, 1)[0] < 9:
                sizes.append(p[9:].strip())
            opened += p[0] == CONFIRMED
        assert sizes == [b"60000"] * 9
    nobody_blamed(server)


def test_orders_to_a_stopped_session_wait_and_are_carried_out(
        make_server, user, echo):
    """Its user stopped it: for a few seconds that is nobody's fault."""
    server = make_server(log_level="info")
    with Raw(server) as c:
        c.login(user)
        c.send(direct(0, echo.port))
        c.expect(CONFIRMED)
        session = server.processes("session")[0]
        os.kill(session, signal.SIGSTOP)
        for i in range(1, 900):
            c.send(direct(i, echo.port))
        time.sleep(3)
        nobody_blamed(server)
        os.kill(session, signal.SIGCONT)
        for _ in range(1, 900):
            c.expect(CONFIRMED)
    nobody_blamed(server)


def test_a_session_that_stays_stopped_ends_its_connection(make_server, user, echo):
    server = make_server(log_level="info")
    with Raw(server) as c:
        c.login(user)
        c.send(direct(0, echo.port))
        c.expect(CONFIRMED)
        os.kill(server.processes("session")[0], signal.SIGSTOP)
        for i in range(1, 1000):
            c.send(direct(i, echo.port))
        server.wait_log("the session process does not answer", 30)
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 20, "their end")
    assert not server.processes("session")
    server.ssh(user, "true", check=0)


# ---- a worker that does not read its wall ----

def gone(server, seconds=20):
    sp.wait_for(lambda: not server.processes(r"monitor \S+") and
                not server.processes(r"worker \S+"), seconds, "their end")


def test_max_session_time_holds_for_a_worker_that_does_not_read(
        evil_daemon, make_server, user):
    server = make_server(grants="max_session_time = 2;", log_level="info")
    with evil_worker.Evil(server, evil_daemon) as e:
        e.to("OPEN", user)
        e.never_read("tcp_connect", channel=1, host="127.0.0.1", port=1,
                     originator="x")
        server.wait_log(r"the session.s time is over", 15)
        gone(server)
    server.ssh(user, "true", check=0)


def test_a_worker_that_does_not_read_can_be_killed(evil_daemon, make_server, user):
    server = make_server(log_level="info")
    with evil_worker.Evil(server, evil_daemon) as e:
        e.to("OPEN", user)
        e.never_read("unix_connect", channel=1, path="/nowhere")
        sp.wait_for(lambda: len(ctl_json(server, "sessions")) == 1, what="it")
        one = ctl_json(server, "sessions")[0]
        ctl(server, "kill", one["id"])
        gone(server, 12)
    server.ssh(user, "true", check=0)


def test_a_worker_that_takes_nothing_for_seconds_ends(evil_daemon, make_server, user):
    server = make_server(log_level="info")
    with evil_worker.Evil(server, evil_daemon) as e:
        e.to("OPEN", user)
        e.never_read("unix_connect", channel=1, path="/nowhere")
        server.wait_log("the worker does not answer", 30)
        gone(server)
    server.ssh(user, "true", check=0)


def test_a_worker_that_does_not_read_before_its_login_costs_nobody_s(
        evil_daemon, make_server, user):
    """Its failures are told late, and it never asks for one of them."""
    server = make_server(log_level="info", limits="login_grace = 5;")
    with evil_worker.Evil(server, evil_daemon) as e:
        e.to_auth()
        e.never_read("auth_none", user=user.name, service="ssh-connection")
        for _ in range(3):
            server.ssh(user, "true", check=0)
        gone(server)
