"""ML-KEM with NIST's curves, by a client of its own: mlkem.py, ECDH from
python3-cryptography, the rest from rawssh.  OpenSSH up to 10.0 has no such
client."""

import hashlib
import os
import re

import pytest

import mlkem
import sp
from conftest import check_log
from rawssh import Raw, string
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

METHODS = {
    "mlkem768nistp256-sha256": (768, 1088, ec.SECP256R1(), hashlib.sha256),
    "mlkem1024nistp384-sha384": (1024, 1568, ec.SECP384R1(), hashlib.sha384),
}


@pytest.fixture(scope="module")
def nist():
    s = sp.Server(extra='crypto = { kex = [ "mlkem1024nistp384-sha384", '
                        '"mlkem768nistp256-sha256" ]; };')
    u = sp.User()
    u.make_key()
    yield s, u
    s.stop()
    u.remove()
    check_log(s)


def exchange(c, name, spoil=None):
    size, n, curve, digest = METHODS[name]
    kem = mlkem.Key(size, os.urandom(32), os.urandom(32))
    point = ec.generate_private_key(curve)

    def secret_of(theirs):
        assert len(theirs) == n + 1 + 2 * (curve.key_size // 8)
        peer = ec.EllipticCurvePublicKey.from_encoded_point(curve, theirs[n:])
        both = kem.decaps(theirs[:n]) + point.exchange(ec.ECDH(), peer)
        return string(digest(both).digest())
    share = kem.ek + point.public_key().public_bytes(
        Encoding.X962, PublicFormat.UncompressedPoint)
    c.start_kex(kex=name)
    c.finish_with(spoil(share) if spoil else share, secret_of, digest)


@pytest.mark.parametrize("name", METHODS)
def test_another_implementation_logs_in(nist, name):
    server, user = nist
    with Raw(server) as c:
        exchange(c, name)
        c.service()
        c.request(user.name, "password", 0, string(user.password))
        assert c.expect(51, 52)[0] == 52
        # and again, with keys that are in use
        exchange(c, name)
        c.send(80, string("keepalive@openssh.com"), 1)
        c.expect(81, 82)
    said = server.wait_log(re.escape(name))
    assert said


@pytest.mark.parametrize("name", METHODS)
def test_a_share_of_one_byte_less_is_refused(nist, name):
    server, _ = nist
    with Raw(server) as c:
        with pytest.raises(AssertionError, match="disconnect"):
            exchange(c, name, lambda share: share[:-1])


def test_check_says_what_libcrypto_lacks(make_server):
    name = "ssh-mldsa44-ed25519@openssh.com"
    s = make_server(extra=f'crypto = {{ key_algorithms = [ "+{name}" ]; }};')
    p = sp.run(["sallyportctl", "-f", s.config, "check"])
    has = "ML-DSA" in sp.run(["openssl", "list", "-signature-algorithms"]).stdout
    lacks = f'"{name}" is left out: libcrypto has no ML-DSA'
    assert (lacks in p.stdout) == (not has), p.stdout + p.stderr
    assert p.returncode == 0, p.stdout + p.stderr
    tested = sp.run(["sallyportd", "-t", "-f", s.config])
    assert (lacks in tested.stdout + tested.stderr) == (not has), tested.stdout + tested.stderr
    with Raw(s) as c:
        c.start_kex(kex="curve25519-sha256,ext-info-c")
        c.finish_kex()
        told = c.expect(7)  # EXT_INFO
    assert b"server-sig-algs" in told and (name.encode() in told) == has
