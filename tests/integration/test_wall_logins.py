"""A compromised worker lies in the key exchange and in authentication: it gets no
second signature and nobody's login."""

import re
import struct
import time

import pytest

import evil_worker
from wall import *


# ---- key exchange ----

def spoil(messages, data, **changes):
    kex = messages["kex"]
    values = kex.decode(data)
    for name, value in changes.items():
        values[name] = value(values[name]) if callable(value) else value
    return kex.encode(**values)


def flip(at):
    return lambda b: b[:at] + bytes([b[at] ^ 1]) + b[at + 1:]


KEX_LIES = {
    "our list shortened": dict(kexinit_server=lambda b: b[:17] + b[18:]),
    "our list changed": dict(kexinit_server=flip(30)),
    "our list empty": dict(kexinit_server=b""),
    "our list is the client's": dict(swap=True),
    "not a kexinit": dict(kexinit_client=lambda b: b"\x15" + b[1:]),
    "no common method": dict(kexinit_client=lambda b: b.replace(
        b"curve25519-sha256", b"curve25519-sha257")),
    "a host key we have not": dict(kexinit_client=lambda b: b.replace(
        b"ssh-ed25519", b"ssh-ed25518")),
    "no share": dict(client_share=b""),
    "a short share": dict(client_share=lambda b: b[:-1]),
    "no share of ours": dict(server_share=b""),
    "a huge share": dict(server_share=b"x" * 2112),
    "no secret": dict(shared_secret=b""),
    "a secret that is no mpint": dict(shared_secret=b"\0\0\0\x21" + b"\xff" * 32),
    "groups in another method": dict(gex_min=1024, gex_p=b"\1", gex_g=b"\2"),
    "a token in another method": dict(token=b"\x60"),
    "foreign data instead of a secret": dict(shared_secret=b"x" * 2112),
}


@pytest.mark.parametrize("lie", KEX_LIES)
def test_a_spoilt_exchange_is_not_signed(server, user, messages, lie):
    master, mark = server.pid, server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.send("version", client=b"SSH-2.0-evil", server=b"SSH-2.0-good")
        good = e.kex_bytes()
        changes = dict(KEX_LIES[lie])
        if changes.pop("swap", False):
            changes["kexinit_server"] = \
                messages["kex"].decode(good)["kexinit_client"]
        e.raw(spoil(messages, good, **changes))
        e.wait_end()
        assert "kex_done" not in [n for n, _ in e.got]
    violated(server, mark)
    unharmed(server, user, master)


def test_the_hash_is_the_monitor_s_own(server, messages):
    """The same exchange twice gives two hashes: both have our own lines and
    host key in them, and a worker has no field to put another hash in."""
    assert not any("hash" in f.name or "session" in f.name
                   for f in messages["kex"].fields)
    seen = set()
    for version in (b"SSH-2.0-a", b"SSH-2.0-b"):
        with evil_worker.Evil(server, messages) as e:
            e.send("version", client=version, server=b"SSH-2.0-good")
            e.raw(e.kex_bytes())
            done = e.expect("kex_done")
            assert done["exchange_hash"] == done["session_id"]
            seen.add(done["exchange_hash"])
    assert len(seen) == 2


def test_a_second_signature_before_the_login(server, user, messages):
    master, mark = server.pid, server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.raw(e.kex_bytes())
        e.wait_end()
        assert [n for n, _ in e.got].count("kex_done") == 1
    server.wait_log(VIOLATION + r".*message kex in state AUTH", after=mark)
    unharmed(server, user, master)


def test_kex_before_the_versions(server, messages):
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.raw(e.kex_bytes())
        e.wait_end()
    violated(server, mark)


def test_two_versions(server, messages):
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        for _ in range(2):
            e.send("version", client=b"SSH-2.0-evil", server=b"SSH-2.0-good")
        e.wait_end()
    violated(server, mark)


def test_rekeys_after_the_login_keep_the_session_id(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        first = e.kex_done["session_id"]
        for _ in range(3):
            e.raw(e.kex_bytes())
            done = e.expect("kex_done")
            assert done["session_id"] == first != done["exchange_hash"]


def test_rekeys_are_slowed_down(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        kex = e.kex_bytes()
        start = time.monotonic()
        for _ in range(330):
            e.raw(kex)
            e.expect("kex_done")
        assert time.monotonic() - start > (330 - 257) / 50 * 0.9


# ---- authentication ----

def test_a_verdict_cannot_be_sent_back(server, user, messages):
    master, mark = server.pid, server.mark()
    for name in ("auth_verdict", "opened", "granted", "kex_done", "disconnect"):
        with evil_worker.Evil(server, messages) as e:
            e.to_auth()
            e.send(name, fds=0)
            e.wait_end()
            assert not e.granted()
    violated(server, mark)
    unharmed(server, user, master)


@pytest.mark.parametrize("method", ["password", "publickey", "hostbased", "none",
                                    "keyboard-interactive"])
def test_a_known_method_by_the_side_door(server, user, messages, method):
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.send("auth_other", user=user.name, service="ssh-connection",
               method=method, data=user.password)
        e.wait_end()
        assert not e.granted()
    violated(server, mark)


@pytest.mark.parametrize("name", ["start", "session_open", "tcp_connect", "pty"])
def test_starting_before_the_login(server, user, messages, name):
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.send(name)
        e.wait_end()
    violated(server, mark)
    assert not user.processes()


def test_another_user_in_the_second_request(server, make_user, messages):
    a, b = make_user(), make_user()
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.password(a, "wrong")
        assert e.expect("auth_verdict")["result"] == 0
        e.password(b)
        e.expect("disconnect")
        e.wait_end()
        assert not e.granted()


def test_a_signature_over_another_session(server, user, messages):
    """A signature that is good, for another connection's session id."""
    from cryptography.hazmat.primitives import serialization

    def string(b):
        return struct.pack(">I", len(b)) + b
    key = serialization.load_ssh_private_key(open(user.key, "rb").read(), None)
    public = key.public_key().public_bytes(serialization.Encoding.Raw,
                                           serialization.PublicFormat.Raw)
    blob = string(b"ssh-ed25519") + string(public)

    def request(e, session_id):
        text = (string(session_id) + b"\x32" + string(user.name.encode()) +
                string(b"ssh-connection") + string(b"publickey") + b"\1" +
                string(b"ssh-ed25519") + string(blob))
        e.send("auth_publickey", user=user.name, service="ssh-connection",
               has_signature=1, algorithm=b"ssh-ed25519", key=blob,
               signature=string(b"ssh-ed25519") + string(key.sign(text)))
        return e.expect("auth_verdict")["result"]
    with evil_worker.Evil(server, messages) as other:
        other.to_auth()
        with evil_worker.Evil(server, messages) as e:
            e.to_auth()
            assert request(e, other.kex_done["session_id"]) == 0
            assert request(e, b"\0" * 32) == 0
            assert not e.granted()
            # And the test's own signing is right:
            assert request(e, e.kex_done["session_id"]) == 2


def test_answers_nobody_asked_for(server, user, messages):
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.send("auth_answers")
        e.wait_end()
    violated(server, mark)


def test_a_packet_that_crossed_the_verdict_is_passed_over(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.send("auth_packet", number=61)
        assert e.alive() and e.got[-1][0] == "kex_done"
        e.password(user)
        assert e.expect("auth_verdict")["result"] == 2
    assert not re.search(VIOLATION, server.log())


def test_a_new_request_while_the_module_asks(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        e.to("ASKING", user)
        e.password(user)  # abandons the conversation, and is answered itself
        assert e.expect("auth_verdict")["result"] == 2


def test_auth_floods_end_by_their_budget(make_server, user, messages):
    server = make_server(limits="max_auth_tries = 3;")
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        for _ in range(70):
            e.send("auth_none", user=user.name, service="ssh-connection")
        e.wait_end()
        assert not e.granted()
    unharmed(server, user, server.pid)


def test_log_lines_are_bounded_and_escaped(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        for i in range(2100):
            e.send("log", level=6, line="flood\nsshd[1]: Accepted \x1b[2J" + "x" * 900)
        e.wait_end()
    violated(server, 0)
    log = server.log()
    assert log.count("flood") <= 210
    assert "\x1b" not in log
    assert not re.search(r"^sshd\[1\]", log, re.M)
    unharmed(server, user, server.pid)
