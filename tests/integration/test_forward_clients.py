"""Forwarding as other programs do it: plink, paramiko, libssh, dbclient; tunnels
and jumps between network namespaces; a thousand channels in one connection."""

import os
import re
import socket
import struct
import subprocess
import threading

import pytest

import rawssh
import sp
from test_forward import Echo, free_port, ready, talk

HERE = os.path.dirname(os.path.abspath(__file__))
BIG = os.urandom(2_000_000)


@pytest.fixture
def running():
    started = []

    def start(argv, **kw):
        kw.setdefault("stdin", subprocess.DEVNULL)
        p = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **kw)
        started.append(p)
        return p
    yield start
    for p in started:
        p.kill()
        p.communicate()


def both_ways(port, text=BIG):
    assert talk(("127.0.0.1", port), text) == text.upper()


# ---- other clients ----

def plink(server, user, *flags):
    mark = sp.run(["ssh-keygen", "-lf", server.host_keys[0] + ".pub"], check=0).stdout.split()[1]
    return ["plink", "-batch", "-ssh", "-N", "-P", str(server.port), "-l", user.name, "-pw",
            user.password, "-hostkey", mark, *flags, "127.0.0.1"]


@pytest.mark.parametrize("kind", ["-L", "-R"])
def test_plink(server, user, running, kind):
    echo, port = Echo(), free_port()
    running(plink(server, user, kind, f"{port}:127.0.0.1:{echo.port}"))
    ready(port)
    both_ways(port)


def socks(port, host, to):
    """A connection through a SOCKS 5 proxy."""
    c = socket.create_connection(("127.0.0.1", port), 20)
    c.sendall(b"\x05\x01\x00")
    assert c.recv(2) == b"\x05\x00"
    c.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host + to.to_bytes(2, "big"))
    assert c.recv(10)[1] == 0
    return c


def test_plinks_proxy(server, user, running):
    echo, port = Echo(), free_port()
    running(plink(server, user, "-D", str(port)))
    ready(port)
    c = socks(port, b"localhost", echo.port)
    c.sendall(b"hello")
    assert c.recv(10) == b"HELLO"
    c.close()


@pytest.mark.parametrize("kind", ["-L", "-R"])
def test_dbclient(server, user, running, kind):
    echo, port = Echo(), free_port()
    running(["dbclient", "-y", "-y", "-N", "-p", str(server.port), kind,
             f"{port}:127.0.0.1:{echo.port}", f"{user.name}@127.0.0.1"],
            env=dict(os.environ, DROPBEAR_PASSWORD=user.password))
    ready(port)
    both_ways(port)


def test_dbclient_through_us(server, user):
    """Its -B is ssh's -W."""
    echo = Echo()
    p = sp.run(["dbclient", "-y", "-y", "-p", str(server.port), "-B", f"127.0.0.1:{echo.port}",
                f"{user.name}@127.0.0.1"], input="netcat\n",
               env=dict(os.environ, DROPBEAR_PASSWORD=user.password))
    assert p.stdout == "NETCAT\n", p.stderr


@pytest.fixture
def paramiko_transport(server, user):
    import paramiko
    t = paramiko.Transport(("127.0.0.1", server.port))
    t.start_client(timeout=20)
    t.auth_publickey(user.name, paramiko.Ed25519Key.from_private_key_file(user.key))
    yield t
    t.close()


def test_paramiko_to_a_host(paramiko_transport):
    echo = Echo()
    c = paramiko_transport.open_channel("direct-tcpip", ("127.0.0.1", echo.port), ("127.0.0.1", 1))
    writer = threading.Thread(target=lambda: (c.sendall(BIG), c.shutdown_write()))
    writer.start()
    out = b""
    while data := c.recv(65536):
        out += data
    writer.join()
    assert out == BIG.upper()


def test_paramiko_listens(paramiko_transport):
    t = paramiko_transport
    port = t.request_port_forward("127.0.0.1", 0)
    assert port > 0
    out = []
    asker = threading.Thread(target=lambda: out.append(talk(("127.0.0.1", port), b"from there")))
    asker.start()
    c = t.accept(20)
    assert c.recv(100) == b"from there"
    c.sendall(b"from here")
    c.close()
    asker.join()
    assert out == [b"from here"]
    t.cancel_port_forward("127.0.0.1", port)
    sp.wait_for(lambda: not listening(port), what="the listener's end")


def listening(port):
    return sp.run(["ss", "-tlnH", "sport", "=", f":{port}"]).stdout


@pytest.fixture(scope="module")
def libssh():
    path = sp.SCRATCH + "/libssh_client"
    sp.run(["cc", "-o", path, HERE + "/clients/libssh_client.c", "-lssh"], check=0)
    return path


def libssh_argv(libssh, server, user, *what):
    return [libssh, "127.0.0.1", str(server.port), user.name, user.key, *map(str, what)]


def test_libssh_to_a_host(libssh, server, user):
    echo = Echo()
    p = sp.run(libssh_argv(libssh, server, user, "local", "127.0.0.1", echo.port), text=False,
               input=b"libssh " * 1000, check=0)
    assert p.stdout == b"LIBSSH " * 1000
    sp.run(libssh_argv(libssh, server, user, "local", "127.0.0.1", 1), check=99)


def test_libssh_listens(libssh, server, user, running):
    p = running(libssh_argv(libssh, server, user, "remote", "127.0.0.1", 0))
    port = int(p.stdout.readline())
    both_ways(port)
    assert p.wait(20) == 0, p.stderr.read()


def test_libssh_runs_and_rekeys(libssh, server, user):
    p = sp.run(libssh_argv(libssh, server, user, "run", "sha256sum; exit 5"), text=False,
               input=BIG * 8, env=dict(os.environ, LIBSSH_REKEY="1000000"), check=5, timeout=60)
    import hashlib
    assert p.stdout.split()[0].decode() == hashlib.sha256(BIG * 8).hexdigest()


# ---- many channels ----

def test_a_thousand_channels(make_server, user, running):
    """All open at once in one connection, all alive, all closed again."""
    s = make_server(limits="max_channels = 1100;")
    echo, port = Echo(), free_port()
    running(s.ssh_argv(user, flags=("-N", "-D", str(port))))
    ready(port)
    held = [socks(port, b"localhost", echo.port) for _ in range(1000)]
    for i, c in enumerate(held):
        c.sendall(b"channel %d\n" % i)
    for i, c in enumerate(held):
        assert c.recv(100) == b"CHANNEL %d\n" % i
    # One more is served while the thousand are open.
    assert s.ssh(user, "echo x", check=0).stdout == "x\n"
    for c in held:
        c.close()
    sp.wait_for(lambda: not established(echo.port), what="all closed")
    both_ways_socks(port, echo)


def both_ways_socks(port, echo):
    c = socks(port, b"localhost", echo.port)
    c.sendall(b"again")
    assert c.recv(10) == b"AGAIN"
    c.close()


def established(port):
    return sp.run(["ss", "-tnH", "state", "established", "dport", "=", f":{port}"]).stdout


# ---- networks ----

def ip(*argv):
    sp.run(["ip", *argv], check=0)


@pytest.fixture(scope="module")
def networks():
    """near -- here -- far: two namespaces that know only us."""
    os.makedirs("/run/netns", exist_ok=True)
    names = {"near": "10.78.0", "far": "10.78.1"}
    for name, net in names.items():
        ip("netns", "add", name)
        ip("link", "add", f"sp-{name}", "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("addr", "add", f"{net}.1/24", "dev", f"sp-{name}")
        ip("link", "set", f"sp-{name}", "up")
        ip("-n", name, "addr", "add", f"{net}.2/24", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", name, "link", "set", "lo", "up")
    yield
    for name in names:
        ip("netns", "delete", name)


def inside(name, *argv):
    return ["ip", "netns", "exec", name, *argv]


def daemon_in(name, address):
    """A server whose processes live in that namespace."""
    s = sp.Server(listen=address, start=False)
    s.host = address
    sp.run(inside(name, sp.DAEMON, "-f", s.config, "-E", s.log_file), check=0)
    s.pid = int(open(s.pid_file).read())
    return s


def test_a_jump_across_namespaces(networks, make_server, user):
    """A client in near reaches far's server through ours, and only so."""
    ours = make_server(listen="10.78.0.1")
    far = daemon_in("far", "10.78.1.2")
    try:
        config = f"{ours.dir}/jump"
        with open(config, "w") as f:
            f.write(f"Host jump\n HostName 10.78.0.1\n Port {ours.port}\n"
                    f"Host far\n HostName 10.78.1.2\n Port {far.port}\n ProxyJump jump\n"
                    f"Host alone\n HostName 10.78.1.2\n Port {far.port}\n ConnectTimeout 2\n"
                    f"Host *\n User {user.name}\n IdentityFile {user.key}\n IdentitiesOnly yes\n"
                    " StrictHostKeyChecking no\n UserKnownHostsFile /dev/null\n LogLevel ERROR\n")
        p = sp.run(inside("near", "ssh", "-F", config, "far", "echo $SSH_CONNECTION; cat; exit 4"),
                   input="data", check=4)
        assert re.match(rf"10.78.1.1 \d+ 10.78.1.2 {far.port}\ndata$", p.stdout), p.stdout
        assert sp.run(inside("near", "ssh", "-F", config, "alone", "true")).returncode == 255
        # scp and an agent take the same way.
        sp.run(inside("near", "scp", "-F", config, config, "far:jumped"), check=0)
        assert open(user.home + "/jumped").read() == open(config).read()
    finally:
        far.stop()


@pytest.mark.skipif(not os.path.exists("/dev/net/tun"), reason="no /dev/net/tun")
@pytest.mark.parametrize("kind,mode", [("point-to-point", "tun"), ("ethernet", "tap")])
def test_a_tunnel(networks, make_server, running, kind, mode):
    """ssh -w from near: pings through it, and what it carries arrives whole."""
    class Root:
        name, home, key = "root", "/root", None
    os.makedirs("/root/.ssh", exist_ok=True)
    key = f"{sp.SCRATCH}/tunnel_{mode}"
    sp.clean_key(key)
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=0)
    with open("/root/.ssh/authorized_keys", "w") as f:
        f.write(open(key + ".pub").read())
    Root.key = key
    s = make_server(listen="10.78.0.1", rules=f"""rules = ( {{ name = "root";
        match = {{ user = "root"; }}; methods = [ "publickey" ]; root_login = "key"; tun = "{kind}"; }} );""")
    s.host = "10.78.0.1"
    # -w says point-to-point where nothing before it says otherwise.
    running(inside("near", *s.ssh_argv(Root, flags=("-oTunnel=" + kind, "-N", "-w", "5:6"),
                                       ExitOnForwardFailure="yes")))
    sp.wait_for(lambda: sp.run(["ip", "link", "show", f"{mode}6"]).returncode == 0, what="ours")
    sp.wait_for(lambda: sp.run(["ip", "-n", "near", "link", "show", f"{mode}5"]).returncode == 0,
                what="theirs")
    ip("addr", "add", "10.79.0.1/30", "dev", f"{mode}6")
    ip("link", "set", f"{mode}6", "up")
    ip("-n", "near", "addr", "add", "10.79.0.2/30", "dev", f"{mode}5")
    ip("-n", "near", "link", "set", f"{mode}5", "up")
    p = sp.run(inside("near", "ping", "-c", "3", "-i", "0.2", "-w", "10", "-s", "1300",
                      "10.79.0.1"), check=0)
    assert " 0% packet loss" in p.stdout, p.stdout
    echo = subprocess.Popen(["socat", "TCP-LISTEN:7777,bind=10.79.0.1", "EXEC:cat"])
    try:
        sp.wait_for(lambda: listening(7777), what="socat")
        p = sp.run(inside("near", "socat", "-t", "10", "-", "TCP:10.79.0.1:7777"), text=False,
                   input=BIG, check=0)
        assert p.stdout == BIG
    finally:
        echo.kill()
        echo.wait()


@pytest.mark.parametrize("mode,unit,device", [
    (1, 6, "tun6"), (2, 4096, "tap4096"), (1, 0x7fffffff, "tun"), (1, 0xfffffffe, "tun4294967294")])
def test_a_tunnel_is_off_by_default(server, user, mode, unit, device):
    """And the refusal says what was asked for."""
    mark = server.mark()
    with rawssh.Raw(server) as c:
        c.login(user)
        c.send(rawssh.CHANNEL_OPEN, rawssh.string("tun@openssh.com"),
               struct.pack(">IIIII", 7, 1 << 20, 1 << 15, mode, unit))
        answer = c.expect(rawssh.CHANNEL_CONFIRM, rawssh.CHANNEL_FAILURE)
        assert answer[:9] == struct.pack(">BII", rawssh.CHANNEL_FAILURE, 7, 1), answer
    server.wait_log(rf"Forwarding tun to {device} by {user.name} refused: rule users grants no tun", after=mark)


ASYNCSSH = r"""
import asyncio, asyncssh, os, sys
port, user, key, home, echo = sys.argv[1:]

async def pair_up(reader, writer):
    writer.write((await reader.read(100)).upper()); writer.write_eof(); await writer.drain(); writer.close()

async def ask(reader, writer):
    writer.write(b"abc"); writer.write_eof()
    return await reader.read()

async def main():
    async with asyncssh.connect("127.0.0.1", int(port), username=user, client_keys=[key],
                                known_hosts=None, config=None, agent_path=None) as c:
        # to a host and to a UNIX socket
        assert await ask(*await c.open_connection("127.0.0.1", int(echo), encoding=None)) == b"ABC"
        # the server listens: a port of its choice, and a path
        async with c.start_server(lambda h, p: pair_up, "127.0.0.1", 0, encoding=None) as l:
            assert await ask(*await asyncio.open_connection("127.0.0.1", l.get_port())) == b"ABC"
        path = home + "/listens"
        async with c.start_unix_server(lambda: pair_up, path, encoding=None) as l:
            assert os.stat(path).st_uid != 0
            assert await ask(*await asyncio.open_unix_connection(path)) == b"ABC"
            assert await ask(*await c.open_unix_connection(path, encoding=None)) == b"ABC"
        # its own listeners
        async with c.forward_socks("127.0.0.1", 0), c.forward_local_port("127.0.0.1", 0, "127.0.0.1", int(echo)) as l:
            assert await ask(*await asyncio.open_connection("127.0.0.1", l.get_port())) == b"ABC"
        # refusals have their reasons
        try: await c.open_connection("127.0.0.1", 1)
        except asyncssh.ChannelOpenError as e: assert e.code == asyncssh.OPEN_CONNECT_FAILED, e.code
        else: raise SystemExit("port 1 answers")
        # a terminal, its size, signals, break
        async with c.create_process("trap 'stty size' WINCH; stty size; while :; do sleep 0.1; done", term_type="xterm", term_size=(100, 30)) as p:
            assert "30 100" in await p.stdout.readline()
            p.change_terminal_size(120, 40)
            assert "40 120" in await p.stdout.readline()
            p.send_signal("KILL"); r = await p.wait(); assert r.exit_signal and r.exit_signal[0] == "KILL", r
        p = await c.create_process("echo up; exec sleep 60"); await p.stdout.readline(); p.terminate()
        r = await p.wait(); assert r.exit_signal[0] == "TERM", r
        # many at once
        out = await asyncio.gather(*[c.run(f"cat; exit {i}", input="x" * 100000) for i in range(8)])
        assert [(r.exit_status, len(r.stdout)) for r in out] == [(i, 100000) for i in range(8)]
        await asyncssh.scp(key, (c, home + "/scped")); assert open(home + "/scped").read() == open(key).read()
    print("all done")
asyncio.run(main())
"""


def test_asyncssh(server, user):
    """Every kind of forward, terminals, signals and scp of asyncssh."""
    echo = Echo()
    p = sp.run(["/usr/bin/python3", "-W", "ignore", "-c", ASYNCSSH, str(server.port), user.name,
                user.key, user.home, str(echo.port)])
    assert p.stdout == "all done\n", p.stdout + p.stderr + server.log()[-2000:]
