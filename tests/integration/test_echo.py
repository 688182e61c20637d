"""Typing and bulk in one connection: both go on, in order, whatever happens."""

import hashlib
import os
import subprocess

import pytest

import sp
from sp import wait_for

MB = 24


@pytest.fixture
def mux(make_server, user, tmp_path):
    """Start a control master with these options; argv for its sessions."""
    masters = []

    def start(extra="", **options):
        s = make_server(extra=extra)
        path = f"{sp.SCRATCH}/mux{s.port}"
        p = s.popen(user, flags=("-N", "-M"), ControlPath=path, **options)
        masters.append((p, path))
        wait_for(lambda: os.path.exists(path), 20, "the master")
        return lambda *command: s.ssh_argv(user, *command, ControlPath=path)
    yield start
    for p, path in masters:
        p.kill()
        p.communicate()
        if os.path.exists(path):
            os.unlink(path)


class Typist:
    """A session that echoes; each key comes back before the next is typed."""

    def __init__(self, argv):
        self.p = subprocess.Popen(argv("cat"), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, bufsize=0)

    def type(self, count):
        for i in range(count):
            key = bytes([97 + i % 26])
            self.p.stdin.write(key)
            assert self.p.stdout.read(1) == key

    def end(self):
        self.p.stdin.close()
        assert self.p.stdout.read() == b""
        assert self.p.wait(30 * sp.SLOW) == 0


REKEY = {"client": ("", {"RekeyLimit": "1M"}),
         "server": ("crypto = { rekey_bytes = 1048576; };", {}),
         "nobody": ("", {})}


@pytest.mark.parametrize("who", REKEY)
def test_a_download_and_typing_share_a_connection(mux, who):
    extra, options = REKEY[who]
    argv = mux(extra, KexAlgorithms="curve25519-sha256", **options)
    typist = Typist(argv)
    typist.type(5)
    blob = os.urandom(1 << 20) * MB
    path = f"{sp.SCRATCH}/echo_blob"
    with open(path, "wb") as f:
        f.write(blob)
    os.chmod(path, 0o644)
    with subprocess.Popen(argv(f"cat {path}"), stdout=subprocess.PIPE) as bulk:
        digest = hashlib.sha256()
        while chunk := bulk.stdout.read1(1 << 20):
            digest.update(chunk)
            typist.type(1)
    assert bulk.returncode == 0
    assert digest.hexdigest() == hashlib.sha256(blob).hexdigest()
    typist.end()


@pytest.mark.parametrize("who", REKEY)
def test_an_upload_and_typing_share_a_connection(mux, who):
    extra, options = REKEY[who]
    argv = mux(extra, KexAlgorithms="curve25519-sha256", **options)
    typist = Typist(argv)
    typist.type(5)
    block = os.urandom(1 << 20)
    digest = hashlib.sha256()
    with subprocess.Popen(argv("sha256sum"), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as bulk:
        for _ in range(MB):
            bulk.stdin.write(block)
            digest.update(block)
            typist.type(1)
        bulk.stdin.close()
        said = bulk.stdout.read().decode()
    assert said.split()[0] == digest.hexdigest()
    typist.end()


def test_typing_goes_on_beside_a_download_that_nobody_reads(mux):
    argv = mux()
    typist = Typist(argv)
    bulk = subprocess.Popen(argv("head -c 33554432 /dev/zero"),
                            stdout=subprocess.PIPE)
    assert bulk.stdout.read(1) == b"\0"
    # The client's window closes behind the pipe: typing goes on.
    typist.type(300)
    # ... and the download goes on once it is read, to its end.
    left = (32 << 20) - 1
    while chunk := bulk.stdout.read1(1 << 20):
        left -= len(chunk)
    assert left == 0 and bulk.wait(30 * sp.SLOW) == 0
    typist.end()


def test_two_downloads_and_typing_all_go_on(mux):
    argv = mux()
    typist = Typist(argv)
    bulk = [subprocess.Popen(argv("cat /dev/zero"), stdout=subprocess.PIPE)
            for _ in range(2)]
    for _ in range(20):
        for p in bulk:
            assert len(p.stdout.read(1 << 20)) == 1 << 20
        typist.type(5)
    for p in bulk:
        p.kill()
        p.communicate()
    typist.end()
