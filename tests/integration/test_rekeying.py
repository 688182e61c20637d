"""Keys change under load, and host keys come and go."""

import hashlib
import os
import re
import struct
import subprocess
import threading
import time

import pytest

import sp
from algorithms import *


# ---- rekeying under load ----

SMALL_REKEY = "crypto = { rekey_bytes = 1048576; };"


@pytest.mark.parametrize("compress", ["no", "yes"])
@pytest.mark.parametrize("who", ["client", "server"])
def test_openssh_rekeys_under_load(make_server, user, compress, who):
    s = make_server(extra=SMALL_REKEY if who == "server" else "")
    limit = {"RekeyLimit": "1M"} if who == "client" else {}
    size = MB << 20
    # X25519: with sntrup the client's own arithmetic is most of the time.
    said = pump(s.ssh_argv(user, "cat", Compression=compress,
                           KexAlgorithms="curve25519-sha256",
                           LogLevel="DEBUG1", **limit), size)
    exchanges = said.count("SSH2_MSG_NEWKEYS received")
    assert exchanges > MB // (4 if compress == "yes" else 2), exchanges


PUTTY_CURVE = ("ecdh,dh-gex-sha1,dh-group14-sha1,ntru-curve25519,"
               "dh-group18-sha512,dh-group17-sha512,dh-group16-sha512,"
               "dh-group15-sha512,rsa,WARN,dh-group1-sha1")


@pytest.mark.parametrize("compress", ["0", "1"])
def test_plink_rekeys_under_load(make_server, user, compress):
    s = make_server()
    said = pump(plink(s, user, "load", {"RekeyBytes": "1M",
                                        "KEX": PUTTY_CURVE,
                                        "Compression": compress,
                                        "HostKey": "ed25519,WARN"}, "cat"),
                MB << 20, env=dict(os.environ, HOME="/root"))
    assert said.count("key re-exchange") > MB // 4, said[-2000:]


@pytest.mark.parametrize("compress", [False, True])
@pytest.mark.parametrize("who", ["client", "server"])
def test_paramiko_rekeys_under_load(make_server, user, compress, who):
    import paramiko
    s = make_server(extra=SMALL_REKEY if who == "server" else "")
    t = paramiko.Transport(("127.0.0.1", s.port))
    if who == "client":
        t.packetizer.REKEY_BYTES = 1 << 20
    t.use_compression(compress)
    exchanges = []
    taken = t._parse_newkeys
    t._handler_table = dict(t._handler_table)
    # Up to paramiko 3.4 a handler got the transport, too.
    t._handler_table[21] = lambda *given: (exchanges.append(1), taken(given[-1]))[1]
    t.start_client(timeout=20 * sp.SLOW)
    t.auth_password(user.name, user.password)
    size = MB << 20
    blob, want = data(size)
    # paramiko that begins an exchange itself while it sends and receives stops
    # for good now and then, with sshd too: there, one way after the other.
    if who == "client":
        assert echo(t, "cat >echo", blob, settled) == b""
        got = echo(t, "cat echo; rm echo; cat", b"", settled, size)
    else:
        got = echo(t, "cat", blob)
    t.close()
    assert hashlib.sha256(got).hexdigest() == want
    assert len(exchanges) > (size >> 20) // 4


def settled(t):
    """No exchange goes on: a channel that the server closes after paramiko has
    sent KEXINIT has its reader wait for itself, with sshd too."""
    for _ in range(50):
        if not t.in_kex and not t.packetizer.need_rekey():
            return
        time.sleep(0.1)


def echo(t, command, blob, before_the_end=lambda t: None, size=0):
    """A command's output for that input, both at once; its input ends when that
    many bytes have come."""
    c = t.open_session(timeout=20 * sp.SLOW)
    c.settimeout(120 * sp.SLOW)
    c.exec_command(command)
    # In pieces: its sendall() copies all that is left at each packet.
    all_here = threading.Event()
    feeder = threading.Thread(target=lambda: (
        [c.sendall(blob[i:i + (1 << 18)]) for i in range(0, len(blob), 1 << 18)],
        all_here.wait(120 * sp.SLOW), before_the_end(t), c.shutdown_write()))
    feeder.start()
    got = bytearray()
    while len(got) < size and (chunk := c.recv(1 << 18)):
        got += chunk
    all_here.set()
    while chunk := c.recv(1 << 18):
        got += chunk
    feeder.join()
    assert c.recv_exit_status() == 0
    return bytes(got)


# ---- host keys that come and go ----

def known(path):
    return {tuple(line.split()[1:3]) for line in open(path)}


def public(path):
    return tuple(open(path + ".pub").read().split()[:2])


def test_rotation_of_host_keys(make_server, user):
    """A second key of a type: learnt; the first removed: forgotten."""
    s = make_server(host_keys=("ed25519", "rsa"))
    first, rsa = s.host_keys
    second = s.dir + "/ssh_host_ed25519_next"
    sp.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", second], check=0)
    path = s.dir + "/rotating"

    def connect():
        # The host's proofs arrive while the session runs.
        s.ssh(user, "sleep 0.5", check=0, UserKnownHostsFile=path,
              UpdateHostKeys="yes", HostKeyAlgorithms="ssh-ed25519,rsa-sha2-512")
        return known(path)

    connect()
    assert connect() == {public(first), public(rsa)}

    def serve(*keys):
        text = re.sub(r"host_keys = \[.*?\];", "host_keys = [ " + ", ".join(
            f'"{k}"' for k in keys) + " ];", s.text, count=1)
        s.write(text)
        mark = s.mark()
        os.kill(s.pid, 1)
        s.wait_log("Configuration reloaded", after=mark)

    serve(first, second, rsa)
    assert connect() == {public(first), public(second), public(rsa)}
    serve(second, rsa)
    assert connect() == {public(second), public(rsa)}
