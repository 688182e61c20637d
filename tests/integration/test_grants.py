"""What a rule can set, each with a client that notices: those grants that no
other file here is about, and that there is none without a test."""

import contextlib
import glob
import os
import re
import socket
import subprocess

import pytest

import sp
from test_forward import Echo, talk
from test_keys import ca, certify  # noqa: F401 (a fixture)
from test_policy import only

HERE = os.path.dirname(os.path.abspath(__file__))


def test_every_grant_has_a_test():
    text = open(sp.TOP + "/config/policy/grants.h").read()
    names = re.findall(r"^GRANT\((\w+), ", text, re.M)
    assert len(names) > 50
    tests = "".join(open(p).read() for p in glob.glob(HERE + "/test_*.py"))
    assert [n for n in names if not re.search(rf"\b{n} = ", tests)] == []


def fingerprint(path):
    return sp.run(["ssh-keygen", "-lf", path], check=0).stdout.split()[1]


# ---- keys ----

def test_key_types(make_server, user):
    s = only(make_server, 'key_types = [ "ecdsa-*", "rsa-sha2-512" ];')
    assert s.ssh(user, "true").returncode == 255
    user.make_key("ecdsa")
    s.ssh(user, "true", check=0)
    user.make_key("rsa", extra=["-b", "2048"])
    s.ssh(user, "true", check=0, PubkeyAcceptedAlgorithms="rsa-sha2-512")
    assert s.ssh(user, "true", PubkeyAcceptedAlgorithms="rsa-sha2-256").returncode == 255


def test_key_rsa_bits(make_server, user):
    s = only(make_server, "key_rsa_bits = 2560;")
    user.make_key("rsa", extra=["-b", "2048"])
    assert s.ssh(user, "true").returncode == 255
    s.wait_log(r"2048")
    user.make_key("rsa", extra=["-b", "2560"])
    s.ssh(user, "true", check=0)


def test_certificates_only(make_server, user, ca):
    s = only(make_server, "key_certificate = true;", publickey=f'ca_keys = [ "{ca}.pub" ];')
    assert s.ssh(user, "true").returncode == 255
    certify(ca, user, principals=user.name)
    s.ssh(user, "true", check=0)


def test_authorities_of_a_rule(make_server, user, ca):
    other = ca + "_other"
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", other], check=0)
    s = only(make_server, f'key_cas = [ "{fingerprint(ca + ".pub")}" ];',
             publickey=f'ca_keys = [ "{ca}.pub", "{other}.pub" ];')
    plain = user.key
    certify(other, user, principals=user.name)
    assert s.ssh(user, "true").returncode == 255
    certify(ca, user, principals=user.name)
    s.ssh(user, "true", check=0)
    user.key = plain  # certificates are meant, not keys without one
    s.ssh(user, "true", check=0)


# ---- time ----

def test_silent_channels_are_closed(make_server, user):
    s = only(make_server, 'channel_timeouts = [ "session:command=1" ];')
    p = s.popen(user, "echo on; exec cat")
    assert p.stdout.readline() == b"on\n"
    s.wait_log(r"no_traffic_for_1_seconds")
    p.communicate(timeout=20)
    sp.wait_for(lambda: not user.processes(), what="the program's end")
    s.ssh(user, "sleep 0.2; echo not so long", check=0)


def test_connections_without_a_channel_end(make_server, user):
    s = only(make_server, "unused_timeout = 1;")
    p = s.popen(user, flags=("-N",))
    _, said = p.communicate(timeout=20)
    assert p.returncode == 255, said
    s.wait_log(r"no open channel|unused")
    # one that has a channel stays for longer than that
    assert s.ssh(user, "sleep 2.5; echo stayed", check=0).stdout == "stayed\n"


# ---- sessions ----

def test_user_rc(make_server, user):
    rc = user.home + "/.ssh/rc"
    with open(rc, "w") as f:
        f.write("echo rc ran >&2\n")
    os.chown(rc, user.uid, user.gid)
    for value, ran in (("true", True), ("false", False)):
        s = only(make_server, f"user_rc = {value};")
        assert ("rc ran" in s.ssh(user, "true", check=0).stderr) == ran


# ---- listeners ----

class Forwarding:
    """A client that has its remote forwards, or says why not."""

    def __init__(self, s, user, *forwards):
        argv = s.ssh_argv(user, flags=("-N", *(x for f in forwards for x in ("-R", f))),
                          ExitOnForwardFailure="yes", LogLevel="INFO")
        self.p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.p.kill()
        self.p.communicate()


def listening(port):
    out = sp.run(["ss", "-tlnH", f"( sport = :{port} )"], check=0).stdout
    return {line.split()[3].rsplit(":", 1)[0] for line in out.splitlines()}


@pytest.mark.parametrize("value,asked,wanted", [
    ("no", "0.0.0.0", {"127.0.0.1"}),
    ("client", "127.0.0.3", {"127.0.0.3"}),
    ("yes", "127.0.0.3", {"0.0.0.0"}),
])
def test_gateway_ports(make_server, user, value, asked, wanted):
    s = only(make_server, f'remote_forward = [ "*:*" ]; gateway_ports = "{value}";')
    port = s.port + 20000
    with Forwarding(s, user, f"{asked}:{port}:127.0.0.1:1"):
        sp.wait_for(lambda: listening(port), what="the listener")
        # IPv6 beside it, where there is any
        assert {a for a in listening(port) if "[" not in a and a != "*"} <= wanted
        reach = {a.replace("*", "0.0.0.0") for a in listening(port)} - {"[::1]", "[::]"}
        assert reach == wanted


def test_sockets_that_clients_may_reach(make_server, user):
    s = only(make_server, 'unix_local = [ "*/may" ];')
    places = [f"{s.dir}/{name}" for name in ("may", "maynot")]
    for path in places:
        Echo(path)
    ends = [p + ".end" for p in places]
    argv = s.ssh_argv(user, flags=("-N", "-L", f"{ends[0]}:{places[0]}", "-L", f"{ends[1]}:{places[1]}"))
    p = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        sp.wait_for(lambda: all(map(os.path.exists, ends)), what="the sockets")
        assert talk(ends[0], b"unix", socket.AF_UNIX) == b"UNIX"
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            assert talk(ends[1], b"unix", socket.AF_UNIX) == b""
        s.wait_log(rf"{places[1]}")
    finally:
        p.kill()
        p.wait()


def test_sockets_of_clients(make_server, user):
    """Their mode, and whether one that is in the way goes."""
    path = user.home + "/sock"
    s = only(make_server, 'unix_remote = [ "*" ]; unix_mask = "0117";')
    with Forwarding(s, user, f"{path}:127.0.0.1:1"):
        sp.wait_for(lambda: os.path.exists(path), what="the socket")
        assert os.stat(path).st_mode & 0o777 == 0o660
        assert os.stat(path).st_uid == user.uid
    sp.wait_for(lambda: not s.processes("session"), what="the end")
    if not os.path.exists(path):
        with socket.socket(socket.AF_UNIX) as stale:
            stale.bind(path)
        os.chown(path, user.uid, user.gid)
    number = os.stat(path).st_ino
    with Forwarding(s, user, f"{path}:127.0.0.1:1") as f:
        assert "remote port forwarding failed" in f.p.stderr.read()
    s = only(make_server, 'unix_remote = [ "*" ]; unix_unlink = true;')
    with Forwarding(s, user, f"{path}:127.0.0.1:1"):
        sp.wait_for(lambda: os.path.exists(path) and os.stat(path).st_mode & 0o777 == 0o600
                    and os.stat(path).st_ino != number, what="the new socket")


def test_a_banner_of_the_listener_where_the_rule_has_none(make_server, make_user):
    own, none, plain = make_user(), make_user(), make_user()
    for name in ("listener", "top", "rule"):
        with open(f"{sp.SCRATCH}/banner_{name}", "w") as f:
            f.write(f"banner of the {name}\n")
    s = make_server(start=False)
    second, third = s.port + 500, s.port + 501
    at = f"{sp.SCRATCH}/banner_"
    s.write(s.text.replace("port = %d; }" % s.port, 'port = %d; banner = "%slistener"; }, { name = "other"; '
                           'address = "127.0.0.1"; port = %d; }, { name = "quiet"; address = "127.0.0.1"; '
                           'port = %d; banner = "none"; }' % (s.port, at, second, third))
            .replace("rules = (", f'banner = "{at}top";\nrules = (\n'
                     f'  {{ name = "own"; match = {{ user = "{own.name}"; }}; methods = [ "publickey" ]; banner = "{at}rule"; }},\n'
                     f'  {{ name = "none"; match = {{ user = "{none.name}"; }}; methods = [ "publickey" ]; banner = "none"; }},'))
    s.start()
    first = s.port
    for user, port, expected in ((plain, first, "listener"), (plain, second, "top"), (own, first, "rule"),
                                 (none, first, None), (own, second, "rule"), (plain, third, None),
                                 (own, third, "rule")):
        s.port = port
        p = s.ssh(user, "true", LogLevel="INFO")
        assert p.returncode == 0
        assert re.findall(r"banner of the (\w+)", p.stderr) == ([expected] if expected else []), (user.name, port)
    s.port = first
