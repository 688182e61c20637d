"""What people notice who log in: the same habits with the machine's sshd and
with this server, side by side."""

import os
import re
import signal
import subprocess
import time

import pytest

import sp
from beside import Sshd
from test_terminal import Terminal


@pytest.fixture
def both(make_server):
    """Makes this server and an sshd with the same PAM service."""
    made = []

    def make(pam="sp-beside", sshd="", **kw):
        made.append(Sshd(sshd, pam))
        return make_server(pam_service=pam, **kw), made[0]
    yield make
    for one in made:
        one.stop()


REFUSING = """
auth     required pam_unix.so nodelay
account  requisite pam_nologin.so
account  required pam_unix.so
session  required pam_permit.so
"""


def refuse_by_file(user):
    with open("/etc/nologin", "w") as f:
        f.write("The machine is being mended.\n")


def refuse_by_date(user):
    sp.run(["chage", "-E", "2020-01-01", user.name], check=0)


@pytest.mark.parametrize("refuse, text", [(refuse_by_file, "The machine is being mended."),
                                          (refuse_by_date, "Your account has expired")])
def test_a_right_proof_that_the_account_refuses_ends_it(both, user, refuse, text):
    """The message, no further prompt, no penalty; as sshd."""
    sp.write_pam("sp-beside", REFUSING)
    ours, theirs = both(penalties="enabled = true; auth_failure = 3600; no_auth = 3600; minimum = 1;")
    refuse(user)
    try:
        for server in (theirs, ours):
            for method in ("publickey", "password", "keyboard-interactive"):
                p = server.ssh(user, "true", password=method != "publickey", LogLevel="INFO",
                               PreferredAuthentications=f"{method},keyboard-interactive,password",
                               PubkeyAuthentication="yes" if method == "publickey" else "no",
                               NumberOfPasswordPrompts="3")
                said = p.stdout + p.stderr
                assert p.returncode == 255 and said.count(text) == 1, (server, method, said)
                assert "Permission denied" not in said and "Too many" not in said, (method, said)
    finally:
        if os.path.exists("/etc/nologin"):
            os.unlink("/etc/nologin")
    sp.wait_for(lambda: not ours.processes("monitor "), what="the monitors' end")
    log = ours.log()
    assert len(re.findall(r"[Dd]isconnecting.*This account may not log in now", log)) == 3, log
    assert "penalty.add" not in log and "penalty of" not in log, log
    # A wrong password has the answer of any other, and its penalty.
    ours.ssh(user, "true", password="wrong", NumberOfPasswordPrompts="1", check=255)
    ours.wait_log("penalty of 3600 seconds")


@pytest.mark.parametrize("state, sentence", [
    (lambda u: sp.run(["chage", "-E", "2020-01-01", u.name], check=0), "has expired"),
    (lambda u: sp.run(["usermod", "-s", "/nonexistent/sh", u.name], check=0), "no shell"),
    (lambda u: sp.run(["passwd", "-l", u.name], check=0), "is locked")])
def test_without_pam_the_account_is_told_to_its_owner_alone(make_server, user, state, sentence):
    s = make_server(modules='{ name = "publickey"; }', methods=("publickey",))
    state(user)
    p = s.ssh(user, "true", LogLevel="INFO", check=255)
    assert sentence in p.stderr and "incident" in p.stderr, p.stderr
    user.make_key("ecdsa")
    os.unlink(user.home + "/.ssh/authorized_keys")
    p = s.ssh(user, "true", LogLevel="INFO", check=255)
    assert "Permission denied" in p.stderr and sentence not in p.stderr, p.stderr
