"""Tokens that no library makes, against the process that has the keys: it lives,
says no, and takes the next ticket.  The sanitizers' build looks on."""

import os
import re
import struct

import pytest

import rawssh
import sp
from rawssh import string
from kerberos import (ERRTOK, MIC, RESPONSE, TOKEN, Gss, come, kdc, pytestmark,  # noqa: F401
                           serve, ticketholder)

QUESTIONS = 25  # of one connection: a monitor asks its client 32 at most
EAGER = "deadlines = { failure_delay = 0; };"


def cut(token):
    for at in (*range(0, 40), *range(40, len(token), 37)):
        yield token[:at]


def flipped(token):
    """Each bit of what stands around the encrypted parts, and some of these."""
    for at in (*range(0, 110), *range(110, len(token), 29)):
        yield token[:at] + bytes([token[at] ^ (1 << at % 8)]) + token[at + 1:]


def lengths(token):
    """Lengths of DER that lie: too many, too few, endless, in too many bytes."""
    for at in range(1, min(len(token), 120)):
        if token[at] in (0x82, 0x81):
            for lie in (b"\x80", b"\x84\xff\xff\xff\xff", b"\x82\xff\xff", b"\x83\0\0\x01", b"\x00",
                        b"\x88" + b"\xff" * 8, b"\x7f"):
                yield token[:at] + lie + token[at + 1 + (token[at] & 0x7f):]


def made_up(token):
    head = token[:17]
    yield b""
    yield head
    yield head + b"\x30\x80" * 9000  # sections without an end
    yield head[:2] + b"\0" * 200
    yield token * 40
    yield token + token
    yield token + b"\0"
    yield b"\x60\x80" + token[4:] + b"\0\0"
    # other messages of the mechanism: AP-REP, error, wrap, MIC, and a KDC's
    for kind in (b"\x02\0", b"\x03\0", b"\x04\x04", b"\x05\x04", b"\x01\x01"):
        yield head[:-2] + kind + token[17:]
    for tag in (0x6f, 0x7e, 0x6d, 0x75, 0x76):
        yield head + bytes([tag]) + token[18:]
    # NTLM, and Kerberos as Windows numbers it
    yield b"NTLMSSP\0" + struct.pack("<II", 1, 0xffffffff) + b"A" * 64
    yield token.replace(bytes.fromhex("2a864886f712010202"), bytes.fromhex("2a864882f712010202"))


@pytest.mark.parametrize("kind", [cut, flipped, lengths, made_up])
def test_no_token_breaks_it(serve, kdc, user, kind):
    s = serve(limits="max_auth_tries = 100;", grants="delegation = true;", extra=EAGER)
    cache = kdc.user(user.name)
    pid = ticketholder(s)
    g, tries, count = None, 0, 0
    with Gss(s) as first:  # a token that is not used
        first.start(user.name)
        first.context(cache)
        tokens = list(kind(first.ctx.step()))
    assert len(tokens) > 15
    for token in tokens:
        if g is None or tries == QUESTIONS:
            if g is not None:
                g.s.close()
            g, tries = Gss(s), 0
            g.start(user.name)
        else:
            g.offer(user.name)
        tries += 1
        g.expect(RESPONSE)
        g.send(TOKEN, string(token))
        p = g.receive()
        while p[0] == ERRTOK:
            p = g.receive()
        if p[0] == TOKEN:  # bits that nothing protects; the MIC is worth as little
            count += 1
            g.send(MIC, string(token[:28]))
            p = g.receive()
        assert p[0] == rawssh.USERAUTH_FAILURE, (p[:40], token[:60].hex())
    g.s.close()
    assert count < len(tokens) / 4
    assert ticketholder(s) == pid and "was replaced" not in s.log()
    assert "Accepted" not in s.log()
    assert come(s, user, cache).stdout == user.name + "\n", s.log()[-3000:]


def test_no_mic_breaks_it(serve, kdc, user):
    s = serve(limits="max_auth_tries = 100;", extra=EAGER)
    cache = kdc.user(user.name)
    pid = ticketholder(s)

    def wrong(mic, at):
        return (mic[:at], mic[:at] + bytes([mic[at] ^ 0x80]) + mic[at + 1:], mic + mic[:at],
                mic[:1] + b"\xff" * at, b"x" * 1000 * at)[at % 5]

    for first in (1, 11, 21):
        with Gss(s) as g:
            g.start(user.name)
            for at in range(first, min(first + 10, 28)):
                g.establish(cache)
                g.send(MIC, string(wrong(g.mic(), at)))
                g.failed()
                g.offer(user.name)
            g.establish(cache)
            g.send(MIC, string(g.mic()))
            g.expect(rawssh.USERAUTH_SUCCESS)
    assert ticketholder(s) == pid
    # each has a reason
    assert "refused: Success" not in s.log() and "why=Success" not in s.log()


def test_contexts_that_are_left_open(serve, kdc, user):
    """Connections that end in the middle leave nothing in it."""
    s = serve(limits="max_auth_tries = 50;")
    cache = kdc.user(user.name)
    pid = ticketholder(s)

    def half(tokens):
        with Gss(s) as g:
            g.start(user.name)
            g.context(cache)
            g.expect(RESPONSE)
            if tokens:
                g.send(TOKEN, string(g.ctx.step()))
                g.expect(TOKEN)

    half(1)
    sp.wait_for(lambda: "monitor " not in " ".join(s.processes().values()), what="its end")
    before = len(os.listdir(f"/proc/{pid}/fd"))
    for i in range(20):
        half(i % 2)
    sp.wait_for(lambda: len(os.listdir(f"/proc/{pid}/fd")) == before, what="the walls' ends")
    assert ticketholder(s) == pid
    assert not re.search(r"ticketholder.*too many", s.log())
