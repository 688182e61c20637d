"""Forwarding with real programs: -L -R -D -W -J -X -w, UNIX sockets."""

import os
import re
import socket
import subprocess
import threading
import time

import pytest

import sp


class Echo(threading.Thread):
    """A TCP or UNIX server that sends back what it gets, in capitals."""

    def __init__(self, path=None):
        super().__init__(daemon=True)
        if path:
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.bind(path)
            os.chmod(path, 0o777)
        else:
            self.socket = socket.socket()
            self.socket.bind(("127.0.0.1", 0))
            self.port = self.socket.getsockname()[1]
        self.socket.listen(200)
        self.peers = []
        self.start()

    def run(self):
        while True:
            try:
                c, peer = self.socket.accept()
            except OSError:
                return
            self.peers.append(peer)
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    @staticmethod
    def serve(c):
        while True:
            data = c.recv(65536)
            if not data:
                break
            c.sendall(data.upper())
        c.shutdown(socket.SHUT_WR)
        c.close()


def talk(address, text, family=socket.AF_INET):
    c = socket.socket(family)
    c.settimeout(20)
    c.connect(address)
    c.sendall(text)
    c.shutdown(socket.SHUT_WR)
    out = b""
    while True:
        data = c.recv(65536)
        if not data:
            return out
        out += data


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ready(port):
    def try_it():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False
    sp.wait_for(try_it, what=f"port {port}")


@pytest.fixture
def client(server, user):
    started = []

    def start(*flags, **options):
        p = server.popen(user, flags=("-N", *flags), **options)
        started.append(p)
        return p
    yield start
    for p in started:
        p.kill()
        p.communicate()


def test_local_forward(server, client, user):
    echo, port = Echo(), free_port()
    client("-L", f"{port}:127.0.0.1:{echo.port}")
    ready(port)
    assert talk(("127.0.0.1", port), b"hello") == b"HELLO"
    big = os.urandom(3_000_000)
    assert talk(("127.0.0.1", port), big) == big.upper()
    server.wait_log(r"direct-tcpip|Forward|forward")


def test_sockets_belong_to_the_user(server, client, user):
    echo, port = Echo(), free_port()
    client("-L", f"{port}:127.0.0.1:{echo.port}")
    ready(port)
    c = socket.create_connection(("127.0.0.1", port))
    c.sendall(b"x")
    assert c.recv(10) == b"X"
    lines = sp.run(["ss", "-tnpe", "state", "established", "dport", "=",
                    f":{echo.port}"]).stdout
    assert f"uid:{user.uid}" in lines, lines
    c.close()


def test_many_connections_over_a_socks_proxy(server, client, user):
    echo, port = Echo(), free_port()
    client("-D", str(port))
    ready(port)

    def one(i, out):
        c = socket.create_connection(("127.0.0.1", port), 20)
        c.settimeout(30)
        c.sendall(b"\x05\x01\x00")
        assert c.recv(2) == b"\x05\x00"
        host = b"localhost"
        c.sendall(b"\x05\x01\x00\x03" + bytes([len(host)]) + host
                  + echo.port.to_bytes(2, "big"))
        assert c.recv(10)[1] == 0
        c.sendall(b"n%d" % i)
        out.append(c.recv(64) == b"N%d" % i)
        c.close()
    out = []
    threads = [threading.Thread(target=one, args=(i, out)) for i in range(60)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert out == [True] * 60


def test_refused_is_told(server, client, user):
    port = free_port()
    client("-L", f"{port}:127.0.0.1:1")
    ready(port)
    try:
        assert talk(("127.0.0.1", port), b"x") == b""
    except ConnectionResetError:
        pass
    # and the connection lives on
    p = server.ssh(user, flags=("-W", "127.0.0.1:1"), LogLevel="INFO")
    assert p.returncode != 0 and "open failed: connect failed" in p.stderr


def test_stdio_forward(server, user):
    echo = Echo()
    p = server.ssh(user, flags=("-W", f"127.0.0.1:{echo.port}"), input="abc",
                   check=0)
    assert p.stdout == "ABC"


def test_remote_forward_and_port_zero(server, client, user):
    echo, port = Echo(), free_port()
    client("-R", f"{port}:127.0.0.1:{echo.port}")
    ready(port)
    assert talk(("127.0.0.1", port), b"remote") == b"REMOTE"
    p = client("-R", f"0:127.0.0.1:{echo.port}", LogLevel="INFO")
    line = p.stderr.readline().decode()
    m = re.search(r"Allocated port (\d+)", line)
    assert m, line
    assert talk(("127.0.0.1", int(m.group(1))), b"zero") == b"ZERO"


def test_remote_forward_listens_on_loopback_only(server, client, user):
    echo, port = Echo(), free_port()
    client("-R", f"*:{port}:127.0.0.1:{echo.port}")
    ready(port)
    listening = sp.run(["ss", "-tln", "sport", "=", f":{port}"]).stdout
    assert f"127.0.0.1:{port}" in listening and f"0.0.0.0:{port}" not in listening


def test_unix_sockets_both_ways(server, client, user):
    there = f"{sp.SCRATCH}/echo{os.getpid()}"
    Echo(there)
    here = f"{sp.SCRATCH}/here{os.getpid()}"
    client("-L", f"{here}:{there}")
    sp.wait_for(lambda: os.path.exists(here), what="local socket")
    assert talk(here, b"unix", socket.AF_UNIX) == b"UNIX"
    far = f"{user.home}/far"
    echo = Echo()
    client("-R", f"{far}:127.0.0.1:{echo.port}")
    sp.wait_for(lambda: os.path.exists(far), what="remote socket")
    st = os.stat(far)
    assert st.st_uid == user.uid and st.st_mode & 0o077 == 0
    assert talk(far, b"back", socket.AF_UNIX) == b"BACK"


def test_jump_host(make_server, user):
    a, b = make_server(), make_server()
    config = f"{a.dir}/jump.conf"
    with open(config, "w") as f:
        f.write(f"""Host jump
 HostName 127.0.0.1
 Port {a.port}
Host target
 HostName 127.0.0.1
 Port {b.port}
 ProxyJump jump
Host *
 User {user.name}
 IdentityFile {user.key}
 IdentitiesOnly yes
 StrictHostKeyChecking no
 UserKnownHostsFile /dev/null
 LogLevel ERROR
""")
    p = sp.run(["ssh", "-F", config, "target", "echo through; exit 2"], check=2)
    assert p.stdout == "through\n"


def test_policy_forbids(make_server, user):
    echo = Echo()
    s = make_server(rules=f"""rules = ( {{ name = "users"; methods = [ "publickey" ];
        local_forward = [ "127.0.0.1:{echo.port}" ]; }} );""")
    p = s.ssh(user, flags=("-W", f"127.0.0.1:{echo.port}"), input="ok", check=0)
    assert p.stdout == "OK"
    p = s.ssh(user, flags=("-W", "127.0.0.1:22"), LogLevel="INFO")
    assert p.returncode != 0 and "administratively prohibited" in p.stderr
    s.wait_log(r"127.0.0.1.*(denied|refused|not permitted|prohibited)|(denied|refused|not permitted).*127.0.0.1")
    p = s.ssh(user, "true", flags=("-R", "0:127.0.0.1:1"), ExitOnForwardFailure="yes")
    assert p.returncode == 255
    p = s.ssh(user, "echo [$SSH_AUTH_SOCK]", flags=("-A",), check=0)
    assert p.stdout == "[]\n"


def test_permitopen_of_a_key(make_server, make_user):
    echo = Echo()
    s = make_server()
    u = make_user(key=False)
    u.make_key(options=f'permitopen="127.0.0.1:{echo.port}"')
    p = s.ssh(u, flags=("-W", f"127.0.0.1:{echo.port}"), input="ok", check=0)
    assert p.stdout == "OK"
    assert s.ssh(u, flags=("-W", "127.0.0.1:22")).returncode != 0


def test_restrict_takes_everything(make_server, make_user):
    s = make_server()
    u = make_user(key=False)
    u.make_key(options="restrict")
    s.ssh(u, "true", check=0)
    assert s.ssh(u, flags=("-W", "127.0.0.1:22")).returncode != 0
    p = s.ssh(u, "tty", flags=("-tt",))
    assert "PTY allocation request failed" in p.stderr


def test_forced_command_of_a_key(make_server, make_user):
    s = make_server()
    u = make_user(key=False)
    u.make_key(options='command="echo forced: $SSH_ORIGINAL_COMMAND"')
    p = s.ssh(u, "rm -rf /", check=0)
    assert p.stdout == "forced: rm -rf /\n"


@pytest.mark.skipif(not os.path.exists("/usr/bin/Xvfb"), reason="no Xvfb")
def test_x11(make_server, user):
    s = make_server(grants="x11 = true;")
    env = dict(os.environ, XAUTHORITY=f"{s.dir}/Xauthority", DISPLAY=":77")
    sp.run(["xauth", "-f", env["XAUTHORITY"], "add", ":77", ".",
            "00112233445566778899aabbccddeeff"], check=0)
    x = subprocess.Popen(["Xvfb", ":77", "-nolisten", "tcp", "-auth",
                          env["XAUTHORITY"]], stderr=subprocess.DEVNULL)
    try:
        sp.wait_for(lambda: os.path.exists("/tmp/.X11-unix/X77"), what="Xvfb")
        p = sp.run(s.ssh_argv(user, "echo $DISPLAY; xdpyinfo | head -2",
                              flags=("-X",)), env=env)
        assert re.search(r"^(localhost|127.0.0.1):1\d", p.stdout), (p.stdout, p.stderr)
        assert "version number" in p.stdout, (p.stdout, p.stderr)
        q = sp.run(s.ssh_argv(user, "echo [$DISPLAY]", flags=("-x",)), env=env)
        assert q.stdout == "[]\n"
        # a rule's own first display
        s = make_server(grants="x11 = true; x11_display_offset = 37;")
        p = sp.run(s.ssh_argv(user, "echo $DISPLAY", flags=("-X",)), env=env)
        assert re.search(r"^(localhost|127.0.0.1):37\.", p.stdout), (p.stdout, p.stderr)
        # without xauth there is no display, as with sshd
        s = make_server(grants="x11 = true;", extra='xauth = "/nowhere/xauth";')
        p = sp.run(s.ssh_argv(user, "echo [$DISPLAY]", flags=("-X",), LogLevel="INFO"), env=env)
        assert p.stdout == "[]\n" and "X11 forwarding request failed" in p.stderr, p.stderr
        s.wait_log("X11 forwarding: the user has no program /nowhere/xauth")
    finally:
        x.kill()
        x.wait()
