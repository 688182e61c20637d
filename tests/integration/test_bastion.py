"""config/examples/bastion.conf: a jump host, as its drop-in says."""

import os
import socket
import threading

import pytest

import sp
from control import ctl

TEXT = open(os.path.join(sp.TOP, "config/examples/bastion.conf")).read()
GROUPS = ("jump-operators", "jump-partners", "jump-admins")
ADDRESSES = ("10.8.0.1", "192.0.2.7", "198.51.100.7")


@pytest.fixture(scope="module")
def place():
    """Groups, addresses, and a machine inside that answers on port 22."""
    for group in GROUPS:
        sp.run(["groupadd", "-f", group], check=0)
    for address in ADDRESSES:
        sp.run(["ip", "address", "add", address + "/32", "dev", "lo"], check=0)
    inside = []
    for port in (22, 23):
        listening = socket.create_server(("10.8.0.1", port))
        inside.append(listening)

        def answer(listening=listening):
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                connection.sendall(b"inside\n")
                connection.close()
        threading.Thread(target=answer, daemon=True).start()
    yield
    for listening in inside:
        listening.close()
    for address in ADDRESSES:
        sp.run(["ip", "address", "del", address + "/32", "dev", "lo"], check=0)
    for group in GROUPS:
        sp.run(["groupdel", group], check=0)


@pytest.fixture
def bastion(make_server, place):
    s = make_server(start=False)
    os.makedirs(s.dir + "/policy.d")
    s.write(TEXT, s.dir + "/policy.d/bastion.conf")
    s.start()
    return s


def reach(s, user, port, source="198.51.100.7"):
    return s.ssh(user, flags=("-W", f"10.8.0.1:{port}"), BindAddress=source, input="").stdout


def test_the_example_passes_its_own_tests(bastion):
    p = ctl(bastion, "check")
    assert p.returncode == 0 and "jump" not in p.stderr, p.stderr


@pytest.mark.parametrize("old, new", [
    ("max_sessions = 0;", ""),
    ('"10.0.0.0/8:22" ]; },', '"10.0.0.0/8:*" ]; },'),
    ('"publickey,keyboard-interactive"', '"publickey"'),
    ('from = "192.0.2.0/24";', ""),
    ('"!jump-partners",', '"!jump-partners", "!users",')])
def test_the_example_s_tests_notice_what_is_changed(bastion, old, new):
    assert old in TEXT
    bastion.write(TEXT.replace(old, new, 1), bastion.dir + "/policy.d/bastion.conf")
    p = ctl(bastion, "check", check=None)
    assert p.returncode != 0 and "bastion.conf" in p.stdout and "decided by" in p.stdout, p.stdout


def test_an_operator_passes_through_and_gets_nothing_else(bastion, make_user):
    s, user = bastion, make_user(groups=("jump-operators",))
    assert reach(s, user, 22) == "inside\n"
    s.wait_log(r"10\.8\.0\.1")
    assert reach(s, user, 23) == ""
    for command, flags in (("true", ()), ("", ("-tt",)), ("sftp", ("-s",))):
        p = s.ssh(user, *([command] if command else []), flags=flags, BindAddress="198.51.100.7")
        assert p.returncode == 255, (command, p)
    p = s.ssh(user, flags=("-N", "-R", "127.0.0.1:0:127.0.0.1:22"), BindAddress="198.51.100.7",
              ExitOnForwardFailure="yes", LogLevel="INFO")
    assert "remote port forwarding failed" in p.stderr


def test_an_administrator_has_a_shell_from_one_network(bastion, make_user):
    s, admin = bastion, make_user(groups=("jump-admins",))
    assert s.ssh(admin, "echo in", BindAddress="192.0.2.7").stdout == "in\n"
    assert s.ssh(admin, "echo in", BindAddress="198.51.100.7").returncode == 255


def test_nobody_else_enters(bastion, user):
    for source in ("192.0.2.7", "198.51.100.7"):
        assert bastion.ssh(user, "echo in", BindAddress=source).returncode == 255
