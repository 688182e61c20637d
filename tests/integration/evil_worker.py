"""A compromised worker, spoken through: see evil/evil.c."""

import os
import random
import select
import socket
import struct
import subprocess

import sp

STATES = ["KEX", "AUTH", "ASKING", "CHANGING", "OPENING", "OPEN", "CLOSING"]
BUILT = sp.BUILD + "/tests/integration/evil/sallyportd-evil"
DAEMON = "/usr/sbin/sallyportd-evil"


class Field:
    def __init__(self, text):
        self.name, self.kind, limit = text.split(":")
        self.limit = int(limit)

    def encode(self, value):
        if self.kind == "t":
            value = value.encode() if isinstance(value, str) else value
            return struct.pack(">I", len(value) + 1) + value + b"\0"
        if self.kind == "s":
            value = value.encode() if isinstance(value, str) else value
            return struct.pack(">I", len(value)) + value
        form = {"1": ">B", "f": ">B", "2": ">H", "4": ">I", "8": ">Q"}[self.kind]
        return struct.pack(form, value)

    def smallest(self):
        return b"" if self.kind in "ts" else 0

    def largest(self):
        return b"a" * self.limit if self.kind in "ts" else self.limit

    def over(self):
        """One over the limit, None where the type ends there."""
        top = {"1": 255, "f": 255, "2": 65535, "4": 2**32 - 1, "8": 2**64 - 1}
        if self.kind in "ts":
            return b"a" * (self.limit + 1)
        if self.kind == "f":
            return 2
        return self.limit + 1 if self.limit < top[self.kind] else None


class Message:
    def __init__(self, line):
        number, self.name, path, states, fds, *fields = line.split()
        self.number, self.fds = int(number), int(fds)
        self.up = path == "up"
        self.states = [s for i, s in enumerate(STATES) if int(states) >> i & 1]
        self.fields = [Field(f) for f in fields]

    def encode(self, **values):
        out = struct.pack(">H", self.number)
        for f in self.fields:
            out += f.encode(values.pop(f.name, f.smallest()))
        assert not values, values
        return out

    def decode(self, data):
        at, out = 2, {}
        for f in self.fields:
            if f.kind in "ts":
                n = struct.unpack_from(">I", data, at)[0]
                value = data[at + 4:at + 4 + n]
                at += 4 + n
                out[f.name] = value[:-1].decode() if f.kind == "t" else value
            else:
                form = {"1": ">B", "f": ">B", "2": ">H", "4": ">I", "8": ">Q"}[f.kind]
                out[f.name] = struct.unpack_from(form, data, at)[0]
                at += struct.calcsize(form)
        assert at == len(data), self.name
        return out


def build():
    subprocess.run(["make", "-s", "-C", sp.BUILD,
                    "tests/integration/evil/sallyportd-evil"], check=True)
    subprocess.run(["install", "-m", "755", BUILT, DAEMON], check=True)


def table():
    out = subprocess.run([DAEMON, "--wall-table"], check=True,
                         capture_output=True, text=True).stdout
    return {m.name: m for m in map(Message, out.splitlines())}


class Ended(Exception):
    pass


class Evil:
    """A connection whose worker does as it is told."""

    def __init__(self, server, messages):
        self.messages = messages
        self.by_number = {m.number: m for m in messages.values()}
        self.got = []  # (name, fields, descriptors)
        self.ended = False
        self.s = socket.create_connection(("127.0.0.1", server.port), 20)
        self.s.settimeout(20 * sp.SLOW)
        self.s.sendall(b"EVIL\n")
        # The master's greeting: identification and KEXINIT.
        while self._exact(1) != b"\n":
            pass
        self._exact(struct.unpack(">I", self._exact(4))[0])

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def _exact(self, n):
        data = b""
        while len(data) < n:
            try:
                part = self.s.recv(n - len(data))
            except ConnectionResetError:
                part = b""
            if not part:
                self.ended = True
                raise Ended()
            data += part
        return data

    def _frame(self, kind, data=b"", fds=0):
        try:
            self.s.sendall(kind + struct.pack(">IB", len(data), fds) + data)
        except OSError:
            pass  # the end is read below

    def frame(self):
        """The next frame: ('M', name, fields), ('G', bytes); raises Ended."""
        head = self._exact(6)
        size, fds = struct.unpack(">IB", head[1:])
        data = self._exact(size)
        kind = head[:1]
        if kind == b"E":
            self.ended = True
            raise Ended()
        if kind == b"M":
            m = self.by_number[struct.unpack_from(">H", data)[0]]
            assert fds == m.fds
            self.got.append((m.name, m.decode(data)))
            return "M", m.name, self.got[-1][1]
        if kind == b"X":
            return "X", data, None
        return kind.decode(), data, None

    def raw(self, data, fds=0):
        self._frame(b"W", data, fds)

    def send(self, which, /, fds=None, **values):
        m = self.messages[which]
        self.raw(m.encode(**values), m.fds if fds is None else fds)

    def never_read(self, which, **values):
        """Say this for ever and read no answer."""
        self._frame(b"N", self.messages[which].encode(**values))

    def forbidden(self, what):
        self._frame(b"S", what.encode())

    def bug(self, what):
        self._frame(b"B", what.encode())

    def expect(self, *names):
        """Read until one of these comes; what else came is in self.got."""
        while True:
            kind, name, fields = self.frame()
            if kind == "M" and name in names:
                return fields if len(names) == 1 else (name, fields)

    def wait_end(self):
        """Until the monitor has gone; what it said is in self.got."""
        try:
            while True:
                kind, data, _ = self.frame()
                assert kind != "!", f"{data!r} was let through"
        except Ended:
            pass

    def alive(self, seconds=0.15):
        """Has the monitor gone, so long after the last word?"""
        try:
            while select.select([self.s], [], [], seconds * sp.SLOW)[0]:
                self.frame()
            return True
        except Ended:
            return False

    def granted(self):
        return any(n == "opened" or (n == "auth_verdict" and f["result"] == 2)
                   for n, f in self.got)

    # ---- the way into each state ----

    def kex_bytes(self, method="curve25519-sha256"):
        self._frame(b"G", method.encode())
        while True:
            kind, data, _ = self.frame()
            if kind == "G":
                return data

    def to_auth(self):
        self.send("version", client=b"SSH-2.0-evil", server=b"SSH-2.0-good")
        self.raw(self.kex_bytes())
        self.kex_done = self.expect("kex_done")

    def password(self, user, password=None):
        self.send("auth_password", user=user.name, service="ssh-connection",
                  password=password or user.password)

    def to(self, state, user, expired=None):
        if state == "KEX":
            return self
        self.to_auth()
        if state == "ASKING":
            self.send("auth_kbdint", user=user.name, service="ssh-connection")
            self.expect("auth_ask")
        elif state == "CHANGING":
            self.password(expired)
            self.expect("auth_change")
        elif state == "OPEN":
            self.password(user)
            assert self.expect("auth_verdict")["result"] == 2
        elif state == "CLOSING":
            self.send("auth_none", user=user.name, service="no-such")
            self.expect("disconnect")
        return self


def noise(seed, n):
    return random.Random(seed).randbytes(n)
