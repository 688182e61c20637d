"""Shared by the tests of the transport: the algorithms of each kind, servers that
offer them all, and logins with one of them."""

import hashlib
import os
import struct
import subprocess
import threading

import pytest

import sp

PQ = ["mlkem768x25519-sha256", "sntrup761x25519-sha512",
      "sntrup761x25519-sha512@openssh.com", "mlkem768nistp256-sha256",
      "mlkem1024nistp384-sha384"]
X25519 = ["curve25519-sha256", "curve25519-sha256@libssh.org"]
NIST = ["ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521"]
GEX = "diffie-hellman-group-exchange-sha256"
DH = ["diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512",
      "diffie-hellman-group14-sha256"]
CHACHA = "chacha20-poly1305@openssh.com"
GCM = ["aes128-gcm@openssh.com", "aes256-gcm@openssh.com"]
CTR = ["aes128-ctr", "aes192-ctr", "aes256-ctr"]
UMAC = ["umac-64@openssh.com", "umac-128@openssh.com"]
SHA2 = ["hmac-sha2-256", "hmac-sha2-512"]
ETM = [name.split("@")[0] + "-etm@openssh.com" for name in UMAC + SHA2]
MACS = ETM + UMAC + SHA2
OLD_MACS = ETM + ["hmac-sha1-etm@openssh.com"] + UMAC + SHA2 + ["hmac-sha1"]
HOST = ["ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384",
        "ecdsa-sha2-nistp521", "rsa-sha2-512", "rsa-sha2-256"]
EVERYTHING = 'crypto = { profile = "compatible"; };'
ZLIB = "zlib@openssh.com"
# Debian 12's ssh knows all but ML-KEM (test_interop_trixie.py).
OLD_KEX = PQ[2:3] + X25519 + NIST + [GEX] + DH
MB = int(os.environ.get("SALLYPORT_REKEY_MB", "20" if sp.ASAN else "200"))


def ecdsa(bits):
    """A host key of another curve, where sp.host_key() looks for it."""
    path = f"{sp.SCRATCH}/host_ecdsa{bits}"
    if not os.path.exists(path):
        sp.run(["ssh-keygen", "-q", "-t", "ecdsa", "-b", str(bits), "-N", "",
                "-f", path], check=0)
    return f"ecdsa{bits}"


def all_host_keys():
    return ("ed25519", "ecdsa", ecdsa(384), ecdsa(521), "rsa")


@pytest.fixture(scope="module")
def wide():
    """A server that offers all it has, and a user of it."""
    s = sp.Server(extra=EVERYTHING, host_keys=all_host_keys())
    u = sp.User()
    u.make_key()
    s.user = u
    yield s
    u.remove()
    s.stop()
    import conftest
    conftest.check_log(s)


def login(s, user, check=0, **options):
    """One login; what the client says was negotiated."""
    p = s.ssh(user, "echo in; exit 3", UserKnownHostsFile="/dev/null",
              StrictHostKeyChecking="no", LogLevel="DEBUG1", **options)
    if check == 0:
        assert p.returncode == 3 and p.stdout == "in\n", p.stderr
    else:
        assert p.returncode == 255, p.stderr
    return p.stderr


def plink(s, user, name, settings, command, **kw):
    """plink with a saved session."""
    os.makedirs("/root/.putty/sessions", exist_ok=True)
    with open(f"/root/.putty/sessions/{name}", "w") as f:
        f.write("".join(f"{k}={v}\n" for k, v in settings.items()))
    mark = sp.run(["ssh-keygen", "-lf", s.host_keys[0] + ".pub"], check=0)
    return ["plink", "-load", name, "-v", "-batch", "-ssh", "-P", str(s.port),
            "-l", user.name, "-pw", user.password, "-hostkey",
            mark.stdout.split()[1], "127.0.0.1", command]


_data = {}


def data(size):
    """Half of it compressible, none of it repeated within zlib's window."""
    if size not in _data:
        block = b"".join(os.urandom(2048) + bytes(2048) for _ in range(1024))
        parts = [struct.pack(">Q", i) + block[8:]
                 for i in range(-(-size // len(block)))]
        blob = b"".join(parts)[:size]
        _data[size] = (blob, hashlib.sha256(blob).hexdigest())
    return _data[size]


def pump(argv, size, env=None):
    """Both ways at once through `cat`; stderr.  The hashes are equal."""
    blob, want = data(size)
    p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=env)
    said, digest = [], hashlib.sha256()
    feeder = threading.Thread(target=lambda: (p.stdin.write(blob), p.stdin.close()))
    reader = threading.Thread(target=lambda: said.append(p.stderr.read()))
    watchdog = threading.Timer(240 * sp.SLOW, p.kill)
    for t in (feeder, reader, watchdog):
        t.start()
    try:
        while chunk := p.stdout.read1(1 << 20):
            digest.update(chunk)
    finally:
        watchdog.cancel()
    status = p.wait()
    feeder.join()
    reader.join()
    text = said[0].decode(errors="replace")
    assert status == 0, (status, text[-3000:])
    assert digest.hexdigest() == want
    return text


FIELDS = ["kex", "host_key", "cipher_in", "cipher_out", "mac_in", "mac_out",
          "compression_in", "compression_out"]


def offer(s):
    """The server's KEXINIT, read from the wire."""
    with s.connect() as c:
        c.sendall(b"SSH-2.0-test\r\n")
        f = c.makefile("rb")
        assert f.readline().startswith(b"SSH-2.0-OpenSSH_compatible_sallyport_")
        length, padding = struct.unpack(">IB", f.read(5))
        payload = f.read(length - 1)[:-padding]
    assert payload[0] == 20
    lists, at = {}, 17
    for name in FIELDS:
        size, = struct.unpack_from(">I", payload, at)
        lists[name] = payload[at + 4:at + 4 + size].decode().split(",")
        at += 4 + size
    return lists
