"""Shared by the tests with hostile peers: a server that must be as if nothing
had been, and the requests that they spoil."""

import base64
import re
import struct

import pytest

import sp
from rawssh import *

RSS_MAX = 24 * 1024 * (6 if sp.ASAN else 1)  # KB, of one worker


@pytest.fixture
def calm(make_server, user):
    """A server; afterwards it must be as if nothing had been.  Admission is
    for other tests: on a busy machine those that have just ended add up."""
    server = make_server(limits="startups = { begin = 500; rate = 1; full = "
                         "600; }; source = { connections = 600; };")
    master = server.pid
    yield server
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 20,
                what="the end of every monitor")
    assert not re.search(r"internal error|wall|sandbox|crash", server.log()), \
        server.log()[-4000:]
    assert server.pid == master
    server.ssh(user, "true", check=0)


def workers(server):
    template = server.processes("workers")
    return [p for p in server.processes("worker") if p not in template]


def biggest(server):
    sizes = [0]
    for pid in workers(server) + server.processes(r"monitor \S+"):
        try:
            sizes.append(int(sp.status(pid)["VmRSS"].split()[0]))
        except (OSError, KeyError):
            pass
    return max(sizes)


KBDINT = string("") + string("")


def auth(c, calm):
    c.kex()
    c.service()
    return c


def enter(c, phase, user):
    if phase == "in kex":
        c.start_kex(strict=False)
    elif phase == "before service":
        c.kex()
    elif phase == "userauth":
        c.kex()
        c.service()
    elif phase == "open":
        c.login(user)


def public_blob(user):
    return base64.b64decode(open(user.key + ".pub").read().split()[1])


def open_session(c):
    c.send(CHANNEL_OPEN, string("session"), struct.pack(">III", 7, 1 << 20,
                                                        1 << 15))
    return struct.unpack_from(">I", c.expect(CHANNEL_CONFIRM), 5)[0]


def channel_request(channel, name, *data, want=True):
    return (bytes([98]) + struct.pack(">I", channel) + string(name) +
            bytes([want]) + b"".join(data))


def exec_request(channel, command):
    return channel_request(channel, "exec", string(command))


def output_of(c):
    """What the program printed, until the channel is closed."""
    out = b""
    while True:
        p = c.expect(CHANNEL_DATA, 97, 100)
        if p[0] != CHANNEL_DATA:
            return out
        out += p[9:]


def prlimit(pid, **limits):
    sp.run(["prlimit", "--pid", str(pid)] +
           [f"--{k}={v}" for k, v in limits.items()], check=0)
