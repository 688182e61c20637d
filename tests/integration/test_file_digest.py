"""audit.file_digest: SHA-256 of whole transfers, with real clients; anything
else is told as partial, and without the option nothing is told."""

import hashlib
import os
import re

import paramiko
import pytest

import sp


@pytest.fixture
def user():
    u = sp.User()
    u.make_key()
    yield u
    u.remove()


@pytest.fixture
def server():
    s = sp.Server(extra="audit = { file_digest = true; };")
    yield s
    s.stop()


def make(path, size, user=None):
    data = os.urandom(min(size, 1 << 16))
    data = (data * (size // len(data) + 1))[:size] if size else b""
    with open(path, "wb") as f:
        f.write(data)
    if user:
        os.chown(path, user.uid, user.gid)
    return data


def closed(server, mark, name):
    """The fields of the closing of a file."""
    line = server.wait_log(rf"(?m)^.*close \"[^\"]*{name}\".*$", after=mark).group(0)
    found = re.search(r"sha256=([0-9a-f]{64})\b", line)
    return found.group(1) if found else None, bool(re.search(r"\bpartial\b", line))


def whole(data):
    return hashlib.sha256(data).hexdigest(), False


PARTIAL = (None, True)
SIZES = [1, 32768, 261120, 5_000_011]


def sftp(server, user):
    key = paramiko.Ed25519Key.from_private_key_file(user.key)
    t = paramiko.Transport(("127.0.0.1", server.port))
    t.connect(username=user.name, pkey=key)
    return t, paramiko.SFTPClient.from_transport(t)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("client", ["sftp", "scp"])
def test_what_clients_move_is_told_by_its_digest(server, user, client, size):
    here = f"{sp.SCRATCH}/digest_{client}_{size}"
    data = make(here, size)
    mark = server.mark()
    options = server.options(user)
    assert copy(client, options, server, user, here, f"{user.home}/up", True) == 0
    assert closed(server, mark, "up") == whole(data)
    mark = server.mark()
    assert copy(client, options, server, user, here + ".down", f"{user.home}/up", False) == 0
    assert closed(server, mark, "up") == whole(data)
    assert open(here + ".down", "rb").read() == data


def copy(client, options, server, user, local, remote, up):
    target = f"{user.name}@127.0.0.1"
    if client == "scp":
        words = [local, f"{target}:{remote}"] if up else [f"{target}:{remote}", local]
        return sp.run(["scp", "-q", "-P", str(server.port), *options, *words]).returncode
    text = f"put {local} {remote}\n" if up else f"get {remote} {local}\n"
    return sp.run(["sftp", "-q", "-b", "-", "-P", str(server.port), *options, target],
                  input=text).returncode


def test_parts_and_disorder_are_told_as_partial(server, user):
    data = make(user.home + "/old", 100000, user)
    t, client = sftp(server, user)
    try:
        def told(name, mode, what):
            mark = server.mark()
            with client.open(name, mode) as f:
                what(f)
            return closed(server, mark, name)
        assert told("order", "w", lambda f: (f.seek(4), f.write(b"tail"), f.flush(), f.seek(0), f.write(b"head"))) == PARTIAL
        assert told("hole", "w", lambda f: (f.seek(4096), f.write(b"x"))) == PARTIAL
        # what is there already stays behind the new bytes
        assert told("old", "r+", lambda f: f.write(b"only the first bytes")) == PARTIAL
        assert told("old", "a", lambda f: f.write(b"more")) == PARTIAL
        assert told("old", "r", lambda f: f.read(10)) == PARTIAL
        assert told("old", "r", lambda f: (f.seek(50), f.read())) == PARTIAL
        assert told("cut", "w", lambda f: (f.write(b"abcdef"), f.flush(), f.truncate(3))) == PARTIAL
        assert told("none", "w", lambda f: None) == (None, False)
        assert told("again", "w", lambda f: f.write(data)) == whole(data)
        assert told("again", "r", lambda f: f.read()) == whole(data)
    finally:
        t.close()


def test_without_the_option_nothing_is_told(user):
    s = sp.Server()
    try:
        here = f"{sp.SCRATCH}/digest_off"
        make(here, 300000)
        mark = s.mark()
        assert copy("sftp", s.options(user), s, user, here, f"{user.home}/up", True) == 0
        assert closed(s, mark, "up") == (None, False)
    finally:
        s.stop()
