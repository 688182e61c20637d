"""Who has said nothing is greeted, and costs no process."""

import os
import re
import select
import signal
import socket
import struct
import time

import pytest

import sp
from control import ctl, ctl_json, stats


def receive(s, seconds=10):
    """All that comes at once: the identification and KEXINIT."""
    data = b""
    s.settimeout(seconds)
    while True:
        part = s.recv(65536)
        assert part, data  # it has ended
        data += part
        line, _, rest = data.partition(b"\r\n")
        if len(rest) >= 4 and len(rest) - 4 >= struct.unpack(">I", rest[:4])[0]:
            return line, rest


def workers(server):
    return [p for p, t in server.processes().items()
            if re.search("(worker|monitor) ", t)]


def events(server, name, mark=0):
    return re.findall(rf"{name}.*", server.log()[mark:])


def test_identification_and_kexinit_come_without_a_process(server):
    cookies = set()
    made = [server.connect() for _ in range(5)]
    for s in made:
        line, packet = receive(s)
        assert re.fullmatch(rb"SSH-2\.0-OpenSSH_compatible_sallyport_\S+", line)
        length, padding, number = struct.unpack(">IBB", packet[:6])
        assert number == 20 and length + 4 == len(packet)
        assert padding >= 4 and len(packet) % 8 == 0
        cookies.add(packet[6:22])
        first = struct.unpack(">I", packet[22:26])[0]
        assert b"curve25519-sha256" in packet[26:26 + first].split(b",")
    assert len(cookies) == 5
    assert workers(server) == []
    assert stats(server)['sallyport_connections{state="open"}'] == 0
    assert stats(server)['sallyport_connections{state="kex"}'] == 5
    for s in made:
        s.close()


@pytest.mark.parametrize("how", ["closed", "reset"])
def test_it_goes_as_it_came(server, how):
    mark = len(server.log())
    s = server.connect()
    _, port = s.getsockname()
    receive(s)
    if how == "reset":
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                     struct.pack("ii", 1, 0))
    s.close()
    server.wait_log(rf"Connection {how} by 127\.0\.0\.1 port {port}",
                    after=mark)
    text = server.log()[mark:]
    ids = re.findall(r"\b[0-9a-f]{16}\b", text)
    assert len(set(ids)) == 1, text
    assert text.count(f"port {port}") == 2, text  # its open and its close
    b = stats(server)
    assert b['sallyport_connections_total{result="no_auth"}'] == 1
    assert b["sallyport_sent_bytes_total"] > 500


def test_the_first_byte_brings_the_processes(server):
    s = server.connect()
    receive(s)
    assert workers(server) == []
    s.send(b"S")
    sp.wait_for(lambda: len(workers(server)) == 2, 5, "worker and monitor")
    s.close()
    sp.wait_for(lambda: workers(server) == [], 5, "their end")


def delayed(server, where):
    """ssh's way to the server, that says nothing until `where`/go exists."""
    return (f"ProxyCommand=bash -c 'exec 3<>/dev/tcp/127.0.0.1/{server.port};"
            f"touch {where}/in; while [ ! -e {where}/go ]; do sleep 0.05; done;"
            "cat <&3 & cat >&3'")


@pytest.mark.parametrize("meanwhile", ["nothing", "reload", "worker template"])
def test_who_waited_is_served(server, user, tmp_path, meanwhile):
    tmp_path.chmod(0o777)
    p = server.popen(user, "echo served",
                     flags=("-o", delayed(server, tmp_path)))
    sp.wait_for(lambda: (tmp_path / "in").exists(), 10, "the connection")
    sp.wait_for(lambda: stats(server)['sallyport_connections{state="kex"}']
                == 1, 10, "its acceptance")
    if meanwhile == "reload":
        ctl(server, "reload")
    elif meanwhile == "worker template":
        other = server.connect()
        receive(other)
        other.send(b"S")
        worker = sp.wait_for(
            lambda: [p for p, t in server.processes().items()
                     if "worker " in t], 5, "a worker")[0]
        before = server.processes("workers")
        os.kill(worker, sp.CRASH)
        sp.wait_for(lambda: server.processes("workers") not in ([], before)
                    and len(server.processes("workers")) == 1, 10,
                    "another template")
    (tmp_path / "go").touch()
    out, err = p.communicate(timeout=30)
    assert out.strip() in (b"served", "served"), (out, err, server.log())


def test_silence_ends_at_the_grace_time(make_server):
    server = make_server(limits="login_grace = 5;")
    s = server.connect()
    receive(s)
    s.settimeout(15)
    start = time.monotonic()
    assert s.recv(100) == b""
    assert time.monotonic() - start > 1
    server.wait_log("timeout|Timeout")
    assert stats(server)['sallyport_connections{state="kex"}'] == 0


def test_the_administrator_ends_it(server):
    s = server.connect()
    receive(s)
    found = ctl_json(server, "sessions")
    ctl(server, "kill", "127.0.0.1")
    assert s.recv(100) == b"", found
    sp.wait_for(lambda: stats(server)['sallyport_connections{state="kex"}']
                == 0, 5, "its end")


def test_sigterm_ends_it(server):
    s = server.connect()
    receive(s)
    os.kill(server.pid, signal.SIGTERM)
    assert select.select([s], [], [], 10)[0]
    assert s.recv(100) == b""
    sp.wait_for(lambda: not os.path.exists(f"/proc/{server.pid}"), 10, "end")


def test_the_lobby_is_no_larger_than_max_startups(make_server):
    server = make_server(
        limits="startups = { begin = 5; rate = 100; full = 5; };")
    made = [server.connect() for _ in range(5)]
    for s in made:
        receive(s)
    late = server.connect()
    late.settimeout(5)
    assert b"Not allowed" in late.recv(100)
    for s in made:
        s.close()
    sp.wait_for(lambda: stats(server)['sallyport_connections{state="kex"}']
                == 0, 5, "room")
    receive(server.connect())


def test_a_burst_waits_for_the_templates(make_server):
    """More first bytes than a template's queue holds, and nobody is lost."""
    server = make_server(limits="""max_connections = 1000;
        startups = { begin = 1000; rate = 100; full = 1000; };
        source = { connections = 1000; };""")
    template = server.processes("workers")[0]
    os.kill(template, signal.SIGSTOP)
    made = [server.connect() for _ in range(300)]
    for s in made:
        s.send(b"S")
    sp.wait_for(lambda: stats(server)["sallyport_accepted_total"] == 300, 10,
                "their acceptance")
    os.kill(template, signal.SIGCONT)
    sp.wait_for(lambda: len(workers(server)) == 600, 30, "their processes")
    assert "could not be handed over" not in server.log()
    for s in made:
        s.close()
    sp.wait_for(lambda: workers(server) == [], 30, "their end")


@pytest.mark.parametrize("say", [b"", b"SSH-2.0-slow\r\n"],
                         ids=["nothing", "its name"])
def test_a_flood_of_many_sources_without_keys_gives_way(make_server, user, say):
    server = make_server(
        limits="startups = { begin = 5; rate = 100; full = 5; };")
    made = [socket.create_connection(("127.0.0.1", server.port), 20,
                                     source_address=(f"127.9.9.{i}", 0))
            for i in range(1, 6)]
    for s in made:
        s.send(say)

    def gets_in():
        return server.ssh(user, "true").returncode == 0
    assert not gets_in()
    sp.wait_for(gets_in, 10, "a login")
    server.wait_log("gave way to another source")
    for s in made:
        s.close()
