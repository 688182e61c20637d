#!/usr/bin/env python3
"""capture.py DIRECTORY: seeds for the fuzz targets from the words of real
clients.  A server of one key, one cipher and no judgement: whoever connects
is let in, and what it says is written down in the targets' formats.

The clients are OpenSSH's, PuTTY's, dropbear's and paramiko, as Debian has
them; those that are not installed are left out."""

import hashlib
import hmac
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import (X25519PrivateKey,
                                                              X25519PublicKey)
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.serialization import (Encoding,
                                                          PublicFormat)

TOP = os.path.dirname(os.path.abspath(__file__))
RAW = (Encoding.Raw, PublicFormat.Raw)


def u32(n):
    return struct.pack(">I", n)


def string(b):
    b = b.encode() if isinstance(b, str) else b
    return u32(len(b)) + b


def strings(data, at, count):
    out = []
    for _ in range(count):
        n = struct.unpack_from(">I", data, at)[0]
        out.append(data[at + 4:at + 4 + n])
        at += 4 + n
    return out, at


class Gone(Exception):
    pass


class Peer:
    """One client's connection."""

    def __init__(self, s, key):
        self.s, self.key = s, key
        self.seal = self.open = None
        self.sent = self.got = 0
        self.clear = b""  # what came before the keys
        self.kexinit = self.share = b""
        self.auth, self.rest = [], []  # payloads

    def exact(self, n):
        data = b""
        while len(data) < n:
            part = self.s.recv(n - len(data))
            if not part:
                raise Gone
            data += part
        if self.open is None:
            self.clear += data
        return data

    def send(self, *parts):
        payload = b"".join(parts)
        block = 16 if self.seal else 8
        pad = block - (5 + len(payload)) % block
        pad += block if pad < 4 else 0
        data = u32(1 + len(payload) + pad) + bytes([pad]) + payload + bytes(pad)
        if self.seal:
            ctr, mac = self.seal
            tag = hmac.digest(mac, u32(self.sent) + data, "sha256")
            data = ctr.update(data) + tag
        self.sent = (self.sent + 1) & 0xffffffff
        self.s.sendall(data)

    def receive(self):
        if self.open is None:
            n = struct.unpack(">I", self.exact(4))[0]
            body = self.exact(n)
        else:
            ctr, mac = self.open
            head = ctr.update(self.exact(16))
            n = struct.unpack_from(">I", head)[0]
            whole = head + ctr.update(self.exact(n + 4 - 16))
            if hmac.digest(mac, u32(self.got) + whole, "sha256") != self.exact(32):
                raise Gone
            body = whole[4:]
        self.got = (self.got + 1) & 0xffffffff
        return body[1:len(body) - body[0]]

    def hello(self):
        self.s.sendall(b"SSH-2.0-capture\r\n")
        line = b""
        while not line.endswith(b"\n"):
            line += self.exact(1)
        self.version = line.rstrip(b"\r\n")

    def kex(self):
        lists = ["curve25519-sha256,curve25519-sha256@libssh.org",
                 "ssh-ed25519"] + ["aes256-ctr"] * 2 + \
            ["hmac-sha2-256"] * 2 + ["none"] * 2 + ["", ""]
        mine = b"\x14" + os.urandom(16) + b"".join(map(string, lists)) + bytes(5)
        self.send(mine)
        self.kexinit = self.receive()
        payload = self.receive()
        # A guess that was wrong (RFC 4253 section 7).
        if payload[0] == 30 and len(payload) != 37:
            payload = self.receive()
        (share,), _ = strings(payload, 1, 1)
        self.share = share
        secret = X25519PrivateKey.generate()
        ours = secret.public_key().public_bytes(*RAW)
        host = string("ssh-ed25519") + string(self.key.public_key().public_bytes(*RAW))
        n = int.from_bytes(secret.exchange(
            X25519PublicKey.from_public_bytes(share)), "big")
        k = string(n.to_bytes((n.bit_length() + 8) // 8, "big"))
        h = hashlib.sha256(b"".join(map(string, [
            self.version, b"SSH-2.0-capture", self.kexinit, mine, host, share,
            ours])) + k).digest()
        self.send(b"\x1f", string(host), string(ours),
                  string(string("ssh-ed25519") + string(self.key.sign(h))))
        self.send(b"\x15")
        while self.receive()[0] != 21:
            pass

        def derive(letter):
            return hashlib.sha256(k + h + letter + h).digest()

        def ctr(key, iv):
            return Cipher(algorithms.AES(derive(key)),
                          modes.CTR(derive(iv)[:16])).encryptor()
        self.seal = (ctr(b"D", b"B"), derive(b"F"))
        self.open = (ctr(b"C", b"A"), derive(b"E"))

    # ---- yes to everything ----

    def serve(self):
        self.hello()
        self.kex()
        authenticated = False
        while True:
            p = self.receive()
            if not authenticated:
                self.auth.append(p)
                authenticated = self.on_auth(p)
            else:
                self.rest.append(p)
                self.on_connection(p)

    def on_auth(self, p):
        if p[0] == 5:
            self.send(b"\6", p[1:])
        elif p[0] == 50:
            (_, _, method), at = strings(p, 1, 3)
            if method == b"publickey" and p[at] == 0:
                self.send(b"\x3c", p[at + 1:])
            elif method in (b"publickey", b"password"):
                self.send(b"\x34")
                return True
            elif method == b"keyboard-interactive":
                self.send(b"\x3c", string(""), string("asked"), string(""), u32(1),
                          string("Password: "), b"\0")
            else:
                self.send(b"\x33", string(
                    "publickey,keyboard-interactive,password"), b"\0")
        elif p[0] == 61:
            self.send(b"\x34")
            return True
        return False

    def on_connection(self, p):
        if p[0] == 80:
            (_,), at = strings(p, 1, 1)
            if p[at]:
                self.send(b"\x51")
        elif p[0] == 90:
            (_,), at = strings(p, 1, 1)
            self.send(b"\x5b", p[at:at + 4], p[at:at + 4], u32(1 << 20),
                      u32(32768))
        elif p[0] == 98:
            (name,), at = strings(p, 5, 1)
            if p[at]:
                self.send(b"\x63", p[1:5])
            if name in (b"exec", b"shell"):
                self.send(b"\x5e", p[1:5], string("hello\n"))
                self.send(b"\x62", p[1:5], string("exit-status"), b"\0", u32(0))
                self.send(b"\x60", p[1:5])
                self.send(b"\x61", p[1:5])
        elif p[0] == 94:
            (data,), _ = strings(p, 5, 1)
            if data[4:5] == b"\1":  # SFTP's INIT
                self.send(b"\x5e", p[1:5], string(string(b"\2" + u32(3))))
                self.send(b"\x61", p[1:5])


def frames(payloads):
    return b"".join(struct.pack(">H", len(p)) + p for p in payloads)


def steps(payloads):
    """For fuzz_channel: the monitor says yes to each, the session gives."""
    out = b""
    for p in payloads:
        if 80 <= p[0] <= 100:
            out += bytes([p[0]]) + struct.pack(">H", len(p) - 1) + p[1:]
            out += b"\1\0\0\3\0\1\0" if p[0] in (90, 98) else b""
    return out


def keep(directory, name, peer):
    def put(folder, target, data):
        path = f"{directory}/{folder}/corpus/{target}"
        os.makedirs(path, exist_ok=True)
        if data:
            with open(f"{path}/{name}", "wb") as f:
                f.write(data)
    if name.endswith("-key") or "-" not in name:
        put("cipher", "fuzz_kexinit", peer.kexinit)
        put("transport", "fuzz_stream", peer.clear)
    put("userauth", "fuzz_userauth", frames(peer.auth))
    put("transport", "fuzz_packets", frames(peer.rest))
    put("channel", "fuzz_channel", steps(peer.rest))


PARAMIKO = """
import paramiko, sys
c = paramiko.SSHClient()
c.set_missing_host_key_policy(paramiko.AutoAddPolicy())
c.connect("127.0.0.1", {port}, "user", password="word", allow_agent=False,
          look_for_keys=False)
_, out, _ = c.exec_command("true", environment={{"LC_X": "y"}})
out.read()
c.close()
"""


def clients(port, key):
    ssh = ["ssh", "-F", "none", "-p", str(port), "-o", "StrictHostKeyChecking=no",
           "-o", "UserKnownHostsFile=/dev/null"]
    with_key = ["-i", key, "-o", "IdentitiesOnly=yes", "user@127.0.0.1"]
    word = ["sshpass", "-p", "word"]
    putty = ["-batch", "-P", str(port), "-pw", "word", "-hostkey", "*"]
    return {
        "openssh-key": ssh + with_key + ["true"],
        "openssh-password": word + ssh + ["-o", "PubkeyAuthentication=no", "-o",
                                          "PreferredAuthentications=password",
                                          "user@127.0.0.1", "true"],
        "openssh-kbdint": word + ssh + [
            "-o", "PreferredAuthentications=keyboard-interactive",
            "user@127.0.0.1", "true"],
        "openssh-shell": ssh + ["-tt", "-A", "-o", "SendEnv=LC_*", "-o",
                                "ExitOnForwardFailure=no", "-R",
                                "18022:127.0.0.1:9"] + with_key,
        "openssh-direct": ssh + ["-W", "127.0.0.1:9"] + with_key,
        "openssh-sftp": ["sftp", "-F", "none", "-P", str(port)] + ssh[5:] +
        with_key,
        "plink": ["plink"] + putty + ["user@127.0.0.1", "true"],
        "plink-shell": ["plink"] + putty + ["-t", "-A", "user@127.0.0.1"],
        "psftp": ["psftp"] + putty + ["user@127.0.0.1"],
        "dbclient": ["dbclient", "-y", "-y", "-p", str(port), "user@127.0.0.1",
                     "true"],
        # A root with another Debian's client, where there is one.
        "openssh10": ["chroot", os.environ.get("CAPTURE_ROOT", "/nowhere"),
                      "sh", "-c", 'umask 077; cat >/tmp/$0; "$@"; rm /tmp/$0',
                      "capture"] + ssh + ["-i", "/tmp/capture",
                                          "user@127.0.0.1", "true"],
        "paramiko": [sys.executable, "-c", PARAMIKO.format(port=port)],
    }


def main():
    directory = sys.argv[1] if len(sys.argv) > 1 else TOP
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    host_key = Ed25519PrivateKey.generate()
    scratch = tempfile.mkdtemp()
    user_key = scratch + "/key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "",
                    "-f", user_key], check=True)
    fingerprint = "SHA256:" + __import__("base64").b64encode(hashlib.sha256(
        string("ssh-ed25519") + string(host_key.public_key().public_bytes(*RAW))
    ).digest()).decode().rstrip("=")
    for name, argv in clients(port, user_key).items():
        if shutil.which(argv[0]) is None or (name == "paramiko" and subprocess.run(
                [sys.executable, "-c", "import paramiko"],
                capture_output=True).returncode):
            print(f"{name}: not here")
            continue
        argv = [fingerprint if a == "*" else a for a in argv]
        stdin = open(user_key if argv[0] == "chroot" else "/dev/null")
        client = subprocess.Popen(argv, stdin=stdin,
                                  stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE,
                                  env=dict(os.environ, DROPBEAR_PASSWORD="word",
                                           HOME=scratch))
        listener.settimeout(10)
        peer = None
        try:
            peer = Peer(listener.accept()[0], host_key)
            peer.s.settimeout(5)
            peer.serve()
        except (Gone, OSError, struct.error) as e:
            error = e
        if client.poll() is None:
            client.terminate()
        said = client.communicate()[1].decode(errors="replace").strip()
        if peer is None or not peer.rest:
            print(f"{name}: {error!r}; {said[-200:]}")
        if peer is not None:
            peer.s.close()
            keep(directory, name, peer)
            print(f"{name}: {len(peer.auth)} + {len(peer.rest)} payloads")
    shutil.rmtree(scratch)


main()
