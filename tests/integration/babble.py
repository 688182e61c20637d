"""Talk that is nearly right: messages of the protocol with values spoilt, cut,
repeated and out of order.  The same seed says the same."""

import random
import struct

from rawssh import *

NUMBERS = [0, 1, 2, 3, 4, 5, 8, 255, 256, 32767, 32768, 32769, 65535, 65536,
           0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff]
TEXTS = [b"", b"\0", b"a" * 300, b"%n%s", b"\xff\xfe\x80", b"none", b"password",
         b"publickey", b"keyboard-interactive", b"hostbased", b"session",
         b"ssh-connection", b"ssh-userauth", b"ssh-ed25519", b"sftp", b"a,b,c",
         b"../../x", b"x\ny", b"rsa-sha2-512", b"localhost", b"127.0.0.1"]


def u32(n):
    return struct.pack(">I", n & 0xffffffff)


class Babbler:
    def __init__(self, seed, user, blob):
        self.r = random.Random(seed)
        self.user, self.blob = user, blob
        self.channels = [0]

    # ---- values ----

    def number(self, usual=0):
        return usual if self.r.random() < .7 else self.r.choice(NUMBERS)

    def text(self, usual=b""):
        usual = usual.encode() if isinstance(usual, str) else usual
        dice = self.r.random()
        if dice < .75:
            return usual
        if dice < .95:
            return self.r.choice(TEXTS)
        return self.r.randbytes(self.r.choice([1, 7, 64, 1000, 40000]))

    def s(self, usual=b""):
        return string(self.text(usual))

    def flag(self):
        return bytes([self.r.choice([0, 1, 1, 0, 255])])

    def channel(self):
        return u32(self.number(self.r.choice(self.channels)))

    # ---- messages ----

    def userauth(self):
        r = self.r
        method = r.choice(["none", "password", "publickey", "hostbased",
                           "keyboard-interactive", "gssapi-with-mic",
                           "publickey-hostbound-v00@openssh.com"])
        out = (bytes([50]) + self.s(self.user) + self.s("ssh-connection") +
               self.s(method))
        if method == "password":
            out += self.flag() + self.s("wrong") + r.choice([b"", self.s("new")])
        elif method.startswith("publickey"):
            signed = r.random() < .4
            out += bytes([signed]) + self.s("ssh-ed25519") + self.s(self.blob)
            if "bound" in method:
                out += self.s(self.blob)
            if signed:
                out += self.s(string("ssh-ed25519") + string(r.randbytes(64)))
        elif method == "hostbased":
            out += (self.s("ssh-ed25519") + self.s(self.blob) + self.s("host.x") +
                    self.s("user") + self.s(b"sig"))
        elif method == "keyboard-interactive":
            out += self.s() + self.s()
        return out

    def answers(self):
        n = self.r.choice([0, 1, 1, 1, 2, 3])
        return (bytes([61]) + u32(self.number(n)) +
                b"".join(self.s("wrong") for _ in range(n)))

    def transport(self):
        r = self.r
        return r.choice([
            lambda: bytes([2]) + self.s(b"x"), lambda: bytes([3]) + u32(self.number()),
            lambda: bytes([4]) + self.flag() + self.s("debug") + self.s(),
            lambda: bytes([5]) + self.s("ssh-userauth"),
            lambda: bytes([7]) + u32(self.number(1)) + self.s("ext") + self.s("x"),
            lambda: bytes([192]) + self.s("ping"),
            lambda: bytes([r.randrange(256)]) + r.randbytes(r.randrange(40)),
            lambda: bytes([r.choice([20, 21, 30, 31, 34, 1])]) +
            r.randbytes(r.randrange(60))])()

    def open(self):
        kind = self.r.choice(["session"] * 4 + [
            "direct-tcpip", "direct-streamlocal@openssh.com", "x11",
            "tun@openssh.com", "forwarded-tcpip", "auth-agent@openssh.com"])
        out = (bytes([90]) + self.s(kind) + u32(self.number(3)) +
               u32(self.number(1 << 20)) + u32(self.number(1 << 15) or 1))
        if kind == "direct-tcpip":
            out += (self.s("127.0.0.1") + u32(self.number(9)) +
                    self.s("127.0.0.1") + u32(self.number(99)))
        elif kind.startswith("direct-streamlocal"):
            out += self.s("/nonexistent/x") + self.s() + u32(0)
        elif kind.startswith("tun"):
            out += u32(self.number(1)) + u32(self.number())
        return out

    def request(self):
        name = self.r.choice(["pty-req", "env", "shell", "exec", "exec",
                              "subsystem", "window-change", "signal", "break",
                              "x11-req", "auth-agent-req@openssh.com",
                              "eow@openssh.com", "keepalive@openssh.com"])
        n = self.number
        data = {
            "pty-req": lambda: self.s("xterm") + u32(n(80)) + u32(n(24)) +
            u32(n()) + u32(n()) +
            self.s(self.r.choice([b"\0", b"\x80\0\0\x96\0\x01\0\0\0\3\0",
                                  self.r.randbytes(50)])),
            "env": lambda: self.s("LC_X") + self.s("value"),
            "exec": lambda: self.s(self.r.choice(["cat", "true", "echo hello"])),
            "subsystem": lambda: self.s("sftp"),
            "window-change": lambda: u32(n(80)) + u32(n(24)) + u32(n()) + u32(n()),
            "signal": lambda: self.s(self.r.choice(["TERM", "INT", "HUP"])),
            "break": lambda: u32(n(500)),
            "x11-req": lambda: self.flag() + self.s("MIT-MAGIC-COOKIE-1") +
            self.s("0123456789abcdef") + u32(n()),
        }.get(name, lambda: b"")()
        return bytes([98]) + self.channel() + self.s(name) + self.flag() + data

    def forward(self):
        name = self.r.choice(["tcpip-forward", "cancel-tcpip-forward",
                              "streamlocal-forward@openssh.com",
                              "cancel-streamlocal-forward@openssh.com",
                              "hostkeys-prove-00@openssh.com",
                              "keepalive@openssh.com", "unknown@x"])
        data = b""
        if "tcpip" in name:
            data = self.s("localhost") + u32(self.number(0))
        elif "streamlocal" in name:
            data = self.s("/tmp/spt_babble_%d" % self.r.randrange(3))
        elif "prove" in name:
            data = self.s(self.blob)
        return bytes([80]) + self.s(name) + self.flag() + data

    def bytes(self):
        r = self.r
        sftp = r.choice([b"\0\0\0\5\1\0\0\0\3", b"\0\0\0\x0a\x0b\0\0\0\1" +
                         string("/")[:5], r.randbytes(30)])
        return r.choice([
            lambda: bytes([94]) + self.channel() + self.s(sftp),
            lambda: bytes([94]) + self.channel() + self.s(b"x" * 1000),
            lambda: bytes([95]) + self.channel() + u32(self.number(1)) + self.s(b"e"),
            lambda: bytes([93]) + self.channel() + u32(self.number(4096)),
            lambda: bytes([r.choice([96, 97, 99, 100])]) + self.channel(),
            lambda: bytes([r.choice([91, 92])]) + self.channel() +
            u32(self.number()) + u32(self.number(9)) + u32(self.number(9)),
            lambda: bytes([r.choice([81, 82])]) + r.randbytes(r.randrange(9))])()

    # ---- a talk ----

    def spoil(self, packet):
        r = self.r
        dice = r.random()
        if dice < .6 or len(packet) < 2:
            return packet
        at = r.randrange(1, len(packet))
        if dice < .75:
            return packet[:at] + bytes([packet[at] ^ 1 << r.randrange(8)]) + \
                packet[at + 1:]
        if dice < .85:
            return packet[:at]
        if dice < .92:
            return packet + r.randbytes(r.choice([1, 4, 100]))
        return packet[:at] + u32(r.choice(NUMBERS)) + packet[at + 4:]

    def talk(self, count, authenticated):
        """Payloads: most of them sound, so that a talk lasts."""
        kinds = ([self.open, self.request, self.request, self.request, self.bytes,
                  self.bytes, self.forward, self.transport] if authenticated else
                 [self.userauth, self.userauth, self.answers, self.transport])
        last = b"\2" + string("")
        for _ in range(count):
            if self.r.random() < .05:
                yield last
                continue
            last = self.spoil(self.r.choice(kinds)())
            yield last
