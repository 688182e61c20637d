"""Shared by the tests with a compromised worker: the daemon whose worker does as
it is told, its messages, and how it must end."""

import re

import pytest

import evil_worker
import sp

VIOLATION = r"broke the rules of the wall"


@pytest.fixture(scope="module", autouse=True)
def evil_daemon():
    evil_worker.build()
    before, sp.DAEMON = sp.DAEMON, evil_worker.DAEMON
    yield
    sp.DAEMON = before


@pytest.fixture(scope="module")
def messages(evil_daemon):
    return evil_worker.table()


UP = ["log", "version", "kex", "negotiation_failed", "newkeys", "auth_none",
      "auth_password", "auth_publickey", "auth_hostbased", "auth_kbdint",
      "auth_other", "auth_answers", "auth_packet", "session_open", "pty", "env",
      "x11", "agent", "start", "window", "signal", "tcp_connect",
      "unix_connect", "tcp_listen", "unix_listen", "unlisten", "tun",
      "channel_offered", "channel_closed", "hostkeys_prove", "report", "bye"]
REACHABLE = ["KEX", "AUTH", "ASKING", "CHANGING", "OPEN", "CLOSING"]


@pytest.fixture
def expired(make_user):
    u = make_user(key=False)
    sp.run(["chage", "-d", "0", u.name], check=0)
    return u


def unharmed(server, user, master):
    """The monitors did not crash, and others log in."""
    assert not re.search(r"internal error|ended by signal|crash", server.log()), \
        server.log()[-4000:]
    assert server.pid == master
    server.ssh(user, "true", check=0)


def violated(server, mark):
    return server.wait_log(VIOLATION, after=mark)


FORGED = "Failed password for root from 203.0.113.9 port 22 ssh2"
