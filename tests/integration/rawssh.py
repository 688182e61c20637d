"""An SSH client that does only as it is told: for tests of hostile peers."""

import base64
import hashlib
import os
import socket
import struct
import zlib

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey, X25519PublicKey)
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import (
    Encoding, PublicFormat, load_ssh_private_key)

import sp

(DISCONNECT, IGNORE, UNIMPLEMENTED, DEBUG, SERVICE_REQUEST, SERVICE_ACCEPT,
 EXT_INFO) = range(1, 8)
KEXINIT, NEWKEYS, KEX_INIT, KEX_REPLY = 20, 21, 30, 31
USERAUTH_REQUEST, USERAUTH_FAILURE, USERAUTH_SUCCESS, BANNER = 50, 51, 52, 53
PK_OK, INFO_REQUEST, INFO_RESPONSE = 60, 60, 61
GLOBAL_REQUEST, CHANNEL_OPEN, CHANNEL_CONFIRM, CHANNEL_FAILURE = 80, 90, 91, 92
CHANNEL_DATA, PING, PONG = 94, 192, 193


class Closed(Exception):
    """The server has gone."""


def string(b):
    b = b.encode() if isinstance(b, str) else b
    return struct.pack(">I", len(b)) + b


def mpint(n):
    b = n.to_bytes((n.bit_length() + 8) // 8, "big") if n else b""
    return string(b)


class Raw:
    def __init__(self, server, version=b"SSH-2.0-hostile\r\n", address="127.0.0.1"):
        self.s = socket.create_connection(("127.0.0.1", server.port), 20, (address, 0))
        self.s.settimeout(15 * sp.SLOW)
        self.buffer = b""
        self.seal = self.open = None
        self.deflate = self.inflate = None
        self.sent = self.received = 0
        self.session_id = None
        self.number_seen = []
        if version is not None:
            self.raw(version)
            self.version = version.rstrip(b"\r\n")
            self.server_version = self.line()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def raw(self, data):
        try:
            self.s.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            raise Closed()

    def more(self):
        try:
            data = self.s.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed()
        self.buffer += data

    def line(self):
        while b"\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r")

    def exact(self, n):
        while len(self.buffer) < n:
            self.more()
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    # ---- packets ----

    def packet(self, payload):
        """A payload as it goes over the wire."""
        if self.deflate is not None:
            payload = (self.deflate.compress(payload) +
                       self.deflate.flush(zlib.Z_SYNC_FLUSH))
        block = 16 if self.seal else 8
        covered = len(payload) + 1 + (0 if self.seal else 4)
        pad = block - covered % block
        if pad < 4:
            pad += block
        body = bytes([pad]) + payload + b"\0" * pad
        head = struct.pack(">I", len(body))
        if not self.seal:
            return head + body
        key, iv = self.seal
        out = head + AESGCM(key).encrypt(bytes(iv), body, head)
        step(iv)
        return out

    def send(self, *payload):
        self.raw(self.packet(b"".join(
            bytes([p]) if isinstance(p, int) else p for p in payload)))

    def receive(self):
        head = self.exact(4)
        n = struct.unpack(">I", head)[0]
        if self.open:
            key, iv = self.open
            try:
                body = AESGCM(key).decrypt(bytes(iv), self.exact(n + 16), head)
            except InvalidTag:
                raise AssertionError("the server's packet does not verify")
            step(iv)
        else:
            body = self.exact(n)
        payload = body[1:len(body) - body[0]]
        if self.inflate is not None:
            payload = self.inflate.decompress(payload)
        self.number_seen.append(payload[0])
        return payload

    def expect(self, *numbers):
        """The next packet of one of these, others passed over."""
        while True:
            payload = self.receive()
            if payload[0] in numbers:
                return payload
            if payload[0] == DISCONNECT:
                raise AssertionError(f"disconnect: {payload!r}")

    def end(self):
        """Reason and text of the DISCONNECT, or None: just closed."""
        try:
            while True:
                payload = self.receive()
                if payload[0] == DISCONNECT:
                    n = struct.unpack_from(">I", payload, 5)[0]
                    return (struct.unpack_from(">I", payload, 1)[0],
                            payload[9:9 + n].decode(errors="replace"))
        except Closed:
            return None

    # ---- the protocol, as it should be ----

    def kexinit(self, kex="curve25519-sha256", strict=True, compression="none",
                host_key="ssh-ed25519"):
        if strict:
            kex += ",kex-strict-c-v00@openssh.com"
        lists = [kex, host_key] + ["aes256-gcm@openssh.com"] * 2 + \
            ["hmac-sha2-256"] * 2 + [compression] * 2 + ["", ""]
        return (bytes([KEXINIT]) + os.urandom(16) +
                b"".join(string(x) for x in lists) + b"\0" * 5)

    def start_kex(self, **kw):
        self.strict = kw.get("strict", True)
        self.mine = self.kexinit(**kw)
        self.send(self.mine)
        self.theirs = self.expect(KEXINIT)

    def finish_kex(self):
        secret = X25519PrivateKey.generate()
        self.finish_with(
            secret.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw),
            lambda theirs: mpint(int.from_bytes(secret.exchange(
                X25519PublicKey.from_public_bytes(theirs)), "big")), hashlib.sha256)

    def finish_with(self, share, secret_of, digest):
        """secret_of(their share) is K as it is hashed."""
        self.send(KEX_INIT, string(share))
        reply = self.expect(KEX_REPLY)
        at, fields = 1, []
        for _ in range(3):
            n = struct.unpack_from(">I", reply, at)[0]
            fields.append(reply[at + 4:at + 4 + n])
            at += 4 + n
        host_key, their_share, _ = fields
        k = secret_of(their_share)
        h = digest(string(self.version) + string(self.server_version) +
                   string(self.mine) + string(self.theirs) + string(host_key) +
                   string(share) + string(their_share) + k).digest()
        if self.session_id is None:
            self.session_id = h

        def derive(letter, size):
            out = digest(k + h + letter + self.session_id).digest()
            return out[:size]
        self.expect(NEWKEYS)
        self.send(NEWKEYS)
        self.seal = (derive(b"C", 32), bytearray(derive(b"A", 12)))
        self.open = (derive(b"D", 32), bytearray(derive(b"B", 12)))

    def kex(self, **kw):
        self.start_kex(**kw)
        self.finish_kex()
        return self

    def service(self, name="ssh-userauth"):
        self.send(SERVICE_REQUEST, string(name))
        return self.expect(SERVICE_ACCEPT)

    def request(self, user, method, *data, service="ssh-connection"):
        self.send(USERAUTH_REQUEST, string(user), string(service),
                  string(method), *data)

    def login_key(self, user):
        """With the user's key, or its certificate where there is one."""
        self.kex()
        self.service()
        path = user.key + ("-cert.pub" if os.path.exists(user.key + "-cert.pub") else ".pub")
        algorithm, blob = open(path).read().split()[:2]
        data = string(algorithm) + string(base64.b64decode(blob))
        signed = string(self.session_id) + bytes([USERAUTH_REQUEST]) + b"".join(
            string(x) for x in (user.name, "ssh-connection", "publickey")) + b"\1" + data
        key = load_ssh_private_key(open(user.key, "rb").read(), None)
        signature = string("ssh-ed25519") + string(key.sign(signed))
        self.request(user.name, "publickey", 1, data, string(signature))
        if self.expect(USERAUTH_SUCCESS, USERAUTH_FAILURE)[0] == USERAUTH_FAILURE:
            raise Closed()
        return self

    def login(self, user, **kw):
        self.kex(**kw)
        self.service()
        self.request(user.name, "password", 0, string(user.password))
        self.expect(USERAUTH_SUCCESS)
        if kw.get("compression", "none") != "none":
            self.deflate = zlib.compressobj()
            self.inflate = zlib.decompressobj()
        return self


def step(iv):
    counter = int.from_bytes(iv[4:], "big") + 1
    iv[4:] = (counter & (2**64 - 1)).to_bytes(8, "big")
