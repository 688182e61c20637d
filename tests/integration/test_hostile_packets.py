"""Packets that break the transport's rules, over a real connection to the real
daemon.  After each: others log in, nothing is left, the log says what it was."""

import socket
import struct
import time

import pytest

from hostile import *
from rawssh import *


# ---- the identification line ----

@pytest.mark.parametrize("junk", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n", b"\n\n\n\n", b"SSH-1.5-old\r\n",
    b"SSH-2.0\r\n", b"SSH-9.9-x\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    b"SSH-2.0-" + b"a" * 300 + b"\r\n", b"a" * 100000, b"\0" * 1000 + b"\r\n",
    b"SSH-2.0-x\0y\r\n", b"SSH-2.0-\x1b[2J\r\n", b"ssh-2.0-x\r\n",
    b"hello\r\n" * 2000, b"SSH-2.0-\r", b"\xff" * 64 + b"\n"])
def test_junk_instead_of_a_version(calm, junk):
    with Raw(calm, version=None) as c:
        try:
            c.raw(junk)
            c.s.shutdown(socket.SHUT_WR)
            while True:
                c.more()
        except (Closed, OSError):
            pass
        assert len(c.buffer) < 4096
    assert "\x1b" not in calm.log()


def test_a_version_byte_by_byte(calm, user):
    with Raw(calm, version=None) as c:
        for b in b"SSH-2.0-slow\r\n":
            c.raw(bytes([b]))
            time.sleep(0.01)
        c.version, c.server_version = b"SSH-2.0-slow", c.line()
        c.login(user)


# ---- packets ----

def framed(length, padding, rest=b""):
    return struct.pack(">IB", length & 0xffffffff, padding) + rest


@pytest.mark.parametrize("data", [
    framed(0xffffffff, 4), framed(0x7fffffff, 4), framed(1 << 20, 4), framed(0, 0),
    framed(1, 0), framed(12, 255, b"x" * 11), framed(12, 0, b"\x02" * 11),
    framed(12, 3, b"\x02" * 11), framed(13, 4, b"\x02" * 12),
    framed(12, 11, b"\0" * 11), framed(4, 4, b"\0\0\0")], ids=range(11))
def test_a_malformed_packet_before_the_keys(calm, data):
    with Raw(calm) as c:
        c.raw(data + b"\0" * 64)
        end = c.end()
    assert end is None or end[0] in (2, 5)
    calm.wait_log(r"127\.0\.0\.1 port \d+")


def test_a_truncated_packet_is_an_end(calm):
    with Raw(calm) as c:
        c.raw(c.packet(c.kexinit())[:-5])
    with Raw(calm) as c:
        c.kex()
        c.raw(c.packet(b"\x05" + string("ssh-userauth"))[:-5])


@pytest.mark.parametrize("at", [0, 3, 4, 20, -1])
def test_a_flipped_bit_behind_the_keys(calm, at):
    with Raw(calm) as c:
        c.kex()
        data = bytearray(c.packet(b"\x05" + string("ssh-userauth")))
        data[at] ^= 1
        c.raw(bytes(data) + b"\0" * 300)
        end = c.end()
    assert end is None or end[0] in (2, 5)
    assert SERVICE_ACCEPT not in c.number_seen


def test_a_huge_length_behind_the_keys(calm):
    with Raw(calm) as c:
        c.kex()
        c.raw(b"\xff" * 64)
        c.end()
    assert biggest(calm) < RSS_MAX


# ---- every number in every phase ----

HANDLED = {
    "before kex": {1, 2, 3, 4, 20}, "in kex": {1, 2, 3, 4, 30},
    "before service": {1, 2, 3, 4, 5, 7, 20},
    "userauth": {1, 2, 3, 4, 5, 7, 20, 50},
    "open": {1, 2, 3, 4, 20, 50, 192, 193} | set(range(51, 54)) |
            set(range(60, 80)) | set(range(80, 101))}


def answer_to(c, number):
    """unimplemented, (reason, text), or None: closed."""
    seq = len(c.number_seen)
    try:
        c.send(number)
        while True:
            p = c.receive()
            if p[0] == UNIMPLEMENTED:
                return "unimplemented"
            if p[0] == DISCONNECT:
                return struct.unpack_from(">I", p, 1)[0]
            assert p[0] in (KEXINIT, EXT_INFO, BANNER, GLOBAL_REQUEST), (seq, p)
    except Closed:
        return None


@pytest.mark.parametrize("phase", HANDLED)
def test_every_number_in_every_phase(calm, user, phase):
    c = None
    for number in range(256):
        if number in HANDLED[phase]:
            continue
        if c is None:
            c = Raw(calm)
            enter(c, phase, user)
        got = answer_to(c, number)
        assert got in ("unimplemented", 2, 3), (phase, number, got)
        if phase in ("before kex", "in kex"):
            assert got != "unimplemented", (phase, number)
        if number >= 200 and phase not in ("before kex", "in kex"):
            assert got == "unimplemented", (phase, number)
        if got != "unimplemented":
            c.s.close()
            c = None
    if c is not None:
        c.s.close()


# ---- key exchange ----

def test_ignore_in_a_strict_exchange_ends_it(calm):
    with Raw(calm) as c:
        c.start_kex()
        c.send(IGNORE, string("x"))
        assert c.end()[0] == 2


def test_ignore_before_a_strict_kexinit_ends_it(calm):
    with Raw(calm) as c:
        c.send(IGNORE, string("x"))
        c.send(c.kexinit())
        assert c.end()[0] == 2


def test_kexinit_twice(calm):
    with Raw(calm) as c:
        c.start_kex()
        c.send(c.kexinit())
        assert c.end()[0] in (2, 3)


@pytest.mark.parametrize("kex,share", [
    ("curve25519-sha256", b"\0" * 32), ("curve25519-sha256", b"\1" + b"\0" * 31),
    ("curve25519-sha256", b"\x42" * 31), ("curve25519-sha256", b"\x42" * 33),
    ("curve25519-sha256", b""),
    ("ecdh-sha2-nistp256", b"\x04" + b"\1" * 64), ("ecdh-sha2-nistp256", b"\0"),
    ("ecdh-sha2-nistp256", b"\x04" + b"\0" * 64), ("ecdh-sha2-nistp256", b"\x02" * 33),
    ("mlkem768x25519-sha256", b"\0" * 1216), ("mlkem768x25519-sha256", b"\xff" * 1216),
    ("sntrup761x25519-sha512", b"\0" * 1190), ("sntrup761x25519-sha512", b"\0" * 1189),
    ("mlkem1024nistp384-sha384", b"\xff" * 1568 + b"\x04" + b"\1" * 96),
    ("mlkem1024nistp384-sha384", b"\0" * 1568 + b"\x04" + b"\1" * 96),
    ("mlkem1024nistp384-sha384", b"\0" * 1664)],
    ids=range(16))
def test_a_bad_share(calm, kex, share):
    with Raw(calm) as c:
        c.start_kex(kex=kex)
        c.send(KEX_INIT, string(share))
        end = c.end()
        assert KEX_REPLY not in c.number_seen
    assert end is not None and end[0] in (2, 3)


@pytest.mark.parametrize("value", ["0", "1", "p-1", "p", "p+1"])
def test_a_bad_group_element(make_server, user, value):
    server = make_server(
        extra='crypto = { kex = [ "diffie-hellman-group14-sha256" ]; };')
    from cryptography.hazmat.primitives.asymmetric import dh
    p = int(GROUP14, 16)
    with Raw(server) as c:
        c.start_kex(kex="diffie-hellman-group14-sha256")
        c.send(KEX_INIT, mpint({"0": 0, "1": 1, "p-1": p - 1, "p": p, "p+1": p + 1}[value]))
        end = c.end()
        assert KEX_REPLY not in c.number_seen
    assert end is not None and end[0] in (2, 3)
    server.ssh(user, "true", check=0)


GROUP14 = ("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
           "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
           "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
           "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
           "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
           "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
           "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
           "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF")
