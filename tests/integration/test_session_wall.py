"""A session process that is taken over: what it can say to its monitor.  Its
end of the wall is taken from it, as no user can, and spoken through."""

import array
import ctypes
import os
import random
import re
import socket
import struct

import pytest

import sp
from wall import FORGED

libc = ctypes.CDLL(None, use_errno=True)
PIDFD_OPEN, PIDFD_GETFD = 434, 438
MONITOR = 3  # SESSION_MONITOR_FD
LIMITS = {"U32": 2**32 - 1, "U64": 2**64 - 1, "PORT_MAX": 65535, "WALL_TEXT_MAX": 1024,
          "WALL_ADDRESSES_MAX": 336, "WALL_LIST_MAX": 32768}
SIZES = {"u8": 1, "flag": 1, "choice": 1, "u16": 2, "u32": 4, "u64": 8}
TABLE = re.sub(r"/\*.*?\*/|\\\n", " ", "".join(
    open(f"{sp.TOP}/privsep/{name}").read() for name in ("messages.h", "messages_keys.h", "messages_tickets.h", "messages_workers.h")), flags=re.S)


def last_choices():
    """The largest value of each enumeration that a choice names, by its count's name."""
    found = {}
    for name in ("privsep/wall.h", "lib/log.h", "lib/proxy_header.h", "lib/ssh/sftp_event.h"):
        text = re.sub(r"/\*.*?\*/", " ", open(f"{sp.TOP}/{name}").read(), flags=re.S)
        for body in re.findall(r"\benum \w+ \{(.*?)\}", text, re.S):
            value = -1
            for word in filter(None, map(str.strip, body.split(","))):
                value = int(word.split("=")[1]) if "=" in word else value + 1
                found[word.split()[0]] = value - 1
    return found


def numbers():
    """MSG_x of each message, as the enumeration counts them."""
    paths = re.findall(r"PATH\((\w+)\)", re.search(r"define WALL_PATHS.*", TABLE).group(0))
    names = [n for p in paths
             for n in re.findall(r"\bMSG\((\w+),", re.search(rf"define WALL_{p}\(MSG\).*", TABLE).group(0))]
    return {n: i + 1 for i, n in enumerate(names)}


def fields(name):
    text = re.search(rf"define WALL_{name}\(F\)(.*)", TABLE).group(1)
    return [(kind, field, CHOICES[limit] if kind == "choice" else LIMITS.get(limit) or int(limit))
            for kind, field, limit in re.findall(r"\bF\((\w+), (\w+), (\w+)\)", text)]


CHOICES = last_choices()
NUMBERS = numbers()
NEWS = re.findall(r"\bMSG\((\w+),", re.search(r"define WALL_SESSION_MONITOR\(MSG\).*", TABLE).group(0))


def encode(name, values=None, otherwise=lambda kind, limit: b"" if kind in ("text", "bytes") else 0):
    out = struct.pack(">H", NUMBERS[name])
    for kind, field, limit in fields(name):
        value = (values or {}).get(field)
        if value is None:
            value = otherwise(kind, limit)
        if kind in SIZES:
            out += value.to_bytes(SIZES[kind], "big")
        else:
            value = value.encode() if isinstance(value, str) else value
            value += b"\0" if kind == "text" else b""
            out += struct.pack(">I", len(value)) + value
    return out


def largest(kind, limit):
    return b"A" * limit if kind in ("text", "bytes") else limit if kind != "flag" else 1


class Taken:
    """A session whose wall to the monitor is ours to speak through."""

    def __init__(self, server, user):
        self.client = server.popen(user, "echo on; exec cat")
        assert self.client.stdout.readline() == b"on\n"
        pid = [p for p in server.processes("session") if os.stat(f"/proc/{p}").st_uid in (0, user.uid)][-1]
        pidfd = libc.syscall(PIDFD_OPEN, pid, 0)
        fd = libc.syscall(PIDFD_GETFD, pidfd, MONITOR, 0)
        assert fd >= 0, os.strerror(ctypes.get_errno())
        os.close(pidfd)
        self.wall = socket.socket(fileno=fd)
        self.wall.setblocking(True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.wall.close()
        self.client.kill()
        self.client.communicate()

    def say(self, data, fds=()):
        try:
            self.wall.sendmsg([data], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
        except (BrokenPipeError, ConnectionResetError):
            return False
        return True

    def lives(self):
        self.client.stdin.write(b"still\n")
        self.client.stdin.flush()
        return self.client.stdout.readline() == b"still\n"


def unharmed(server, user):
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 20, "the monitor's end")
    assert "was killed" not in server.log() and "crash" not in server.log()
    server.ssh(user, "true", check=0)


def test_a_session_s_log_line_names_it_and_matches_no_watcher(server, user):
    with Taken(server, user) as t:
        for text in (FORGED, "x\n" + FORGED, "error: PAM: " + FORGED):
            t.say(encode("session_log", {"level": 2, "line": text}))
        for _ in range(400):
            t.say(encode("session_log", {"level": 2, "line": "one of many"}))
        assert t.lives()
    unharmed(server, user)
    told = [x for x in server.log().splitlines() if "203.0.113.9" in x]
    assert len(told) == 3, told
    for x in told:
        assert re.search(r": session of \w{16}: ", x), x
        assert not re.search(r"Failed\s+password|\bfrom\b|\bport\b", x), x
    assert 100 < server.log().count("one_of_many") < 300


@pytest.mark.parametrize("name", NEWS)
def test_news_of_what_is_not_there_is_passed_over(server, user, name):
    """Of channels, listeners and forwards that nobody asked for; twice."""
    with Taken(server, user) as t:
        for number in (0, 1, 77, 2**32 - 1):
            for _ in range(2):
                t.say(encode(name, {"channel": number, "number": number}))
        t.say(encode(name, otherwise=largest))
    unharmed(server, user)


def test_texts_of_a_session_stay_in_their_line(server, user):
    lie = "x\n2026-11-30T03:44:43.410Z sallyportd[1]: " + FORGED
    with Taken(server, user) as t:
        for name in NEWS:
            if name != "session_ready":
                t.say(encode(name, otherwise=lambda kind, limit: lie.encode()[:limit]
                             if kind == "text" else b"" if kind == "bytes" else 0))
    unharmed(server, user)
    for line in server.log().splitlines():
        assert not re.match(r"\S+ \S+: Failed password for root", line), line


@pytest.mark.parametrize("seed", range(4))
def test_noise_from_a_session_ends_its_connection_alone(server, user, seed):
    rng = random.Random(seed)
    with Taken(server, user) as t:
        if seed == 0:
            t.say(b"\0")
        elif seed == 1:
            with open("/dev/null") as f:
                t.say(encode("session_ready"), [f.fileno()] * 3)
        elif seed == 2:
            t.say(encode("ran")[:-1])
        else:
            while t.say(rng.randbytes(rng.randrange(1, 300))):
                pass
        t.client.wait(timeout=20 * sp.SLOW)
    unharmed(server, user)
