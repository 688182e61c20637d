"""The short login matrix: each method with each kind of use, by the release's
own client.  It runs in the other release's root as well (see trixie)."""

import os
import socket

import pytest

import sp
from test_terminal import Terminal

KINDS = ("key", "password", "keyboard-interactive")
DATA = bytes(range(256)) * 4096


def how(kind):
    """The arguments of sp.Server's clients for a method."""
    if kind == "key":
        return {}
    return {"password": True, "PreferredAuthentications": kind}


def copy(program, server, user, kind, *names, batch=None):
    """scp or sftp, which take the same options as ssh but -P for the port."""
    argv = server.ssh_argv(user, **how(kind))
    at = argv.index("ssh")
    options = argv[at + 3:-1]
    if batch is None:
        return sp.run([*argv[:at], program, "-P", str(server.port), *options, *names], check=0)
    # -b has the client ask nobody, unless that was said before.
    return sp.run([*argv[:at], program, "-P", str(server.port), *options, "-o", "BatchMode=no", "-b", "-", *names],
                  check=0, input=batch)


@pytest.fixture
def files(user):
    here, there = f"{sp.SCRATCH}/matrix", user.home + "/there"
    with open(here, "wb") as f:
        f.write(DATA)
    yield here, there
    os.unlink(here)


@pytest.mark.parametrize("kind", KINDS)
def test_a_command_and_its_status(server, user, kind):
    p = server.ssh(user, "id -un; cat; exit 7", input="bytes in", **how(kind))
    assert (p.returncode, p.stdout) == (7, user.name + "\nbytes in"), p.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_a_terminal(server, user, kind):
    t = Terminal(server.ssh_argv(user, "tty; stty size", flags=("-tt",), **how(kind)))
    t.size(40, 111)
    t.expect(rb"/dev/pts/\d+\r\n\d+ \d+\r\n")
    assert t.wait() == 0


@pytest.mark.parametrize("kind", KINDS)
def test_sftp(server, user, files, kind):
    here, there = files
    copy("sftp", server, user, kind, f"{user.name}@127.0.0.1", batch=f"put {here} {there}\nget {there} {here}.back\n")
    for path in (there, here + ".back"):
        with open(path, "rb") as f:
            assert f.read() == DATA
        os.unlink(path)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("flag", ["-s", "-O"])
def test_scp(server, user, files, kind, flag):
    """By SFTP, and by the old protocol, which runs the machine's own scp."""
    here, there = files
    copy("scp", server, user, kind, flag, here, f"{user.name}@127.0.0.1:{there}")
    with open(there, "rb") as f:
        assert f.read() == DATA


@pytest.mark.parametrize("kind", KINDS)
def test_a_local_forward(server, user, kind):
    with socket.create_server(("127.0.0.1", 0)) as target, socket.create_server(("127.0.0.1", 0)) as free:
        port, to = free.getsockname()[1], target.getsockname()[1]
        free.close()
        p = server.popen(user, "echo on; cat", flags=("-L", f"{port}:127.0.0.1:{to}"), **how(kind))
        assert p.stdout.readline() == b"on\n"
        with socket.create_connection(("127.0.0.1", port), 10) as c:
            target.settimeout(10)
            there, _ = target.accept()
            with there:
                c.sendall(b"there")
                assert there.recv(16) == b"there"
                there.sendall(b"back")
                assert c.recv(16) == b"back"
        p.communicate(timeout=20)
        assert p.returncode == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_wrong_one_does_not_enter(server, make_user, kind):
    user = make_user()
    if kind == "key":
        os.unlink(user.home + "/.ssh/authorized_keys")
        p = server.ssh(user, "true")
    else:
        p = server.ssh(user, "true", password="wrong", PreferredAuthentications=kind, NumberOfPasswordPrompts=1)
    assert p.returncode != 0
    assert f"for {user.name} from" not in "".join(x for x in server.log().splitlines() if "Accepted" in x)
